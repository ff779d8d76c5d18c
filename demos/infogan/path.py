"""The guided path of the tab, and the drawing of the network at work."""

from typing import Any

from core.weights import WeightsError
from demos import frame
from demos.infogan.codes import SETS, best, found
from demos.pictures import drawn_digit

FIRST_SEED = "3"
FIRST = dict(mode="turn", of="digits", beside="plain", category=6, c2=0.0, c3=0.0, seed=FIRST_SEED)
SEVEN = [{"points": [[0.28, 0.2], [0.74, 0.2], [0.5, 0.84]], "size": 0.1}]


def reading(sketch: dict[str, Any]) -> dict[str, Any]:
    """The settings that read a drawing: it is on the pad, and the sliders stand where Q says."""
    settings = dict(mode="read", source="sketch", sketch=sketch, seed=FIRST_SEED)
    try:
        return settings | best(found(SETS["digits"], drawn_digit(sketch)))._asdict()
    except WeightsError:
        return settings | dict(category=0, c2=0.0, c3=0.0)


PATH = [
    frame.Step(
        "Vary an unnamed code",
        FIRST,
        "Nobody said what the category and the two numbers mean. Change them one by one: what did the network on the "
        "left find for each? On the right is a GAN that is not rewarded for them.",
    ),
    frame.Step(
        "Have your 7 read",
        lambda: reading({"strokes": SEVEN}),
        "Q read the codes off the drawing, and the sliders went there. Keep turning from there: what does each of the "
        "two numbers do to your 7? Step through the film for what the codes leave open.",
    ),
    frame.Step(
        "Given, not found",
        FIRST | dict(beside="cgan"),
        "CGAN learned its classes from 60,000 labels. Go through the ten categories: infoGAN has the same ten without "
        "one label, and two numbers that no label ever named.",
    ),
    frame.Step(
        "When did it find them?",
        dict(mode="learned", of="digits"),
        "Step through the training. At which step does each column keep to one digit, and what does the bound do "
        "there? In the matrix, which digit is most often put into another's category?",
    ),
]
EQUATION = r"L_I = \mathbb E_{c,\,z}\bigl[\log Q(c \mid G(z, c))\bigr] + H(c) \;\le\; I(c;\, G(z, c))"
DIAGRAM = frame.Diagram(
    "The generator G turns noise z and the codes into a picture. One trunk looks at it; D says whether it is real, Q "
    "which codes made it.",
    boxes={
        "z": ("noise z", 0, 0),
        "c1": ("category c₁", 0, 1, "high"),
        "c23": ("numbers\nc₂, c₃", 0, 2, "high"),
        "G": ("generator G", 1, 1, "generated"),
        "trunk": ("shared trunk", 2, 1, "reading"),
        "D": ("D: is it real?", 3, 0, "reading"),
        "Q": ("Q: which\ncodes?", 3, 2, "writing"),
    },
    arrows=[
        ("z", "G"),
        ("c1", "G"),
        ("c23", "G"),
        ("G", "trunk", "the picture"),
        ("trunk", "D"),
        ("trunk", "Q"),
    ],
)
MAKING = {"z": 0.4, "z>G": 0.4, "c1": 0.5, "c1>G": 0.5, "c23": 0.5, "c23>G": 0.5, "G": 1.0}
READING = {"G>trunk": 0.7, "trunk": 0.7, "trunk>Q": 0.7, "Q": 0.7}
TURNING_CATEGORY = MAKING | READING | {"c1": 1.0, "c1>G": 1.0, "c23": 0.2, "c23>G": 0.2}
TURNING_NUMBER = MAKING | READING | {"c23": 1.0, "c23>G": 1.0, "c1": 0.2, "c1>G": 0.2}
LEARNING = MAKING | READING | {"trunk>D": 0.7, "D": 0.7}
