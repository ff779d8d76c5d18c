"""Race the naive sampler: it asks the whole network again for every pixel, and the fast one computes nothing twice."""

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from core import data
from core.pixels import PixelRNN
from demos import frame, plots
from demos.pixels import networks
from demos.pixels.growing import TO_COME, sheet
from demos.pixels.networks import MULTI, NETWORKS, PIXELS, SIDE

SECONDS, MOST_SECONDS = 20, 60  # a race ends after these, the second where the fast sampler is not done yet
BETWEEN = 0.2  # seconds between two moments that are shown


RACERS = {name: title for name, title in NETWORKS.items() if title != MULTI}  # of which every pixel takes as long


class Runner:
    """One sampler with a clock of its own, which stands while the other one works."""

    def __init__(self, model: PixelRNN, n: int, seed: int, naive: bool):
        self.n = n
        self.steps = model.steps(n, generator=data.seeded(seed, "pixels"), naive=naive)
        self.pixels, self.seconds = 0, 0.0
        self.visit: Any = None

    def advance(self) -> None:
        """One more pixel."""
        started = time.thread_time()  # of the processor: other visitors do not count
        self.visit = next(self.steps)
        self.seconds += time.thread_time() - started
        self.pixels += 1

    def pictures(self) -> Tensor:
        """(n, 1, 28, 28), as far as they are drawn."""
        return torch.zeros(self.n, 1, SIDE, SIDE) if self.visit is None else self.visit.pictures()

    def shown(self) -> Tensor:
        """All pictures as one sheet, with what is to come in grey: (1, H, W)."""
        there = torch.arange(PIXELS).view(SIDE, SIDE) < self.pixels
        return sheet(torch.where(there, self.pictures(), torch.tensor(TO_COME)))


class Race:
    """Both samplers from the same noise, and the moments that are shown of them."""

    def __init__(self, model: str, count: int, seed: str):
        n, number, network = networks.how_many(count), frame.parse_seed(seed), networks.network(model, RACERS)
        self.title = NETWORKS[model]
        self.fast, self.naive = (Runner(network, n, number, naive) for naive in (False, True))
        self.moments: list[tuple[Tensor, Tensor]] = []
        self.clocks: list[tuple[float, float]] = []
        self.counts: list[tuple[int, int]] = []

    def advance(self) -> bool:
        """One more pixel of whoever's clock is behind, as if each had a processor; False where both are done."""
        runners = [each for each in (self.fast, self.naive) if each.pixels < PIXELS]
        if runners:
            min(runners, key=lambda each: each.seconds).advance()
        return bool(runners)

    def keep(self) -> None:
        """This moment is shown."""
        both = self.fast, self.naive
        self.moments.append(tuple(each.shown() for each in both))
        self.clocks.append(tuple(each.seconds for each in both))
        self.counts.append(tuple(each.pixels for each in both))

    def film(self) -> dict[str, Any]:
        """All moments so far; it opens at the last one."""
        titles = ("Each pixel once", "The whole network for each pixel")
        panes, readouts = [], []
        for k, title in enumerate(titles):
            panes.append(plots.pane(title, torch.stack([moment[k] for moment in self.moments]), large=True))
            readouts.append(plots.readout(f"{('Fast', 'Naive')[k]}: clock", "s", [each[k] for each in self.clocks]))
            readouts.append(plots.readout(f"{('Fast', 'Naive')[k]}: pixels", "", [each[k] for each in self.counts]))
        film = plots.film(len(self.moments), panes, readouts)
        return film | {"said": self.said(), "start": len(self.moments) - 1}

    def said(self) -> str:
        """Who is where, in a sentence."""
        fast, naive = self.fast, self.naive
        if fast.pixels < PIXELS:
            return f"Both draw with {self.title}: {fast.pixels} and {naive.pixels} of {PIXELS} pixels."
        done = f"The fast sampler took {fast.seconds:.2f} s for {'one digit' if fast.n == 1 else f'{fast.n} digits'}."
        if not naive.pixels:
            return f"{done} Press Run to race it against the naive one."
        alike = self.same()
        if naive.pixels == PIXELS:
            times = naive.seconds / fast.seconds
            return f"{done} The naive one took {naive.seconds:.1f} s, {times:.0f} times as long, for {alike}."
        whole = naive.seconds * PIXELS / naive.pixels
        return (
            f"{done} After {naive.seconds:.1f} s the naive one has {naive.pixels} of {PIXELS} pixels, {alike} so far; "
            f"at this pace it takes {whole:.0f} s, {whole / fast.seconds:.0f} times as long."
        )

    def same(self) -> str:
        """Whether both drew the same, as far as both have come."""
        n = min(self.fast.pixels, self.naive.pixels)
        fast, naive = (each.pictures().flatten(1)[:, :n] for each in (self.fast, self.naive))
        apart = (fast != naive).sum().item()
        if not apart:
            return "the same picture" if self.fast.n == 1 else "the same pictures"
        where = frame.counted(apart, "pixel")
        return f"a picture that differs in {where}" if self.fast.n == 1 else f"pictures that differ in {where}"


def at_start(model: str, count: int, seed: str) -> dict[str, Any]:
    """The fast sampler's pictures as they come, row by row; the naive one waits."""
    race = Race(model, count, seed)
    while race.fast.pixels < PIXELS:
        race.fast.advance()
        if race.fast.pixels % SIDE == 0:
            race.keep()
    film = race.film()
    del film["start"]  # so it plays
    return film


def racing(model: str, count: int, seed: str) -> Iterator[dict[str, Any]]:
    """The race as it goes, until both are done or its time is over. Closed, it takes no further step."""
    race = Race(model, count, seed)
    spent, last = 0.0, time.monotonic()
    race.keep()
    while race.advance():
        since = time.monotonic() - last
        if spent + since > (SECONDS if race.fast.pixels == PIXELS else MOST_SECONDS):
            break
        if since > BETWEEN:
            race.keep()
            yield race.film()
            spent, last = spent + since, time.monotonic()  # a visitor may have stopped it in between
    race.keep()
    yield race.film()
