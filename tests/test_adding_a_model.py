"""The README's page "Adding a model", tried: a toy of each kind that is still to come goes through the whole house.

Each toy is what a newcomer would write: a dataset where there is none yet, a model, a recipe; nothing else of the house
is changed. It is trained by the command line, checked, measured, loaded, and asked what it declares.
"""

import concurrent.futures
import json
import math
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import core
from core import data, dataset, evaluate, queue, train, weights, zoo
from core.gan import VARIANTS, build
from core.gan.game import GAN, Variant
from core.gan.variants import in_plane
from core.layers import grid
from core.likelihood import evaluate_likelihood
from core.noise import first_weights, seeded
from core.recipe import (
    Averages,
    Batch,
    Likelihood,
    Model,
    Phase,
    Recipe,
    Samples,
    Shows,
    Translates,
    declares,
)
from core.train import update

# ------------------------------------------------------------------ questions: a vocabulary that the data decide

QUESTIONS = [
    (0, "is it dark", "yes"),
    (0, "is it light or is it dark", "dark"),
    (1, "is it dark", "no"),
    (1, "what is it", "light"),
]


class Questions(data.Dataset):
    """Several questions about each picture. Words and answers of the training set are what the model must know."""

    origin, licence = "made here", "none"

    def __init__(self, root: Path, split: str):
        self.pictures = torch.tensor([0.1, 0.9]).view(2, 1, 1, 1).expand(2, 1, 4, 4)
        self.rows = QUESTIONS * 8
        words = sorted({word for _, question, _ in QUESTIONS for word in question.split()})
        self.found = {"words": words, "answers": sorted({answer for *_, answer in QUESTIONS})}

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Tensor, generator: torch.Generator) -> Batch:
        rows = [self.rows[i] for i in indices.tolist()]
        words, answers = self.found["words"], self.found["answers"]
        return {
            "image": torch.stack([self.pictures[k] for k, *_ in rows]),
            "question": [torch.tensor([words.index(word) for word in text.split()]) for _, text, _ in rows],
            "text": [text for _, text, _ in rows],
            "answer": torch.tensor([answers.index(answer) for *_, answer in rows]),
        }


class Answerer(nn.Module, Model):
    """Bag of words and brightness. It makes no pictures, so it declares none, and its probe is made of words."""

    def __init__(self, *, words: list[str] = (), answers: list[str] = (), units: int = 16):
        super().__init__()
        self.words, self.answers = list(words), list(answers)
        self.embed = nn.EmbeddingBag(len(words), units)
        self.look, self.say = nn.Linear(16, units), nn.Linear(2 * units, len(answers))

    def logits(self, image: Tensor, question: list[Tensor]) -> Tensor:
        starts = torch.tensor([0, *map(len, question[:-1])]).cumsum(0)
        return self.say(torch.cat((self.embed(torch.cat(question), starts), self.look(image.flatten(1)).relu()), 1))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self.logits(batch["image"], batch["question"]), batch["answer"])}

    def phases(self) -> list[Phase]:
        return [one_phase(self)]

    @torch.inference_mode()
    def probe(self) -> Tensor:
        return self.logits(torch.ones(1, 1, 4, 4), [torch.arange(len(self.words))])[0]

    @torch.inference_mode()
    def answer(self, image: Tensor, question: str) -> str:
        asked = torch.tensor([self.words.index(word) for word in question.split()])
        return self.answers[int(self.logits(image[None], [asked]).argmax())]


def accuracy(model: Answerer, batches: Iterable[Batch]) -> dict[str, float]:
    right = [model.logits(b["image"], b["question"]).argmax(1) == b["answer"] for b in batches]
    return {"accuracy": 100 * torch.cat(right).float().mean().item(), "n": sum(map(len, right))}


def one_phase(model: nn.Module) -> Phase:
    parameters = list(model.parameters())
    return Phase("model", parameters, model.loss, torch.optim.Adam(parameters, lr=0.02))


# ------------------------------------------------------------------ pixels: a likelihood, one pixel after the other


