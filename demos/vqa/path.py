"""The guided path of the tab, the questions that come with its photos, and the drawing of r-DAN at work."""

from demos import frame
from demos.vqa.asking import examples

CHIPS = ["what color is the dog?", "how many people are there?", "where is the man?", "what is the man doing?",
         "is there a dog?", "what is on the table?", "why is it funny?"]  # fmt: skip
ASKED: dict[str, str] = {}  # a question for each photo
FALLBACK = "is there a dog?"


def first_photo() -> str:
    return next((name for name in ASKED if name in examples()), next(iter(examples()), ""))


def question_for(photo: str) -> str:
    return ASKED.get(photo, FALLBACK)


FIRST = dict(mode="looks", source="example", photo=first_photo(), question=question_for(first_photo()))
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
        ("question", "u", "LSTM in both directions"),
        ("u", "read"),
        ("see", "m"),
        ("read", "m"),
        ("m", "answer", "softmax over the answers"),
    ],
)
