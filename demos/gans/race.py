"""Race live: two variants in the plane, from the same first generator, with the same noise and the same data."""

import base64
import dataclasses
import math
import secrets
import threading
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import torch
from torch import Tensor

from core import data
from core.gan import one_hot, playground
from core.train import Diverged, train
from demos import checks, frame
from demos.gans.names import RACERS
from demos.gans.standing import Standing, compared, standing
from demos.widgets import check_strokes, strokes_of

DRAWN = "drawn"
TARGETS = [
    ("Ring of 8 clusters", "ring"),
    ("Grid of 25 clusters", "grid"),
    ("Two moons", "moons"),
    ("Swiss roll", "swiss roll"),
    ("Two circles", "circles"),
    ("A shape that you draw", DRAWN),
]
PACES = {"1 step per frame": 1, "10 steps per frame": 10, "As fast as possible": None}
FRAME_SECONDS = 0.1  # of training between two frames, where it goes as fast as it can
MOST_STEPS = 20_000
API_STEPS, API_SECONDS = 2000, 20  # of a race through the API: no visitor waits much longer for the next one
COST = 3e-6  # seconds, see `seconds`
SHOWN, SIDE = 250, 32  # points of each kind, and cells across a critic's landscape
LOST = 1e4  # a point further away than this has left for good


@dataclasses.dataclass(frozen=True)
class Course:
    """What cannot change while a race runs."""

    target: str
    strokes: str  # of a drawn target, as text, so that two courses can be compared
    left: str
    right: str
    seed: int


@dataclasses.dataclass(frozen=True)
class Settings:
    """What can. critic_steps: 0 leaves it to each paper.

    weight: of the penalties. The papers' 10 is for pictures, where gradients are sums over many pixels; in the plane it
    keeps a critic from telling one mode from the next.
    """

    rate: float = 1e-3
    critic_steps: int = 0
    weight: float = 0.3
    batch: int = 128


def course(target: str, drawing: Any, left: str, right: str, seed: str) -> tuple[Course, playground.Target]:
    """The course that a visitor chose. ValueError, in a sentence, where there is none such."""
    for variant in (left, right):
        if not checks.known(variant, RACERS):
            raise ValueError(f"no variant {checks.shown(variant)} races; choose one of {', '.join(RACERS)}")
    targets = [value for _, value in TARGETS]
    if not checks.known(target, targets):
        raise ValueError(f"the target must be one of {', '.join(targets)}, got {checks.shown(target)}")
    strokes = strokes_of(drawing) if target == DRAWN else []
    if target == DRAWN and not strokes:
        raise ValueError("the shape has no stroke; draw one on the pad first")
    chosen = Course(target, repr(strokes), left, right, frame.parse_seed(seed))
    if target != DRAWN:
        return chosen, playground.TARGETS[target]
    return chosen, playground.drawn([stroke.points for stroke in check_strokes(strokes)])


def settings(rate: Any, critic_steps: Any, weight: Any, batch: Any) -> Settings:
    """Numbers from the page or the API, checked. A learning rate may be absurd, but it must be a number above 0."""
    return Settings(
        rate=checks.number("the learning rate", rate, 0, above=True),
        critic_steps=int(checks.number("the critic steps", critic_steps, 0, 10, whole=True)),
        weight=checks.number("the weight of the penalty", weight, 0, 1000),
        batch=int(checks.number("the batch", batch, 8, 512, whole=True)),
    )


