"""PixelRNN: what every pixel sees, the layers against loops over pixels, and sampling that computes nothing twice.

Public versions leak the future (a `view` that swaps channels and width, a stream that is never flipped back, no masks
for colours), let states grow in the padding of the skewed map, or change their weights in place; each fails here.
"""

import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from core.noise import first_weights, rand_each, seeded
from core.pixels import (
    LAYERS,
    MaskedConv,
    PixelRNN,
    Visit,
    bar,
    causal_mask,
    chosen,
    evaluate_pixels,
    field,
    groups,
    skew,
    unskew,
)
from core.pixels.scans import DiagonalScan, RowScan
from tests.influence import frequencies_off, influence, jacobian, levels_of, scaled

KINDS = list(LAYERS)
SIZE = 7


def small(kind: str, **changes: object) -> PixelRNN:
    with first_weights(seeded(0, "weights")):
        return PixelRNN(**dict(layer=kind, size=SIZE, depth=2, filters=4, head=6) | changes).eval()


def layer(kind: str, channels: int = 1, h: int = 4, conditions: int = 0) -> nn.Module:
    with first_weights(seeded(0, "weights")):
        return LAYERS[kind](h, channels, conditions=conditions)


# ------------------------------------------------------------------ masks


def test_masks_know_red_before_green_before_blue():
    rgb, grey = torch.arange(3), torch.zeros(1)
    A, B = (causal_mask(kind, rgb, rgb, 4, 7) for kind in "AB")
    # Fig. 2, right: in the pixel itself green sees red, blue sees both; under mask B each sees itself, too.
    assert A[:, :, 3, 3].tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert B[:, :, 3, 3].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    for mask in (A, B):
        assert mask[:, :, :3].all()
        assert mask[:, :, 3, :3].all()
        assert not mask[:, :, 3, 4:].any()
    assert causal_mask("A", grey, grey, 2, 3)[0, 0].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert groups(7, 3).tolist() == [0, 0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: causal_mask("C", groups(2, 1), groups(2, 1), 2, 3), "'A' or 'B'"),
        (lambda: causal_mask("A", groups(2, 1), groups(2, 1), 2, 4), "odd number of columns"),
        (lambda: groups(2, 3), "a feature of its own"),
        (lambda: PixelRNN(layer="spiral"), "convolution, row, diagonal"),
        (lambda: PixelRNN(levels=16), "2 .* or 256"),
        (lambda: PixelRNN(depth=0), "depth must be >= 1"),
        (lambda: PixelRNN(depth=2, kernels=[3, 5, 5]), "one for each of the 2 layers"),
        (lambda: PixelRNN(layer="diagonal", depth=1, kernels=[3]), "layers that have any"),
        (lambda: small("row").logits(torch.zeros(1, 1, 6, 7)), "x must have shape"),
        (lambda: small("row").sample(0), "n must be >= 1"),
        (lambda: small("row").sample(1, temperature=-1.0), "temperature must be >= 0"),
        (lambda: small("row").sample(1, temperature=math.nan), "temperature must be >= 0"),
        (lambda: next(small("row").grow(1, known=torch.ones(7, 7).bool())), "belong together"),
        (lambda: next(small("row").grow(2, known=torch.ones(7, 7).bool(), given=torch.ones(3, 1, 7, 7))), "given"),
        (lambda: next(small("row").grow(1, known=torch.eye(7).bool(), given=torch.full((1, 1, 7, 7), 0.5))), "0 or 1"),
    ],
)
def test_what_is_wrong_is_said(call: object, message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_masked_convolution_leaves_its_stored_weights_alone():
    conv = MaskedConv("A", groups(3, 3), groups(6, 3), 2, 3)
    before = conv.weight.detach().clone()
    out = conv(torch.rand(2, 5, 5, 3))
    out.square().sum().backward()
    assert torch.equal(conv.weight, before)
    assert (conv.weight[conv.mask == 0] != 0).any()  # there is something that a multiplication in place would wipe out
    assert (conv.weight.grad[conv.mask == 0] == 0).all()
    assert (conv.weight.grad[conv.mask == 1] != 0).all()
    x = torch.rand(2, 5, 5, 3)
    padded = nn.functional.pad(x.permute(0, 3, 1, 2), (1, 1, 1, 0))
    expected = nn.functional.conv2d(padded, before * conv.mask, conv.bias).permute(0, 2, 3, 1)
    torch.testing.assert_close(conv(x), expected)


# ------------------------------------------------------------------ who sees whom


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize(("channels", "levels"), [(1, 2), (3, 2), (3, 256), (2, 2)])
def test_no_number_sees_itself_or_what_comes_later(kind: str, depth: int, channels: int, levels: int):
    for joined in (dict(residual=True, skip=False), dict(residual=False, skip=True)):
        model = small(kind, size=5, depth=depth, channels=channels, levels=levels, **joined)
        seen = influence(scaled(model, 2.0)).permute(1, 2, 0, 4, 5, 3).reshape(25 * channels, 25 * channels)
        assert not seen.triu().any()  # rows: outputs, columns: inputs, both in the order of reading
        assert seen.any()


def cells(size: int) -> list[tuple[int, int]]:
    return list(itertools.product(range(size), range(size)))


# The pixels (k, m) that a layer shows to (i, j) of the map below it, from the paper's figures.
FIELDS = {
    "convolution": lambda i, j, k, m: (i - k, j - m) in {(1, 1), (1, 0), (1, -1), (0, 1), (0, 0)},
    "row": lambda i, j, k, m: k <= i and j - (i - k) - 1 <= m <= j + (i - k),  # a triangle, and one to the left
    "diagonal": lambda i, j, k, m: k < i or (k == i and m <= j),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_sees_what_the_paper_draws(kind: str):
    part = scaled(layer(kind), 0.5, positive=True)
    x = torch.rand(SIZE, SIZE, 8, dtype=torch.double, generator=seeded(1, "x"))
    seen = (jacobian(lambda x: part(x).sum(-1), x) != 0).any(-1).unflatten(0, (SIZE, SIZE))
    for (i, j), (k, m) in itertools.product(cells(SIZE), repeat=2):
        assert seen[i, j, k, m] == FIELDS[kind](i, j, k, m), (i, j, k, m)


def test_a_wider_kernel_sees_more_of_the_rows_above_and_narrows_the_blind_spot():
    size = 9
    seen = influence(scaled(small("convolution", size=size, depth=1, kernels=[5]), 0.5, positive=True))[0, :, :, 0]
    for i, j in [(4, 4), (6, 1), (8, 8)]:
        reached = {(i - a, j + b) for a in (1, 2) for b in range(-2, 3)} | {(i, j - b) for b in range(3)}
        first = {
            (k, m)
            for k, m in cells(size)
            for a, b in reached & set(cells(size))
            if (0 < a - k <= 3 and abs(b - m) <= 3) or (a == k and 0 < b - m <= 3)
        }
        assert {(k, m) for k, m in cells(size) if seen[i, j, k, m]} == first


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 3])
def test_the_receptive_field_is_the_papers(kind: str, depth: int):
    size = 9
    seen = influence(scaled(small(kind, size=size, depth=depth), 0.5, positive=True))[0, :, :, 0]
    for i, j in [(0, 0), (0, 5), (4, 4), (6, 1), (8, 8), (8, 3)]:
        reached = {(i, j)}  # in the map below, layer for layer
        for _ in range(depth):
            reached = {(k, m) for k, m in cells(size) for a, b in reached if FIELDS[kind](a, b, k, m)}
        first = {  # mask A, 7 x 7
            (k, m)
            for k, m in cells(size)
            for a, b in reached
            if (0 < a - k <= 3 and abs(b - m) <= 3) or (a == k and 0 < b - m <= 3)
        }
        assert {(k, m) for k, m in cells(size) if seen[i, j, k, m]} == first
        if kind == "diagonal":
            # Everything before it but one pixel, which the features of its own row, all that the right-hand LSTM hears,
            # do not know yet: the last of the row above, where the first kernel does not reach it.
            unheard = {(i - 1, size - 1)} if i and j + 3 < size - 1 else set()
            assert first == {(k, m) for k, m in cells(size) if (k, m) < (i, j)} - unheard
    if kind == "convolution":  # the blind spot: the row above, beyond the first kernel, at any depth
        assert not seen[4, 2, 3, 6:].any()
        assert seen[4, 2, 3, :6].all()


