"""The track: each visitor's race, who may run now, and the recording that is there before any race."""

import math
import threading
import time
from collections.abc import Iterator
from typing import Any

from core.gan import playground
from demos import frame
from demos.gans.race import PACES, Course, Race, Settings

RECORDED_STEPS, RECORDED_EVERY = 250, 10
RUN_SECONDS = 90  # then a race rests until Run is pressed again: nobody may be watching
TURN_SECONDS = 20  # so long only where others wait
LOST_SECONDS = 15  # without a sign of life, and one has left the line
AHEAD = 1  # frames that the page may not have drawn yet; with more it would only take them in, and stand still
REMIND_SECONDS = 2  # so long without a word from the page, and the newest frame is sent again


class Line:
    """Who runs: one race at a time, in the order in which they came."""

    def __init__(self) -> None:
        self.lock, self.since = threading.Lock(), 0.0
        self.seen: dict[Any, float] = {}  # when each last gave a sign of life, in the order of their coming

    def ahead(self, who: Any) -> int:
        """How many run or wait before this one, which joins the line if it is not in it; 0 when it is its turn."""
        now = time.monotonic()
        with self.lock:
            first = next(iter(self.seen), None)
            self.seen[who] = now
            self.seen = {each: at for each, at in self.seen.items() if now - at < LOST_SECONDS}
            if next(iter(self.seen)) is not first:
                self.since = now
            return list(self.seen).index(who)

    def leave(self, who: Any) -> None:
        with self.lock:
            if next(iter(self.seen), None) is who:
                self.since = time.monotonic()
            self.seen.pop(who, None)

    def waiting(self) -> bool:
        with self.lock:
            return len(self.seen) > 1

    def seconds(self, ahead: int) -> int:
        """About how long until one's turn."""
        return max(1, round(ahead * TURN_SECONDS - min(time.monotonic() - self.since, TURN_SECONDS)))


LINE = Line()


def wait(ahead: int) -> str:
    """One's place in the line, in a sentence."""
    races = "One race is" if ahead == 1 else f"{ahead} races are"
    return f"{races} ahead of yours, which starts in about {frame.counted(LINE.seconds(ahead), 'second')}."


class Session:
    """A visitor's race. wanted: whether it should run, which Stop, and leaving, say no to."""

    def __init__(self) -> None:
        self.race: Race | None = None
        self.turn: object | None = None  # of the one call of `run` that goes on
        self.wanted = False
        self.undrawn: set[int] = set()  # steps of frames that the page has not drawn yet

    def prepare(
        self, shown: Any, chosen: Course, target: playground.Target, numbers: Settings, *, anew: bool = False
    ) -> Race:
        """The race that the view shows, where it is of this course and not over; else one at step 0."""
        name = shown.get("race") if isinstance(shown, dict) else None
        held = self.race
        if anew or held is None or held.name != name or held.course != chosen or held.over():
            self.race = Race(chosen, target, numbers)
        self.race.adjust(numbers)
        return self.race

    def drawn(self, step: int) -> None:
        """The page has drawn the frame of a step, and all before it."""
        self.undrawn = {each for each in self.undrawn if each > step}

    def sent(self) -> dict[str, Any]:
        """The frame of now, on its way to the page."""
        self.undrawn |= {self.race.step}
        return self.race.frame() | {"sent": time.monotonic()}  # the page does not hear the same value twice

    def run(self, pace: str, ahead_of_page: float = math.inf) -> Iterator[dict[str, Any] | int]:
        """Frames of the race, until it is over, stopped, or has run for long enough; before them, while others run,
        how many of them there are. Whoever calls it again takes over from the one before.

        ahead_of_page: it waits where more frames than that are not `drawn` yet.
        """
        mine = self.turn = object()
        self.wanted, self.undrawn, left = True, set(), RUN_SECONDS

        def goes_on() -> bool:
            return self.wanted and self.turn is mine and not self.race.over()

        yield self.sent()
        try:
            while goes_on() and left > 0:
                while goes_on() and (ahead := LINE.ahead(self)):
                    yield ahead
                    time.sleep(0.5)
                began = last = time.monotonic()
                spent = 0.0
                while goes_on() and spent < left and not (spent > TURN_SECONDS and LINE.waiting()):
                    LINE.ahead(self)  # a sign of life
                    waits = len(self.undrawn) > ahead_of_page
                    if waits and time.monotonic() - last < REMIND_SECONDS:
                        time.sleep(0.02)
                    else:
                        if not waits:
                            self.race.advance(PACES[pace])
                        yield self.sent()
                        last = time.monotonic()
                    spent = time.monotonic() - began
                left -= spent
                if self.turn is mine:
                    LINE.leave(self)
            if goes_on():
                yield self.race.frame() | {"note": f"Paused after {RUN_SECONDS} seconds. Press Run to go on."}
        finally:
            if self.turn is mine:
                LINE.leave(self)


# ------------------------------------------------------------------ what is there before a race


def at_start(chosen: Course, target: playground.Target, numbers: Settings) -> dict[str, Any]:
    """The view of a race that has not begun."""
    found = Race(chosen, target, numbers).frame()
    return found | {"frames": [found.pop("frame")]}


def record(chosen: Course, target: playground.Target, numbers: Settings) -> dict[str, Any]:
    """A race from its start, moment by moment. `python -m demos.first_sight` stores one."""
    run = Race(chosen, target, numbers)
    first = run.frame()
    moments = [first.pop("frame")]
    while run.step < RECORDED_STEPS:
        run.advance(RECORDED_EVERY)
        moments.append(run.frame()["frame"])
    return first | {"race": "recording", "frames": moments, "note": "This is a recording. Press Run to race them live."}
