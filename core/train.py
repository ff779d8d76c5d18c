"""Training: one loop for every model, with checkpoints that lose nothing.

    python -m core.train draw-mnist --data data --resume
    python -m core.train draw-mnist --compile                # 1.5 times as fast, after half a minute of compiling
    python -m core.train draw-mnist --steps 200 --set glimpses=8 --out runs/try
    torchrun --nproc_per_node 4 -m core.train draw-mnist     # the batch is split, gradients are averaged

A run is a function of its seed: batch and noise of step k are drawn from (seed, k). So a run that is killed
and resumed ends with the same weights as one that was never stopped (on a processor; a GPU that records a network
with batch norm runs it a few times more). The weights go to --out (default
weights/) at the end; `--export` writes what the last checkpoint has. A run whose loss is not a number stops
at that step, and its last checkpoint stays.
"""

import argparse
import contextlib
import copy
import datetime
import io
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from core import data, weights, zoo
from core.dataset import moved
from core.gradients import Recorded, gradients, norm
from core.noise import first_weights
from core.recipe import Averages, Batch, Compiles, Phase, Records, Shows, declares

CURVE_POINTS = 100  # of each loss term in the history


class Diverged(ArithmeticError):
    """A loss or its gradient is not a finite number. The weights are still those before the step."""


def train(
    phases: list[Phase], batches: Iterator[Batch], steps: int, *, start: int = 0, seed: int = 0
) -> Iterator[tuple[int, dict[str, float]]]:
    """Run the phases `steps - start` times; after each step yield its number (from 1) and the loss terms.

    A step takes one batch, and one more for every repeat of a phase. Its noise comes from batch["generator"], which is
    a function of (seed, step, process). Raises Diverged, with the step, where a loss is not finite.
    """
    rank, device = dist.get_rank() if dist.is_initialized() else 0, phases[0].parameters[0].device
    for step in range(start, steps):
        given = {"progress": step / steps, "generator": data.seeded(seed, "noise", step, rank, device=device)}
        terms, batch = {}, next(batches)
        for phase in phases:
            for repeat in range(phase.repeats):
                batch = next(batches) if repeat else batch
                try:
                    terms |= update(phase, batch | given)
                except Diverged as problem:
                    raise Diverged(f"step {step + 1:,} diverged: {problem}") from None
        yield step + 1, terms


def update(phase: Phase, batch: Batch) -> dict[str, float]:
    """One gradient step of one phase; returns its loss terms as numbers, and the gradient's norm before clipping.

    Raises Diverged, and leaves the weights alone, where a term or the gradient is not finite.
    """
    for group in phase.optimizer.param_groups:
        group["lr"] = group.setdefault("base_lr", group["lr"]) * phase.schedule(batch["progress"])
    terms = gradients(phase, batch) if phase.recorded is None else phase.recorded(batch)
    if dist.is_initialized():
        average_gradients(phase.parameters)
        terms["gradient"] = norm(phase.parameters)
    prefix = "" if phase.name == "model" else f"{phase.name} "
    numbers = torch.stack([value.detach().float() for value in terms.values()]).tolist()  # one wait for a GPU
    found = {prefix + key: value for key, value in zip(terms, numbers, strict=True)}
    lost = [f"{key} is {value}" for key, value in found.items() if not math.isfinite(value)]
    if lost:
        raise Diverged(", ".join(lost))
    if math.isfinite(phase.max_norm):
        torch.nn.utils.clip_grads_with_norm_(phase.parameters, phase.max_norm, terms["gradient"], foreach=True)
    phase.optimizer.step()
    phase.after()
    return found


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


# ------------------------------------------------------------------ the running average of weights


def following(share: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """For AveragedModel: keep `share` of the average at each step, less in the first ones, when the weights are new."""
    if not 0 < share < 1:
        raise ValueError(f"average must lie between 0 and 1, got {share}")

    @torch.no_grad()
    def follow(averages: list[Tensor], current: list[Tensor], n: Tensor) -> None:
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, current, 1 - min(share, (1 + n.item()) / (10 + n.item())))
        else:  # counters of batches
            torch._foreach_copy_(averages, current)

    return follow


