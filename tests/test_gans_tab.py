"""The GANs tab as a visitor meets it: comparisons, critics, and the page in Chromium. Races: test_gan_race.py."""

import base64
import io
import json
import re
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

import core
from demos import frame, gans, pictures
from demos.gans import charts, compare, critic, path, track
from demos.widgets.sketch_pad import draw_strokes
from tests.browser import open_page
from tests.films import as_url, frames_of


def build_alone() -> frame.Page:
    with gr.Blocks():
        return gans.build()


# ------------------------------------------------------------------ compare


def test_the_same_z_lies_in_the_same_cell_of_every_sheet():
    film = compare.compare(["dcgan", "lsgan", "cgan"], view="samples", seed="3")
    z = compare.noise("dcgan-mnist", compare.SAMPLES["mnist"], 3)
    for pane, variant in zip(film["panes"], ["dcgan", "lsgan", "cgan"], strict=True):
        sheet = frames_of(pane)[0]
        cell = core.load(f"{variant}-mnist").pictures(z)[9, 0]  # row 1, column 1; of class 9
        assert np.abs(sheet[32:64, 32:64] / 255 - cell.numpy()).max() < 0.003


def test_the_same_seed_gives_the_same_sheets_and_another_seed_others():
    assert compare.compare(view="samples", seed="5") == compare.compare(view="samples", seed="5")
    assert compare.compare(view="samples", seed="5") != compare.compare(view="samples", seed="6")


def test_a_walk_starts_at_one_z_and_ends_at_the_other():
    film = compare.compare(["dcgan", "began"], view="walk", seed="3")
    assert film["frames"] == compare.WALK_FRAMES
    frames = frames_of(film["panes"][0])[: compare.WALK_FRAMES]
    model = core.load("dcgan-mnist")
    for moment, seed in [(0, 3), (-1, 4)]:
        first = model.pictures(compare.noise("dcgan-mnist", compare.WALKERS["mnist"], seed))[0, 0]
        assert np.abs(frames[moment][:32, :32] / 255 - first.numpy()).max() < 0.01
    steps = np.abs(np.diff(frames.astype(int), axis=0)).mean((1, 2))
    assert steps.max() < 60  # no jump


@pytest.mark.parametrize("of", compare.SETS)
def test_training_is_shown_at_a_dozen_moments_and_every_run_has_losses(of: str):
    for name in compare.members(of).values():
        history = core.card(name)["history"]
        assert len(history["sheets"]["steps"]) >= 12
        assert {"critic loss", "generator loss", "critic gradient", "generator gradient"} <= history["curve"].keys()
    names = list(compare.members(of))[:4]
    film = compare.compare(names, of, "training")
    assert film["frames"] >= 12
    assert film["captions"][-1].startswith("Steps of training: ")


def test_trainings_of_different_lengths_are_shown_at_the_same_share_of_each():
    names = ["dcgan-shoes", "wgan-gp-shoes"]  # their cards have sheets of different moments
    table = compare.moments(names)
    steps = [core.card(name)["training"]["steps"] for name in names]
    assert steps[0] != steps[1]
    for moment in table:
        assert abs(moment[0] / steps[0] - moment[1] / steps[1]) < 0.03
    film = compare.training(names)
    kept, webp = core.sheets("wgan-gp-shoes")
    cards, steps = Image.open(io.BytesIO(webp)), [row[1] for row in table]
    width = film["panes"][1]["width"]
    for k, frame_shown in enumerate(frames_of(film["panes"][1])[: len(steps)]):
        left = kept.index(steps[k]) * width
        assert np.array_equal(frame_shown, np.asarray(cards.crop((left, 0, left + width, cards.height))))
    assert charts.places(names)[-1] == 100
    losses = charts.all_of(names, follow=True)[0]
    assert list(losses.layout.meta["steps"]) == charts.places(names)
    assert "meta" not in charts.all_of(names, follow=False)[0].to_plotly_json()["layout"]


def test_the_table_holds_what_the_cards_say():
    table = charts.table("mnist")
    rows = {row[0]: dict(zip(table["headers"], row, strict=True)) for row in table["data"]}
    assert len(rows) == len(compare.members("mnist"))
    metrics = core.card("began-mnist")["metrics"]
    assert rows["BEGAN"]["FID"] == round(metrics["FID"], 2)
    assert rows["CGAN"]["class as asked %"] == round(core.card("cgan-mnist")["metrics"]["as_asked"], 2)


