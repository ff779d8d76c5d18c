"""Races of GANs in the plane and the figures of why it matters: what needs no trained weights."""

import base64
import json
import math
import time
from typing import Any
from urllib.request import Request, urlopen

import gradio as gr
import numpy as np
import pytest
import torch

from core.gan import VARIANTS, theory
from demos import frame
from demos.gans import race, why
from demos.gans.names import RACERS

# ------------------------------------------------------------------ the race


def new_race(**changes: Any) -> race.Race:
    chosen = dict(target="ring", drawing=None, left="gan", right="wgan-gp", seed="0") | changes
    return race.Race(*race.course(**chosen), race.Settings())


def test_both_players_start_from_the_same_points():
    run = new_race()
    left, right = run.frame()["frame"]["players"]
    assert left["made"] == right["made"]
    run.advance(3)
    left, right = run.frame()["frame"]["players"]
    assert left["made"] != right["made"]


def test_a_race_is_a_function_of_its_seed():
    first, second, other = new_race(), new_race(), new_race(seed="1")
    for run in (first, second, other):
        run.advance(4)
    assert first.frame()["frame"] == second.frame()["frame"]
    assert first.frame()["frame"] != other.frame()["frame"]


def test_a_frame_holds_what_the_view_needs_and_json_takes_it():
    run = new_race(right="sgan")
    run.advance(2)
    shown = json.loads(json.dumps(run.frame()))
    assert shown["frame"]["step"] == 2
    assert len(shown["real"]) == race.SHOWN
    for player in shown["frame"]["players"]:
        side = math.isqrt(len(base64.b64decode(player["surface"])))
        assert side**2 == len(base64.b64decode(player["surface"]))
        assert len(player["made"]) == race.SHOWN
        assert player["losses"].keys() == {"critic", "generator"}
        assert [name for name, _ in player["facts"]] == ["on target", "covered", "modes"]
    assert len(json.dumps(shown)) < 25_000


def test_settings_reach_a_race_that_runs():
    run = new_race(left="wgan")
    assert [phases[0].repeats for phases in run.phases] == [5, 5]
    run.adjust(race.settings(0.01, 2, 3.0, 32))
    assert [phases[0].repeats for phases in run.phases] == [2, 2]
    assert [player.rule.weight for player in run.players] == [0.0, 3.0]
    run.advance(1)
    assert {group["lr"] for phases in run.phases for phase in phases for group in phase.optimizer.param_groups} == {
        0.01
    }
    run.adjust(race.settings(0.01, 0, 3.0, 32))
    assert [phases[0].repeats for phases in run.phases] == [5, 5]


def test_a_race_of_all_variants_moves_towards_the_ring():
    for variant in RACERS:
        run = new_race(left=variant, right=variant)
        run.advance(2)
        assert run.step == 2, variant
        assert not run.lost, variant


def test_a_gan_finds_the_ring():
    run = new_race(right="dragan")
    before = run.frame()["frame"]["players"][0]["facts"]
    run.advance(400)
    after = run.frame()["frame"]["players"][0]["facts"]
    assert int(dict(after)["on target"].split()[0]) > int(dict(before)["on target"].split()[0])
    assert int(dict(after)["covered"].split()[0]) > 50


@pytest.mark.parametrize("left", ["gan", "wgan-gp", "lsgan"])
def test_a_rate_of_ten_diverges_is_said_and_ends_the_race(left: str):
    chosen, target = race.course("ring", None, left, "gan", "0")
    frames = list(race.running(None, "10 steps a frame", chosen, target, race.settings(10.0, 0, 10.0, 64)))
    last, run = frames[-1]
    assert "diverged" in last["said"]
    assert run.over()
    assert last["frame"]["step"] < race.MOST_STEPS
    json.dumps(last, allow_nan=False)


