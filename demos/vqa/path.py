"""The guided path of the tab, the questions that come with its photos, and the drawing of r-DAN at work."""

from demos import frame

CHIPS = ["is there a dog?", "where is the man?", "what is the man doing?", "why is it funny?"]
ASKED = {  # the photos of the tab, each with its question
    "surfer": "what is the man riding?",
    "puppy": "where is the dog?",
    "photographer": "what is the man holding?",
    "motorcycle": "is there a bike?",
    "cat": "is there a dog?",
    "tree": "is there grass?",
    "astronaut": "is there a woman?",
    "book": "where is the book?",
    "guitar": "what color is the guitar?",
    "sunset": "is there a beach?",
    "penguin": "is there a bird?",
    "tomatoes": "how many tomatoes are there?",
}
PEOPLE = "brown, brown, white, white and brown, white, brown, tan, white, brown and white, white"


def on(photo: str, mode: str, **settings: str) -> dict[str, str]:
    """Settings for a photo and its own question."""
    return dict(mode=mode, source="example", photo=photo, question=ASKED[photo]) | settings


FIRST = on("surfer", "looks")
PATH = [
    frame.Step(
        "See where it looks",
        FIRST,
        "Step through the film. Which part of the photo is bright, and which word weighs most? Ask about the water "
        "next: does the light move?",
    ),
    frame.Step(
        "Take the photo away",
        on("puppy", "ask", method="lstm-q-i") | dict(question="what color is the dog?"),
        "The striped bars come from a network that reads only the question. How good a guess is it? Then see how much "
        "the photo changes.",
    ),
    frame.Step(
        "Ask them all",
        on("surfer", "all"),
        "From chance to attention, in the order of the papers. From which method on does the photo change the answer?",
    ),
    frame.Step(
        "Be the ten judges",
        on("puppy", "people", people=PEOPLE) | dict(question="what color is the dog?"),
        "Four people who agree make an answer fully right, and three are worth 90%. Change what they say: how many "
        "are worth 60%?",
    ),
    frame.Step(
        "Where it fails",
        on("tomatoes", "all"),
        "There is one whole tomato, and two halves of another. The networks were trained on photos of dogs and people, "
        "but they answer all the same, and some are sure. Ask what they are, or why they are there.",
    ),
]
EQUATIONS = {
    "looks": r"m^{(k)} = m^{(k-1)} + v^{(k)} \odot u^{(k)}, \qquad p = \operatorname{softmax}\bigl(W m^{(K)}\bigr)",
    "answers": r"\begin{aligned} \text{LSTM Q + I: } & p = \operatorname{softmax}\bigl("
    r"\operatorname{MLP}(q \odot i)\bigr) \\ "
    r"\text{r-DAN: } & p = \operatorname{softmax}\bigl(W m^{(K)}\bigr) \end{aligned}",
}
DIAGRAM = frame.Diagram(
    "r-DAN: at each step the memory m says where to look in the photo and which words to weigh; what was seen and read "
    "goes into the memory, and the answer comes from its last state.",
    boxes={
        "photo": ("photo", 0, 0, "reading"),
        "v": ("its 7 × 7 parts", 1, 0),
        "see": ("look: attention\nover parts", 2, 0, "high"),
        "question": ("question", 0, 2, "reading"),
        "u": ("its words", 1, 2),
        "read": ("read: attention\nover words", 2, 2, "high"),
        "m": ("memory m", 3, 1, "generated"),
        "answer": ("answer", 4, 1, "writing"),
    },
    arrows=[
        ("photo", "v", "EfficientNet-Lite2"),
        ("v", "see"),
        ("question", "u", "bidirectional LSTM"),
        ("u", "read"),
        ("see", "m"),
        ("read", "m"),
        ("m", "see"),
        ("m", "read"),
        ("m", "answer", "softmax over the answers"),
    ],
)