def test_convergence_is_drawn_for_those_whose_papers_have_it():
    assert not charts.convergence(["dcgan-mnist", "lsgan-mnist"]).data
    names = ["wgan-mnist", "wgan-gp-mnist", "began-mnist", "dcgan-mnist"]
    assert [trace.name for trace in charts.convergence(names).data] == ["WGAN (clipped)", "WGAN-GP", "BEGAN"]


@pytest.mark.parametrize(
    "damaged",
    [{}, {"metrics": {"FID": 1.0}}, {"metrics": {"FID": 1.0}, "history": None}, {"metrics": {}, "history": {}}],
)
def test_a_variant_with_a_damaged_card_is_left_out_and_the_others_stay(damaged: dict, monkeypatch: pytest.MonkeyPatch):
    whole = core.card
    monkeypatch.setattr(core, "card", lambda name: damaged if name == "lsgan-mnist" else whole(name))
    compare.members.cache_clear()
    try:
        assert "lsgan" not in compare.members("mnist")
        assert "dcgan" in compare.members("mnist")
        assert "LSGAN" not in [row[0] for row in charts.table("mnist")["data"]]
        build_alone()
    finally:
        compare.members.cache_clear()


def test_each_view_says_what_this_run_shows():
    names = ["dcgan-mnist", "wgan-gp-mnist", "began-mnist"]
    fid = {name: f"{core.card(name)['metrics']['FID']:.1f}" for name in names}
    order = f"DCGAN comes closest to real digits (FID {fid['dcgan-mnist']}); BEGAN is furthest ({fid['began-mnist']})"
    assert order in compare.told(names, "training", 5)
    judge = core.load("mnist-classifier")
    for n, whole in ((64, True), (4, False)):
        kinds = len(compare.read(judge, compare.sampled("began-mnist", 2, n)[0]).unique())
        assert (kinds == 10) == whole
        expected = "all ten digits appear with BEGAN." if whole else f"BEGAN shows {kinds} of 10."
        assert compare.counted(["began-mnist"], 2, judge, n).endswith(expected)
    assert compare.counted(names, 2, judge, 64) == compare.told(names, "samples", 2)
    walks = re.search(
        r"Of 16 digits, the walk from seed 2 to seed 3 turns (\d+) with DCGAN", compare.told(names, "walk", 2)
    )
    both = compare.walked("dcgan-mnist", 2)[0][[0, -1]]
    start, end = (compare.read(core.load("mnist-classifier"), moment) for moment in both)
    assert int(walks[1]) == int((start != end).sum())
    both = compare.told(["dcgan-shoes", "began-shoes"], "samples", 2)
    assert "closest to real shoes" in both
    assert "BEGAN also takes the shoe's two colours from it." in both
    assert "two colours" not in compare.told(["dcgan-shoes", "lsgan-shoes"], "samples", 2)
    assert f"FID of {fid['dcgan-mnist']}" in compare.told(["dcgan-mnist"], "training", 2)


BAD_COMPARISONS = {
    "five variants": (dict(variants=["gan", "dcgan", "cgan", "lsgan", "wgan"]), "pick one to 4 variants.*got 5"),
    "none": (dict(variants=[]), "pick one to 4 variants.*got 0"),
    "an unknown one": (dict(variants=["gan", "wgan-pg"]), "no variant 'wgan-pg' was trained on digits"),
    "one without shoes": (
        dict(variants=["dcgan", "ebgan"], pictures="shoes"),
        "no variant 'ebgan' was trained on shoes",
    ),
    "unknown pictures": (dict(pictures="cats"), "pictures must be one of mnist, shoes"),
    "an unknown view": (dict(view="sideways"), "view must be one of training, samples, walk"),
    "a seed that is none": (dict(seed="-1"), "from 0 to"),
}


@pytest.mark.parametrize("what", BAD_COMPARISONS)
def test_bad_comparisons_get_one_sentence(what: str):
    arguments, words = BAD_COMPARISONS[what]
    with pytest.raises(gr.Error, match=f"(?i){words}"):
        frame.sentences(compare.compare)(**arguments)


