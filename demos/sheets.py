"""Contact sheets: the first 24 of what a model makes, unpicked, in examples/sheets/ to be looked at.

    python -m demos.sheets pix2pix-shoes draw-mnist --data data

A model that translates gets the first 24 held-out pictures, in three columns: what went in, what came out, what was
really there. A model that samples gets the noise of seed 0.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

import core
from core import data, zoo
from demos import plots

FOLDER = Path(__file__).parent / "examples" / "sheets"
SHOWN, COLUMNS = 24, 6


def sheet(name: str, root: Path) -> Tensor:
    """The contact sheet of a model: (3, H, W) in [0, 1]."""
    model = core.load(name)
    if hasattr(model, "translate"):
        batch = next(data.load(zoo.recipe(name).data, root, "test").batches(SHOWN))
        given = [batch["x"], batch["colours"]] if getattr(model, "takes_colours", False) else [batch["x"]]
        cells = torch.cat([part.expand(-1, 3, -1, -1) for part in (batch["x"], model.translate(*given), batch["y"])], 3)
        columns = COLUMNS // 2
    else:
        cells = model.sample(SHOWN, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
        columns = COLUMNS
    return plots.contact_sheet(cells, columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name in options.names:
        pixels = (sheet(name, options.data) * 255).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(FOLDER / f"{name}.webp", quality=85)


if __name__ == "__main__":
    main()
