"""infoGAN: the bound against what it bounds, a trunk that is shared, and measures of pictures drawn by hand."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from core.gan import build
from core.gan.codes import (
    CLASSES,
    CODES,
    GUESSES,
    Guess,
    InfoGAN,
    agreement,
    assigned,
    bounds,
    correlations,
    distorted,
    guess,
    measured,
    random_codes,
    sweep,
    with_numbers,
)
from core.noise import first_weights, seeded
from core.train import update


def small(**options: object) -> InfoGAN:
    with first_weights(seeded(0, "weights")):
        return build(variant="infogan", filters=4, latents=6, **options)


def a_batch(n: int = 8) -> dict:
    image = torch.rand(n, 1, 32, 32, generator=seeded(1, "pictures"))
    return {"image": image, "label": torch.arange(n) % 10, "progress": 0.0, "generator": seeded(1, "noise")}


# ------------------------------------------------------------------ the bound


def channel(symbols: int = 4) -> Tensor:
    """p(x | c) for ten categories and a few pictures x: (10, symbols)."""
    return (2 * torch.randn(CLASSES, symbols, generator=seeded(2, "channel"))).softmax(1).double()


def through(p: Tensor, n: int = 200_000) -> tuple[Tensor, Tensor]:
    """Codes as in training, and for each the picture that a noise z picks from p(x | c)."""
    codes = random_codes(n, seeded(3, "codes"))
    x = torch.multinomial(p[codes[:, :CLASSES].argmax(1)], 1, generator=seeded(3, "z"))[:, 0]
    return codes, x


def information(codes: Tensor, x: Tensor) -> float:
    """I(c; x) in nats by counting how often each category and picture came together."""
    joint = torch.zeros(CLASSES, int(x.max()) + 1, dtype=torch.float64)
    joint.index_put_((codes[:, :CLASSES].argmax(1), x), torch.tensor(1.0, dtype=torch.float64), accumulate=True)
    joint /= joint.sum()
    apart = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return (joint * (joint / apart).clamp(min=1e-12).log()).sum().item()


def knowing(logits: Tensor) -> Guess:
    """A guess with these logits, and no idea of the numbers."""
    return Guess(logits.float(), torch.zeros(len(logits), 2), torch.ones(len(logits), 2))


def test_with_the_true_posterior_the_bound_is_the_mutual_information():
    p = channel()
    codes, x = through(p)
    posterior = (p / p.sum(0)).T[x]  # p(c | x), each c as likely as the others
    bound, _ = bounds(codes, knowing(posterior.log()))
    assert bound.item() == pytest.approx(information(codes, x), abs=0.01)
    assert 0.2 < bound < math.log(CLASSES)


def test_any_other_guess_stays_below_by_its_divergence_from_the_posterior():
    p = channel()
    codes, x = through(p)
    logits = torch.randn(p.shape[1], CLASSES, generator=seeded(4, "guess")).double()
    posterior, shares = (p / p.sum(0)).T, p.mean(0)
    divergence = (posterior * (posterior.log() - logits.log_softmax(1))).sum(1) @ shares
    bound, _ = bounds(codes, knowing(logits[x]))
    assert bound.item() == pytest.approx(information(codes, x) - divergence.item(), abs=0.02)


@pytest.mark.parametrize("sureness", [0.0, 1.0, 30.0])
def test_the_bound_is_never_above_the_entropy_and_at_most_0_where_pictures_say_nothing(sureness: float):
    codes = random_codes(50_000, seeded(5, "codes"))
    right = sureness * codes[:, :CLASSES]
    assert bounds(codes, knowing(right))[0] <= math.log(CLASSES) + 1e-5
    blind = sureness * torch.randn(len(codes), CLASSES, generator=seeded(5, "guess"))
    said = torch.cat((blind, torch.randn(len(codes), 4, generator=seeded(6, "guess"))), 1)
    category, numbers = bounds(codes, guess(said))
    assert category <= 0.02
    assert (numbers <= 0).all()
    if not sureness:
        assert category.item() == pytest.approx(0, abs=1e-5)


def test_the_bound_of_numbers_is_that_of_a_noisy_reading():
    """x = c + noise: I(c; x) is log 2 less the noise's entropy for each number, where the noise is small."""
    deviation = 0.05
    codes = random_codes(100_000, seeded(7, "codes"))
    x = codes[:, CLASSES:] + deviation * torch.randn(len(codes), 2, generator=seeded(7, "noise"))
    _, bound = bounds(codes, Guess(torch.zeros(len(codes), CLASSES), x, torch.full_like(x, deviation)))
    each = math.log(2) - 0.5 * math.log(2 * math.pi * math.e * deviation**2)
    assert bound.tolist() == pytest.approx([each, each], abs=0.01)


