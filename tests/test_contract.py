"""What every model owes the rest of the house. A new recipe gets these tests by existing.

Models are made small here: a setting named in SMALL is lowered to that value where a builder has it.
"""

import copy
import functools
import inspect
import itertools
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import data, pairs, train, weights, zoo
from core.noise import first_weights
from core.recipe import (
    Averages,
    Batch,
    Folds,
    Likelihood,
    Model,
    Recipe,
    Samples,
    Shows,
    Translates,
    declares,
)
from core.vqa import language

SMALL = {
    "glimpses": 4,
    "units": 48,
    "latents": 8,
    "filters": 4,
    "critic_filters": 4,
    "candidates": 4,
    "depth": 2,
    "head": 16,
}
CLASSES = 10
NAMES = list(zoo.RECIPES)


@functools.cache
def asked(name: str) -> nn.Module:
    """A small model that is only looked at, when tests are collected: built once for all of them."""
    return small(name)


def declaring(protocol: type) -> pytest.MarkDecorator:
    """The recipes whose models name a protocol among their bases."""
    return pytest.mark.parametrize("name", [name for name in NAMES if declares(asked(name), protocol)])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def arguments(recipe: Recipe) -> dict[str, Any]:
    """All arguments of a recipe's builder: their defaults, and the config over them."""
    return {p.name: p.default for p in parameters(recipe.build) if p.default is not p.empty} | recipe.config


def parameters(build: Any) -> list[inspect.Parameter]:
    """Those of a builder, and those of its base class where it hands on what it does not know."""
    own = list(inspect.signature(build).parameters.values())
    hands_on = isinstance(build, type) and any(p.kind is p.VAR_KEYWORD for p in own)
    return (parameters(build.__base__) if hands_on else []) + own


def small(name: str, seed: int = 0, **changes: Any) -> nn.Module:
    """A recipe's model with its sizes lowered to SMALL."""
    recipe = zoo.recipe(name)
    full = arguments(recipe)
    lowered = {key: min(full[key], limit) for key, limit in SMALL.items() if key in full}
    if full.get("kernels"):  # one for each layer
        lowered["kernels"] = full["kernels"][-lowered["depth"] :]
    if recipe.family == "pix2pix" and full.get("patch") != 286:  # which a critic of that patch could not judge
        lowered["size"] = 64
    with first_weights(seeded(seed)):
        return recipe.build(**recipe.config | lowered | {key: value for key, value in changes.items() if key in full})


