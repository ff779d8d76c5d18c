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
from demos.pix2pix import films, inputs, paints, parts
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

RED = "#a02018,#e8e0d0"


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
@pytest.mark.parametrize(("show", "frames"), [("photo", 1), ("judge", films.GRID**2), ("noise", films.SAMPLES)])
def test_every_model_gives_a_film_that_the_strip_can_show(model: str, show: str, frames: int):
    film = pix2pix.translate(model, seed="3", show=show)
    assert film["frames"] == frames
    assert all(frames_of(pane).shape[1:3] == (128, 128) for pane in film["panes"])
    assert all(len(frames_of(pane)) >= (1 if pane["still"] else frames) for pane in film["panes"])
    assert film["lit"].keys() <= parts_of_the_diagram()
    assert all(len(strengths) == frames for strengths in film["lit"].values())
    assert re.search(r"\d", film["said"])
    json.dumps(film)


def parts_of_the_diagram() -> set[str]:
    return {*pix2pix.DIAGRAM.boxes, *(f"{start}>{end}" for start, end, *_ in pix2pix.DIAGRAM.arrows)}


def test_a_drawn_shoe_becomes_a_coloured_thing_on_white():
    film = pix2pix.translate(picture=as_url(draw_strokes(STROKES, 384)))
    is_a_coloured_thing_on_white(frames_of(film["panes"][0])[0])


def test_a_drawing_gives_the_same_photo_whatever_came_before_and_noise_only_where_it_is_asked_for():
    url = as_url(draw_strokes(STROKES, 384))
    first = pix2pix.translate(picture=url, seed="1", colours=RED)
    pix2pix.translate(seed="2", show="noise")
    assert pix2pix.translate(picture=url, seed="9", colours=RED) == first
    noisy = pix2pix.translate(picture=url, seed="1", show="noise", colours=RED)
    samples = frames_of(noisy["panes"][0])[: films.SAMPLES]
    assert len({sample.tobytes() for sample in samples} | {frames_of(first["panes"][0])[0].tobytes()}) == 9
    assert pix2pix.translate(picture=url, seed="1", show="noise", colours=RED) == noisy
    assert pix2pix.translate(picture=url, seed="2", show="noise", colours=RED) != noisy
    assert pix2pix.translate(picture=url, colours="#10a040,#f0f0e0") != first


def test_strokes_and_the_browsers_picture_of_them_give_the_same_photo():
    from_strokes, _ = pix2pix.read_input(pix2pix.SHOES, {"strokes": STROKES})
    from_picture, _ = pix2pix.read_input(pix2pix.SHOES, as_url(draw_strokes(STROKES, 280)))
    assert torch.equal(from_strokes, from_picture)


def test_the_sheet_shows_each_part_by_weights_trained_without_it():
    film = pix2pix.compare(seed="0")
    titles = [f"{title} · {film['right'][title]:.0f}%" for title in parts.PARTS]
    assert [pane["title"] for pane in film["panes"]] == titles
    assert len({pane["film"] for pane in film["panes"]}) == len(parts.PARTS)
    whole = core.card("pix2pix-facades-l1-cgan")
    for title, name in parts.PARTS.items():
        card = core.card(name)
        assert card["training"]["steps"] == whole["training"]["steps"], title
        changed = {key for key in card["config"] if card["config"][key] != whole["config"].get(key)}
        assert len(changed) == (name != "pix2pix-facades-l1-cgan"), title


def test_the_verdict_is_the_discriminators_own():
    model = core.load(pix2pix.BAGS)
    x, _ = pix2pix.read_input(pix2pix.BAGS, pix2pix.stock(pix2pix.BAGS, 3))
    film = pix2pix.translate(pix2pix.BAGS, seed="3", show="judge")
    told = paints.tensor(paints.drawn(pix2pix.BAGS, 3))
    verdict = model.judge(x, model.translate(x, told), told)[0, 0]
    assert f"its mean score is {100 * verdict.mean():.0f} of 100" in film["said"]
    assert film["captions"][0] == f"D scores this patch {100 * verdict[0, 0]:.0f} of 100; 50 is undecided."
    assert film["captions"][-1] == f"D scores this patch {100 * verdict[-1, -1]:.0f} of 100; 50 is undecided."
    first, last = (film["panes"][0]["marks"][0]["windows"][k] for k in (0, -1))
    assert first[0] < 10 < 118 < last[0]


