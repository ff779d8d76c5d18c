"""The training loop: what a step does, that nothing is lost when a run is stopped, and that processes agree."""

import argparse
import dataclasses
import io
import itertools
import json
import math
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import core
from core import data, train, weights, zoo
from core.data import Dataset
from core.noise import first_weights
from core.recipe import Averages, Batch, Model, Phase, Recipe, Shows
from tests.browser import free_port

ROOT = Path(__file__).resolve().parent.parent
SMALL = dict(size=8, read=2, write=3, units=12, latents=4, glimpses=3, curriculum=[[0.5, 2]])


class Pair(nn.Module, Model):
    """Two players with noise, momentum and running statistics; the critic moves three times for the generator's one."""

    def __init__(self, *, rate: float = 0.05):
        super().__init__()
        self.rate, self.shape = rate, (1, 8, 8)
        self.critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.BatchNorm1d(6), nn.Linear(6, 1))
        self.generator = nn.Linear(3, 64)

    def fake(self, batch: Batch) -> Tensor:
        n = len(batch["image"])
        return self.generator(torch.randn(n, 3, generator=batch["generator"])).sigmoid().view(n, 1, 8, 8)

    def criticise(self, batch: Batch) -> dict[str, Tensor]:
        x = batch["image"]
        return {"loss": (self.critic(self.fake(batch).detach()) - self.critic(x)).tanh().mean()}

    def forge(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": -self.critic(self.fake(batch)).mean()}

    def phases(self) -> list[Phase]:
        players = [("critic", self.critic, self.criticise, 3), ("generator", self.generator, self.forge, 1)]
        return [
            Phase(
                name,
                list(player.parameters()),
                loss,
                torch.optim.Adam(player.parameters(), lr=self.rate),
                repeats=repeats,
                schedule=lambda progress: 1 - 0.5 * progress,
            )
            for name, player, loss, repeats in players
        ]

    def probe(self) -> Tensor:
        return self.generator(torch.ones(1, 3)).detach()


@pytest.fixture(autouse=True)
def pair_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(Pair, {}, "none", 10, 10, lambda *_: {}, paper="none", family="toy", metric="loss", unit="none")
    monkeypatch.setitem(zoo.RECIPES, "pair", recipe)


def new_run(name: str = "draw-mnist", *, steps: int = 9, seed: int = 0, **changes) -> train.Run:
    changes = changes or (SMALL if name == "draw-mnist" else {})
    return train.Run(name, changes, steps=steps, batch_size=10, seed=seed, device="cpu")


def advance(run: train.Run, dataset: Dataset, steps: int | None = None) -> list[dict[str, float]]:
    """The terms of the next steps, or of all that are left."""
    return list(itertools.islice(run.advance(run.batches(dataset)), steps))


def states(run: train.Run) -> dict[str, Tensor]:
    """Every number that decides how a run goes on: weights, running statistics, the optimisers' moments."""
    found = dict(run.model.state_dict())
    for i, phase in enumerate(run.phases):
        for key, moments in phase.optimizer.state_dict()["state"].items():
            found |= {f"{i}.{key}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    return {key: value.clone() for key, value in found.items()}


def assert_equal(left: dict[str, Tensor], right: dict[str, Tensor]) -> None:
    assert left.keys() == right.keys()
    assert [key for key in left if not torch.equal(left[key], right[key])] == []


# ------------------------------------------------------------------ one step


class Scalar(nn.Module):
    """A single weight whose gradient is what the batch says."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(2))
        self.seen: list[Batch] = []

    def phase(self, **changes: Any) -> Phase:
        def loss(batch: Batch) -> dict[str, Tensor]:
            self.seen.append(batch)
            return {"loss": (self.w * batch["x"]).sum(), "twice": 2 * batch["x"].sum()}

        sgd = torch.optim.SGD([self.w], lr=0.1)
        return Phase(**dict(name="model", parameters=[self.w], loss=loss, optimizer=sgd) | changes)


def endless(x: Tensor) -> Iterator[Batch]:
    return ({"x": x} for _ in itertools.count())


def counted() -> Iterator[Batch]:
    return ({"x": torch.full((2,), float(k))} for k in itertools.count())


def test_a_step_is_the_optimisers_and_its_terms_are_numbers():
    model = Scalar()
    results = list(train.train([model.phase()], endless(torch.tensor([1.0, 2.0])), 3))
    torch.testing.assert_close(model.w.detach(), -3 * 0.1 * torch.tensor([1.0, 2.0]))
    assert [step for step, _ in results] == [1, 2, 3]
    assert results[0][1] == {"loss": 0.0, "twice": 6.0, "gradient": pytest.approx(5**0.5)}
    assert results[1][1]["loss"] == pytest.approx(-0.1 - 0.4)
    assert [batch["progress"] for batch in model.seen] == pytest.approx([0, 1 / 3, 2 / 3])


def test_a_phase_is_repeated_on_a_fresh_batch_each_time_and_the_next_takes_the_last_of_them():
    first, second = Scalar(), Scalar()
    phases = [first.phase(name="critic", repeats=3), second.phase(name="generator", repeats=2)]
    results = list(train.train(phases, counted(), 2))
    assert [int(batch["x"][0]) for batch in first.seen] == [0, 1, 2, 4, 5, 6]
    assert [int(batch["x"][0]) for batch in second.seen] == [2, 3, 6, 7]
    terms = {"loss", "twice", "gradient"}
    assert results[0][1].keys() == {f"{player} {term}" for player in ("critic", "generator") for term in terms}


def test_gradients_do_not_pile_up_from_phase_to_phase():
    """A loss that reaches another phase's weights leaves gradients there; they must not count in its own step."""
    model, other = Scalar(), Scalar()

    def both(batch: Batch) -> dict[str, Tensor]:
        return {"loss": (other.w * batch["x"]).sum() + 100 * model.w.sum()}

    phases = [other.phase(name="other", loss=both), model.phase()]
    list(train.train(phases, endless(torch.ones(2)), 2))
    torch.testing.assert_close(model.w.detach(), torch.full((2,), -0.2))
    torch.testing.assert_close(other.w.detach(), torch.full((2,), -0.2))


def test_the_schedule_multiplies_the_first_rate_not_the_last():
    model = Scalar()
    list(train.train([model.phase(schedule=lambda progress: 1 - progress)], endless(torch.ones(2)), 4))
    torch.testing.assert_close(model.w.detach(), torch.full((2,), -0.1 * (1 + 0.75 + 0.5 + 0.25)))


def test_the_norm_of_all_gradients_together_is_clipped():
    model = Scalar()
    list(train.train([model.phase(max_norm=1.0)], endless(torch.tensor([30.0, 40.0])), 1))
    torch.testing.assert_close(model.w.detach(), -0.1 * torch.tensor([0.6, 0.8]))
    model = Scalar()
    list(train.train([model.phase(max_norm=1.0)], endless(torch.tensor([0.3, 0.4])), 1))
    torch.testing.assert_close(model.w.detach(), -0.1 * torch.tensor([0.3, 0.4]))


def test_after_is_called_behind_every_update():
    model, found = Scalar(), []

    def clip() -> None:
        found.append(model.w.detach().clone())
        with torch.no_grad():
            model.w.clamp_(-0.15, 0.15)

    list(train.train([model.phase(after=clip, repeats=2)], endless(torch.ones(2)), 2))
    torch.testing.assert_close(torch.stack(found)[:, 0], torch.tensor([-0.1, -0.2, -0.25, -0.25]))
    torch.testing.assert_close(model.w.detach(), torch.full((2,), -0.15))


def test_the_noise_of_a_step_depends_on_seed_and_step_alone():
    def noise(start: int, seed: int) -> list[float]:
        model, found = Scalar(), []

        def loss(batch: Batch) -> dict[str, Tensor]:
            found.append(torch.rand(1, generator=batch["generator"]).item())
            return {"loss": model.w.sum()}

        list(train.train([model.phase(loss=loss)], endless(torch.ones(2)), 5, start=start, seed=seed))
        return found

    whole = noise(0, 1)
    assert len(set(whole)) == 5
    assert noise(3, 1) == whole[3:]
    assert not set(noise(0, 2)) & set(whole)


def test_training_neither_seeds_nor_draws_from_the_generator_that_all_share(small_set: Dataset):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run = new_run("pair")
    advance(run, small_set)
    assert torch.equal(torch.get_rng_state(), before)


def test_two_runs_at_once_are_each_what_it_is_alone(small_set: Dataset):
    """In two threads, a step of one and a step of the other; each with weights and noise of its own seed."""
    alone = [advance(new_run("pair", seed=seed, steps=40), small_set) for seed in (1, 2)]
    turn, together = threading.Barrier(2, timeout=100), [[], []]

    def work(i: int) -> None:
        turn.wait()
        run = new_run("pair", seed=i + 1, steps=40)
        for terms in run.advance(run.batches(small_set)):
            together[i].append(terms)
            turn.wait()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


# ------------------------------------------------------------------ where a loss is not a number


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_at_once_and_leaves_the_weights(bad: float):
    model, seen = Scalar(), []

    def loss(batch: Batch) -> dict[str, Tensor]:
        return {"loss": (model.w * (bad if batch["x"][0] == 2 else 1.0)).sum() + (bad if batch["x"][0] == 2 else 0)}

    def run() -> None:
        for step, _ in train.train([model.phase(name="critic", loss=loss)], counted(), 5):
            seen.append(step)

    with pytest.raises(train.Diverged, match=r"step 3 diverged: critic loss is (nan|inf), critic gradient is"):
        run()
    assert seen == [1, 2]
    torch.testing.assert_close(model.w.detach(), torch.full((2,), -0.2))


def test_a_gradient_that_is_not_finite_stops_though_the_loss_is():
    model = Scalar()
    with torch.no_grad():
        model.w.zero_()

    def loss(batch: Batch) -> dict[str, Tensor]:
        return {"loss": model.w.sqrt().sum()}  # 0, with an endless slope

    with pytest.raises(train.Diverged, match="step 1 diverged: gradient is inf"):
        list(train.train([model.phase(loss=loss)], counted(), 5))
    assert model.w.tolist() == [0, 0]


def test_a_checkpoint_is_not_overwritten_by_weights_that_are_not_finite(tmp_path: Path, small_set: Dataset):
    run = new_run("pair")
    advance(run, small_set, 2)
    run.save(tmp_path / "run.checkpoint")
    old = (tmp_path / "run.checkpoint").read_bytes()
    with torch.no_grad():
        run.model.generator.bias[1] = math.inf
    with pytest.raises(train.Diverged, match=r"step 2 diverged: generator\.bias"):
        run.save(tmp_path / "run.checkpoint")
    assert (tmp_path / "run.checkpoint").read_bytes() == old


# ------------------------------------------------------------------ stopped and taken up again


@pytest.mark.parametrize("name", ["draw-mnist", "pair"])
@pytest.mark.parametrize("stop", [1, 4, 8])
def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path: Path, small_set: Dataset, name: str, stop: int):
    """Stops before and after the curriculum's change and the end of an epoch; the process is another one."""
    whole = new_run(name)
    losses = advance(whole, small_set)

    torch.manual_seed(1)
    first = new_run(name)
    before = advance(first, small_set, stop)
    first.save(tmp_path / "run.checkpoint")
    advance(first, small_set, 1)  # lost: the process dies after its checkpoint
    del first

    torch.manual_seed(2)
    second = new_run(name)
    second.restore(tmp_path / "run.checkpoint")
    assert second.step == stop
    after = advance(second, small_set)
    assert before + after == losses
    assert second.step == 9
    assert_equal(states(second), states(whole))


def test_a_run_that_was_stopped_has_the_same_history(tmp_path: Path, small_set: Dataset):
    """250 steps keep a point every 2: the stop at 101 lies between two of them."""
    whole = new_run("pair", steps=250)
    advance(whole, small_set)
    first, second = new_run("pair", steps=250), new_run("pair", steps=250)
    advance(first, small_set, 101)
    first.save(tmp_path / "run.checkpoint")
    second.restore(tmp_path / "run.checkpoint")
    advance(second, small_set)
    assert [row["step"] for row in second.curve] == [row["step"] for row in whole.curve] == list(range(2, 251, 2))
    assert second.curve == whole.curve


def test_seconds_add_up_over_a_stop(tmp_path: Path, small_set: Dataset):
    first, second = new_run(), new_run()
    advance(first, small_set, 3)
    assert first.seconds > 0
    first.seconds = 1000.0
    first.save(tmp_path / "run.checkpoint")
    second.restore(tmp_path / "run.checkpoint")
    advance(second, small_set)
    assert 1000 < second.seconds < 1060


def test_runs_differ_by_their_seed(small_set: Dataset):
    one, other = new_run(seed=1), new_run(seed=2)
    assert advance(one, small_set) != advance(other, small_set)


@pytest.mark.parametrize("broken_at", ["torch.save", "os.replace"])
def test_a_crash_while_writing_a_checkpoint_leaves_the_last_one(
    tmp_path: Path, small_set: Dataset, monkeypatch: pytest.MonkeyPatch, broken_at: str
):
    path, run = tmp_path / "runs" / "run.checkpoint", new_run()
    advance(run, small_set, 2)
    run.save(path)
    assert [file.name for file in path.parent.iterdir()] == ["run.checkpoint"]
    old = path.read_bytes()

    def half_written(state: dict, target: Path) -> None:
        Path(target).write_bytes(b"half of it")
        raise OSError("no space left on device")

    def killed(*paths: Path) -> None:
        raise OSError("killed")

    advance(run, small_set, 2)
    with monkeypatch.context() as patch:
        patch.setattr(*((train.torch, "save", half_written) if broken_at == "torch.save" else (os, "replace", killed)))
        with pytest.raises(OSError, match=r"no space|killed"):
            run.save(path)
    assert path.read_bytes() == old
    again = new_run()
    again.restore(path)
    assert again.step == 2
    run.save(path)  # what was left over does not stand in the way
    assert [file.name for file in path.parent.iterdir()] == ["run.checkpoint"]


@pytest.mark.parametrize(
    "other",
    [
        lambda: new_run(**SMALL | dict(glimpses=4)),
        lambda: new_run(steps=10),
        lambda: new_run(seed=1),
        lambda: train.Run("draw-mnist", SMALL, steps=9, batch_size=11, seed=0, device="cpu"),
    ],
    ids=["config", "steps", "seed", "batch_size"],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, small_set: Dataset, other: Callable[[], train.Run]):
    """With another seed or batch size it would go on as a mixture that no seed and size can repeat."""
    run = new_run()
    advance(run, small_set, 2)
    run.save(tmp_path / "run.checkpoint")
    with pytest.raises(ValueError, match="other settings"):
        other().restore(tmp_path / "run.checkpoint")


# ------------------------------------------------------------------ history and card


def test_the_curve_holds_the_mean_of_each_term_since_the_last_point(small_set: Dataset):
    run = new_run("pair", steps=300)
    terms = advance(run, small_set)
    assert [row["step"] for row in run.curve] == list(range(3, 301, 3))
    for k, row in enumerate(run.curve):
        for key in terms[0]:
            assert row[key] == pytest.approx(sum(t[key] for t in terms[3 * k : 3 * k + 3]) / 3)


def test_sheets_are_of_the_same_noise_and_closest_together_at_the_start(small_set: Dataset):
    run = new_run(steps=30)
    advance(run, small_set)
    steps = [step for step, _ in run.sheets]
    assert steps == sorted(train.sheet_steps(30, 12))
    assert steps[-1] == 30
    assert steps[0] <= 2
    assert steps[1] - steps[0] < steps[-1] - steps[-2]
    sheet = run.sheets[-1][1]
    assert sheet.shape == (1, 4 * 8, 4 * 8)
    assert sheet.dtype == torch.uint8
    samples = run.model.sample(16, generator=data.seeded(0, "sheet"))
    for k in range(16):  # row by row
        row, column = divmod(k, 4)
        tile = sheet[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        assert torch.equal(tile, (samples[k] * 255).round().byte())


def test_drawing_a_sheet_does_not_disturb_the_training(small_set: Dataset, monkeypatch: pytest.MonkeyPatch):
    plain, watched = new_run(), new_run()
    monkeypatch.setattr(train, "sheet_steps", lambda steps, sheets: set())
    advance(plain, small_set)
    monkeypatch.setattr(train, "sheet_steps", lambda steps, sheets: set(range(1, 10)))
    advance(watched, small_set)
    assert len(plain.sheets) == 0
    assert len(watched.sheets) == 9
    assert watched.model.training
    assert_equal(states(plain), states(watched))


def test_the_card_says_how_the_weights_were_made(tmp_path: Path, small_set: Dataset, monkeypatch: pytest.MonkeyPatch):
    run = new_run(seed=3)
    advance(run, small_set)
    run.export(tmp_path, small_set)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    card, tensors = weights.read("draw-mnist")
    assert card["config"] == json.loads(json.dumps(zoo.recipe("draw-mnist").config | SMALL))
    assert card["dataset"] == {"name": "mnist-binarised", "origin": "made here", "licence": "none"}
    assert (card["training"]["steps"], card["training"]["seed"], card["training"]["batch_size"]) == (9, 3, 10)
    assert card["training"]["bfloat16"] is zoo.recipe("draw-mnist").bfloat16
    assert card["metrics"] == {}
    assert card["reported"] == {"nll": 80.97}
    assert card["history"]["curve"]["step"] == list(range(1, 10))
    assert len(card["history"]["curve"]["loss"]) == 9
    assert (card["family"], card["variant"]) == ("draw", "attention")
    assert "data:" not in json.dumps(card)
    steps, film = core.sheets("draw-mnist")
    assert steps == card["history"]["sheets"]["steps"] == [step for step, _ in run.sheets]
    with Image.open(io.BytesIO(film)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (len(steps) * 32, 32))
    assert (tmp_path / "draw-mnist.webp").read_bytes() == film
    assert tensors.keys() == run.model.state_dict().keys()
    other = zoo.recipe("draw-mnist").build(**card["config"])
    other.load_state_dict({key: value.float() for key, value in tensors.items()})
    torch.testing.assert_close(other.probe(), torch.tensor(card["probe"]["output"]), rtol=1e-3, atol=1e-4)


class Averaged(Pair, Shows, Averages):
    """Of whose players the generator alone is averaged; its norm has a running mean, and a counter."""

    def __init__(self, *, rate: float = 0.05):
        super().__init__(rate=rate)
        self.generator = nn.Sequential(nn.Linear(3, 64), nn.BatchNorm1d(64))

    def averaged(self) -> nn.Module:
        return self.generator

    def sheet(self, held_out: Batch) -> Tensor:
        assert not self.training
        return self.generator(torch.ones(1, 3)).detach().sigmoid().view(1, 8, 8)

    def probe(self) -> Tensor:
        return self.generator(torch.ones(1, 3)).flatten().detach()


@pytest.fixture
def averaged_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Recipe(Averaged, {}, "none", 10, 10, lambda *_: {}, paper="none", family="toy", metric="loss", unit="none")
    monkeypatch.setitem(zoo.RECIPES, "averaged", dataclasses.replace(row, average=0.75))


def test_a_running_average_is_kept_shown_and_shipped_and_does_not_disturb_the_training(
    tmp_path: Path, small_set: Dataset, averaged_recipe: None, monkeypatch: pytest.MonkeyPatch
):
    run, mean = new_run("averaged", steps=20), {}
    for _ in run.advance(run.batches(small_set)):
        now = run.model.generator.state_dict()
        kept = min(0.75, run.step / (9 + run.step)) if run.step > 1 else 0.0
        mean = {
            key: kept * mean.get(key, 0) + (1 - kept) * value if value.is_floating_point() else value.clone()
            for key, value in now.items()
        }
        if run.sheets and run.sheets[-1][0] == run.step:
            shown = Averaged().eval()
            shown.generator.load_state_dict(mean)
            torch.testing.assert_close(run.sheets[-1][1].int(), train.to_bytes(shown.sheet({})).int(), atol=1, rtol=0)
    trained = {key: value.clone() for key, value in run.model.state_dict().items()}
    assert any((trained["generator." + key] - value).abs().max() > 1e-3 for key, value in mean.items())

    card = run.export(tmp_path, small_set)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    _, stored = weights.read("averaged")
    for key, value in mean.items():
        torch.testing.assert_close(stored["generator." + key].to(value.dtype), value, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(stored["critic.1.weight"].float(), trained["critic.1.weight"], rtol=1e-2, atol=1e-3)
    assert card["training"]["average"] == 0.75

    monkeypatch.setitem(zoo.RECIPES, "averaged", dataclasses.replace(zoo.RECIPES["averaged"], average=None))
    plain = new_run("averaged", steps=20)
    advance(plain, small_set)
    assert_equal(dict(plain.model.state_dict()), trained)


@pytest.mark.parametrize("sixteen", [False, True])
def test_matrices_are_multiplied_in_16_bits_in_training_alone_and_where_the_recipe_says_so(
    small_set: Dataset, monkeypatch: pytest.MonkeyPatch, sixteen: bool
):
    monkeypatch.setitem(zoo.RECIPES, "pair", dataclasses.replace(zoo.recipe("pair"), bfloat16=sixteen))
    made, seen = Pair.fake, []

    def watched(self: Pair, batch: Batch) -> Tensor:
        pictures = made(self, batch)
        seen.append(pictures.dtype)
        return pictures

    monkeypatch.setattr(Pair, "fake", watched)
    run = new_run("pair")
    advance(run, small_set)
    assert set(seen) == {torch.bfloat16 if sixteen else torch.float32}
    assert {parameter.dtype for parameter in run.model.parameters()} == {torch.float32}
    assert run.model.generator(torch.ones(1, 3)).dtype == torch.float32


def test_a_run_begins_with_the_weights_that_its_recipe_names(
    tmp_path: Path, small_set: Dataset, averaged_recipe: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    first = new_run("averaged", steps=5)
    advance(first, small_set)
    sha256 = first.export(tmp_path, small_set)["sha256"]
    monkeypatch.setitem(zoo.RECIPES, "pair", dataclasses.replace(zoo.RECIPES["pair"], start="averaged"))
    with pytest.raises(ValueError, match="the weights of 'averaged' do not fit"):
        new_run("pair")
    monkeypatch.setitem(zoo.RECIPES, "later", dataclasses.replace(zoo.RECIPES["averaged"], start="averaged"))
    later = new_run("later", steps=2)
    _, stored = weights.read("averaged")
    assert_equal(
        {key: value.float() for key, value in later.model.state_dict().items()},
        {k: v.float() for k, v in stored.items()},
    )
    later.save(tmp_path / "checkpoint")
    advance(later, small_set)
    assert later.export(tmp_path, small_set)["training"]["start"] == {"name": "averaged", "sha256": sha256}
    new_run("later", steps=2).restore(tmp_path / "checkpoint")
    monkeypatch.setitem(zoo.RECIPES, "later", zoo.RECIPES["averaged"])
    with pytest.raises(ValueError, match="other settings"):
        new_run("later", steps=2).restore(tmp_path / "checkpoint")


def test_a_part_of_which_the_start_has_nothing_is_drawn_at_random(
    tmp_path: Path, small_set: Dataset, averaged_recipe: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    first = new_run("averaged", steps=5)
    advance(first, small_set)
    first.export(tmp_path, small_set)
    recipe = zoo.RECIPES["averaged"]

    def with_more(part: str) -> Callable[..., Averaged]:
        def build(**config: Any) -> Averaged:
            model = Averaged(**config)
            model.get_submodule(part).extra = nn.Linear(2, 2)
            return model

        return build

    def new(part: str, start: str = "averaged") -> dict[str, Tensor]:
        later = dataclasses.replace(recipe, build=with_more(part), start=start)
        monkeypatch.setitem(zoo.RECIPES, "later", later)
        return new_run("later").model.state_dict()

    begun, random = new(""), new("", start="")
    assert torch.equal(begun["extra.weight"], random["extra.weight"])
    assert any(not torch.equal(value, random[key]) for key, value in begun.items() if key.startswith("generator"))
    with pytest.raises(ValueError, match="do not fit"):
        new("generator")  # a part that is there, but not whole


def test_a_running_average_survives_a_stop(tmp_path: Path, small_set: Dataset, averaged_recipe: None):
    whole, first, second = (new_run("averaged", steps=9) for _ in range(3))
    advance(whole, small_set)
    advance(first, small_set, 4)
    first.save(tmp_path / "run.checkpoint")
    second.restore(tmp_path / "run.checkpoint")
    advance(second, small_set)
    assert_equal(dict(whole.average.state_dict()), dict(second.average.state_dict()))
    assert int(whole.average.n_averaged) == 9


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_an_average_that_keeps_nothing_or_all_is_refused(share: float):
    with pytest.raises(ValueError, match="average must lie between 0 and 1"):
        train.following(share)


def test_weights_can_be_exported_before_the_first_point_of_the_curve(tmp_path: Path, small_set: Dataset):
    run = new_run(steps=1000)
    advance(run, small_set, 3)
    card = run.export(tmp_path, small_set)
    assert card["training"]["steps"] == 3


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("glimpses=32", ("glimpses", 32)),
        ("read=null", ("read", None)),
        ("learning_rate=1e-3", ("learning_rate", 0.001)),
        ("curriculum=[[0.5, 8]]", ("curriculum", [[0.5, 8]])),
        ("norm=batch", ("norm", "batch")),
        ("name=a=b", ("name", "a=b")),
        ("flag=true", ("flag", True)),
    ],
)
def test_settings_are_json_where_they_are_json_and_else_text(text: str, expected: tuple[str, Any]):
    assert train.setting(text) == expected


def test_a_setting_without_a_value_is_refused():
    with pytest.raises(argparse.ArgumentTypeError, match="key=value, got 'glimpses'"):
        train.setting("glimpses")


def command(arguments: list[str], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "core.train", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str | int | None:
    """core.train in this process: what it would hand to the shell. A text goes to stderr with exit code 1."""
    monkeypatch.setattr(sys, "argv", ["core.train", *map(str, arguments)])
    try:
        return train.main()
    except SystemExit as exit:
        return exit.code


def test_an_unknown_name_gives_a_sentence_and_no_traceback():
    process = command(["drwa-mnist"])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    assert err.startswith("core.train: no model 'drwa-mnist'; did you mean 'draw-mnist'?")
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "glimpses=0"], "glimpses must be"),
        (["--set", "depth=3"], "depth"),
        (["--batch-size", 231], "batch_size must be 1 ... 230"),
        (["--batch-size", 0], "batch"),
        (["--steps", 0], "steps"),
        (["--steps", -5], "steps"),
        (["--export"], "draw-mnist.checkpoint"),
    ],
)
def test_bad_arguments_give_a_sentence(
    tmp_path: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch, arguments: list, expected: str
):
    monkeypatch.setattr(train, "update", lambda phase, batch: pytest.fail("training began with settings nobody gave"))
    places = ["--data", mnist_root, "--runs", tmp_path / "runs", "--out", tmp_path / "out", "--device", "cpu"]
    small = [part for key, value in SMALL.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    code = call(monkeypatch, "draw-mnist", *places, *small, *arguments)
    assert isinstance(code, str)
    assert code.startswith("core.train: ")
    assert expected in code


def test_missing_data_gives_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from torchvision.datasets import mnist

    def no_network(*args: Any, **arguments: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(mnist, "download_and_extract_archive", no_network)
    code = call(monkeypatch, "draw-mnist", "--data", tmp_path, "--device", "cpu", "--set", "units=4")
    assert isinstance(code, str)
    assert code.startswith("core.train: no MNIST in ")


def test_two_processes_train_as_one_with_the_whole_batch(
    tmp_path: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch
):
    """The classifier's loss has no noise, so that halves of a batch must add up to the whole."""
    settings = ["--steps", "5", "--batch-size", "12", "--data", str(mnist_root), "--device", "cpu"]
    settings += ["--set", "units=8", "--set", "read=4", "--set", "glimpses=2", "--set", "learning_rate=0.01"]

    def places(name: str) -> list[str]:
        return ["--runs", str(tmp_path / name), "--out", str(tmp_path / name)]

    shared = dict(WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()))
    both = [
        command(["draw-cluttered", *settings, *places("two")], RANK=str(rank), LOCAL_RANK=str(rank), **shared)
        for rank in (0, 1)
    ]
    assert call(monkeypatch, "draw-cluttered", *settings, *places("one")) is None
    for process in both:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err

    one, two = (torch.load(tmp_path / name / "draw-cluttered.checkpoint", weights_only=True) for name in ("one", "two"))
    assert one["step"] == two["step"] == 5
    with first_weights(data.seeded(0, "weights")):
        fresh = zoo.recipe("draw-cluttered").build(size=100, read=4, units=8, glimpses=2).state_dict()
    for key, value in one["model"].items():
        torch.testing.assert_close(two["model"][key], value, rtol=1e-4, atol=1e-5)
        assert (value - fresh[key]).abs().max() > 1e-3  # and they did go somewhere
    assert (tmp_path / "two" / "draw-cluttered.safetensors").is_file()


def test_a_batch_that_does_not_divide_by_the_processes_is_refused():
    with pytest.raises(ValueError, match="multiple of the 3 processes, got 10"):
        train.shard({"image": torch.zeros(10, 1)}, 0, 3)


def test_the_shards_of_a_batch_are_equal_parts_that_make_the_whole():
    batch = {"image": torch.arange(12), "label": torch.arange(12) * 10}
    parts = [train.shard(batch, rank, 3) for rank in range(3)]
    assert {len(part["image"]) for part in parts} == {4}
    assert sorted(torch.cat([part["image"] for part in parts]).tolist()) == list(range(12))
    assert all(torch.equal(part["label"], 10 * part["image"]) for part in parts)


def test_a_rate_that_is_absurd_ends_with_a_sentence_and_without_weights(
    tmp_path: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch
):
    small = [part for key, value in (SMALL | {"size": 28}).items() for part in ("--set", f"{key}={json.dumps(value)}")]
    places = ["--data", mnist_root, "--runs", tmp_path / "runs", "--out", tmp_path / "out", "--device", "cpu"]
    code = call(monkeypatch, "draw-mnist", *places, *small, "--steps", 50, "--set", "learning_rate=1e30")
    assert isinstance(code, str)
    assert re.fullmatch(
        r"core\.train: step \d+ diverged: .*(loss|gradient) is (nan|inf).*; no checkpoint was written yet; .*", code
    )
    assert not list(tmp_path.rglob("*.safetensors"))


def test_what_diverges_later_names_the_checkpoint_that_is_left(
    tmp_path: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch
):
    small = [part for key, value in (SMALL | {"size": 28}).items() for part in ("--set", f"{key}={json.dumps(value)}")]
    places = ["--data", mnist_root, "--runs", tmp_path, "--out", tmp_path, "--device", "cpu"]
    update, calls = train.update, []

    def lost(phase: Phase, batch: Batch) -> dict[str, float]:
        calls.append(1)
        if len(calls) == 4:
            raise train.Diverged("loss is nan")
        return update(phase, batch)

    monkeypatch.setattr(train, "update", lost)
    code = call(monkeypatch, "draw-mnist", *places, *small, "--steps", 6, "--checkpoint-seconds", 0)
    checkpoint = tmp_path / "draw-mnist.checkpoint"
    assert code == (
        f"core.train: step 4 diverged: loss is nan; {checkpoint} holds step 3; a lower learning rate may help"
    )
    assert torch.load(checkpoint, weights_only=True)["step"] == 3
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_killed_run_resumes_from_the_command_line(
    tmp_path: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    """Interrupted in the middle, after a checkpoint at every step; --resume ends with the same file."""
    small = [part for key, value in (SMALL | {"size": 28}).items() for part in ("--set", f"{key}={json.dumps(value)}")]
    settings = ["draw-mnist", *small, "--steps", 6, "--data", mnist_root, "--device", "cpu", "--batch-size", 8]

    def places(name: str) -> list[str]:
        return ["--runs", str(tmp_path / name), "--out", str(tmp_path / name)]

    assert call(monkeypatch, *settings, *places("whole")) is None
    update, calls = train.update, []

    def killed(phase: Phase, batch: Batch) -> dict[str, float]:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return update(phase, batch)

    monkeypatch.setattr(train, "update", killed)
    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch, *settings, *places("killed"), "--checkpoint-seconds", 0)
    assert not (tmp_path / "killed" / "draw-mnist.safetensors").exists()
    monkeypatch.setattr(train, "update", update)
    assert call(monkeypatch, *settings, *places("killed"), "--resume") is None
    whole, resumed = ((tmp_path / name / "draw-mnist.safetensors").read_bytes() for name in ("whole", "killed"))
    assert whole == resumed
    assert "draw-mnist: " in capsys.readouterr().out
