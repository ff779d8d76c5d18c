"""A name becomes verified tensors, or one clear sentence. And every file that ships is what its card says."""

import hashlib
import json
import math
import pickle
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import huggingface_hub
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

import core
from core import weights, zoo
from core.recipe import Borrows
from core.weights import WeightsError

SHIPPED = sorted(path.stem for path in weights.FOLDER.glob("*.json"))
MEBIBYTE = 2**20
SMALL = dict(size=8, read=2, write=2, units=8, latents=4, glimpses=2, curriculum=[[0.5, 1]])


class Toy(nn.Module):
    """A weight a little above 1 and a counter. `gain` is how much the probe makes of the weight's last digits."""

    def __init__(self, gain: float):
        super().__init__()
        self.gain = gain
        self.weight = nn.Parameter(1 + 1e-4 * torch.rand(5))
        self.register_buffer("count", torch.tensor(2**40 + 1))  # beyond what half precision can hold

    def probe(self) -> Tensor:
        return 1 + self.gain * (self.weight - 1).detach()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder, no Hub repository, nothing in the cache of core.load."""
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.delenv("GLIMPSE_WEIGHTS_REPO", raising=False)
    zoo._load.cache_clear()
    yield tmp_path
    zoo._load.cache_clear()


@pytest.fixture
def saved(folder: Path) -> nn.Module:
    """A small DRAW under the name draw-mnist, in the folder."""
    torch.manual_seed(0)
    model = zoo.recipe("draw-mnist").build(**SMALL)
    weights.save("draw-mnist", model, {"config": SMALL}, folder)
    return model


def forge(folder: Path, content: bytes) -> None:
    """Put other bytes in place of the weights, and their true sha256 in the card."""
    (folder / "draw-mnist.safetensors").write_bytes(content)
    card = json.loads((folder / "draw-mnist.json").read_text(encoding="utf-8"))
    card |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "draw-mnist.json").write_text(json.dumps(card), encoding="utf-8")


def edit_card(folder: Path, change: Callable[[dict[str, Any]], Any], name: str = "draw-mnist") -> None:
    card = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    (folder / f"{name}.json").write_text(json.dumps(change(card)), encoding="utf-8")


def assert_one_sentence(problem: pytest.ExceptionInfo, name: str = "draw-mnist") -> None:
    message = str(problem.value)
    assert name in message
    assert "\n" not in message
    assert 20 < len(message) < 300


# ------------------------------------------------------------------ saving and reading


def test_what_is_saved_is_what_is_read(folder: Path):
    model = Toy(gain=1e4)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    returned = weights.save("toy", model, {"config": {"gain": 1e4}, "paper": "none"}, folder)
    card, tensors = weights.read("toy")
    assert card == json.loads(json.dumps(returned))
    assert card["paper"] == "none"
    assert card["name"] == "toy"
    assert tensors.keys() == before.keys()
    assert all(torch.equal(tensors[key], before[key]) for key in before)
    content = (folder / "toy.safetensors").read_bytes()
    assert card["sha256"] == hashlib.sha256(content).hexdigest()
    assert card["bytes"] == len(content)
    assert card["parameters"] == 5
    assert sorted(path.name for path in folder.iterdir()) == ["toy.json", "toy.safetensors"]


def test_half_precision_is_stored_where_the_probe_does_not_notice(folder: Path):
    card = weights.save("toy", Toy(gain=1.0), {}, folder)
    tensors = weights.read("toy")[1]
    assert card["precision"] == "half"
    assert tensors["weight"].dtype == torch.float16
    assert tensors["count"].item() == 2**40 + 1  # whole numbers are never rounded


def test_single_precision_is_stored_where_the_probe_would_notice(folder: Path):
    """Halving rounds 1.00005 to 1; multiplied by 10,000 the rest is a difference of half the output."""
    model = Toy(gain=1e4)
    before = model.weight.detach().clone()
    card = weights.save("toy", model, {}, folder)
    tensors = weights.read("toy")[1]
    assert card["precision"] == "single"
    assert tensors["weight"].dtype == torch.float32
    assert torch.equal(model.weight.detach(), before)  # the rounding that was tried is taken back


class Large(nn.Module):
    """More numbers than half precision stores within LARGE, of very different sizes. gain: as in Toy."""

    def __init__(self, gain: float):
        super().__init__()
        self.gain = gain
        sizes = torch.logspace(-3, 0, 1024).repeat_interleave(32).view(-1, 1024, 32)
        self.weight = nn.Parameter(torch.randn(72, 1024, 32) * sizes)
        self.bias = nn.Parameter(torch.randn(1024))
        self.register_buffer("nothing", torch.zeros(2, 32))

    def probe(self) -> Tensor:
        return self.gain * self.weight.detach().flatten()[::50_001]


def test_large_weights_are_stored_in_8_bits_where_the_probe_does_not_notice(folder: Path):
    torch.manual_seed(0)
    model = Large(gain=1.0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    card = weights.save("large", model, {}, folder)
    assert card["precision"] == "8 bits"
    assert card["bytes"] < 1.1 * model.weight.numel()
    tensors = weights.read("large")[1]
    assert tensors.keys() == before.keys()
    error = (tensors["weight"] - before["weight"]).abs().amax(2)
    assert (
        error <= before["weight"].abs().amax(2) / 127 * 0.57
    ).all()  # half a step of its block, and the scale's rounding
    assert torch.equal(tensors["bias"], before["bias"].half())
    assert not tensors["nothing"].any()
    torch.testing.assert_close(model.weight.detach(), tensors["weight"])


def test_large_weights_stay_in_half_precision_where_the_probe_would_notice_8_bits(folder: Path):
    torch.manual_seed(0)
    assert weights.save("large", Large(gain=4.0), {}, folder)["precision"] == "half"


def test_8_bits_without_their_scales_are_one_sentence(folder: Path):
    weights.save("draw-mnist", Large(gain=1.0), {"config": {}}, folder)
    tensors = safetensors.torch.load((folder / "draw-mnist.safetensors").read_bytes())
    del tensors["weight:scales"]
    forge(folder, safetensors.torch.save(tensors))
    with pytest.raises(WeightsError) as problem:
        weights.read("draw-mnist")
    assert_one_sentence(problem)


@pytest.mark.parametrize("gain", [1.0, 1e4])
def test_the_probe_in_the_card_is_that_of_the_stored_numbers(folder: Path, gain: float):
    weights.save("toy", Toy(gain), {}, folder)
    card, tensors = weights.read("toy")
    other = Toy(gain)
    other.load_state_dict({key: value.to(other.state_dict()[key].dtype) for key, value in tensors.items()})
    torch.testing.assert_close(other.probe(), torch.tensor(card["probe"]["output"]), rtol=1e-6, atol=1e-4)


def test_weights_whose_halves_overflow_stay_single(folder: Path):
    model = Toy(gain=1.0)
    nn.init.constant_(model.weight, 1e5)  # half precision ends at 65,504
    assert weights.save("toy", model, {}, folder)["precision"] == "single"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_not_saved(folder: Path, bad: float):
    model = Toy(gain=0.0)  # whose probe notices nothing
    with torch.no_grad():
        model.weight[2] = bad
    model.probe = lambda: torch.ones(5)
    with pytest.raises(WeightsError, match="'toy' was not saved: weight holds numbers that are not finite"):
        weights.save("toy", model, {}, folder)
    assert not list(folder.iterdir())


def test_a_probe_that_is_not_finite_is_not_saved(folder: Path):
    with pytest.raises(WeightsError, match="the probe holds numbers that are not finite"):
        weights.save("toy", Toy(gain=math.nan), {}, folder)
    assert not list(folder.iterdir())


def test_numbers_that_halves_cannot_hold_are_never_stored_as_infinity(folder: Path):
    """The probe does not see the weight that is too large, so that it could not object."""
    model = Toy(gain=1.0)
    with torch.no_grad():
        model.weight[3] = 1e6
    model.probe = lambda: model.weight[:2].detach()
    assert weights.save("toy", model, {}, folder)["precision"] == "single"
    assert weights.read("toy")[1]["weight"][3] == 1e6


def test_a_card_with_a_number_that_is_not_finite_is_not_written(folder: Path):
    with pytest.raises(WeightsError, match="the card of 'toy' holds a number that is not finite"):
        weights.save("toy", Toy(gain=1.0), {"history": {"curve": {"loss": [1.0, math.nan]}}}, folder)
    assert not list(folder.iterdir())
    with pytest.raises(WeightsError, match="the card of 'toy'"):
        weights.write_card({"name": "toy", "metrics": {"FID": math.inf}}, folder)


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "toy.json"
    weights.replace(path, b"old")

    def full(self: Path, content: bytes) -> None:
        with self.open("wb") as file:
            file.write(content[:1])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        weights.replace(path, b"new")
    assert path.read_bytes() == b"old"


FILM = ([1, 5, 9], b"as if this were a WebP")


def test_what_was_seen_in_training_lies_beside_the_card(folder: Path):
    card = weights.save("toy", Toy(gain=1.0), {"history": {"curve": {"step": [1]}, "sheets": None}}, folder, FILM)
    assert card["history"] == {
        "curve": {"step": [1]},
        "sheets": {"steps": [1, 5, 9], "sha256": hashlib.sha256(FILM[1]).hexdigest()},
    }
    assert sorted(path.name for path in folder.iterdir()) == ["toy.json", "toy.safetensors", "toy.webp"]
    assert weights.sheets("toy") == FILM
    assert weights.check() == []
    weights.save("blind", Toy(gain=1.0), {"history": {"sheets": None}}, folder)
    assert weights.sheets("blind") is None


@pytest.mark.parametrize(
    ("breaking", "words"),
    [
        (lambda folder: (folder / "toy.webp").unlink(), "toy.webp is not in weights/"),
        (lambda folder: (folder / "toy.webp").write_bytes(b"other"), r"the pictures of 'toy' \(toy.webp\) are not"),
        (lambda folder: edit_card(folder, lambda card: card | {"history": {"sheets": 3}}, "toy"), "does not say which"),
        (lambda folder: edit_card(folder, lambda card: card | {"history": 3}, "toy"), "toy.webp is named in no card"),
        (lambda folder: (folder / "toy.json").unlink(), "toy.webp is named in no card"),
        (lambda folder: (folder / "toy.safetensors").write_bytes(b""), "are not the file its card describes"),
    ],
    ids=["missing", "changed", "card says 3", "card says nothing", "no card", "weights"],
)
def test_check_says_which_of_the_three_files_is_wrong_in_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, breaking: Callable, words: str
):
    weights.save("toy", Toy(gain=1.0), {}, folder, FILM)
    weights.save("well", Toy(gain=1.0), {}, folder, FILM)
    breaking(folder)
    assert any(re.search(words, problem) for problem in weights.check())
    monkeypatch.setattr("sys.argv", ["core.weights", "check"])
    with pytest.raises(SystemExit) as ended:
        weights.main()
    assert ended.value.code == 1
    assert re.search(words, capsys.readouterr().out)


def test_push_sends_the_three_kinds_of_file_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch):
    sent = {}

    class Api:
        def create_repo(self, repo: str, exist_ok: bool) -> None:
            sent["repo"] = repo

        def upload_folder(self, **arguments: Any) -> Any:
            sent.update(arguments)
            return type("Commit", (), {"oid": "0123abc"})

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    assert weights.push("someone/glimpse") == "0123abc"
    assert sent["folder_path"] == folder
    assert set(sent["allow_patterns"]) == {"*.safetensors", "*.json", "*.webp"}


class Trunk(nn.Module, Borrows):
    """A head of its own on a trunk that comes with a package."""

    borrowed: ClassVar[dict[str, str]] = {"trunk": "a package"}

    def __init__(self, scale: float = 3.0):
        super().__init__()
        self.trunk, self.head = nn.Linear(2, 2), nn.Linear(2, 1)
        nn.init.constant_(self.trunk.weight, scale)

    def probe(self) -> Tensor:
        return self.head(self.trunk(torch.ones(1, 2))).flatten().detach()


def test_what_a_model_borrows_from_a_package_is_said_and_not_saved(folder: Path):
    model = Trunk()
    card = weights.save("toy", model, {}, folder)
    assert card["borrowed"] == {"trunk": "a package"}
    _, tensors = weights.read("toy")
    assert tensors.keys() == {"head.weight", "head.bias"}
    other = Trunk()
    weights.put(other, tensors)
    assert (other.trunk.weight == 3).all()
    torch.testing.assert_close(other.head.weight, model.head.weight)
    with pytest.raises(RuntimeError, match="head"):
        weights.put(other, {"head.weight": tensors["head.weight"]})
    with pytest.raises(RuntimeError, match="tail"):
        weights.put(other, tensors | {"tail": torch.ones(1)})


# ------------------------------------------------------------------ files that are not what they should be


def break_wrong_sha(folder: Path) -> None:
    path = folder / "draw-mnist.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def break_truncated(folder: Path) -> None:
    path = folder / "draw-mnist.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def break_missing_file(folder: Path) -> None:
    (folder / "draw-mnist.safetensors").unlink()


def break_missing_card(folder: Path) -> None:
    (folder / "draw-mnist.json").unlink()


def break_card_cut_short(folder: Path) -> None:
    path = folder / "draw-mnist.json"
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")


def break_card_is_not_text(folder: Path) -> None:
    (folder / "draw-mnist.json").write_bytes(b"\xff\xfe\x00{}")


def break_card_without_sha(folder: Path) -> None:
    edit_card(folder, lambda card: {key: value for key, value in card.items() if key not in ("sha256", "bytes")})


def break_not_safetensors(folder: Path) -> None:
    forge(folder, b"these are no tensors, whatever the card says")


def break_empty(folder: Path) -> None:
    forge(folder, b"")


def break_cut_but_vouched_for(folder: Path) -> None:
    forge(folder, (folder / "draw-mnist.safetensors").read_bytes()[:-100])


def break_card_is_a_list(folder: Path) -> None:
    (folder / "draw-mnist.json").write_text("[]", encoding="utf-8")


def break_card_without_config(folder: Path) -> None:
    edit_card(folder, lambda card: {key: value for key, value in card.items() if key != "config"})


def break_config_of_another_size(folder: Path) -> None:
    edit_card(folder, lambda card: card | {"config": card["config"] | {"units": 9}})


def break_config_with_an_unknown_argument(folder: Path) -> None:
    edit_card(folder, lambda card: card | {"config": card["config"] | {"depth": 3}})


def break_tensor_missing(folder: Path) -> None:
    tensors = safetensors.torch.load((folder / "draw-mnist.safetensors").read_bytes())
    del tensors["first_canvas"]
    forge(folder, safetensors.torch.save(tensors))


def break_tensor_too_many(folder: Path) -> None:
    tensors = safetensors.torch.load((folder / "draw-mnist.safetensors").read_bytes())
    forge(folder, safetensors.torch.save(tensors | {"one_more": torch.zeros(3)}))


def break_with_nan(folder: Path) -> None:
    tensors = safetensors.torch.load((folder / "draw-mnist.safetensors").read_bytes())
    tensors["first_canvas"][0, 0, 0] = math.nan
    forge(folder, safetensors.torch.save(tensors))


def break_card_with_nan(folder: Path) -> None:
    edit_card(folder, lambda card: card | {"metrics": {"nll": math.nan}})


def short(function: Callable[[Path], None]) -> str:
    return function.__name__.removeprefix("break_")


@pytest.mark.parametrize(
    "broken",
    [
        break_wrong_sha,
        break_truncated,
        break_missing_file,
        break_missing_card,
        break_card_cut_short,
        break_card_is_not_text,
        break_card_is_a_list,
        break_card_without_sha,
        break_not_safetensors,
        break_empty,
        break_cut_but_vouched_for,
        break_with_nan,
        break_card_with_nan,
    ],
    ids=short,
)
def test_a_file_that_is_not_right_is_one_sentence_about_that_model(
    folder: Path, saved: nn.Module, broken: Callable[[Path], None]
):
    broken(folder)
    for attempt in (weights.read, core.load):
        with pytest.raises(WeightsError) as problem:
            attempt("draw-mnist")
        assert_one_sentence(problem)


@pytest.mark.parametrize(
    "broken",
    [
        break_card_without_config,
        break_config_of_another_size,
        break_config_with_an_unknown_argument,
        break_tensor_missing,
        break_tensor_too_many,
    ],
    ids=short,
)
def test_weights_that_do_not_fit_the_model_are_one_sentence_about_it(
    folder: Path, saved: nn.Module, broken: Callable[[Path], None]
):
    broken(folder)
    with pytest.raises(WeightsError) as problem:
        core.load("draw-mnist")
    assert_one_sentence(problem)


class Trap:
    """What `pickle.load` would run."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", ["pickle", "torch.save"])