@pytest.mark.parametrize("kind", KINDS)
def test_green_sees_red_and_blue_sees_both(kind: str):
    seen = influence(scaled(small(kind, channels=3, size=3, filters=6, levels=256), 0.5, positive=True))
    assert seen[:, 1, 1, :, 1, 1].tolist() == [[False] * 3, [True, False, False], [True, True, False]]
    assert seen[:, 1, 1, :, 1, 0].all()
    assert seen[:, 1, 1, :, 0, 1].all()


# ------------------------------------------------------------------ the LSTMs against loops over single pixels


def naive_cell(sums: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. 3, gate by gate."""
    o, f, i, g = sums.split(len(c))
    c = 1 / (1 + torch.exp(-f)) * c + 1 / (1 + torch.exp(-i)) * torch.tanh(g)
    return 1 / (1 + torch.exp(-o)) * torch.tanh(c), c


@pytest.mark.parametrize("conditions", [0, 3])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel", [3, 5])
def test_row_lstm_is_a_loop_over_pixels(channels: int, kernel: int, conditions: int):
    H, W, h = 5, 7, 4
    with first_weights(seeded(0, "weights")):
        part = scaled(LAYERS["row"](h, channels, kernel, conditions=conditions), 3.0)
    x = torch.randn(2, H, W, 2 * h, dtype=torch.double, generator=seeded(2, "x"))
    told = torch.randn(2, H, W, conditions, dtype=torch.double, generator=seeded(3, "x"))
    K_is, K_ss = part.input_to_state.weight * part.input_to_state.mask, part.state_to_state.weight
    widen, zero, half = part.widen, torch.zeros(h, dtype=torch.double), kernel // 2
    out = part(x, told)
    for b in range(2):
        states: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        for i, j in itertools.product(range(H), range(W)):
            sums = part.input_to_state.bias + (part.conditioning.weight @ told[b, i, j] if conditions else 0)
            for k in range(-half, half + 1):
                if 0 <= j + k < W:
                    sums = sums + K_is[:, :, 0, half + k] @ x[b, i, j + k]
                above = states.get((i - 1, j + k), (zero, zero))[0]
                sums = sums + K_ss[:, (half + k) * h : (half + k + 1) * h] @ above
            states[i, j] = naive_cell(sums, states.get((i - 1, j), (zero, zero))[1])
            expected = (widen.weight * widen.mask)[:, :, 0, 0] @ states[i, j][0] + widen.bias
            torch.testing.assert_close(out[b, i, j], expected)


@pytest.mark.parametrize("conditions", [0, 3])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("H", "W"), [(5, 7), (7, 4)])
def test_diagonal_bilstm_is_two_loops_over_pixels(channels: int, H: int, W: int, conditions: int):
    h = 4
    part = scaled(layer("diagonal", channels, h, conditions=conditions), 3.0)
    x = torch.randn(1, H, W, 2 * h, dtype=torch.double, generator=seeded(2, "x"))
    told = torch.randn(1, H, W, conditions, dtype=torch.double, generator=seeded(3, "x"))
    zero = torch.zeros(h, dtype=torch.double)
    states: list[dict[tuple[int, int], tuple[Tensor, Tensor]]] = [{}, {}]
    for d, step in ((0, 1), (1, -1)):
        conv, K = part.input_to_state[d], part.state_to_state[d]
        biases = told[0] @ part.conditioning.weight.chunk(2)[d].T if conditions else x.new_zeros(H, W, 1)
        for i, j in itertools.product(range(H), range(W)[::step]):
            above = states[d].get((i - 1, j), (zero, zero))[0]  # outside the picture there is no state, at any time
            beside, c = states[d].get((i, j - step), (zero, zero))
            sums = (conv.weight * conv.mask)[:, :, 0, 0] @ x[0, i, j] + conv.bias + biases[i, j]
            states[d][i, j] = naive_cell(sums + above @ K[:h] + beside @ K[h:], c)
    out = part(x, told)[0]
    for i, j in itertools.product(range(H), range(W)):
        both = states[0][i, j][0] + states[1].get((i - 1, j), (zero, zero))[0]  # the right-hand one, a row further down
        torch.testing.assert_close(
            out[i, j], (part.widen.weight * part.widen.mask)[:, :, 0, 0] @ both + part.widen.bias
        )


@torch.no_grad()
def test_a_pixel_hears_of_its_own_place_in_a_conditioning_map():
    """The convolution has no loop of its own above: its middle is moved by the map, where the map is not zero."""
    part = scaled(layer("convolution", conditions=3), 3.0)
    x, told = torch.rand(1, 4, 5, 8, dtype=torch.double), torch.zeros(1, 4, 5, 3, dtype=torch.double)
    told[0, 2, 3] = torch.tensor([1.0, -1.0, 2.0])
    plain, moved = part(x, torch.zeros_like(told)), part(x, told)
    assert ((moved != plain).any(-1) == (told != 0).any(-1)).all()
    part.around.bias += part.conditioning.weight @ told[0, 2, 3]
    torch.testing.assert_close(part(x, torch.zeros_like(told))[0, 2, 3], moved[0, 2, 3])


@pytest.mark.parametrize(("H", "W"), [(4, 4), (3, 6), (6, 2), (1, 3)])
def test_skewing_moves_each_row_by_one_more_and_back(H: int, W: int):
    x = torch.rand(2, H, W, 3)
    skewed = skew(x)
    assert skewed.shape == (2, H, W + H - 1, 3)
    for i, t in itertools.product(range(H), range(W + H - 1)):
        expected = x[:, i, t - i] if 0 <= t - i < W else torch.zeros(2, 3)
        assert torch.equal(skewed[:, i, t], expected)
    assert torch.equal(unskew(skewed), x)


# ------------------------------------------------------------------ likelihood


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_all_pictures_sum_to_one(kind: str):
    model = scaled(small(kind, size=3), 3.0)
    pictures = torch.tensor(list(itertools.product((0.0, 1.0), repeat=9)), dtype=torch.double).view(512, 1, 3, 3)
    p = (-model.nll(pictures)).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    assert p.std() > 1e-4  # not all alike


def test_the_probabilities_of_all_levels_of_two_colours_sum_to_one():
    model = scaled(small("convolution", size=1, channels=2, levels=256), 3.0)
    pair = torch.cartesian_prod(torch.arange(256), torch.arange(256)).double().view(-1, 2, 1, 1) / 255
    assert (-model.nll(pair)).exp().sum().item() == pytest.approx(1, abs=1e-9)
    assert model.logits(pair[:3]).shape == (3, 256, 2, 1, 1)


@pytest.mark.parametrize("levels", [2, 256])
def test_logits_lie_where_their_colour_is(levels: int):
    """The bias of one colour's logit moves that one, and no other."""
    model = small("convolution", channels=3, levels=levels)
    x = levels_of(model, 2).float()
    with torch.inference_mode():
        before = model.logits(x)
        model.answer.bias[1 if levels == 2 else 256 + 7] += 1  # green; level 7
        moved = model.logits(x) - before
    expected = torch.zeros_like(before)
    expected[:, 1] = expected[:, 1] if levels == 256 else 1
    if levels == 256:
        expected[:, 7, 1] = 1
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)


