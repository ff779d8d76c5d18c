"""Photos as the frozen network sees them, features kept in memory and on disk, and captions split by photo."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from core import captions, vision
from core.noise import seeded


def photo(seed: int, width: int = 90, height: int = 60) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """A network of one line in the place of the large one, and what it was asked."""
    asked: list[Tensor] = []

    def network(name: str):
        def look(photos: Tensor) -> Tensor:
            asked.append(photos)
            return torch.nn.functional.avg_pool2d(photos, photos.shape[-1] // 2)

        return look

    monkeypatch.setattr(vision, "network", network)
    monkeypatch.setattr(vision, "_kept", vision.Kept(3))
    return asked


def test_the_packaged_network_sees_a_map_and_folding_changes_nothing():
    from core.features import lite

    photos = torch.stack([vision.enlarged(vision.prepared(photo(k)), 96) for k in range(2)])
    plain = lite(2).forward_features((255 * photos - 127) / 128)
    found = vision.network("lite2")(photos)
    assert found.shape == (2, 1280, 3, 3)
    torch.testing.assert_close(found, plain, atol=1e-3, rtol=1e-3)
    parts = [part for part in vision.network("lite2").args[0].modules() if isinstance(part, nn.BatchNorm2d)]
    assert parts == []


def test_any_of_timms_networks_goes_by_its_name(monkeypatch: pytest.MonkeyPatch):
    import timm

    made = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: made(name, pretrained=False))
    vision.network.cache_clear()
    assert vision.network("resnet18.tv_in1k")(torch.rand(1, 3, 64, 64)).shape == (1, 512, 2, 2)
    with pytest.raises(ValueError, match="no map"):
        vision.network("vit_tiny_patch16_224")(torch.rand(1, 3, 224, 224))
    with pytest.raises(ValueError, match="no network 'resnet0'"):
        vision.network("resnet0")
    vision.network.cache_clear()


def test_a_visitors_photo_is_prepared_like_those_of_training():
    """Large or small, of any shape and mode: the whole photo on a square of at most DETAIL pixels."""
    assert vision.prepared(photo(0, 900, 300)).shape == (128, 128, 3)
    assert vision.prepared(photo(0, 40, 64).convert("L")).shape == (64, 64, 3)
    stored = vision.prepared(photo(0, 128, 128))
    assert np.array_equal(stored, np.asarray(photo(0, 128, 128)))
    wide = photo(1, 512, 256)
    wide.paste("red", (0, 0, 128, 256))
    assert (vision.prepared(wide)[:, :30] == (255, 0, 0)).all()  # nothing is cut off
    large = vision.enlarged(vision.prepared(wide), 224)
    assert large.shape == (3, 224, 224)
    assert large.min() >= 0
    assert large.max() <= 1


def test_a_photo_is_looked_at_once_and_only_the_last_ones_are_kept(calls: list[Tensor]):
    first = vision.features_of([photo(0), photo(1)])
    assert (first.shape, first.dtype) == ((2, 3, 2, 2), torch.float16)
    assert torch.equal(vision.features_of([photo(1), photo(0)]), first.flip(0))
    assert len(calls) == 2
    vision.features_of([photo(2), photo(3)])  # photo 1 was asked for before photo 0, and has to go
    vision.features_of([photo(0)])
    assert len(calls) == 4
    vision.features_of([photo(1)])
    assert len(calls) == 5
    with pytest.raises(ValueError, match="at least one photo"):
        vision.features_of([])


def test_features_on_disk_are_made_once_and_again_when_photos_change(tmp_path: Path, calls: list[Tensor]):
    paths = [tmp_path / f"{k}.png" for k in range(3)]
    for k, path in enumerate(paths):
        photo(k).save(path)
    kept = vision.cached("some", paths, tmp_path)
    assert (kept.shape, kept.dtype) == ((3, 3, 2, 2), np.float16)
    assert torch.equal(torch.from_numpy(np.array(kept)), vision.features_of([photo(k) for k in range(3)]))
    made = len(calls)
    vision.cached("some", paths, tmp_path)
    assert len(calls) == made
    mirrored = vision.cached("some", paths, tmp_path, mirrored=True)
    np.testing.assert_allclose(mirrored, kept[..., ::-1], atol=2e-3)
    photo(7, 200, 100).save(paths[1])
    again = vision.cached("some", paths, tmp_path)
    assert not np.array_equal(again[1], kept[1])
    assert len(vision.cached("some", paths[:2], tmp_path)) == 2
    (tmp_path / "features" / f"some-{vision.NETWORK}-{vision.SIZE}.json").write_text("{", encoding="utf-8")
    made = len(calls)
    vision.cached("some", paths[:2], tmp_path)
    assert len(calls) == made + 2
    assert sorted(p.suffix for p in (tmp_path / "features").iterdir()) == [".json", ".json", ".npy", ".npy"]
    with pytest.raises(FileNotFoundError, match="no photos of none"):
        vision.cached("none", [], tmp_path)


# ------------------------------------------------------------------ captions


@pytest.fixture
def flickr(tmp_path: Path, calls: list[Tensor], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty photos with five sentences each, in the layout of the public download."""
    monkeypatch.setattr(captions, "HELD_OUT", 5)
    monkeypatch.setattr(captions, "CHOOSING", 3)
    folder = tmp_path / "flickr8k" / "Images"
    folder.mkdir(parents=True)
    lines = ["image,caption"]
    for k in range(20):
        photo(k).save(folder / f"{k}.jpg")
        side = "left" if k % 4 == 0 else "grass"
        lines += [f'{k}.jpg,"A dog, on the {side}, number{k} ."', *[f"{k}.jpg,A dog runs ."] * 4]
    lines.append("absent.jpg,A photo that is not there .")
    (folder.parent / "captions.txt").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_photos_are_split_and_stay_on_their_side(flickr: Path):
    parts = {split: captions.Captions(flickr, split) for split in ("train", "choosing", "test")}
    assert [len(part) for part in parts.values()] == [12, 3, 5]
    assert len({name for part in parts.values() for name in part.names}) == 20
    (flickr / "flickr8k" / "Images" / parts["train"].names[0]).unlink()
    assert captions.Captions(flickr, "test").names == parts["test"].names
    assert parts["test"].found["words"] == parts["train"].found["words"]
    assert {"dog", "runs"} <= set(parts["train"].found["words"])
    assert not any(word.startswith("number") for word in parts["train"].found["words"])
    assert parts["train"].found["channels"] == 3