def test_a_pickle_is_never_opened_even_if_its_sha_is_right(
    folder: Path, saved: nn.Module, tmp_path_factory: pytest.TempPathFactory, writer: str
):
    sprung = tmp_path_factory.mktemp("trap") / "sprung"
    if writer == "pickle":
        content = pickle.dumps(Trap(sprung))
    else:
        torch.save(Trap(sprung), folder / "trap.pt")
        content = (folder / "trap.pt").read_bytes()
    forge(folder, content)
    with pytest.raises(WeightsError, match="not a safetensors file"):
        weights.read("draw-mnist")
    assert not sprung.exists()
    if writer == "pickle":  # and the trap is a real one
        pickle.loads(content)
        assert sprung.exists()


# ------------------------------------------------------------------ the Hub


def test_what_is_not_in_the_folder_comes_from_the_hub_at_the_pinned_revision(
    folder: Path, saved: nn.Module, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    hub, asked = tmp_path_factory.mktemp("hub"), []
    for file in ("draw-mnist.json", "draw-mnist.safetensors"):
        (folder / file).rename(hub / file)

    def download(repo: str, file: str, *, revision: str) -> str:
        asked.append((repo, file, revision))
        return str(hub / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setenv("GLIMPSE_WEIGHTS_REPO", "someone/glimpse@0123abc")
    torch.testing.assert_close(core.load("draw-mnist").probe(), saved.probe())
    assert asked == [
        ("someone/glimpse", "draw-mnist.json", "0123abc"),
        ("someone/glimpse", "draw-mnist.safetensors", "0123abc"),
    ]


def test_the_local_folder_comes_before_the_hub(folder: Path, saved: nn.Module, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *a, **k: pytest.fail("asked the Hub"))
    monkeypatch.setenv("GLIMPSE_WEIGHTS_REPO", "someone/glimpse@0123abc")
    core.load("draw-mnist")


def test_weights_from_the_hub_are_verified_too(
    folder: Path, saved: nn.Module, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = tmp_path_factory.mktemp("hub") / "draw-mnist.safetensors"
    (folder / "draw-mnist.safetensors").rename(elsewhere)
    elsewhere.write_bytes(elsewhere.read_bytes()[:-1])
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *a, **k: str(elsewhere))
    monkeypatch.setenv("GLIMPSE_WEIGHTS_REPO", "someone/glimpse@0123abc")
    with pytest.raises(WeightsError, match="not the file its card describes") as problem:
        core.load("draw-mnist")
    assert_one_sentence(problem)


@pytest.mark.parametrize("repo", ["someone/glimpse", "someone/glimpse@"])
def test_a_repository_without_a_revision_is_refused_before_anything_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, repo: str
):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *a, **k: pytest.fail("asked the Hub"))
    monkeypatch.setenv("GLIMPSE_WEIGHTS_REPO", repo)
    with pytest.raises(WeightsError, match="pin a revision") as problem:
        core.load("draw-mnist")
    assert_one_sentence(problem, name="someone/glimpse")


