"""Likelihoods and divergences against torch.distributions and sums over all that is possible."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from core.layers import cosine, hold_then_fall, kl_to_standard_normal, uniform_crop_corners
from core.likelihood import bernoulli_nll, discretised_logistic_nll

LEVELS = torch.arange(256, dtype=torch.float64) / 255


def level_nlls(mean: float, log_scale: float, dtype: torch.dtype = torch.float64) -> Tensor:
    """-log p of each of the 256 levels, (256,)."""
    x = LEVELS.to(dtype)[:, None]
    return discretised_logistic_nll(torch.full_like(x, mean), torch.full_like(x, log_scale), x)


@pytest.mark.parametrize("log_scale", [-12.0, -7.0, -4.0, -2.0, 0.0, 3.0, 8.0])
@pytest.mark.parametrize("mean", [-0.5, 0.0, 0.3, 0.5, 200 / 255, 1.0, 1.7])
def test_probabilities_of_all_256_levels_sum_to_one(mean: float, log_scale: float):
    assert (-level_nlls(mean, log_scale)).exp().sum().item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("log_scale", [-5.0, -3.0, -1.0, 1.0])
@pytest.mark.parametrize("mean", [0.0, 0.37, 1.0])
def test_discretised_logistic_is_the_difference_of_two_sigmoids(mean: float, log_scale: float):
    """The naive form, a level at a time, where float64 still resolves it."""
    scale = math.exp(log_scale)

    def cdf(x: float) -> float:
        return 1 / (1 + math.exp(-(x - mean) / scale))

    for level, nll in enumerate(level_nlls(mean, log_scale).tolist()):
        upper = 1.0 if level == 255 else cdf((level + 0.5) / 255)
        lower = 0.0 if level == 0 else cdf((level - 0.5) / 255)
        if upper - lower > 1e-10:
            assert nll == pytest.approx(-math.log(upper - lower), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("log_scale", [-12.0, -7.0, -2.0, 3.0, 5.0])
@pytest.mark.parametrize("mean", [0.0, 0.5, 1.0])
def test_discretised_logistic_and_its_gradient_stay_finite_in_single_precision(mean: float, log_scale: float):
    """A level a thousand scales away is what an untrained network sees; log(0) there would end the training."""
    x = LEVELS.float()[:, None]
    parameters = torch.tensor([mean, log_scale], requires_grad=True)
    nll = discretised_logistic_nll(parameters[0].expand_as(x), parameters[1].expand_as(x), x)
    nll.sum().backward()
    assert nll.isfinite().all()
    assert parameters.grad.isfinite().all()
    torch.testing.assert_close(nll.double(), level_nlls(mean, log_scale), rtol=2e-3, atol=2e-3)


def test_discretised_logistic_sums_over_all_pixels_and_broadcasts_its_scale():
    x = torch.randint(0, 256, (3, 2, 4, 4)) / 255
    mean, log_scale = torch.rand(3, 2, 4, 4), torch.tensor([-2.0, -1.0]).view(2, 1, 1)
    whole = discretised_logistic_nll(mean, log_scale, x)
    assert whole.shape == (3,)
    apart = [
        discretised_logistic_nll(mean[1:2, c, i, j, None], log_scale[c, 0], x[1:2, c, i, j, None])
        for c in range(2)
        for i in range(4)
        for j in range(4)
    ]
    torch.testing.assert_close(whole[1:2], sum(apart))


def test_bernoulli_nll_is_minus_the_log_prob_of_independent_bernoullis():
    logits, x = 5 * torch.randn(4, 3, 6, 6), torch.rand(4, 3, 6, 6).round()
    expected = -Bernoulli(logits=logits).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(bernoulli_nll(logits, x), expected)


def test_bernoulli_probabilities_of_all_pictures_sum_to_one():
    pictures = torch.tensor([[i >> bit & 1 for bit in range(6)] for i in range(64)], dtype=torch.float64)
    nll = bernoulli_nll(torch.randn(6, dtype=torch.float64).expand(64, 6), pictures)
    assert (-nll).exp().sum().item() == pytest.approx(1)


def test_kl_equals_the_one_of_torch_distributions():
    mu, log_sigma = 2 * torch.randn(7, 5), torch.randn(7, 5)
    expected = kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_to_standard_normal(mu, log_sigma), expected)


def test_kl_of_the_standard_normal_to_itself_is_zero_whatever_its_size():
    """Zero for every number of latents: a wrong constant would show here."""
    for latents in (1, 3, 100):
        assert kl_to_standard_normal(torch.zeros(2, latents), torch.zeros(2, latents)).tolist() == [0, 0]


def test_cosine_falls_from_one_to_zero_and_stays_there():
    assert (cosine(0), cosine(0.5), cosine(1)) == pytest.approx((1, 0.5, 0))
    assert cosine(1 / 3) == pytest.approx(0.75)
    assert cosine(1.5) == pytest.approx(0)
    values = [cosine(k / 50) for k in range(51)]
    assert values == sorted(values, reverse=True)


def test_hold_then_fall_holds_for_half_the_time_and_ends_at_zero():
    assert [hold_then_fall(p) for p in (0, 0.5, 0.75, 1, 1.5)] == pytest.approx([1, 1, 0.5, 0, 0])


def test_crop_corners_reach_both_ends_and_nothing_beyond():
    corners = uniform_crop_corners(2000, 3, torch.Generator().manual_seed(0))
    assert corners.shape == (2000, 2)
    for axis in corners.T:
        shares = torch.bincount(axis, minlength=4) / 2000
        assert len(shares) == 4
        assert ((shares - 0.25).abs() < 0.05).all()
