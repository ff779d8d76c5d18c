"""GANs: objectives, penalties, networks, and the variants that join them. RECIPES says how each was trained."""

from core.gan.classifier import Classifier, FewLabels, evaluate_classifier
from core.gan.codes import evaluate_codes
from core.gan.fgan_digits import recipes
from core.gan.game import GAN, one_hot
from core.gan.metrics import evaluate_digits, evaluate_photos
from core.gan.variants import VARIANTS, build

__all__ = ["GAN", "RECIPES", "VARIANTS", "build", "one_hot"]

JUDGE = "mnist-classifier"
DIGITS = dict(
    build=build,
    data="mnist-32",
    batch_size=128,
    steps=12_000,
    average=0.999,
    evaluate=evaluate_digits,
    judges=(JUDGE,),
    metric="FID",
    unit="FID of digits",
)
SHOES = DIGITS | dict(data="shoes-64", batch_size=64, evaluate=evaluate_photos, judges=(), unit="FID of photos")
FEW = "mnist-32-100"
SMALL = dict(batch_size=64, steps=4_000, average=None)
# BEGAN's own balance and losses; a lambda_k of 0.02 for 0.001, since k_t has a few thousand steps to find its place.
OWN_BALANCE = dict(filters=32, control=0.02, eta=1, background=None, grows=False, rate=3e-4)
COLOURED = dict(coloured=True, moved=False, gamma=0.7)
BALANCE = dict(filters=24, gamma=0.98, control=10, eta=2, grows=True)  # of BEGAN


def digits(row: str, **changes: object) -> dict:
    """A recipe for digits of a row of VARIANTS. changes: of it, or under `config` of what `build` is told."""
    config = dict(variant=row) | changes.pop("config", {})
    return DIGITS | dict(config=config, variant=row, paper=VARIANTS[row].paper) | changes


def coded(data: str, **changes: object) -> dict:
    """A recipe for an infoGAN: 62 numbers of noise, a category and two numbers as codes."""
    named = dict(latents=62, alike=1.0) | changes.pop("config", {})
    found = dict(metric="accuracy", unit="% of labels found by c1", batch_size=64, steps=2_500, evaluate=evaluate_codes)
    return digits("infogan", config=named, data=data, **found) | changes


def shoes(row: str, **changes: object) -> dict:
    config = dict(variant=row, size=64, channels=3, moved=True) | changes.pop("config", {})
    return SHOES | dict(config=config, variant=row, paper=VARIANTS[row].paper) | changes


RECIPES = {
    "gan-mnist": digits("gan", steps=23_498),
    "dcgan-mnist": digits("dcgan", steps=6_413, config=dict(rate=5e-4)),
    "cgan-mnist": digits("cgan", **SMALL),
    "catgan-mnist": digits(
        "catgan", steps=10_000, seed=1, config=dict(classes=20, rate=5e-4), metric="error", unit="% error, no labels"
    )
    | dict(reported={"error": 9.7}),
    "catgan-100-mnist": digits("catgan", variant="catgan-100", data=FEW, metric="error", unit="% error, 100 labels")
    | SMALL
    | dict(reported={"error": 1.91}),
    "sgan-mnist": digits("sgan", data=FEW, steps=6_332, metric="error", unit="% error, 100 labels"),
    "lsgan-mnist": digits("lsgan", steps=5_608, config=dict(rate=5e-4)),
    "wgan-mnist": digits("wgan", batch_size=64, steps=30_000, config=dict(filters=64)),  # 150,000 of the critic
    "wgan-gp-mnist": digits("wgan-gp", **SMALL | dict(steps=2_500)),  # 12,500
    "dragan-mnist": digits("dragan", steps=4_070),
    "ebgan-mnist": digits("ebgan", **SMALL),
    "ebgan-pt-mnist": digits("ebgan-pt", **SMALL),
    "began-mnist": digits(
        "began",
        steps=11_000,
        batch_size=64,
        bfloat16=True,
        config=BALANCE | dict(background=0, match=0.3),
    ),
    "acgan-mnist": digits("acgan", **SMALL),
    "infogan-mnist": coded(
        "mnist-32",
        config=dict(grain=0.7, weights=[1.0, 0.8, 0.2], warm=0.2),
        reported={"accuracy": 95.0},
    )
    | dict(steps=3_300, batch_size=96, seed=2),
    # It lacks the agreement and the noise as well: Q learns as in the paper, and G gains nothing from what it finds.
    "infogan-mnist-unrewarded": coded("mnist-32", variant="infogan-unrewarded", config=dict(rewarded=False, alike=0.0)),
    "infogan-fashion": coded("fashion-32", judges=(), steps=1_500),
    "dcgan-shoes": shoes("dcgan", steps=7_259),
    "lsgan-shoes": shoes("lsgan", steps=6_887, config=dict(rate=4e-4)),
    "wgan-gp-shoes": shoes("wgan-gp", steps=6_130, batch_size=32),
    "dragan-shoes": shoes("dragan", steps=10_859),
    "began-shoes": shoes("began", steps=4_500, batch_size=16, bfloat16=True, config=COLOURED | OWN_BALANCE),
    JUDGE: dict(
        variant="classifier",
        build=Classifier,
        config={},
        data="mnist-32",
        batch_size=64,
        steps=2_000,
        evaluate=evaluate_classifier,
        paper="arXiv:1606.03498",
        metric="error",
        unit="% error",
    ),
    "mnist-100-labels": dict(
        variant="classifier-100",
        build=FewLabels,
        config={},
        data=FEW,
        batch_size=64,
        steps=2_000,
        evaluate=evaluate_classifier,
        paper="arXiv:1606.01583",
        metric="error",
        unit="% error, 100 labels",
    ),
    **recipes(JUDGE),
}
