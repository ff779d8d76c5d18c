"""The GAN chapter against what can be worked out by hand: objectives, penalties, balances, and where points end up."""

import itertools
import math
import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from core import data, zoo
from core.gan import VARIANTS, metrics, objectives, penalties, playground, theory
from core.gan.energy import OPPONENT, PLAIN, REMEMBERED, alike_distributed, mixed
from core.gan.game import one_hot
from core.gan.networks import Perceptron
from core.gan.variants import build, in_plane
from core.train import train

LN2 = math.log(2)


def value(x: Tensor) -> float:
    return pytest.approx(x.item(), abs=1e-6)


# ------------------------------------------------------------------ objectives, at points worked out by hand


@pytest.mark.parametrize("name", ["SATURATING", "NON_SATURATING"])
def test_a_critic_that_knows_nothing_pays_two_ln_2(name: str):
    objective = getattr(objectives, name)
    assert value(objective.critic(torch.zeros(4), torch.zeros(3))) == 2 * LN2
    assert {"SATURATING": -LN2, "NON_SATURATING": LN2}[name] == value(objective.generator(torch.zeros(3)))


def test_cross_entropy_is_that_of_probabilities_and_does_not_overflow():
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    D_real, D_fake = torch.sigmoid(real), torch.sigmoid(fake)
    expected = -(D_real.log().mean() + (1 - D_fake).log().mean())
    assert expected.item() == value(objectives.cross_entropy(real, fake))
    assert (1 - D_fake).log().mean().item() == value(objectives.SATURATING.generator(fake))
    assert -D_fake.log().mean().item() == value(objectives.NON_SATURATING.generator(fake))
    assert objectives.cross_entropy(torch.tensor([-1e4]), torch.tensor([1e4])).isfinite()


def test_where_the_critic_is_sure_only_the_non_saturating_generator_has_a_gradient():
    slopes = []
    for objective in (objectives.SATURATING, objectives.NON_SATURATING):
        fake = torch.tensor([-10.0], requires_grad=True)
        objective.generator(fake).backward()
        slopes.append(fake.grad.item())
    assert slopes[0] == pytest.approx(-math.exp(-10), rel=1e-3)
    assert slopes[1] == pytest.approx(-1, rel=1e-3)


def test_least_squares_at_a_point():
    real, fake = torch.tensor([0.5, 2.0]), torch.tensor([1.0])
    assert value(objectives.LEAST_SQUARES.critic(real, fake)) == 0.5 * (0.25 + 1) / 2 + 0.5
    assert value(objectives.LEAST_SQUARES.generator(fake)) == 0
    assert value(objectives.PEARSON.critic(real, fake)) == 0.5 * (0.25 + 1) / 2 + 0.5 * 4
    assert value(objectives.PEARSON.generator(fake)) == 0.5


def test_least_squares_with_the_optimal_critic_is_half_a_pearson_chi_squared():
    """b - c = 1, b - a = 2: 2 C(G) = chi^2(p_d + p_g || 2 p_g), Eq. 7 of the paper, by numerical integration."""
    x = torch.linspace(-12, 12, 20001, dtype=torch.double)
    dx = x[1] - x[0]
    p_d = torch.distributions.Normal(0.5, 1.0).log_prob(x).exp()
    p_g = torch.distributions.Normal(-0.5, 1.7).log_prob(x).exp()
    a, b, c = -1, 1, 0
    best = (b * p_d + a * p_g) / (p_d + p_g)
    # The optimum of the critic's own loss, found by nothing but that loss, is this function.
    objective = objectives.least_squares(a, b, c)
    on_real = torch.vmap(lambda score: objective.critic(score[None], torch.full((1,), float(a))))
    on_fake = torch.vmap(lambda score: objective.critic(torch.full((1,), float(b)), score[None]))
    scores = best.clone().requires_grad_(True)
    ((on_real(scores) * p_d + on_fake(scores) * p_g).sum() * dx).backward()
    assert scores.grad.abs().max() < 1e-12
    cost = (torch.vmap(lambda score: objective.generator(score[None]))(best) * (p_d + p_g)).sum() * dx
    pearson = (((p_d + p_g) - 2 * p_g) ** 2 / (p_d + p_g)).sum() * dx
    assert (2 * cost).item() == pytest.approx(pearson.item(), rel=1e-9)


def test_wasserstein_is_a_difference_of_means():
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([1.0])
    assert value(objectives.WASSERSTEIN.critic(real, fake)) == -3
    assert value(objectives.WASSERSTEIN.generator(fake)) == -1


def test_the_margin_counts_up_to_m_only():
    objective = objectives.energy_margin(2.0)
    assert value(objective.critic(torch.tensor([0.25]), torch.tensor([0.5, 3.0]))) == 0.25 + 0.75
    assert value(objective.generator(torch.tensor([0.5, 1.5]))) == 1.0