# ------------------------------------------------------------------ a run: model, phases, history, checkpoint


class Run:
    """One training run that can be put down and taken up again.

    changes: to the recipe's config: what the data say (Dataset.found), and what is asked for.
    """

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
        for key, value in {"steps": steps, "batch_size": batch_size}.items():
            if value < 1:
                raise ValueError(f"{key} must be >= 1, got {value}")
        self.name, self.recipe, self.config = name, recipe, recipe.config | changes
        self.steps, self.batch_size, self.seed, self.device = steps, batch_size, seed, device
        with first_weights(data.seeded(seed, "weights")):
            self.model = recipe.build(**self.config).to(device).train()
        self.start = begin_with(recipe.start, self.model) if recipe.start else None
        self.phases = self.model.phases()
        if recipe.bfloat16:
            for phase in self.phases:
                phase.loss = torch.autocast(device, torch.bfloat16)(phase.loss)
        self.averaged = self.model.averaged() if declares(self.model, Averages) else self.model
        self.average: AveragedModel | None = None
        if recipe.average is not None:
            self.average = AveragedModel(self.averaged, multi_avg_fn=following(recipe.average), use_buffers=True)
        if compiled and declares(self.model, Compiles):
            setattr(self.model, self.model.compiled, torch.compile(getattr(self.model, self.model.compiled)))
        if device == "cuda" and declares(self.model, Records) and not dist.is_initialized():
            for phase in self.phases:
                phase.recorded = None if phase.stage is None else Recorded(phase)
        self.step, self.seconds = 0, 0.0
        self.curve: list[dict[str, float]] = []
        self.sums: dict[str, float] = {}  # of the loss terms since the last point of the curve
        self.sheets: list[tuple[int, Tensor]] = []
        self.held_out: Batch = {}  # inputs for the sheets

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
            if self.average is not None:
                self.average.update_parameters(self.averaged)
            if declares(self.model, Shows) and self.step in sheet_steps(self.steps, self.recipe.sheets):
                with self.as_shipped():
                    self.sheets.append((self.step, to_bytes(self.model.sheet(self.held_out))))
            self.seconds = before + time.perf_counter() - started
            yield terms

    @contextlib.contextmanager
    def as_shipped(self) -> Iterator[None]:
        """Inside, the model is what would be shipped now: in eval mode, with its running average for its weights."""
        trained = None
        if self.average is not None:
            trained = copy.deepcopy(self.averaged.state_dict())
            self.averaged.load_state_dict(self.average.module.state_dict())
        self.model.eval()
        try:
            yield
        finally:
            self.model.train()
            if trained is not None:
                self.averaged.load_state_dict(trained)

    def batches(self, dataset: data.Dataset) -> Iterator[Batch]:
        rank = dist.get_rank() if dist.is_initialized() else 0
        per_step = 1 + sum(phase.repeats - 1 for phase in self.phases)
        for batch in dataset.stream(self.batch_size, self.seed, start=self.step * per_step):
            batch = shard(batch, rank, processes())
            yield moved(batch, self.device)

    def identity(self) -> dict[str, Any]:
        """What two runs must share to be one run, put down and taken up."""
        settings = dict(steps=self.steps, config=json.dumps(self.config), seed=self.seed, batch_size=self.batch_size)
        return settings | {"average": self.recipe.average, "bfloat16": self.recipe.bfloat16, "start": self.start}

    def save(self, path: Path) -> None:
        """Write the checkpoint beside its old version, then rename it over that one.

        Raises Diverged, and leaves the old one, where a weight is not finite: the step after it would be lost.
        """
        state = weights.own_state(self.model)
        if broken := weights.not_finite(state):
            raise Diverged(f"step {self.step:,} diverged: {broken} holds numbers that are not finite")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        found = {
            **self.identity(),
            "model": state,
            "averages": None if self.average is None else self.average.state_dict(),
            "optimizers": [phase.optimizer.state_dict() for phase in self.phases],
            "step": self.step,
            "seconds": self.seconds,
            "curve": self.curve,
            "sums": self.sums,
            "sheets": self.sheets,
        }
        torch.save(found, temporary)
        os.replace(temporary, path)

    def restore(self, path: Path) -> None:
        """Take up a run where a checkpoint left it. ValueError where it was another run."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        if any(state.get(key, value) != value for key, value in self.identity().items()):
            raise ValueError(f"{path} is of a run with other settings; repeat them, or start anew without --resume")
        weights.put(self.model, state["model"])
        if self.average is not None:
            self.average.load_state_dict(state["averages"])
        for phase, saved in zip(self.phases, state["optimizers"], strict=True):
            phase.optimizer.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]
        self.curve, self.sums, self.sheets = state["curve"], state.get("sums", {}), state["sheets"]

    def export(self, folder: Path, dataset: data.Dataset) -> dict[str, Any]:
        """Write the weights and their card; metrics come later, from core.evaluate."""
        details = {
            "family": self.recipe.family,
            "variant": self.recipe.variant,
            "paper": self.recipe.paper,
            "config": self.config,
            "dataset": {"name": self.recipe.data, "origin": dataset.origin, "licence": dataset.licence},
            "training": {
                "commit": git_commit(),
                "steps": self.step,
                "batch_size": self.batch_size,
                "seed": self.seed,
                "average": self.recipe.average,
                "bfloat16": self.recipe.bfloat16,
                **({"start": {"name": self.recipe.start, "sha256": self.start}} if self.start else {}),
                "seconds": round(self.seconds),
                "device": processor() if self.device == "cpu" else torch.cuda.get_device_name(),
                "threads": processes() * (torch.get_num_threads() if self.device == "cpu" else 1),  # a GPU is one
                "versions": {"python": platform.python_version(), "torch": torch.__version__},
                "date": datetime.date.today().isoformat(),
            },
            "metrics": {},
            "reported": self.recipe.reported,
            "history": {"curve": rounded(self.curve), "sheets": None},
        }
        with self.as_shipped():
            return weights.save(self.name, self.model.cpu(), details, folder, film(self.sheets))


def begin_with(name: str, model: nn.Module) -> str:
    """Put the shipped weights of that name into a model; returns their sha256. ValueError where they do not fit.

    What stands in a part of the model of which they have nothing stays as it is.
    """
    card, tensors = weights.read(name)
    parts = {key.partition(".")[0] for key in tensors}
    new = {key: value for key, value in model.state_dict().items() if key.partition(".")[0] not in parts}
    try:
        weights.put(model, new | tensors)
    except RuntimeError:
        raise ValueError(f"the weights of '{name}' do not fit a model with these settings") from None
    return card["sha256"]


def sheet_steps(steps: int, sheets: int) -> set[int]:
    """The steps at which sheets are kept: close together at first, when most happens."""
    return {max(1, round(steps * (k / sheets) ** 2)) for k in range(1, sheets + 1)}


def to_bytes(picture: Tensor) -> Tensor:
    """(C, H, W) in [0, 1] as bytes."""
    return (picture.clamp(0, 1) * 255).round().byte().cpu()


def film(sheets: list[tuple[int, Tensor]]) -> tuple[list[int], bytes] | None:
    """The step of each sheet, and all of them side by side as one WebP."""
    if not sheets:
        return None
    from PIL import Image

    strip = torch.cat([sheet for _, sheet in sheets], dim=2)  # (C, H, moments * W)
    picture = Image.fromarray(strip.squeeze(0).numpy() if len(strip) == 1 else strip.permute(1, 2, 0).numpy())
    with io.BytesIO() as out:
        picture.save(out, "WEBP", quality=80)
        return [step for step, _ in sheets], out.getvalue()


def rounded(curve: list[dict[str, float]]) -> dict[str, list[float]]:
    """Rows of numbers as one list a term, four significant digits: what a card needs of a loss curve."""
    terms = curve[0] if curve else {}
    return {key: [float(f"{row[key]:.4g}") if key != "step" else row[key] for row in curve] for key in terms}


def git_commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(command, capture_output=True, encoding="utf-8").stdout.strip() or "unknown"


def processes() -> int:
    """How many train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def processor() -> str:
    """The processor's name, as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
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
    parser.add_argument("name", nargs="?", help="one of: " + ", ".join(zoo.names()))
    parser.add_argument("--queue", help="in its place: a queue of recipes that share --minutes (core/queue.py)")
    parser.add_argument("--minutes", type=float, default=25, help="for a whole queue")
    parser.add_argument("--workers", type=int, default=1, help="how many of a queue are trained side by side")
    parser.add_argument("--unmeasured", action="store_true", help="a queue's models are measured later, elsewhere")
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder that holds the datasets")
    parser.add_argument("--steps", type=int, help="how many steps in all (default: the recipe's)")
    parser.add_argument("--batch-size", type=int, help="default: the recipe's")
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--seed", type=int, help="default: the recipe's")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model's step; needs a C++ compiler")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, where there is one")
    parser.add_argument("--export", action="store_true", help="write weights from the checkpoint, without training")
    parser.add_argument("--out", type=Path, default=weights.FOLDER, help="where weights and card go")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints go")
    parser.add_argument("--checkpoint-seconds", type=float, default=120)
    options = parser.parse_args()
    if (options.name is None) == (options.queue is None):
        parser.error("give the name of one model, or a --queue")
    return options


def main() -> None:
    options = arguments()
    try:
        if options.queue is None:
            run(options)
        else:
            from core import queue

            print(*queue.run(options))
    except (ValueError, TypeError, FileNotFoundError, Diverged, weights.WeightsError) as problem:
        sys.exit(f"core.train: {problem}")


def prepare(options: argparse.Namespace) -> tuple[Run, data.Dataset]:
    """The run that the options describe, and its data, which come first: a vocabulary in them shapes the model."""
    recipe = zoo.recipe(options.name)
    dataset = data.load(recipe.data, options.data, "train")
    work = Run(
        options.name,
        dataset.found | dict(options.changes),
        steps=recipe.steps if options.steps is None else options.steps,
        batch_size=recipe.batch_size if options.batch_size is None else options.batch_size,
        seed=recipe.seed if options.seed is None else options.seed,
        device=options.device,
        compiled=options.compile,
    )
    if declares(work.model, Shows):
        work.held_out = next(data.load(recipe.data, options.data, "test").batches(16))
    return work, dataset


def run(options: argparse.Namespace, until: float = math.inf) -> dict[str, Any]:
    """Train and export; returns the card. until: the time.monotonic() at which training ends wherever it is."""
    from tqdm import tqdm

    distributed = int(os.environ.get("WORLD_SIZE", 1)) > 1
    if distributed:
        dist.init_process_group("nccl" if options.device == "cuda" else "gloo")
        if options.device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    first = not distributed or dist.get_rank() == 0
    work, dataset = prepare(options)
    checkpoint = options.runs / f"{options.name}.checkpoint"
    good: int | None = None  # the step of the checkpoint
    if options.export or (options.resume and checkpoint.exists()):
        work.restore(checkpoint)
        good = work.step
    if not options.export:
        bar = tqdm(total=work.steps, initial=work.step, desc=options.name, disable=not first, mininterval=2)
        saved = time.monotonic()
        try:
            for terms in work.advance(work.batches(dataset)):
                bar.update()
                bar.set_postfix({key: f"{value:.4g}" for key, value in terms.items()}, refresh=False)
                if first and (work.step == work.steps or time.monotonic() - saved > options.checkpoint_seconds):
                    work.save(checkpoint)
                    saved, good = time.monotonic(), work.step
                if time.monotonic() > until:
                    break
        except Diverged as problem:
            kept = "no checkpoint was written yet" if good is None else f"{checkpoint} holds step {good:,}"
            raise Diverged(f"{problem}; {kept}; a lower learning rate may help") from None
        bar.close()
    card: dict[str, Any] = {}
    if first:
        card = work.export(options.out, dataset)
        print(f"{options.name}: {card['bytes']:,} bytes in {options.out} after {work.step:,} steps")
    if distributed:
        dist.destroy_process_group()
    return card


if __name__ == "__main__":
    main()