def test_one_variant_alone_is_compared_with_nothing_and_shown():
    assert len(compare.compare(["began"], view="training")["panes"]) == 1


def test_samples_of_one_variant_and_what_cannot_be_asked_of_it():
    assert frames_of(compare.one("began", n=4, seed="1")["panes"][0]).shape == (1, 64, 64)
    assert frames_of(compare.one("dcgan", "shoes", 9)["panes"][0]).shape == (1, 192, 192, 3)
    for arguments, words in [
        (dict(n=5), "square number"),
        (dict(n=0), "square"),
        (dict(variant="x"), "no variant 'x'"),
    ]:
        with pytest.raises(ValueError, match=words):
            compare.one(**arguments)


# ------------------------------------------------------------------ ask the critic


def test_critics_answer_for_drawn_and_for_stocked_digits():
    one = [{"points": [[0.5, 0.2], [0.5, 0.8]], "size": 0.07}]
    for found in (critic.critic(as_url(draw_strokes(one, 280))), critic.critic(seed="4")):
        assert [len(row) for row in found["classes"].values()] == [10, 11, 10]
        assert all(sum(row) == pytest.approx(1, abs=1e-2) for row in found["classes"].values())
        assert len(found["panes"]) == 3
        json.dumps(found)
    figure = critic.bars(found["classes"])
    assert [trace.name for trace in figure.data] == ["catGAN", "SGAN", "ACGAN"]


def test_the_critics_know_most_of_the_digits_that_the_app_ships():
    from demos import pictures

    digits, labels = pictures.test_digits()
    x, label = torch.nn.functional.pad(digits[:200], (2, 2, 2, 2)), labels[:200]
    for name in critic.CLASSIFIERS:
        right = (core.load(name).classes(x)[:, :10].argmax(1) == label).float().mean()
        assert right > 0.5, name  # these writers are not MNIST's; chance would be 0.1


def test_copies_of_a_digit_are_better_than_those_of_noise():
    digit = pictures.stock_digit(4)
    noise = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    for name in critic.COPIERS:
        model = core.load(name)
        assert model.realness(digit) > model.realness(noise)


def test_an_empty_picture_for_the_critics_gets_a_sentence():
    from PIL import Image

    with io.BytesIO() as out:
        Image.new("RGB", (64, 64), "white").save(out, "PNG")
        url = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    with pytest.raises(gr.Error, match=r"(?i)blank"):
        frame.sentences(critic.critic)(url)


def test_the_digit_is_uncovered_from_the_top_and_the_last_frame_has_it_whole():
    digit = pictures.stock_digit(4)
    seen = critic.uncovered(digit)
    assert torch.equal(seen[-1:], digit)
    assert not seen[0, :, critic.ROWS[0] :].any()
    film = critic.asked(digit)
    assert film["frames"] == len(critic.ROWS)
    assert [rows[-1] for rows in film["classes_by_frame"].values()] == list(film["classes"].values())
    assert film["captions"][-1] == f"32 of 32 rows: {critic.said(film['classes'])}"


def test_the_sentence_about_the_critics_has_their_answers():
    sgan = [0.0] * 10 + [1.0]
    assert critic.said({"catGAN": [0.1, 0.9], "SGAN": sgan}) == "catGAN says 1 (90%) and SGAN says generated (100%)."


# ------------------------------------------------------------------ from the controls to the stage


def test_the_recording_is_of_the_first_race_and_was_made_by_the_shipped_code():
    view = frame.recording("gans-race", path.RACE)
    assert view, "run `python -m demos.first_sight`"
    steps = [moment["step"] for moment in view["frames"]]
    assert steps == list(range(0, track.RECORDED_STEPS + 1, track.RECORDED_EVERY))
    first = track.at_start(*gans.set_up(**path.RACE))
    assert first["real"] == view["real"]  # the same seed and the same target
    assert first["frames"][0].keys() == view["frames"][0].keys()
    shown = gans.show("race", **path.RACE, pace="")
    assert len(shown.outputs[1]["frames"]) == len(steps)
    other = gans.show("race", **path.RACE | {"seed": "6"}, pace="")
    assert [moment["step"] for moment in other.outputs[1]["frames"]] == [0]


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        (dict(mode="compare", pictures="mnist", view="samples", variants=[]), "variants"),
        (dict(mode="compare", pictures="shoes", view="samples", shoes=["dcgan"] * 5), "shoes"),
        (dict(mode="compare", pictures="mnist", view="samples", variants=["dcgan"], seed="x"), "seed"),
        (dict(mode="race", **path.RACE | {"target": "drawn"}, shape=None), "shape"),
        (dict(mode="critic", source="sketch", sketch=None), "sketch"),
    ],
)
def test_what_is_missing_is_said_at_its_control(arguments: dict, at: str):
    with pytest.raises(frame.Note) as caught:
        gans.show(**arguments)
    assert caught.value.at == at


