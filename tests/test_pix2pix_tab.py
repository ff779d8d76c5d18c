"""The pix2pix tab as a visitor meets it: handlers called as functions, and the page in Chromium."""

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
import demos
from core import pairs
from demos import frame, pix2pix, plots
from demos.widgets.sketch_pad import draw_strokes
from tests.browser import open_page
from tests.films import as_url, frames_of

SHOE = [  # one stroke around, as a hand draws it: a low shoe, its toe to the right
    [[0.2, 0.34], [0.36, 0.36], [0.44, 0.46], [0.6, 0.53], [0.8, 0.58], [0.88, 0.66], [0.86, 0.72], [0.14, 0.72],
     [0.14, 0.56], [0.2, 0.34]],
    [[0.14, 0.67], [0.88, 0.67]],
    [[0.4, 0.42], [0.34, 0.54]],
    [[0.48, 0.48], [0.42, 0.58]],
]  # fmt: skip
pytestmark = pytest.mark.skipif(pix2pix not in demos.TABS, reason="the tab waits for its weights")
STROKES = [{"points": points, "size": 0.015} for points in SHOE]


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    with io.BytesIO() as out:
        picture.save(out, kind, **options)
        return out.getvalue()


def is_a_coloured_thing_on_white(photo: np.ndarray) -> None:
    """photo: (H, W, 3) bytes. White at the border, and in the middle leather: darker, or of some colour."""
    border = np.concatenate([photo[:6].reshape(-1, 3), photo[-6:].reshape(-1, 3)])
    assert np.median(border) > 245
    h, w, _ = photo.shape
    inside = photo[int(0.6 * h) : int(0.65 * h), int(0.25 * w) : int(0.75 * w)].reshape(-1, 3).astype(int)
    coloured = (np.ptp(inside, axis=1) > 20) | (inside.mean(1) < 190)
    assert coloured.mean() > 0.8


# ------------------------------------------------------------------ handlers


@pytest.mark.parametrize("model", [name for _, name in pix2pix.MODELS])
@pytest.mark.parametrize(("show", "panes"), [("photo", 1), ("judge", 2), ("noise", 4)])
def test_every_model_gives_a_film_that_the_strip_can_show(model: str, show: str, panes: int):
    film = pix2pix.translate(model, seed="3", show=show)
    assert film["frames"] == 1
    assert len(film["panes"]) == panes
    assert all(frames_of(pane).shape == (1, 128, 128, 3) for pane in film["panes"])
    json.dumps(film)


def test_a_drawn_shoe_becomes_a_coloured_thing_on_white():
    film = pix2pix.translate(picture=as_url(draw_strokes(STROKES, 384)))
    is_a_coloured_thing_on_white(frames_of(film["panes"][0])[0])


def test_a_drawing_gives_the_same_photo_whatever_came_before_and_noise_only_where_it_is_asked_for():
    url = as_url(draw_strokes(STROKES, 384))
    first = pix2pix.translate(picture=url, seed="1")
    pix2pix.translate(seed="2", show="noise")
    assert pix2pix.translate(picture=url, seed="9") == first
    throws = [pane["film"] for pane in pix2pix.translate(picture=url, seed="1", show="noise")["panes"]]
    assert len({*throws, first["panes"][0]["film"]}) == 5
    again = [pane["film"] for pane in pix2pix.translate(picture=url, seed="1", show="noise")["panes"]]
    assert again == throws


def test_strokes_and_the_browsers_picture_of_them_give_the_same_photo():
    from_strokes, _ = pix2pix.read_input(pix2pix.SHOES, {"strokes": STROKES})
    from_picture, _ = pix2pix.read_input(pix2pix.SHOES, as_url(draw_strokes(STROKES, 280)))
    assert torch.equal(from_strokes, from_picture)


def test_the_sheet_shows_each_part_by_weights_trained_without_it():
    film = pix2pix.compare(seed="0")
    assert [pane["title"] for pane in film["panes"]] == list(pix2pix.PARTS)
    assert len({pane["film"] for pane in film["panes"]}) == len(pix2pix.PARTS)
    whole = core.card("pix2pix-facades-l1-cgan")
    for title, name in pix2pix.PARTS.items():
        card = core.card(name)
        assert card["training"]["steps"] == whole["training"]["steps"], title
        changed = {key for key in card["config"] if card["config"][key] != whole["config"].get(key)}
        assert len(changed) == (name != "pix2pix-facades-l1-cgan"), title


