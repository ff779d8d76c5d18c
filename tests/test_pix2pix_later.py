"""What later years added to pix2pix: told colours, losses, what D sees."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from core import pairs
from core.features import stages
from core.layers import any_move, moved_with_a_hole
from core.pix2pix import Up
from core.pix2pix_later import Grow, LaterPix2Pix, Patches, evaluate_told, hinge


def small(**changes):
    torch.manual_seed(0)
    return LaterPix2Pix(**(dict(size=32, filters=4, critic_filters=4) | changes))


def drawing(n, size=32, channels=1):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(n)).round()


def batch(n=2, size=32, **more):
    generator = torch.Generator().manual_seed(1)
    y = torch.rand(n, 3, size, size, generator=generator)
    return {"x": drawing(n, size), "y": y, "colours": pairs.colours(y), "progress": 0.0} | more


# ------------------------------------------------------------------ colours


def test_colours_are_those_of_the_thing_the_larger_share_first():
    photo = torch.ones(1, 3, 16, 16)
    photo[0, :, 2:10, 2:14] = torch.tensor([0.8, 0.1, 0.1])[:, None, None]
    photo[0, :, 10:14, 2:14] = torch.tensor([0.1, 0.2, 0.6])[:, None, None]
    expected = torch.tensor([[0.6, -0.8, -0.8, -0.8, -0.6, 0.2]])
    assert torch.allclose(pairs.colours(photo), expected, atol=1e-5)
    assert torch.allclose(pairs.colours(photo.flip(-1)), expected, atol=1e-5)


def test_colours_of_paper_and_of_one_colour():
    assert torch.equal(pairs.colours(torch.ones(2, 3, 8, 8)), torch.ones(2, 6))
    assert torch.allclose(pairs.colours(torch.full((1, 3, 8, 8), 0.25)), torch.full((1, 6), -0.5))


def test_colours_of_a_picture_do_not_depend_on_its_batch():
    photos = torch.rand(3, 3, 24, 24, generator=torch.Generator().manual_seed(5))
    assert torch.equal(pairs.colours(photos)[1:2], pairs.colours(photos[1:2]))


def test_front_colours_are_means_over_wall_and_background():
    photos = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(6))
    labels = torch.zeros(2, 1, 12, 12, dtype=torch.uint8)
    labels[0, :, 4:9, 3:8] = 1
    found = pairs.front_colours(photos, labels)
    wall, around = photos[0][:, 4:9, 3:8], labels[0, 0] == 0
    assert torch.allclose(found[0, :3], 2 * wall.flatten(1).mean(1) - 1, atol=1e-5)
    assert torch.allclose(found[0, 3:], 2 * photos[0][:, around].mean(1) - 1, atol=1e-5)
    assert torch.allclose(found[1, :3], 2 * photos[1].flatten(1).mean(1) - 1, atol=1e-5), "no wall: of all pixels"


def test_a_wobble_moves_ink_by_so_many_pixels():
    ink = torch.zeros(1, 1, 16, 16)
    ink[..., 8, 5] = 1
    still, moved = (
        pairs.displaced(ink, torch.zeros(1, 2, 4, 4) + torch.tensor(by).view(1, 2, 1, 1))
        for by in ((0.0, 0.0), (2.0, -3.0))
    )
    assert torch.allclose(still, ink, atol=1e-5)
    assert moved[0, 0].argmax() == 11 * 16 + 3, "what was 2 to the right and 3 above comes here"


# ------------------------------------------------------------------ layers and losses


def test_every_pixel_gets_the_same_number_of_taps_where_a_transposed_convolution_weaves():
    torch.manual_seed(0)
    flat = torch.ones(1, 6, 8, 8)
    grown = Grow(6, 5).eval()(flat, False, None)[..., 2:-2, 2:-2]
    assert torch.allclose(grown, grown[..., :1, :1].expand_as(grown), atol=1e-6)
    woven = Up(6, 5).eval()(flat, False, None)[..., 2:-2, 2:-2]
    assert woven.std((2, 3)).min() > 1e-3


def test_hinge_is_that_of_its_paper():
    real, made = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, -0.5, 1.0])
    assert hinge(real, made).item() == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 0.5 + 2) / 3)


def test_no_layer_of_the_discriminator_stretches_anything():
    torch.manual_seed(0)
    patches = Patches(inputs=4, filters=4)
    for _ in range(30):  # of the power method
        patches(torch.rand(1, 4, 32, 32))
    for layer in patches.layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


def test_shift_and_hole_are_those_of_a_loop_over_pixels():
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    by, hole = torch.tensor([[2, -1], [-2, 0]]), torch.tensor([[3, 5], [-2, 12]])
    expected = torch.zeros_like(pictures)
    for b in range(2):
        for row in range(16):
            for column in range(16):
                r, c = row + by[b, 0].item(), column + by[b, 1].item()
                covered = all(0 <= at - hole[b, k].item() < 6 for k, at in enumerate((row, column)))
                if 0 <= r < 16 and 0 <= c < 16 and not covered:
                    expected[b, :, row, column] = pictures[b, :, r, c]
    assert torch.equal(moved_with_a_hole(pictures, by, hole, 2, 6), expected)


def test_stages_have_one_length_in_every_pixel_and_pass_gradients():
    photos = torch.rand(1, 3, 64, 64, requires_grad=True)
    found = stages()(2 * photos - 1)
    assert [stage.shape[1:] for stage in found] == [(24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
    assert all(torch.allclose(stage.square().mean(1), torch.ones(()), atol=1e-4) for stage in found)
    sum((stage[:, 0] ** 2).sum() for stage in found).backward()
    assert photos.grad.abs().sum() > 0


def test_the_trunk_knows_what_is_in_a_photo_so_its_input_has_the_right_range():
    """Of the stages of a smooth picture and of noise the former are closer to those of another smooth picture."""
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    brighter, noise = ramp * 0.9 + 0.05, torch.rand(1, 3, 64, 64) * 2 - 1
    a, b, c = (stages()(picture)[-1] for picture in (ramp, brighter, noise))
    assert (a - b).abs().mean() < 0.5 * (a - c).abs().mean()


def test_the_trunk_is_not_saved_with_the_model():
    assert sum(p.numel() for p in small().parameters()) < 1e6
    assert not any("trunk" in key for key in small().state_dict())


# ------------------------------------------------------------------ the model


def test_each_turn_teaches_its_own_player_alone():
    model = small()
    D, G = model.phases()
    given = batch()
    D.loss(given)["loss"].backward()
    assert all(p.grad is None for p in G.parameters)
    assert all(p.grad.abs().sum() > 0 for p in D.parameters if p.ndim > 1)  # a bias feels real and made alike
    before = [p.grad.clone() for p in D.parameters]
    G.loss(given)["loss"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in G.parameters)
    assert all(torch.equal(p.grad, old) for p, old in zip(D.parameters, before, strict=True))


def test_real_and_made_are_moved_alike():
    model = small()
    model.discriminator_loss(batch())
    _, _, real, made, *_ = model.shared
    assert torch.equal(real[:, 3:], made[:, 3:]), "one condition, under one shift and hole"
    assert torch.equal(real[:, :3] == 0, made[:, :3] == 0)
    assert 0.05 < (real[:, :3] == 0).all(1).float().mean() < 0.4, "there is a hole"
    assert not torch.equal(real[:, :3], 2 * batch()["y"] - 1)
    still = small(moved=False)
    still.discriminator_loss(batch())
    assert torch.equal(still.shared[2][:, :3], 2 * batch()["y"] - 1)


def test_moves_reach_as_far_as_they_may_and_holes_lie_everywhere():
    by, corner, room, side = any_move(4000, 32, 1 / 8, 3 / 8, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert (room, side) == (4, 12)
    assert (by.min(), by.max()) == (-4, 4)
    assert (corner.min(), corner.max()) == (-6, 25)  # half of it may lie outside


def test_both_losses_are_those_that_the_table_names():
    """Recomputed from what both players saw: the weighted sum, each term with its sign."""
    model = small(pixels=10.0, matching=5.0, perceptual=3.0, projected=2.0)
    given = batch()
    for module in [m for m in model.modules() if hasattr(m, "parametrizations")]:
        module.eval()  # one estimate of the singular values for all
    D_terms = model.discriminator_loss(given)
    _, photo, real, made, phi_real, phi_made = model.shared
    D_terms = {key: value.detach() for key, value in D_terms.items()}
    model.shared = given["x"], photo, real, made, phi_real, phi_made
    with torch.no_grad():
        G_terms = {key: value.detach() for key, value in model.generator_loss(given).items()}
        on_real, on_made = model.discriminator(real), model.discriminator(made)
        heads = [head(stage, made[:, 3:]) for head, stage in zip(model.heads, phi_made, strict=True)]
    assert D_terms["loss"] == pytest.approx(D_terms["D_patches"] + len(heads) * D_terms["D_heads"])
    expected = {
        "G_patches": -on_made[-1].mean(),
        "G_heads": -sum(head.mean() for head in heads) / len(heads),
        "L1": 2 * (photo - given["y"]).abs().mean(),
        "matching": sum((a - b).abs().mean() for a, b in zip(on_real[:-1], on_made[:-1], strict=True)) / 4,
        "perceptual": sum((a - b).abs().mean() for a, b in zip(phi_real, phi_made, strict=True)) / 4,
    }
    for name, value in expected.items():
        assert G_terms[name].item() == pytest.approx(value.item(), rel=1e-4), name
    weights = {"G_patches": 1.0, "G_heads": 2.0, "L1": 10.0, "matching": 5.0, "perceptual": 3.0}
    total = sum(weight * expected[name].item() for name, weight in weights.items())
    assert G_terms["loss"].item() == pytest.approx(total, rel=1e-4)
    right, swapped = hinge(on_real[-1], on_made[-1]).item(), hinge(on_made[-1], on_real[-1]).item()
    assert D_terms["D_patches"].item() == pytest.approx(right, rel=1e-6)
    assert swapped != pytest.approx(right, rel=1e-4)


def test_labels_are_found_where_the_picture_lies():
    with FakeTensorMode(allow_non_fake_inputs=True):
        found = pairs.nearest_label(torch.empty(2, 3, 8, 8, dtype=torch.uint8, device="cuda"))
    assert found.device.type == "cuda"


@pytest.mark.parametrize("inputs", [1, 3])
def test_colours_that_are_told_change_the_photo_and_the_batch_does_not(inputs):
    model = small(inputs=inputs).eval()
    x = pairs.label_colours(torch.randint(0, 12, (3, 1, 32, 32))) if inputs == 3 else drawing(3)
    red, blue = torch.tensor([[0.9, -1, -1] * 2]), torch.tensor([[-1, -1, 0.9] * 2])
    plain, in_red = model.translate(x), model.translate(x, red.expand(3, 6))
    assert plain.shape == (3, 3, 32, 32)
    assert 0 <= plain.min() <= plain.max() <= 1
    assert not torch.allclose(plain, in_red)
    assert not torch.allclose(in_red, model.translate(x, blue.expand(3, 6)))
    assert torch.allclose(model.translate(x[1:2], red), in_red[1:2], atol=1e-5)


def test_none_told_is_not_grey_told():
    model = small().eval()
    assert not torch.allclose(model.translate(drawing(1)), model.translate(drawing(1), torch.zeros(1, 6)))


def test_the_kind_is_told_and_the_models_own_by_default():
    model = small(kinds=("shoes", "bags"), kind="bags").eval()
    x, told = drawing(1), torch.zeros(1)
    own, bags, shoes = (
        model.condition(x, torch.zeros(1, 6), told, kind) for kind in (None, torch.tensor([1]), torch.tensor([0]))
    )
    assert torch.equal(own, bags)
    assert not torch.equal(bags, shoes)


@pytest.mark.parametrize(
    ("colours", "words"),
    [
        (torch.zeros(2, 6), "colours must be"),
        (torch.full((1, 6), 1.5), "colours"),
        (torch.full((1, 6), torch.nan), "colours"),
    ],
)
def test_wrong_colours_are_refused_in_a_sentence(colours, words):
    with pytest.raises(ValueError, match=words):
        small().eval().translate(drawing(1), colours)


def test_folded_norms_change_nothing():
    model = small().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    x = drawing(2)
    before = model.translate(x)
    model.fold()
    assert torch.allclose(model.translate(x), before, atol=1e-5)


def test_measured_with_own_colours_with_anothers_and_untold():
    given = {key: value for key, value in batch(4, 64).items() if key != "progress"}
    found = evaluate_told(small(size=64).eval(), [given])
    assert {"KID", "KID_another", "KID_untold", "L1", "SSIM", "n"} <= found.keys()
    assert found["n"] == 4
    made = small(size=64).eval().translate(given["x"], given["colours"])
    assert found["L1"] == pytest.approx(255 * F.l1_loss(made, given["y"]).item(), rel=1e-4)