# ------------------------------------------------------------------ sampling

SHAPES = [dict(), dict(skip=True), dict(residual=False, skip=True), dict(channels=3), dict(channels=3, levels=256)]


WIDER = [("convolution", dict(kernels=[3, 5, 7])), ("row", dict(kernels=[5, 3, 3], skip=True))]


@pytest.mark.parametrize(("kind", "shape"), [*itertools.product(KINDS, SHAPES), *WIDER], ids=str)
def test_a_visit_of_every_pixel_gives_the_logits_of_the_whole_network(kind: str, shape: dict):
    model = scaled(small(kind, depth=3, **shape), 2.0).float()
    x = levels_of(model, 3).float()
    C, H, W = model.shape
    with torch.inference_mode():
        whole, visit = model.logits(x), Visit(model, torch.zeros(3, C, H, W))
        assert whole.std() > 0.1
        for i, j, c in itertools.product(range(H), range(W), range(C)):
            torch.testing.assert_close(visit.logits(i, j, c), whole[..., c, i, j], atol=1e-5, rtol=1e-5)
            visit.put(i, j, c, x[:, c, i, j])
    assert torch.equal(visit.pictures(), x)


ASKED = [dict(size=12, depth=3), dict(size=6, channels=3, levels=256, skip=True)]
WIDE = ("convolution", dict(size=12, depth=3, kernels=[3, 5, 5]))


