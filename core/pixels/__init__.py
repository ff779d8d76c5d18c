"""Pixel Recurrent Neural Networks (van den Oord et al. 2016, arXiv:1601.06759).

A picture is read like a text, row by row. The network says for every pixel how likely each of its levels is, given all
pixels before it. So the likelihood is exact, and a picture is made by drawing one pixel after the other. Three kinds of
layer differ in what they see of the pixels before: PixelCNN (three rows, and one or two more for each layer, with a
blind spot to the right), Row LSTM (a triangle that opens upwards) and Diagonal BiLSTM (everything, but for one pixel:
under mask A no feature of the row above knows that row's last pixel yet, so it is heard only where the first kernel
reaches it). A multi-scale PixelRNN draws every second pixel of every second row first, and hears of all of them while
it draws the others.

    symbol              here                meaning
    n                   H, W                a picture is n x n
    h                   h, filters          features inside a layer; the maps between layers have 2h
    o, f, i, g          gates               output, forget and input gate, and content (Eq. 3)
    K^is, K^ss          input_to_state, state_to_state
    mask A, mask B      "A", "B"            first layer, all later layers (Fig. 2, right)

Differences from the paper
- Maps hold their features last: 1 x 1 convolutions are matrix products then.
- Kernels have no rows below the pixel; a mask would set them to zero.
- A binary pixel has one logit, not a softmax of two. It is the same distribution.
- PixelCNN's last four blocks on MNIST have 5 x 5 kernels, not 3 x 3: they reach further up, and the blind spot narrows.
- The skip connections join after the residual sum, through a 1 x 1 convolution each; the paper does not say how.
- The pixels that the large picture of a multi-scale PixelRNN has from the small one are copied; the paper does not say.
- A conditioning map reaches PixelCNN's blocks as a bias of their 3 x 3 convolution; the paper has LSTMs in mind.
"""

from core.pixels.layers import ConvBlock, DiagonalBiLSTM, RowLSTM, lstm_cell, skew, unskew
from core.pixels.masks import MaskedConv, causal_mask, groups
from core.pixels.measure import SHARES, evaluate_multiscale, evaluate_pixels, field
from core.pixels.model import LAYERS, Naive, PixelRNN, Visit, bar, chosen
from core.pixels.multiscale import MultiScale, reduced

__all__ = [
    "LAYERS",
    "SHARES",
    "ConvBlock",
    "DiagonalBiLSTM",
    "MaskedConv",
    "MultiScale",
    "Naive",
    "PixelRNN",
    "RowLSTM",
    "Visit",
    "bar",
    "causal_mask",
    "chosen",
    "evaluate_multiscale",
    "evaluate_pixels",
    "field",
    "groups",
    "lstm_cell",
    "reduced",
    "skew",
    "unskew",
]

MNIST = dict(
    build=PixelRNN,
    data="mnist-binarised",
    batch_size=64,  # 16 in the paper, Sec. 5.2
    evaluate=evaluate_pixels,
    metric="nll",
    unit="nats",
    average=0.999,
    sheets=5,
)
RECIPES = {
    "pixelcnn-mnist": MNIST
    | dict(
        variant="convolution",
        # 3 x 3 everywhere in the paper. With 5 x 5 in the last four blocks a pixel sees nearly all that came before it.
        config=dict(layer="convolution", depth=11, filters=64, head=128, kernels=[3] * 7 + [5] * 4, learning_rate=1e-3),
        batch_size=32,
        steps=29_516,  # a clock stopped what ships at 85 % of 34,851 planned, before its rate had fallen to 0
        paper="arXiv:1601.06759, Sec. 3.5",
        reported={"nll": 81.30},
    ),
    "rowlstm-mnist": MNIST
    | dict(
        variant="row",
        batch_size=128,
        config=dict(layer="row", depth=4, filters=32, head=64, learning_rate=2e-3),
        steps=5_799,  # likewise, at 58 % of 9,987
        paper="arXiv:1601.06759, Sec. 3.1",
        reported={"nll": 80.54},
    ),
    "diagbilstm-mnist": MNIST
    | dict(
        variant="diagonal",
        # One layer of h 32 has 80.75 nats in the paper, seven of 16 have 79.20 and take four times as long.
        batch_size=128,
        config=dict(layer="diagonal", depth=2, filters=32, head=64, learning_rate=2e-3),
        steps=4_707,  # likewise, at 72 % of 6,501
        paper="arXiv:1601.06759, Sec. 3.2",
        reported={"nll": 79.20},
    ),
    "multiscale-mnist": MNIST
    | dict(
        build=MultiScale,
        variant="multi-scale, convolution",
        # 14 x 14 first. Convolutions train soonest, and the small picture tells them what lies in their blind spot.
        config=dict(
            layer="convolution", size=28, levels=2, depth=8, filters=48, head=64, conditions=32, learning_rate=2e-3
        ),
        batch_size=64,
        steps=12_441,
        evaluate=evaluate_multiscale,
        paper="arXiv:1601.06759, Sec. 3.6",  # which has no number for MNIST
    ),
    "pixelcnn-flowers": MNIST
    | dict(
        variant="convolution in colour",
        data="flowers",  # they went through JPEG, which smooths them: no number of the paper's can be compared
        metric="bits_per_dim",
        unit="bits/dim",
        config=dict(
            layer="convolution", size=32, channels=3, levels=256, depth=8, filters=60, head=120, learning_rate=1e-3
        ),
        batch_size=32,
        steps=2_945,
        paper="arXiv:1601.06759, Sec. 3.5",
    ),
}
# The paper's Table 2 in small: what residual and skip connections are worth to the Row LSTM.
RECIPES |= {
    f"rowlstm-{name}-mnist": MNIST
    | dict(
        variant=f"row, {name}",
        config=dict(layer="row", depth=5, filters=12, residual=residual, skip=skip, learning_rate=2e-3),
        batch_size=16,
        steps=1_200,
        paper="arXiv:1601.06759, Table 2",
        sheets=2,
    )
    for name, residual, skip in (
        ("neither", False, False),
        ("skip", False, True),
        ("residual", True, False),
        ("both", True, True),
    )
}