def test_a_paused_race_goes_on_where_it_was_and_another_course_starts_anew():
    chosen, target = race.course("moons", None, "gan", "lsgan", "0")
    frames = race.running(None, "1 step a frame", chosen, target, race.Settings())
    for _ in range(4):
        _, run = next(frames)
    run.paused = True
    assert list(frames) == []
    assert not run.running
    again, same = next(race.running(run, "1 step a frame", chosen, target, race.Settings()))
    assert same is run
    assert again["frame"]["step"] == 3
    elsewhere, target = race.course("circles", None, "gan", "lsgan", "0")
    fresh, other = next(race.running(run, "1 step a frame", elsewhere, target, race.Settings()))
    assert other is not run
    assert fresh["frame"]["step"] == 0


def test_a_drawn_shape_is_the_target():
    drawing = {"strokes": [{"points": [[0.5, 0.1], [0.5, 0.9]], "size": 0.04}]}
    run = new_race(target="drawn", drawing=drawing)
    x = np.array(run.frame()["real"])
    assert np.abs(x[:, 0]).max() < 0.2
    assert np.ptp(x[:, 1]) > 2


BAD = {
    "an unknown target": (dict(target="star"), "target must be one of ring"),
    "a drawn target with no stroke": (dict(target="drawn"), "no stroke"),
    "an unknown variant": (dict(left="wgan-pg"), "no variant 'wgan-pg' races"),
    "a rate of NaN": (dict(rate=math.nan), "learning rate must be a number"),
    "a rate of 0": (dict(rate=0), "learning rate must be a number above 0"),
    "an endless rate": (dict(rate=math.inf), "learning rate"),
    "eleven critic steps": (dict(critic_steps=11), "critic steps must be a whole number from 0 to 10"),
    "a weight below 0": (dict(weight=-1.0), "weight of the penalty must be"),
    "a batch of one": (dict(batch=1), "batch must be a whole number from 8 to 512"),
    "an empty number": (dict(batch=None), "batch must be a whole number"),
    "an endless race": (dict(steps=10**9), "steps must be a whole number from 10 to 2000"),
    "half a critic step": (dict(critic_steps=1.5), "critic steps must be a whole number"),
    "a rate beyond a float": (dict(rate=10**400), "learning rate must be a number"),
    "a weight beyond a float": (dict(weight=10**400), "weight of the penalty must be"),
    "a list of variants": (dict(left=["gan", "wgan"]), r"no variant \['gan', 'wgan'\] races"),
    "a dictionary for a target": (dict(target={}), "target must be one of ring"),
    "a list for a seed": (dict(seed=[]), "whole number"),
    "a race of a minute": (dict(steps=2000, critic_steps=5), "would take about 52 s.*at most 763 steps"),
    "a seed that is no number": (dict(seed="x"), "whole number"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_to_a_race_gets_one_sentence(what: str):
    arguments, words = BAD[what]
    with pytest.raises(gr.Error, match=f"(?i){words}") as caught:
        next(frame.sentences(race.race)(**arguments))
    sentence = str(caught.value.message)
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert sentence.endswith(".")


def test_the_api_reports_ten_moments_each_as_soon_as_it_is_there():
    reports = list(race.race(steps=20))
    assert [report["frame"]["step"] for report in reports] == list(range(2, 21, 2))
    assert [moment["step"] for moment in reports[-1]["moments"]] == list(range(2, 21, 2))
    assert [len(report["moments"]) for report in reports] == list(range(1, 11))


@pytest.mark.parametrize("critic_steps", [1, 10])
@pytest.mark.parametrize("batch", [8, 512])
def test_what_a_race_costs_is_what_its_bound_says(critic_steps: int, batch: int):
    """Within a factor of five either way: of this thread's own time, whatever else the machine does."""
    run = race.Race(*race.course("ring", None, "wgan-gp", "sgan", "0"), race.settings(0.001, critic_steps, 0.3, batch))
    run.advance(2)
    seconds = []
    for _ in range(3):
        began = time.thread_time()
        run.advance(5)
        seconds.append(time.thread_time() - began)
    assert 0.2 < min(seconds) / run.seconds(5) < 5


def ask_for_race(url: str, session: str) -> None:
    """Put a long race into the queue, as a script of a visitor does."""
    config = json.load(urlopen(url + "config"))
    index = next(d["id"] for d in config["dependencies"] if d["api_name"] == "gan_race")
    long_race = ["ring", "gan", "lsgan", 1000, 0.001, 1, 0.3, 8, "0"]
    body = json.dumps({"data": long_race, "fn_index": index, "session_hash": session}).encode()
    urlopen(Request(url + "gradio_api/queue/join", body, {"Content-Type": "application/json"})).close()


def test_races_through_the_api_hold_up_nobody_and_end_with_their_caller(url: str, monkeypatch: pytest.MonkeyPatch):
    from gradio_client import Client

    frames = []
    frame_of = race.Race.frame
    monkeypatch.setattr(race.Race, "frame", lambda run: (frames.append(run.name), frame_of(run))[1])
    client = Client(url, verbose=False)
    for _ in range(4):
        ask_for_race(url, "a visitor who leaves")
    with urlopen(url + "gradio_api/queue/data?session_hash=a+visitor+who+leaves") as stream:
        while b"process_generating" not in stream.readline():
            pass
        assert client.predict(seed="3", api_name="/draw_attend")["frames"] == 1
        assert len(frames) < 10  # before the first race ends; in the models' queue it would be behind all four
    assert client.predict(steps=10, api_name="/gan_race")["frame"]["step"] == 10
    assert len(set(frames)) == 2  # of the four only the first one ever began
    assert frames.index(frames[-1]) < 10  # and it did not come to its end


def test_a_handler_that_yields_speaks_in_sentences_too():
    def handler():
        yield 1
        raise ValueError("the fish is too large")

    spoken = frame.sentences(handler)()
    assert next(spoken) == 1
    with pytest.raises(gr.Error, match=r"The fish is too large\."):
        next(spoken)


def test_every_variant_of_the_table_can_race_but_the_convolutional_one():
    assert set(VARIANTS) - set(RACERS) == {"dcgan"}


# ------------------------------------------------------------------ why it matters


@pytest.mark.parametrize("topic", why.TOPICS)
def test_every_topic_has_a_figure_and_words(topic: str):
    figure = why.picture(topic, 1.0)
    assert len(figure.data) >= 3
    assert why.WORDS[topic]
    json.loads(figure.to_json())


def test_the_lines_show_what_theory_says():
    figure = why.picture("lines", 0.5)
    by_name = {trace.name.split(":")[0]: trace for trace in figure.data if trace.name}
    heights = dict(zip(by_name["Wasserstein"].x, by_name["Wasserstein"].y, strict=True))
    assert heights[0.5] == theory.parallel_lines(0.5)["Wasserstein"] == 0.5
    assert by_name["Jensen-Shannon"].name == "Jensen-Shannon: 0.69"
    assert "∞" in by_name["KL"].name


def test_the_penalties_lie_where_they_should():
    figure = why.picture("penalty", 0.0)
    places = {trace.name: torch.tensor([trace.x, trace.y]).T for trace in figure.data if trace.name}
    to_real = {name: torch.cdist(x, places["real"]).amin(1).mean().item() for name, x in places.items()}
    assert to_real["DRAGAN asks here"] < 0.6 * to_real["WGAN-GP asks here"] + 0.35
    assert len(places["WGAN-GP asks here"]) == len(places["real"])


def test_an_unknown_topic_and_a_distance_that_is_none_are_named():
    with pytest.raises(ValueError, match="topic must be one of lines"):
        why.picture("fish", 0.0)
    with pytest.raises(ValueError, match="distance must be a number"):
        why.picture("lines", math.nan)
