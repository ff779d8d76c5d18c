"""The guided path of the tab, and the drawing of the network at work."""

from demos import frame
from demos.pixels.networks import SIDE

FIRST_SEED = "5"
FIRST = dict(mode="generate", count=16, temperature=1.0, seed=FIRST_SEED)
FISH = [
    {"points": [[0.2, 0.5], [0.4, 0.34], [0.62, 0.42], [0.84, 0.66]], "size": 0.07},
    {"points": [[0.2, 0.5], [0.4, 0.66], [0.62, 0.58], [0.84, 0.34]], "size": 0.07},
    {"points": [[0.84, 0.34], [0.84, 0.66]], "size": 0.07},
]
PATH = [
    frame.Step(
        "Ways to look back",
        FIRST,
        "One pixel after the other, from the top left. The noise is the same in all of them, so what differs is what "
        "each network knows of the pixels before. Whose strokes stay unbroken?",
    ),
    frame.Step(
        "A small picture first",
        dict(
            mode="complete", source="stock", which="3", edge="bottom", percent=75, model="multiscale-mnist", count=4,
            temperature=1.0, seed="2",
        ),
        "Multi-scale draws 14 × 14 pixels first, shown here in double size. The large picture keeps them and gets the "
        "pixels in between. At which step is the digit decided?",
    ),
    frame.Step(
        "Give it the upper half",
        dict(
            mode="complete", source="stock", which="3", edge="bottom", percent=50, model="pixelcnn-mnist", count=16,
            temperature=1.0, seed="1",
        ),
        "Half a digit can often be more than one. How many different digits are there among the completions? Lower "
        "the temperature and ask again.",
    ),
    frame.Step(
        "It never looks ahead",
        dict(
            mode="complete", source="stock", which="3", edge="top", percent=50, model="pixelcnn-mnist", count=16,
            temperature=1.0, seed="1",
        ),
        "The same digit with its upper half covered. That half is drawn before the lower one is read, so the two "
        "rarely fit.",
    ),
    frame.Step(
        "Find the blind spot",
        dict(mode="see", source="stock", which="3", row=14, column=9, seed="1"),
        "Step through the layers, or click another pixel. PixelCNN is blind to a wedge on the right, Row LSTM sees a "
        "triangle, and Diagonal BiLSTM sees all the way to both corners. Multi-scale also sees dots below the pixel: "
        "its small picture.",
    ),
    frame.Step(
        "Draw something else",
        dict(mode="score", source="sketch", sketch={"strokes": FISH}, seed="1"),
        "A fish. Where is the surprise, in the strokes or where they end? Compare its nats with those of the test "
        "digits, then draw a 7.",
    ),
    frame.Step(
        "Race the naive sampler",
        dict(mode="race", racer="pixelcnn-mnist", count=16, seed="2"),
        "Both draw the same digits. One keeps what it has computed, the other asks the whole network again for each of "
        "the 784 pixels and throws all but one answer away.",
        live=True,
    ),
]  # fmt: skip
DIAGRAM = frame.Diagram(
    "The pixels that are drawn go through a convolution with mask A and several layers with mask B; two more layers "
    "give the probability of ink, from which the next pixel is drawn. Then it is one of the pixels before. "
    "The layers of the multi-scale network are also told of a small picture, which convolutions enlarge.",
    boxes={
        "small": ("small picture\n(Multi-scale)", 1, 0, "generated"),
        "enlarge": ("enlarging\nconvolutions", 2, 0),
        "before": ("pixels\nbefore", 0, 1, "real"),
        "A": ("7 × 7,\nmask A", 1, 1, "reading"),
        "layers": ("layers with\nmask B", 2, 1, "reading"),
        "head": ("1 × 1 and\nReLU", 3, 1),
        "p": ("probability\nof ink", 4, 1, "writing"),
        "draw": ("the next\npixel", 5, 1, "generated"),
    },
    arrows=[
        ("small", "enlarge"),
        ("enlarge", "layers"),
        ("before", "A"),
        ("A", "layers"),
        ("layers", "head"),
        ("head", "p"),
        ("p", "draw"),
        ("draw", "before", "it is known from now on"),
    ],
)
FIRST_LAYER = {"before": 0.8, "before>A": 0.8, "A": 1.0}
LAYERS = FIRST_LAYER | {"A>layers": 0.8, "layers": 1.0}
ASKING = LAYERS | {"layers>head": 0.8, "head": 0.6, "head>p": 0.8, "p": 1.0}
DRAWING = ASKING | {"p>draw": 0.8, "draw": 1.0, "draw>before": 0.8}
SMALL = DRAWING | {"small": 1.0}  # the small picture is being drawn
TOLD = DRAWING | {"small": 0.6, "small>enlarge": 0.8, "enlarge": 0.8, "enlarge>layers": 0.8}


def drawing(two_scales: bool) -> list[dict[str, float]]:
    """What is at work while pictures grow; in two scales moment by moment."""
    return [SMALL] * (SIDE // 2) + [TOLD] * (SIDE // 2) if two_scales else [DRAWING]
