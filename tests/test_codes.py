"""infoGAN: the bound, Q's place in the critic, whom its term moves, and how codes are named and measured."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.gan import build
from core.gan.codes import (
    CLASSES,
    CODES,
    CONTINUOUS,
    GUESSES,
    Guess,
    InfoGAN,
    assigned,
    bounds,
    correlations,
    guess,
    measured,
    random_codes,
    sweep,
    with_numbers,
)
from core.noise import seeded


def small(**options: bool) -> InfoGAN:
    return build(variant="infogan", filters=4, latents=6, **options)


def batch(n: int = 8) -> dict:
    image = torch.rand(n, 1, 32, 32, generator=seeded(0, "image"))
    return {"image": image, "label": torch.arange(n) % 10, "generator": seeded(0, "noise"), "progress": 0.0}


# ------------------------------------------------------------------ the bound, on a channel that is known

OWN, OTHER = 73, 3  # of a hundred pictures of a category: how many show its symbol, and each of the nine others


def channel() -> tuple[Tensor, Tensor]:
    """Categories and the symbols that a noisy generator makes of them, in their exact proportions: (1000,) each."""
    counts = torch.full((CLASSES, CLASSES), OTHER).fill_diagonal_(OWN)
    pairs = [(c, x) for c in range(CLASSES) for x in range(CLASSES) for _ in range(counts[c, x])]
    category, symbol = torch.tensor(pairs).T
    return category, symbol


def information() -> float:
    """I(c; x) of that channel: log 10 minus the entropy of a row."""
    row = [OWN / 100] + [OTHER / 100] * 9
    return math.log(CLASSES) + sum(p * math.log(p) for p in row)


def by_monte_carlo(n: int = 40_000) -> float:
    """The mean of log p(x | c) / p(x) over draws of a code, then of its picture."""
    generator = seeded(0, "channel")
    p = torch.full((CLASSES, CLASSES), OTHER / 100).fill_diagonal_(OWN / 100)
    category = torch.randint(CLASSES, (n,), generator=generator)
    symbol = torch.multinomial(p[category], 1, generator=generator)[:, 0]
    return (p[category, symbol] / p.mean(0)[symbol]).log().mean().item()


def told(category: Tensor, logits: Tensor) -> float:
    """L_I of the category alone."""
    n = len(category)
    codes = with_numbers(category, torch.zeros(n, CONTINUOUS))
    return bounds(codes, Guess(logits, torch.zeros(n, CONTINUOUS), torch.ones(n, CONTINUOUS)))[0].item()


def test_a_trained_q_brings_the_bound_up_to_the_information():
    category, symbol = channel()
    x, q = F.one_hot(symbol, CLASSES).float(), nn.Linear(CLASSES, CLASSES)
    optimizer = torch.optim.Adam(q.parameters(), 0.1)
    before = told(category, q(x))
    for _ in range(300):
        optimizer.zero_grad()
        codes = with_numbers(category, torch.zeros(len(x), CONTINUOUS))
        (-bounds(codes, Guess(q(x), torch.zeros(len(x), 2), torch.ones(len(x), 2)))[0]).backward()
        optimizer.step()
    after = told(category, q(x))
    assert by_monte_carlo() == pytest.approx(information(), abs=0.02)
    assert after == pytest.approx(by_monte_carlo(), abs=0.03)
    assert before < after - 0.5
    assert after <= information() + 1e-5


def test_no_q_brings_it_above_the_information_or_the_entropy():
    category, symbol = channel()
    generator = seeded(0, "guesses")
    posterior = torch.full((CLASSES, CLASSES), OTHER / 100).fill_diagonal_(OWN / 100).log()
    assert told(category, posterior[symbol]) == pytest.approx(information(), abs=1e-5)
    for k in range(60):
        disturbed = posterior + 0.05 * (k + 1) * torch.randn(CLASSES, CLASSES, generator=generator)
        assert told(category, disturbed[symbol]) < information()
    certain = 1000.0 * F.one_hot(category, CLASSES)  # a noiseless generator, and a Q without doubts
    assert told(category, certain) == pytest.approx(math.log(CLASSES), abs=1e-5)


def test_the_numbers_bound_is_right_where_it_is_known():
    """A picture that shows only a number's sign tells log 2 nats; the best Gaussian comes within 0.18 of that."""
    numbers = torch.linspace(-1, 1, 20_001)[:, None].expand(-1, CONTINUOUS)
    codes = with_numbers(torch.zeros(len(numbers), dtype=torch.long), numbers)
    best = Guess(torch.zeros(len(numbers), CLASSES), numbers.sign() / 2, torch.full_like(numbers, 1 / math.sqrt(12)))
    exact = math.log(2) - 0.5 * math.log(2 * math.pi / 12) - 0.5
    assert bounds(codes, best)[1].item() == pytest.approx(CONTINUOUS * exact, abs=1e-3)
    assert exact < math.log(2)
    blind = best._replace(mean=torch.zeros_like(numbers), deviation=torch.full_like(numbers, 1 / math.sqrt(3)))
    assert bounds(codes, blind)[1].item() < 0  # nothing is told, and nothing is claimed


