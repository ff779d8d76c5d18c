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

import core
from demos import frame, gans
from demos.gans import compare, critic
from demos.widgets.sketch_pad import draw_strokes
from tests.browser import open_page
from tests.films import as_url, frames_of

# ------------------------------------------------------------------ compare


def test_the_same_z_lies_in_the_same_cell_of_every_sheet():
    film = compare.compare(["dcgan", "lsgan", "cgan"], view="samples", seed="3")
    z = compare.noise("dcgan-mnist", compare.SAMPLES, 3)
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
        first = model.pictures(compare.noise("dcgan-mnist", compare.WALKERS, seed))[0, 0]
        assert np.abs(frames[moment][:32, :32] / 255 - first.numpy()).max() < 0.01
    steps = np.abs(np.diff(frames.astype(int), axis=0)).mean((1, 2))
    assert steps.max() < 60  # no jump


@pytest.mark.parametrize("of", compare.SETS)
def test_training_is_shown_at_a_dozen_moments_and_every_run_has_losses(of: str):
    for variant in compare.members(of):
        history = core.card(f"{variant}-{of}")["history"]
        assert len(history["sheets"]["steps"]) >= 12
        assert {"critic loss", "generator loss", "critic gradient", "generator gradient"} <= history["curve"].keys()
    names = compare.members(of)[:4]
    film = compare.compare(names, of, "training")
    assert film["frames"] >= 12
    assert film["captions"][-1].startswith("After ")


def test_the_table_holds_what_the_cards_say():
    table = compare.table("mnist")
    rows = {row[0]: dict(zip(table["headers"], row, strict=True)) for row in table["data"]}
    assert len(rows) == len(compare.members("mnist"))
    metrics = core.card("began-mnist")["metrics"]
    assert rows["BEGAN"]["FID"] == round(metrics["FID"], 2)
    assert rows["CGAN"]["class as asked %"] == round(core.card("cgan-mnist")["metrics"]["as_asked"], 2)


def test_convergence_is_drawn_for_those_whose_papers_have_it():
    assert not compare.convergence(["dcgan-mnist", "lsgan-mnist"]).data
    names = ["wgan-mnist", "wgan-gp-mnist", "began-mnist", "dcgan-mnist"]
    assert [trace.name for trace in compare.convergence(names).data] == ["WGAN, clipped", "WGAN-GP", "BEGAN"]


