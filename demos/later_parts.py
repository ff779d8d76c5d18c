"""Make what the pix2pix tab shows of short trainings that lack a part: their KID, and a sheet of their photos.

    python -m core.train pix2pix-shoes-short --data data    # and the others of core.pix2pix_later.PARTS
    python -m core.evaluate pix2pix-shoes-short --data data --write
    python -m demos.later_parts --data data                 # --weights FOLDER: where they are, if not in weights/

The sheet has the first held-out shoes, unpicked.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import core
from core import data, weights
from core.pix2pix_later import PARTS
from demos import plots
from demos.pix2pix import later

DATA = "shoes-of-both"


def entry(part: str, card: dict[str, Any]) -> dict[str, Any]:
    """What the page keeps of a card. WeightsError where it was not measured.

    A network that was never told colours has untrained weights for them, so its KID with colours told means nothing.
    """
    found = card["metrics"]
    if missing := [key for key in ("KID", "KID_untold", "n") if key not in found]:
        raise weights.WeightsError(
            f"the card of '{card['name']}' does not say its {missing[0]}; "
            f"run `python -m core.evaluate {card['name']} --write`"
        )
    return {
        "name": card["name"],
        "left_out": later.LEFT_OUT[part],
        "steps": card["training"]["steps"],
        "n": found["n"],
        "KID_told": None if card["config"].get("told") == 0 else found["KID"],
        "KID_untold": found["KID_untold"],
    }


def painted(name: str, held_out: dict[str, Tensor]) -> Tensor:
    """Photos of the drawings, in their own colours where the network learned colours."""
    told = core.card(name)["config"].get("told") != 0
    return core.load(name).translate(held_out["x"], held_out["colours"] if told else None)


def written(root: Path) -> None:
    """Write what demos/pix2pix/later.py shows, from the trainings' cards and weights, or WeightsError."""
    names = {part: f"pix2pix-shoes-{part}" for part in PARTS}
    found = [entry(part, core.card(name)) for part, name in names.items()]
    held_out = next(data.load(DATA, root, "test").batches(later.SHOWN))
    rows = [held_out["x"].expand(-1, 3, -1, -1), *(painted(name, held_out) for name in names.values()), held_out["y"]]
    later.FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    plots.to_image(plots.contact_sheet(torch.cat(rows), later.SHOWN)).save(later.SHEET, quality=80, method=6)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="demos.later_parts", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--weights", type=Path, default=weights.FOLDER, help="where the trainings' files are")
    options = parser.parse_args(arguments)
    weights.FOLDER = options.weights
    try:
        written(options.data)
    except (weights.WeightsError, FileNotFoundError) as problem:
        parser.exit(1, f"{problem}\n")


if __name__ == "__main__":
    main()
