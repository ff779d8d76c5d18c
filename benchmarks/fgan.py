"""f-GAN's speed: one fit, and single steps beside turns in time to the same gap.

python -m benchmarks.fgan          # prints a table; about a minute

The gap is closed where F is within 5 per cent of D_f, and D_f within 5 per cent of the best that one Gaussian reaches.
"""

import statistics
import time

from core.gan.fgan import DIVERGENCES
from core.gan.mixture import METHODS, Gaussian, Mixture, best, exact, fit

SEEDS = 3


def closing(name: str, method: str, seed: int) -> tuple[float, float]:
    """Seconds until the gap is closed for the first time (infinite where it never is), and of the whole fit."""
    row, mixture = DIVERGENCES[name], Mixture()
    goal = 1.05 * exact(row, mixture, best(row, mixture))
    started, closed = time.perf_counter(), float("inf")
    for moment in fit(row, mixture, Gaussian(0.0, 1.5), method=method, seed=seed):
        if goal > moment.D and moment.F > 0.95 * moment.D:
            closed = min(closed, time.perf_counter() - started)
    return closed, time.perf_counter() - started


def main() -> None:
    print(f"{'divergence':24}{'method':14}{'gap closed, s':>15}{'whole fit, s':>15}")
    for name in ("kl", "rkl", "js", "pearson"):
        runs: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS[:2]}
        for seed in range(SEEDS):
            for method, found in runs.items():  # interleaved: the machine's mood is the same for both
                found.append(closing(name, method, seed))
        for method, found in runs.items():
            closed, whole = (statistics.median(values) for values in zip(*found, strict=True))
            print(f"{DIVERGENCES[name].name:24}{method:14}{closed:>15.2f}{whole:>15.2f}")


if __name__ == "__main__":
    main()
