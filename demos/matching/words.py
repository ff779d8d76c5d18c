"""The guided path of the tab, and the drawing of the networks at work."""

from demos import frame

FIRST_SENTENCE = "Two dogs run on the grass."
PATH = [
    frame.Step(
        "Find a photo by a sentence",
        dict(mode="find", sentence=FIRST_SENTENCE, photo="best"),
        "Every photo of the pool was embedded once; the sentence is compared with all of them. Step through the film: "
        "where does it look at steps 1 and 2, and which words does it weigh? Then write your own sentence.",
    ),
    frame.Step(
        "Find sentences for a photo",
        dict(mode="tell", photo="a surfer"),
        "The same numbers, read the other way: one photo ranks all sentences. Click another photo on the sheet, or "
        "add one of yours.",
    ),
    frame.Step(
        "Where it fails",
        dict(mode="find", sentence="A rocket stands between towers in the evening.", photo="best"),
        "It learned from photos of dogs, children and sports, and hardly met a rocket. Which photo comes first, and "
        "what does it have in common with the right one? Words that it never met are named below the sentence.",
    ),
    frame.Step(
        "The whole matrix",
        dict(mode="matrix"),
        "Each row is a photo, each column a sentence; the sentence written for a photo stands on the diagonal. Where "
        "is a row dark away from the diagonal, and what do the two have in common?",
    ),
]
EQUATION = r"S = \sum_{k=0}^{K} v^{(k)} \cdot u^{(k)}"
DIAGRAM = frame.Diagram(
    "The photo's parts and the sentence's words are attended to in two streams that never mix, each with a memory of "
    "its own. At every step their vectors are multiplied; the sum of the products is S.",
    boxes={
        "photo": ("photo:\n49 parts", 0, 0, "reading"),
        "words": ("words,\nread both ways", 0, 3, "writing"),
        "look": ("attention\nover parts", 1, 0, "reading"),
        "read": ("attention\nover words", 1, 3, "writing"),
        "m_v": ("memory of\nthe photo", 1, 1),
        "m_u": ("memory of\nthe words", 1, 2),
        "s": ("v⁽ᵏ⁾ · u⁽ᵏ⁾", 2, 1.5, "high"),
        "S": ("S = sum over\nthe steps", 3, 1.5, "high"),
    },
    arrows=[
        ("photo", "look"),
        ("words", "read"),
        ("look", "m_v"),
        ("read", "m_u"),
        ("m_v", "look", "guides the next step"),
        ("m_u", "read", "guides the next step"),
        ("look", "s"),
        ("read", "s"),
        ("s", "S"),
    ],
)
ATTENDING = {
    "look": 1.0, "read": 1.0, "photo>look": 0.7, "words>read": 0.7, "look>m_v": 0.7, "read>m_u": 0.7,
    "m_v>look": 0.7, "m_u>read": 0.7,
}  # fmt: skip
ALWAYS = {
    "photo": 0.6,
    "words": 0.6,
    "m_v": 0.6,
    "m_u": 0.6,
    "look>s": 0.6,
    "read>s": 0.6,
    "s": 0.8,
    "s>S": 0.6,
    "S": 0.8,
}


def lit(frames: int, last: bool = False) -> dict[str, list[float]]:
    """Which parts work at each step: attention from step 1 on. last: the last step alone."""
    found = {part: [strength] * frames for part, strength in ALWAYS.items()}
    found |= {part: [0.0] + [strength] * (frames - 1) for part, strength in ATTENDING.items()}
    return {part: strengths[-1:] for part, strengths in found.items()} if last else found
