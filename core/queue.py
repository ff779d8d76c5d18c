"""A queue of trainings that share a span of time, for a machine that is lent by the minute.

    python -m core.train --queue gpu --minutes 25                # on a GPU
    python -m core.train --queue gpu --minutes 25 --steps 1      # tried on any processor: one step each

Recipes are trained in their order. Each gets its share of the time that is left, and as many steps as fit into it, so
that its learning rate falls to the end; then it is measured. At the end the new files are packed into one zip. What one
recipe fails on is said, and the next begins.
"""

import argparse
import copy
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from core import evaluate, train, weights, zoo

FOR_TRAINING = 0.85  # of a recipe's time; the rest is for loading and measuring
MOMENTS = (0.02, 0.2, 0.4, 0.6, 0.8, 0.98)  # of a training, at which a step's time is taken: a curriculum changes it
WARM, TIMED = 2, 3  # steps at each moment


@dataclass(frozen=True)
class Job:
    """A recipe, its share of the time beside the others', and what is changed for the larger machine."""

    name: str
    share: float
    batch_size: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)


# What convinces least comes first, and gets most. Sizes are the papers' where a GPU allows them.
QUEUES: dict[str, list[Job]] = {
    "gpu": [
        Job("pix2pix-shoes", 5),
        Job("pix2pix-bags", 4),
        Job("pix2pix-facades", 3),
        Job("began-mnist", 1),
        *(Job(name, 0.5) for name in ("gan-mnist", "dcgan-mnist", "lsgan-mnist", "wgan-mnist", "sgan-mnist")),
        *(Job(f"{variant}-shoes", 1) for variant in ("dcgan", "lsgan", "wgan-gp", "dragan", "began")),
        Job("draw-mnist", 3),
        Job("draw-noattention-mnist", 1),
        Job("draw-twodigits", 2),
        Job("draw-cifar10", 2),
        Job("catgan-mnist", 1),
    ],
}


def run(options: argparse.Namespace, say: Callable[[str], None] = print) -> Path:
    """Train, measure and pack a queue; returns the zip. ValueError where there is no such queue or no time."""
    if options.queue not in QUEUES:
        raise ValueError(f"no queue {options.queue!r}; there are: {', '.join(QUEUES)}")
    if options.out.resolve() != weights.FOLDER.resolve():
        raise ValueError(f"a queue is measured where weights are loaded from, so --out must be {weights.FOLDER}")
    if not options.minutes > 0:
        raise ValueError(f"minutes must be above 0, got {options.minutes}")
    jobs, done = QUEUES[options.queue], []
    end = time.monotonic() + 60 * options.minutes
    for i, job in enumerate(jobs):
        left = end - time.monotonic()
        if left <= 0 and options.steps is None:
            say(f"{job.name}: no time is left")
            continue
        seconds = left * job.share / sum(later.share for later in jobs[i:])
        try:
            say(one(job, options, seconds))
            done.append(job.name)
        except Exception as problem:  # whatever it is, the time of the others is not to be lost
            say(f"{job.name}: {type(problem).__name__}: {problem}")
    return packed(done, options)


def one(job: Job, options: argparse.Namespace, seconds: float) -> str:
    """Train and measure one recipe within its time; returns what there is to say about it."""
    mine = copy.copy(options)
    mine.name, mine.changes = job.name, [*job.changes.items(), *options.changes]
    mine.batch_size = job.batch_size or options.batch_size
    if mine.steps is None:
        mine.steps = fitting_steps(mine, FOR_TRAINING * seconds)
    train.run(mine)
    zoo.forget()
    metrics = evaluate.evaluate(job.name, mine.data)
    weights.write_card(zoo.card(job.name) | {"metrics": metrics})
    recipe = zoo.recipe(job.name)
    return f"{job.name}: {metrics[recipe.metric]:.2f} {recipe.unit} after {mine.steps:,} steps"


def fitting_steps(options: argparse.Namespace, seconds: float) -> int:
    """How many steps fit into so many seconds, the recipe's own at most; timed at several moments of a trial."""
    started = time.monotonic()
    work, dataset = train.prepare(options)
    times = []
    for moment in MOMENTS:
        work.step = max(0, min(int(moment * work.steps), work.steps - WARM - TIMED))
        begun, timed = time.monotonic(), 0
        for k, _ in enumerate(islice(work.advance(work.batches(dataset)), WARM + TIMED)):
            if k < WARM:
                begun = time.monotonic()
            else:
                timed += 1
        times.append((time.monotonic() - begun) / max(1, timed))
    left = seconds - (time.monotonic() - started)
    return int(max(1, min(work.steps, left / (sum(times) / len(times)))))


def packed(names: list[str], options: argparse.Namespace) -> Path:
    """The files of these models in one zip in the folder of runs."""
    options.runs.mkdir(parents=True, exist_ok=True)
    path = options.runs / f"queue-{options.queue}.zip"
    with zipfile.ZipFile(path, "w") as pack:
        for file in (options.out / f"{name}.{kind}" for name in names for kind in ("safetensors", "json", "webp")):
            if file.exists():
                pack.write(file, file.name)
    return path
