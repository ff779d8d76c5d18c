"""A queue of trainings that share a span of time, for a machine that is rented by the minute.

    python -m core.train --queue gpu --minutes 25                # on a GPU, one after the other
    python -m core.train --queue gan --minutes 9 --workers 8     # side by side: small networks leave a GPU idle
    python -m core.train --queue gpu --minutes 25 --steps 1      # tried on any processor: one step each

Recipes are begun in their order. Each gets its share of the time, and as many steps as fit into it, so that its
learning rate falls to the end; then it is measured (not with --unmeasured). After each one all new files are packed
into zips: a machine that is lent may be gone before the last has ended. A failed recipe is reported, and the next
begins.
"""

import argparse
import copy
import multiprocessing
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from core import evaluate, train, weights, zoo

FOR_TRAINING = 0.8  # of a recipe's time; the rest is for loading, measuring, and neighbours that begin later
MOMENTS = (0.02, 0.2, 0.4, 0.6, 0.8, 0.98)  # of a training, at which a step's time is taken: a curriculum changes it
LEAST = 40  # seconds, below which nothing is begun
WARM, TIMED = 2, 3  # steps at each moment
PACK = 15 * 2**20  # bytes in a zip, as long as no single file is larger


@dataclass(frozen=True)
class Job:
    """A recipe, its share of the time beside the others', and what is changed for the larger machine.

    steps: how many at most, where not the recipe's own.
    label: of a try, one of several of the same recipe; it goes into a folder of that name and is not measured.
    kinds: of the files that are packed; what stays behind is measured here, on the processor.
    like: another job, before it in the queue; this one gets as many steps, and sees as many pictures.
    """

    name: str
    share: float
    batch_size: int | None = None
    steps: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    seed: int | None = None
    like: str = ""
    kinds: tuple[str, ...] = ("safetensors", "json", "webp")

    @property
    def title(self) -> str:
        return f"{self.name}, {self.label}" if self.label else self.name


LATER_PARTS = ("short", *(f"without-{part}" for part in ("matching", "perceptual", "heads", "moves", "colours")))

# The longest first; shares are of the whole time where as many processes run as there are cores. DRAW's small kernels
# wait behind large ones: on one GPU the other queue is best held to a part of it (CUDA_MPS_ACTIVE_THREAD_PERCENTAGE).
QUEUES: dict[str, list[Job]] = {
    "draw": [
        *(Job(f"draw-{which}", 1, steps=60_000) for which in ("mnist", "twodigits-32")),  # their curves fell to the end
        Job("draw-cifar10", 1),
        Job("draw-noattention-mnist", 1, like="draw-mnist"),
    ],
    "gan": [
        Job("wgan-gp-shoes", 1),
        *(Job(f"{variant}-mnist", 0.6) for variant in ("wgan", "wgan-gp")),
        *(Job(f"{variant}-shoes", share) for variant, share in (("dragan", 0.5), ("began", 0.3))),
        *(Job(f"{variant}-mnist", 0.25) for variant in ("gan", "dcgan", "lsgan", "dragan", "sgan", "began")),
        *(Job("catgan-mnist", 0.25, label=f"seed-{seed}", seed=seed) for seed in range(1, 4)),
        *(Job("infogan-mnist", 0.35, label=f"seed-{seed}", seed=seed) for seed in range(2, 6)),
    ],
    "pixels": [
        *(Job(f"{layer}-mnist", 1) for layer in ("rowlstm", "diagbilstm", "pixelcnn")),
        Job("multiscale-mnist", 0.6),
        Job("pixelcnn-flowers", 0.3),
    ],
    "parts": [Job(f"pix2pix-shoes-{part}", 1, kinds=("json", "webp")) for part in LATER_PARTS],
}
QUEUES["gpu"] = [job for jobs in QUEUES.values() for job in jobs]  # all that a GPU is worth lending for


def run(options: argparse.Namespace, say: Callable[[str], None] = print) -> list[Path]:
    """Train, measure and pack a queue; returns the zips. ValueError where there is no such queue or no time."""
    if options.queue not in QUEUES:
        raise ValueError(f"no queue {options.queue!r}; there are: {', '.join(QUEUES)}")
    if options.out.resolve() != weights.FOLDER.resolve():
        raise ValueError(f"a queue is measured where weights are loaded from, so --out must be {weights.FOLDER}")
    if not options.minutes > 0:
        raise ValueError(f"minutes must be above 0, got {options.minutes}")
    if options.workers < 1:
        raise ValueError(f"workers must be >= 1, got {options.workers}")
    end = time.monotonic() + 60 * options.minutes
    for job in QUEUES[options.queue]:
        steps_file(job.name, options.runs / job.label).unlink(missing_ok=True)  # of an earlier queue
    ways = one_by_one if options.workers == 1 else side_by_side
    done: list[Job] = []
    zips: list[Path] = []
    for job, result in ways(QUEUES[options.queue], options, end):
        if isinstance(result, Exception):  # whatever it is, the time of the others is not to be lost
            say(f"{job.title}: {type(result).__name__}: {result}")
        else:
            say(result)
            done.append(job)
            zips = packed(done, options)
    return zips