def test_the_distance_of_codes_is_that_of_their_means_in_the_kernels_own_space():
    """(1 + cos)^2 is an inner product of 1, the direction, and its products: there the distance is one of means."""

    def features(codes: torch.Tensor) -> torch.Tensor:
        u = codes / codes.norm(dim=1, keepdim=True)
        return torch.cat((torch.ones(len(u), 1), math.sqrt(2) * u, (u[:, :, None] * u[:, None]).flatten(1)), 1)

    generator = torch.Generator().manual_seed(0)
    made, real = torch.randn(6, 4, generator=generator), torch.randn(9, 4, generator=generator) + 1
    a, b = features(made).double(), features(real).double()
    among = [
        sum(x[i] @ x[j] for i in range(len(x)) for j in range(len(x)) if i != j) / len(x) / (len(x) - 1) for x in (a, b)
    ]
    expected = among[0] + among[1] - 2 * a.mean(0) @ b.mean(0)
    assert value(objectives.code_distance(made, real)) == pytest.approx(expected.item(), rel=1e-4)
    assert value(objectives.code_distance(3 * made, real)) == pytest.approx(
        expected.item(), rel=1e-4
    )  # directions only


def test_codes_alike_have_no_distance_in_the_mean_and_one_kind_too_many_has():
    generator = torch.Generator().manual_seed(1)
    kinds = torch.randn(4, 8, generator=generator)

    def drawn(shares: list[float]) -> torch.Tensor:
        which = torch.multinomial(torch.tensor(shares), 64, replacement=True, generator=generator)
        return kinds[which] + 0.1 * torch.randn(64, 8, generator=generator)

    even, uneven = [0.25] * 4, [0.55, 0.25, 0.15, 0.05]
    alike, apart = (
        torch.stack([objectives.code_distance(drawn(shares), drawn(even)) for _ in range(200)])
        for shares in (even, uneven)
    )
    assert abs(alike.mean()) < 3 * alike.std() / 200**0.5
    assert apart.mean() > 10 * apart.std() / 200**0.5


def test_pulling_away_is_the_papers_double_sum():
    code = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    total = 0.0
    for i in range(5):
        for j in range(5):
            if i != j:
                total += (code[i] @ code[j] / (code[i].norm() * code[j].norm())).item() ** 2
    assert total / 20 == value(objectives.pulling_away(code))
    assert value(objectives.pulling_away(torch.eye(4))) == 0
    assert value(objectives.pulling_away(torch.ones(4, 3))) == 1


def test_entropies_are_those_of_torchs_distributions():
    logits = 3 * torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    p = torch.distributions.Categorical(logits=logits)
    assert p.entropy().mean().item() == value(objectives.entropy(logits))
    mean = torch.distributions.Categorical(probs=p.probs.mean(0))
    assert mean.entropy().item() == value(objectives.marginal_entropy(logits))
    sure = torch.tensor([[1e4, 0.0], [0.0, 1e4]])
    assert value(objectives.entropy(sure)) == 0
    assert value(objectives.marginal_entropy(sure)) == pytest.approx(LN2, abs=1e-6)


def test_catgans_players_at_their_best():
    real = 50 * torch.eye(4)  # sure of each, all four used
    unsure = torch.zeros(8, 4)
    assert -2 * math.log(4) == value(objectives.CATEGORICAL.critic(real, unsure))
    assert -math.log(4) == value(objectives.CATEGORICAL.generator(real))
    assert value(objectives.CATEGORICAL.generator(unsure)) == pytest.approx(0, abs=1e-6)


def test_sgans_two_events_add_up_to_one():
    logits = 4 * torch.randn(9, 11, generator=torch.Generator().manual_seed(1))
    assert (objectives.log_real(logits).exp() + objectives.log_made(logits).exp()).tolist() == pytest.approx([1] * 9)
    p = logits.softmax(1)
    assert objectives.log_real(logits).exp().tolist() == pytest.approx(p[:, :10].sum(1).tolist())
    expected = -p[:4, :10].sum(1).log().mean() - p[4:, 10].log().mean()
    assert expected.item() == value(objectives.ONE_MORE_CLASS.critic(logits[:4], logits[4:]))


# ------------------------------------------------------------------ penalties


@pytest.mark.parametrize("points", [penalties.between, penalties.around])
@pytest.mark.parametrize("length", [0.0, 0.5, 1.0, 3.0])
def test_a_linear_critic_pays_for_its_length_exactly(points, length: float):
    """|grad (w . x)| = |w| everywhere, so the penalty is (|w| - 1)^2: above 1 and below."""
    w = torch.tensor([0.6, -0.8]) * length
    real, fake = torch.randn(2, 7, 2, generator=torch.Generator().manual_seed(0))
    found = penalties.unit_gradient(lambda x: x @ w, points(real, fake))
    assert (length - 1) ** 2 == value(found)