def test_every_step_of_the_path_sets_known_controls_and_says_what_it_shows():
    page = build_alone()
    for step in path.PATH:
        assert set(step.settings) <= set(page.controls), step.name
        values = page.defaults() | step.settings
        shown = page.tried(gans.show, values)
        assert isinstance(shown, frame.Shown), (step.name, shown)
        assert shown.said.endswith(".")
        assert len(step.look) < 300


def test_every_part_that_a_film_lights_is_in_the_diagram():
    known = {*path.DIAGRAM.boxes, *(f"{start}>{end}" for start, end, *_ in path.DIAGRAM.arrows)}
    for turn in (path.CRITICS_TURN, path.GENERATORS_TURN, path.SAMPLING, path.JUDGING):
        assert set(turn) <= known
    assert path.in_turn(4)["D"] == [1.0, 0.3, 1.0, 0.3]
    assert path.in_turn(4)["G"] == [0.3, 1.0, 0.3, 1.0]


# ------------------------------------------------------------------ the page

FRAMES = "Number(document.querySelector('#gans-race .race')?.dataset.frames ?? 0)"
STEP = "Number(document.querySelector('#gans-race .race')?.dataset.step ?? -1)"
SHEET = "document.querySelector('#gans-film .pane.large canvas')?.toDataURL()"
PANES = "document.querySelectorAll('#gans-film .pane.large').length"
SAID = "document.querySelector('#gans-said .said').textContent"
LONG = 120_000  # milliseconds, for what a busy machine does


def open_gans(page: Any, mode: str | None = None) -> None:
    page.set_default_timeout(LONG)
    page.get_by_role("tab", name="GANs", exact=True).click()
    page.locator("#gans-film .pane.large canvas").first.wait_for()
    if mode:
        choose(page, mode)


def choose(page: Any, mode: str) -> None:
    """Open a mode, and wait for what it shows."""
    page.locator(f"#gans-mode input[value={mode}]").check()
    settle(page)


def settle(page: Any) -> None:
    """Wait for the answer to the last change."""
    page.wait_for_function("!document.querySelector('#gans-stage').classList.contains('busy')", timeout=LONG)


def change(page: Any, act: Any) -> None:
    """Change a control and wait for the sentence that belongs to it."""
    before = page.evaluate(SAID)
    act()
    page.wait_for_function(f"old => {SAID} !== old", arg=before, timeout=LONG)
    settle(page)


@pytest.mark.browser
def test_every_change_acts_at_once_and_a_fifth_variant_cannot_be_ticked(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page)
        last = page.evaluate(SHEET)
        page.locator("#gans-film .strip").focus()
        page.keyboard.press("Home")
        page.wait_for_function(f"old => {SHEET} !== old", arg=last)
        page.locator("#gans-table-mnist").get_by_text("WGAN-GP").first.wait_for()
        tick = page.locator("#gans-variants").get_by_label
        assert not page.locator("#gans-seed-row").is_visible()  # training knows no seed
        change(page, page.locator("#gans-view input[value=samples]").check)
        assert page.locator("#gans-seed-row").is_visible()
        tick("ACGAN", exact=True).check()
        page.wait_for_function(f"{PANES} === 4", timeout=LONG)
        assert tick("EBGAN", exact=True).is_disabled()
        assert tick("DCGAN", exact=True).is_enabled()
        for name in ("DCGAN", "WGAN-GP", "BEGAN"):
            tick(name, exact=True).uncheck()
        page.wait_for_function(f"{PANES} === 1", timeout=LONG)
        assert tick("EBGAN", exact=True).is_enabled()
        assert tick("ACGAN", exact=True).is_disabled()  # one there must be
        change(page, page.locator("#gans-pictures input[value=shoes]").check)
        assert page.locator("#gans-shoes").is_visible()
        assert not page.locator("#gans-variants").is_visible()