def test_a_photo_follows_its_drawing_line_by_line():
    shown = pix2pix.show(pix2pix.SHOES, "lines", shoe={"strokes": STROKES})
    photo, drawing = shown.outputs[0]["panes"]
    count = shown.outputs[0]["frames"]
    ink = [(frame < 128).sum() for frame in frames_of(drawing)[:count]]
    assert ink == sorted(ink)
    assert ink[0] < 0.3 * ink[-1]
    last = pix2pix.translate(picture=as_url(draw_strokes(STROKES, 280)))
    assert np.abs(frames_of(photo)[count - 1].astype(int) - frames_of(last["panes"][0])[0]).mean() < 0.5


def test_a_plan_is_cut_between_its_rectangles_and_a_line_between_its_points():
    boxes = [{"points": [[0, 0], [1, k / 9]], "size": 0.1, "ink": "wall", "box": True} for k in range(1, 8)]
    assert inputs.prefixes(boxes, 24) == [boxes[:k] for k in range(1, 8)]
    line = [{"points": [[k / 50, 0.5] for k in range(50)], "size": 0.1}]
    assert [len(part[0]["points"]) for part in inputs.prefixes(line, 7)] == [8, 15, 22, 29, 36, 43, 50]
    assert inputs.prefixes([{"points": [[0.5, 0.5]], "size": 0.1}], 7) == [[{"points": [[0.5, 0.5]], "size": 0.1}]]


@pytest.mark.parametrize(("points", "stages"), [(100, inputs.STAGES), (20_000, 2)])
def test_a_longer_drawing_grows_in_fewer_steps_and_is_whole_at_the_end(points: int, stages: int):
    line = {"strokes": [{"points": [[k / points, 0.5] for k in range(points)], "size": 0.01}]}
    grown = inputs.growing(inputs.SHOES, line)
    assert len(grown) == stages
    assert torch.equal(grown[-1:], inputs.read_input(inputs.SHOES, line)[0])


def test_the_stock_has_at_least_eight_drawings_a_model_and_none_is_blank():
    for model, kind in inputs.STOCK.items():
        drawings = inputs.sketches()[kind]
        assert len(drawings) >= 8
        for drawing in drawings:
            x, said = pix2pix.read_input(model, drawing)
            assert x.std() > 0.05
            assert not said
    assert pix2pix.stock(pix2pix.SHOES, 5) == pix2pix.stock(pix2pix.SHOES, 5)


def test_an_uploaded_photo_is_drawn_and_painted_again():
    photo = Image.new("RGB", (300, 200), "white")
    photo.paste((120, 40, 30), (60, 60, 240, 150))
    for model in (pix2pix.SHOES, pix2pix.FACADES, pix2pix.PARTS):
        film = pix2pix.show(model, source="upload", upload=file_of(photo)).outputs[0]
        assert len(film["panes"]) == (len(parts.PARTS) if model == pix2pix.PARTS else 3)
        assert all(frames_of(pane).shape[1:3] == (128, 128) for pane in film["panes"])
    film = pix2pix.show(pix2pix.SHOES, source="upload", upload=file_of(photo)).outputs[0]
    edges = frames_of(film["panes"][2])[0]
    assert edges.ndim == 2
    assert 0.005 < (edges < 128).mean() < 0.2
    for view in ("lines", "judge", "noise"):
        assert pix2pix.show(pix2pix.BAGS, view, source="upload", upload=file_of(photo)).outputs[0]["frames"] > 1


# ------------------------------------------------------------------ the two colours


def test_colours_of_photos_ship_for_every_kind():
    for model in pix2pix.KINDS:
        known = paints.stock()[inputs.STOCK[model]]
        assert len(set(known)) >= 24
        assert all(paints.parsed(colour) == colour for pair in known for colour in pair)
        assert paints.drawn(model, 5) == paints.drawn(model, 5)
        assert len({paints.drawn(model, seed) for seed in range(20)}) > 5


def test_colours_come_as_hex_or_as_the_browser_says_them():
    assert paints.read("#8A3b12,#f0e0d0") == ("#8a3b12", "#f0e0d0")
    assert paints.parsed("rgba(138, 59.4, 18, 1)") == paints.parsed("rgb(138,59,18)") == "#8a3b12"
    assert paints.read("") is None
    told = paints.tensor(("#ff0000", "#0000ff"))
    assert told.tolist() == [[1, -1, -1, -1, -1, 1]]
    assert paints.hexes(told) == [("#ff0000", "#0000ff")]


@pytest.mark.parametrize("text", ["red,blue", "#8a3b12", "#8a3b12,", ",", "#1,#2,#3", "rgb(1,2,256),#000000", 7,
                                  "rgb(1.2.3,0,0),#000000", "#8a3b1g,#000000"])  # fmt: skip