def test_two_views_agree_on_log_k_at_best_and_on_0_where_they_say_nothing_of_each_other():
    category = torch.arange(1000) % CLASSES
    sure = 30.0 * torch.nn.functional.one_hot(category, CLASSES)
    assert agreement(sure, sure).item() == pytest.approx(math.log(CLASSES), abs=1e-3)
    assert agreement(sure, sure.roll(1, 1)).item() == pytest.approx(math.log(CLASSES / 2), abs=1e-3)  # either of two
    assert agreement(sure, sure[torch.randperm(1000, generator=seeded(9, "order"))]).item() < 0.1
    assert agreement(sure[:1].expand(50, -1), sure[:1].expand(50, -1)).item() == pytest.approx(0, abs=1e-4)
    half = torch.where(category[:, None] < 5, sure[:1], sure[1:2])  # one bit
    assert agreement(half, half).item() == pytest.approx(math.log(2), abs=1e-3)


def test_a_distorted_picture_is_near_the_first_and_stays_on_the_page():
    x = bar(rows=10).expand(400, -1, -1, -1)
    seen = distorted(x, seeded(0, "distorted"))
    assert seen.shape == x.shape
    assert not torch.equal(seen[0], seen[1])
    moments = measured(seen)
    assert moments[:, 0].abs().max() < 0.8
    assert moments[:, 0].std() > 0.15
    assert seen.sum((1, 2, 3)).div(x.sum((1, 2, 3))).sub(1).abs().max() < 0.45  # 1.15 squared either way
    assert torch.equal(distorted(x, seeded(0, "distorted")), seen)


def test_numbers_are_read_off_grainy_pictures_and_the_category_is_not():
    plain, grainy = small(grain=0.0), small(grain=0.7)
    x = torch.rand(3, *plain.shape, generator=seeded(5, "x"))
    with torch.no_grad():
        scores = plain.eval().scores(x)
        read = [each.eval().read(scores, x, seeded(6, "grain")) for each in (plain, grainy)]
    assert torch.equal(read[0][:, :CLASSES], read[1][:, :CLASSES])
    noisy = x + 0.7 * torch.randn(x.shape, generator=seeded(6, "grain"))
    expected = grainy.scores(noisy)[:, 1 + CLASSES :].detach()
    torch.testing.assert_close(read[1][:, CLASSES:], expected, rtol=1e-4, atol=1e-7)
    assert not torch.allclose(read[0][:, CLASSES:], read[1][:, CLASSES:], atol=1e-5)


def test_infogan_says_that_it_knows_no_moved_pictures():
    with pytest.raises(ValueError, match="it knows no moved ones"):
        small(moved=True)


def test_what_is_distorted_teaches_the_critic_and_the_generator():

    losses = {}
    for alike in (0.0, 1.0):
        model = small(alike=alike)
        terms = model.critic_loss(a_batch())
        assert ("alike" in terms) == bool(alike)
        losses[alike] = torch.autograd.grad(terms["loss"], list(model.critic.parameters()))[-1]
    assert not torch.allclose(losses[0.0], losses[1.0], rtol=1e-2)
    model = small(alike=2.0)
    terms, (first, second, *_) = model.critic_loss(a_batch()), model.weights.tolist()
    informed = terms["objective"] - first * terms["L_I"] - second * terms["L_I numbers"]
    assert terms["loss"].item() == pytest.approx((informed - 2 * terms["alike"]).item(), rel=1e-5)
    one, none = gradients_of_generator(small(alike=1.0)), gradients_of_generator(small())
    assert not torch.allclose(one[0], none[0], rtol=1e-2)


def test_a_guess_is_of_distributions_whose_width_is_bounded_from_below():
    found = guess(torch.tensor([[*range(CLASSES), 0.5, -0.5, -1000.0, 1.0]], dtype=torch.float32))
    assert found.logits.tolist() == [list(range(CLASSES))]
    assert found.mean.tolist() == [[0.5, -0.5]]
    assert found.deviation[0, 0].item() == pytest.approx(math.exp(-3))
    assert found.deviation[0, 1].item() == pytest.approx(math.e, rel=0.02)


# ------------------------------------------------------------------ the networks


def test_q_has_nothing_of_its_own_but_its_rows_of_the_last_layer():
    model = small()
    assert {name.split(".")[0] for name, _ in model.named_parameters()} == {"generator", "critic"}
    *trunk, last = [p for p in model.critic.parameters() if p.ndim == 4]
    assert last.shape[0] == 1 + GUESSES
    said = model.critic(torch.rand(4, 1, 32, 32, generator=seeded(0, "x")))
    for outputs in (said[:, 0], said[:, 1:]):  # D's answer, then Q's
        gradients = torch.autograd.grad(outputs.square().sum(), trunk, retain_graph=True)
        assert all(gradient.abs().max() > 0 for gradient in gradients)