class Race:
    """Two players and their training, which can be taken up again."""

    def __init__(self, chosen: Course, target: playground.Target, numbers: Settings):
        self.course, self.target, self.numbers = chosen, target, numbers
        self.name, self.step, self.lost = secrets.token_hex(4), 0, ""
        self.lock = threading.Lock()  # a second Run may begin before the first has made its last step
        self.real, _ = target(2000, data.seeded(chosen.seed, "real"))
        self.z = torch.randn(1000, playground.LATENTS, generator=data.seeded(chosen.seed, "z"))
        self.players = [playground.player(variant, seed=chosen.seed) for variant in (chosen.left, chosen.right)]
        self.phases = [player.phases() for player in self.players]
        self.paces = [phases[0].repeats for phases in self.phases]
        self.terms: list[dict[str, float]] = [{}, {}]
        self.runs = [
            train(phases, self.batches(labels=variant == "sgan"), MOST_STEPS, seed=chosen.seed)
            for phases, variant in zip(self.phases, (chosen.left, chosen.right), strict=True)
        ]
        self.adjust(numbers)

    def batches(self, *, labels: bool) -> Iterator[dict[str, Tensor]]:
        """labels: whether eight points of each batch tell their cluster. catGAN has to find the clusters alone."""
        for k in count():
            x, part = self.target(self.numbers.batch, data.seeded(self.course.seed, "batch", k))
            told = {"labelled": x[:8], "labelled_label": part[:8]} if labels else {}
            yield {"image": x, "label": part} | told

    def adjust(self, numbers: Settings) -> None:
        """Other settings from the next step on."""
        self.numbers = numbers
        for player, phases, pace in zip(self.players, self.phases, self.paces, strict=True):
            phases[0].repeats = numbers.critic_steps or pace
            if player.rule.penalised is not None:
                player.rule = dataclasses.replace(player.rule, weight=numbers.weight)
            for group in (group for phase in phases for group in phase.optimizer.param_groups):
                group["lr"] = group["base_lr"] = numbers.rate

    def advance(self, steps: int | None) -> None:
        """So many steps of both players; None: as many as fit into a frame's time."""
        until = time.perf_counter() + FRAME_SECONDS
        taken = 0
        while not self.over() and (taken < steps if steps else time.perf_counter() < until):
            for i, run in enumerate(self.runs):
                try:
                    with self.lock:
                        self.step, self.terms[i] = next(run)
                except Diverged:
                    self.lose(i)
                    return
            taken += 1

    def lose(self, i: int) -> None:
        variant = (self.course.left, self.course.right)[i]
        self.lost = f"{RACERS[variant]} diverged at step {self.step}: its values blew up. Lower the learning rate."

    def seconds(self, steps: int) -> float:
        """About how long so many steps take on one core, for the slower variants.

        A turn is an update of the generator and some of the critic. Measured with 1 and 10 of them on batches of 8 to
        512 points: a point adds 1/600 of what an update costs without any.
        """
        turns = sum(1 + phases[0].repeats for phases in self.phases)
        return COST * steps * turns * (600 + self.numbers.batch)

    def over(self) -> bool:
        return bool(self.lost) or self.step >= MOST_STEPS

    @torch.no_grad()
    def frame(self) -> dict[str, Any]:
        """What the race view shows of this moment."""
        names = [RACERS[variant] for variant in (self.course.left, self.course.right)]
        with self.lock:
            made = [self.made(i) for i in range(len(self.players))]
            standings = [standing(self.course.target, self.real, points) for points in made]
            players = [self.shown(i, made[i], standings[i]) for i in range(len(made))]
        return {
            "race": self.name,
            "players": names,
            "real": encoded(self.real[:SHOWN]),
            "frame": {
                "step": self.step,
                "players": players,
                "said": self.lost or compared(self.step, self.course.target, names, standings),
            },
            "note": f"The race ends after {MOST_STEPS:,} steps." if self.step >= MOST_STEPS else "",
        }

    def made(self, i: int) -> Tensor:
        """The points that a player makes now, (n, 2); those that are lost lie far outside."""
        player = self.players[i].eval()
        label = torch.arange(len(self.z)) % int(self.target(200, data.seeded(0, "parts"))[1].max() + 1)
        points = player.make(self.z, one_hot(label) if player.rule.told else None)
        if not points.isfinite().all() or points.abs().max() > LOST:
            self.lose(i)
        return points.nan_to_num(2 * LOST).clamp(-LOST, LOST)

    def shown(self, i: int, made: Tensor, where: Standing) -> dict[str, Any]:
        player, terms = self.players[i], self.terms[i]
        landscape = playground.surface(player, SIDE).nan_to_num(0)
        player.train()
        low, high = landscape.min(), landscape.max()
        levels = (255 * (landscape - low) / (high - low).clamp(min=1e-12)).round().byte()
        return {
            "surface": base64.b64encode(levels.numpy().tobytes()).decode(),
            "low": round(low.item(), 3),
            "high": round(high.item(), 3),
            "made": encoded(made[:SHOWN]),
            "losses": {name: finite(terms.get(f"{name} loss")) for name in ("critic", "generator")},
            "facts": where.facts(),
        }


def finite(value: float | None) -> float | None:
    return round(value, 4) if value is not None and math.isfinite(value) else None


def encoded(points: Tensor) -> str:
    """Points (n, 2) as base64 of whole thousandths, two bytes each, low byte first; what is far outside stays there."""
    return base64.b64encode((1000 * points).clamp(-32767, 32767).round().numpy().astype("<i2").tobytes()).decode()


def race(
    target: str = "ring",
    left: str = "gan",
    right: str = "wgan-gp",
    steps: int = 500,
    rate: float = 1e-3,
    critic_steps: int = 0,
    weight: float = 0.3,
    batch: int = 128,
    seed: str = "0",
) -> Iterator[dict[str, Any]]:
    """Race two variants on points in the plane, and report ten moments of it, each as soon as it is there.

    A race may take about 20 seconds: 2000 steps of two variants with one critic step each, or fewer of more.

    Parameters:
        target: ring, grid, moons, swiss roll or circles.
        left: one of the variants, such as gan, lsgan, wgan, wgan-gp, dragan or began.
        right: the other one; it starts with the same generator and gets the same noise and data.
        steps: training steps, 10 to 2000.
        rate: learning rate of all networks.
        critic_steps: updates of the critic for each of the generator, 1 to 10; 0 leaves it to each paper.
        weight: of the gradient penalty, where a variant has one; 0 to 1000.
        batch: points in a batch, 8 to 512.
        seed: a whole number from 0 to 2^63 - 1.
    Yields:
        The last moment as the page shows it, and under "moments" the step, losses and facts of all that were reported.
    """
    steps = int(checks.number("the steps", steps, 10, API_STEPS, whole=True))
    run = Race(*course(target, None, left, right, seed), settings(rate, critic_steps, weight, batch))
    if run.seconds(steps) > API_SECONDS:
        most = int(steps * API_SECONDS / run.seconds(steps))
        raise ValueError(
            f"this race would take about {run.seconds(steps):.0f} s, and {API_SECONDS} s are allowed; "
            f"ask for at most {most} steps, for fewer critic steps or for a smaller batch"
        )
    moments = []
    for k in range(10):
        run.advance(steps * (k + 1) // 10 - steps * k // 10)
        last = run.frame()
        moments.append(
            {
                "step": run.step,
                "players": [{key: player[key] for key in ("losses", "facts")} for player in last["frame"]["players"]],
            }
        )
        yield last | {"moments": [*moments]}  # if the caller has gone, this is where the race ends
        if run.over():
            break