def test_the_verdict_is_the_discriminators_own():
    model = core.load(pix2pix.BAGS)
    x, _ = pix2pix.read_input(pix2pix.BAGS, pix2pix.stock(pix2pix.BAGS, 3))
    said = pix2pix.translate(pix2pix.BAGS, seed="3", show="judge")["captions"][0]
    share = model.judge(x, model.translate(x)).mean().item()
    assert f"{share:.0%} of the patches" in said


def test_the_stock_has_at_least_eight_drawings_a_model_and_none_is_blank():
    for model, kind in pix2pix.STOCK.items():
        drawings = pix2pix.sketches()[kind]
        assert len(drawings) >= 8
        for drawing in drawings:
            x, said = pix2pix.read_input(model, drawing)
            assert x.std() > 0.05
            assert not said
    assert pix2pix.stock(pix2pix.SHOES, 5) == pix2pix.stock(pix2pix.SHOES, 5)


def test_an_uploaded_photo_is_drawn_and_painted_again():
    photo = Image.new("RGB", (300, 200), "white")
    photo.paste((120, 40, 30), (60, 60, 240, 150))
    for model, colours in [(pix2pix.SHOES, 1), (pix2pix.FACADES, 3)]:
        film = pix2pix.again(model, file_of(photo))
        assert [frames_of(pane).shape[1:3] for pane in film["panes"]] == [(128, 128)] * 3
        assert frames_of(film["panes"][1]).reshape(1, 128, 128, -1).shape[-1] == colours
    edges = frames_of(pix2pix.again(pix2pix.SHOES, file_of(photo))["panes"][1])[0]
    assert 0.005 < (edges < 128).mean() < 0.2


# ------------------------------------------------------------------ bad input

PLAN = Image.new("RGB", (96, 96), tuple(pairs.LABELS["wall"]))
PLAN.paste(tuple(pairs.LABELS["window"]), (20, 20, 40, 50))
WHITE = as_url(Image.new("RGB", (64, 64), "white"))
BAD = {
    "an unknown model": (dict(model="pix2pix-cats"), "no pix2pix model 'pix2pix-cats'"),
    "a model that is not for drawing": (dict(model="pix2pix-labeller"), "no pix2pix model"),
    "an unknown mode": (dict(show="everything"), "show must be photo, judge or noise"),
    "a seed that is no number": (dict(seed="NaN"), "whole number"),
    "an empty sheet": (dict(picture=WHITE), "blank"),
    "a 40-megapixel picture": (dict(picture=as_url(Image.new("1", (8000, 5000), 1))), "40"),
    "a broken picture": (dict(picture=as_url(Image.new("L", (64, 64), 9))[:-60]), "broken|cut"),
    "a page in place of a picture": (dict(picture="data:text/html;base64,AAAA"), "PNG"),
    "a plan that is not square": (
        dict(model=pix2pix.FACADES, picture=as_url(PLAN.resize((96, 64)))),
        "96 x 64 pixels; a square",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence(what: str):
    arguments, words = BAD[what]
    with pytest.raises(gr.Error, match=f"(?i){words}") as caught:
        frame.sentences(pix2pix.translate)(**arguments)
    sentence = str(caught.value.message)
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert sentence.endswith(".")


def test_an_empty_pad_gets_a_sentence_when_run_is_pressed_and_silence_before():
    for show in ("photo", "parts"):
        with pytest.raises(ValueError, match="the pad is empty"):
            pix2pix.explore(pix2pix.SHOES, show, None, {"strokes": []}, "0")
        assert pix2pix.follow(pix2pix.SHOES, show, None, {"strokes": []}, "0") == gr.skip()


def test_colours_that_are_no_label_are_taken_for_the_nearest_one_and_this_is_said():
    right, said = pix2pix.read_input(pix2pix.FACADES, as_url(PLAN))
    assert not said
    slightly, said = pix2pix.read_input(pix2pix.FACADES, as_url(PLAN, "JPEG"))
    assert (slightly != right).float().mean() < 0.02
    odd = PLAN.copy()
    odd.paste((90, 90, 90), (0, 48, 96, 96))
    x, said = pix2pix.read_input(pix2pix.FACADES, as_url(odd))
    assert re.match(r"(4|5)\d% of the plan had colours that are no label's", said)
    assert torch.equal(x, pairs.label_colours(pairs.nearest_label(255 * x)))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "P", "1", "I;16"])
