"""What the pix2pix tab says of trainings that lack a part: it comes from their cards, and the app's files are whole."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import weights
from core.pix2pix_later import PARTS
from demos import later_parts
from demos.pix2pix import later


def card(**changes: Any) -> dict[str, Any]:
    metrics = {"KID": 40.4, "KID_untold": 51.2, "n": 191}
    return {"name": "pix2pix-shoes-short", "config": {}, "training": {"steps": 7}, "metrics": metrics} | changes


def test_the_shipped_files_hold_every_part_and_a_row_for_each():
    assert [entry["name"] for entry in later.entries()] == [f"pix2pix-shoes-{part}" for part in PARTS]
    assert [entry["left_out"] for entry in later.entries()] == [later.LEFT_OUT[part] for part in PARTS]
    assert all(entry["n"] > 100 and entry["steps"] > 100 and entry["KID_untold"] > 0 for entry in later.entries())
    assert Image.open(later.SHEET).size == (128 * later.SHOWN, 128 * (len(PARTS) + 2))  # also drawings and real photos


def test_bars_sheet_and_words_say_what_is_in_the_file(monkeypatch: pytest.MonkeyPatch):
    found = [later_parts.entry(part, card(config=dict(PARTS[part]))) | {"steps": k + 7} for k, part in enumerate(PARTS)]
    found[2]["KID_told"], found[3]["KID_told"] = 61.0, 83.0
    monkeypatch.setattr(later, "entries", lambda: found)
    said = later.said()
    assert "is 40 with all parts, 83 without the heads on pretrained features and 61 without the perceptual" in said
    assert "40 without feature matching and 40 without the augmentation are too close to call" in said
    assert "it is 51 with all parts and 51 for a network that never learned any" in said
    assert "for 7 to 12 steps" in said
    untold, told = later.bars().data
    assert dict(zip(told.y, told.x, strict=True)) == {later.label(e): e["KID_told"] for e in found if e["KID_told"]}
    assert len(untold.x) == len(PARTS)
    assert (
        re.findall(r"<figcaption>(.*?)</figcaption>", later.sheet())[4]
        == "Without the heads on pretrained features: 83"
    )


def test_a_network_that_was_never_told_colours_is_not_judged_with_them():
    assert later_parts.entry("short", card())["KID_told"] == 40.4
    assert later_parts.entry("without-colours", card(config=dict(PARTS["without-colours"])))["KID_told"] is None


def test_a_training_that_is_missing_or_not_measured_is_named_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(weights, "FOLDER", weights.FOLDER)  # main changes it
    before = later.FILE.read_bytes()
    with pytest.raises(SystemExit):
        later_parts.main(["--weights", str(tmp_path)])
    assert re.fullmatch(r"'pix2pix-shoes-short' has no weights here .*\n", capsys.readouterr().err)
    assert later.FILE.read_bytes() == before
    with pytest.raises(weights.WeightsError, match=r"does not say its KID; run `python -m core.evaluate pix2pix-shoes"):
        later_parts.entry("short", card(metrics={}))