def test_deviations_are_positive_learned_and_not_below_a_floor():
    said = torch.zeros(3, GUESSES)
    said[:, -CONTINUOUS:] = torch.tensor([-50.0, 0.0, 2.0])[:, None]
    deviation = guess(said).deviation[:, 0].tolist()
    assert deviation[0] == pytest.approx(math.exp(-3), rel=1e-3)
    assert deviation[1] == pytest.approx(1, rel=0.06)
    assert deviation[2] == pytest.approx(math.exp(2), rel=0.01)


# ------------------------------------------------------------------ the networks


def test_q_and_d_share_all_layers_but_their_rows_of_the_last():
    model, x = small().eval(), torch.rand(3, 1, 32, 32)
    seen: list[int] = []
    trunk, last = model.critic.layers[:-1], model.critic.layers[-1]
    hook = trunk[-1].register_forward_hook(lambda *_: seen.append(1))
    scores = model.scores(x)
    hook.remove()
    assert seen == [1]  # one pass says both
    assert scores.shape == (3, 1 + GUESSES)
    real, codes = model.realness(x), torch.cat(model.infer(x), 1)
    with torch.no_grad():
        last.weight[1:] += 0.1
    assert torch.equal(model.realness(x), real)
    assert not torch.equal(torch.cat(model.infer(x), 1), codes)
    with torch.no_grad():
        last.weight[1:] -= 0.1
        trunk[0].weight.mul_(1.5)
    assert not torch.equal(model.realness(x), real)
    assert not torch.allclose(torch.cat(model.infer(x), 1), codes)


@pytest.mark.parametrize("rewarded", [True, False])
def test_a_step_on_qs_term_alone_changes_a_generator_that_is_rewarded(rewarded: bool):
    model = small(rewarded=rewarded).train()
    terms = model.generator_loss(batch())
    named = dict(model.generator.named_parameters())
    slopes = torch.autograd.grad(terms["loss"] - terms["objective"], list(named.values()), allow_unused=True)
    moved = [name for name, slope in zip(named, slopes, strict=True) if slope is not None and slope.abs().max() > 0]
    assert moved == (list(named) if rewarded else [])
    assert terms["L_I"].isfinite()  # shown either way


def test_q_learns_in_the_critics_turn_of_both():
    for rewarded in (True, False):
        model = small(rewarded=rewarded).train()
        terms = model.critic_loss(batch())
        (slope,) = torch.autograd.grad(terms["loss"], [model.critic.layers[-1].weight])
        assert slope[1:].abs().amax((1, 2, 3)).min() > 0


def test_what_q_infers_has_its_shapes_and_what_it_cannot_read_gets_a_sentence():
    model = small().eval()
    x = torch.rand(5, 1, 28, 28)
    p, mean, deviation = model.infer(x)
    assert (p.shape, mean.shape, deviation.shape) == ((5, CLASSES), (5, CONTINUOUS), (5, CONTINUOUS))
    torch.testing.assert_close(p.sum(1), torch.ones(5))
    assert deviation.min() > 0
    for part, padded in zip((p, mean, deviation), model.infer(F.pad(x, (2, 2, 2, 2))), strict=True):
        assert torch.equal(part, padded)
    for shape in [(5, 1, 27, 27), (5, 3, 32, 32), (1, 32, 32)]:
        with pytest.raises(ValueError, match="pictures must have shape"):
            model.infer(torch.rand(*shape))


