"""f-GAN on digits: the paper's networks, both ways of training, and the Parzen window."""

import math

import pytest
import torch
from torch import nn

from core import zoo
from core.gan import fgan_digits
from core.gan.fgan import DIVERGENCES, bound
from core.gan.fgan_digits import build_fgan, parzen, parzen_of_others, without_margin
from core.noise import first_weights, seeded
from core.train import train


def small(**changes) -> fgan_digits.FGAN:
    with first_weights(seeded(0, "weights")):
        return build_fgan(**dict(divergence="kl", latents=8, units=32, critic_units=24, rate=1e-3) | changes)


def pictures(n: int = 16) -> torch.Tensor:
    x = torch.zeros(n, 1, 32, 32)
    x[:, :, 10:20, 12:18] = torch.rand(n, 1, 10, 6, generator=torch.Generator().manual_seed(0))
    return x


def test_the_networks_are_the_papers():
    model = build_fgan(divergence="kl")
    wide = [(layer.in_features, layer.out_features) for layer in model.modules() if isinstance(layer, nn.Linear)]
    assert wide == [(100, 1200), (1200, 1200), (1200, 784), (784, 240), (240, 240), (240, 1)]
    assert sum(isinstance(layer, nn.BatchNorm1d) for layer in model.generator.modules()) == 2
    assert sum(isinstance(layer, nn.ELU) for layer in model.critic.modules()) == 2
    assert {name for name in zoo.RECIPES if name.startswith("fgan-")} == {
        f"fgan-{name}-mnist" for name in ("kl", "rkl", "pearson", "hellinger", "js", "gan")
    }


def test_noise_reaches_the_generator_as_uniform():
    model, seen = small().eval(), []
    model.generator.inside.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    model.make(torch.randn(20_000, 8, generator=torch.Generator().manual_seed(0)))
    u = seen[0].flatten()
    assert u.abs().max() <= 1
    assert u.histc(10, -1, 1).div(len(u)).tolist() == pytest.approx([0.1] * 10, abs=0.004)


def test_the_margin_is_empty_and_unseen():
    model = small().eval()
    x = model.make(torch.randn(3, 8))
    assert x.shape == (3, 1, 32, 32)
    inside = without_margin(x)
    assert inside.shape == (3, 1, 28, 28)
    assert x.sum().item() == pytest.approx(inside.sum().item(), rel=1e-6)
    framed = pictures(3)
    framed[..., :2, :] = 1
    assert torch.equal(model.scores(framed), model.scores(pictures(3)))


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("single_step", [False, True])
def test_losses_are_the_bound_of_each_divergence(name: str, single_step: bool):
    model = small(divergence=name, single_step=single_step, practical=False)
    phases = model.phases()
    assert [phase.name for phase in phases] == (["both"] if single_step else ["critic", "generator"])
    batch = {"image": pictures(), "progress": 0.0, "generator": torch.Generator().manual_seed(3)}
    loss = phases[0].loss(batch)["loss"].item()
    z = torch.randn(16, 8, generator=torch.Generator().manual_seed(3))
    F = bound(DIVERGENCES[name], model.scores(batch["image"]), model.scores(model.make(z))).item()
    x = batch["image"].clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(model.scores(x).sum(), x)
    F -= 0.5 * slope.square().sum().item() / len(x)  # the critic pays for the slope at real pictures
    assert loss == pytest.approx(F if single_step else -F, rel=1e-4, abs=1e-6)


def test_the_slope_at_real_pictures_falls_as_its_weight_grows():
    slopes = []
    for smoothness in (0.0, 10.0):
        model = small(smoothness=smoothness)
        for _ in train(model.train().phases(), iter([{"image": pictures(32)}] * 60), 60, seed=0):
            pass
        x = pictures(32).requires_grad_(True)
        (slope,) = torch.autograd.grad(model.scores(x).sum(), x)
        slopes.append(slope.square().sum().item())
    assert slopes[1] < 0.3 * slopes[0]


@pytest.mark.parametrize("mine", ["generator", "critic"])
def test_in_a_single_step_the_critic_goes_up_and_the_generator_down(mine: str):
    model = small(single_step=True, practical=False, rate=1e-4)
    (phase,) = model.phases()
    generator, critic = phase.optimizer.param_groups
    assert {id(p) for p in critic["params"]} == {id(p) for p in model.critic.parameters()}
    assert {id(p) for p in generator["params"]} == {id(p) for p in model.generator.parameters()}
    still = critic if mine == "generator" else generator
    still["lr"] = 0.0
    batch = {"image": pictures(64), "progress": 0.0}

    def F() -> float:
        return phase.loss(batch | {"generator": torch.Generator().manual_seed(5)})["loss"].item()

    before = F()
    for _ in range(8):
        phase.optimizer.zero_grad()
        phase.loss(batch | {"generator": torch.Generator().manual_seed(5)})["loss"].backward()
        phase.optimizer.step()
    assert (F() < before) if mine == "generator" else (F() > before)


@pytest.mark.parametrize("name", ["kl", "rkl", "js"])
def test_a_batch_of_one_picture_is_learned(name: str):
    """The generator comes to make the only picture there is."""
    image = pictures(1).expand(32, -1, -1, -1).contiguous()
    model = small(divergence=name)
    z = torch.randn(64, 8, generator=torch.Generator().manual_seed(1))
    before = (model.pictures(z) - image[0]).square().mean().item()
    batches = iter([{"image": image}] * 400)
    for _ in train(model.train().phases(), batches, 400, seed=0):
        pass
    assert (model.eval().pictures(z) - image[0]).square().mean().item() < 0.25 * before


def test_a_practical_single_step_is_refused():
    with pytest.raises(ValueError, match="a single step has one loss"):
        build_fgan(divergence="kl", single_step=True)
    with pytest.raises(ValueError, match="divergence must be one of"):
        build_fgan(divergence="wasserstein")


def test_a_parzen_window_is_a_mixture_of_gaussians():
    generator = torch.Generator().manual_seed(0)
    centres, x = torch.randn(7, 5, generator=generator), torch.randn(600, 5, generator=generator)
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(7)),
        torch.distributions.Independent(torch.distributions.Normal(centres, 0.3), 1),
    )
    assert torch.allclose(parzen(x, centres, 0.3), mixture.log_prob(x), rtol=1e-4, atol=1e-3)
    one = parzen(torch.zeros(1, 784), torch.zeros(1, 784), 0.2).item()
    assert one == pytest.approx(-392 * math.log(2 * math.pi * 0.04), rel=1e-5)


def test_a_digit_is_no_part_of_the_window_that_judges_it():
    x = torch.randn(1_100, 6, generator=torch.Generator().manual_seed(0))  # more than are judged at once
    found = parzen_of_others(x, 0.4)
    for k in (0, 499, 500, 1_099):
        others = torch.cat([x[:k], x[k + 1 :]])
        assert found[k].item() == pytest.approx(parzen(x[k : k + 1], others, 0.4).item(), abs=1e-3)
