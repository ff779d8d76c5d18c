"""Training: one loop for every model, with checkpoints that lose nothing.

    python -m core.train draw-mnist --data data --resume
    python -m core.train draw-mnist --compile                # 1.5 times as fast, after half a minute of compiling
    python -m core.train draw-mnist --steps 200 --set glimpses=8 --out runs/try
    torchrun --nproc_per_node 4 -m core.train draw-mnist     # the batch is split, gradients are averaged

A run is a function of its seed: batch and noise of step k are drawn from (seed, k). So a run that is killed
and resumed ends with the same weights as one that was never stopped. The weights go to --out (default
weights/) at the end; `--export` writes what the last checkpoint has.
"""

import argparse
import base64
import datetime
import io
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from core import data, weights, zoo
from core.recipe import Batch, Phase

CURVE_POINTS = 100  # of each loss term in the history
SHEETS = 12  # moments of training at which samples are kept
SHEET_SIDES = {64: 4, 256: 2}  # pictures of so many pixels or fewer are shown 4 x 4, larger ones 2 x 2


def train(
    phases: list[Phase], batches: Iterator[Batch], steps: int, *, start: int = 0, seed: int | None = None
) -> Iterator[tuple[int, dict[str, float]]]:
    """Run the phases `steps - start` times; after each step yield its number (from 1) and the loss terms.

    A step takes one batch, and one more for every repeat of a phase. With a seed, torch's global
    generator is set before each step to a function of (seed, step, process).
    """
    rank = dist.get_rank() if dist.is_initialized() else 0
    for step in range(start, steps):
        if seed is not None:
            seed_noise(data.seeded(seed, 2, step, rank).initial_seed())
        progress, terms, batch = step / steps, {}, next(batches)
        for phase in phases:
            for repeat in range(phase.repeats):
                batch = next(batches) if repeat else batch
                terms |= update(phase, batch | {"progress": progress})
        yield step + 1, terms


def seed_noise(seed: int) -> None:
    """torch.manual_seed, without the 0.3 ms that it takes to note the seed for GPUs where there are none."""
    (torch.manual_seed if torch.cuda.is_available() else torch.default_generator.manual_seed)(seed)


def update(phase: Phase, batch: Batch) -> dict[str, float]:
    """One gradient step of one phase; returns its loss terms as numbers, and the gradient's norm before clipping."""
    for group in phase.optimizer.param_groups:
        group["lr"] = group.setdefault("base_lr", group["lr"]) * phase.schedule(batch["progress"])
    phase.optimizer.zero_grad(set_to_none=True)
    terms = phase.loss(batch)
    terms["loss"].backward()
    if dist.is_initialized():
        average_gradients(phase.parameters)
    gradients = [p.grad for p in phase.parameters if p.grad is not None]
    terms["gradient"] = torch.nn.utils.get_total_norm(gradients, foreach=True)
    if math.isfinite(phase.max_norm):
        torch.nn.utils.clip_grads_with_norm_(phase.parameters, phase.max_norm, terms["gradient"], foreach=True)
    phase.optimizer.step()
    phase.after()
    prefix = "" if phase.name == "model" else f"{phase.name} "
    return {prefix + key: value.item() for key, value in terms.items()}


