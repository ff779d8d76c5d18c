"""Metrics: who writes them, what they say, and that README and cards say the same."""

import json
import math
from pathlib import Path

import pytest
import torch

from benchmarks import draw as benchmark
from core import evaluate, weights, zoo
from core.draw import Draw
from core.gan.energy import OPPONENT
from core.gan.metrics import SEED, evaluate_digits
from core.pairs import colours

SHIPPED = [name for name in zoo.RECIPES if (weights.FOLDER / f"{name}.json").exists()]


def test_the_readme_shows_the_table_that_the_cards_give():
    readme = evaluate.README.read_text(encoding="utf-8")
    assert f"{evaluate.TABLE_START}\n{evaluate.table()}\n{evaluate.TABLE_END}" in readme


FEW = {
    "shoes",
    "shoes-64",
    "shoes-of-both",
    "bags",
    "bags-of-both",
    "facades",
    "flowers",
    "flickr8k-captions",
}  # sets that hold out a hundred pictures, or a thousand with five sentences each, and not thousands


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_were_trained_to_the_end_and_measured(name: str):
    card, recipe = zoo.card(name), zoo.recipe(name)
    assert card["training"]["steps"] == recipe.steps
    assert card["training"]["batch_size"] == recipe.batch_size
    assert math.isfinite(card["metrics"][recipe.metric])
    assert card["metrics"]["split"] == "test"
    assert card["metrics"]["n"] >= (60 if recipe.data in FEW else 5000)
    assert card["dataset"]["origin"]
    assert card["dataset"]["licence"]
    assert len(card["history"]["curve"]["step"]) >= 50
    assert card["reported"] == recipe.reported


def test_draw_reaches_what_it_must():
    measured = {name: zoo.card(name)["metrics"] for name in zoo.names("draw") if name in SHIPPED}
    assert measured["draw-mnist"]["nll"] <= 90
    assert measured["draw-noattention-mnist"]["nll"] <= 88
    assert measured["draw-cluttered"]["error"] <= 8.11
    assert "draw-cifar10" in measured
    first, second, corrected = (measured[f"draw-twodigits{stage}"]["nll"] for stage in ("-24", "-32", ""))
    assert corrected < second <= 192 < first  # or a stage would be for nothing
    assert measured["draw-twodigits"]["readable_real"] > 85  # or the reader would be no judge


def test_draw_with_and_without_attention_saw_equally_many_pictures():
    trained = [zoo.card(name)["training"] for name in ("draw-mnist", "draw-noattention-mnist")]
    assert len({each["steps"] * each["batch_size"] for each in trained}) == 1


def test_draw_with_attention_reaches_what_it_must():
    assert zoo.card("draw-mnist")["metrics"]["nll"] <= 88


def test_three_of_four_pages_of_two_digits_can_be_read():
    assert zoo.card("draw-twodigits")["metrics"]["readable"] >= 75


@pytest.mark.xfail(strict=True, reason="the paper's order takes longer training than ours: see TRAINING_LOG.md")
def test_attention_pays():
    assert zoo.card("draw-mnist")["metrics"]["nll"] < zoo.card("draw-noattention-mnist")["metrics"]["nll"]


LESS_SURE = {"catgan-100-mnist", "began-mnist"}
PLAYERS = [name for name in SHIPPED if name in zoo.names("gan") and zoo.recipe(name).evaluate is evaluate_digits]


@pytest.mark.parametrize("name", [name for name in PLAYERS if name.endswith("-mnist")])
def test_gans_make_digits_of_every_kind(name: str):
    found = zoo.card(name)["metrics"]
    assert found["modes"] == 10
    assert found.get("as_asked", 100) >= 95
    # perceptrons fall a little short after four minutes
    assert found["confidence"] >= (0.88 if name.startswith("fgan-") else 0.9 if name in LESS_SURE else 0.92)


def test_began_makes_each_kind_of_digit_at_five_per_cent_or_more():
    judge = zoo.load("mnist-classifier")
    made = zoo.load("began-mnist").sample(10_000, generator=torch.Generator().manual_seed(SEED))
    kinds = torch.cat([judge.last(judge.features(part)).argmax(1) for part in made.split(500)])
    assert kinds.bincount(minlength=10).min() >= 500


@pytest.mark.parametrize("name", zoo.names("gan", data="shoes-64"))
def test_gans_on_shoes_make_about_as_many_colours_as_photos_have(name: str):
    """Spread of the main colour: brightness, red against blue, green against both. In grey the last two have none."""
    photos = zoo.load("began-shoes").seen_colours
    made = colours(zoo.load(name).sample(100, generator=torch.Generator().manual_seed(SEED)))
    spread, expected = ((each.view(-1, 2, 3)[:, 0] @ OPPONENT.T).std(0) for each in (made, photos))
    assert (spread > 0.5 * expected).all(), (spread, expected)


