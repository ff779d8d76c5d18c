"""Multi-scale PixelRNN: what each of the two networks may know, a likelihood that is exact, and samples."""

import copy
import itertools

import pytest
import torch
from torch import Tensor

from core.noise import first_weights, seeded
from core.pixels import LAYERS, MultiScale, evaluate_multiscale, field, reduced
from tests.influence import frequencies_off, influence, levels_of, scaled

KINDS = list(LAYERS)


def small(kind: str, **changes: object) -> MultiScale:
    with first_weights(seeded(0, "weights")):
        return MultiScale(**dict(layer=kind, size=6, depth=2, filters=4, head=6, conditions=4) | changes).eval()


def pixels(size: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Those of the small picture, and the rest, each in the order of reading."""
    every = list(itertools.product(range(size), range(size)))
    return [p for p in every if p[0] % 2 == p[1] % 2 == 0], [p for p in every if p[0] % 2 or p[1] % 2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_rest_knows_all_of_the_small_picture_and_no_later_pixel(kind: str):
    seen = influence(scaled(small(kind), 0.3, positive=True))[0, :, :, 0]
    first, rest = pixels(6)
    for k, (i, j) in enumerate(first):
        assert {(a, b) for a, b in [*first, *rest] if seen[i, j, a, b]} <= set(first[:k])
    for k, (i, j) in enumerate(rest):
        assert all(seen[i, j, a, b] for a, b in first)  # also of what lies far below
        assert not any(seen[i, j, a, b] for a, b in rest[k:])
        assert not k or seen[i, j, rest[k - 1][0], rest[k - 1][1]] or rest[k - 1][1] > j + 1  # not in another row


def test_colours_of_the_small_picture_are_all_known_and_later_ones_of_the_rest_are_not():
    seen = influence(scaled(small("convolution", channels=3, size=4, filters=6, levels=256), 0.3, positive=True))
    assert seen[:, 1, 1, :, 2, 2].all()  # of the small picture, below
    assert seen[:, 1, 1, :, 1, 1].tolist() == [[False] * 3, [True, False, False], [True, True, False]]
    assert seen[:, 2, 2, :, 2, 2].tolist() == [[False] * 3, [True, False, False], [True, True, False]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beginning", [(0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 1.0, 1.0)])
def test_all_pictures_around_a_small_one_are_together_as_likely_as_it_is(kind: str, beginning: tuple[float, ...]):
    model = scaled(small(kind, size=4, depth=1), 3.0)
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=12)), dtype=torch.double)
    pictures = torch.zeros(len(every), 1, 4, 4, dtype=torch.double)
    first, rest = pixels(4)
    for (i, j), level in zip(first, beginning, strict=True):
        pictures[:, 0, i, j] = level
    for k, (i, j) in enumerate(rest):
        pictures[:, 0, i, j] = every[:, k]
    p = (-model.nll(pictures)).exp()
    alone = (-model.small.nll(torch.tensor(beginning, dtype=torch.double).view(1, 1, 2, 2))).exp()
    assert p.sum().item() == pytest.approx(alone.item(), rel=1e-9)
    assert p.max() > 2 * p.mean()  # not all alike
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)), dtype=torch.double).view(16, 1, 2, 2)
    assert (-model.small.nll(every)).exp().sum().item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [dict(size=8, skip=True), dict(size=6, channels=3, levels=256)], ids=str)
def test_samples_are_those_of_the_naive_sampler(kind: str, shape: dict):
    model = scaled(small(kind, **shape), 2.0).float()
    size = shape["size"]
    fast, naive = ([*model.grow(3, generator=seeded(4, "z"), naive=slow)] for slow in (False, True))
    assert [each.shape[-1] for each in fast] == [size // 2] * (size // 2) + [size] * size
    for one, other in zip(fast, naive, strict=True):
        assert torch.equal(one, other)
    for large in fast[size // 2 :]:
        assert torch.equal(reduced(large), fast[size // 2 - 1])
    assert 0.05 < fast[-1].mean() < 0.95
    assert not torch.equal(fast[-1][0], fast[-1][1])
    assert torch.equal(model.sample(1, generator=seeded(4, "z"))[0], fast[-1][0])  # alone as among others


@pytest.mark.parametrize("kind", KINDS)
def test_samples_come_as_often_as_they_are_likely(kind: str):
    model = scaled(small(kind, size=2), 1.5).float()
    assert frequencies_off(model) < 37.7  # 15 degrees of freedom, 1 in 1,000


def test_known_pixels_stay_in_both_pictures():
    model = scaled(small("row"), 3.0).float()
    known = torch.zeros(6, 6, dtype=torch.bool)
    known[:2], known[5, 1:3], known[4, 2] = True, True, True
    given = torch.randint(0, 2, (1, 1, 6, 6), generator=seeded(3, "x")).float()
    before = known.clone()
    moments = list(model.grow(4, given=given, known=known, generator=seeded(0, "z")))
    assert torch.equal(known, before)
    for picture, mask, there in ((moments[2], reduced(known), reduced(given)), (moments[-1], known, given)):
        assert torch.equal(picture[:, :, mask], there[:, :, mask].expand(4, 1, -1))
    *_, again = model.grow(4, given=given, known=known, generator=seeded(0, "z"), naive=True)
    assert torch.equal(moments[-1], again)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_makes_all_its_tensors_on_the_device_of_its_pictures(kind: str):
    """Inside, tensors that name no device would be made on one that cannot be mixed with the pictures'."""
    model = small(kind).train()
    batch = {"image": levels_of(model, 5).float()}
    with torch.device("meta"):
        loss = model.loss(batch)["loss"]
        loss.backward()
    assert loss.device.type == "cpu"
    assert loss.isfinite()


@pytest.mark.parametrize("kind", KINDS)
def test_the_field_of_a_pixel_lies_within_what_comes_before_it(kind: str):
    model = scaled(small(kind, skip=True), 0.3, positive=True).float()
    x, seen = levels_of(model, 1).float(), influence(scaled(copy.deepcopy(model), 1.0))[0, :, :, 0]
    for i, j in itertools.product(range(6), range(6)):
        assert torch.equal(field(model, x, i, j)[-1] > 0, seen[i, j]), (i, j)
        assert not (seen[i, j] & ~model.before(i, j)).any()
    assert model.before(2, 2).sum() == 3 + 1
    assert model.before(3, 3).sum() == 3 * 6 + 3 + 3  # above, to the left, and below in the small picture


def test_a_card_says_what_the_small_picture_costs_and_what_the_rest():
    model = scaled(small("row"), 1.0).float()
    x = levels_of(model, 9).float()
    found = evaluate_multiscale(model, iter([{"image": x[:5]}, {"image": x[5:]}]))
    nll, of_small = model.nll(x).mean().item(), model.small.nll(x[:, :, ::2, ::2]).mean().item()
    assert found["nll"] == pytest.approx(nll)
    assert found["nll of the small picture"] == pytest.approx(of_small)
    assert found["nll of the rest"] == pytest.approx(nll - of_small)
    assert found["nll at 50 %"] == pytest.approx(model.nll(x).median().item(), abs=1e-3)
    assert found["n"] == 9
    assert found["before"] == model.before(3, 3).sum()
    assert 9 < found["receptive_field"] <= found["before"]
    assert found["sample_seconds"] > 0


def wrong_size() -> Tensor:
    return small("row").logits(torch.zeros(1, 1, 6, 7))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: small("row", size=5), "size must be even"),
        (lambda: small("row", size=0), "size must be even"),
        (lambda: small("row", conditions=0), "conditions must be >= 1"),
        (lambda: small("spiral"), "convolution, row, diagonal"),
        (wrong_size, "x must have shape"),
        (lambda: small("row").sample(0), "n must be >= 1"),
        (lambda: next(small("row").grow(1, known=torch.ones(6, 6).bool())), "belong together"),
        (lambda: next(small("row").grow(1, known=torch.ones(3, 3).bool(), given=torch.ones(1, 1, 6, 6))), "known must"),
    ],
)
def test_what_is_wrong_is_said(call: object, message: str):
    with pytest.raises(ValueError, match=message):
        call()