@pytest.mark.parametrize(("kind", "shape"), [*itertools.product(KINDS, ASKED), WIDE], ids=str)
def test_samples_are_those_of_the_naive_sampler(kind: str, shape: dict):
    model = scaled(small(kind, **shape), 2.0).float()
    fast, naive = ([*model.grow(3, generator=seeded(4, "z"), naive=slow)] for slow in (False, True))
    assert len(fast) == len(naive) == shape["size"]
    for one, other in zip(fast, naive, strict=True):
        assert torch.equal(one, other)
    assert 0.05 < fast[-1].mean() < 0.95
    assert not torch.equal(fast[-1][0], fast[-1][1])
    assert torch.equal(model.sample(1, generator=seeded(4, "z"))[0], fast[-1][0])  # alone as among others


@pytest.mark.parametrize("kind", KINDS)
def test_samples_come_as_often_as_they_are_likely(kind: str):
    model = scaled(small(kind, size=2), 4.0).float()
    assert frequencies_off(model) < 37.7  # 15 degrees of freedom, 1 in 1,000


def test_levels_come_as_often_as_they_are_likely():
    logits = torch.randn(6, generator=seeded(1, "logits"))
    noise = torch.rand(60_000, generator=seeded(1, "noise"))
    for temperature in (1.0, 0.5):
        found = torch.bincount((chosen(logits.expand(60_000, 6), noise, temperature) * 5).round().long(), minlength=6)
        torch.testing.assert_close(found / 60_000, (logits / temperature).softmax(0), atol=0.008, rtol=0)
    assert chosen(logits[None], noise[:1], 0.0).item() == pytest.approx(logits.argmax().item() / 5)