@pytest.mark.browser
def test_a_race_opens_on_a_recording_that_plays(url: str):
    with open_page(url) as page:
        open_gans(page, "race")
        page.wait_for_function(f"{FRAMES} > 20", timeout=LONG)
        seen = page.evaluate(STEP)
        page.wait_for_function(f"old => {STEP} > old", arg=seen, timeout=2000)
        page.locator("#gans-race").get_by_text("This is a recording").wait_for()
        page.locator("#gans-race .charts canvas").first.click(position={"x": 2, "y": 20})
        assert page.evaluate(STEP) == 0  # a click in the chart goes there


@pytest.mark.browser
def test_stop_then_step_then_run_go_on_and_new_starts_anew(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "race")
        page.locator("#gans-race-run").click()
        page.wait_for_function(f"{STEP} > 3 && {STEP} < 200", timeout=LONG)
        page.locator("#gans-race-stop").click()
        page.wait_for_timeout(2500)
        rested, name = page.evaluate(STEP), page.evaluate("document.querySelector('#gans-race .race').dataset.race")
        page.wait_for_timeout(1500)
        assert page.evaluate(STEP) == rested
        page.locator("#gans-race-step").click()
        page.wait_for_function(f"{STEP} > {rested}", timeout=LONG)
        assert page.evaluate(STEP) == rested + 1  # no step was taken that the page does not show
        rested = page.evaluate(STEP)
        page.locator("#gans-race-run").click()
        page.wait_for_function(f"{STEP} > {rested + 3}", timeout=LONG)
        assert page.evaluate("document.querySelector('#gans-race .race').dataset.race") == name
        page.locator("#gans-race-new").click()
        page.wait_for_function(
            "old => document.querySelector('#gans-race .race').dataset.race !== old", arg=name, timeout=LONG
        )
        page.wait_for_function(f"{STEP} > 0", timeout=LONG)
        choose(page, "compare")  # leaving the mode ends it
        page.wait_for_timeout(2500)
        seen = page.evaluate(STEP)
        page.wait_for_timeout(1500)
        assert page.evaluate(STEP) == seen
        assert not track.LINE.seen


@pytest.mark.browser
def test_another_seed_ends_what_is_seen_of_a_race_and_run_begins_one_from_it(url: str):
    name = "document.querySelector('#gans-race .race').dataset.race"
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "race")
        page.locator("#gans-race-run").click()
        page.wait_for_function(f"{STEP} > 3 && {STEP} < 200", timeout=LONG)
        before = page.evaluate(name)
        page.locator("#gans-seed-row button, #gans-page .seed-row button").first.click()
        page.wait_for_function(f"old => {name} !== old", arg=before, timeout=LONG)
        another = page.evaluate(name)
        page.wait_for_timeout(3000)  # frames of the old race are still on their way
        assert (page.evaluate(name), page.evaluate(STEP)) == (another, 0)
        page.locator("#gans-race-run").click()
        page.wait_for_function(f"{STEP} > 3", timeout=LONG)
        assert page.evaluate(name) not in (before, another)


@pytest.mark.browser
def test_a_race_with_an_absurd_rate_says_so_and_ends(url: str):
    with open_page(url + "?tab=gans&mode=race&rate=1.0", reduced_motion=True) as page:
        page.locator("#gans-race-run").click()
        page.locator("#gans-said").get_by_text("diverged").wait_for(timeout=LONG)


@pytest.mark.browser
def test_the_second_of_two_races_is_told_how_long_it_waits_and_closing_the_first_page_gives_it_its_turn(url: str):
    with open_page(url, reduced_motion=True) as second:
        first = second.context.new_page()
        first.goto(url)
        for page in (first, second):
            open_gans(page, "race")
        first.locator("#gans-race-run").click()
        first.wait_for_function(f"{STEP} > 1 && {STEP} < 200", timeout=LONG)
        second.locator("#gans-race-run").click()
        second.locator("#gans-said").get_by_text(re.compile("One race is ahead of yours.* seconds?")).wait_for(
            timeout=LONG
        )
        first.close()
        second.wait_for_function(f"{STEP} > 1 && {STEP} < 200", timeout=LONG)
        second.locator("#gans-race-stop").click()