Results = Iterator[tuple[Job, str | Exception]]


def one_by_one(jobs: list[Job], options: argparse.Namespace, end: float) -> Results:
    """Each gets its share of the time that is left."""
    for i, job in enumerate(jobs):
        left = end - time.monotonic()
        if left <= 0 and options.steps is None:
            yield job, TimeoutError("no time is left")
            continue
        try:
            yield job, one(job, options, left * job.share / sum(later.share for later in jobs[i:]), end)
        except Exception as problem:
            yield job, problem


def side_by_side(jobs: list[Job], options: argparse.Namespace, end: float) -> Results:
    """So many processes at once; each takes the next job when it is done with one."""
    each = 60 * options.minutes * options.workers / sum(job.share for job in jobs)
    spawned = multiprocessing.get_context("spawn")  # a fork would share what CUDA must not share
    with ProcessPoolExecutor(min(options.workers, len(jobs)), mp_context=spawned) as pool:
        asked = {pool.submit(one, job, options, min(60 * options.minutes, job.share * each), end): job for job in jobs}
        for future in as_completed(asked):
            try:
                yield asked[future], future.result()
            except Exception as problem:
                yield asked[future], problem


def folder(job: Job, options: argparse.Namespace) -> Path:
    return options.runs / job.label if job.label else options.out


def one(job: Job, options: argparse.Namespace, seconds: float, end: float) -> str:
    """Train and measure one recipe within its time; returns what there is to say about it."""
    mine = copy.copy(options)
    seconds = min(seconds, end - time.monotonic())
    if seconds < LEAST and options.steps is None:
        raise TimeoutError(f"{seconds:.0f} s are too few to begin")
    mine.name, mine.changes = job.name, [*job.changes.items(), *options.changes]
    mine.batch_size = job.batch_size or options.batch_size
    mine.seed = options.seed if job.seed is None else job.seed
    mine.out, mine.runs = folder(job, options), options.runs / job.label
    if mine.steps is None:
        mine.steps = job.steps
        fitting = FOR_TRAINING * seconds
        mine.steps = steps_of(job.like, options.runs, end) if job.like else fitting_steps(mine, fitting)
    steps_file(job.name, mine.runs).write_text(str(mine.steps), encoding="utf-8")
    card = train.run(mine, end)
    took = f"{card['training']['steps']:,} of {mine.steps:,} steps in {card['training']['seconds']} s"
    if (options.unmeasured and "safetensors" in job.kinds) or job.label:
        return f"{job.title}: {took}"
    zoo.forget()
    try:
        metrics = evaluate.evaluate(job.name, mine.data)
    except Exception as problem:  # what was trained is not to be lost
        return f"{job.name}: {took}; not measured: {type(problem).__name__}: {problem}"
    weights.write_card(zoo.card(job.name) | {"metrics": metrics})
    recipe = zoo.recipe(job.name)
    return f"{job.name}: {metrics[recipe.metric]:.2f} {recipe.unit} after {took}"


def steps_file(name: str, runs: Path) -> Path:
    runs.mkdir(parents=True, exist_ok=True)
    return runs / f"{name}.steps"


def steps_of(name: str, runs: Path, end: float) -> int:
    """How many steps another job was given; waits until that is known. TimeoutError where it is not in time."""
    path = steps_file(name, runs)
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{name} was never begun")
        time.sleep(0.2)
    return int(path.read_text(encoding="utf-8"))


def fitting_steps(options: argparse.Namespace, seconds: float) -> int:
    """How many steps fit into so many seconds, the recipe's own at most; timed at several moments of a trial.

    TimeoutError where the trial leaves no time for any.
    """
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
    fitting = int(left / (sum(times) / len(times)))
    if fitting < 1:
        raise TimeoutError("timing the steps took all the time there was")
    return min(work.steps, fitting)


def packed(jobs: list[Job], options: argparse.Namespace) -> list[Path]:
    """The files of these jobs in zips of about PACK bytes in the folder of runs; each zip is whole when it is there."""
    options.runs.mkdir(parents=True, exist_ok=True)
    packs: list[list[tuple[Path, Job]]] = []
    room = 0
    for job in jobs:
        files = [file for kind in job.kinds if (file := folder(job, options) / f"{job.name}.{kind}").exists()]
        size = sum(file.stat().st_size for file in files)
        if not packs or size > room:
            packs.append([])
            room = PACK
        room -= size
        packs[-1] += [(file, job) for file in files]
    paths = [options.runs / f"queue-{options.queue}-{k}.zip" for k in range(len(packs))]
    for path, pack in zip(paths, packs, strict=True):
        with zipfile.ZipFile(path.with_suffix(".part"), "w") as files:
            for file, job in pack:
                files.write(file, str(Path(job.label) / file.name))
        path.with_suffix(".part").replace(path)
    return paths