@pytest.mark.parametrize("failure", [OSError("no route"), ConnectionError("reset"), ValueError("bad repo id")])
def test_a_network_failure_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception):
    def download(*args, **arguments) -> str:
        raise failure

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setenv("GLIMPSE_WEIGHTS_REPO", "someone/glimpse@0123abc")
    with pytest.raises(WeightsError, match="someone/glimpse") as problem:
        core.load("draw-mnist")
    assert_one_sentence(problem)


def test_without_weights_the_sentence_says_how_to_get_them(folder: Path):
    with pytest.raises(WeightsError, match=r"core\.train draw-mnist.*GLIMPSE_WEIGHTS_REPO"):
        core.load("draw-mnist")


# ------------------------------------------------------------------ core.load, core.names, core.card


def test_load_gives_the_saved_model_ready_to_use_and_once(folder: Path, saved: nn.Module):
    model = core.load("draw-mnist")
    assert core.load("draw-mnist") is model
    assert core.load("draw-mnist", device="cpu") is model
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert model.shape == (1, 8, 8)  # the card's config, not the recipe's
    torch.testing.assert_close(model.probe(), saved.probe())


def test_four_threads_that_ask_at_once_get_one_model_that_was_loaded_once(
    folder: Path, saved: nn.Module, monkeypatch: pytest.MonkeyPatch
):
    read, reads, found, start = weights.read, [], [], threading.Barrier(4, timeout=100)

    def slowly(name: str) -> tuple:
        reads.append(name)
        time.sleep(0.2)
        return read(name)

    def ask() -> None:
        start.wait()
        found.append(core.load("draw-mnist"))

    monkeypatch.setattr(weights, "read", slowly)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == ["draw-mnist"]
    assert len(found) == 4
    assert len({id(model) for model in found}) == 1


