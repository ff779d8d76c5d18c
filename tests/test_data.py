"""Datasets in the layouts that their public downloads unpack to, made here; and naive loops beside the fast paths."""

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core import data
from core.data import Dataset, Pictures


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(n: int) -> Dataset:
    """Pictures of one pixel that say their own index."""
    images = torch.arange(n).byte().view(n, 1, 1, 1)
    return Pictures(images, torch.arange(n), "made here", "none", data.plain)


def take(batches, n: int) -> list[dict[str, Tensor]]:
    return list(itertools.islice(batches, n))


def equal(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


# ------------------------------------------------------------------ batches


@pytest.mark.parametrize("start", [1, 4, 6, 7, 19])
def test_a_stream_can_start_anywhere(small_set: Dataset, start: int):
    """Seven batches of 7 make an epoch of 50: the starts lie before, at and after its end."""
    whole = take(small_set.stream(7, seed=3), start + 5)
    later = take(small_set.stream(7, seed=3, start=start), 5)
    assert all(equal(a, b) for a, b in zip(whole[start:], later, strict=True))


def test_a_stream_depends_on_its_seed(small_set: Dataset):
    assert not equal(*(next(small_set.stream(50, seed=seed)) for seed in (0, 1)))


def all_alike(n: int) -> Dataset:
    """n times the same grey picture, so that two binarised batches differ by their noise alone."""
    return Pictures(torch.full((n, 1, 8, 8), 128).byte(), torch.zeros(n).long(), "made here", "none", data.binarised)


def test_every_batch_of_a_stream_has_its_own_noise():
    """Four batches to an epoch: the second and the sixth stand at the same place of two epochs."""
    images = {batch["image"].numpy().tobytes() for batch in take(all_alike(40).stream(10, seed=0), 12)}
    assert len(images) == 12


def test_every_picture_of_a_test_set_has_its_own_noise():
    (batch,) = all_alike(250).batches(250)
    assert len({picture.numpy().tobytes() for picture in batch["image"]}) == 250


def test_a_stream_does_not_touch_the_global_generator(small_set: Dataset):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    take(small_set.stream(10, seed=0), 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_epoch_shows_every_picture_once_and_the_next_in_another_order():
    labels = [batch["label"].tolist() for batch in take(numbered(12).stream(4, seed=0), 6)]
    epochs = [[*itertools.chain(*labels[:3])], [*itertools.chain(*labels[3:])]]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(12))
    assert epochs[0] != epochs[1]
    assert epochs[0] != list(range(12))


def test_pictures_stay_with_their_labels():
    batch = next(numbered(40).stream(10, seed=0))
    torch.testing.assert_close((batch["image"].flatten() * 255).round().long(), batch["label"])


@pytest.mark.parametrize("batch_size", [0, -3, 51])
def test_a_stream_refuses_a_batch_size_that_the_set_cannot_fill(small_set: Dataset, batch_size: int):
    with pytest.raises(ValueError, match=rf"batch_size must be 1 ... 50 .* got {batch_size}"):
        next(small_set.stream(batch_size, seed=0))


@pytest.mark.parametrize("name", ["mnist", "mnist-binarised", "twodigits", "cluttered"])
def test_the_test_set_is_the_same_whatever_the_batch_size_and_however_often_it_is_loaded(mnist_root: Path, name: str):
    """130 pictures: one block of 100 that share a seed, and a part of a second."""
    wanted = None
    for batch_size in (7, 100, 130, 500):
        batches = list(data.load(name, mnist_root, "test").batches(batch_size))
        assert [len(batch["image"]) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
        found = {key: torch.cat([batch[key] for batch in batches]) for key in batches[0]}
        wanted = wanted or found
        assert len(found["image"]) == 130
        assert equal(found, wanted)
    assert not torch.equal(wanted["image"][0], wanted["image"][100])


def test_the_test_set_keeps_the_order_of_the_files(mnist_root: Path):
    dataset = data.load("mnist", mnist_root, "test")
    batch = next(dataset.batches(500))
    assert torch.equal(batch["label"], dataset.labels)
    torch.testing.assert_close(batch["image"], dataset.images / 255)


def test_streams_of_a_seed_have_names_and_never_meet():
    tuples = [(0, "a"), (1, "a"), (0, "b"), (0, "a", 1), (0, "a", 1, 1), (0, "a", 11), (0, "a1"), (1, "a", 0)]
    seeds = {data.seeded(*places).initial_seed() for places in tuples}
    assert len(seeds) == len(tuples)
    assert data.seeded(5, "a", 6).initial_seed() == data.seeded(5, "a", 6).initial_seed()
    with pytest.raises(TypeError, match="a stream of a seed has a name"):
        data.seeded(5, 3)


# ------------------------------------------------------------------ MNIST


def test_mnist_is_read_from_the_files_that_torchvision_unpacks(mnist_root: Path):
    """Against the bytes of the idx file themselves: a header of 16, then row by row."""
    for split, file, n in (("train", "train", 230), ("test", "t10k", 130)):
        dataset = data.load("mnist", mnist_root, split)
        raw = (mnist_root / "MNIST" / "raw" / f"{file}-images-idx3-ubyte").read_bytes()[16:]
        labels = (mnist_root / "MNIST" / "raw" / f"{file}-labels-idx1-ubyte").read_bytes()[8:]
        assert len(dataset) == n
        assert dataset.images.shape == (n, 1, 28, 28)
        assert bytes(dataset.images.flatten().tolist()) == raw
        assert bytes(dataset.labels.tolist()) == labels
        assert dataset.origin
        assert dataset.licence


@pytest.mark.parametrize("name", ["mnist", "mnist-binarised", "twodigits", "cluttered"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_batches_hold_floats_from_0_to_1_and_labels(mnist_root: Path, name: str, split: str):
    batch = next(data.load(name, str(mnist_root), split).stream(16, seed=0))
    image, label = batch["image"], batch["label"]
    assert image.dtype == torch.float32
    assert image.shape[:2] == (16, 1)
    assert image.min() == 0
    assert 0.5 < image.max() <= 1
    assert label.dtype == torch.int64
    assert label.min() >= 0
    assert label.max() <= 9


def test_binarised_pixels_are_one_as_often_as_their_grey_level_says(mnist_root: Path):
    dataset = data.load("mnist-binarised", mnist_root, "train")
    indices = torch.arange(20)
    draws = torch.stack([dataset.batch(indices, seeded(k))["image"] for k in range(400)])
    assert set(draws.unique().tolist()) == {0.0, 1.0}
    grey = dataset.images[indices] / 255
    # The mean of 400 draws is within 5 standard errors (0.125 at most) of its expectation in all 15,680 pixels.
    assert (draws.mean(0) - grey).abs().max() < 0.125
    assert (draws.mean((0, 1)) - grey.mean(0)).abs().mean() < 0.005


# ------------------------------------------------------------------ pasting, two digits, clutter


def naive_paste(canvas: Tensor, patch: Tensor, top: int, left: int) -> None:
    for i, j in itertools.product(range(patch.shape[0]), range(patch.shape[1])):
        canvas[top + i, left + j] += patch[i, j]


def test_paste_adds_each_patch_at_its_own_corner():
    canvas, patches = torch.rand(5, 9, 12), torch.rand(5, 3, 4)
    corners = torch.tensor([[0, 0], [6, 8], [0, 8], [6, 0], [2, 5]])  # all four corners, row first
    expected = canvas.clone()
    for b, (top, left) in enumerate(corners.tolist()):
        naive_paste(expected[b], patches[b], top, left)
    data.paste(canvas, patches, corners)
    assert torch.equal(canvas, expected)


def test_two_digits_are_both_there_and_add_up_to_one_at_most(monkeypatch: pytest.MonkeyPatch):
    """Digits of pure black and white are not changed by binarising, so that the sum can be told exactly."""
    images = (torch.rand(30, 1, 28, 28, generator=seeded(0)) < 0.3).byte() * 255
    dataset = Pictures(images, torch.arange(30), "made here", "none", data.two_digits)
    corners = [torch.tensor([[0, 0], [32, 32], [10, 3]]), torch.tensor([[32, 5], [20, 20], [10, 3]])]
    handed_out = iter(corners)
    monkeypatch.setattr(data, "uniform_crop_corners", lambda n, room, generator: next(handed_out))
    batch = dataset.batch(torch.tensor([4, 8, 15]), seeded(0))

    assert batch["label"].shape == (3, 2)
    assert batch["label"][:, 0].tolist() == [4, 8, 15]
    for b, pair in enumerate(batch["label"].tolist()):
        expected = torch.zeros(60, 60)
        for digit, corner in zip(pair, corners, strict=True):
            naive_paste(expected, images[digit, 0] / 255, *corner[b].tolist())
        assert torch.equal(batch["image"][b, 0], expected.clamp(max=1))


def test_two_digits_lie_anywhere_on_the_picture():
    images = torch.full((10, 1, 28, 28), 255, dtype=torch.uint8)
    dataset = Pictures(images, torch.zeros(10).long(), "made here", "none", data.two_digits)
    image = torch.cat([dataset.batch(torch.arange(10), seeded(k))["image"] for k in range(40)])
    lit = image.mean((0, 1))
    assert lit.shape == (60, 60)
    assert (lit[[0, 0, -1, -1], [0, -1, 0, -1]] < lit[30, 30]).all()
    assert (image[:, 0, 0].amax(1) > 0).any()
    assert (image[:, 0, -1].amax(1) > 0).any()
    assert (image[:, 0, :, 0].amax(1) > 0).any()
    assert (image[:, 0, :, -1].amax(1) > 0).any()


def test_clutter_is_the_digit_and_real_fragments_pasted_one_by_one(monkeypatch: pytest.MonkeyPatch):
    """Every corner that is drawn is written down; loops over pixels then make the same picture from the pool."""
    digits, pool = torch.rand(3, 28, 28), torch.rand(20, 28, 28)
    calls, donors, draw = [], [], torch.randint

    def corners(n: int, room: int, generator: torch.Generator) -> Tensor:
        calls.append((room, draw(0, room + 1, (n, 2), generator=generator)))
        return calls[-1][1]

    def randint(*args, **arguments) -> Tensor:
        donors.append(draw(*args, **arguments))
        return donors[-1]

    monkeypatch.setattr(data, "uniform_crop_corners", corners)
    monkeypatch.setattr(data.torch, "randint", randint)
    found = data.clutter(digits, pool, seeded(1), size=50, pieces=4, piece=6)
    monkeypatch.undo()

    assert [room for room, _ in calls] == [50 - 28] + [28 - 6, 50 - 6] * 4
    assert len(donors) == 4
    for b in range(3):
        expected = torch.zeros(50, 50)
        naive_paste(expected, digits[b], *calls[0][1][b].tolist())
        for k in range(4):
            (top, left), corner = calls[1 + 2 * k][1][b].tolist(), calls[2 + 2 * k][1][b].tolist()
            naive_paste(expected, pool[donors[k][b], top : top + 6, left : left + 6], *corner)
        torch.testing.assert_close(found[b], expected.clamp(max=1))


def test_a_cluttered_picture_contains_its_digit_and_as_much_clutter_as_eight_fragments(mnist_root: Path):
    dataset = data.load("cluttered", mnist_root, "train")
    indices = torch.arange(12)
    batch = dataset.batch(indices, seeded(0))
    assert batch["image"].shape == (12, 1, 100, 100)
    assert torch.equal(batch["label"], dataset.labels[:12])
    for picture, digit in zip(batch["image"][:, 0], dataset.images[indices, 0] / 255, strict=True):
        places = picture.unfold(0, 28, 1).unfold(1, 28, 1)  # (73, 73, 28, 28): everywhere it could lie
        assert (places >= digit - 1e-6).all(-1).all(-1).any()
        extra = picture.sum() - digit.sum()
        assert 0 < extra <= 8 * 64


# ------------------------------------------------------------------ CIFAR-10


def test_a_folder_of_jpegs_is_read_class_by_class(cifar_root: Path):
    """The grey of a picture says which one it is: class and number must agree with its folder and file name."""
    pictures = {split: data.load("cifar10", cifar_root, split) for split in ("train", "test")}
    numbers = {}
    for split, dataset in pictures.items():
        assert dataset.images.dtype == torch.uint8
        assert dataset.images.shape[1:] == (3, 32, 32)
        greys = dataset.images.flatten(1).float()
        assert (greys.amax(1) - greys.amin(1)).max() == 0
        numbers[split] = [round(grey / 5) for grey in greys.mean(1).tolist()]
        assert dataset.labels.tolist() == [number // 11 for number in numbers[split]]
    assert set(numbers["train"]).isdisjoint(numbers["test"])
    assert sorted(numbers["train"] + numbers["test"]) == list(range(33))
    assert len(numbers["test"]) == 4  # every tenth of 33: the 1st, 11th, 21st, 31st


def test_flowers_are_held_out_alike(cifar_root: Path, tmp_path: Path):
    (tmp_path / "flowers").symlink_to(cifar_root / "cifar10" / "train")
    for split in ("train", "test"):
        assert torch.equal(data.load("flowers", tmp_path, split).images, data.load("cifar10", cifar_root, split).images)
    assert data.load("flowers", tmp_path, "train").transform is data.mirrored
    assert data.load("flowers", tmp_path, "test").transform is data.plain
    with pytest.raises(FileNotFoundError, match="no flowers in"):
        data.load("flowers", tmp_path / "elsewhere", "train")


def test_half_of_the_training_pictures_are_mirrored_and_no_test_picture_is():
    ramp = torch.arange(32).mul(8).byte().expand(400, 3, 32, 32)
    for transform, share in ((data.mirrored, 0.5), (data.plain, 0.0)):
        dataset = Pictures(ramp, torch.zeros(400).long(), "made here", "none", transform)
        image = dataset.batch(torch.arange(400), seeded(0))["image"]
        flipped = image[:, 0, 0, 0] > 0.5
        assert flipped.float().mean().item() == pytest.approx(share, abs=0.1)
        torch.testing.assert_close(image[~flipped], ramp[~flipped] / 255)
        torch.testing.assert_close(image[flipped], ramp[flipped].flip(3) / 255)


def test_cifar_mirrors_in_training_only(cifar_root: Path):
    assert data.load("cifar10", cifar_root, "train").transform is data.mirrored
    assert data.load("cifar10", cifar_root, "test").transform is data.plain


# ------------------------------------------------------------------ what is not there


@pytest.mark.parametrize("problem", [OSError("no route to host"), RuntimeError("Error downloading")])
@pytest.mark.parametrize(("name", "cls"), [("mnist", "MNIST"), ("cifar10", "CIFAR10"), ("svhn", "SVHN")])
def test_data_that_is_neither_here_nor_to_be_downloaded_gives_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, cls: str, problem: Exception
):
    from torchvision.datasets import cifar, svhn
    from torchvision.datasets import mnist as mnist_module

    def no_network(*args, **arguments):
        raise problem

    monkeypatch.setattr(mnist_module, "download_and_extract_archive", no_network)
    monkeypatch.setattr(cifar, "download_and_extract_archive", no_network)
    monkeypatch.setattr(svhn, "download_url", no_network)
    with pytest.raises(FileNotFoundError, match="--data") as caught:
        data.load(name, tmp_path, "train")
    sentence = str(caught.value)
    assert sentence.startswith(f"no {cls} in '{tmp_path}")
    assert "\n" not in sentence


def test_an_unknown_dataset_or_split_is_refused_with_what_there_is(tmp_path: Path):
    with pytest.raises(ValueError, match=r"no dataset 'minst'.*mnist-binarised") as caught:
        data.load("minst", tmp_path, "train")
    assert all(name in str(caught.value) for name in data.SETS)
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'validation'"):
        data.load("mnist", tmp_path, "validation")