def test_uploads_of_every_kind_are_read(mode: str):
    picture = Image.new("RGBA", (80, 60), (255, 255, 255, 0))
    picture.paste((30, 60, 90, 255), (20, 15, 60, 45))
    base = picture if "A" in mode else picture.convert("RGB")
    picture = base.convert("L").convert(mode) if mode == "I;16" else base.convert(mode)
    film = pix2pix.again(pix2pix.BAGS, file_of(picture, "JPEG" if mode == "CMYK" else "PNG"))
    shown = frames_of(film["panes"][0])[0]
    assert shown.shape == (128, 128, 3)
    if mode != "I;16":
        assert shown[2, 2].min() > 250  # nothing, or white, is white
        assert shown[64, 64].max() < 130


def test_no_upload_gets_a_sentence():
    with pytest.raises(ValueError, match="no photo came"):
        pix2pix.again(pix2pix.BAGS, None)


def test_what_is_on_the_page_before_any_click_was_made_by_the_shipped_weights():
    made = pix2pix.translate(seed=str(pix2pix.FIRST_SEED))
    for a, b in zip(pix2pix.first_sight()["panes"], made["panes"], strict=True):
        assert np.abs(frames_of(a).astype(int) - frames_of(b)).mean() < 1, "run `python -m demos.first_sight`"


# ------------------------------------------------------------------ the page

PHOTO = "document.querySelector('#pix2pix-film .pane.large canvas')?.toDataURL()"


def open_pix2pix(page: Any) -> None:
    page.get_by_role("tab", name="pix2pix", exact=True).click()
    page.locator("#pix2pix-film .pane.large canvas").first.wait_for()
    page.locator("#pix2pix-pad canvas").wait_for()


def draw_line(page: Any, pad: str, points: list[list[float]]) -> None:
    box = page.locator(f"{pad} canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def wait_for_titles(page: Any, words: str, count: int) -> None:
    page.wait_for_function(
        """([words, count]) => { const titles = [...document.querySelectorAll('#pix2pix-film figcaption')]
        .map(x => x.textContent); return titles.length === count && titles.some(t => t.includes(words)); }""",
        arg=[words, count],
        timeout=60_000,
    )


@pytest.mark.browser
def test_a_visitor_draws_a_shoe_and_gets_a_photo_of_something_on_white(url: str):
    with open_page(url, reduced_motion=True) as page:
        page.get_by_role("button", name="Open pix2pix").click()
        page.locator("#pix2pix-film .pane.large canvas").first.wait_for()
        page.locator("#pix2pix-pad").get_by_role("button", name="Clear").click()
        page.wait_for_function("document.querySelector('#pix2pix-pad .pad').dataset.strokes === '0'")
        before = page.evaluate(PHOTO)
        for points in SHOE:
            draw_line(page, "#pix2pix-pad", points)
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)
        page.wait_for_function("document.querySelector('#pix2pix-pad .pad').dataset.strokes === '4'")
        page.wait_for_timeout(1500)  # the photo of the last stroke
        photo = plots.from_data_url(page.evaluate(PHOTO)).convert("RGB")
        is_a_coloured_thing_on_white(np.asarray(photo.resize((128, 128))))

        before = page.evaluate(PHOTO)
        page.locator("#pix2pix-surprise").click()
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)


@pytest.mark.browser
def test_a_house_front_is_built_judged_and_taken_apart(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        page.get_by_label("A house front", exact=True).check()
        page.locator("#pix2pix-plan canvas").wait_for()
        page.wait_for_timeout(1500)
        assert page.locator("#pix2pix-plan .inks label").all_inner_texts() == list(pairs.LABELS)
        before = page.evaluate(PHOTO)
        page.locator("#pix2pix-plan").get_by_role("radio", name="door", exact=True).check()
        page.locator("#pix2pix-plan").get_by_role("radio", name="Rectangle").check()
        draw_line(page, "#pix2pix-plan", [[0.4, 0.7], [0.55, 0.95]])
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)
        page.get_by_label("Where does D look?", exact=True).check()
        wait_for_titles(page, "What D says", 2)
        page.get_by_label("Four throws of the noise", exact=True).check()
        wait_for_titles(page, "Throw 4", 4)
        page.get_by_label("What does each part do?", exact=True).check()
        wait_for_titles(page, "Encoder-decoder", len(pix2pix.PARTS))