def test_nobody_puts_a_shared_model_into_training_mode(folder: Path, saved: nn.Module):
    model = core.load("draw-mnist")
    for part in (model, model.read, model.encoder):
        with pytest.raises(RuntimeError, match="shared"):
            part.train()
    assert model.eval() is model
    assert not any(part.training for part in model.modules())


def test_a_failure_to_load_is_not_remembered(folder: Path):
    with pytest.raises(WeightsError):
        core.load("draw-mnist")
    weights.save("draw-mnist", zoo.recipe("draw-mnist").build(**SMALL), {"config": SMALL}, folder)
    assert core.load("draw-mnist").shape == (1, 8, 8)


@pytest.mark.parametrize("ask", [core.load, core.card])
def test_an_unknown_name_suggests_the_nearest(ask: Callable):
    with pytest.raises(
        ValueError, match=r"no model 'drwa-mnist'; did you mean 'draw-mnist'\? There are: .*draw-cifar10"
    ):
        ask("drwa-mnist")
    with pytest.raises(ValueError, match=r"no model '\.\./secret'; There are: "):
        ask("../secret")


def test_names_lists_a_family_or_all():
    assert core.names() == list(zoo.RECIPES)
    for kind in zoo.FAMILIES:
        assert core.names(kind) == [name for name in core.names() if zoo.RECIPES[name].family == kind] != []
    assert sum(len(core.names(kind)) for kind in zoo.FAMILIES) == len(core.names())
    assert core.names("gan", variant="dcgan", data="shoes-64") == ["dcgan-shoes"]
    assert core.names(variant="fish") == []


