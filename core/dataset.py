"""What every dataset is: rows by number, in batches that a seed decides. The sets themselves are in core/data.py."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from core.noise import seeded
from core.recipe import Batch

TEST_SEED = 1502  # of what is random in a test set, the same for everyone who measures


class Dataset(ABC):
    """Rows, some of which make a batch. A row is whatever is learned at once: a picture, or a question about one."""

    origin: str
    licence: str
    found: Mapping[str, Any] = MappingProxyType({})  # arguments of the model that the data decide

    @abstractmethod
    def __len__(self) -> int:
        """How many rows."""

    @abstractmethod
    def batch(self, indices: Tensor, generator: torch.Generator) -> Batch:
        """The rows at indices (B,): tensors (B, ...) or lists of B. What is random comes from the generator."""

    def stream(self, batch_size: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """Endless shuffled batches; the k-th depends on (seed, k) only, so `start` costs nothing."""
        if not 1 <= batch_size <= len(self):
            raise ValueError(f"batch_size must be 1 ... {len(self)} for this set, got {batch_size}")
        per_epoch, shuffled_for = len(self) // batch_size, None
        for k in count(start):
            epoch, place = divmod(k, per_epoch)
            if epoch != shuffled_for:
                order, shuffled_for = torch.randperm(len(self), generator=seeded(seed, "order", epoch)), epoch
            chosen = order[place * batch_size : (place + 1) * batch_size]
            yield self.batch(chosen, seeded(seed, "batch", k))

    def batches(self, batch_size: int = 500) -> Iterator[Batch]:
        """The whole set once, in order. The same rows whatever the batch size."""
        if batch_size < 1:
            raise ValueError(f"batch_size must be >= 1, got {batch_size}")
        size = 100  # of the blocks that share a seed: a fixed number, or batch_size would change the test set
        held: Batch = {}
        for i in range(0, len(self), size):
            block = self.batch(torch.arange(i, min(i + size, len(self))), seeded(TEST_SEED, "test", i))
            held = joined(held, block) if held else block
            while rows(held) >= batch_size:
                yield {key: value[:batch_size] for key, value in held.items()}
                held = {key: value[batch_size:] for key, value in held.items()}
        if held and rows(held):
            yield held


def rows(batch: Batch) -> int:
    return len(next(iter(batch.values())))


def joined(first: Batch, second: Batch) -> Batch:
    """Two batches as one: tensors one after the other, lists likewise."""
    return {
        key: torch.cat((value, second[key])) if isinstance(value, Tensor) else value + second[key]
        for key, value in first.items()
    }


def moved(value: Any, device: str) -> Any:
    """A tensor, or the tensors of a list or a batch, on a device; words stay where they are."""
    if isinstance(value, dict):
        return {key: moved(each, device) for key, each in value.items()}
    if isinstance(value, list):
        return [moved(each, device) for each in value]
    return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