def test_a_batch_has_features_and_five_sentences_and_no_photo_told_by_its_sides_is_mirrored(flickr: Path):
    train, test = captions.Captions(flickr, "train"), captions.Captions(flickr, "test")
    batch = next(test.batches(5))
    assert batch["features"].shape == (5, 3, 2, 2)
    assert [len(five) for five in batch["sentences"]] == [5] * 5
    words = train.found["words"]
    assert batch["sentences"][0][1].tolist() == [2 + words.index(word) for word in ("a", "dog", "runs")]
    plain, flipped = (np.array(each[train.places]) for each in (train.features, train.mirrored))
    seen = np.stack([train.batch(torch.arange(12), seeded(k, "batch"))["features"].numpy() for k in range(8)])
    as_they_are = (seen == plain).all((2, 3, 4))
    assert ((seen == flipped).all((2, 3, 4)) | as_they_are).all()
    assert as_they_are[:, train.sided].all()
    assert 0.2 < as_they_are[:, ~train.sided].mean() < 0.8
    assert not np.array_equal(plain, flipped)


def test_a_set_that_is_not_there_is_a_sentence(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"no flickr8k/captions.txt"):
        captions.Captions(tmp_path, "train")


def test_kept_photos_of_the_disk_say_what_they_are_of(tmp_path: Path, calls: list[Tensor]):
    photo(0).save(tmp_path / "0.png")
    vision.cached("some", [tmp_path / "0.png"], tmp_path)
    said = json.loads((tmp_path / "features" / f"some-{vision.NETWORK}-{vision.SIZE}.json").read_text(encoding="utf-8"))
    assert (said["photos"], said["detail"]) == (1, vision.DETAIL)
