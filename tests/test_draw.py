"""DRAW against its paper: Eq. 19-29 as naive loops over pixels that count from 1, and torch.distributions."""

import copy
import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from core.draw import (
    ContrastiveDraw,
    Draw,
    DrawClassifier,
    Window,
    evaluate_bound,
    evaluate_error,
    filterbank,
    read_window,
    window,
    write_window,
)
from core.draw.attention import start_in_the_middle
from core.draw.reader import PAIRS, pairs, readable
from core.noise import randn_each


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_window(batch: int, *, size: int, patch: int, seed: int = 0) -> tuple[Tensor, Window]:
    """Five random numbers of a decoder's state (B, 5), and the window they stand for; float64."""
    parameters = 0.7 * torch.randn(batch, 5, dtype=torch.float64, generator=seeded(seed))
    return parameters, window(parameters, size=size, patch=patch)


def make_window(g_x: float, g_y: float, delta: float, sigma: float, gamma: float = 1.0, batch: int = 1) -> Window:
    return Window(*(torch.full((batch, 1), v, dtype=torch.float64) for v in (g_x, g_y, delta, sigma, gamma)))


def small_draw(**changes) -> Draw:
    """A Draw that runs in milliseconds, with canvas and states that are not all zero."""
    torch.manual_seed(0)
    model = Draw(**dict(size=10, read=2, write=3, units=16, latents=6, glimpses=4) | changes)
    with torch.no_grad():
        model.first_canvas.normal_()
        model.first_states.normal_()
    return model


def small_contrastive(seed: int = 0, strength: float = 40, **changes) -> ContrastiveDraw:
    """One of a picture of 2 x 2 pixels, whose latents decide much and whose odds differ."""
    torch.manual_seed(seed)
    sizes = dict(size=2, read=None, write=None, units=8, latents=3, glimpses=2, candidates=3)
    model = ContrastiveDraw(**sizes | changes)
    with torch.no_grad():
        model.write.paint.weight.mul_(8)
        model.posterior.weight.mul_(2)
        model.odds.last.weight.mul_(strength)
    return model


def small_classifier(**changes) -> DrawClassifier:
    torch.manual_seed(0)
    return DrawClassifier(**dict(size=20, read=4, units=16, glimpses=3) | changes)