def average_gradients(parameters: list[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes, in one message."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    together = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(together)
    together /= dist.get_world_size()
    for gradient, averaged in zip(gradients, together.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(averaged.view_as(gradient))


def shard(batch: Batch, rank: int, world: int) -> Batch:
    """This process's equal part of a batch."""
    size = len(next(iter(batch.values())))
    if size % world:
        raise ValueError(f"batch_size must be a multiple of the {world} processes, got {size}")
    return {key: value[rank::world] for key, value in batch.items()}


# ------------------------------------------------------------------ a run: model, phases, history, checkpoint


class Run:
    """One training run that can be put down and taken up again."""

    def __init__(
        self,
        name: str,
        changes: dict[str, Any],
        *,
        steps: int,
        batch_size: int,
        seed: int,
        device: str,
        compiled: bool = False,
    ):
        recipe = zoo.recipe(name)
        torch.manual_seed(seed)
        for key, value in {"steps": steps, "batch_size": batch_size}.items():
            if value < 1:
                raise ValueError(f"{key} must be >= 1, got {value}")
        self.name, self.recipe, self.config = name, recipe, recipe.config | changes
        self.steps, self.batch_size, self.seed, self.device = steps, batch_size, seed, device
        self.model = recipe.build(**self.config).to(device).train()
        if compiled and hasattr(self.model, "compiled"):  # the model names the method that is worth it
            setattr(self.model, self.model.compiled, torch.compile(getattr(self.model, self.model.compiled)))
        self.phases = self.model.phases()
        self.step, self.seconds = 0, 0.0
        self.curve: list[dict[str, float]] = []
        self.sums: dict[str, float] = {}  # of the loss terms since the last point of the curve
        self.sheets: list[tuple[int, Tensor]] = []
        self.inputs: list[Tensor] | None = None  # held-out inputs for the sheets, where a model translates pictures

    def advance(self, batches: Iterator[Batch]) -> Iterator[dict[str, float]]:
        """Train to the end, keeping the history; yields the loss terms of each step."""
        every = max(1, self.steps // CURVE_POINTS)
        started, before = time.perf_counter(), self.seconds
        for step, terms in train(self.phases, batches, self.steps, start=self.step, seed=self.seed):
            self.step = step
            self.sums = {key: self.sums.get(key, 0.0) + value for key, value in terms.items()}
            if self.step % every == 0:
                self.curve.append({"step": self.step} | {key: value / every for key, value in self.sums.items()})
                self.sums = {}
            if self.step in sheet_steps(self.steps) and (self.inputs is not None or hasattr(self.model, "sample")):
                self.sheets.append((self.step, sample_sheet(self.model, self.inputs)))
            self.seconds = before + time.perf_counter() - started
            yield terms

    def batches(self, dataset: data.Dataset) -> Iterator[Batch]:
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        per_step = 1 + sum(phase.repeats - 1 for phase in self.phases)
        for batch in dataset.stream(self.batch_size, self.seed, start=self.step * per_step):
            batch = shard(batch, rank, world)
            yield {key: value.to(self.device, non_blocking=True) for key, value in batch.items()}

    def identity(self) -> dict[str, Any]:
        """What two runs must share to be one run, put down and taken up."""
        return dict(steps=self.steps, config=json.dumps(self.config), seed=self.seed, batch_size=self.batch_size)

    def save(self, path: Path) -> None:
        """Write the checkpoint beside its old version, then rename it over that one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        state = {
            **self.identity(),
            "model": self.model.state_dict(),
            "optimizers": [phase.optimizer.state_dict() for phase in self.phases],
            "step": self.step,
            "seconds": self.seconds,
            "curve": self.curve,
            "sums": self.sums,
            "sheets": self.sheets,
        }
        torch.save(state, temporary)
        os.replace(temporary, path)

    def restore(self, path: Path) -> None:
        """Take up a run where a checkpoint left it. ValueError where it was another run."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        if any(state.get(key, value) != value for key, value in self.identity().items()):
            raise ValueError(f"{path} is of a run with other settings; repeat them, or start anew without --resume")
        self.model.load_state_dict(state["model"])
        for phase, saved in zip(self.phases, state["optimizers"], strict=True):
            phase.optimizer.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]
        self.curve, self.sums, self.sheets = state["curve"], state.get("sums", {}), state["sheets"]

    def export(self, folder: Path, dataset: data.Dataset) -> dict[str, Any]:
        """Write the weights and their card; metrics come later, from core.evaluate."""
        if hasattr(self.model, "finish"):  # what is shipped may be an average of what was trained
            self.model.finish()
        details = {
            "paper": self.recipe.paper,
            "config": self.config,
            "dataset": {"name": self.recipe.data, "origin": dataset.origin, "licence": dataset.licence},
            "training": {
                "commit": git_commit(),
                "steps": self.step,
                "batch_size": self.batch_size,
                "seed": self.seed,
                "seconds": round(self.seconds),
                "device": processor() if self.device == "cpu" else torch.cuda.get_device_name(),
                "threads": torch.get_num_threads(),
                "versions": {"python": platform.python_version(), "torch": torch.__version__},
                "date": datetime.date.today().isoformat(),
            },
            "metrics": {},
            "reported": self.recipe.reported,
            "history": {"curve": rounded(self.curve), "sheets": film(self.sheets)},
        }
        return weights.save(self.name, self.model.eval().cpu(), details, folder)


def sheet_steps(steps: int) -> set[int]:
    """The steps at which samples are kept: close together at first, when most happens."""
    return {max(1, round(steps * (k / SHEETS) ** 2)) for k in range(1, SHEETS + 1)}


def sheet_side(model: nn.Module) -> int:
    """How many pictures a sheet has in a row."""
    return next(side for largest, side in SHEET_SIDES.items() if model.shape[-1] <= largest)


def sample_sheet(model: nn.Module, inputs: list[Tensor] | None = None) -> Tensor:
    """Samples from the same noise every time, or what becomes of the same inputs: bytes (C, side H, side W)."""
    model.eval()
    side, device = sheet_side(model), next(model.parameters()).device
    if inputs is None:
        samples = model.sample(side**2, generator=torch.Generator(device).manual_seed(0))
    else:
        samples = model.translate(*(given[: side**2].to(device) for given in inputs))
    model.train()
    grid = samples.unflatten(0, (side, side)).permute(2, 0, 3, 1, 4)  # (C, side, H, side, W)
    return (grid.flatten(3).flatten(1, 2) * 255).round().byte().cpu()


def film(sheets: list[tuple[int, Tensor]]) -> dict[str, Any] | None:
    """All sheets side by side as one WebP data URL, with the step of each."""
    if not sheets:
        return None
    from PIL import Image

    strip = torch.cat([sheet for _, sheet in sheets], dim=2)  # (C, 4 H, moments * 4 W)
    picture = Image.fromarray(strip.squeeze(0).numpy() if len(strip) == 1 else strip.permute(1, 2, 0).numpy())
    with io.BytesIO() as out:
        picture.save(out, "WEBP", quality=80)
        url = "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
    return {"steps": [step for step, _ in sheets], "film": url}


def rounded(curve: list[dict[str, float]]) -> dict[str, list[float]]:
    """Rows of numbers as one list a term, four significant digits: what a card needs of a loss curve."""
    terms = curve[0] if curve else {}
    return {key: [float(f"{row[key]:.4g}") if key != "step" else row[key] for row in curve] for key in terms}


def git_commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "unknown"


def processor() -> str:
    """The processor's name, as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "cpu"
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "cpu")


# ------------------------------------------------------------------ the command line


def setting(text: str) -> tuple[str, Any]:
    """`glimpses=32` as ("glimpses", 32): JSON where it is JSON, else a string."""
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected key=value, got {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="one of: " + ", ".join(zoo.names()))
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder that holds the datasets")
    parser.add_argument("--steps", type=int, help="how many steps in all (default: the recipe's)")
    parser.add_argument("--batch-size", type=int, help="default: the recipe's")
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model's step; needs a C++ compiler")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, where there is one")
    parser.add_argument("--export", action="store_true", help="write weights from the checkpoint, without training")
    parser.add_argument("--out", type=Path, default=weights.FOLDER, help="where weights and card go")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints go")
    parser.add_argument("--checkpoint-seconds", type=float, default=120)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    try:
        run(options)
    except (ValueError, TypeError, FileNotFoundError) as problem:
        sys.exit(f"core.train: {problem}")


def run(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    recipe = zoo.recipe(options.name)
    distributed = int(os.environ.get("WORLD_SIZE", 1)) > 1
    if distributed:
        dist.init_process_group("nccl" if options.device == "cuda" else "gloo")
        if options.device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    first = not distributed or dist.get_rank() == 0
    work = Run(
        options.name,
        dict(options.changes),
        steps=recipe.steps if options.steps is None else options.steps,
        batch_size=recipe.batch_size if options.batch_size is None else options.batch_size,
        seed=options.seed,
        device=options.device,
        compiled=options.compile,
    )
    dataset = data.load(recipe.data, options.data, "train")
    if hasattr(work.model, "translate"):
        batch = next(data.load(recipe.data, options.data, "test").batches(16))
        work.inputs = [batch[key] for key in ("x", "colours") if key in batch]
    checkpoint = options.runs / f"{options.name}.checkpoint"
    if options.export or (options.resume and checkpoint.exists()):
        work.restore(checkpoint)
    if not options.export:
        bar = tqdm(total=work.steps, initial=work.step, desc=options.name, disable=not first, mininterval=2)
        saved = time.monotonic()
        for terms in work.advance(work.batches(dataset)):
            bar.update()
            bar.set_postfix({key: f"{value:.4g}" for key, value in terms.items()}, refresh=False)
            if first and time.monotonic() - saved > options.checkpoint_seconds:
                work.save(checkpoint)
                saved = time.monotonic()
        bar.close()
    if first:
        if not options.export:
            work.save(checkpoint)
        card = work.export(options.out, dataset)
        print(f"{options.name}: {card['bytes']:,} bytes in {options.out} after {work.step:,} steps")
    if distributed:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
