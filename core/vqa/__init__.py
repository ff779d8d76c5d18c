"""Questions about photos: every method of the VQA paper, r-DAN, and how they were trained and measured.

    core.load("vqa-lstm-q-i").answer(photo, "what color is the dog?")     # [("brown", 0.71), ...]

questions.py makes questions from captions, sets.py reads them, metric.py scores answers, baselines.py and networks.py
hold the methods, answerer.py what they share.
"""

from core.vqa.answerer import evaluate
from core.vqa.baselines import Counts, Nearest, Random
from core.vqa.networks import METHODS, Drawn, Looking, Network, evaluate_looking

PAPER = "arXiv:1505.00468, Sec. 5"
COMMON = dict(evaluate=evaluate, metric="accuracy", unit="% accuracy", paper=PAPER)
JOINT = COMMON | dict(data="vqa", batch_size=128)
TITLES = {
    "random": "random",
    "prior": "prior",
    "type": "per-type prior",
    "nearest": "nearest neighbour",
    **{key: row.title for key, row in METHODS.items()},
    "rdan": "r-DAN",
}
COUNTED = {"random": Random, "prior": Counts, "type": Counts}
ROUNDS = 2 * 186  # steps: twice all questions, in batches of 128; what is left over differs from round to round

RECIPES = {
    f"vqa-{key}": JOINT | dict(build=build, config=dict(method=key), variant=key, steps=ROUNDS)
    for key, build in COUNTED.items()
}
RECIPES["vqa-nearest"] = JOINT | dict(build=Nearest, config={}, variant="nearest", steps=ROUNDS)
# Both sides of a product drop out, so that 0.3 leaves half of the pairs.
SHARES = {key: 0.3 if row.fused == "product" else 0.5 for key, row in METHODS.items()}
RECIPES |= {
    f"vqa-{key}": JOINT | dict(build=Network, config=dict(method=key, share=share), variant=key, steps=1500)
    for key, share in SHARES.items()
}
DEEPER = "deeper-lstm-q-norm-i"  # two layers: more to lose, and longer to learn
RECIPES[f"vqa-{DEEPER}"] |= dict(config=dict(method=DEEPER, share=0.4), steps=2500)
RECIPES["rdan"] = JOINT | dict(
    build=Looking,
    config=dict(share=0.4),
    variant="rdan",
    data="vqa-maps",
    steps=2000,
    evaluate=evaluate_looking,
    paper="arXiv:1611.00471, Sec. 3.3",
)
RECIPES["vqa-easy"] = COMMON | dict(build=Drawn, config={}, variant="easy", data="easy-vqa", batch_size=64, steps=3000)
RECIPES["vqa-coco"] = COMMON | dict(
    build=Network, config=dict(method="deeper-lstm-q-norm-i", units=512, common=1024, embedding=300), variant="coco",
    data="vqa-coco", batch_size=500, steps=25_000, reported={"accuracy": 57.75},
)  # fmt: skip
