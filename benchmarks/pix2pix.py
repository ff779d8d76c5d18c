"""pix2pix's speed: the U-Net of the paper as loaded for use, beside the same network as it was trained.

python -m benchmarks.pix2pix           # prints a table; about two minutes

Both give the same photos. "As trained" is what public versions run: norms with their averages, beside the
convolutions, pictures in the usual order. "As loaded" has the norms folded into the convolutions and the channels last.
"""

import copy
import statistics
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks import interleaved
from core.pix2pix import Pix2Pix
from core.train import update


def step(model: Pix2Pix, batch: dict[str, Tensor]) -> Callable[[], object]:
    phases = model.train().phases()
    return lambda: [update(phase, batch | {"progress": 0.0}) for phase in phases]


def main() -> None:
    torch.manual_seed(0)
    trained = Pix2Pix(size=256, inputs=3, filters=64).eval()
    loaded = copy.deepcopy(trained)
    loaded.fold()
    one, four = torch.rand(1, 3, 256, 256), torch.rand(4, 3, 256, 256)
    small = Pix2Pix(size=128, inputs=1, filters=32)
    batch = {"x": torch.rand(4, 1, 128, 128), "y": torch.rand(4, 3, 128, 128)}
    runs = {
        "forward, 256, 64 filters, batch 1, as trained": lambda: trained.translate(one),
        "forward, 256, 64 filters, batch 1, as loaded": lambda: loaded.translate(one),
        "forward, 256, 64 filters, batch 4, as loaded": lambda: loaded.translate(four),
        "train step of D and G, 128, 32 filters, batch 4": step(small, batch),
    }
    times = interleaved(runs, rounds=9)
    print(f"{torch.get_num_threads()} threads; milliseconds, least / median")
    for name, found in times.items():
        print(f"{name:50} {min(found):7.1f} / {statistics.median(found):7.1f}")
    trained_ms, loaded_ms, four_ms, _ = map(statistics.median, times.values())
    print(f"as loaded takes {loaded_ms / trained_ms:.2f} of the time as trained")
    print(f"in batches of 4 it makes {4 * loaded_ms / four_ms:.2f} times as many pictures a second")


if __name__ == "__main__":
    main()