def test_norms_are_of_each_picture_alone():
    x = torch.randn(5, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    found = penalties.gradient_norms(lambda x: x.square().flatten(1).sum(1), x)
    assert found.tolist() == pytest.approx((2 * x).flatten(1).norm(dim=1).tolist())


def test_each_line_has_its_own_epsilon():
    x = penalties.between(torch.ones(50, 3, 2, 2), torch.zeros(50, 3, 2, 2), data.seeded(0, "between"))
    assert torch.equal(x.amin((1, 2, 3)), x.amax((1, 2, 3)))
    assert len(x[:, 0, 0, 0].unique()) == 50
    assert x.min() >= 0
    assert x.max() <= 1


def test_dragan_stays_near_the_data_and_does_not_look_at_what_is_made():
    real = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    moved = penalties.around(real, torch.full((100, 2), 1e6)) - real
    assert moved.min() >= 0
    assert 0.45 * real.std() < moved.max() <= 0.5 * real.std()


def test_a_penalty_teaches_the_critic():
    critic = Perceptron(2, [8], 1)
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    penalties.unit_gradient(lambda x: critic(x)[:, 0], x).backward()
    assert critic[0].weight.grad.abs().max() > 0


# ------------------------------------------------------------------ the variants


def test_acgans_critic_and_generator_are_told_apart_by_source_and_class(monkeypatch: pytest.MonkeyPatch):
    """Odena et al., Eq. 2 and 3: both players want the right class on both; only the source divides them."""
    model = build(variant="acgan", filters=4)
    logits = torch.randn(4, 11, generator=data.seeded(2, "logits"))
    on_real, on_fake, label = logits[:2], logits[2:], torch.tensor([3, 7])
    of_class = [-each[1:].log_softmax(0)[k].item() for each, k in zip(logits, [3, 7, 3, 7], strict=True)]
    real, fake = (each[:, 0].sigmoid() for each in (on_real, on_fake))
    batch = {"image": torch.rand(2, 1, 32, 32), "label": label, "generator": data.seeded(3, "noise")}
    given = iter([on_real, on_fake, on_fake])
    monkeypatch.setattr(model, "scores", lambda x, *_, **__: next(given))
    critic, generator = model.critic_loss(batch), model.generator_loss(batch)
    assert critic["L_S"].item() == pytest.approx(-(real.log().mean() + (1 - fake).log().mean()).item(), rel=1e-5)
    assert critic["L_C"].item() == pytest.approx(sum(of_class) / 2, rel=1e-5)
    assert critic["loss"].item() == pytest.approx((critic["L_S"] + critic["L_C"]).item(), rel=1e-6)
    assert generator["L_S"].item() == pytest.approx(-fake.log().mean().item(), rel=1e-5)
    assert generator["loss"].item() == pytest.approx((generator["L_S"] + sum(of_class[2:]) / 2).item(), rel=1e-5)


def test_labelled_pictures_add_their_cross_entropy(monkeypatch: pytest.MonkeyPatch):
    model = build(variant="sgan", filters=4)
    batch = {"image": torch.rand(3, 1, 32, 32), "label": torch.arange(3), "generator": data.seeded(3, "noise")}
    known = torch.randn(2, 11, generator=data.seeded(4, "logits"))
    other = torch.zeros(3, 11)
    alone = batch | {"labelled": torch.rand(2, 1, 32, 32), "labelled_label": torch.tensor([1, 9])}
    monkeypatch.setattr(model, "scores", lambda x, *_, **__: known if len(x) == 2 else other)
    expected = -(known[0, :10].log_softmax(0)[1] + known[1, :10].log_softmax(0)[9]).item() / 2
    found, without = model.critic_loss(alone), model.critic_loss(batch)
    assert found["L_labelled"].item() == pytest.approx(expected, rel=1e-5)
    assert (found["loss"] - without["loss"]).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("variant", ["wgan", "wgan-gp", "dcgan"])
def test_another_rate_leaves_the_rows_optimiser_as_it_is(variant: str):
    own, other = (build(variant=variant, filters=4, rate=rate).phases()[0].optimizer for rate in (None, 3e-3))
    assert type(own) is type(other)
    before, after = own.param_groups[0], other.param_groups[0]
    assert after["lr"] == 3e-3 != before["lr"]
    assert all(after[key] == before[key] for key in before.keys() - {"params", "lr", "initial_lr"})


def test_began_keeps_its_balance_as_the_recurrence_says():
    model = build(variant="began", filters=4)
    first, second = model.phases()
    k = 0.0
    for seed in range(4):
        terms = first.loss({"image": torch.rand(5, 1, 32, 32), "generator": data.seeded(seed, "noise")})
        L_x, L_G = terms["L_x"].item(), terms["L_G"].item()
        assert terms["loss"].item() == pytest.approx(L_x - k * L_G, rel=1e-5)
        assert terms["M"].item() == pytest.approx(L_x + abs(0.75 * L_x - L_G), rel=1e-5)
        first.after()
        k = min(max(k + 0.001 * (0.75 * L_x - L_G), 0.0), 1.0)
        assert model.k_t.item() == pytest.approx(k, abs=1e-7)
    assert first.name == "critic"
    assert second.after.__name__ == "nothing"
    for end, change in ((0.0, -0.5), (1.0, 0.5)):  # k stays between 0 and 1
        model.k_t.fill_(end)
        model.change = torch.tensor(change)
        first.after()
        assert model.k_t.item() == end


@pytest.mark.parametrize(("option", "term"), [("pull", "PT"), ("match", "distance")])
def test_what_is_asked_of_the_codes_is_a_part_of_the_generators_loss_alone(option: str, term: str):
    model = build(variant="began", filters=4, **{option: 0.4})
    batch = {"image": torch.rand(5, 1, 32, 32), "generator": data.seeded(0, "noise")}
    terms = model.generator_loss(batch)
    with torch.no_grad():
        fake = model.make(model.noise(batch | {"generator": data.seeded(0, "noise")}))
        codes, real = (model.critic.encode(x, None) for x in (fake, batch["image"]))
        of_codes = objectives.pulling_away(codes) if option == "pull" else objectives.code_distance(codes, real)
        energy = model.energies(fake, codes).mean()
    assert terms[term].item() == pytest.approx(of_codes.item(), rel=1e-4)
    assert terms["energy"].item() == pytest.approx(energy.item(), rel=1e-5)
    assert terms["loss"].item() == pytest.approx((energy + 0.4 * of_codes).item(), rel=1e-5)
    terms[term].backward()
    assert all(parameter.grad is None for parameter in model.critic.parameters())
    assert any(parameter.grad.abs().max() > 0 for parameter in model.generator.parameters())


@pytest.mark.parametrize("eta", [1, 2])
def test_began_measures_copies_by_the_power_that_it_is_told(eta: int):
    model = build(variant="began", filters=4, eta=eta)
    x, copy = torch.full((2, 1, 32, 32), 0.75), torch.full((2, 1, 32, 32), 0.5)
    model.critic.decode.forward = lambda code: copy  # off by 0.5 where pixels lie in [-1, 1]
    torch.testing.assert_close(model.energies(x, torch.zeros(len(x), 64)), torch.full((2,), 0.5**eta))


@pytest.mark.parametrize("background", [0, 1])
def test_began_can_measure_copies_by_what_is_on_a_picture(background: int):
    """Halves of contrast give the same energy; a plain picture costs nothing only if its copy is plain too."""
    model = build(variant="began", filters=4, eta=2, background=background)
    there = torch.rand(2, 1, 32, 32) * torch.tensor([1.0, 0.5]).view(2, 1, 1, 1)
    x = torch.cat((there, torch.zeros(1, 1, 32, 32)))
    x = 1 - x if background else x
    model.critic.decode.forward = lambda code: background + 0.5 * (x - background)  # misses half of the contrast
    on_it = 4 * there.square().flatten(1).mean(1)
    torch.testing.assert_close(model.energies(x, torch.zeros(len(x), 64))[:2], 0.25 * on_it / (on_it + PLAIN))
    assert model.energies(x, torch.zeros(len(x), 64))[2] == 0
    model.critic.decode.forward = lambda code: torch.full_like(x, background + 0.1)
    assert model.energies(x, torch.zeros(len(x), 64))[2].item() == pytest.approx(4 * 0.1**2 / PLAIN)


def test_began_can_begin_with_a_control_that_does_nothing():
    model = build(variant="began", filters=4, control=0.5, grows=True)
    model.scores = lambda x, condition=None, generator=None: x.flatten(1).mean(1)
    changes = []
    for progress in (0.0, 0.5, 1.0):
        x = torch.rand(5, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        model.critic_loss({"image": x, "progress": progress, "generator": data.seeded(0, "noise")})
        changes.append(model.change.item())
    assert changes[0] == 0
    assert changes[1] == pytest.approx(changes[2] / 4) != 0


def shoes(*rgb: tuple[float, float, float]) -> Tensor:
    """Plain boxes of these colours on white, 32 x 32."""
    x = torch.ones(len(rgb), 3, 32, 32)
    x[:, :, 10:20, 6:26] = torch.tensor(rgb).view(-1, 3, 1, 1)
    return x


def coloured(**changes) -> nn.Module:
    return build(variant="began", coloured=True, size=32, channels=3, filters=4, **changes)


def test_a_told_colour_goes_into_a_pixel_by_the_share_that_is_made_for_it():
    planes = torch.full((1, 5, 1, 2), 0.5)
    planes[0, :3, 0, 1] = torch.tensor([0.2, 0.3, 0.4])
    planes[0, 3:, 0, 1] = torch.tensor([1.0, 0.25])  # shares of 1 and -0.5
    told = torch.tensor([[1.0, -1.0, 0.0, 0.4, 0.0, -0.4]])
    made = mixed(planes, told)[0, :, 0]
    torch.testing.assert_close(made[:, 0], torch.full((3,), 0.5))  # nothing of either
    torch.testing.assert_close(made[:, 1], torch.tensor([0.2 + 0.5 - 0.1, 0.3 - 0.5, 0.4 + 0.1]))


def test_both_players_of_a_coloured_began_are_told_the_real_photos_colours():
    model, photos = coloured(), shoes((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    batch = {"image": photos, "progress": 0.0, "generator": data.seeded(0, "noise")}
    red, blue = model.condition(batch)
    torch.testing.assert_close(red, torch.tensor([1.0, -1, -1, 1, -1, -1]))
    torch.testing.assert_close(blue, torch.tensor([-1.0, -1, 1, -1, -1, 1]))
    told = []
    energies = model.energies
    model.energies = lambda x, code, condition=None: told.append(condition) or energies(x, code, condition)
    for loss in (model.critic_loss, model.generator_loss):
        loss(batch)["loss"].backward()
    assert len(told) == 3  # real and made ones in the critic's turn, made ones in the generator's
    assert all(torch.equal(each, torch.stack((red, blue))) for each in told)
    assert torch.equal(model.seen_colours[-2:], torch.stack((red, blue)))
    assert len(model.seen_colours) == REMEMBERED
    assert torch.equal(
        model.scores(photos), model.scores(photos, torch.stack((red, blue)))
    )  # a photo's own, if none is told
    assert not torch.equal(model.scores(photos), model.scores(photos, torch.stack((blue, red))))


def test_a_coloured_began_makes_the_same_thing_in_the_colours_that_it_is_told():
    model = coloured()
    z = torch.randn(1, 64, generator=data.seeded(0, "z")).expand(2, -1)
    one, other = model.pictures(z, torch.tensor([[1.0, -1, -1, 1, -1, -1], [-1.0, -1, 1, -1, -1, 1]]))
    assert not torch.equal(one, other)
    model.seen_colours.uniform_(-1, 1)
    assert torch.equal(model.pictures(z), model.pictures(z, model.some_condition(z)))
    torch.testing.assert_close(*model.some_condition(z))  # the same z, the same colours
    assert not torch.equal(model.some_condition(z), model.some_condition(-z))
    torch.testing.assert_close(model.pictures(z[:1]), model.pictures(z)[:1])
    with pytest.raises(ValueError, match="only began can be told colours"):
        build(variant="dcgan", coloured=True)


def test_colours_out_of_noise_are_as_frequent_as_those_of_the_examples_and_go_together_as_they_do():
    """Examples most of which are grey and a few red: so are those drawn, and accents are as bright as main colours."""
    g = torch.Generator().manual_seed(0)
    n = 2000
    brightness, red = 0.5 * torch.randn(n, 1, generator=g), (torch.rand(n, 1, generator=g) < 0.1).float()
    main = (brightness * 0.5 + red * torch.tensor([0.5, -0.2, -0.3])).clamp(-1, 1)
    examples = torch.cat((main, (main + 0.05 * torch.randn(n, 3, generator=g)).clamp(-1, 1)), 1)
    z = torch.randn(4000, 6, generator=g)
    drawn = alike_distributed(z, examples)

    def measured(c: Tensor) -> list[float]:
        grey = c[:, :3].mean(1)
        colour = c[:, :3].amax(1) - c[:, :3].amin(1)
        together = torch.corrcoef(torch.stack((grey, c[:, 3:].mean(1))))[0, 1]
        return [grey.mean(), grey.std(), grey.quantile(0.1), colour.mean(), (colour > 0.4).float().mean(), together]

    for found, expected in zip(measured(drawn), measured(examples), strict=True):
        assert found.item() == pytest.approx(expected.item(), abs=0.05)
    assert (drawn - alike_distributed(z + 1e-4, examples)).abs().max() < 0.05  # no jumps on a walk
    assert torch.equal(drawn[:3], alike_distributed(z[:3], examples))
    one = torch.tensor([[0.4, -0.2, 0.1, 0.0, 0.3, -0.6]])
    torch.testing.assert_close(alike_distributed(z[:3], one.expand(100, -1)), one.expand(3, -1))


def test_opponent_axes_are_orthonormal_so_that_there_and_back_changes_nothing():
    torch.testing.assert_close(OPPONENT @ OPPONENT.T, torch.eye(3))


def test_began_and_the_penalised_critics_have_no_batch_norm_and_began_no_transposed_convolution():
    for name in ("began", "wgan-gp", "dragan"):
        model = build(variant=name, filters=4)
        assert not any(isinstance(m, nn.BatchNorm2d) for m in model.critic.modules())
    assert not any(isinstance(m, nn.BatchNorm2d | nn.ConvTranspose2d) for m in build(variant="began").modules())


@pytest.mark.parametrize("name", ["lsgan", "began", "acgan"])
def test_real_and_made_pictures_are_moved_alike_and_gradients_pass(name: str):
    """Of plain grey pictures what comes in and the hole are white, as often in real ones as in made ones."""
    model, seen = build(variant=name, filters=4, moved=True), []
    asked = model.scores
    model.scores = lambda x, *rest, **named: seen.append(x) or asked(x, *rest, **named)
    model.make = lambda z, condition=None: torch.full((len(z), 1, 32, 32), 0.5, requires_grad=True)
    x, label = torch.full((200, 1, 32, 32), 0.5), torch.arange(200) % 10
    model.critic_loss({"image": x, "label": label, "progress": 0.5, "generator": data.seeded(0, "noise")})
    for pictures in seen:
        white = (pictures == 1).float()
        assert ((pictures == 1) | (pictures == 0.5)).all()
        assert 0.15 < white.mean() < 0.4
        assert white.mean(0).std() > 0.01  # in other places of other pictures
    assert not torch.equal(*seen[:2])
    model.generator_loss({"image": x, "label": label, "progress": 0.5, "generator": data.seeded(0, "noise")})[
        "loss"
    ].backward()
    still = build(variant=name, filters=4)
    assert torch.equal(still.seen(x, {}), x)


def test_wgan_clips_its_critic_after_each_of_five_steps():
    model = build(variant="wgan", filters=4)
    critic, generator = model.phases()
    assert (critic.repeats, generator.repeats) == (5, 1)
    critic.after()
    assert max(p.abs().max() for p in model.critic.parameters()) <= 0.01
    assert isinstance(critic.optimizer, torch.optim.RMSprop)


def test_the_generator_of_a_game_gets_no_gradient_in_the_critics_turn():
    for name in VARIANTS:
        model = build(variant=name, filters=4)
        label = torch.arange(4)
        batch = {"image": torch.rand(4, 1, 32, 32), "label": label, "progress": 0.0}
        critic, generator = model.phases()
        critic.loss(batch)["loss"].backward()
        assert all(p.grad is None for p in model.generator.parameters()), name
        assert any(p.grad is not None for p in model.critic.parameters()), name
        model.zero_grad(set_to_none=True)
        generator.loss(batch)["loss"].backward()
        assert all(p.grad is not None for p in model.generator.parameters()), name


@pytest.mark.parametrize("name", ["cgan", "acgan"])
def test_the_class_that_is_asked_for_changes_the_picture(name: str):
    model = build(variant=name, filters=4).eval()
    z = torch.zeros(2, 64)
    one, other = model.pictures(z, one_hot(torch.tensor([3, 4])))
    assert not torch.equal(one, other)
    torch.testing.assert_close(one, model.pictures(z[:1], one_hot(torch.tensor([3])))[0])
    between = model.pictures(z[:1], (one_hot(torch.tensor([3])) + one_hot(torch.tensor([4]))) / 2)[0]
    assert not torch.equal(between, one)  # a condition is a tensor: there is something between two classes
    with pytest.raises(ValueError, match="labels must be classes from 0 to 9"):
        one_hot(torch.tensor([3, 10]))
    with pytest.raises(ValueError, match=r"condition must have shape \(2, 10\), got \(2, 9\)"):
        model.pictures(z, torch.zeros(2, 9))


def test_all_variants_of_a_size_draw_the_same_noise():
    """So that the same seed can show the same z to each of them. infoGAN has its paper's 62, and a tab of its own."""
    shipped = {name: recipe.config for name, recipe in zoo.RECIPES.items() if recipe.build is build}
    latents = {name: build(**config | {"filters": 4}).latents for name, config in shipped.items()}
    assert {latents.pop(name) for name in [*latents] if name.startswith("infogan")} == {62}
    assert len(latents) > 15
    assert set(latents.values()) == {64}


def test_an_unknown_variant_and_a_wrong_z_are_named():
    with pytest.raises(ValueError, match="variant must be one of gan, "):
        build(variant="wgan-pg")
    with pytest.raises(ValueError, match="z must have shape"):
        build(variant="dcgan", filters=4).pictures(torch.zeros(3, 2))
    with pytest.raises(ValueError, match="power of 2"):
        build(variant="dcgan", size=28)


# ------------------------------------------------------------------ every variant moves a Gaussian onto its target


@pytest.mark.parametrize("name", [name for name in VARIANTS if name not in ("cgan", "acgan", "infogan")])
def test_every_variant_moves_a_gaussian_towards_its_target(name: str):
    torch.manual_seed(0)
    target = torch.tensor([1.5, -1.0])
    model = in_plane(name, units=32)
    model.generator = nn.Linear(2, 2)

    def batches():
        while True:
            yield {"image": target + 0.5 * torch.randn(64, 2)}

    phases = model.phases()
    for phase in phases:
        phase.schedule = lambda progress: 1.0
        for group in phase.optimizer.param_groups:
            group["lr"] = 5e-3
    z = torch.randn(500, 2)

    def off() -> float:
        with torch.no_grad():
            return (model.make(z).mean(0) - target).norm().item()

    before = off()
    steps = (step for step, _ in train(phases, batches(), 500))
    assert any(off() < 0.3 * before for step in steps if step % 25 == 0)


# ------------------------------------------------------------------ measuring


def test_equal_sets_are_at_no_distance_and_cover_each_other():
    features = torch.randn(300, 6, generator=torch.Generator().manual_seed(0))
    assert metrics.fid(features, features) == pytest.approx(0, abs=1e-6)
    assert metrics.precision_recall(features, features) == (100, 100)


def test_fid_is_the_closed_form_for_gaussians_that_share_axes():
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(20000, 3, generator=generator)
    made = torch.tensor([1.0, 0, 0]) + 2 * torch.randn(20000, 3, generator=generator)
    assert metrics.fid(real, made) == pytest.approx(1 + 3 * (2 - 1) ** 2, rel=0.05)  # |mu|^2 + sum (s1 - s2)^2


def test_kid_is_near_zero_for_sets_of_one_kind_whatever_their_sizes():
    x = torch.randn(1200, 16, generator=torch.Generator().manual_seed(0))
    assert abs(metrics.kid(x[:200], x[200:])) < 60
    assert metrics.kid(x[:200], x[200:] + 1) > 1000


def test_precision_falls_with_strangers_and_recall_with_what_is_missing():
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(200, 2, generator=generator)
    right = 20 + torch.randn(200, 2, generator=generator)
    both = torch.cat((left, right))
    precision, recall = metrics.precision_recall(both, left)
    assert precision > 95
    assert recall == pytest.approx(50, abs=5)
    precision, recall = metrics.precision_recall(left, both)
    assert precision == pytest.approx(50, abs=5)
    assert recall > 95


def test_clusters_get_their_names_in_one_half_and_are_tested_on_the_other():
    label = torch.arange(1000) % 10
    assert metrics.matched_error(19 - label, label) == 0  # other names, nothing else
    wrong = (19 - label).clone()
    wrong[900:] = 10
    assert metrics.matched_error(wrong, label) == pytest.approx(9)  # 90 of 1,000, in the half that has no name for them
    assert metrics.matched_error(wrong.flip(0), label.flip(0)) == pytest.approx(9)  # whichever half that is


def test_a_hundred_labels_are_ten_of_each_and_always_the_same(mnist_root):
    dataset = data.load("mnist-32-100", mnist_root, "train")
    seen = {}
    for batch, _ in zip(dataset.stream(50, 0), range(40), strict=False):
        assert batch["image"].shape == batch["labelled"].shape == (50, 1, 32, 32)
        for picture, label in zip(batch["labelled"], batch["labelled_label"], strict=True):
            seen[picture.numpy().tobytes()] = int(label)
    assert len(seen) <= 100
    assert all(list(seen.values()).count(digit) <= 10 for digit in range(10))
    assert batch["image"][:, :, :2].max() == 0


@pytest.mark.parametrize("name", ["dcgan", "sgan", "acgan"])
def test_running_statistics_of_a_critic_are_those_of_real_pictures(name: str):
    """Real pictures are all 1 and made ones are not: after many steps the first norm's mean is that of the ones."""
    torch.manual_seed(0)
    model = build(variant=name, size=16, filters=4).train()
    label = torch.arange(8) % 10
    real = torch.ones(8, 1, 16, 16)
    batch = {"image": real, "label": label, "labelled": torch.zeros(8, 1, 16, 16), "labelled_label": label}
    for _ in range(60):
        model.critic_loss(batch)
        model.generator_loss(batch)
    first = next(i for i, part in enumerate(model.critic.layers) if isinstance(part, torch.nn.BatchNorm2d))
    with torch.no_grad():
        expected = model.critic.layers[:first](2 * real - 1).mean((0, 2, 3))
    torch.testing.assert_close(model.critic.layers[first].running_mean, expected, rtol=0.01, atol=1e-3)


def test_each_variant_of_the_papers_has_weights_named_after_it():
    names = zoo.names("gan")
    missing = [name for name in VARIANTS if f"{name}-mnist" not in names]
    assert missing == ["gan-saturating", "lsgan-pearson"]  # for the plane only


# ------------------------------------------------------------------ the plane


@pytest.mark.parametrize("name", playground.TARGETS)
def test_a_target_stays_in_view_and_its_parts_are_classes(name: str):
    x, part = playground.TARGETS[name](2000, torch.Generator().manual_seed(0))
    assert x.shape == (2000, 2)
    assert x.abs().max() < 2
    assert part.min() >= 0
    assert part.max() < 10
    again, _ = playground.TARGETS[name](2000, torch.Generator().manual_seed(0))
    assert torch.equal(x, again)
    assert x.std(0).min() > 0.5  # it fills the view


@pytest.mark.parametrize("name", playground.MODES)
def test_the_data_covers_all_its_modes_and_one_mode_covers_one(name: str):
    centres = playground.MODES[name]
    x, _ = playground.TARGETS[name](2000, torch.Generator().manual_seed(0))
    assert playground.modes_covered(centres, x) == len(centres) == {"ring": 8, "grid": 25}[name]
    assert playground.modes_covered(centres, centres[:1].expand(300, 2)) == 1
    assert playground.modes_covered(centres, torch.full((300, 2), 9.0)) == 0


def test_hits_say_what_is_on_target_and_what_is_left_out():
    x, mode = playground.TARGETS["ring"](2000, torch.Generator().manual_seed(0))
    found = playground.hits(x[:1000], x[1000:][mode[1000:] < 4])
    assert found["on target"] == 100
    assert found["covered"] == pytest.approx(50, abs=4)


def test_a_drawn_shape_is_hit_evenly_along_its_lines():
    long, short, dot = [(0.0, 0.5), (0.6, 0.5)], [(0.8, 0.2), (0.8, 0.5)], [(0.9, 0.9)]
    x, part = playground.drawn([long, short, dot])(3000, torch.Generator().manual_seed(0))
    assert (part == 0).float().mean().item() == pytest.approx(2 / 3, abs=0.03)
    assert x[part == 0, 1].abs().max() < 0.2
    assert x[part == 1, 0].mean().item() == pytest.approx(0.3 * 3.6, abs=0.02)
    assert x[part == 1, 1].mean() > 0  # y points down on paper, up in the plane
    with pytest.raises(ValueError, match="no stroke"):
        playground.drawn([])


def test_players_of_one_seed_start_with_the_same_generator():
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    first = playground.player("gan", seed=3).generator(z)
    for name in ("wgan-gp", "began", "sgan", "dragan"):
        assert torch.equal(playground.player(name, seed=3).generator(z), first)
    conditional = playground.player("cgan", seed=3)
    assert torch.equal(conditional.generator(torch.cat((z, torch.zeros(5, 10)), 1)), first)
    assert not torch.equal(playground.player("gan", seed=4).generator(z), first)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_plays_in_the_plane_and_has_a_landscape(name: str):
    model = playground.player(name, seed=0)
    target = playground.TARGETS["ring"]

    def batches():
        while True:
            x, part = target(32, torch.Generator().manual_seed(0))
            yield {"image": x, "label": part}

    for _, terms in train(model.phases(), batches(), 3, seed=0):
        assert all(math.isfinite(term) for term in terms.values())
    landscape = playground.surface(model, side=7)
    assert landscape.shape == (7, 7)
    assert landscape.isfinite().all()
    corners = model.realness(torch.tensor([[-2.0, 2.0], [2.0, 2.0], [-2.0, -2.0]]))  # the first row is on top
    found = torch.stack((landscape[0, 0], landscape[0, -1], landscape[-1, 0]))
    torch.testing.assert_close(found, corners, rtol=1e-4, atol=1e-6)


def test_two_players_that_train_at_once_end_as_each_does_alone():
    """In threads that take turns after each step: what one draws is nothing to the other."""

    def losses(variant: str, seed: int, wait: Callable[[], object]) -> list[dict[str, float]]:
        model, k = playground.player(variant, seed=seed), itertools.count()
        batches = (dict(zip(("image", "label"), ring(32, data.seeded(seed, "batch", i)), strict=True)) for i in k)
        found = []
        for _, terms in train(model.phases(), batches, 20, seed=seed):
            found.append(terms)
            wait()
        return found

    ring = playground.TARGETS["ring"]
    courses = [("wgan-gp", 1), ("dragan", 2)]
    alone = [losses(*course, lambda: None) for course in courses]
    turn, together = threading.Barrier(2, timeout=100), {}
    threads = [
        threading.Thread(target=lambda i=i: together.update({i: losses(*courses[i], turn.wait)})) for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[0], together[1]] == alone


# ------------------------------------------------------------------ theory


def test_only_the_wasserstein_distance_sees_how_far_lines_are_apart():
    near, far, none = (theory.parallel_lines(theta) for theta in (0.01, 1.0, 0.0))
    assert near["Jensen-Shannon"] == far["Jensen-Shannon"] == LN2
    assert near["KL"] == far["KL"] == math.inf
    assert (near["Wasserstein"], far["Wasserstein"]) == (0.01, 1.0)
    assert set(none.values()) == {0.0}


def test_curves_of_the_generators_losses_are_those_worked_out_by_hand():
    scores = torch.tensor([-4.0, 0.0, 6.0])
    losses, slopes = theory.generator_curve(objectives.NON_SATURATING, scores)
    assert losses.tolist() == pytest.approx([math.log1p(math.exp(-s)) for s in (-4, 0, 6)])
    assert slopes.tolist() == pytest.approx([-1 / (1 + math.exp(s)) for s in (-4, 0, 6)], rel=1e-5)
    losses, slopes = theory.generator_curve(objectives.LEAST_SQUARES, scores)
    assert losses.tolist() == [12.5, 0.5, 12.5]
    assert slopes.tolist() == [-5, -1, 5]


def test_the_perfect_discriminator_beats_any_other():
    x = torch.linspace(-10, 10, 4001, dtype=torch.double)
    dx = x[1] - x[0]
    real, made = (1.0, 0.7), (-1.0, 1.2)
    p, q = (torch.distributions.Normal(*parameters).log_prob(x).exp() for parameters in (real, made))

    def loss(logit: Tensor) -> float:
        softplus = torch.nn.functional.softplus
        return ((p * softplus(-logit) + q * softplus(logit)).sum() * dx).item()

    best = theory.perfect_discriminator(x, real, made)
    assert loss(best) < min(loss(best + 0.1), loss(best - 0.1), loss(0.9 * best), loss(1.1 * best))


@pytest.mark.parametrize(
    ("real", "made"), [((1.0, 0.5), (-1.0, 0.5)), ((0.0, 1.0), (0.0, 2.0)), ((1.0, 0.5), (0.0, 1.5))]
)
def test_the_perfect_critic_is_lipschitz_and_reaches_the_wasserstein_distance(real, made):
    """The distance itself from quantiles: E |F^-1(u) - G^-1(u)|, an independent way on a line."""
    x = torch.linspace(-12, 12, 24001, dtype=torch.double)
    f = theory.perfect_critic(x, real, made)
    assert (f.diff().abs() <= x.diff() * (1 + 1e-9)).all()
    p, q = (torch.distributions.Normal(*parameters) for parameters in (real, made))
    dx = x[1] - x[0]
    reached = ((p.log_prob(x).exp() - q.log_prob(x).exp()) * f).sum() * dx
    u = (torch.arange(20000, dtype=torch.double) + 0.5) / 20000
    distance = (p.icdf(u) - q.icdf(u)).abs().mean()
    assert reached.item() == pytest.approx(distance.item(), rel=2e-3)


def test_a_gpu_records_what_does_the_same_work_at_every_step_and_nothing_else():
    """A condition is looked at, and BEGAN's growing lambda_k goes with the training's progress, inside the loss."""
    recorded = {
        name: [phase.stage is not None for phase in build(variant=name, filters=4).phases()] for name in VARIANTS
    }
    told = {"cgan", "acgan", "infogan"}
    assert recorded == {name: [name not in told] * 2 for name in VARIANTS}
    growing = build(variant="began", filters=4, grows=True).phases()
    assert [phase.stage is not None for phase in growing] == [False, True]