def test_what_are_no_colours_get_a_sentence(text: Any):
    with pytest.raises(ValueError, match="colour"):
        paints.read(text)


class Told(torch.nn.Module):
    """A model that takes colours, and paints the whole sheet in the first of them."""

    shape, inputs = (3, 128, 128), 1

    def translate(self, x: torch.Tensor, colours: Any = None, *, generator: Any = None) -> torch.Tensor:
        return (colours[:, :3, None, None] + 1) / 2 + 0 * x


def test_a_model_that_takes_colours_gets_the_visitors_or_those_of_a_photo(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(core, "load", lambda name, *_: Told())
    monkeypatch.setattr(paints, "takes", lambda model: True)
    strokes = {"strokes": STROKES}
    chosen = pix2pix.show(pix2pix.SHOES, shoe=strokes, main="#8a3b12", accent="#ffffff").outputs[0]
    shown = frames_of(chosen["panes"][0])[0, 5, 5].tolist()
    assert shown == pytest.approx([0x8A, 0x3B, 0x12], abs=2), "a photo is sent with small losses"
    url = as_url(draw_strokes(STROKES, 128))
    drawn = pix2pix.translate(picture=url, seed="4")
    assert drawn == pix2pix.translate(picture=url, seed="4", colours=",".join(paints.drawn(pix2pix.SHOES, 4)))
    assert drawn != chosen
    with pytest.raises(frame.Note) as caught:
        pix2pix.show(pix2pix.SHOES, shoe=strokes, main="red", accent="#ffffff")
    assert caught.value.at == "main"


# ------------------------------------------------------------------ bad input

PLAN = Image.new("RGB", (96, 96), tuple(pairs.LABELS["wall"]))
PLAN.paste(tuple(pairs.LABELS["window"]), (20, 20, 40, 50))
WHITE = as_url(Image.new("RGB", (64, 64), "white"))
BAD = {
    "an unknown model": (dict(model="pix2pix-cats"), "no pix2pix model 'pix2pix-cats'"),
    "a model that is not for drawing": (dict(model="pix2pix-labeller"), "no pix2pix model"),
    "an unknown mode": (dict(show="everything"), "show must be photo, judge, noise or paper"),
    "a seed that is no number": (dict(seed="NaN"), "whole number"),
    "an empty sheet": (dict(picture=WHITE), "blank"),
    "a 40-megapixel picture": (dict(picture=as_url(Image.new("1", (8000, 5000), 1))), "40"),
    "a broken picture": (dict(picture=as_url(Image.new("L", (64, 64), 9))[:-60]), "damaged"),
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


def test_an_empty_pad_gets_a_note_at_the_pad_and_others_pads_are_not_read():
    full = {"strokes": STROKES}
    for model, key in [*pix2pix.PADS.items(), (pix2pix.PARTS, "plan")]:
        for empty in (None, {"strokes": []}, ""):
            others = dict.fromkeys(pix2pix.PADS.values(), full) | {key: empty}
            with pytest.raises(frame.Note, match="press “Another drawing”") as caught:
                pix2pix.show(model, **others)
            assert caught.value.at == key
    with pytest.raises(frame.Note, match="Choose a photo"):
        pix2pix.show(pix2pix.SHOES, source="upload", shoe=full)


def test_colours_that_are_no_label_are_taken_for_the_nearest_one_and_this_is_said():
    right, said = pix2pix.read_input(pix2pix.FACADES, as_url(PLAN))
    assert not said
    slightly, said = pix2pix.read_input(pix2pix.FACADES, as_url(PLAN, "JPEG"))
    assert (slightly != right).float().mean() < 0.02
    odd = PLAN.copy()
    odd.paste((90, 90, 90), (0, 48, 96, 96))
    x, said = pix2pix.read_input(pix2pix.FACADES, as_url(odd))
    assert re.match(r"Some colours \((4|5)\d% of the plan\) matched no label", said)
    assert torch.equal(x, pairs.label_colours(pairs.nearest_label(255 * x)))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "P", "1", "I;16"])
def test_uploads_of_every_kind_are_read(mode: str):
    picture = Image.new("RGBA", (80, 60), (255, 255, 255, 0))
    picture.paste((30, 60, 90, 255), (20, 15, 60, 45))
    base = picture if "A" in mode else picture.convert("RGB")
    picture = base.convert("L").convert(mode) if mode == "I;16" else base.convert(mode)
    y, _ = inputs.read_photo(pix2pix.BAGS, file_of(picture, "JPEG" if mode == "CMYK" else "PNG"))
    assert y.shape == (1, 3, 128, 128)
    shown = (255 * y[0].permute(1, 2, 0)).numpy()
    if mode != "I;16":
        assert shown[2, 2].min() > 250  # nothing, or white, is white
        assert shown[64, 64].max() < 130


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (None, "Choose a photo"),
        (b"", "Choose a photo"),
        (b"GIF89a...", "GIF, which cannot be read"),
        (file_of(PLAN)[:90], "damaged or not a picture"),
        (file_of(Image.new("1", (8000, 5000))), "pixels"),
    ],
)
def test_an_upload_that_is_no_photo_gets_a_sentence(file: bytes | None, words: str):
    with pytest.raises(ValueError, match=words):
        inputs.read_photo(pix2pix.BAGS, file)