@pytest.mark.browser
def test_the_scenes_play_their_charts_follow_and_the_critics_answer(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "why")
        page.locator("#gans-said").get_by_text("Wasserstein distance falls").wait_for(timeout=LONG)
        line = page.locator("#gans-scene .film-line")
        line.wait_for(state="attached", timeout=LONG)
        there = line.evaluate("l => l.style.left")
        page.locator("#gans-film .strip").focus()
        page.keyboard.press("Home")
        page.wait_for_function("old => document.querySelector('#gans-scene .film-line').style.left !== old", arg=there)
        change(page, page.locator("#gans-topic input[value=slopes]").check)
        choose(page, "critic")
        page.locator("#gans-said").get_by_text("catGAN says").wait_for(timeout=LONG)
        page.locator("#gans-source input[value=sketch]").check()
        page.get_by_text("Draw a digit; the critics answer").wait_for(timeout=LONG)
        box = page.locator("#gans-pad canvas").bounding_box()
        before = page.evaluate(SHEET)
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
        page.mouse.up()
        page.wait_for_function(f"old => {SHEET} !== old", arg=before, timeout=LONG)


@pytest.mark.browser
def test_after_every_step_of_the_path_the_page_still_answers(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page)
        page.evaluate("for (let k = 0; k < 3; k += 1) document.querySelector('#gans-path .next').click()")
        page.wait_for_function(f"{STEP} > 1 && {STEP} < 200", timeout=LONG)
        settle(page)
        assert page.locator("#gans-mode input[value=race]").is_checked()  # the last one pressed is what is shown
        assert page.locator("#gans-path [data-step='2']").get_attribute("aria-current") == "step"
        for step in path.PATH[3:]:
            page.locator("#gans-path .next").click()
            page.locator("#gans-path .look").get_by_text(step.look[:40]).wait_for()
            mode = step.settings["mode"]
            page.wait_for_function(f"location.search.includes('mode={mode}')", timeout=LONG)
            if step.live:
                page.wait_for_function(f"{STEP} > 1 && {STEP} < 200", timeout=LONG)
        choose(page, "race")
        page.locator("#gans-path [data-step='3']").click()
        page.wait_for_function(f"{FRAMES} > 3 && {STEP} > 1", timeout=LONG)  # and now from within a race
        change(page, page.locator("#gans-mode input[value=critic]").check)
        change(page, page.locator("#gans-mode input[value=why]").check)
        change(page, page.locator("#gans-topic input[value=slopes]").check)
        change(page, page.locator("#gans-mode input[value=compare]").check)
        change(page, page.locator("#gans-view input[value=samples]").check)


@pytest.mark.browser
def test_a_link_restores_a_comparison_and_a_race(url: str):
    query = "?tab=gans&mode=compare&pictures=mnist&variants=gan,began&view=samples&seed=7"
    with open_page(url + query, reduced_motion=True) as page:
        page.wait_for_function(f"{PANES} === 2", timeout=LONG)
        assert page.locator("#gans-variants").get_by_label("BEGAN", exact=True).is_checked()
        assert not page.locator("#gans-variants").get_by_label("DCGAN", exact=True).is_checked()
        page.wait_for_url(re.compile("variants=gan%2Cbegan.*seed=7"))
        page.goto(url + "?tab=gans&mode=race&target=moons&left=lsgan&right=dragan&seed=7")
        page.locator("#gans-race").get_by_text("LSGAN").first.wait_for(timeout=LONG)
        assert page.evaluate(STEP) == 0


@pytest.mark.browser
def test_nothing_sticks_out_on_a_phone(url: str):
    with open_page(url, width=390, height=844, reduced_motion=True) as page:
        open_gans(page)
        for _, mode in gans.MODES:
            choose(page, mode)
            for theme in ("dark", "light"):
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                page.wait_for_timeout(250)  # charts follow
                assert page.evaluate("document.documentElement.scrollWidth") <= 390, (mode, theme)
            stage = page.locator("#gans-stage canvas:visible").first.bounding_box()
            assert stage["y"] < 420, mode  # the result is in the first screen