def test_a_binary_pixel_is_one_as_often_as_its_logit_says():
    noise = torch.rand(60_000, generator=seeded(1, "noise"))
    for logit, temperature in [(-1.0, 0.25), (0.5, 1.0), (2.0, 4.0)]:
        found = (logit > bar(noise, temperature)).double().mean().item()
        assert found == pytest.approx(1 / (1 + math.exp(-logit / temperature)), abs=0.006)
    edges = torch.tensor([0.0, 1 - 2**-24])
    assert (torch.tensor([[0.1, 0.1], [-0.1, -0.1]]) > bar(edges, 0.0)).tolist() == [[True, True], [False, False]]


def test_noise_of_a_picture_is_its_own():
    few, many = (rand_each(n, 5, generator=seeded(0, "z")) for n in (2, 9))
    assert torch.equal(few, many[:2])
    assert ((many >= 0) & (many < 1)).all()
    assert len(many.unique()) == 45


@pytest.mark.parametrize("kind", KINDS)
def test_known_pixels_stay_and_the_rest_follows_from_them(kind: str):
    model = scaled(small(kind), 3.0).float()
    known = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    known[:3], known[5, 2:4] = True, True
    given = torch.randint(0, 2, (1, 1, SIZE, SIZE), generator=seeded(3, "x")).float()
    ask = dict(known=known, generator=seeded(0, "z"))
    *_, one = model.grow(4, given=given, **ask)
    assert torch.equal(one[:, :, known], given[:, :, known].expand(4, 1, -1))
    *_, again = model.grow(4, given=given, known=known, generator=seeded(0, "z"), naive=True)
    assert torch.equal(one, again)
    *_, other = model.grow(4, given=1 - given, known=known, generator=seeded(0, "z"))
    assert not torch.equal(one[:, :, ~known], other[:, :, ~known])