def gradients_of_generator(model: InfoGAN) -> list[Tensor]:
    loss = model.generator_loss(a_batch())["loss"]
    return torch.autograd.grad(loss, list(model.generator.parameters()))


def test_what_q_says_moves_the_generator_unless_it_is_not_rewarded():
    one, none = small(), small(rewarded=False)
    apart = zip(gradients_of_generator(one), gradients_of_generator(none), strict=True)
    assert all(not torch.allclose(a, b, rtol=1e-3) for a, b in apart)
    free = small(weights=(0.0, 0.0))  # no information in either loss: the plain game
    same = zip(gradients_of_generator(free), gradients_of_generator(none), strict=True)
    assert all(torch.allclose(a, b) for a, b in same)


def test_both_players_gain_lambda_times_the_bound():
    model = small(weights=(0.7, 0.2))
    for turn in (model.critic_loss, model.generator_loss):
        terms = turn(a_batch())
        bound = 0.7 * terms["L_I"] + 0.2 * terms["L_I numbers"]
        assert terms["loss"].item() == pytest.approx((terms["objective"] - bound).item(), rel=1e-5)


def test_each_number_has_a_lambda_of_its_own():
    codes, said = random_codes(64, seeded(1, "codes")), torch.randn(64, 14, generator=seeded(1, "said"))
    category, (c2, c3) = bounds(codes, guess(said))
    loss, _ = small(weights=(1.0, 0.8, 0.3)).terms(said, codes)
    assert loss.item() == pytest.approx(-(category + 0.8 * c2 + 0.3 * c3).item(), rel=1e-5)


def test_lambdas_come_up_from_0():
    model = small(weights=(1.0, 0.5, 0.5), warm=0.2)
    expected = {0.0: [0, 0, 0], 0.1: [0.25, 0.125, 0.125], 0.3: [1, 0.5, 0.5], 0.8: [1, 0.5, 0.5]}
    for progress, lambdas in expected.items():
        assert model.lambdas(progress).tolist() == pytest.approx(lambdas)
        assert model.lambdas(torch.tensor(progress)).tolist() == pytest.approx(lambdas)
        for turn in (model.critic_loss, model.generator_loss):
            terms = turn(a_batch() | {"progress": progress})
            rest = terms["loss"] - terms["objective"]
            if lambdas[0] == 0:
                assert rest.item() == pytest.approx(0, abs=1e-6)
            else:
                bound = lambdas[0] * terms["L_I"] + lambdas[1] * terms["L_I numbers"]
                assert rest.item() == pytest.approx(-bound.item(), rel=1e-4)
    assert small(weights=(1.0, 0.1)).lambdas(0.0).tolist() == pytest.approx([1.0, 0.1])


def test_in_the_generators_turn_only_the_generator_moves():
    model = small()
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    update(model.phases()[1], a_batch())
    moved = {key.split(".")[0] for key, p in model.named_parameters() if not torch.equal(p, before[key])}
    assert moved == {"generator"}


def test_a_step_on_the_bound_alone_raises_it():
    model = small()
    phase = model.phases()[1]
    phase.loss = lambda batch: {"loss": -model.generator_loss(batch)["L_I"]}
    found = [-update(phase, a_batch())["generator loss"] for _ in range(12)]
    assert found[-1] > found[0] + 0.01


# ------------------------------------------------------------------ use


def test_codes_of_pictures_of_28_and_of_32_pixels():
    model = small().eval()
    x = torch.rand(3, 1, 28, 28, generator=seeded(0, "x"))
    probabilities, mean, deviation = model.infer(x)
    assert (probabilities.shape, mean.shape, deviation.shape) == ((3, 10), (3, 2), (3, 2))
    assert torch.allclose(probabilities.sum(1), torch.ones(3))
    assert (deviation > 0).all()
    again = model.infer(torch.nn.functional.pad(x, (2, 2, 2, 2)))
    assert all(torch.equal(a, b) for a, b in zip((probabilities, mean, deviation), again, strict=True))
    with pytest.raises(ValueError, match="pictures must have shape"):
        model.infer(x[..., :20])


def test_pictures_of_chosen_codes_and_a_sentence_for_those_that_are_none():
    model = small().eval()
    z = torch.randn(2, model.latents, generator=seeded(0, "z"))
    category, numbers = torch.tensor([3, 9]), torch.tensor([[0.0, -2.0], [1.0, 10.0]])
    made = model.generate(z, category, numbers)
    assert torch.equal(made, model.pictures(z, with_numbers(category, numbers)))
    for far in (10.5, -11.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="codes must lie between -10 and 10"):
            model.generate(z, category, torch.full((2, 2), far))
    with pytest.raises(ValueError, match="categories must lie between 0 and 9"):
        model.generate(z, torch.tensor([3, 10]), numbers)


