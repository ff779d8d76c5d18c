"""pix2pix against what can be worked out by hand: wiring, receptive fields, who sees what; and its drawings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from core import data, pairs
from core.pix2pix import PATCHES, Generator, PatchDiscriminator, Pix2Pix, label_scores
from core.recipe import Averages, declares


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(**changes) -> Pix2Pix:
    torch.manual_seed(0)
    return Pix2Pix(**{"size": 32, "filters": 4, "patch": 16} | changes)


def pair(model: Pix2Pix, n: int = 4) -> dict[str, Tensor]:
    size = model.shape[-1]
    shapes = (n, model.inputs, size, size), (n, 3, size, size)
    pictures = {key: torch.rand(shape, generator=seeded(7)) for key, shape in zip("xy", shapes, strict=True)}
    return pictures | {"progress": 1.0}  # the end of training: no noise over what D sees


# ------------------------------------------------------------------ the generators


@pytest.mark.parametrize(
    ("size", "encoder", "decoder"),
    [
        (256, [64, 128, 256, 512, 512, 512, 512, 512], [512, 512, 512, 512, 256, 128, 64, 3]),
        (128, [64, 128, 256, 512, 512, 512, 512], [512, 512, 512, 256, 128, 64, 3]),
    ],
)
def test_the_layers_are_the_papers(size: int, encoder: list[int], decoder: list[int]):
    """C64-C128-C256-C512-C512-C512-C512-C512 and CD512-CD512-CD512-C512-C256-C128-C64 (Sec. 6.1.1)."""
    with torch.device("meta"):
        G = Generator(size=size, inputs=3, outputs=3, filters=64, skips=True)
    assert [layer.conv.out_channels for layer in G.down] == encoder
    assert [layer.conv.out_channels for layer in G.up] == decoder
    assert [layer.noisy for layer in G.up] == [True] * 3 + [False] * (len(decoder) - 3)
    assert not isinstance(G.down[0].norm, torch.nn.BatchNorm2d)


def test_layer_i_of_the_encoder_meets_layer_n_minus_i_of_the_decoder():
    """With the bottleneck cut, the output still changes with what each skip carries, and with nothing else."""
    G = Generator(size=32, inputs=1, outputs=3, filters=4, skips=True).eval()
    n = len(G.down)
    for i, layer in enumerate(G.up[1:], start=1):
        partner = G.down[n - 1 - i]
        assert layer.conv.in_channels == G.up[i - 1].conv.out_channels + partner.conv.out_channels
    carried, arrived = [], []
    for layer in G.down:
        layer.register_forward_hook(lambda module, given, made: carried.append(made))
    for layer in G.up:
        layer.register_forward_pre_hook(lambda module, given: arrived.append(given[0]))
    G(torch.rand(2, 1, 32, 32))
    for i in range(1, n):
        half = arrived[i].shape[1] - carried[n - 1 - i].shape[1]
        assert torch.equal(arrived[i][:, half:], carried[n - 1 - i])


def test_without_skips_all_goes_through_the_bottleneck():
    for skips in (True, False):
        G = Generator(size=32, inputs=1, outputs=3, filters=4, skips=skips).eval()
        G.down[-1].register_forward_hook(lambda module, given, made: torch.zeros_like(made))
        a, b = G(torch.zeros(1, 1, 32, 32)), G(torch.rand(1, 1, 32, 32))
        assert torch.equal(a, b) is not skips


def test_weights_start_as_in_the_paper():
    weights = torch.cat([layer.conv.weight.flatten() for layer in small(filters=16).generator.down])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert abs(weights.mean().item()) < 1e-3


@pytest.mark.parametrize("generator", ["unet", "encoder-decoder"])
def test_a_folded_model_makes_the_same_photos(generator: str):
    model = small(generator=generator)
    for _ in range(3):  # averages that are not those of the beginning
        model.photo(torch.rand(4, 1, 32, 32, generator=seeded(1)), drop=True)
    for p in model.generator.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=seeded(2))
    model.eval()
    x = pair(model)["x"]
    before = model.translate(x), model.translate(x, generator=seeded(3))
    model.fold()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules())
    after = model.translate(x), model.translate(x, generator=seeded(3))
    for a, b in zip(before, after, strict=True):
        assert torch.allclose(a, b, atol=1e-5)
        assert a.std() > 0.01


# ------------------------------------------------------------------ the discriminators


@pytest.mark.parametrize("patch", PATCHES)
def test_a_logit_sees_a_patch_of_that_many_pixels(patch: int):
    """By gradient: which pixels does the logit in the middle depend on? The norms, which see all, are left out."""
    size = 512 if patch > 70 else 128
    torch.manual_seed(0)
    D = PatchDiscriminator(inputs=1, patch=patch, filters=2)
    for i, layer in enumerate(D.layers):
        if isinstance(layer, torch.nn.InstanceNorm2d):
            D.layers[i] = torch.nn.Identity()
    picture = torch.rand(1, 1, size, size, requires_grad=True)
    logits = D(picture)
    logits[0, 0, logits.shape[-2] // 2, logits.shape[-1] // 2].backward()
    rows = picture.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows[-1] - rows[0] + 1 == patch == D.receptive_field


@pytest.mark.parametrize(("objective", "sees"), [("gan", False), ("l1+gan", False), ("cgan", True), ("l1+cgan", True)])
def test_the_discriminator_sees_x_only_where_the_objective_has_a_c(objective: str, sees: bool):
    model = small(objective=objective).eval()
    given = pair(model)
    changed = model.judge(1 - given["x"], given["y"])
    assert torch.equal(changed, model.judge(given["x"], given["y"])) is not sees


def test_trained_by_l1_alone_there_is_no_discriminator():
    model = small(objective="l1")
    assert [phase.name for phase in model.phases()] == ["G"]
    assert not any("discriminator" in name for name in model.state_dict())
    with pytest.raises(ValueError, match="no discriminator"):
        model.judge(pair(model)["x"], pair(model)["y"])


# ------------------------------------------------------------------ the losses


def test_losses_are_those_of_the_paper():
    model = small().eval()
    given = pair(model)
    torch.manual_seed(0)
    found = model.generator_loss(given)
    torch.manual_seed(0)
    made = model.photo(given["x"], drop=True)
    p = torch.sigmoid(model.verdict(given["x"], made))
    L1 = ((2 * made - 1) - (2 * given["y"] - 1)).abs().mean()
    assert found["loss"].item() == pytest.approx((100 * L1 - p.log().mean()).item(), rel=1e-5)
    torch.manual_seed(0)
    found = model.discriminator_loss(given)
    q = torch.sigmoid(model.verdict(given["x"], given["y"]))
    expected = -0.5 * (q.log().mean() + (1 - p).log().mean())
    assert found["loss"].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("objective", ["gan", "cgan"])
def test_without_l1_the_loss_has_none_of_it(objective: str):
    model = small(objective=objective)
    found = model.generator_loss(pair(model))
    assert torch.equal(found["loss"], found["G_gan"])


def test_neither_player_moves_in_the_others_turn():
    model = small()
    for phase, other in zip(model.phases(), (model.generator, model.discriminator), strict=True):
        model.zero_grad(set_to_none=True)
        phase.loss(pair(model))["loss"].backward()
        assert all(p.grad is not None for p in phase.parameters)
        assert all(p.grad is None for p in other.parameters())
        assert all(p.requires_grad for p in (*phase.parameters, *other.parameters()))


def test_the_noise_over_what_d_sees_fades_and_the_verdict_of_use_has_none():
    model = small(noise=0.5)
    given = pair(model)
    half = given | {"progress": 0.5}
    spread = (model.blurred(given["y"], half) - given["y"]).std().item()
    assert spread == pytest.approx(0.25, rel=0.05)
    assert torch.equal(model.blurred(given["y"], given), given["y"])
    for loss in (model.discriminator_loss, model.generator_loss):  # it is in both turns
        early, late = (loss(given | {"progress": p, "generator": seeded(3)})["loss"].item() for p in (0.0, 1.0))
        assert abs(early - late) > 1e-4
    model.eval()
    assert torch.equal(model.judge(given["x"], given["y"]), model.judge(given["x"], given["y"]))


def test_of_the_two_players_the_generator_is_averaged():
    model = small()
    assert declares(model, Averages)
    assert model.averaged() is model.generator


def test_the_generators_turn_takes_the_photos_of_the_discriminators_turn_for_the_same_drawings_only():
    model, other = small(), pair(small(), 2)
    given = pair(model)
    model.discriminator_loss(given)
    x, made = model.shared
    assert x is given["x"]
    L1 = 2 * (made - given["y"]).abs().mean()
    assert model.generator_loss(given)["L1"].item() == pytest.approx(L1.item())
    assert model.shared is None
    model.discriminator_loss(given)
    torch.manual_seed(0)
    expected = 2 * (model.photo(other["x"], drop=True) - other["y"]).abs().mean()
    torch.manual_seed(0)
    assert model.generator_loss(other)["L1"].item() == pytest.approx(expected.item())


def test_a_pair_is_learned_by_heart():
    model = small(objective="l1", learning_rate=5e-3)
    given = pair(model, 1)
    (phase,) = model.phases()
    given["y"] = given["x"].expand(-1, 3, -1, -1).round()
    losses = []
    for _ in range(60):
        phase.optimizer.zero_grad()
        loss = phase.loss(given)["loss"]
        loss.backward()
        phase.optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (dict(size=100), "size must be a power of 2"),
        (dict(generator="resnet"), "generator must be one of unet"),
        (dict(objective="l2"), "objective must be one of l1"),
        (dict(patch=34), "patch must be one of 1, 16, 70, 286"),
    ],
)
def test_wrong_settings_are_named(wrong: dict, rule: str):
    with pytest.raises(ValueError, match=rule):
        small(**wrong)


# ------------------------------------------------------------------ drawings


def disc(size: int = 64, radius: float = 20, grey: float = 0.2) -> Tensor:
    """A grey disc on white, (1, 3, size, size)."""
    grid = torch.arange(size) - size / 2 + 0.5
    return torch.where(torch.hypot(grid[:, None], grid[None]) < radius, grey, 1.0).expand(1, 3, size, size).clone()


def test_the_edge_of_a_disc_is_a_thin_circle():
    strength = pairs.edge_strength(disc())[0, 0]
    rows, columns = (strength > 0.1).nonzero(as_tuple=True)
    distance = torch.hypot(rows - 31.5, columns - 31.5)
    assert len(rows) > 2 * 3.14 * 20 * 0.8  # it is closed, or nearly
    assert len(rows) < 2 * 3.14 * 20 * 1.5  # and one pixel wide
    assert (distance - 20).abs().max() < 1.6
    assert (strength[28:36, 28:36] == 0).all()


def test_a_thing_as_pale_as_paper_still_gets_its_outline():
    pale = disc(grey=0.93)
    assert (pairs.edge_strength(pale) > 0.06).sum() == 0
    ink = 1 - pairs.edges(pale)[0, 0]
    rows, columns = (ink > 0.5).nonzero(as_tuple=True)
    assert len(rows) > 60
    assert (torch.hypot(rows - 31.5, columns - 31.5) - 20).abs().max() < 4


def test_drawings_are_ink_on_paper_and_the_generator_decides_the_hand():
    photos = disc().expand(6, -1, -1, -1)
    first, again, other = (pairs.edges(photos, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (6, 1, 64, 64)
    assert first.min() >= 0
    assert first.max() <= 1
    assert (first[:, :, 0] == 1).all()
    assert len({drawing.numpy().tobytes() for drawing in first}) > 3  # a disc has one edge: few hands differ


def test_label_scores_are_those_counted_by_hand():
    found, truth = torch.tensor([[[0, 1], [1, 2]]]), torch.tensor([[[0, 0], [1, 1]]])
    # Half of the pixels are right, as of either class; class 0 has 1 of 2 in the union, class 1 has 1 of 3.
    assert label_scores(found, truth) == pytest.approx(
        {"pixel_accuracy": 50, "class_accuracy": 50, "IoU": 100 * (1 / 2 + 1 / 3) / 2}
    )


def test_labels_survive_their_colours_and_the_noise_of_a_jpeg():
    labels = torch.arange(12).view(1, 1, 3, 4).repeat_interleave(8, 2).repeat_interleave(8, 3).byte()
    colours = pairs.label_colours(labels)
    noisy = (colours * 255 + torch.randint(-12, 13, colours.shape, generator=seeded(0))).clamp(0, 255).byte()
    assert torch.equal(pairs.nearest_label(noisy), labels)


def test_jitter_cuts_both_pictures_at_the_same_place():
    x = torch.arange(20 * 20).float().view(1, 1, 20, 20).expand(8, 1, 20, 20)
    a, b = pairs.jitter([x, 2 * x.expand(-1, 3, -1, -1)], 16, seeded(3))
    assert a.shape == (8, 1, 16, 16)
    assert torch.equal(2 * a.expand(-1, 3, -1, -1), b)
    corners = {(int(cut[0, 0].min()), bool(cut[0, 0, 0] > cut[0, 0, 1])) for cut in a}
    assert len(corners) > 4
    assert {mirrored for _, mirrored in corners} == {True, False}


# ------------------------------------------------------------------ the public layouts


def write_halves(folder: Path, left: tuple, right: tuple, n: int = 3) -> None:
    folder.mkdir(parents=True)
    for i in range(1, n + 1):
        picture = np.zeros((32, 64, 3), np.uint8)
        picture[:, :32], picture[:, 32:] = left, right
        Image.fromarray(picture).save(folder / f"{i}.jpg", quality=95)


@pytest.mark.parametrize(
    ("name", "left_is_photo", "inputs"),
    [
        ("facades", True, 3),
        ("maps", True, 3),
        ("cityscapes", True, 3),
        ("night2day", False, 3),
        ("edges2shoes", False, 1),
    ],
)
def test_public_layouts_are_read_the_right_way_round(tmp_path: Path, name: str, left_is_photo: bool, inputs: int):
    photo, other = (90, 60, 30), (255, 0, 0)
    for split in ("train", "val"):
        write_halves(tmp_path / name / split, *((photo, other) if left_is_photo else (other, photo)))
    for split in ("train", "test"):
        batch = next(data.load(name, tmp_path, split).stream(2, seed=0))
        size = 128 if name == "facades" else 256
        assert batch["x"].shape == (2, inputs, size, size)
        assert batch["y"].shape == (2, 3, size, size)
        expected = torch.tensor(photo) / 255
        assert torch.allclose(batch["y"].mean((0, 2, 3)), expected, atol=0.03)
        seen = batch["x"].mean((0, 2, 3))
        assert torch.allclose(seen, torch.tensor(other) / 255 if inputs == 3 else torch.tensor([85 / 255]), atol=0.03)


def test_products_are_split_and_drawn(tmp_path: Path):
    (tmp_path / "shoes").mkdir()
    for i in range(20):
        picture = (disc(128, 30, 0.02 * i)[0] * 255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(picture).save(tmp_path / "shoes" / f"{i}.jpg")
    train, test = (data.load("shoes", tmp_path, split) for split in ("train", "test"))
    assert (len(train), len(test)) == (18, 2)
    first, again = (next(test.batches(2)) for _ in range(2))
    assert torch.equal(first["x"], again["x"])
    assert first["x"].shape == (2, 1, 128, 128)
    batch = next(train.stream(4, seed=0))
    assert batch["x"].shape == (4, 1, 128, 128)
    assert batch["y"].shape == (4, 3, 128, 128)


@pytest.mark.parametrize("name", ["shoes", "facades"])
def test_a_set_that_is_not_there_is_a_sentence(tmp_path: Path, name: str):
    with pytest.raises(FileNotFoundError, match="unpack"):
        data.load(name, tmp_path, "train")