def test_what_is_on_the_page_before_any_click_was_made_by_the_shipped_weights():
    shipped = pix2pix.show(**pix2pix.FIRST).outputs[0]
    colours = dict(zip(pix2pix.POTS, paints.drawn(pix2pix.SHOES, pix2pix.FIRST_COLOURS), strict=True))
    made = pix2pix.show(**pix2pix.FIRST | dict(view="lines") | colours).outputs[0]
    last = [frames_of(film["panes"][0])[film["frames"] - 1].astype(int) for film in (shipped, made)]
    assert np.abs(last[0] - last[1]).mean() < 1, "run `python -m demos.first_sight`"


def test_the_models_quality_is_what_its_card_says():
    for model in pix2pix.KINDS:
        found = core.card(model)["metrics"]
        assert f"KID × 1000: {found['KID']:.0f}" in parts.quality(model)
        assert f"On {found['n']} unseen" in parts.quality(model)


# ------------------------------------------------------------------ the page

PAINTED = """strokes => { const stage = document.querySelector('#pix2pix-stage');
    const film = stage.querySelector('#pix2pix-film .strip');
    const lines = (film.dataset.key ?? '').match(/points/g) ?? [];
    return !stage.classList.contains('busy') && lines.length === strokes; }"""
PHOTO = "document.querySelector('#pix2pix-film .pane.large canvas')?.toDataURL()"


def open_pix2pix(page: Any) -> None:
    page.get_by_role("tab", name="pix2pix", exact=True).click()
    page.locator("#pix2pix-film .pane.large canvas").first.wait_for()
    page.locator("#pix2pix-shoe canvas").wait_for()


def draw_line(page: Any, pad: str, points: list[list[float]]) -> None:
    page.locator(f"{pad} canvas").scroll_into_view_if_needed()
    box = page.locator(f"{pad} canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def wait_for_strokes(page: Any, pad: str, count: int) -> None:
    page.wait_for_function(f"document.querySelector('{pad} .pad').dataset.strokes === '{count}'", timeout=60_000)


def wait_for_caption(page: Any, words: str, titles: int | None = None) -> None:
    """Until the stage rests, on a result whose caption begins with these words."""
    page.wait_for_function(
        """([words, titles]) => { const stage = document.querySelector('#pix2pix-stage');
        const found = stage.querySelectorAll('#pix2pix-film .pane.large').length;
        return !stage.matches('.busy, .stale') && stage.dataset.caption.startsWith(words)
        && (titles === null || found === titles); }""",
        arg=[words, titles],
        timeout=60_000,
    )


@pytest.mark.browser
def test_a_visitor_draws_a_shoe_and_gets_a_photo_of_something_on_white(url: str):
    with open_page(url, reduced_motion=True) as page:
        page.get_by_role("button", name="Open pix2pix").click()
        page.locator("#pix2pix-film .pane.large canvas").first.wait_for()
        page.locator("#pix2pix-shoe").get_by_role("button", name="Clear").click()
        wait_for_strokes(page, "#pix2pix-shoe", 0)
        page.locator("#pix2pix-shoe .at-control").get_by_text("Draw a shoe here").wait_for()
        page.locator("#pix2pix-stage.stale").wait_for()  # the old photo is dimmed
        before = page.evaluate(PHOTO)
        for points in SHOE:
            draw_line(page, "#pix2pix-shoe", points)
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)
        wait_for_strokes(page, "#pix2pix-shoe", 4)
        page.wait_for_function(PAINTED, arg=4, timeout=60_000)
        wait_for_caption(page, "A shoe", 1)
        photo = plots.from_data_url(page.evaluate(PHOTO)).convert("RGB")
        is_a_coloured_thing_on_white(np.asarray(photo.resize((128, 128))))

        before = page.evaluate(PHOTO)
        page.locator("#pix2pix-another-drawing").click()
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)
        page.get_by_label("A bag", exact=True).check()  # each kind keeps its own drawing
        wait_for_caption(page, "A bag", 1)
        assert page.locator("#pix2pix-shoe").is_hidden()
        assert page.locator("#pix2pix-bag").is_visible()


