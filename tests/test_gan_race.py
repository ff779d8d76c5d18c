"""Races of GANs in the plane and the figures of why it matters: what needs no trained weights."""

import base64
import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import gradio as gr
import numpy as np
import pytest
import torch

from core.gan import VARIANTS, playground
from demos import frame
from demos.gans import race, standing, track, why
from demos.gans.names import RACERS

# ------------------------------------------------------------------ the race


def new_race(**changes: Any) -> race.Race:
    chosen = dict(target="ring", drawing=None, left="gan", right="wgan-gp", seed="0") | changes
    return race.Race(*race.course(**chosen), race.Settings())


def test_sgan_alone_is_told_clusters():
    """catGAN finds its classes without a label, as the page says."""
    run = new_race(left="catgan", right="sgan")
    run.advance(1)
    assert ["critic L_labelled" in terms for terms in run.terms] == [False, True]


def points(text: str) -> np.ndarray:
    """Points as a frame holds them: (n, 2)."""
    return np.frombuffer(base64.b64decode(text), "<i2").reshape(-1, 2) / 1000


def session_of(numbers: race.Settings = race.Settings(), **changes: Any) -> track.Session:  # noqa: B008
    """A visitor who has a race on the stage."""
    chosen = dict(target="ring", drawing=None, left="gan", right="wgan-gp", seed="0") | changes
    session = track.Session()
    session.prepare(None, *race.course(**chosen), numbers)
    return session


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


def test_two_races_at_once_are_each_what_it_is_alone():
    """In threads that take turns, step by step: what one visitor's race draws is nothing to the other's."""
    courses = [dict(seed="1", left="wgan-gp", right="dragan"), dict(seed="2", left="gan", right="wgan-gp")]

    def frames(course: dict[str, str], wait: Callable[[], object]) -> list[Any]:
        run, found = new_race(**course), []
        for _ in range(5):
            run.advance(1)
            found.append(run.frame()["frame"])
            wait()
        return found

    alone = [frames(course, lambda: None) for course in courses]
    turn, together = threading.Barrier(2, timeout=100), {}
    threads = [
        threading.Thread(target=lambda i=i: together.update({i: frames(courses[i], turn.wait)})) for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[0], together[1]] == alone


def test_a_race_and_the_figure_of_penalties_leave_the_generator_that_all_share_alone():
    torch.manual_seed(4)
    before = torch.get_rng_state()
    new_race().advance(2)
    why.penalty.__wrapped__()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_frame_holds_what_the_view_needs_and_json_takes_it():
    run = new_race(right="sgan")
    run.advance(2)
    shown = json.loads(json.dumps(run.frame()))
    assert shown["frame"]["step"] == 2
    assert len(points(shown["real"])) == race.SHOWN
    for player in shown["frame"]["players"]:
        side = math.isqrt(len(base64.b64decode(player["surface"])))
        assert side**2 == len(base64.b64decode(player["surface"]))
        assert len(points(player["made"])) == race.SHOWN
        assert player["losses"].keys() == {"critic", "generator"}
        assert [name for name, _ in player["facts"]] == ["on target", "covered", "clusters"]
    assert len(json.dumps(shown)) < 10_000


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
    run = new_race(right="lsgan")
    before = run.frame()["frame"]["players"][0]["facts"]
    run.advance(400)
    after = run.frame()["frame"]["players"][0]["facts"]
    assert int(dict(after)["on target"].rstrip("%")) > int(dict(before)["on target"].rstrip("%"))
    assert int(dict(after)["covered"].rstrip("%")) > 50


@pytest.mark.parametrize("left", ["gan", "wgan-gp", "lsgan"])
def test_a_rate_of_ten_diverges_is_said_and_ends_the_race(left: str):
    session = session_of(left=left, numbers=race.settings(10.0, 0, 10.0, 64))
    last = list(session.run("10 steps per frame"))[-1]
    assert "diverged" in last["frame"]["said"]
    assert session.race.over()
    assert last["frame"]["step"] < race.MOST_STEPS
    json.dumps(last, allow_nan=False)


def test_a_drawn_shape_is_the_target():
    drawing = {"strokes": [{"points": [[0.5, 0.1], [0.5, 0.9]], "size": 0.04}]}
    run = new_race(target="drawn", drawing=drawing)
    x = points(run.frame()["real"])
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
    assert [report["frame"]["step"] for report in race.race(steps=15)][-2:] == [13, 15]


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


def test_every_variant_of_the_table_can_race_but_two():
    assert set(VARIANTS) - set(RACERS) == {"dcgan", "infogan"}  # infoGAN has a tab of its own


# ------------------------------------------------------------------ how it stands, in a sentence


def around(centres: torch.Tensor, n: int = 400, spread: float = 0.05) -> torch.Tensor:
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
    return centres[torch.arange(n) % len(centres)] + spread * noise


RING = playground.MODES["ring"]
SAID = {
    "covers 8 of 8 clusters": around(RING),
    "covers 5 of 8 clusters": around(RING[:5]),
    "has collapsed onto 1 of 8 clusters": around(RING[:1]),
    "is still one clump": around(torch.zeros(1, 2)),
    "has scattered": around(torch.zeros(1, 2), spread=1.0),
    "has left the picture": around(torch.full((1, 2), 9.0)),
}