@pytest.mark.browser
@pytest.mark.parametrize("number", range(len(pix2pix.EXPERIMENTS)))
def test_each_experiment_sets_the_controls_runs_and_says_what_to_look_for(url: str, number: int):
    settings, words = list(pix2pix.EXPERIMENTS.values())[number]
    expected = {"photo": ("The photo", 1), "noise": ("Throw 4", 4), "parts": ("Patch 16", len(pix2pix.PARTS))}
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        before = page.evaluate(PHOTO)
        page.locator(f"#pix2pix-try-{number}").click()
        page.get_by_text(words[:30]).wait_for()
        wait_for_titles(page, *expected[settings()["show"]])
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)


@pytest.mark.browser
def test_a_link_restores_the_plan_and_leaves_a_drawing_out_that_is_too_long(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        page.get_by_label("A house front", exact=True).check()
        page.locator("#pix2pix-plan canvas").wait_for()
        page.locator("#pix2pix-plan").get_by_role("button", name="Clear").click()
        page.locator("#pix2pix-plan").get_by_role("radio", name="Rectangle").check()
        draw_line(page, "#pix2pix-plan", [[0.1, 0.1], [0.9, 0.9]])
        page.wait_for_function("document.querySelector('#pix2pix-plan .pad').dataset.strokes === '1'")
        page.locator("#pix2pix-link").click()
        page.wait_for_url(re.compile("plan="))
        link = page.url
        assert "sketch=" not in link  # that pad is hidden
        page.locator("#pix2pix-plan").get_by_role("radio", name="Brush").check()
        for k in range(12):
            zigzag = [[0.1 + 0.07 * i, (0.2, 0.8)[(i + k) % 2]] for i in range(12)]
            draw_line(page, "#pix2pix-plan", zigzag)
        page.wait_for_timeout(500)
        page.locator("#pix2pix-link").click()
        page.get_by_text("the drawing is too long").wait_for()
        assert "plan=" not in page.url
    assert len(link) < frame.LONGEST_LINK
    with open_page(link, reduced_motion=True) as page:
        page.locator("#pix2pix-plan canvas").wait_for()
        page.wait_for_function("document.querySelector('#pix2pix-plan .pad').dataset.strokes === '1'")
        assert page.get_by_label("A house front", exact=True).is_checked()


def upload(page: Any, name: str, content: bytes) -> None:
    with page.expect_file_chooser() as waiting:
        page.locator("#pix2pix-upload").click()
    waiting.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})


@pytest.mark.browser
def test_an_upload_shows_photo_edges_and_photo_again(url: str):
    picture = Image.new("RGB", (300, 300), "white")
    picture.paste((140, 30, 30), (60, 120, 240, 240))
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        upload(page, "bag.png", file_of(picture))
        wait_for_titles(page, "The photo again", 3)
        upload(page, "broken.png", file_of(picture)[:80])
        page.get_by_text("broken or no photo").first.wait_for()
        page.locator("#pix2pix-run").click()
        wait_for_titles(page, "The photo", 1)


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out_on_a_phone(url: str, dark: bool):
    with open_page(url, width=390, height=844, dark=dark, reduced_motion=True) as page:
        page.get_by_role("button", name="Open pix2pix").wait_for()
        open_pix2pix(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_label("A house front", exact=True).check()
        page.locator("#pix2pix-plan canvas").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_label("What does each part do?", exact=True).check()
        wait_for_titles(page, "Patch 286", len(pix2pix.PARTS))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#pix2pix-lesson button").first.click()
        page.locator("#pix2pix-lesson table").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_the_lesson_and_the_training_are_shown(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        page.locator("#pix2pix-lesson button").first.click()
        page.locator("#pix2pix-lesson .katex").first.wait_for()
        assert "$$" not in page.locator("#pix2pix-lesson").inner_text()
        page.locator("#pix2pix-history button").first.click()
        page.locator("#pix2pix-curve .main-svg").first.wait_for()
        page.locator("#pix2pix-sheets .pane.large canvas").first.wait_for()
