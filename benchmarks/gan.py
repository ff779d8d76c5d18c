"""The GAN chapter's speed: a DCGAN step beside a widespread design, samples of every variant, and races.

python -m benchmarks.gan           # prints a table; about two minutes

The widespread design makes 8 x 8 maps of 128 channels, doubles them by repeating pixels and convolves at full size; the
same batch, the same optimiser. Ours doubles with transposed convolutions and stays narrow where maps are large.
"""

import statistics
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from benchmarks import interleaved
from core.gan import GAN, VARIANTS, build, playground
from core.gan.codes import random_codes
from core.train import train, update


class Upsampling:
    """The widespread design, as parts of a game of ours."""

    shape = (1, 32, 32)

    def generator(self, inputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(inputs, 128 * 64),
            nn.Unflatten(1, (128, 8, 8)),
            nn.BatchNorm2d(128),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 128, 3, 1, 1),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 3, 1, 1),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 1, 3, 1, 1),
            nn.Sigmoid(),
        )

    def critic(self, **_: object) -> nn.Module:
        return UpsamplingCritic()

    def copier(self) -> nn.Module:
        raise ValueError("this design has scores, no copies")  # Parts asks for the method; DCGAN's row never calls it


class UpsamplingCritic(nn.Module):
    def __init__(self):
        super().__init__()

        def block(before: int, after: int) -> list[nn.Module]:
            return [nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25), nn.BatchNorm2d(after)]

        first = [nn.Conv2d(1, 16, 3, 2, 1), nn.LeakyReLU(0.2)]
        blocks = [*block(16, 32), *block(32, 64), *block(64, 128)]
        self.layers = nn.Sequential(*first, *blocks, nn.Flatten(), nn.Linear(128 * 4, 1))

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.layers(x)


def upsampling_gan(latents: int = 100) -> GAN:
    game = GAN(VARIANTS["dcgan"], Upsampling(), latents=latents)
    return game.to(memory_format=torch.contiguous_format)  # as it is found


def step(model: nn.Module, batch: dict[str, Tensor]) -> Callable[[], object]:
    phases = model.train().phases()
    return lambda: [update(phase, batch | {"progress": 0.0}) for phase in phases for _ in range(phase.repeats)]


def points(batch: int) -> Iterator[dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    while True:
        x, label = playground.TARGETS["ring"](batch, generator)
        yield {"image": x, "label": label}


def race(variant: str, steps: int = 100) -> Callable[[], object]:
    player = playground.player(variant, seed=0)
    run = train(player.phases(), points(128), 10**9, seed=0)
    return lambda: [next(run) for _ in range(steps)]


def main() -> None:
    torch.manual_seed(0)
    batch = {"image": torch.rand(64, 1, 32, 32), "label": torch.arange(64) % 10}
    ours, theirs = build(variant="dcgan"), upsampling_gan()
    runs = {"DCGAN step, ours": step(ours, batch), "DCGAN step, upsampling design": step(theirs, batch)}
    times = interleaved(runs, rounds=15)
    print(f"{torch.get_num_threads()} threads; milliseconds, least / median")
    for name, found in times.items():
        print(f"{name:40} {min(found):7.1f} / {statistics.median(found):7.1f}")
    least, other = (min(found) for found in times.values())
    print(f"ours takes {least / other:.2f} of the time")

    rules = [name for name in VARIANTS if name not in ("gan-saturating", "lsgan-pearson")]
    models = {name: build(variant=name, filters=16 if name == "began" else 32).eval() for name in rules}
    generator = torch.Generator()
    sampled = interleaved({name: lambda m=m: m.sample(64, generator=generator) for name, m in models.items()}, rounds=9)
    slowest = max(sampled, key=lambda name: statistics.median(sampled[name]))
    print(f"64 samples: {statistics.median(sampled[slowest]):.0f} ms or less (median of the slowest, {slowest})")

    coded = build(variant="infogan", latents=62).eval()
    codes, z = random_codes(29, generator), torch.randn(29, 62)
    for words, n in {"a slider of infoGAN to its picture": 1, "the same with the tour of 29 frames": 29}.items():
        (turned,) = interleaved({words: lambda n=n: coded.infer(coded.pictures(z[:n], codes[:n]))}, rounds=15).values()
        print(f"{words}, and back through Q: {statistics.median(turned):.0f} ms (median)")

    raced = interleaved({name: race(name) for name in ("gan", "lsgan", "wgan-gp", "began")}, rounds=5)
    for name, found in raced.items():
        print(f"race in the plane, {name:10} {100_000 / statistics.median(found):5.0f} steps a second")


if __name__ == "__main__":
    main()
