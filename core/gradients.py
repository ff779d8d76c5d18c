"""The gradient of a phase's loss, and on a GPU a recording of it: thousands of small kernels, sent as one.

Networks in time, such as DRAW or Row LSTM, launch so many small kernels that a GPU waits for Python most of the time.
A recording (a CUDA graph) repeats the same kernels on the same memory: so a loss may be recorded where it does the same
work at every step (`Records` in core/recipe.py), and a phase whose loss changes on the way says when (`Phase.stage`).
"""

from typing import Any

import torch
from torch import Tensor, nn

from core.recipe import Batch, Phase

WARM = 3  # steps before a recording, in which libraries choose their kernels


def gradients(phase: Phase, batch: Batch, clear: bool = True) -> dict[str, Tensor]:
    """Every parameter's gradient; returns the terms of the loss, and the gradient's norm among them."""
    if clear:
        phase.optimizer.zero_grad(set_to_none=True)
    terms = phase.loss(batch)
    terms["loss"].backward()
    return terms | {"gradient": norm(phase.parameters)}


def norm(parameters: list[nn.Parameter]) -> Tensor:
    """Length of all gradients together."""
    return torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], foreach=True)


class Recorded:
    """The gradient of a phase's loss, recorded anew for each of its stages: gradients(batch) -> terms of the loss.

    Terms are the graph's own tensors: the next call overwrites them.
    """

    def __init__(self, phase: Phase):
        self.phase = phase
        self.takes: dict[Any, tuple[torch.cuda.CUDAGraph, Batch, dict[str, Tensor], torch.Generator]] = {}

    def __call__(self, batch: Batch) -> dict[str, Tensor]:
        stage = self.phase.stage(batch["progress"])
        if stage not in self.takes:
            self.takes.clear()  # the last stage's memory is free again
            self.takes[stage] = self.record(batch)
        graph, held, terms, generator = self.takes[stage]
        for key, value in batch.items():
            if isinstance(value, Tensor):
                held[key].copy_(value)
        generator.manual_seed(batch["generator"].initial_seed())
        generator.set_offset(batch["generator"].get_offset())
        graph.replay()
        batch["generator"].set_offset(generator.get_offset())  # the step's next phase has noise of its own
        return terms

    def record(self, batch: Batch) -> tuple[torch.cuda.CUDAGraph, Batch, dict[str, Tensor], torch.Generator]:
        generator = torch.Generator(batch["generator"].device).manual_seed(0)
        held = {key: value.clone() if isinstance(value, Tensor) else value for key, value in batch.items()}
        held["generator"] = generator
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM):
                gradients(self.phase, held)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(generator)
        self.phase.optimizer.zero_grad(set_to_none=True)  # so that gradients lie in the graph's own memory
        with torch.cuda.graph(graph):
            terms = gradients(self.phase, held, clear=False)
        return graph, held, {key: value.detach() for key, value in terms.items()}, generator