def test_gans_that_tell_classes_reach_what_they_must():
    error = {name: zoo.card(name)["metrics"].get("error") for name in zoo.names("gan") if name in SHIPPED}
    assert error["catgan-mnist"] <= 15
    assert error["catgan-100-mnist"] <= 6
    assert error["sgan-mnist"] < error["mnist-100-labels"]
    assert error["mnist-classifier"] < 1.5  # who judges must know


def test_infogan_finds_the_digits_and_a_number_that_means_one_thing():
    found = zoo.card("infogan-mnist")["metrics"]
    assert found["accuracy"] >= 90
    assert max(abs(found[f"{code} {what}"]) for code in ("c2", "c3") for what in ("slant", "thickness")) >= 0.8
    assert abs(zoo.card("infogan-mnist-unrewarded")["metrics"]["L_I"]) < 0.5  # its codes do nothing


def test_pixel_networks_reach_what_they_must():
    nll = {name: zoo.card(name)["metrics"]["nll"] for name in zoo.names("pixels") if name in SHIPPED}
    assert nll["pixelcnn-mnist"] <= 84
    assert nll["rowlstm-mnist"] <= 86
    assert nll["diagbilstm-mnist"] <= 85
    assert nll["multiscale-mnist"] <= 84
    assert zoo.card("pixelcnn-flowers")["metrics"]["bits_per_dim"] < 4.5
    assert {f"rowlstm-{which}-mnist" for which in ("neither", "skip", "residual", "both")} <= set(nll)


def test_dual_attention_is_at_or_above_the_best_method_without_it():
    accuracy = {name: zoo.card(name)["metrics"]["accuracy"] for name in zoo.names("vqa") if name in SHIPPED}
    others = [value for name, value in accuracy.items() if name not in ("rdan", "vqa-easy")]
    assert accuracy["rdan"] >= max(others)


def test_evaluating_twice_gives_the_same_numbers_and_counts_every_picture(mnist_root: Path):
    first, second = (evaluate.evaluate("draw-mnist", mnist_root, batch_size=64) for _ in range(2))
    assert first["n"] == 130
    assert first["nll"] == pytest.approx(first["L_x"] + first["L_z"])
    assert first["nll"] == second["nll"]


def test_writing_puts_the_metrics_into_the_card(mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path in weights.FOLDER.glob("draw-mnist.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["core.evaluate", "draw-mnist", "--data", str(mnist_root), "--write"])
    evaluate.main()
    assert json.loads((tmp_path / "draw-mnist.json").read_text(encoding="utf-8"))["metrics"]["n"] == 130


@pytest.mark.parametrize("arguments", [["draw-minst"], ["draw-mnist", "--data", "/nowhere/at/all"]])
def test_the_command_line_answers_mistakes_with_a_sentence(arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    def no_network(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", no_network)
    monkeypatch.setattr("sys.argv", ["core.evaluate", *arguments])
    with pytest.raises(SystemExit, match=r"core\.evaluate: no "):
        evaluate.main()


def test_the_benchmark_compares_two_models_that_compute_the_same():
    torch.manual_seed(0)
    plain, ours = benchmark.PlainDraw(), Draw(glimpses=benchmark.GLIMPSES)
    with torch.no_grad():
        for lstm in ("encoder", "decoder"):
            getattr(ours, lstm).load_state_dict(getattr(plain, lstm).state_dict())
        ours.read.place.load_state_dict(plain.read_place.state_dict())
        ours.write.place.load_state_dict(plain.write_place.state_dict())
        ours.write.paint.load_state_dict(plain.paint.state_dict())
        ours.posterior.weight.copy_(torch.cat((plain.mu.weight, plain.log_sigma.weight)))
        ours.posterior.bias.copy_(torch.cat((plain.mu.bias, plain.log_sigma.bias)))
    x = torch.rand(benchmark.BATCH, benchmark.SIZE, benchmark.SIZE).round()
    torch.manual_seed(1)
    canvas, kl = plain(x)
    torch.manual_seed(1)
    noise = torch.stack([torch.randn(benchmark.BATCH, benchmark.LATENTS) for _ in range(benchmark.GLIMPSES)])
    steps = list(ours.run(x[:, None], noise))
    torch.testing.assert_close(steps[-1].canvas[:, 0], canvas, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(sum(step.kl for step in steps), kl, rtol=1e-3, atol=1e-4)