# ------------------------------------------------------------------ what ships


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_the_file_of_their_card(name: str):
    path = weights.FOLDER / f"{name}.safetensors"
    card = json.loads((weights.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    content = path.read_bytes()
    assert card["name"] == name
    assert card["bytes"] == len(content)
    assert card["sha256"] == hashlib.sha256(content).hexdigest()
    assert len(content) < 30 * MEBIBYTE


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_load_strictly_and_reproduce_their_probe(name: str):
    card, tensors = weights.read(name)
    model = zoo.recipe(name).build(**card["config"])
    model.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    )
    probe = card["probe"]
    found, wanted = model.eval().probe(), torch.tensor(probe["output"])
    torch.testing.assert_close(found, wanted, rtol=probe["tolerance"], atol=probe["tolerance"])
    torch.testing.assert_close(core.load(name).probe(), found)
    assert card["parameters"] == sum(p.numel() for p in model.parameters())


FINDING = {"easy-vqa", "flickr8k-captions", "vqa", "vqa-maps"}  # with a vocabulary, which goes into the config


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_belong_to_a_recipe_that_has_not_moved_on(name: str):
    card, recipe = json.loads((weights.FOLDER / f"{name}.json").read_text(encoding="utf-8")), zoo.recipe(name)
    config = json.loads(json.dumps(recipe.config))
    assert card["config"] == card["config"] | config
    found = card["config"].keys() - config.keys()
    assert not found or recipe.data in FINDING
    assert (card["family"], card["variant"]) == (recipe.family, recipe.variant)
    assert card["training"].get("average") == recipe.average
    assert card["training"].get("bfloat16", False) == recipe.bfloat16
    if recipe.start:  # made from the weights of that name that are shipped
        assert card["training"]["start"] == {"name": recipe.start, "sha256": zoo.card(recipe.start)["sha256"]}
    assert card["training"]["seed"] == recipe.seed
    assert card["dataset"]["name"] == recipe.data
    assert card["paper"] == recipe.paper
    assert card["dataset"]["origin"]
    assert card["dataset"]["licence"]
    assert {"commit", "steps", "seed", "seconds", "device", "versions", "date"} <= card["training"].keys()


def test_every_shipped_file_has_a_card_and_all_together_are_small():
    assert weights.check() == []
    files = list(weights.FOLDER.glob("*"))
    assert {path.stem for path in files if path.suffix == ".safetensors"} == set(SHIPPED)
    assert sum(path.stat().st_size for path in files) < 220 * MEBIBYTE
    assert not [path.name for path in files if path.suffix in (".pt", ".pth", ".pkl", ".bin", ".ckpt", ".part")]