def binary(batch: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.rand(batch, *(shape or (1, 10, 10)), generator=seeded(seed)).round()


# ------------------------------------------------------------------ Eq. 19-29, as they stand in the paper


def paper_filters(g_tilde: float, log_sigma2: float, log_delta: float, *, size: int, N: int) -> list[list[float]]:
    """F[i][a] of one axis of an A = B = size picture (Eq. 19, 22, 24, 25), i and a counting from 1."""
    g = (size + 1) / 2 * (g_tilde + 1)
    delta = (size - 1) / (N - 1) * math.exp(log_delta)
    F = []
    for i in range(1, N + 1):
        mu = g + (i - N / 2 - 0.5) * delta
        row = [math.exp(-((a - mu) ** 2) / (2 * math.exp(log_sigma2))) for a in range(1, size + 1)]
        F.append([value / sum(row) for value in row])
    return F


def paper_read(x: Tensor, p: list[float], N: int) -> Tensor:
    """gamma F_Y x F_X^T (Eq. 27) of one channel (H, W)."""
    size = len(x)
    F_X = paper_filters(p[0], p[2], p[3], size=size, N=N)
    F_Y = paper_filters(p[1], p[2], p[3], size=size, N=N)
    patch = torch.zeros(N, N, dtype=x.dtype)
    for j, i, b, a in itertools.product(range(N), range(N), range(size), range(size)):
        patch[j, i] += math.exp(p[4]) * F_Y[j][b] * x[b, a] * F_X[i][a]
    return patch


def paper_write(patch: Tensor, p: list[float], size: int) -> Tensor:
    """1 / gamma F_Y^T w F_X (Eq. 29) of one channel (N, N)."""
    N = len(patch)
    F_X = paper_filters(p[0], p[2], p[3], size=size, N=N)
    F_Y = paper_filters(p[1], p[2], p[3], size=size, N=N)
    picture = torch.zeros(size, size, dtype=patch.dtype)
    for b, a, j, i in itertools.product(range(size), range(size), range(N), range(N)):
        picture[b, a] += F_Y[j][b] * patch[j, i] * F_X[i][a] / math.exp(p[4])
    return picture


@pytest.mark.parametrize(("size", "N"), [(9, 2), (8, 3), (7, 5)])
def test_filterbanks_are_the_papers(size: int, N: int):
    parameters, w = random_window(4, size=size, patch=N)
    F_X, F_Y = filterbank(*w[:4], size=size, patch=N)
    for b, p in enumerate(parameters.tolist()):
        for filters, g_tilde in ((F_X, p[0]), (F_Y, p[1])):
            expected = torch.tensor(paper_filters(g_tilde, p[2], p[3], size=size, N=N), dtype=torch.float64)
            torch.testing.assert_close(filters[b], expected)


@pytest.mark.parametrize(("size", "N"), [(9, 2), (6, 3)])
def test_reading_is_the_papers_sum_over_pixels(size: int, N: int):
    parameters, w = random_window(3, size=size, patch=N)
    x = torch.rand(3, 1, size, size, dtype=torch.float64)
    expected = torch.stack([paper_read(x[b, 0], p, N) for b, p in enumerate(parameters.tolist())])
    torch.testing.assert_close(read_window(x, w, N)[:, 0], expected)


@pytest.mark.parametrize(("size", "N"), [(9, 2), (6, 3)])
def test_writing_is_the_papers_sum_over_patch(size: int, N: int):
    parameters, w = random_window(3, size=size, patch=N)
    patch = torch.randn(3, 1, N, N, dtype=torch.float64)
    expected = torch.stack([paper_write(patch[b, 0], p, size) for b, p in enumerate(parameters.tolist())])
    torch.testing.assert_close(write_window(patch, w, size)[:, 0], expected)


# ------------------------------------------------------------------ what a filterbank must be


@pytest.mark.parametrize(("size", "patch"), [(28, 2), (28, 5), (100, 12), (5, 1), (3, 7)])
def test_every_filter_sums_to_one(size: int, patch: int):
    _, w = random_window(50, size=size, patch=patch)
    for filters in filterbank(*w[:4], size=size, patch=patch):
        assert filters.shape == (50, patch, size)
        assert (filters >= 0).all()
        torch.testing.assert_close(filters.sum(-1), torch.ones(50, patch, dtype=torch.float64))


def test_filters_are_centred_where_the_grid_says_and_as_wide_as_sigma():
    """Mean and standard deviation of each filter, measured. An off-by-one stride or a lost square fails here."""
    size, patch = 60, 5
    w = Window(
        g_x=torch.tensor([[30.0], [27.3], [33.9]], dtype=torch.float64),
        g_y=torch.tensor([[25.0], [31.7], [29.5]], dtype=torch.float64),
        delta=torch.tensor([[1.0], [3.7], [5.2]], dtype=torch.float64),
        sigma=torch.tensor([[1.0], [1.3], [2.1]], dtype=torch.float64),
        gamma=torch.ones(3, 1, dtype=torch.float64),
    )
    pixels = torch.arange(size, dtype=torch.float64)
    for filters, g in zip(filterbank(*w[:4], size=size, patch=patch), (w.g_x, w.g_y), strict=True):
        mean = (filters * pixels).sum(-1)  # (3, N)
        expected = torch.stack([g[:, 0] + (i - (patch - 1) / 2) * w.delta[:, 0] for i in range(patch)], 1)
        torch.testing.assert_close(mean, expected, rtol=0, atol=1e-5)
        spread = (filters * (pixels - mean[..., None]).square()).sum(-1).sqrt()
        torch.testing.assert_close(spread, w.sigma.expand(3, patch), rtol=0, atol=1e-5)


def test_a_window_of_zeros_spans_the_picture():
    """Eq. 22-24: the middle of the picture, the outermost filters on the outermost pixels, unit width and strength."""
    w = window(torch.zeros(1, 5), size=28, patch=4)
    assert [value.item() for value in w] == [13.5, 13.5, 9.0, 1.0, 1.0]
    first, last = w.g_x - 1.5 * w.delta, w.g_x + 1.5 * w.delta
    assert (first.item(), last.item()) == (0, 27)


def test_horizontal_and_vertical_are_not_confused():
    """One lit pixel at row 2, column 7 is seen by the window that is centred on x = 7, y = 2, and by no other."""
    picture = torch.zeros(1, 1, 10, 10, dtype=torch.float64)
    picture[0, 0, 2, 7] = 1
    assert read_window(picture, make_window(7, 2, 1, 0.1), 1).item() == pytest.approx(1)
    assert read_window(picture, make_window(2, 7, 1, 0.1), 1).item() == pytest.approx(0)
    written = write_window(torch.ones(1, 1, 1, 1, dtype=torch.float64), make_window(7, 2, 1, 0.1), 10)
    torch.testing.assert_close(written, picture)


@pytest.mark.parametrize("size", [5, 8])
def test_a_grid_as_fine_as_the_picture_reads_and_writes_it_unchanged(size: int):
    middle = (size - 1) / 2
    w = make_window(middle, middle, 1.0, 0.05, gamma=1.7, batch=3)
    x = torch.rand(3, 2, size, size, dtype=torch.float64)
    patch = read_window(x, w, size)
    torch.testing.assert_close(patch, 1.7 * x)
    torch.testing.assert_close(write_window(patch, w, size), x)


@pytest.mark.parametrize(("size", "patch"), [(12, 3), (7, 5)])
def test_writing_is_the_transpose_of_reading(size: int, patch: int):
    """<read(x), p> = gamma^2 <x, write(p)>: reading multiplies by gamma, writing divides by it."""
    _, w = random_window(6, size=size, patch=patch)
    x = torch.randn(6, 2, size, size, dtype=torch.float64)
    p = torch.randn(6, 2, patch, patch, dtype=torch.float64)
    left = (read_window(x, w, patch) * p).sum((1, 2, 3))
    right = (x * write_window(p, w, size)).sum((1, 2, 3)) * w.gamma[:, 0].square()
    torch.testing.assert_close(left, right)


def test_every_channel_gets_the_same_glimpse():
    _, w = random_window(4, size=9, patch=3)
    x = torch.rand(4, 3, 9, 9, dtype=torch.float64)
    together = read_window(x, w, 3)
    for c in range(3):
        torch.testing.assert_close(together[:, c : c + 1], read_window(x[:, c : c + 1], w, 3))
    torch.testing.assert_close(read_window(x[:, :1].expand_as(x), w, 3)[:, 2], read_window(x[:, :1], w, 3)[:, 0])


@pytest.mark.parametrize("g", [-1e6, 13.5, 13.25, 1e6])
@pytest.mark.parametrize("sigma", [1e-4, 1.0, 1e6])
def test_windows_far_out_and_of_extreme_width_stay_finite_with_their_gradients(g: float, sigma: float):
    """In single precision, where exp(-d^2 / 2 sigma^2) of every pixel is 0 and a plain quotient would be 0 / 0."""
    w = Window(*(torch.full((2, 1), v, requires_grad=True) for v in (g, g, 3.0, sigma, 1.0)))
    F_X, F_Y = filterbank(*w[:4], size=28, patch=5)
    x = torch.rand(2, 1, 28, 28)
    patch = read_window(x, w, 5)
    picture = write_window(patch, w, 28)
    for tensor in (F_X, F_Y, patch, picture):
        assert tensor.isfinite().all()
    torch.testing.assert_close(F_X.sum(-1), torch.ones(2, 5))
    picture.square().sum().backward()
    assert all(value.grad is None or value.grad.isfinite().all() for value in w)


def test_the_gradient_moves_a_window_onto_what_there_is_to_see():
    """Five numbers climb the brightness of what they read: the grid must arrive at the blob."""
    pixels = torch.arange(40.0)
    blob = torch.exp(-((pixels - 28) ** 2)[None] / 18 - ((pixels - 12) ** 2)[:, None] / 18)  # row 12, column 28
    free = torch.zeros(1, 3, requires_grad=True)  # g_x, g_y, log sigma^2; stride and strength held
    fixed = torch.tensor([[-2.5, 0.0]])
    optimizer = torch.optim.Adam([free], lr=0.02)
    with torch.no_grad():
        free[0, 2] = math.log(6.0**2)
    for _ in range(150):
        optimizer.zero_grad()
        w = window(torch.cat((free, fixed), 1), size=40, patch=3)
        (-read_window(blob[None, None], w, 3).sum()).backward()
        optimizer.step()
    assert (w.g_x.item(), w.g_y.item()) == pytest.approx((28, 12), abs=0.5)


# ------------------------------------------------------------------ the network in time


def recorded(module: nn.Module, calls: list) -> Callable[..., None]:
    """A hook that keeps (inputs, output) of every call of a module."""
    return module.register_forward_hook(lambda _, inputs, output: calls.append((inputs, output))).remove


@pytest.mark.parametrize("attention", [True, False])
def test_unroll_is_the_algorithm_of_the_paper(attention: bool):
    """Eq. 3-8 and 11 written out again for one picture, with the loops above in place of read and write."""
    model = small_draw(glimpses=3, **({} if attention else dict(read=None, write=None)))
    with torch.no_grad():
        for layer in [model.read.place, model.write.place] if attention else []:
            layer.weight.mul_(3)  # windows that differ from step to step
    x = binary(1)
    steps = model.glimpses(x, generator=seeded(5))
    assert len(steps) == 3

    (noise,) = randn_each(1, 3, 6, generator=seeded(5))
    with torch.no_grad():
        h_enc, c_enc, h_dec, c_dec = (state[None] for state in model.first_states)
        canvas = model.first_canvas
        for step, noise_t in zip(steps, noise, strict=True):
            x_hat = x[0] - 1 / (1 + (-canvas).exp())
            if attention:
                p = model.read.place(h_dec)[0].double().tolist()
                r = torch.cat([paper_read(picture[0].double(), p, 2).flatten() for picture in (x[0], x_hat)])
            else:
                r = torch.cat((x[0].flatten(), x_hat.flatten()))
            h_enc, c_enc = model.encoder(torch.cat((r.float()[None], h_dec), 1), (h_enc, c_enc))
            mu, log_sigma = model.posterior(h_enc).chunk(2, 1)
            q = Normal(mu, log_sigma.exp())
            z = q.mean + q.stddev * noise_t
            h_dec, c_dec = model.decoder(z, (h_dec, c_dec))
            painted = model.write.paint(h_dec)[0]
            if attention:
                p = model.write.place(h_dec)[0].double().tolist()
                painted = paper_write(painted.view(3, 3).double(), p, 10).float()
            canvas = canvas + painted.view(1, 10, 10)
            torch.testing.assert_close(step.canvas[0], canvas, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(step.kl, kl_divergence(q, Normal(0.0, 1.0)).sum(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_encoder_sees_the_picture_and_what_is_missing_from_the_canvas(channels: int):
    model, calls = small_draw(channels=channels), []
    x = binary(2, channels, 10, 10)
    remove = recorded(model.read, calls)
    steps = model.glimpses(x, generator=seeded(0))
    remove()
    canvases = [model.first_canvas.detach().expand_as(x)] + [step.canvas for step in steps]
    assert len(calls) == len(steps) == 4
    for ((seen, x_hat, _), _), canvas in zip(calls, canvases, strict=False):
        torch.testing.assert_close(seen, x)
        torch.testing.assert_close(x_hat, x - canvas.sigmoid())
    for step, canvas in zip(steps, canvases, strict=False):
        expected = torch.cat((x, x - canvas.sigmoid()), 1)
        torch.testing.assert_close(step.read_patch, read_window(expected, step.read, 2))


@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("dreaming", [True, False])
def test_the_canvas_is_the_first_canvas_and_the_sum_of_all_writes(attention: bool, dreaming: bool):
    model = small_draw(**({} if attention else dict(read=None, write=None)))
    steps = model.glimpses(None if dreaming else binary(3), n=3, generator=seeded(0))
    canvas = model.first_canvas.detach().expand(3, 1, 10, 10)
    for step in steps:
        canvas = canvas + step.written
        torch.testing.assert_close(step.canvas, canvas)
        if attention:
            torch.testing.assert_close(step.written, write_window(step.write_patch, step.write, 10))
        else:
            assert (step.read, step.write, step.read_patch, step.write_patch) == (None,) * 4
        if dreaming:
            assert step.read is None
            assert step.kl.tolist() == [0, 0, 0]
    final = model.sample(3, generator=seeded(0)) if dreaming else None
    assert final is None or torch.equal(final, steps[-1].canvas.sigmoid())


@pytest.mark.parametrize("attention", [True, False])
def test_no_state_stays_on_the_module_between_calls(attention: bool):
    """Two pictures in turn through one model, a step of each at a time, as if each had it to itself."""
    model = small_draw(**({} if attention else dict(read=None, write=None)))
    x, y = binary(2, seed=1), binary(3, seed=2)
    before, attributes = copy.deepcopy(model.state_dict()), {m: set(m.__dict__) for m in model.modules()}

    alone = [model.glimpses(x, generator=seeded(1)), model.glimpses(y, generator=seeded(2))]
    with torch.no_grad():
        turns = list(zip(model.unroll(x, generator=seeded(1)), model.unroll(y, generator=seeded(2)), strict=True))
    for first, second, (third, fourth) in zip(*alone, turns, strict=True):
        assert torch.equal(first.canvas, third.canvas)
        assert torch.equal(second.canvas, fourth.canvas)
        assert torch.equal(first.kl, third.kl)
        assert torch.equal(second.kl, fourth.kl)

    assert {m: set(m.__dict__) for m in model.modules()} == attributes
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_gradient_reaches_the_read_head_and_windows_depend_on_the_picture():
    model = small_draw(glimpses=3)
    model.loss({"image": binary(4)})["loss"].backward()
    for place in (model.read.place, model.write.place):
        assert (place.weight.grad.abs().sum(1) > 0).all()
        assert (place.bias.grad != 0).all()
    steps = model.glimpses(binary(4), generator=seeded(0))
    assert torch.equal(steps[0].read.g_x, steps[0].read.g_x[:1].expand(4, 1))  # nothing was seen yet
    assert steps[2].read.g_x.unique().numel() == 4


@pytest.mark.parametrize(("size", "patch"), [(28, 5), (60, 10)])
def test_a_head_writes_what_can_be_seen_from_the_first_step(size: int, patch: int):
    """As numbers in a patch are small before training, one of 1 is written ten times as strong, in the middle."""
    place = nn.Linear(4, 5)
    start_in_the_middle(place, size, patch)
    w = window(place(torch.zeros(1, 4)), size=size, patch=patch)
    written = write_window(torch.ones(1, 1, patch, patch), w, size)[0, 0]
    middle = slice(size // 2 - 2, size // 2 + 2)
    assert written[middle, middle].allclose(torch.tensor(10.0), atol=1.5)
    assert written[:2].abs().max() < 1


def test_windows_start_strong_only_where_that_is_asked_for():
    faint, strong = (Draw(strong_start=start) for start in (False, True))
    seen = [model.read.place.bias[4].exp().item() for model in (faint, strong)]
    assert seen == pytest.approx([1, 10])
    written = [model.glimpses(n=8, generator=seeded(0))[0].written.abs().mean() for model in (faint, strong)]
    assert written[1] > 5 * written[0]


def test_training_learns_the_first_canvas_and_the_first_states():
    for model, names in ((small_draw(), {"first_canvas", "first_states"}), (small_classifier(), {"first_states"})):
        assert names <= dict(model.named_parameters()).keys()
        assert names <= model.state_dict().keys()


def test_training_moves_the_read_window():
    model = small_draw(learning_rate=1e-2)
    x = torch.zeros(8, 1, 10, 10)
    x[:, :, 6:9, 1:4] = binary(8, 1, 3, 3)
    before = torch.cat(model.glimpses(x, generator=seeded(0))[0].read, 1)
    phase = model.phases()[0]
    for _ in range(20):
        phase.optimizer.zero_grad()
        phase.loss({"image": x})["loss"].backward()
        phase.optimizer.step()
    after = torch.cat(model.glimpses(x, generator=seeded(0))[0].read, 1)
    assert ((after - before).abs()[0, :3] > 0.05).all()


def test_a_new_model_looks_inside_the_picture():
    """From zero biases a 2 x 2 grid sits on the four corners, where a digit's picture is empty."""
    torch.manual_seed(0)
    w = Draw(read=2, write=5).glimpses(binary(1, 1, 28, 28), generator=seeded(0))[0].read
    for g in (w.g_x.item(), w.g_y.item()):
        assert g - w.delta.item() / 2 > 3
        assert g + w.delta.item() / 2 < 24
    assert w.sigma.item() > 2


# ------------------------------------------------------------------ the bound


def test_L_z_is_the_kl_of_torch_distributions_and_the_papers_formula():
    """Eq. 11 is 1/2 sum(mu^2 + sigma^2 - log sigma^2) - T/2 for one latent; for z latents the constant is T z / 2."""
    model, calls = small_draw(glimpses=4, latents=6), []
    x = binary(5)
    remove = recorded(model.posterior, calls)
    with torch.no_grad():
        _, L_z = model.bound(x, generator=seeded(0))
    remove()
    mu, log_sigma = torch.stack([output for _, output in calls]).chunk(2, dim=-1)  # (T, B, z)
    expected = kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).sum((0, 2))
    torch.testing.assert_close(L_z, expected)
    formula = 0.5 * (mu**2 + log_sigma.exp() ** 2 - 2 * log_sigma).sum((0, 2)) - 4 * 6 / 2
    torch.testing.assert_close(L_z, formula)
    steps = model.glimpses(x, generator=seeded(0))
    torch.testing.assert_close(L_z, sum(step.kl for step in steps))


@pytest.mark.parametrize(("latents", "glimpses"), [(1, 5), (6, 1), (7, 3)])
def test_a_posterior_that_equals_the_prior_costs_nothing(latents: int, glimpses: int):
    model = small_draw(latents=latents, glimpses=glimpses)
    nn.init.zeros_(model.posterior.weight)
    nn.init.zeros_(model.posterior.bias)
    _, L_z = model.bound(binary(3))
    assert L_z.tolist() == [0, 0, 0]


def test_L_x_is_the_bernoulli_log_probability_of_the_picture():
    model, x = small_draw(), binary(4)
    with torch.no_grad():
        L_x, _ = model.bound(x, generator=seeded(3))
    canvas = model.glimpses(x, generator=seeded(3))[-1].canvas
    torch.testing.assert_close(L_x, -Bernoulli(logits=canvas).log_prob(x).sum((1, 2, 3)))


def test_L_x_of_8_bit_pictures_is_a_probability_of_levels():
    """Over all 256 levels of one pixel, others fixed, the probabilities must sum to one."""
    model = small_draw(levels=256, channels=3)
    canvas = torch.randn(1, 3, 10, 10).expand(256, -1, -1, -1)
    x = torch.randint(0, 256, (1, 3, 10, 10)).div(255).repeat(256, 1, 1, 1)
    x[:, 1, 4, 4] = torch.arange(256) / 255
    with torch.no_grad():
        nll = model.reconstruction_nll(canvas, x).double()
    shares = (nll.min() - nll).exp()
    mean, scale = canvas[0, 1, 4, 4].sigmoid().double(), model.log_scale[1].exp().double().item()
    edges = (torch.arange(257, dtype=torch.float64) - 0.5) / 255
    cdf = ((edges - mean) / scale).sigmoid()
    cdf[0], cdf[-1] = 0, 1
    torch.testing.assert_close(shares / shares.sum(), cdf.diff(), rtol=1e-3, atol=1e-6)


def four_pixels() -> Draw:
    torch.manual_seed(3)
    model = Draw(size=2, read=None, write=None, units=8, latents=3, glimpses=1)
    with torch.no_grad():
        model.write.paint.weight.mul_(8)
        model.posterior.weight.mul_(2)
    return model


def four_pixels_chosen() -> ContrastiveDraw:
    return small_contrastive(seed=3, strength=15, glimpses=1)


@pytest.mark.parametrize(("make", "samples"), [(four_pixels, 20_000), (four_pixels_chosen, 4_000)])
def test_nll_is_no_less_than_minus_log_p_of_x(make: Callable[[], Draw], samples: int):
    """A picture of four pixels: p(x) of all sixteen by sampling the prior, and the bound of each above it."""
    model = make()
    pictures = torch.tensor([[i >> bit & 1 for bit in range(4)] for i in range(16)]).float().view(16, 1, 2, 2)
    probabilities = model.sample(samples, generator=seeded(0)).flatten(1)  # (S, 4)
    log_p = Bernoulli(probabilities[:, None]).log_prob(pictures.flatten(1)).sum(-1).exp().mean(0).log()  # (16,)
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-4)
    bound = model.nll(pictures.repeat_interleave(500, 0), generator=seeded(1)).view(16, 500).mean(1)
    assert (bound > -log_p - 0.02).all()
    assert (bound + log_p).mean() < 1.0  # a bound, and not a loose one


@pytest.mark.parametrize("attention", [True, False])
def test_nll_loss_and_bound_agree(attention: bool):
    model, x = small_draw(**({} if attention else dict(read=None, write=None))), binary(3)
    L_x, L_z = model.bound(x, generator=seeded(0))
    torch.testing.assert_close(model.nll(x, generator=seeded(0)), (L_x + L_z).detach())
    terms = model.loss({"image": x, "generator": seeded(4)})
    noise = torch.randn(model.n_glimpses, 3, model.latents, generator=seeded(4))  # of a whole batch at once
    L_x, L_z = model.bound_of(x, model.run(x, noise))
    torch.testing.assert_close(terms["loss"], (L_x + L_z).mean())
    torch.testing.assert_close(terms["L_x"] + terms["L_z"], terms["loss"])


def test_the_curriculum_picks_the_number_of_glimpses_by_progress():
    model, calls = small_draw(glimpses=7, curriculum=[[0.4, 2], [0.8, 5]]), []
    remove = recorded(model.encoder, calls)
    seen = {}
    for progress in (0.0, 0.39, 0.4, 0.79, 0.8, 1.0, None):
        calls.clear()
        model.loss({"image": binary(2)} | ({} if progress is None else {"progress": progress}))
        seen[progress] = len(calls)
    calls.clear()
    model.nll(binary(2))
    with pytest.raises(ValueError, match="must be 0 or 1"):
        model.nll(0.5 * binary(2))
    with pytest.raises(ValueError, match="256 levels must be whole multiples of 1 / 255"):
        small_draw(levels=256).nll(0.5 * binary(2))
    remove()
    assert seen == {0.0: 2, 0.39: 2, 0.4: 5, 0.79: 5, 0.8: 7, 1.0: 7, None: 7}
    assert len(calls) == 7  # what is measured is the whole model


@pytest.mark.parametrize("levels", [2, 256])
def test_evaluate_bound_weighs_every_picture_alike(levels: int):
    """Batches of 5 and 1; zero posteriors and writes make the bound a known number for each picture."""
    model = small_draw(levels=levels)
    for layer in (model.posterior, model.write.paint):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    x = binary(6)
    found = evaluate_bound(model, [{"image": x[:5]}, {"image": x[5:]}])
    with torch.no_grad():
        expected = model.reconstruction_nll(model.first_canvas.expand_as(x), x).mean().item()
    assert found["n"] == 6
    assert (found["nll"], found["L_x"], found["L_z"]) == pytest.approx((expected, expected, 0), rel=1e-5)
    if levels == 256:
        assert found["bits_per_dim"] == pytest.approx(expected / 100 / math.log(2), rel=1e-5)
    else:
        assert "bits_per_dim" not in found


# ------------------------------------------------------------------ sampling and bad input


@pytest.mark.parametrize("changes", [{}, dict(read=None, write=None), dict(channels=3, levels=256)])
def test_the_generator_alone_decides_the_sample(changes: dict):
    model = small_draw(**changes)
    torch.manual_seed(1)
    first = model.sample(5, generator=seeded(7))
    torch.manual_seed(2)
    assert torch.equal(model.sample(5, generator=seeded(7)), first)
    assert not torch.equal(model.sample(5, generator=seeded(8)), first)
    assert first.shape == (5, *model.shape)
    assert first.min() >= 0
    assert first.max() <= 1
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("latents", [6, 100])
@pytest.mark.parametrize("dreaming", [True, False])
def test_the_first_of_sixteen_pictures_is_the_one_that_is_made_alone(latents: int, dreaming: bool):
    model, x = small_draw(latents=latents), None if dreaming else binary(16)
    many = model.glimpses(x, n=16, generator=seeded(7))
    alone = model.glimpses(x if dreaming else x[:1], generator=seeded(7))
    three = model.glimpses(x if dreaming else x[:3], n=3, generator=seeded(7))
    for a, b, c in zip(many, alone, three, strict=True):
        torch.testing.assert_close(a.canvas[:1], b.canvas)
        torch.testing.assert_close(a.canvas[:3], c.canvas)
        torch.testing.assert_close(a.kl[:1], b.kl)
    apart = [(many[-1].canvas[0] - other).abs().max() for other in many[-1].canvas[1:]]
    assert min(apart) > 1e-3


@pytest.mark.parametrize("name", ["size", "channels", "read", "write", "units", "latents", "glimpses"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3"])
def test_draw_refuses_a_bad_size_by_name(name: str, value: object):
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        Draw(**{name: value})


@pytest.mark.parametrize("name", ["size", "channels", "read", "units", "glimpses", "classes"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, None])
def test_classifier_refuses_a_bad_size_by_name(name: str, value: object):
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        DrawClassifier(**{name: value})


@pytest.mark.parametrize("value", [0, 1, 3, 255, True, "2", None])
def test_draw_refuses_levels_other_than_2_and_256(value: object):
    with pytest.raises(ValueError, match=r"^levels must be"):
        Draw(levels=value)


@pytest.mark.parametrize("n", [0, -2, 1.5])
def test_sample_refuses_a_bad_number(n: object):
    with pytest.raises(ValueError, match=r"^n must be"):
        small_draw().sample(n)


# ------------------------------------------------------------------ the classifier


def test_the_classifiers_answer_is_that_of_its_last_glimpse():
    model, x = small_classifier(), torch.rand(4, 1, 20, 20)
    looks = model.glimpses(x)
    assert len(looks) == 3
    assert looks[0].read_patch.shape == (4, 1, 4, 4)
    torch.testing.assert_close(looks[-1].probabilities, model.logits(x).softmax(1).detach())
    for look in looks:
        torch.testing.assert_close(look.probabilities.sum(1), torch.ones(4))
        torch.testing.assert_close(look.read_patch, read_window(x, look.read, 4))


def test_fewer_glimpses_are_the_first_of_more():
    model, short = small_classifier(glimpses=5), small_classifier(glimpses=2)
    short.load_state_dict(model.state_dict())
    x = torch.rand(3, 1, 20, 20)
    torch.testing.assert_close(model.glimpses(x)[1].probabilities, short.glimpses(x)[1].probabilities)


def test_pictures_of_a_batch_do_not_see_each_other():
    model, x = small_classifier(channels=3).double(), torch.rand(6, 3, 20, 20, dtype=torch.float64)
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    scores = model.logits(x)
    torch.testing.assert_close(model.logits(x[order]), scores[order])
    torch.testing.assert_close(model.logits(x[2:3]), scores[2:3])


def test_pictures_of_a_draw_batch_do_not_see_each_other():
    """The gradient of one picture's bound with respect to another picture is zero."""
    model, x = small_draw(), binary(3).requires_grad_()
    sum(model.bound(x, generator=seeded(0)))[1].backward()
    assert x.grad[1].abs().sum() > 0
    assert x.grad[[0, 2]].abs().sum() == 0


def test_classifier_loss_is_cross_entropy_and_error_the_share_of_wrong_answers():
    model, x = small_classifier(), torch.rand(8, 1, 20, 20)
    label = model.logits(x).argmax(1)
    label[:2] = (label[:2] + 1) % 10
    terms = model.loss({"image": x, "label": label})
    log_p = model.logits(x).softmax(1).log()
    torch.testing.assert_close(terms["loss"], -sum(log_p[i, label[i]] for i in range(8)) / 8)
    assert terms["error"].item() == pytest.approx(0.25)
    batches = [{"image": x[:7], "label": label[:7]}, {"image": x[7:], "label": label[7:]}]
    assert evaluate_error(model, batches) == {"error": pytest.approx(25.0), "n": 8}


# ------------------------------------------------------------------ a prior that was learned afterwards


def test_the_first_candidate_is_what_draw_itself_would_dream():
    model = small_contrastive(latents=6)
    choices = list(model.choices(3, generator=seeded(4)))
    assert [choice.z.shape for choice in choices] == [(3, 2, 6)] * 3
    assert torch.equal(torch.stack([choice.z[0] for choice in choices]), Draw.prior(model, 3, 2, seeded(4)))
    kept = torch.stack([choice.pages[choice.kept] for choice in choices])
    torch.testing.assert_close(kept, model.sample(3, generator=seeded(4)))
    assert len({choice.kept for choice in model.choices(40, generator=seeded(5))}) == 3


def test_candidates_are_kept_in_proportion_to_their_odds():
    """The mean page, against that of 3,000 times twenty draws of the plain prior, each weighed by its r."""
    model = small_contrastive(candidates=20)
    plain = model.painted(None, Draw.prior(model, 60_000, 2, seeded(1)).transpose(0, 1)).detach()
    pages, r = plain.sigmoid().view(3_000, 20, 4), model.log_odds(plain).detach().double().exp().view(3_000, 20, 1)
    weighed, before = (r * pages).sum(1) / r.sum(1), pages.mean((0, 1))
    found = model.sample(3_000, generator=seeded(2)).flatten(1)
    error = (found.var(0) + weighed.var(0)).sqrt() / 3_000**0.5
    assert ((found.mean(0) - weighed.mean(0)).abs() < 4 * error).all()
    assert ((found.mean(0) - before).abs() > 8 * error).any()  # else this would say nothing


def test_the_odds_add_to_the_bound_what_the_kept_one_of_all_candidates_is_surprised_by():
    model, x = small_contrastive(), binary(5, 1, 2, 2)
    steps, generator = list(model.unroll(x, generator=seeded(3))), seeded(3)
    L_x, L_z = model.bound_of(x, steps)
    randn_each(5, 2, 3, generator=generator)
    others = model.painted(None, randn_each(2, 2, 3, generator=generator).transpose(0, 1))
    r, r_others = (model.log_odds(canvas).double().exp() for canvas in (steps[-1].canvas, others))
    expected = [math.log((mine + r_others.sum().item()) / 3 / mine) for mine in r.detach()]
    found = model.bound(x, generator=seeded(3))
    torch.testing.assert_close(found[0], L_x)
    torch.testing.assert_close(found[1] - L_z, torch.tensor(expected))
    assert max(expected) - min(expected) > 0.1


def test_a_page_and_its_pair_of_digits_are_learned_together():
    """The loss is -log r(z, y), less the mean of r(z) over a copy and all dreams."""
    model, x, label = small_contrastive(), binary(5, 1, 2, 2), torch.tensor([[3, 1], [0, 0], [9, 9], [1, 3], [4, 5]])
    terms = model.loss({"image": x, "label": label, "generator": seeded(2)})
    noise = torch.randn(2, 10, 3, generator=seeded(2))
    with torch.no_grad():
        copied, dreamed = model.painted(x, noise[:, :5]), model.painted(None, noise[:, 5:])
        copies, dreams = model.scores(copied).double(), model.scores(dreamed).double()
    rows = [PAIRS.index(tuple(sorted(pair.tolist()))) for pair in label]
    r, others = copies.exp().sum(1), dreams.exp().sum()
    expected = [math.log((r[k] + others) / 6) - copies[k, row] for k, row in enumerate(rows)]
    torch.testing.assert_close(terms["loss"].double(), sum(expected) / 5, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.log_odds(copied).double(), r.log(), rtol=1e-4, atol=1e-4)
    assert terms["pair"] > 0


@pytest.mark.parametrize("filters", [0, 6, 1.5])
def test_the_filters_that_choose_come_in_groups(filters: object):
    with pytest.raises(ValueError, match=r"^odds_filters must be"):
        small_contrastive(odds_filters=filters)


def test_out_of_one_candidate_there_is_no_choice():
    with pytest.raises(ValueError, match=r"^candidates must be at least 2, got 1"):
        small_contrastive(candidates=1)


def test_what_is_learned_of_copies_and_dreams_lowers_the_bound_of_other_pictures():
    model = small_contrastive(size=10, units=16, candidates=33)  # as many as `loss` takes of 32
    with torch.no_grad():
        model.posterior.bias[:3] += 1  # the encoder's latents lie where the prior's seldom do
    frozen = {key: value.clone() for key, value in model.state_dict().items() if not key.startswith("odds")}
    (phase,), label = model.phases(), torch.zeros(32, 2).long()
    for step in range(60):
        terms = model.loss({"image": binary(32, seed=step), "label": label, "generator": seeded(step)})
        phase.optimizer.zero_grad()
        terms["loss"].backward()
        phase.optimizer.step()
    assert all(torch.equal(model.state_dict()[key], value) for key, value in frozen.items())
    x = binary(200, seed=1000)
    gains = torch.stack(
        [
            (model.nll(y, generator=seeded(k)) - sum(Draw.bound(model, y, generator=seeded(k)))).mean()
            for k in range(99)
            for y in [x[k : k + 32]]
        ]
    )
    batches = [{"image": x[k : k + 32], "label": label, "generator": seeded(k)} for k in range(99)]
    losses = [model.loss(batch)["added"].item() for batch in batches]
    assert gains.mean() < -1
    assert gains.mean().item() == pytest.approx(sum(losses) / len(losses), abs=0.2)


# ------------------------------------------------------------------ two digits, read


def test_every_pair_of_digits_has_a_row_of_its_own_in_either_order():
    rows = pairs(torch.tensor([(a, b) for a in range(10) for b in range(10)]))
    assert [PAIRS[row] for row in rows] == [(min(a, b), max(a, b)) for a in range(10) for b in range(10)]


def test_a_page_is_readable_where_one_pair_is_likelier_than_all_others():
    class Sure(nn.Module):
        """Gives the first pair the probability that stands in a page's first pixel."""

        def logits(self, page: Tensor) -> Tensor:
            p = page[:, 0, 0, 0, None].double()
            return torch.cat((p, (1 - p).expand(-1, 54) / 54), 1).log()

    pages = [torch.full((1, 1, 2, 2), p) for p in (0.9, 0.51, 0.49, 0.1)]
    assert readable(Sure(), pages) == 50
