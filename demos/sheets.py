"""Contact sheets: the first 24 of what a model makes, unpicked, in examples/sheets/ to be looked at.

    python -m demos.sheets --data data                  # of every model that makes pictures and whose weights are here
    python -m demos.sheets draw-mnist pix2pix-shoes     # of these

A model that translates gets the first 24 held-out pictures, in three columns: what went in, what came out, what was
really there. A model that samples gets the noise of seed 0.
"""

import argparse
import io
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

import core
from core import data, weights, zoo
from core.recipe import Samples, Translates, declares
from demos import plots

FOLDER = Path(__file__).parent / "examples" / "sheets"
SHOWN, COLUMNS = 24, 6
SMALL = 48  # pictures of at most so many pixels' height are shown at twice the size
MOST = 60_000  # bytes of a sheet; a larger one is shrunk
SHRUNK = 0.85  # to this share of its sides, again until it fits


def sheet(name: str, root: Path) -> Tensor | None:
    """The contact sheet of a model: (3, H, W) in [0, 1]; None where it makes no pictures."""
    model = core.load(name)
    if declares(model, Translates):
        cells, columns = translated(model, zoo.recipe(name).data, root), COLUMNS // 2
    elif declares(model, Samples):
        cells = model.sample(SHOWN, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
        columns = COLUMNS
    else:
        return None
    if cells.shape[-2] <= SMALL:
        cells = F.interpolate(cells, scale_factor=2, mode="nearest")
    return plots.contact_sheet(cells, columns)


def translated(model: nn.Module, source: str, root: Path) -> Tensor:
    """What went in, what came out and what was really there, side by side: (SHOWN, 3, H, 3 W)."""
    batch = next(data.load(source, root, "test").batches(SHOWN))
    given = [batch["x"], batch["colours"]] if getattr(model, "takes_colours", False) else [batch["x"]]
    return torch.cat([part.expand(-1, 3, -1, -1) for part in (batch["x"], model.translate(*given), batch["y"])], 3)


def as_webp(picture: Image.Image) -> bytes:
    """The picture as a WebP of at most MOST bytes, smaller where it would take more."""
    while True:
        with io.BytesIO() as out:
            picture.save(out, "WEBP", quality=80, method=6)
            content = out.getvalue()
        if len(content) <= MOST:
            return content
        picture = picture.resize([round(SHRUNK * side) for side in picture.size], Image.Resampling.LANCZOS)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="demos.sheets", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of models; by default all")
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    for name in options.names or core.names():
        try:
            made = sheet(name, options.data)
        except (weights.WeightsError, ValueError, FileNotFoundError) as problem:  # the others get theirs all the same
            print(f"{name}: {problem}")
            continue
        if made is None:
            print(f"{name}: makes no pictures")
            continue
        content = as_webp(plots.to_image(made))
        (FOLDER / f"{name}.webp").write_bytes(content)
        print(f"{name}: {len(content):,} bytes", flush=True)


if __name__ == "__main__":
    main()
