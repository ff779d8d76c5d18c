"""How a racer stands at one moment, in numbers and in a sentence."""

import dataclasses

from torch import Tensor

from core.gan import playground

REACH = 2.0  # of the plane that is seen, both ways
WORDS = {"ring": "clusters", "grid": "clusters", "moons": "moons", "circles": "circles", "drawn": "drawing"}


@dataclasses.dataclass(frozen=True)
class Standing:
    """on_target, covered: per cent. modes: covered clusters, and how many there are; None where a target has none.

    outside: share of the points that have left the view. spread: the larger standard deviation of the two coordinates.
    """

    on_target: float
    covered: float
    modes: tuple[int, int] | None
    outside: float
    spread: float

    def facts(self) -> list[list[str]]:
        """As labels and values below the picture."""
        found = [["on target", f"{self.on_target:.0f}%"], ["covered", f"{self.covered:.0f}%"]]
        return found + ([["clusters", f"{self.modes[0]} of {self.modes[1]}"]] if self.modes else [])

    def words(self, target: str) -> str:
        """What the points do, without their owner: "covers 5 of 8 clusters"."""
        if self.outside > 0.5:
            return "has left the picture"
        if self.modes and self.on_target >= 25:
            here, all_ = self.modes
            collapsed = here <= all_ / 4 and self.on_target >= 50
            return f"{'has collapsed onto' if collapsed else 'covers'} {here} of {all_} clusters"
        if not self.modes and self.on_target >= 25:
            return f"covers {self.covered:.0f}% of the {WORDS.get(target, target)}"
        if self.spread < 0.35:
            return "is still one clump"
        return "has scattered"


def standing(target: str, real: Tensor, made: Tensor) -> Standing:
    """real: (n, 2) of the target. made: (m, 2)."""
    hits = playground.hits(real[:500], made[:500])
    centres = playground.MODES.get(target)
    modes = None if centres is None else (playground.modes_covered(centres, made), len(centres))
    outside = (made.abs().amax(1) > REACH).float().mean().item()
    return Standing(hits["on target"], hits["covered"], modes, outside, made.std(0).max().item())


def compared(step: int, target: str, names: list[str], standings: list[Standing]) -> str:
    """One sentence for both sides of a race."""
    if step == 0:
        return "Step 0: both generators start from the same points."
    if names[0] == names[1]:
        names = [f"{names[0]}, left,", f"{names[1]}, right,"]
    told = "; ".join(f"{name} {each.words(target)}" for name, each in zip(names, standings, strict=True))
    return f"Step {step:,}: {told}."
