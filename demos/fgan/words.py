"""What the f-GAN tab says: views, formulas, sliders and the guided path."""

from demos import frame

MODES = [
    ("Fit two Gaussians with one", "fit"),
    ("Look at a divergence", "row"),
    ("Single step or alternating?", "saddle"),
    ("Digits", "digits"),
]
METHODS = [("Single step", "single step"), ("Alternating", "alternating"), ("Alternating, practical step", "practical")]
EQUATION = r"F = \mathbb E_{x\sim p}\,[T(x)] - \mathbb E_{x\sim q}\,[f^*(T(x))] \;\le\; D_f(p\,\|\,q)"
SLIDERS = [  # key, label, symbol, from, to, step
    ("weight", "Weight of the left Gaussian", "w, from 0 to 1", 0, 1, 0.01),
    ("mu_1", "Where the left one is", "mean μ₁", -4, 4, 0.05),
    ("sigma_1", "How wide the left one is", "standard deviation σ₁", 0.1, 3, 0.005),
    ("mu_2", "Where the right one is", "mean μ₂", -4, 4, 0.05),
    ("sigma_2", "How wide the right one is", "standard deviation σ₂", 0.1, 3, 0.005),
    ("mu", "Where the fit starts", "mean μ of q", -4, 4, 0.1),
    ("sigma", "How wide it starts", "standard deviation σ of q", 0.2, 4, 0.1),
]
FORMULAS = {  # f, its conjugate, the best T and where the conjugate is finite
    "tv": (r"\tfrac12|u-1|", r"t", r"\tfrac12\operatorname{sign}(u-1)", r"|t|\le\tfrac12"),
    "kl": (r"u\log u", r"e^{t-1}", r"1+\log u", r"t\in\mathbb R"),
    "rkl": (r"-\log u", r"-1-\log(-t)", r"-1/u", r"t<0"),
    "pearson": (r"(u-1)^2", r"\tfrac14t^2+t", r"2(u-1)", r"t\ge-2"),
    "neyman": (r"(1-u)^2/u", r"2-2\sqrt{1-t}", r"1-u^{-2}", r"t\le1"),
    "hellinger": (r"(\sqrt u-1)^2", r"t/(1-t)", r"1-u^{-1/2}", r"t<1"),
    "jeffrey": (r"(u-1)\log u", r"w+\tfrac1w+t-2,\ we^w=e^{1-t}", r"1+\log u-\tfrac1u", r"t\in\mathbb R"),
    "js": (r"u\log u-(1+u)\log\tfrac{1+u}2", r"-\log(2-e^t)", r"\log\tfrac{2u}{1+u}", r"t<\log2"),
    "wjs": (
        r"\pi u\log u-m\log m,\ m=1-\pi+\pi u",
        r"(1-\pi)\log\tfrac{1-\pi}{1-\pi e^{t/\pi}}",
        r"\pi\log\tfrac um",
        r"t<-\pi\log\pi",
    ),
    "gan": (r"u\log u-(1+u)\log(1+u)", r"-\log(1-e^t)", r"\log\tfrac u{1+u}", r"t<0"),
    "alpha": (
        r"\tfrac{u^\alpha-1-\alpha(u-1)}{\alpha(\alpha-1)}",
        r"\tfrac1\alpha\bigl((1+(\alpha-1)t)^{\alpha/(\alpha-1)}-1\bigr)",
        r"\tfrac{u^{\alpha-1}-1}{\alpha-1}",
        r"(\alpha-1)t>-1",
    ),
}
APART = dict(weight=0.4, mu_1=-2.5, sigma_1=0.6, mu_2=2.5, sigma_2=0.6, mu=0.5, sigma=2.0)
PAPERS = dict(weight=0.33, mu_1=-1.0, sigma_1=0.255, mu_2=2.0, sigma_2=1.415, mu=0.0, sigma=1.5)
PATH = [
    frame.Step(
        "Cover both or pick one?",
        dict(mode="fit", divergence="kl", beside="rkl", method="single step", seed="0") | APART,
        "Two hills, one Gaussian. KL stretches over both, and puts mass where there is none. Reverse KL settles on the "
        "larger hill and forgets the other. Same start, same noise.",
        live=True,
    ),
    frame.Step(
        "Watch the gap close",
        dict(mode="fit", divergence="kl", beside="none", method="single step", seed="0") | PAPERS,
        "The critic's T comes up to the best T, and its bound F to the divergence. Once the gap is small, lowering F "
        "means lowering D_f, and the path goes downhill.",
        live=True,
    ),
    frame.Step(
        "The practical step drifts",
        dict(mode="fit", divergence="kl", beside="none", method="practical", seed="0") | PAPERS,
        "The step that is often used in practice ends far from KL's star: at μ 1.58, which is where reverse KL's lies.",
        live=True,
    ),
    frame.Step(
        "What does a sample earn?",
        dict(mode="row", divergence="rkl"),
        "Compare the reward under reverse KL with that under Pearson's χ²: where samples are missing, one grows only "
        "like log u, and the other like u².",
    ),
    frame.Step(
        "One step is enough",
        dict(mode="saddle", curvature=0.3, coupling=1.0, rate=1.0),
        "Both players move at once and still spiral in, exactly as fast as Theorem 2 promises. Set the curvature to 0 "
        "and they spiral out.",
    ),
]
DIAGRAM = frame.Diagram(
    "Noise becomes samples of q through the generator; the critic gives each sample of p and of q a number T; both "
    "players move along the gradient of the bound F, the critic up and the generator down.",
    boxes={
        "z": ("noise z", 0, 0),
        "G": ("generator G", 1, 0, "generated"),
        "x": ("data x", 1, 1, "real"),
        "T": ("critic\nT = g(V(x))", 2, 0, "reading"),
        "F": ("bound F", 3, 0),
    },
    arrows=[("z", "G"), ("G", "T"), ("x", "T"), ("T", "F"), ("F", "G", "down for the generator, up for the critic")],
)
# What is at work in a frame; both players move in turn, or in the same step.
SAMPLING = {"z": 0.6, "z>G": 0.6, "G": 1.0}
JUDGING = {"G": 0.3, "x": 0.3, "G>T": 0.3, "x>T": 0.3, "T": 1.0, "T>F": 0.6, "F": 0.6}
ANSWERING = SAMPLING | {"G>T": 0.6, "T": 0.3, "T>F": 0.3, "F": 0.6, "F>G": 1.0}
IN_TURN = [JUDGING, ANSWERING]
AT_ONCE = [JUDGING | ANSWERING | {"T": 1.0}]
PARZEN = (
    "A Parzen window puts a small Gaussian on each of 10,000 generated digits, and asks how likely test digits are "
    "under their mixture. The paper measures this way and warns of it: with 784 pixels the number says little about "
    "samples. Its scale depends on how many Gaussians there are and how wide they are, so compare each number with "
    "that of as many real digits, in the last row."
)