BAD_COMPARISONS = {
    "five variants": (dict(variants=["gan", "dcgan", "cgan", "lsgan", "wgan"]), "5 variants were picked; pick 2 to 4"),
    "none": (dict(variants=[]), "0 variants were picked"),
    "one": (dict(variants=["gan"]), "1 variants were picked"),
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
    digit = critic.stock_digit(4)
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


def test_what_is_on_the_page_before_any_click_was_made_by_the_shipped_weights():
    assert gans.first_sight() == compare.compare(gans.FIRST, view="training"), "run `python -m demos.first_sight`"


# ------------------------------------------------------------------ the page

FRAMES = "Number(document.querySelector('#gans-race .race')?.dataset.frames ?? 0)"
STEP = "Number(document.querySelector('#gans-race .race')?.dataset.step ?? -1)"
SHEET = "document.querySelector('#gans-film .pane.large canvas')?.toDataURL()"


def open_gans(page: Any, mode: str | None = None) -> None:
    page.get_by_role("tab", name="GANs", exact=True).click()
    page.locator("#gans-film .pane.large canvas").first.wait_for()
    if mode:
        page.get_by_label(mode, exact=True).check()


@pytest.mark.browser
def test_a_visitor_compares_scrubs_and_walks(url: str):
    with open_page(url, reduced_motion=True) as page:
        page.get_by_role("button", name="Open GANs").click()
        page.locator("#gans-film .pane.large canvas").first.wait_for()
        last = page.evaluate(SHEET)
        page.locator("#gans-film .strip").focus()
        page.keyboard.press("Home")
        page.wait_for_function(f"old => {SHEET} !== old", arg=last)
        page.locator("#gans-table").get_by_text("WGAN-GP").first.wait_for()
        page.get_by_label("A walk between two z", exact=True).check()
        page.locator("#gans-film .counter").get_by_text(f"of {compare.WALK_FRAMES}").wait_for()
        page.get_by_label("ACGAN", exact=True).check()
        page.locator("#gans-run").click()
        page.wait_for_function("document.querySelectorAll('#gans-film figcaption').length === 4")
        page.get_by_label("EBGAN", exact=True).check()
        page.locator("#gans-run").click()
        page.get_by_text("5 variants were picked").first.wait_for()
        page.get_by_label("Shoes, in colour", exact=True).check()
        page.wait_for_function(
            "!document.querySelector('#gans-variants').textContent.includes('ACGAN')", timeout=30_000
        )


@pytest.mark.browser
def test_a_race_runs_pauses_steps_scrubs_and_stops(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "Race live")
        page.locator("#gans-race .quiet").get_by_text("Nobody runs").wait_for()
        page.locator("#gans-run").click()
        page.wait_for_function(f"{FRAMES} > 8", timeout=60_000)
        page.locator("#gans-pause").click()
        page.wait_for_timeout(1500)
        rested = page.evaluate(STEP)
        page.wait_for_timeout(1000)
        assert page.evaluate(STEP) == rested
        page.locator("#gans-step").click()
        page.wait_for_function(f"{STEP} === {rested + 1}")
        page.locator("#gans-race .race").focus()
        page.keyboard.press("Home")
        assert page.evaluate(STEP) == 0
        page.keyboard.press("End")
        page.locator("#gans-run").click()
        page.wait_for_function(f"{STEP} > {rested + 1}", timeout=30_000)
        page.locator("#gans-stop").click()
        page.wait_for_timeout(1000)
        seen = page.evaluate(FRAMES)
        page.locator("#gans-race .race").focus()
        page.keyboard.press("Home")
        assert page.evaluate(STEP) == 0  # what was seen stays
        page.locator("#gans-run").click()
        page.wait_for_function(f"{FRAMES} > 0 && {FRAMES} < {seen}", timeout=30_000)  # and the next one starts anew
        page.locator("#gans-stop").click()


@pytest.mark.browser
def test_a_race_with_an_absurd_rate_says_so_and_ends(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "Race live")
        page.get_by_text("Settings, also while it runs").click()
        page.locator("#gans-rate input").fill("10")
        page.locator("#gans-run").click()
        page.locator("#gans-race .said").get_by_text("diverged").wait_for(timeout=60_000)


@pytest.mark.browser
def test_closing_the_page_ends_its_race(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "Race live")
        page.locator("#gans-run").click()
        page.wait_for_function(f"{FRAMES} > 3", timeout=60_000)
    with open_page(url, reduced_motion=True) as page:  # one race at a time: this one runs only if the other has ended
        open_gans(page, "Race live")
        page.locator("#gans-run").click()
        page.wait_for_function(f"{FRAMES} > 3", timeout=30_000)
        page.locator("#gans-stop").click()


@pytest.mark.browser
def test_the_second_of_two_races_is_told_where_it_stands_and_gets_its_turn(url: str):
    with open_page(url, reduced_motion=True) as first:
        second = first.context.browser.new_page(reduced_motion="reduce")
        second.goto(url)
        for page in (first, second):
            open_gans(page, "Race live")
        first.locator("#gans-run").click()
        first.wait_for_function(f"{FRAMES} > 3", timeout=60_000)
        second.locator("#gans-run").click()
        second.locator("#gans-race").get_by_text(re.compile("queue: 1/1")).wait_for(timeout=30_000)
        assert second.evaluate(FRAMES) == 0
        first.locator("#gans-stop").click()
        second.wait_for_function(f"{FRAMES} > 3", timeout=30_000)
        second.locator("#gans-stop").click()


@pytest.mark.browser
def test_the_figures_move_and_the_critics_answer(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_gans(page, "Why it matters")
        legend = page.locator("#gans-why .legend")
        legend.get_by_text("Wasserstein: 1.00").wait_for(timeout=30_000)
        page.locator("#gans-shift input[type=range]").focus()
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        legend.get_by_text("Wasserstein: 0.90").wait_for()
        page.get_by_label("Where the penalty lies", exact=True).check()
        legend.get_by_text("DRAGAN asks here").wait_for(timeout=30_000)
        page.get_by_label("Ask the critic", exact=True).check()
        page.locator("#gans-answer .pane.large canvas").first.wait_for(timeout=30_000)
        before = page.locator("#gans-answer canvas").first.evaluate("c => c.toDataURL()")
        box = page.locator("#gans-pad canvas").bounding_box()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
        page.mouse.up()
        page.wait_for_function(
            "old => document.querySelector('#gans-answer canvas').toDataURL() !== old", arg=before, timeout=30_000
        )


@pytest.mark.browser
@pytest.mark.parametrize("number", range(len(gans.EXPERIMENTS)))
def test_each_experiment_sets_the_controls_runs_and_says_what_to_look_for(url: str, number: int):
    settings, words = list(gans.EXPERIMENTS.values())[number]
    with open_page(url, reduced_motion=True) as page:
        open_gans(page)
        page.locator(f"#gans-try-{number}").click()
        page.get_by_text(words[:30]).wait_for()
        if settings["mode"] == "race":
            page.wait_for_function(f"{FRAMES} > 3", timeout=60_000)
            page.locator("#gans-stop").click()
        elif settings["mode"] == "compare":
            page.wait_for_function("document.querySelectorAll('#gans-film figcaption').length === 4", timeout=30_000)
        else:
            page.locator("#gans-answer .pane.large canvas").first.wait_for(timeout=30_000)


@pytest.mark.browser
def test_a_link_restores_a_comparison_and_starts_a_race(url: str):
    query = "?tab=gans&mode=compare&pictures=mnist&variants=gan,began&view=samples&seed=7"
    with open_page(url + query, reduced_motion=True) as page:
        page.wait_for_function("document.querySelectorAll('#gans-film figcaption').length === 2", timeout=30_000)
        assert page.get_by_label("BEGAN", exact=True).is_checked()
        assert not page.get_by_label("DCGAN", exact=True).is_checked()
        page.locator("#gans-link").click()
        page.wait_for_url(re.compile("variants=gan%2Cbegan"))
    query = "?tab=gans&mode=race&target=moons&left=lsgan&right=dragan&rate=0.002&seed=7"
    with open_page(url + query, reduced_motion=True) as page:
        page.wait_for_function(f"{FRAMES} > 3", timeout=60_000)
        page.locator("#gans-race").get_by_text("LSGAN").wait_for()
        page.locator("#gans-stop").click()


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out_on_a_phone(url: str, dark: bool):
    with open_page(url, width=390, height=844, dark=dark, reduced_motion=True) as page:
        page.get_by_role("button", name="Open GANs").wait_for()
        open_gans(page)
        for mode in ("Compare", "Race live", "Why it matters", "Ask the critic"):
            page.get_by_label(mode, exact=True).check()
            page.wait_for_timeout(1500)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, mode