def test_the_smallest_temperature_chooses_as_none_does():
    logits = 9 * torch.randn(50, 256, generator=seeded(0, "logits"))
    noise = torch.rand(50, generator=seeded(0, "luck"))
    for cold in (1e-37, 1e-38, 1e-50):
        assert torch.equal(chosen(logits, noise, cold), chosen(logits, noise, 0.0))


def test_a_picture_grows_row_by_row_and_temperature_zero_needs_no_luck():
    model = scaled(small("row"), 3.0).float()
    moments = list(model.grow(2, generator=seeded(0, "z")))
    for i, moment in enumerate(moments):
        assert torch.equal(moment[:, :, : i + 1], moments[-1][:, :, : i + 1])
        assert not moment[:, :, i + 1 :].any()
    first, second = (model.sample(1, generator=seeded(seed, "z"), temperature=0.0) for seed in (0, 1))
    assert torch.equal(first, second)
    assert torch.equal((model.logits(first) > 0).float(), first)


# ------------------------------------------------------------------ measuring


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [dict(), dict(skip=True), dict(channels=2, levels=256)], ids=str)
def test_the_field_is_where_the_jacobian_is_not_zero_and_grows_layer_by_layer(kind: str, shape: dict):
    model = scaled(small(kind, **shape), 0.5, positive=True).float()
    x = levels_of(model, 1).float()
    fields = field(model, x, 4, 2)
    assert fields.shape == (3, SIZE, SIZE)
    assert model.first.weight.dtype == torch.float32  # it looks at a copy
    counts = (fields > 0).flatten(1).sum(1).tolist()
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    assert torch.equal(fields[-1] > 0, influence(scaled(model, 1.0))[:, 4, 2].any(0).any(0))


def test_the_field_of_one_number_is_its_gradient():
    model = small("convolution")
    x = levels_of(model, 1).float()
    by_hand = x.double().requires_grad_()
    scaled(small("convolution"), 1.0).logits(by_hand)[0, 0, 4, 2].backward()
    torch.testing.assert_close(field(model, x, 4, 2)[-1], by_hand.grad[0, 0].abs())
    with torch.inference_mode():
        torch.testing.assert_close(field(model, x, 4, 2)[-1], by_hand.grad[0, 0].abs())
    with pytest.raises(ValueError, match="must lie in the picture of 7 x 7"):
        field(model, x, 7, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_says_how_the_nats_of_test_pictures_lie_and_how_far_a_pixel_sees(kind: str):
    model = scaled(small(kind), 1.0).float()
    x = levels_of(model, 9).float()
    found = evaluate_pixels(model, iter([{"image": x[:5]}, {"image": x[5:]}]))
    nll = model.nll(x).double()
    assert found["nll"] == pytest.approx(nll.mean().item())
    assert found["n"] == 9
    assert found["nll at 0 %"] == pytest.approx(nll.min().item(), abs=1e-3)
    assert found["nll at 50 %"] == pytest.approx(nll.median().item(), abs=1e-3)
    assert found["nll at 100 %"] == pytest.approx(nll.max().item(), abs=1e-3)
    assert found["before"] == 3 * SIZE + 3
    assert found["receptive_field"] == influence(scaled(small(kind), 0.5, positive=True))[0, 3, 3, 0].sum()
    assert found["sample_seconds"] > 0
    assert found["naive_seconds"] > 0


@pytest.mark.parametrize(
    ("scan", "sums", "weight"),
    [(RowScan, (4, 2, 5, 12), (12, 9)), (RowScan, (2, 2, 3, 8), (8, 10)), (DiagonalScan, (8, 2, 4, 2, 12), (2, 6, 12))],
)
def test_gradients_that_are_written_out_are_those_of_finite_differences(scan: type, sums: tuple, weight: tuple):
    generator = seeded(0, "scan")
    given = [torch.randn(s, generator=generator, dtype=torch.double, requires_grad=True) for s in (sums, weight)]
    assert torch.autograd.gradcheck(scan.apply, given)