def pictures(model: nn.Module, name: str, n: int) -> Tensor:
    """n pictures (n, C, H, W) as the recipe's data would give them: one bright box each, binary or of 256 levels."""
    C, H, W = model.shape
    image = torch.randint(0, 8, (n, C, H, W), generator=seeded(0)) / 255
    for k in range(n):
        top, left = (H // 8 + 3 * k) % (H // 2), (W // 4 + 5 * k) % (W // 2)
        image[k, :, top : top + H // 3, left : left + W // 3] += 200 / 255
    return image.round() if arguments(zoo.recipe(name)).get("levels") == 2 else image


def questions(model: nn.Module, n: int) -> Batch:
    """n questions, each of other words and with another answer, about photos of which each has another part bright."""
    shape = {"means": (model.channels,), "maps": (model.channels, 3, 3), "pixels": (3, 64, 64)}[model.looks_at]
    features = torch.rand(n, *shape, generator=seeded(0))
    features.flatten(1)[torch.arange(n), torch.arange(n) % features[0].numel()] += 2
    lengths = 1 + torch.arange(n) % 5
    words = torch.randint(2, len(model.vocabulary), (n, language.LONGEST), generator=seeded(1))
    words[torch.arange(language.LONGEST) >= lengths[:, None]] = 0
    answers = torch.arange(n) % len(model.answers)
    score = F.one_hot(answers, len(model.answers)).float()
    some = torch.arange(n)
    return {
        "features": features, "words": words, "lengths": lengths, "type": some % len(language.TYPES), "target": score,
        "score": score, "choices": answers[:, None].expand(-1, 18), "group": some, "photo": some, "row": some,
        "progress": 1.0,
    }  # fmt: skip


def batch_for(model: nn.Module, name: str, n: int = 4) -> Batch:
    if zoo.recipe(name).family == "vqa":
        return questions(model, n)
    if zoo.recipe(name).family == "pix2pix":
        y = pictures(model, name, n)
        x = 1 - y[:, : getattr(model, "inputs", 3)]
        return {"x": x, "y": y, "colours": pairs.colours(y), "progress": 1.0}
    if zoo.recipe(name).family == "dan":
        features = torch.rand(n, model.channels, 3, 3, generator=seeded(1))
        sentences = [[torch.ones(1 + k).long()] for k in range(n)]  # without a vocabulary all words are unknown
        return {"features": features, "sentences": sentences, "progress": 1.0, "generator": seeded(2)}
    label = torch.randint(0, CLASSES, (n, 2) if zoo.recipe(name).data == "twodigits" else (n,), generator=seeded(1))
    image = pictures(model, name, n)
    batch = {"image": image, "label": label, "progress": 1.0}
    return batch | ({"labelled": image, "labelled_label": label} if "100" in zoo.recipe(name).data else {})


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


# ------------------------------------------------------------------ recipes


@pytest.mark.parametrize("name", NAMES)
def test_a_config_survives_json_and_builds_the_same_model(name: str):
    recipe = zoo.recipe(name)
    again = json.loads(json.dumps(recipe.config))
    models = []
    before = torch.get_rng_state()
    for config in (recipe.config, again):
        with first_weights(seeded(0)):
            models.append(recipe.build(**config))
    assert torch.equal(torch.get_rng_state(), before)  # all first weights come from the generator
    first, second = (model.state_dict() for model in models)
    assert list(first) == list(second)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert declares(models[0], Model)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_all_that_training_and_the_results_table_need(name: str):
    recipe = zoo.recipe(name)
    assert recipe.data in data.SETS
    assert recipe.batch_size >= 1
    assert recipe.steps >= 1
    assert recipe.family in zoo.FAMILIES
    assert callable(recipe.evaluate)
    assert set(recipe.judges) <= zoo.RECIPES.keys()
    assert recipe.paper.startswith("arXiv:")
    assert recipe.metric
    assert recipe.unit
    assert all(isinstance(value, int | float) for value in recipe.reported.values())
    kinds = {p.kind for p in inspect.signature(recipe.build).parameters.values()}
    assert inspect.Parameter.KEYWORD_ONLY in kinds
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    with pytest.raises(TypeError, match="nonsense"):
        recipe.build(**recipe.config, nonsense=1)  # a setting that nobody knows
    assert recipe.average is None or 0 < recipe.average < 1
    assert recipe.sheets >= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_metric_of_a_recipe_is_one_that_its_evaluation_gives(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.features.SIZE", 64)  # photos are measured on the real network, but small
    monkeypatch.setattr("core.pixels.measure.SAMPLES", 1)
    model = small(name).eval()
    batches = [batch_for(model, name, n) for n in (4, 3)]
    judges = [small(judge).eval() for judge in zoo.recipe(name).judges]
    found = zoo.recipe(name).evaluate(model, iter(batches), *judges)
    assert {zoo.recipe(name).metric, "n"} | zoo.recipe(name).reported.keys() <= found.keys()
    assert found["n"] == 7
    assert all(math.isfinite(value) for value in found.values())
    json.dumps(found)


# ------------------------------------------------------------------ training


@pytest.mark.parametrize("name", NAMES)
def test_every_phase_has_a_finite_scalar_loss(name: str):
    model = small(name).train()
    for phase in model.phases():
        terms = phase.loss(batch_for(model, name))
        assert "loss" in terms
        assert terms["loss"].requires_grad
        assert all(value.shape == () and value.isfinite() for value in terms.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_belongs_to_a_phase_and_gets_a_gradient(name: str):
    idle = set(trainable(small(name)))
    for model in (small(name).train(), unlike(name, 0).train()):  # two: terms may cancel by symmetry at the beginning
        named = trainable(model)
        for phase in model.phases():
            model.zero_grad(set_to_none=True)
            phase.loss(batch_for(model, name))["loss"].backward()
            mine = {id(p) for p in phase.parameters}
            assert {id(p) for group in phase.optimizer.param_groups for p in group["params"]} == mine
            for key, p in named.items():
                if id(p) in mine and p.grad is not None and p.grad.isfinite().all() and p.grad.abs().max() > 0:
                    idle.discard(key)
        if not idle:
            break
    assert sorted(idle) == []


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_pure(name: str):
    """No gradient and no weight is touched by asking for a loss, and the generator in the batch decides its noise."""
    model = small(name).train()
    phases = model.phases()
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    for phase in phases:
        losses = []
        for state in range(2):
            torch.manual_seed(state)
            shared = torch.get_rng_state()
            losses.append(phase.loss(batch_for(model, name) | {"generator": seeded(3)})["loss"].item())
            assert torch.equal(torch.get_rng_state(), shared)
        assert losses[0] == pytest.approx(
            losses[1], rel=1e-3
        )  # the power method of a spectral norm takes a step each time
    for key, p in model.named_parameters():
        assert p.grad is None
        assert torch.equal(p, before[key])


def single_phase(name: str) -> bool:
    return len(asked(name).phases()) == 1


@pytest.mark.parametrize("name", list(filter(single_phase, NAMES)))
def test_one_batch_is_overfitted(name: str):
    """Players of a game have no loss that must fall; models with a single objective do."""
    model = small(name, learning_rate=5e-3, curriculum=()).train()
    batch: Iterator[Batch] = itertools.repeat(batch_for(model, name, 3))
    losses = [next(iter(terms.values())) for _, terms in train.train(model.phases(), batch, 40, seed=0)]
    start, end = losses[0], sum(losses[-5:]) / 5
    floor = min(0.0, end)  # a log-density may go below zero; a fall is then measured from there
    assert end - floor < 0.75 * (start - floor), f"{start:.1f} -> {end:.1f}"


# ------------------------------------------------------------------ weights


def unlike(name: str, seed: int) -> nn.Module:
    """A model far from its beginning, where all of a kind give nearly the same numbers."""
    model = small(name, seed).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=seeded(seed)))
    return model


@pytest.mark.parametrize("name", NAMES)
def test_weights_saved_and_loaded_give_the_same_probe(name: str):
    model, *others = (unlike(name, seed) for seed in range(4))
    other = others[0]
    content = safetensors.torch.save({key: value.contiguous() for key, value in model.state_dict().items()})
    apart = [not torch.allclose(other.probe(), model.probe(), rtol=weights.PROBE_TOLERANCE) for other in others]
    assert sum(apart) >= 2  # a probe tells weights apart; of one number, by chance not always
    other.load_state_dict(safetensors.torch.load(content), strict=True)
    assert torch.equal(other.probe(), model.probe())


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_is_finite_and_needs_no_luck(name: str):
    model = small(name).eval()
    torch.manual_seed(1)
    first = model.probe()
    torch.manual_seed(2)
    assert torch.equal(model.probe(), first)
    assert first.isfinite().all()
    assert torch.equal(torch.tensor(first.tolist()), first)  # as it goes into a card


# ------------------------------------------------------------------ the protocol


@declaring(Samples)
def test_samples_are_pictures_that_the_generator_alone_decides(name: str):
    model = small(name).eval()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = model.sample(3, generator=seeded(5))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.shape == (3, *model.shape)
    assert first.dtype == torch.float32
    assert not first.requires_grad
    assert first.isfinite().all()
    assert first.min() >= 0
    assert first.max() <= 1
    torch.manual_seed(2)
    assert torch.equal(model.sample(3, generator=seeded(5)), first)
    assert not torch.equal(model.sample(3, generator=seeded(6)), first)
    assert torch.allclose(model.sample(1, generator=seeded(5)), first[:1], atol=1e-4)  # it has noise of its own


@declaring(Translates)
def test_the_same_input_becomes_the_same_photo_whatever_is_beside_it(name: str):
    model = unlike(name, 0).double()  # its weights are so large that the last digits of single precision would show
    x = batch_for(model, name, 3)["x"].double()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    photos = model.translate(x)
    assert torch.equal(torch.get_rng_state(), before)
    assert photos.shape == (3, *model.shape)
    assert not photos.requires_grad
    assert photos.min() >= 0
    assert photos.max() <= 1
    assert torch.allclose(model.translate(x[1:2]), photos[1:2], atol=1e-5)
    first, again, other = (model.translate(x, generator=seeded(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, photos)
    with pytest.raises(ValueError, match="x must have shape"):
        model.translate(x[..., :-1])


@declaring(Likelihood)
def test_nll_is_one_number_of_nats_for_each_picture(name: str):
    model = small(name).eval()
    x = pictures(model, name, 5)
    nll = model.nll(x)
    assert nll.shape == (5,)
    assert nll.isfinite().all()
    assert not nll.requires_grad
    # An untrained model is not far from spreading its belief evenly: between a tenth of that and ten times as much.
    evenly = math.prod(model.shape) * math.log(model.levels)
    assert ((0.1 * evenly < nll) & (nll < 10 * evenly)).all()


@declaring(Shows)
def test_a_sheet_is_one_picture_that_is_the_same_every_time(name: str):
    model = small(name).eval()
    held_out = batch_for(model, name, 16)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    sheet = model.sheet(held_out)
    assert torch.equal(torch.get_rng_state(), before)
    assert sheet.ndim == 3
    assert len(sheet) in (1, 3)
    assert sheet.min() >= 0
    assert sheet.max() <= 1
    assert torch.equal(model.sheet(held_out), sheet)


@declaring(Averages)
def test_what_is_averaged_is_a_part_of_the_model(name: str):
    model = small(name)
    assert any(part is model.averaged() for part in model.modules())


@declaring(Folds)
def test_a_folded_model_has_the_same_probe(name: str):
    model = unlike(name, 0)
    before = model.probe()
    model.fold()
    torch.testing.assert_close(model.probe(), before, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if zoo.recipe(name).variant.startswith("classifier")])
def test_logits_are_of_classes(name: str):
    model = small(name).eval()
    logits = model.logits(pictures(model, name, 5))
    assert logits.shape == (5, CLASSES)
    assert logits.isfinite().all()


@pytest.mark.parametrize("name", [name for name in zoo.names("draw") if hasattr(asked(name), "glimpses")])
def test_there_is_one_glimpse_a_step_each_of_the_whole_batch(name: str):
    model = small(name).eval()
    steps = model.glimpses(pictures(model, name, 3))
    assert len(steps) == SMALL["glimpses"]
    for step in steps:
        tensors = [value for value in step if isinstance(value, Tensor)]
        tensors += [value for part in step if isinstance(part, tuple) for value in part]
        assert tensors
        assert all(len(value) == 3 and value.isfinite().all() for value in tensors)


@pytest.mark.parametrize("name", NAMES)
def test_models_keep_to_the_batch_they_are_given(name: str):
    """What a phase is told is not changed under the hands of the next one."""
    model = small(name).train()
    batch = batch_for(model, name)
    before = {key: copy.deepcopy(value) for key, value in batch.items() if key != "generator"}
    for phase in model.phases():
        phase.loss(batch)
    assert batch.keys() - {"generator"} == before.keys()
    assert all(equal(batch[key], before[key]) for key in before)


def equal(left: Any, right: Any) -> bool:
    """Tensors, numbers, or lists of them."""
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return torch.equal(torch.as_tensor(left), torch.as_tensor(right))