@pytest.mark.parametrize("words", SAID)
def test_the_sentence_says_what_the_points_do(words: str):
    real = around(RING, 2000)
    assert standing.standing("ring", real, SAID[words]).words("ring") == words
    assert standing.standing("ring", real, real).modes == (8, 8)


def test_one_sentence_has_both_sides_with_their_values():
    real = around(RING, 2000)
    both = [standing.standing("ring", real, SAID[words]) for words in ("covers 5 of 8 clusters", "has scattered")]
    said = standing.compared(340, "ring", ["WGAN-GP", "GAN"], both)
    assert said == "Step 340: WGAN-GP covers 5 of 8 clusters; GAN has scattered."
    assert "left" in standing.compared(340, "ring", ["GAN", "GAN"], both)
    moons = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    assert standing.standing("moons", moons, moons[:200]).words("moons").endswith("% of the moons")


# ------------------------------------------------------------------ the track


def steps_of(moments: list[Any]) -> list[int]:
    return [moment["frame"]["step"] for moment in moments]


def test_a_stopped_race_goes_on_where_it_was_and_another_course_or_new_starts_at_0():
    session = session_of(target="moons", right="lsgan")
    frames = session.run("1 step per frame")
    seen = [next(frames) for _ in range(4)]
    session.wanted = False  # Stop
    assert list(frames) == []
    assert track.LINE.seen == {}
    course = race.course("moons", None, "gan", "lsgan", "0")
    same = session.prepare(seen[-1], *course, race.Settings())
    assert steps_of([next(session.run("1 step per frame"))]) == [3]
    assert session.prepare(seen[-1], *course, race.Settings(), anew=True) is not same  # New
    session.race = same
    assert session.prepare({"race": "recording"}, *course, race.Settings()) is not same  # it is not what is shown
    session.race = same
    other = session.prepare(seen[-1], *race.course("circles", None, "gan", "lsgan", "0"), race.Settings())
    assert (other is not same, other.step) == (True, 0)


def test_a_race_waits_for_a_page_that_is_slow_to_draw(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(track, "REMIND_SECONDS", 0.05)
    session = session_of()
    frames = session.run("1 step per frame", ahead_of_page=1)
    assert steps_of([next(frames) for _ in range(4)]) == [0, 1, 1, 1]  # the newest is sent again
    session.drawn(0)
    assert steps_of([next(frames), next(frames)]) == [2, 2]
    session.drawn(2)
    assert steps_of([next(frames), next(frames), next(frames)]) == [3, 4, 4]
    frames.close()


def test_pressing_run_or_new_while_it_runs_takes_over():
    session = session_of()
    first = session.run("1 step per frame")
    seen = [next(first), next(first)]
    session.prepare(seen[-1], *race.course("ring", None, "gan", "wgan-gp", "0"), race.Settings(), anew=True)
    second = session.run("1 step per frame")
    assert steps_of([next(second), next(second)]) == [0, 1]
    assert list(first) == []
    assert steps_of([next(second)]) == [2]  # the end of the first one took nothing from it
    second.close()
    assert track.LINE.seen == {}


def test_two_calls_may_move_one_race_at_once():
    """A second Run begins while the step of the first one is not yet made."""
    run, failed = new_race(), []

    def move() -> None:
        try:
            for _ in range(6):
                run.advance(1)
                run.frame()
        except ValueError as problem:  # "generator already executing"
            failed.append(problem)

    threads = [threading.Thread(target=move) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert run.step == 18


def test_the_second_visitor_waits_is_told_how_long_and_gets_a_turn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(track, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(track.time, "sleep", lambda seconds: None)
    one, two, three = session_of(), session_of(), session_of()
    runs = [session.run("1 step per frame") for session in (one, two, three)]
    for run in runs:
        assert steps_of([next(run)]) == [0]  # what is on the stage
    assert steps_of([next(runs[0])]) == [1]
    assert [next(runs[1]), next(runs[2])] == [1, 2]
    monkeypatch.setattr(track, "TURN_SECONDS", 20)
    assert track.wait(2).startswith("2 races are ahead of yours, which starts in about ")
    assert 20 <= int(track.wait(2).split()[-2]) <= 40
    monkeypatch.setattr(track, "TURN_SECONDS", 0.0)
    assert next(runs[0]) == 2  # its turn is over, and it stands at the end of the line
    assert steps_of([next(runs[1])]) == [1]
    runs[1].close()  # a visitor who leaves
    assert steps_of([next(runs[2])]) == [1]
    for run in runs:
        run.close()
    assert track.LINE.seen == {}


def test_who_gives_no_sign_of_life_loses_the_place(monkeypatch: pytest.MonkeyPatch):
    line, now = track.Line(), [0.0]
    monkeypatch.setattr(track.time, "monotonic", lambda: now[0])
    assert [line.ahead("a"), line.ahead("b")] == [0, 1]
    now[0] = track.LOST_SECONDS - 1
    assert line.ahead("b") == 1
    now[0] = track.LOST_SECONDS + 1
    assert line.ahead("b") == 0


def test_a_recording_has_every_moment_and_its_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(track, "RECORDED_STEPS", 6)
    monkeypatch.setattr(track, "RECORDED_EVERY", 2)
    made = track.record(*race.course("ring", None, "gan", "wgan-gp", "5"), race.Settings())
    assert [frame["step"] for frame in made["frames"]] == [0, 2, 4, 6]
    assert all(frame["said"].startswith("Step ") for frame in made["frames"])
    assert made["race"] == "recording"
