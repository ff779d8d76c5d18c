"""Muon beside Adam: which of them moves which parameter, and where to."""

import math

import pytest
import torch
from torch import nn

from core.noise import seeded
from core.optimizers import NARROW, Together, muon_and_adam


def given_gradients(*shapes: tuple[int, ...]) -> list[nn.Parameter]:
    """Parameters at 0 that have a gradient."""
    found = [nn.Parameter(torch.zeros(shape)) for shape in shapes]
    for place, parameter in enumerate(found):
        parameter.grad = torch.randn(parameter.shape, generator=seeded(place, "gradient"))
    return found


@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (16, 16)])
def test_a_matrix_moves_by_its_gradient_with_all_singular_values_made_one(shape: tuple[int, int]):
    """Against the singular value decomposition. Muon's five iterations bring each to 0.7 ... 1.2, not exactly to 1."""
    matrix, vector = given_gradients(shape, (5,))
    u, s, v = torch.linalg.svd(matrix.grad, full_matrices=False)
    assert s.max() / s.min() > 1.5  # or there were nothing to make equal
    muon_and_adam([matrix, vector], muon=0.01, adam=0.001).step()
    moved = -(u.mT @ matrix.detach() @ v.mT) / (0.01 * 0.2 * math.sqrt(max(shape)))
    assert ((moved.diagonal() > 0.6) & (moved.diagonal() < 1.3)).all()
    assert (moved - moved.diagonal().diag()).abs().max() < 0.05


def test_vectors_and_narrow_matrices_are_adams():
    wide, narrow, vector = given_gradients((NARROW, NARROW), (NARROW - 1, 50), (50,))
    gradients = [parameter.grad.clone() for parameter in (narrow, vector)]
    muon_and_adam([wide, narrow, vector], muon=0.5, adam=0.001).step()
    for parameter, gradient in zip((narrow, vector), gradients, strict=True):  # Adam's first step is the rate, signed
        torch.testing.assert_close(parameter.detach(), -0.001 * gradient.sign(), rtol=1e-4, atol=0)
    assert wide.abs().max() > 0.01


def test_together_they_have_all_groups_clear_all_gradients_and_take_up_their_states():
    def moved(optimizer: Together, parameters: list[nn.Parameter], steps: range) -> None:
        for k in steps:
            for parameter in parameters:
                parameter.grad = torch.randn(parameter.shape, generator=seeded(k, "gradient"))
            optimizer.step()

    def new() -> tuple[Together, list[nn.Parameter]]:
        parameters = given_gradients((9, 9), (9,))
        return muon_and_adam(parameters, muon=0.02, adam=0.001), parameters

    (whole, one), (first, two) = new(), new()
    assert [group["lr"] for group in whole.param_groups] == [0.02, 0.001]
    moved(whole, one, range(6))
    moved(first, two, range(3))
    second = muon_and_adam(two, muon=0.02, adam=0.001)
    second.load_state_dict(first.state_dict())
    moved(second, two, range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    second.zero_grad()
    assert all(parameter.grad is None for parameter in two)
