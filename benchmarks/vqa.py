"""VQA's and Matching's speed: a new photo, the next question about it, all methods at once, fifty photos ranked by a
sentence, and VGG-16 run again for every question.

python -m benchmarks.vqa           # prints a table; about a minute on one core

VGG-16 has torchvision's architecture without weights: the time is that of the networks which look at the photo anew for
each question.
"""

import functools
import itertools
import statistics

import torch
from PIL import Image
from torch import Tensor

import core
from benchmarks import interleaved
from core import vision
from core.vqa import TITLES

POOL = 50
QUESTIONS = itertools.cycle(
    ["what color is the dog?", "is there a man?", "how many dogs are there?", "where is the dog?"]
)


def photos() -> Image.Image:
    """Photos that were never seen before, of the size of an upload."""
    for seed in itertools.count():
        noise = torch.rand(12, 16, 3, generator=torch.Generator().manual_seed(seed))
        yield Image.fromarray((255 * noise).byte().numpy()).resize((1024, 768), Image.Resampling.BICUBIC)


def vgg16() -> torch.nn.Module:
    from torchvision.models import vgg16 as build

    return build(weights=None).eval()


@torch.inference_mode()
def main() -> None:
    names = [key if key == "rdan" else f"vqa-{key}" for key in TITLES]
    fresh, network = photos(), vgg16()
    same, picture = next(fresh), torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))

    def ask(name: str, photo: Image.Image) -> None:
        core.load(name).answer(photo, next(QUESTIONS))

    def all_at_once() -> None:
        for name in names:
            ask(name, same)

    matcher = core.load("mdan")
    held = [list(matcher.photo_steps(vision.features_of([next(fresh)]))) for _ in range(POOL)]

    def rank() -> Tensor:
        read = matcher.sentence_steps(*matcher.numbered([next(QUESTIONS)]))
        steps = [torch.cat([photo[k].vector for photo in held]) @ u.vector.T for k, u in enumerate(read)]
        return torch.stack(steps).sum(0).argsort(0, descending=True)

    jobs = {
        "a new photo, r-DAN": lambda: ask("rdan", next(fresh)),
        "the next question, r-DAN": lambda: ask("rdan", same),
        "the next question, LSTM Q + I": lambda: ask("vqa-lstm-q-i", same),
        f"the next question, all {len(names)} methods": all_at_once,
        f"a pool of {POOL} photos, ranked": rank,
        "VGG-16 once more": functools.partial(network, picture),
    }
    times = {name: statistics.median(values) for name, values in interleaved(jobs, 10).items()}
    for name, median in times.items():
        print(f"{name:40}{median:>9.1f} ms{median / times['VGG-16 once more']:>9.3f} of VGG-16")


if __name__ == "__main__":
    main()
