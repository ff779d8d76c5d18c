"""What each part of pix2pix is for: nine networks on one plan, and how good the three large ones are."""

from typing import Any

import torch
from torch import Tensor

import core
from core.pairs import nearest_label
from core.pix2pix import label_scores
from core.weights import WeightsError
from demos import plots
from demos.pix2pix.inputs import BAGS, FACADES, LABELLER, SHOES

PARTS = {  # what is on the sheet, and the weights that show it; all of them learned house fronts
    "L1 + cGAN, U-Net, patch 70": "pix2pix-facades-l1-cgan",
    "L1 alone: no discriminator": "pix2pix-facades-l1",
    "cGAN alone: no L1": "pix2pix-facades-cgan",
    "GAN alone: D does not see the plan": "pix2pix-facades-gan",
    "L1 + GAN: D does not see the plan": "pix2pix-facades-l1-gan",
    "Encoder-decoder: no skips": "pix2pix-facades-encoder-decoder",
    "Patch 1: D sees single pixels": "pix2pix-facades-patch1",
    "Patch 16": "pix2pix-facades-patch16",
    "Patch 286: D sees the whole picture": "pix2pix-facades-patch286",
}
REPORTED = {  # by the paper, tables 1 to 3: pixels right and IoU on street scenes (Cityscapes), in per cent
    "L1 + cGAN, U-Net, patch 70": (66, 17),
    "L1 alone: no discriminator": (42, 11),
    "cGAN alone: no L1": (57, 16),
    "GAN alone: D does not see the plan": (22, 1),
    "L1 + GAN: D does not see the plan": (64, 15),
    "Encoder-decoder: no skips": (29, 5),
    "Patch 1: D sees single pixels": (39, 10),
    "Patch 16": (65, 17),
    "Patch 286: D sees the whole picture": (42, 11),
}
THINGS = {SHOES: "shoes", BAGS: "bags", FACADES: "house fronts"}
LIMITS = {
    SHOES: "It was trained on shoes and bags only: here, whatever you draw turns into a shoe.",
    BAGS: "It was trained on shoes and bags only: here, whatever you draw turns into a bag.",
    FACADES: "It was trained on 400 fronts of town houses; it knows no towers or gardens.",
}


def compared(x: Tensor) -> dict[str, Any]:
    """Nine photos of one plan (1, 3, S, S) on a sheet, and how much of the plan can be found in each.

    A network whose weights are missing is left out, which is said.
    """
    made, missing = {}, []
    for title, name in PARTS.items():
        try:
            made[title] = core.load(name).translate(x)
        except WeightsError:
            missing.append(short(title))
    if not made:
        raise WeightsError("the weights of all nine networks are missing, so there is nothing to compare")
    right = dict(zip(made, found_again(x, torch.cat(list(made.values()))), strict=True))
    best, worst = max(right, key=right.__getitem__), min(right, key=right.__getitem__)
    panes = [plots.pane(f"{title} · {right[title]:.0f}%", y, large=True, photo=True) for title, y in made.items()]
    said = f"A segmentation network recovers {right[best]:.0f}% of the plan from “{short(best)}”, "
    said += f"but only {right[worst]:.0f}% from “{short(worst)}”."
    if missing:
        said += f" The weights of “{'”, “'.join(missing)}” are missing here."
    lit = {part: [0.7] for part in ("x", "encoder", "middle", "decoder", "y", "encoder>decoder", "D")}
    return plots.film(1, panes) | {"said": said, "right": right, "lit": lit}


def found_again(x: Tensor, ys: Tensor) -> list[float]:
    """Per cent of a plan's pixels (1, 3, S, S) whose label the labeller finds in each of the photos (n, 3, S, S)."""
    truth = nearest_label(255 * x)[:, 0]
    return [label_scores(labels[None], truth)["pixel_accuracy"] for labels in core.load(LABELLER).labels(ys)]


def short(title: str) -> str:
    return title.split(":")[0]


def measured() -> str:
    """What the cards say of the parts, beside what the paper found, as a table in Markdown."""
    rows = ["| network | pixels right % | IoU % | the paper's, on streets |", "|---|---|---|---|"]
    for part, name in PARTS.items():
        try:
            found = core.card(name)["metrics"]
            ours = f"{found['pixel_accuracy']:.1f} | {found['IoU']:.1f}"
        except (WeightsError, KeyError):  # the page is built all the same
            ours = "– | –"
        rows.append("| {} | {} | {} and {} |".format(part, ours, *REPORTED[part]))
    return "\n".join(rows)


def quality(model: str) -> str:
    """How good a model is and what it cannot do, in a line, from its card."""
    try:
        found = core.card(model)["metrics"]
        n, kid = found["n"], found["KID"]
    except (WeightsError, KeyError):
        return LIMITS[model]
    likeness = (
        "convincing at a glance, less so in their details"
        if kid < 60
        else "recognisable, but seldom convincing"
        if kid < 120
        else "easy to tell from real ones"
    )
    return (
        f"On {n} unseen {THINGS[model]} its photos are {likeness} (KID × 1000: {kid:.0f}; perfect: 0). {LIMITS[model]}"
    )
