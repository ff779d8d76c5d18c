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
    batch_size=64,
    steps=4_000,
    evaluate=evaluate_digits,
    judges=(JUDGE,),
    metric="FID",
    unit="FID of digits",
)
SHOES = DIGITS | dict(data="shoes-64", batch_size=32, evaluate=evaluate_photos, judges=(), unit="FID of photos")
FEW = "mnist-32-100"
BALANCE = dict(filters=16, gamma=0.98, control=10, eta=2, grows=True)  # of BEGAN


def digits(row: str, **changes: object) -> dict:
    """A recipe for digits of a row of VARIANTS. changes: of it, or under `config` of what `build` is told."""
    config = dict(variant=row) | changes.pop("config", {})
    return DIGITS | dict(config=config, variant=row, paper=VARIANTS[row].paper) | changes


def coded(data: str, **changes: object) -> dict:
    """A recipe for an infoGAN: 62 numbers of noise, a category and two numbers as codes."""
    named = dict(latents=62, alike=1.0) | changes.pop("config", {})
    found = dict(metric="accuracy", unit="% of labels found by c1", steps=2_500, average=0.999, evaluate=evaluate_codes)
    return digits("infogan", config=named, data=data, **found) | changes


def shoes(row: str, **changes: object) -> dict:
    config = dict(variant=row, size=64, channels=3) | changes.pop("config", {})
    return SHOES | dict(config=config, variant=row, paper=VARIANTS[row].paper) | changes


RECIPES = {
    "gan-mnist": digits("gan", steps=12_000),
    "dcgan-mnist": digits("dcgan"),
    "cgan-mnist": digits("cgan"),
    "catgan-mnist": digits("catgan", config=dict(classes=20), metric="error", unit="% error, no labels")
    | dict(reported={"error": 9.7}),
    "catgan-100-mnist": digits("catgan", variant="catgan-100", data=FEW, metric="error", unit="% error, 100 labels")
    | dict(reported={"error": 1.91}),
    "sgan-mnist": digits("sgan", data=FEW, metric="error", unit="% error, 100 labels"),
    "lsgan-mnist": digits("lsgan", steps=6_000),
    "wgan-mnist": digits("wgan", steps=5_000),  # 25,000 of the critic
    "wgan-gp-mnist": digits("wgan-gp", steps=2_500),  # 12,500
    "dragan-mnist": digits("dragan"),
    "ebgan-mnist": digits("ebgan"),
    "ebgan-pt-mnist": digits("ebgan-pt"),
    "began-mnist": digits("began", steps=2_500, batch_size=32, config=BALANCE | dict(background=0)),
    "acgan-mnist": digits("acgan"),
    "infogan-mnist": coded("mnist-32", config=dict(grain=0.7, weights=[1.0, 0.5]), reported={"accuracy": 95.0}),
    "infogan-mnist-unrewarded": coded("mnist-32", variant="infogan-unrewarded", config=dict(rewarded=False, alike=0.0)),
    "infogan-fashion": coded("fashion-32", judges=(), steps=1_500),
    "dcgan-shoes": shoes("dcgan", steps=2_000),
    "lsgan-shoes": shoes("lsgan", steps=2_000, batch_size=16, config=dict(veil=0.3, rate=4e-4)),
    "wgan-gp-shoes": shoes("wgan-gp", steps=2_000, batch_size=16),
    "dragan-shoes": shoes("dragan", steps=2_000, batch_size=16),
    "began-shoes": shoes("began", steps=2_000, batch_size=16, config=BALANCE | dict(background=1)),
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
