"""Damaged files of weights: the app starts all the same, without what they held, and says so."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import app
from core import evaluate, weights, zoo
from core.weights import WeightsError
from demos import home, matching, pix2pix
from demos.fgan import digits as fgan_digits
from demos.infogan import learned as infogan_learned
from demos.pix2pix import parts
from demos.vqa import views as vqa_views

ROOT = Path(__file__).resolve().parent.parent
POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1\nsize 12345\n"
)


def without(text: str, *path: str) -> str:
    """A card that lacks one entry."""
    card = json.loads(text)
    place = card
    for key in path[:-1]:
        place = place[key]
    place.pop(path[-1])
    return json.dumps(card)


DAMAGES = {
    "empty": lambda text: "",
    "{}": lambda text: "{}",
    "a list": lambda text: "[]",
    "half": lambda text: text[: len(text) // 2],
    "a pointer of git-lfs": lambda text: POINTER,
    "no metrics": lambda text: without(text, "metrics"),
    "metrics that are a list": lambda text: json.dumps(json.loads(text) | {"metrics": [1, 2]}),
    "metrics in words": lambda text: json.dumps(json.loads(text) | {"metrics": {"n": "many"}}),
    "metrics without the table's entry": lambda text: json.dumps(json.loads(text) | {"metrics": {"n": 100}}),
    "no history": lambda text: without(text, "history"),
    "a history without a curve": lambda text: without(text, "history", "curve"),
    "a curve without steps": lambda text: without(text, "history", "curve", "step"),
    "no training": lambda text: without(text, "training"),
    "a training without seconds": lambda text: without(text, "training", "seconds"),
    "a training without a device": lambda text: without(text, "training", "device"),
    "a report in words": lambda text: json.dumps(json.loads(text) | {"reported": {"nll": "many"}}),
    "nothing reported": lambda text: without(text, "reported"),
    "no bytes": lambda text: without(text, "bytes"),
    "a list a thousand deep": lambda text: "[" * 100_000,
    "another encoding": lambda text: text.replace("{", "{\udcff", 1),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the cards, with links to the rest, where the app now looks."""
    for path in weights.FOLDER.iterdir():
        if path.suffix == ".json":
            shutil.copy(path, tmp_path)
        else:
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.delenv("GLIMPSE_WEIGHTS_REPO", raising=False)
    return tmp_path


def damage(folder: Path, name: str, how: str) -> None:
    path = folder / f"{name}.json"
    path.write_bytes(DAMAGES[how](path.read_text(encoding="utf-8")).encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("how", DAMAGES)
def test_one_damaged_card_takes_its_row_along_and_nothing_else(how: str, folder: Path):
    before = [row["model"] for row in evaluate.results()]
    damage(folder, "draw-mnist", how)
    assert [row["model"] for row in evaluate.results(strict=False)] == [name for name in before if name != "draw-mnist"]
    assert "draw-noattention-mnist" in evaluate.table(strict=False)
    with pytest.raises(WeightsError, match="draw-mnist"):  # the README's table is not written without it
        evaluate.table()


@pytest.mark.parametrize("how", DAMAGES)
def test_how_it_learned_says_that_the_card_is_damaged(how: str, folder: Path):
    damage(folder, "draw-mnist", how)
    damage(folder, "pix2pix-shoes", how)
    for tab in ("draw", "pix2pix"):
        page = app.pages[tab]
        film, figure, said = page.past.of(**page.visible(page.defaults()))
        assert re.fullmatch(r"The weights of (draw-mnist|pix2pix-shoes) are missing or damaged here; .*", said)
        assert film is figure is None, "those of another network do not stay"
    film, figure, said = app.pages["draw"].past.of(mode="generate", model="draw-cifar10")
    assert (film["frames"] > 1, bool(figure), said) == (True, True, "")


STARTED = """
import sys
from pathlib import Path
from core import weights
weights.FOLDER = Path(sys.argv[1])
import app
names = {block.label for block in app.demo.blocks.values() if getattr(block, "label", None)}
assert "Variants" in names and "Build a house front" in names
print("started with", app.demo.config["version"])
"""


def started(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", STARTED, folder], cwd=ROOT, capture_output=True, text=True, timeout=300, env=os.environ
    )
    assert result.stdout.startswith("started"), result.stderr[-2000:]


def test_the_app_starts_whatever_is_wrong_with_each_file(folder: Path):
    """Every card has another damage, in turn, and every other file is half of itself or gone."""
    ways = list(DAMAGES)
    for k, path in enumerate(sorted(folder.glob("*.json"))):
        damage(folder, path.stem, ways[k % len(ways)])
    for k, path in enumerate(sorted({*folder.iterdir()} - {*folder.glob("*.json")})):
        content = path.read_bytes()
        path.unlink()
        if k % 3:
            path.write_bytes(content[: len(content) // 2] if k % 3 == 1 else POINTER.encode())
    started(folder)


def test_a_card_that_lacks_a_number_leaves_its_row_out_or_the_number(folder: Path):
    before = fgan_digits.table()["data"], infogan_learned.measured(), vqa_views.measured(), matching.measured()
    lacking = {"fgan-kl-mnist": "parzen", "infogan-mnist": "L_I", "vqa-prior": "low", "mdan": "R@5, photo to sentence"}
    for name, key in lacking.items():
        path = folder / f"{name}.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        del card["metrics"][key]
        path.write_text(json.dumps(card), encoding="utf-8")
    fgan_digits.cards.cache_clear()
    try:
        assert len(fgan_digits.table()["data"]) == len(before[0]) - 1
    finally:
        fgan_digits.cards.cache_clear()
    for found, was in zip((infogan_learned.measured(), vqa_views.measured()), before[1:3], strict=True):
        assert found.count("\n") == was.count("\n") - 1
    assert matching.measured() == ""


def test_the_app_starts_without_any_weights(tmp_path: Path):
    started(tmp_path)


@pytest.mark.parametrize("ending", ["json", "safetensors"])
def test_a_sheet_of_nine_with_one_part_missing_shows_eight(ending: str, folder: Path):
    missing = parts.PARTS["Patch 16"]
    (folder / f"{missing}.{ending}").unlink()
    zoo._load.cache_clear()
    try:
        film = pix2pix.compare(seed="0")
    finally:
        zoo._load.cache_clear()
    shown = [pane["title"].rsplit(" · ", 1)[0] for pane in film["panes"]]
    assert shown == [title for title in parts.PARTS if title != "Patch 16"]
    assert "The weights of “Patch 16” are missing here." in film["said"]


def test_home_shows_the_other_rows(folder: Path):
    damage(folder, "draw-mnist", "half")
    assert "`draw-mnist`" not in home.evaluate.table(strict=False)