def test_codes_in_training_are_one_category_and_two_numbers_in_their_range():
    codes = random_codes(5000, seeded(0, "codes"))
    assert codes.shape == (5000, CODES)
    assert torch.equal(codes[:, :CLASSES].sum(1), torch.ones(5000))
    assert codes[:, :CLASSES].mean(0).sub(0.1).abs().max() < 0.02
    numbers = codes[:, CLASSES:]
    assert numbers.abs().max() <= 1
    assert numbers.mean(0).abs().max() < 0.05
    assert numbers.var(0).sub(1 / 3).abs().max() < 0.02


def test_a_sweep_changes_one_number_down_and_the_category_across():
    codes = sweep(1).view(10, 10, CODES)
    assert torch.equal(codes[:, :, :CLASSES].argmax(2), torch.arange(10).expand(10, -1))
    assert torch.allclose(codes[:, 4, CLASSES + 1], torch.linspace(-2, 2, 10))
    assert codes[:, :, CLASSES].abs().max() == 0


# ------------------------------------------------------------------ what codes turned out to do


def test_each_category_gets_a_digit_of_its_own_so_that_most_pictures_agree():
    for seed in range(5):
        counts = torch.rand(6, 6, generator=seeded(seed, "counts"))
        found = assigned(counts)
        best = max(itertools.permutations(range(6)), key=lambda order: sum(counts[i, j] for i, j in enumerate(order)))
        assert found == list(best)


def test_categories_are_named_by_the_pictures_of_training_that_q_put_into_them():
    model = small()
    said = torch.zeros(CLASSES, GUESSES)
    said[:, :CLASSES] = 9 * torch.eye(CLASSES)
    label = (torch.arange(CLASSES) * 3 + 1) % 10  # category k is the digit 3 k + 1
    for _ in range(3):
        model.count(said, label)
    assert model.digits() == label.tolist()
    assert model.met.sum() == pytest.approx(10 * (1 + 0.998 + 0.998**2))


def bar(slant: float = 0.0, wide: float = 3.0, rows: int = 16) -> Tensor:
    """A bar on 32 x 32, each row moved by `slant` for each row up, with soft sides: (1, 1, 32, 32)."""
    up = 15.5 - torch.arange(32.0)[:, None]
    distance = (torch.arange(32.0)[None] - 15.5 - slant * up).abs()
    return ((wide / 2 + 0.5 - distance).clamp(0, 1) * (up.abs() <= rows / 2))[None, None]


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.25])
def test_slant_is_how_far_a_row_moves_for_each_row_up(slant: float):
    found = measured(bar(slant))[0]
    assert found[0].item() == pytest.approx(slant, abs=0.01)
    assert found[1].item() == pytest.approx(measured(bar())[0, 1].item(), abs=0.05)  # the width is of the upright bar


def test_width_and_thickness_grow_with_a_bar():
    found = torch.cat([measured(bar(wide=wide, rows=24)) for wide in (2.0, 3.0, 4.0)])
    assert found[:, 1].tolist() == pytest.approx([wide / math.sqrt(12) for wide in (2, 3, 4)], abs=0.12)
    ends = [wide * 24 / (wide + 24) for wide in (2, 3, 4)]  # both ends are edges, too
    assert found[:, 2].tolist() == pytest.approx(ends, rel=0.02)


def test_a_ring_is_wide_but_thin():
    y, x = torch.meshgrid(torch.arange(32.0) - 15.5, torch.arange(32.0) - 15.5, indexing="ij")
    ring = ((y.square() + x.square()).sqrt() - 9).abs().sub(1.5).neg().clamp(0, 1)[None, None]  # 2 pixels of ink
    slant, width, thickness = measured(ring)[0].tolist()
    assert slant == pytest.approx(0, abs=0.01)
    assert width == pytest.approx(9 / math.sqrt(2), rel=0.03)
    assert thickness == pytest.approx(2, rel=0.15)


def test_correlations_are_those_within_a_category():
    codes = random_codes(4000, seeded(8, "codes"))
    noise = torch.randn(4000, generator=seeded(8, "noise")).double()
    category = codes[:, :CLASSES].argmax(1).double()
    slant = codes[:, CLASSES].double() + 0.3 * noise + 5 * category  # digits differ far more than a digit does
    found = correlations(codes, torch.stack((slant, noise), 1))
    assert found[0, 0].item() == pytest.approx(1 / math.sqrt(1 + 0.27), abs=0.01)  # variance 1/3, and 0.09 of noise
    assert found[1].abs().max() < 0.05
    assert found[0, 1].abs() < 0.05
