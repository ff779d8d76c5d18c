"""The contact sheets that `python -m demos.sheets` writes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demos import sheets


def test_a_model_gets_a_small_sheet_of_24_and_what_makes_no_pictures_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(sheets, "FOLDER", tmp_path)
    sheets.main(["mnist-classifier", "lsgan-mnist", "no-such-model"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "mnist-classifier: makes no pictures"
    assert said[1].startswith("lsgan-mnist: ")
    assert said[2].startswith("no-such-model: no model 'no-such-model'")
    assert [path.name for path in tmp_path.iterdir()] == ["lsgan-mnist.webp"]
    picture = Image.open(tmp_path / "lsgan-mnist.webp")
    cells = np.asarray(picture.convert("L")).reshape(4, picture.height // 4, 6, picture.width // 6)
    assert picture.height // 4 in (56, 64)  # digits at twice their size
    assert all(cells[row, :, column].std() > 20 for row in range(4) for column in range(6))  # a digit in every cell
    assert (tmp_path / "lsgan-mnist.webp").stat().st_size <= sheets.MOST


def test_a_sheet_that_takes_too_much_space_is_shrunk_until_it_fits():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 600, 3), dtype=np.uint8))
    content = sheets.as_webp(noise)
    assert 0.4 * sheets.MOST < len(content) <= sheets.MOST
    width, height = Image.open(io.BytesIO(content)).size
    assert abs(width / height - 1.5) < 0.02