def test_codes_are_drawn_as_the_paper_says_and_by_their_generator():
    codes = random_codes(5000, seeded(1, "codes"))
    assert codes.shape == (5000, CODES)
    assert torch.equal(codes, random_codes(5000, seeded(1, "codes")))
    assert torch.equal(codes[:, :CLASSES].sum(1), torch.ones(5000))
    assert codes[:, :CLASSES].mean(0).sub(0.1).abs().max() < 0.02
    numbers = codes[:, CLASSES:]
    assert -1 <= numbers.min() < -0.99
    assert 0.99 < numbers.max() <= 1
    assert numbers.std(0).sub(1 / math.sqrt(3)).abs().max() < 0.02


def test_a_sweep_turns_one_number_and_goes_through_all_categories():
    codes = sweep(1).view(10, 10, CODES)
    assert torch.equal(codes[:, :, :CLASSES].argmax(2), torch.arange(10).expand(10, 10))
    assert not codes[:, :, CLASSES].any()
    torch.testing.assert_close(codes[:, 3, CLASSES + 1], torch.linspace(-2, 2, 10))


# ------------------------------------------------------------------ what the codes turned out to be


def test_the_assignment_is_the_best_of_all():
    generator = seeded(0, "counts")
    for _ in range(20):
        counts = torch.rand(5, 5, generator=generator)
        best = max(itertools.permutations(range(5)), key=lambda p: sum(counts[i, j].item() for i, j in enumerate(p)))
        assert assigned(counts) == list(best)


def test_the_category_is_matched_to_the_label_of_most_of_its_pictures():
    model = small()
    order = torch.randperm(10, generator=seeded(3, "order"))
    said = torch.zeros(200, GUESSES)
    label = torch.arange(200) % 10
    said[torch.arange(200), order[label]] = 5.0  # Q calls label k category order[k]
    model.count(said, label)
    assert [model.digits()[k] for k in order.tolist()] == list(range(10))
    assert model.met.sum() == 200


def bar(width: int, height: int = 20, lean: float = 0.0) -> Tensor:
    """An upright bar, each of whose rows stands `lean` pixels further right than the one below it."""
    x = torch.zeros(1, 1, 64, 64)
    for k in range(height):
        left = 32 - width // 2 + round(lean * (height / 2 - k))
        x[0, 0, 32 - height // 2 + k, left : left + width] = 1
    return x


def test_slant_width_and_thickness_of_bars():
    slant, width, thickness = (column.tolist() for column in measured(torch.cat([bar(4), bar(8), bar(4, lean=0.5)])).T)
    assert slant == pytest.approx([0, 0, 0.5], abs=0.02)
    assert measured(bar(4, lean=-0.5))[0, 0].item() == pytest.approx(-0.5, abs=0.02)
    uniform = [math.sqrt((n * n - 1) / 12) for n in (4, 8)]  # the deviation of n pixels beside each other
    assert width[:2] == pytest.approx(uniform, rel=0.01)
    assert width[2] == pytest.approx(uniform[0], rel=0.05)  # leaning is not width
    expected = [2 * n * 20 / (2 * (n + 20)) for n in (4, 8)]  # twice the area over the outline
    assert thickness[:2] == pytest.approx(expected, rel=0.03)


def test_a_long_thin_line_is_as_thick_as_it_is():
    assert measured(bar(2, 60))[0, 2].item() == pytest.approx(2, rel=0.06)


def test_correlations_are_within_a_category():
    codes = random_codes(2000, seeded(5, "codes"))
    category, c2 = codes[:, :CLASSES].argmax(1).double(), codes[:, CLASSES].double()
    noise = torch.randn(2000, generator=seeded(5, "noise"), dtype=torch.float64)
    r = correlations(codes, torch.stack((c2 + 100 * category, -c2, noise), 1))
    assert r.shape == (CONTINUOUS, 3)
    assert r[0].tolist() == pytest.approx([1, -1, 0], abs=0.08)
    assert r[1].abs().max() < 0.08
