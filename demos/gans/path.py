"""The guided path of the tab, and the drawing of the network at work."""

from demos import frame

FIRST = ["dcgan", "wgan-gp", "began"]
FIRST_SEED = "5"
NUMBERS = dict(rate=0.001, critic_steps=0, weight=0.3, batch=128)  # of a race, at first
RACE = dict(target="ring", left="gan", right="wgan-gp", seed=FIRST_SEED) | NUMBERS
STAR = [{"points": [[x, y], [1 - x, 1 - y]], "size": 0.07} for x, y in [(0.5, 0.1), (0.1, 0.5), (0.2, 0.2), (0.8, 0.2)]]
FOUR = ["dcgan", "lsgan", "wgan", "wgan-gp"]
PATH = [
    frame.Step(
        "Three GANs learn",
        dict(mode="compare", pictures="mnist", variants=FIRST, view="training"),
        "Pick one cell and follow it: the noise in it never changes, only the network does. Which of the three has "
        "digits first, and which keeps changing to the end?",
    ),
    frame.Step(
        "One noise, four papers",
        dict(mode="compare", pictures="mnist", variants=FOUR, view="samples", seed="0"),
        "The same noise lies in the same cell of each sheet. Do cells show the same digit on two sheets more often "
        "than the one in ten that chance would give?",
    ),
    frame.Step(
        "Collapse a GAN",
        dict(mode="race", target="ring", left="gan-saturating", right="gan", seed="1") | NUMBERS | dict(rate=0.02),
        "The learning rate is twenty times too high. On the left the critic becomes so sure that no slope is left, and "
        "the generator drifts away. On the right it crowds onto a few clusters. Watch from step 200 on.",
        live=True,
    ),
    frame.Step(
        "Rescue it",
        dict(mode="race", target="ring", left="gan", right="dragan", seed="1") | NUMBERS | dict(rate=0.02),
        "The same start and the same rate, but on the right a penalty keeps the critic's slope in check. How many "
        "clusters does each side cover after 500 steps? Change the strength of the penalty while they run.",
        live=True,
    ),
    frame.Step(
        "Two lines",
        dict(mode="why", topic="lines"),
        "Step through the film. Three of the four distances stay the same until the lines meet. A generator can only "
        "follow the one that changes.",
    ),
    frame.Step(
        "Draw a star",
        dict(mode="critic", source="sketch", sketch={"strokes": STAR}),
        "catGAN and ACGAN have to name a digit; SGAN may also answer that a network made it. Compare how "
        "EBGAN and BEGAN reconstruct it with how they reconstruct a digit: the energy is their error.",
    ),
]  # fmt: skip
DIAGRAM = frame.Diagram(
    "The generator G turns noise z into pictures. The critic D gets those and real data and gives a verdict, from "
    "which both learn in turn.",
    boxes={
        "real": ("real data", 1, 0, "real"),
        "z": ("noise z", 0, 1),
        "G": ("generator G", 1, 1, "generated"),
        "D": ("critic D", 2, 1, "reading"),
        "verdict": ("verdict", 3, 1),
    },
    arrows=[("z", "G"), ("G", "D"), ("real", "D"), ("D", "verdict"), ("verdict", "G", "G learns from the verdict")],
)
CRITICS_TURN = dict.fromkeys(["z", "z>G", "G", "G>D", "real", "real>D", "D>verdict", "verdict"], 0.3) | {"D": 1.0}
GENERATORS_TURN = dict.fromkeys(["z", "z>G", "G>D", "D", "D>verdict", "verdict", "verdict>G"], 0.3) | {"G": 1.0}
SAMPLING = {"z": 1.0, "z>G": 1.0, "G": 1.0}
JUDGING = {"real": 1.0, "real>D": 1.0, "D": 1.0, "D>verdict": 1.0, "verdict": 1.0}


def in_turn(frames: int) -> dict[str, list[float]]:
    """Training: the critic's turn, then the generator's, and so on."""
    return frame.lit([(CRITICS_TURN, GENERATORS_TURN)[k % 2] for k in range(frames)])
