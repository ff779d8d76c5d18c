"""Side-by-side timings that anyone can run. Ratios count: absolute times drift with what else a machine does."""

import time
from collections.abc import Callable


def interleaved(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every job, one of each in turn, after three rounds of warming up."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for k in range(rounds + 3):
        for name, job in jobs.items():
            started = time.perf_counter()
            job()
            if k >= 3:
                times[name].append(1000 * (time.perf_counter() - started))
    return times
