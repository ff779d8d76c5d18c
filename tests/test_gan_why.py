"""Why it matters: four scenes, each a film over a chart."""

import json

import pytest
import torch

from core.gan import theory
from demos.gans import why


@pytest.mark.parametrize("topic", why.TOPICS)
def test_every_scene_has_a_film_a_chart_over_it_and_a_sentence(topic: str):
    scene = why.scene(topic)
    assert scene.film["frames"] == len(scene.at) == len(scene.film["captions"]) >= 12
    assert len(scene.chart.data) >= 2
    for trace in scene.chart.data:
        assert list(trace.x) == pytest.approx(list(scene.at))
    assert scene.said.endswith(".")
    assert len(json.dumps(scene.film)) < 700_000
    assert why.scene(topic) is scene


def values(topic: str) -> dict[str, dict[float, float]]:
    """{name of a trace: {x: y}}."""
    return {trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in why.scene(topic).chart.data}


def test_the_lines_show_what_theory_says():
    found = values("lines")
    assert found["Wasserstein"][0.5] == theory.parallel_lines(0.5)["Wasserstein"] == 0.5
    assert found["Jensen-Shannon"][0.5] == pytest.approx(0.6931, abs=1e-4)
    assert found["Jensen-Shannon"][0.0] == 0.0
    assert found["KL (infinite)"][0.5] > why.scene("lines").chart.layout.yaxis.range[1]


def test_only_least_squares_pulls_back_what_is_too_good():
    at_6 = {name: pull[6.0] for name, pull in values("slopes").items()}
    assert {name for name, pull in at_6.items() if pull < -0.1} == {"least squares"}
    assert values("slopes")["cross-entropy, saturating"][-6.0] < 0.01
    assert values("slopes")["cross-entropy, non-saturating"][-6.0] > 0.99


def test_a_perfect_gan_critic_turns_flat_and_a_lipschitz_one_does_not():
    flat, steep = (list(curve.values()) for curve in values("perfect").values())
    assert flat[0] > 0.1
    assert flat[-1] < 1e-3
    assert min(steep) == pytest.approx(1, abs=0.02)


def test_the_penalty_brings_the_slope_to_1_where_it_asks_for_it():
    asked = list(values("penalty")["WGAN-GP"].values())
    assert abs(asked[-1] - 1) < 0.3
    assert torch.tensor(asked).isfinite().all()


def test_an_unknown_topic_is_named():
    with pytest.raises(ValueError, match="topic must be one of lines"):
        why.scene("fish")
