"""DRAW: A Recurrent Neural Network For Image Generation (Gregor et al. 2015, arXiv:1502.04623).

A variational autoencoder that works in glimpses. At every step the encoder reads a patch of the picture
and of what is still missing from it, a Gaussian latent says what to do next, and the decoder adds a
patch to a canvas. Where to read and where to write is learned: a small grid of Gaussian filters that
can be moved, spread and blurred, and through which gradients flow.

    symbol            here            meaning
    x, x_hat          x, x_hat        picture; error picture x - sigma(c_{t-1})
    r_t               r               what was read, (B, 2 C N N)
    h_enc, h_dec      h_enc, h_dec    states of the two LSTMs, (B, units)
    z_t               z               latent of step t, (B, latents)
    c_t               canvas          sum of all writes, before the sigmoid, (B, C, H, W)
    g_X, g_Y          g_x, g_y        centre of the grid, in pixels; 0 is the middle of the first pixel
    delta, sigma^2    delta, sigma    stride of the grid, width of its filters, in pixels
    gamma             gamma           strength of what is read or written
    F_X, F_Y          F_X, F_Y        filterbanks, (B, N, size)

Differences from the paper
- Pixels count from 0, not 1, so every centre is one less than in Eq. 22-23.
- 8-bit pictures get a discretised logistic likelihood. With a Bernoulli on grey levels the number that
  comes out is not a bound on log p(x).
- The read head starts with a blurred window inside the picture. From zero biases a 2 x 2 grid sits on the
  four corners of a digit's picture, where there is nothing to see, and no gradient tells it so.
- `strong_start`: on a large page what is written at first is too faint to see, so that both heads start
  strong. One digit starts faint: with strong windows it has as many nats in fewer steps, but it is there after
  eight glimpses, out of a grey cloud, where it now grows stroke by stroke as in the paper's figures.
- Training may start with fewer glimpses than the model has (`curriculum`): weights are shared over
  time, so what was learned with 8 glimpses is a good start for 32, at a quarter of the cost. Two digits are learned
  with 24 glimpses first, and from those weights on with 32 (`start` in the recipe).
- Two digits are dreamed from a prior that is corrected afterwards: see prior.py. `draw-twodigits-32` has the paper's.
"""

from core.draw.attention import Window, check_sizes, filterbank, read_window, window, write_window
from core.draw.classifier import DrawClassifier, Look, evaluate_error
from core.draw.model import Draw, Glimpse, State, evaluate_bound
from core.draw.prior import Choice, ContrastiveDraw
from core.draw.reader import Reader, evaluate_pages, evaluate_reader

__all__ = [
    "Choice",
    "ContrastiveDraw",
    "Draw",
    "DrawClassifier",
    "Glimpse",
    "Look",
    "Reader",
    "State",
    "Window",
    "check_sizes",
    "evaluate_bound",
    "evaluate_error",
    "evaluate_pages",
    "evaluate_reader",
    "filterbank",
    "read_window",
    "window",
    "write_window",
]


MNIST_GLIMPSES = 32  # 64 in the paper; half of them, so that a film of them can be watched
FEWER_FIRST = [[0.25, 8], [0.75, 16]]

# The paper names no sizes for this figure. 10 x 10 lets five or six glimpses draw a digit.
TWO_DIGITS = dict(size=60, read=10, write=10, strong_start=True)
PAGES = dict(
    build=Draw,
    data="twodigits",
    evaluate=evaluate_pages,
    judges=("twodigits-reader",),
    paper="arXiv:1502.04623, Sec. 4.3",
    metric="nll",
    unit="nats",
)

RECIPES = {
    "draw-mnist": dict(
        variant="attention",
        build=Draw,
        # read 2 x 2, write 5 x 5, 256 units, 100 latents: Table 3. 8, then 16, then all glimpses: see above.
        config=dict(read=2, write=5, glimpses=MNIST_GLIMPSES, curriculum=FEWER_FIRST),
        data="mnist-binarised",
        batch_size=128,
        steps=36_152,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.2",
        metric="nll",
        unit="nats",
        reported={"nll": 80.97},
    ),
    "draw-noattention-mnist": dict(
        variant="no attention",
        build=Draw,
        config=dict(read=None, write=None, glimpses=MNIST_GLIMPSES, curriculum=FEWER_FIRST),
        data="mnist-binarised",
        batch_size=128,
        steps=36_152,  # as many as with attention
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.2",
        metric="nll",
        unit="nats",
        reported={"nll": 87.40},
    ),
    "draw-twodigits-24": PAGES
    | dict(
        variant="attention, 24 glimpses",
        config=TWO_DIGITS | dict(glimpses=24, curriculum=[[0.05, 8], [0.4, 16]]),
        batch_size=64,
        steps=25_889,  # a clock stopped what ships at 96 % of 27,085 planned, before its rate had fallen to 0
    ),
    "draw-twodigits-32": PAGES
    | dict(
        variant="attention, 32 glimpses",
        config=TWO_DIGITS | dict(glimpses=32, learning_rate=5e-4),
        batch_size=128,
        steps=7_200,
        start="draw-twodigits-24",
        bfloat16=True,
    ),
    "draw-twodigits": PAGES
    | dict(
        variant="attention, contrastive prior",
        build=ContrastiveDraw,
        config=TWO_DIGITS | dict(glimpses=32, candidates=100),  # more gain little: see TRAINING_LOG.md
        batch_size=64,
        steps=12_000,
        start="draw-twodigits-32",
        bfloat16=True,
        paper="arXiv:1502.04623, Sec. 4.3, with arXiv:2010.02917",
    ),
    "twodigits-reader": dict(
        variant="reader",
        build=Reader,
        config={},
        data="twodigits",
        batch_size=64,
        steps=2_500,
        evaluate=evaluate_reader,
        paper="arXiv:1502.04623, Sec. 4.3",  # whose pages it reads; the paper has no reader
        metric="error",
        unit="% of pages read wrongly",
    ),
    "draw-cluttered": dict(
        variant="classifier",
        build=DrawClassifier,
        config=dict(size=100, read=12, glimpses=8),
        data="cluttered",
        batch_size=64,
        steps=50_000,
        evaluate=evaluate_error,
        paper="arXiv:1502.04623, Sec. 4.1",
        metric="error",
        unit="% error",
        reported={"error": 3.36},
    ),
    "draw-cifar10": dict(
        variant="attention",
        build=Draw,
        # 5 x 5 windows, 64 glimpses, 400 units in the paper; wider windows need fewer glimpses.
        config=dict(
            size=32,
            channels=3,
            read=8,
            write=8,
            units=400,
            latents=200,
            glimpses=16,
            levels=256,
            curriculum=[[0.14, 8]],
        ),
        data="cifar10",
        batch_size=64,
        steps=20_598,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.5",
        metric="bits_per_dim",
        unit="bits/dim",
    ),
    "draw-svhn": dict(
        variant="attention",
        build=Draw,
        # The paper's sizes (Table 3), on single digits of 32 x 32 where it has whole numbers of 54 x 54. A recipe for
        # whoever can download SVHN; no weights are shipped.
        config=dict(size=32, channels=3, read=12, write=12, units=800, glimpses=32, levels=256),
        data="svhn",
        batch_size=64,
        steps=100_000,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.4",
        metric="bits_per_dim",
        unit="bits/dim",
    ),
}