def stripes(root: Path, split: str) -> data.Dataset:
    """3 x 3 pictures whose rows are all alike, binarised anew in every batch."""
    images = (torch.randint(0, 2, (64, 1, 1, 3), generator=torch.Generator().manual_seed(0)) * 200).expand(-1, 1, 3, 3)
    return data.Pictures(images.byte(), torch.zeros(64).long(), "made here", "none", data.binarised)


class Pixels(nn.Module, Model, Samples, Likelihood, Shows):
    """p(x) as the product over pixels of p(x_i | those before it), each by logistic regression."""

    levels = 2

    def __init__(self, *, size: int = 3):
        super().__init__()
        self.shape, n = (1, size, size), size * size
        self.weight, self.bias = nn.Parameter(torch.zeros(n, n)), nn.Parameter(torch.zeros(n))

    def logits(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight.tril(-1).T + self.bias

    def nats(self, x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(self.logits(x), x.flatten(1), reduction="none").sum(1)

    @torch.inference_mode()
    def nll(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return self.nats(x)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": self.nats(batch["image"]).mean()}

    def phases(self) -> list[Phase]:
        return [one_phase(self)]

    @torch.inference_mode()
    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        x = torch.zeros(n, math.prod(self.shape))
        for i in range(x.shape[1]):
            x[:, i] = torch.bernoulli(self.logits(x)[:, i].sigmoid(), generator=generator)
        return x.view(n, *self.shape)

    def sheet(self, held_out: Batch) -> Tensor:
        return grid(self.sample(4, generator=seeded(0, "sheet")))

    @torch.inference_mode()
    def probe(self) -> Tensor:
        return self.logits(torch.ones(1, *self.shape))[0]


# ------------------------------------------------------------------ pairs: a picture becomes another one


def negatives(root: Path, split: str) -> data.Dataset:
    def transform(pictures: data.Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
        x = data.rescaled(pictures.images[indices])
        return {"x": x, "y": 1 - x}

    images = torch.randint(0, 256, (40, 1, 4, 4), generator=torch.Generator().manual_seed(1)).byte()
    return data.Pictures(images, torch.zeros(40).long(), "made here", "none", transform)


class Negative(nn.Module, Model, Translates, Shows, Averages):
    """One 1 x 1 convolution, which is shipped as its running average."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        noise = 0.01 * torch.randn(batch["x"].shape, generator=batch["generator"])
        return {"loss": F.mse_loss(self.conv(batch["x"] + noise), batch["y"])}

    def phases(self) -> list[Phase]:
        return [one_phase(self)]

    def averaged(self) -> nn.Module:
        return self.conv

    @torch.inference_mode()
    def translate(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return self.conv(x).clamp(0, 1)

    def sheet(self, held_out: Batch) -> Tensor:
        return grid(self.translate(held_out["x"][:4]))

    def probe(self) -> Tensor:
        return torch.cat([p.detach().flatten() for p in self.conv.parameters()])


def distance(model: Negative, batches: Iterable[Batch]) -> dict[str, float]:
    apart = torch.cat([(model.translate(b["x"]) - b["y"]).abs().flatten(1).mean(1) for b in batches])
    return {"L1": apart.mean().item(), "n": len(apart)}


# ------------------------------------------------------------------ a GAN whose generator's turn trains a third network


class Coded(GAN):
    """An infoGAN in small: the generator is told a code, and Q, on what the critic says, has to find it again."""

    def __init__(self, *arguments: Any, weight: float = 1.0, **named: Any):
        super().__init__(*arguments, **named)
        self.weight, self.Q = weight, nn.Linear(self.rule.outputs, self.rule.told)

    def condition(self, batch: Batch) -> Tensor:
        code = torch.randint(self.rule.told, (len(batch["image"]),), generator=batch["generator"])
        return F.one_hot(code, self.rule.told).float()

    def some_condition(self, z: Tensor) -> Tensor:
        return F.one_hot(torch.arange(len(z)) % self.rule.told, self.rule.told).float()

    def scores(self, x: Tensor, condition: Tensor | None = None, generator: torch.Generator | None = None) -> Tensor:
        return super().scores(x, None, generator)[:, 0]

    def trained(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        critic, generator = super().trained()
        return critic, generator + list(self.Q.parameters())

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        told = self.condition(batch)
        fake = self.make(self.noise(batch), told)
        said = self.critic(fake)
        adversarial = self.rule.objective.generator(said[:, 0])
        information = F.cross_entropy(self.Q(said), told.argmax(1))
        return {"loss": adversarial + self.weight * information, "L_I": -information}


CODED = Variant(Coded, "arXiv:1606.03657", told=4, outputs=3, options=dict(weight=0.5))


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VARIANTS, "coded", CODED)


def blobs(root: Path, split: str) -> data.Dataset:
    images = torch.randint(0, 256, (40, 1, 8, 8), generator=torch.Generator().manual_seed(2)).byte()
    return data.Pictures(images, torch.arange(40) % 10, "made here", "none", data.plain)


def spread(model: GAN, batches: Iterable[Batch]) -> dict[str, float]:
    made = model.sample(sum(len(b["image"]) for b in batches), generator=seeded(0, "z"))
    return {"spread": made.std(0).mean().item(), "n": len(made)}


def test_one_row_plays_on_digits_and_in_the_plane_alike(coded: None):
    with first_weights(seeded(0, "weights")):
        pictures, points = build(variant="coded", size=16, filters=4), in_plane("coded")
    for model, image in ((pictures, torch.rand(6, 1, 16, 16)), (points, torch.rand(6, 2))):
        assert (model.weight, model.rule.told) == (0.5, 4)
        critic, generator = model.phases()
        before = {key: p.detach().clone() for key, p in model.named_parameters()}
        batch = {"image": image, "progress": 0.0, "generator": seeded(0, "noise")}
        update(generator, batch)
        moved = {key.split(".")[0] for key, p in model.named_parameters() if not torch.equal(p, before[key])}
        assert moved == {"generator", "Q"}
        update(critic, batch)
        moved = {key.split(".")[0] for key, p in model.named_parameters() if not torch.equal(p, before[key])}
        assert moved == {"generator", "Q", "critic"}
        assert model.sample(5, generator=seeded(0, "z")).shape == (5, *model.shape)
        z = torch.randn(1, model.latents, generator=seeded(0, "z")).expand(2, -1)
        one, other = model.pictures(z, model.some_condition(z))
        assert not torch.equal(one, other)


# ------------------------------------------------------------------ all of them through the house

COMMON = dict(batch_size=8, paper="arXiv:0000.00000", reported={})
TOYS: dict[str, tuple[Callable, dict[str, Any]]] = {
    "toy-vqa": (
        Questions,
        dict(build=Answerer, config={}, steps=60, evaluate=accuracy, metric="accuracy", unit="% accuracy"),
    ),
    "toy-pixels": (
        stripes,
        dict(build=Pixels, config={}, steps=200, evaluate=evaluate_likelihood, metric="nll", unit="nats", sheets=3),
    ),
    "toy-negative": (
        negatives,
        dict(build=Negative, config={}, steps=300, evaluate=distance, metric="L1", unit="L1", average=0.9),
    ),
    "toy-coded": (
        blobs,
        dict(
            build=build,
            config=dict(variant="coded", size=8, filters=4),
            variant="coded",
            steps=3,
            evaluate=spread,
            metric="spread",
            unit="spread",
        ),
    ),
}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coded: None) -> Path:
    """The toys' recipes and datasets among the others, and an empty folder for weights."""
    for name, (read, row) in TOYS.items():
        monkeypatch.setitem(data.SETS, name, read)
        monkeypatch.setitem(zoo.RECIPES, name, Recipe(**COMMON | row | dict(data=name, family="toy")))
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    zoo._load.cache_clear()
    yield tmp_path
    zoo._load.cache_clear()


def command(monkeypatch: pytest.MonkeyPatch, main: Callable[[], None], *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["core", *map(str, arguments)])
    main()


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_goes_through_the_house(house: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    command(monkeypatch, train.main, name, "--out", weights.FOLDER, "--device", "cpu")
    assert weights.check() == []
    command(monkeypatch, evaluate.main, name, "--write")
    card, recipe = core.card(name), zoo.recipe(name)
    assert (card["family"], card["variant"]) == ("toy", recipe.variant)
    assert math.isfinite(card["metrics"][recipe.metric])
    assert card["metrics"]["n"] == len(data.load(name, house, "test"))
    assert f"`{name}`" in evaluate.table()
    model = core.load(name)
    torch.testing.assert_close(model.probe(), torch.tensor(card["probe"]["output"]), rtol=1e-2, atol=1e-2)
    seen = core.sheets(name)
    assert (seen is not None) == declares(model, Shows) == (weights.FOLDER / f"{name}.webp").exists()
    assert seen is None or len(seen[0]) <= recipe.sheets


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_that_was_stopped_ends_with_the_same_file(house: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    def train_until(fails_at: int | None, folder: str, *more: str) -> None:
        calls = []

        def counted(phase: Phase, batch: Batch) -> dict[str, float]:
            calls.append(1)
            if len(calls) == fails_at:
                raise KeyboardInterrupt
            return update(phase, batch)

        monkeypatch.setattr(train, "update", counted)
        command(
            monkeypatch, train.main, name, "--steps", 6, "--out", folder, "--runs", folder, "--device", "cpu", *more
        )

    train_until(None, "whole")
    with pytest.raises(KeyboardInterrupt):
        train_until(6, "stopped", "--checkpoint-seconds", "0")
    train_until(None, "stopped", "--resume")
    whole, stopped = (Path(folder, f"{name}.safetensors").read_bytes() for folder in ("whole", "stopped"))
    assert whole == stopped


def test_what_the_data_say_is_in_the_config_and_the_card_and_loading_needs_no_data(
    house: Path, monkeypatch: pytest.MonkeyPatch
):
    command(monkeypatch, train.main, "toy-vqa", "--out", weights.FOLDER, "--device", "cpu", "--set", "units=5")
    config = core.card("toy-vqa")["config"]
    assert config["answers"] == ["dark", "light", "no", "yes"]
    assert config["words"] == ["dark", "is", "it", "light", "or", "what"]
    assert config["units"] == 5
    monkeypatch.delitem(data.SETS, "toy-vqa")
    model, light = core.load("toy-vqa"), torch.full((1, 4, 4), 0.9)
    assert model.embed.num_embeddings == 6
    assert model.answer(light, "what is it") in config["answers"]


def test_a_toy_that_was_trained_knows_what_it_was_taught(house: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("toy-vqa", "toy-pixels", "toy-negative"):
        command(monkeypatch, train.main, name, "--out", weights.FOLDER, "--device", "cpu")
    assert core.load("toy-vqa").answer(torch.full((1, 4, 4), 0.9), "is it dark") == "no"
    pixels = core.load("toy-pixels")
    all_pictures = torch.tensor([[i >> bit & 1 for bit in range(9)] for i in range(512)]).float().view(-1, 1, 3, 3)
    p = (-pixels.nll(all_pictures)).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-4)
    alike = (all_pictures == all_pictures[:, :, :1]).flatten(1).all(1)
    assert p[alike].sum() > 0.15  # eight of 512 pictures, 0.016 by chance
    x = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(core.load("toy-negative").translate(x), 1 - x, atol=0.1, rtol=0)


# ------------------------------------------------------------------ a queue of them


def queued(monkeypatch: pytest.MonkeyPatch, *jobs: queue.Job) -> None:
    monkeypatch.setitem(queue.QUEUES, "toys", list(jobs))


def test_a_queue_trains_measures_and_packs_in_its_order_and_outlives_a_failure(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    broken = queue.Job("toy-pixels", 1, changes={"size": "three"})
    queued(monkeypatch, queue.Job("toy-vqa", 2), broken, queue.Job("toy-coded", 1, batch_size=6))
    command(monkeypatch, train.main, "--queue", "toys", "--minutes", 5, "--steps", 2, "--device", "cpu")
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if " after 2 of 2 steps" in line or "Error" in line]
    assert [line.split(":")[0] for line in lines if "bytes" not in line] == ["toy-vqa", "toy-pixels", "toy-coded"]
    assert core.card("toy-vqa")["metrics"]["n"] == 32
    assert core.card("toy-coded")["training"]["batch_size"] == 6
    with zipfile.ZipFile(said.split()[-1]) as pack:
        files = {"toy-vqa.json", "toy-vqa.safetensors", "toy-coded.json", "toy-coded.safetensors", "toy-coded.webp"}
        assert set(pack.namelist()) == files
        card = json.loads(pack.read("toy-coded.json"))
    assert card["metrics"] == core.card("toy-coded")["metrics"] != {}


def test_as_many_steps_are_taken_as_fit_into_a_recipes_share(house: Path, monkeypatch: pytest.MonkeyPatch):
    """A step costs 1 s at first and 3 s later, by a clock of the test's own."""
    now = [0.0]

    def slow(phase: Phase, batch: Batch) -> dict[str, float]:
        now[0] += 1.0 if batch["progress"] < 0.5 else 3.0
        return {"loss": 1.0}

    monkeypatch.setattr(queue.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(train, "update", slow)
    options = options_for(monkeypatch, "--queue", "toys", "--device", "cpu")
    options.name = "toy-pixels"
    trial = len(queue.MOMENTS) * (queue.WARM + queue.TIMED) * 2.0
    assert queue.fitting_steps(options, trial + 100) == 50
    now[0] = 0.0
    assert queue.fitting_steps(options, 10_000) == 200  # the recipe's own
    now[0] = 0.0
    with pytest.raises(TimeoutError, match="timing the steps took all the time"):
        queue.fitting_steps(options, trial)  # or one step of training would replace what is shipped


def test_side_by_side_as_many_steps_as_another_and_a_try_in_a_folder_of_its_own(
    house: Path, monkeypatch: pytest.MonkeyPatch
):
    """Processes of their own know no toys: what they would do is done here, in the order in which they are asked."""

    class Here(concurrent.futures.ThreadPoolExecutor):
        def __init__(self, workers: int, mp_context: Any):
            super().__init__(1)

    monkeypatch.setattr(queue, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(queue, "fitting_steps", lambda options, seconds: 3)
    tried = queue.Job("toy-coded", 1, label="quick"), queue.Job("toy-vqa", 1, like="toy-vqa", label="fast")
    queued(monkeypatch, queue.Job("toy-vqa", 1), *tried, queue.Job("toy-pixels", 1, like="toy-vqa", kinds=("json",)))
    said: list[str] = []
    zips: list[int] = []  # that could be fetched when a job had ended, its own files not among them
    options = options_for(monkeypatch, "--queue", "toys", "--device", "cpu", "--workers", "2", "--unmeasured")

    def listen(line: str) -> None:
        zips.append(len(list(options.runs.glob("*.zip"))))
        said.append(line)

    (pack,) = queue.run(options, listen)
    assert zips == [0, 1, 1, 1]
    assert core.card("toy-pixels")["training"]["steps"] == core.card("toy-vqa")["training"]["steps"] == 3
    assert core.card("toy-pixels")["metrics"]  # it stays behind
    assert not core.card("toy-vqa")["metrics"]
    with zipfile.ZipFile(pack) as files:
        names = set(files.namelist())
    assert {"toy-pixels.json", "toy-vqa.json", "fast/toy-vqa.json", "quick/toy-coded.json"} <= names
    assert "toy-pixels.safetensors" not in names
    assert sorted(line.split(":")[0] for line in said) == ["toy-coded, quick", "toy-pixels", "toy-vqa", "toy-vqa, fast"]


def test_a_job_has_its_own_number_of_steps_and_is_not_begun_in_the_last_seconds(
    house: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queue, "fitting_steps", lambda options, seconds: options.steps)  # all of them fit
    queued(monkeypatch, queue.Job("toy-vqa", 1, steps=7))
    said: list[str] = []
    queue.run(options_for(monkeypatch, "--queue", "toys", "--device", "cpu", "--unmeasured"), said.append)
    assert core.card("toy-vqa")["training"]["steps"] == 7
    given = ("--queue", "toys", "--device", "cpu", "--unmeasured", "--minutes", "0.5")
    queue.run(options_for(monkeypatch, *given), said.append)
    assert said[-1] == "toy-vqa: TimeoutError: 30 s are too few to begin"


def test_shares_are_of_the_time_that_is_left(house: Path, monkeypatch: pytest.MonkeyPatch):
    queued(monkeypatch, queue.Job("toy-vqa", 1), queue.Job("toy-pixels", 2), queue.Job("toy-negative", 1))
    now, given = [0.0], []

    def one(job: queue.Job, options: Any, seconds: float, end: float) -> str:
        given.append((job.name, seconds))
        now[0] += 20.0 if job.name == "toy-vqa" else 10_000.0  # the first is quick, the second takes all
        return job.name

    monkeypatch.setattr(queue.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(queue, "one", one)
    said: list[str] = []
    queue.run(options_for(monkeypatch, "--queue", "toys", "--minutes", "10"), said.append)
    assert given == [("toy-vqa", 150.0), ("toy-pixels", pytest.approx(580 * 2 / 3))]
    assert said[-1] == "toy-negative: TimeoutError: no time is left"


def options_for(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setattr("sys.argv", ["core.train", *arguments])
    return train.arguments()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--queue", "fish"], "no queue 'fish'; there are: draw, gan, pixels, parts, gpu"),
        (["--queue", "gpu", "--minutes", "0"], "minutes must be above 0"),
        (["--queue", "gpu", "--out", "elsewhere"], "--out must be"),
    ],
)
def test_a_queue_that_makes_no_sense_is_a_sentence(
    house: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
):
    with pytest.raises(SystemExit, match=words):
        command(monkeypatch, train.main, *arguments)


def test_every_job_of_a_queue_is_a_recipe():
    for jobs in queue.QUEUES.values():
        assert all(zoo.recipe(job.name) and job.share > 0 for job in jobs)
        assert len({job.title for job in jobs}) == len(jobs)


# ------------------------------------------------------------------ what travels, and what is declared


def test_lists_of_different_lengths_travel_in_batches_of_any_size():
    questions = Questions(Path(), "test")
    for size in (1, 5, 32, 100):
        batches = list(questions.batches(size))
        assert [text for batch in batches for text in batch["text"]] == [text for _, text, _ in questions.rows]
        assert all(len(batch["question"]) == len(batch["image"]) <= size for batch in batches)
    batch = next(questions.stream(8, seed=0))
    parts = [train.shard(batch, rank, 2) for rank in range(2)]
    assert [len(part["text"]) for part in parts] == [4, 4]
    assert sorted(text for part in parts for text in part["text"]) == sorted(batch["text"])
    moved = dataset.moved(batch["question"], "meta")
    assert all(question.device.type == "meta" for question in moved)


def test_a_model_that_forgets_what_it_declares_cannot_be_built():
    class Mute(nn.Module, Model, Samples):
        def phases(self) -> list[Phase]:
            return []

        def probe(self) -> Tensor:
            return torch.zeros(1)

    with pytest.raises(TypeError, match="sample"):
        Mute()


def test_readme_names_what_stands():
    """The page names files, classes and commands; each of them exists."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    page = text.split("## Adding a model")[1].split("\n## ")[0]
    for word in ("Samples", "Translates", "Likelihood", "Shows", "Averages", "Folds", "Compiles", "Borrows"):
        assert f"`{word}`" in page
        assert hasattr(core.recipe, word)
    for word in ("core.dataset.Dataset", "core.likelihood", "core/gan/variants.py", "tests/test_adding_a_model.py"):
        assert word in page