@pytest.mark.browser
def test_the_lesson_and_the_training_are_shown_and_a_house_front_is_built_judged_and_taken_apart(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        page.locator("#pix2pix-lesson button").first.click()
        page.locator("#pix2pix-lesson .katex").first.wait_for()
        assert "$$" not in page.locator("#pix2pix-lesson").inner_text()
        page.locator("#pix2pix-history button").first.click()
        page.locator("#pix2pix-curve .main-svg").first.wait_for()
        page.locator("#pix2pix-sheets .pane.large canvas").first.wait_for()

        page.get_by_label("A house front", exact=True).check()
        wait_for_caption(page, "A house front", 1)
        page.locator("#pix2pix-plan canvas").wait_for()
        assert page.locator("#pix2pix-plan .inks label").all_inner_texts() == list(pairs.LABELS)
        before = page.evaluate(PHOTO)
        page.locator("#pix2pix-plan").get_by_role("radio", name="door", exact=True).check()
        page.locator("#pix2pix-plan").get_by_role("radio", name="Rectangle").check()
        draw_line(page, "#pix2pix-plan", [[0.4, 0.7], [0.55, 0.95]])
        page.wait_for_function(f"old => {PHOTO} !== old", arg=before, timeout=30_000)
        for view in ("Line by line", "D's verdict", "Dropout noise"):
            page.get_by_label(view, exact=True).check()
            wait_for_caption(page, f"A house front · {view}", 1)
        page.get_by_label("Nine networks, one front", exact=True).check()
        wait_for_caption(page, "Nine networks", len(parts.PARTS))
        assert page.locator("#pix2pix-plan").is_visible()
        assert page.locator("#pix2pix-view").is_hidden()


@pytest.mark.browser
def test_a_link_restores_the_plan_and_leaves_a_drawing_out_that_is_too_long(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_pix2pix(page)
        page.get_by_label("A house front", exact=True).check()
        wait_for_caption(page, "A house front", 1)
        page.locator("#pix2pix-plan").get_by_role("button", name="Clear").click()
        page.locator("#pix2pix-plan").get_by_role("radio", name="Rectangle").check()
        draw_line(page, "#pix2pix-plan", [[0.1, 0.1], [0.9, 0.9]])
        wait_for_strokes(page, "#pix2pix-plan", 1)
        page.wait_for_function("(location.search.match(/points/g) ?? []).length === 1", timeout=60_000)
        link = page.url
        assert "shoe=" not in link  # that pad is hidden
        page.locator("#pix2pix-plan").get_by_role("radio", name="Brush").check()
        for k in range(7):
            zigzag = [[0.1 + 0.07 * i, (0.2, 0.8)[(i + k) % 2]] for i in range(12)]
            draw_line(page, "#pix2pix-plan", zigzag)
        page.get_by_text("too long for a link").first.wait_for()
        page.wait_for_function("!location.search.includes('plan=')")
    assert len(link) < 8200
    with open_page(link, reduced_motion=True) as page:
        page.locator("#pix2pix-plan canvas").wait_for()
        wait_for_strokes(page, "#pix2pix-plan", 1)
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
        page.get_by_label("A photo of mine", exact=True).check()
        page.locator("#pix2pix-source .at-control").get_by_text("Choose a photo").wait_for()
        upload(page, "bag.png", file_of(picture))
        wait_for_caption(page, "A shoe", 3)
        upload(page, "broken.png", file_of(picture)[:80])
        page.get_by_text("damaged or not a picture").first.wait_for()
        page.locator("#pix2pix-stage.stale").wait_for()
        page.get_by_label("My drawing", exact=True).check()
        wait_for_caption(page, "A shoe", 1)


@pytest.mark.browser
def test_nothing_sticks_out_on_a_phone_and_the_photo_comes_before_the_pad(url: str):
    with open_page(url, width=390, height=844, reduced_motion=True) as page:
        open_pix2pix(page)
        boxes = [page.locator(f"#pix2pix-{part}").bounding_box() for part in ("film", "shoe", "model")]
        assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_label("A photo of mine", exact=True).check()
        button = page.locator("#pix2pix-upload")
        button.wait_for()
        assert button.bounding_box()["height"] >= 44
        page.get_by_label("My drawing", exact=True).check()
        page.get_by_label("Nine networks, one front", exact=True).check()
        wait_for_caption(page, "Nine networks", len(parts.PARTS))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#pix2pix-lesson button").first.click()
        page.locator("#pix2pix-lesson table").first.wait_for()
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
