"""The app as a visitor meets it: handlers called as functions, the API, and the page in Chromium."""

import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

import core
from core import weights, zoo
from core.noise import seeded
from demos import draw, frame, home, pictures, plots
from demos.widgets.sketch_pad import draw_strokes
from tests.browser import open_page
from tests.films import as_url, frames_of

SEVEN = [{"points": [[0.25, 0.25], [0.72, 0.25], [0.45, 0.8]], "size": 0.07}]


# ------------------------------------------------------------------ films


@pytest.mark.parametrize("model", [name for _, name in draw.MODELS])
def test_every_painter_gives_a_film_that_the_strip_can_show(model: str):
    film = draw.generate(model, "3", compare=False)
    steps = core.load(model).n_glimpses
    assert film["frames"] == steps
    for pane in film["panes"]:
        assert len(frames_of(pane)) >= (1 if pane["still"] else steps)
        assert all(len(mark["windows"]) == steps for mark in pane["marks"])
    assert all(len(readout["values"]) == steps for readout in film["readouts"])
    json.dumps(film)


def test_the_same_seed_gives_the_same_film_and_another_seed_another():
    assert draw.generate(seed="5") == draw.generate(seed="5")
    assert draw.generate(seed="5") != draw.generate(seed="6")


def test_the_last_frame_is_what_the_model_samples():
    film = draw.generate(seed="5", compare=False)
    sample = core.load(draw.ATTENTION).sample(1, generator=seeded(5, "latents"))
    last = frames_of(film["panes"][0])[film["frames"] - 1]
    assert np.abs(last / 255 - sample[0, 0].numpy()).max() < 0.003


def test_comparing_adds_the_model_without_attention_on_the_same_seed():
    both, one = draw.generate(seed="5"), draw.generate(seed="5", compare=False)
    other = draw.generate(draw.PLAIN, "5")
    assert [p["film"] for p in both["panes"] if p["large"]] == [one["panes"][0]["film"], other["panes"][0]["film"]]


@pytest.mark.parametrize("seed", [5, 10])
def test_two_digits_show_what_they_were_chosen_from(seed: int):
    shown, hidden = (draw.generate(draw.TWO_DIGITS, str(seed), compare=yes) for yes in (True, False))
    canvas, grid = (pane for pane in shown["panes"] if pane["large"])
    assert canvas["film"] == hidden["panes"][0]["film"]
    assert shown["said"] == hidden["said"]
    assert sum(pane["large"] for pane in hidden["panes"]) == 1
    choice = next(core.load(draw.TWO_DIGITS).choices(1, generator=seeded(seed, "latents")))
    assert f"from {len(choice.z)} candidates" in shown["said"]
    better = int((choice.log_r > choice.log_r[choice.kept]).sum())
    assert f"; {better or 'none'} of them had better odds" in shown["said"]
    cells = frames_of(grid)[0].reshape(10, 60, 10, 60).swapaxes(1, 2).reshape(100, 60, 60)
    last = frames_of(canvas)[shown["frames"] - 1]
    assert np.abs(cells[choice.kept, 2:-2, 2:-2].astype(int) - last[2:-2, 2:-2]).max() <= 1
    framed = [(cell[[0, 1, -2, -1]] == 255).all() and (cell[:, [0, 1, -2, -1]] == 255).all() for cell in cells]
    assert [k for k, yes in enumerate(framed) if yes] == [choice.kept]
    copy = draw.reconstruct(draw.TWO_DIGITS, seed=str(seed))
    assert "candidates" not in copy["said"] + "".join(pane["title"] for pane in copy["panes"])


def test_a_drawn_digit_is_reconstructed():
    film = draw.reconstruct(picture=as_url(draw_strokes(SEVEN, 280)), seed="1", compare=False)
    asked, painted = frames_of(film["panes"][0])[0], frames_of(film["panes"][1])[film["frames"] - 1]
    agreement = np.corrcoef((asked / 255).ravel(), (painted / 255).ravel())[0, 1]
    assert agreement > 0.6
    assert film["series"]["kl"] == pytest.approx(film["readouts"][-1]["values"], abs=1e-3)


def test_a_cluttered_digit_is_classified_and_the_captions_say_what_the_numbers_say():
    film = draw.classify(seed="12")
    rows = np.array(film["probabilities"])
    assert rows.shape == (film["frames"], 10)
    assert np.allclose(rows.sum(1), 1, atol=1e-3)
    assert f"say {rows[-1].argmax()} " in film["captions"][-1]


def test_the_classifier_finds_most_of_the_digits_that_the_app_ships():
    right = 0
    for seed in range(60):
        answer = np.argmax(draw.classify(seed=str(seed))["probabilities"][-1])
        right += answer == pictures.random_digit(seed)[1]
    assert right >= 42  # these writers are not MNIST's; chance would be 6


def test_moving_the_window_moves_what_is_read():
    left, right = (frames_of(draw.attend(g_x=x)["panes"][1])[0] for x in (30.0, 70.0))
    assert np.abs(left.astype(int) - right).mean() > 5
    assert draw.attend(points=1)["panes"][1]["width"] == 1


def test_the_window_closes_in_on_where_the_controls_put_it():
    still = draw.attend(g_x=30.0, delta=2.0, sigma=1.5, points=9)
    film = draw.closing_in("flower", 30.0, 45.0, 2.0, 1.5, 1.0, 9, "0")
    for one, many in zip(still["panes"], film["panes"], strict=True):
        assert np.abs(frames_of(one)[0].astype(int) - frames_of(many)[-1]).max() <= 1
        for a, b in zip(one["marks"], many["marks"], strict=True):
            assert a["windows"][0] == b["windows"][-1]
    (mark,) = film["panes"][0]["marks"]
    assert mark["windows"][0] == [30.0, 45.0, 6.0, 4.5]
    spacings = [window[2] for window in mark["windows"]]
    assert spacings == sorted(spacings, reverse=True)
    assert film["captions"][-1] == still["captions"][0]


@pytest.mark.parametrize("mode", draw.FIRST)
def test_what_is_on_the_page_before_any_click_was_made_by_the_shipped_weights(mode: str):
    values = draw.FIRST[mode]
    shipped = frame.recording(f"draw-{mode}", {"mode": mode} | values)
    made = draw.made(mode, **{key: value for key, value in values.items() if key != "source"})
    assert shipped is not None, "run `python -m demos.first_sight`"
    assert shipped["said"] == made["said"]
    for a, b in zip(shipped["panes"], made["panes"], strict=True):
        assert np.abs(frames_of(a).astype(int) - frames_of(b)).mean() < 1, "run `python -m demos.first_sight`"


def test_a_gif_has_every_step_and_rests_on_the_last():
    film = draw.generate(seed="5")
    picture = Image.open(io.BytesIO(plots.gif(film)))
    assert picture.n_frames <= film["frames"]  # Pillow joins frames that are equal
    total = 0
    for k in range(picture.n_frames):
        picture.seek(k)
        total += picture.info["duration"]
    assert total == 1000 / film["pace"] * (film["frames"] - 1) + 1500


def changed(**pane: Any) -> dict[str, Any]:
    film = draw.attend()
    return film | {"panes": [film["panes"][0] | {"large": True, "marks": []} | pane]}


@pytest.mark.parametrize(
    "film",
    [
        "a film",
        {"frames": 3},
        {"frames": 1, "panes": [{key: value for key, value in changed()["panes"][0].items() if key != "still"}]},
        changed(film=None),
        changed() | {"frames": 10**9},
        changed() | {"panes": 10**4 * changed()["panes"]},
        changed(width=40_000, height=1),
        changed(columns=0),
        changed(height=2.5),
        changed(film="data:image/png;base64,AAAA"),
        changed(film=as_url(Image.new("1", (7000, 7000)))),
        changed(width=8000, height=8000),  # each frame would be made of what is not there
        changed(marks=[{"role": "read", "points": 2, "windows": [[math.inf, 0, 1, 1]]}]),
    ],
    ids=range(13),
)
def test_what_is_no_film_of_ours_becomes_no_gif(film: Any):
    with pytest.raises(ValueError, match="film"):
        plots.gif(film)


def test_a_sketch_is_fitted_and_centred_as_mnist_was():
    corner = [{"points": [[0.05, 0.05], [0.2, 0.2]], "size": 0.03}]
    digit = pictures.as_digit(draw_strokes(corner, 280))[0, 0]
    rows, columns = np.where(digit.numpy() > 0.1)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    mass = digit.sum()
    assert abs(float((digit.sum(1) * np.arange(28)).sum() / mass) - 13.5) < 0.6


# ------------------------------------------------------------------ bad input: one sentence, and the app goes on

HUGE = Image.new("1", (8000, 5000), 1)
BROKEN = as_url(Image.new("L", (64, 64), 9))[:-60]
BAD = {
    "a seed that is no number": (draw.generate, dict(seed="seven"), "whole number"),
    "an empty seed": (draw.generate, dict(seed=""), "whole number"),
    "a seed that is a fraction": (draw.generate, dict(seed="1.5"), "whole number"),
    "a seed below zero": (draw.generate, dict(seed="-1"), "from 0 to"),
    "a seed beyond 2^63": (draw.generate, dict(seed=str(2**63)), "from 0 to"),
    "an endless seed": (draw.generate, dict(seed="9" * 5000), "whole number|from 0 to"),
    "an unknown model": (draw.generate, dict(model="drwa-mnist"), "no DRAW model 'drwa-mnist'"),
    "a model that does not paint": (draw.generate, dict(model="draw-cluttered"), "no DRAW model"),
    "a 40-megapixel picture": (draw.reconstruct, dict(picture=as_url(HUGE)), "40"),
    "a broken picture": (draw.reconstruct, dict(picture=BROKEN), "picture|image"),
    "a picture that is none": (draw.classify, dict(picture="data:text/html;base64,AAAA"), "PNG"),
    "an empty drawing": (draw.classify, dict(picture=as_url(Image.new("RGB", (280, 280), "white"))), "empty|blank"),
    "N of 0": (draw.attend, dict(points=0), "points must be a whole number from 1 to 40"),
    "N of 41": (draw.attend, dict(points=41), "from 1 to 40"),
    "a centre that is NaN": (draw.attend, dict(g_x=float("nan")), "g_x"),
    "a stride of 0": (draw.attend, dict(delta=0.0), "delta"),
    "an infinite blur": (draw.attend, dict(sigma=float("inf")), "sigma"),
    "an unknown photo": (draw.attend, dict(photo="../secret"), "photo must be"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence_and_the_next_click_works(what: str):
    handler, arguments, words = BAD[what]
    with pytest.raises(gr.Error, match=f"(?i){words}") as caught:
        frame.sentences(handler)(**arguments)
    sentence = str(caught.value.message)
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert sentence.endswith(".")
    assert draw.generate(seed="0")["frames"] > 0


def test_an_empty_pad_gets_a_note_at_the_pad():
    for mode in ("reconstruct", "find"):
        with pytest.raises(frame.Note, match="Draw a digit") as caught:
            draw.show(mode, source="sketch")
        assert caught.value.at == "sketch"


@pytest.mark.parametrize("damage", ["missing", "truncated", "another file"])
def test_damaged_weights_get_a_sentence_while_other_models_work(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for path in weights.FOLDER.glob("draw-*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    victim = tmp_path / "draw-mnist.safetensors"
    content = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(content[: len(content) // 2] if damage == "truncated" else content[:-1] + b"\x00\x01")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.delenv("GLIMPSE_WEIGHTS_REPO", raising=False)
    zoo._load.cache_clear()
    with pytest.raises(gr.Error, match="draw-mnist"):
        frame.sentences(draw.generate)()
    assert draw.classify()["frames"] == 8
    monkeypatch.undo()
    zoo._load.cache_clear()
    assert draw.generate()["frames"] > 0


# ------------------------------------------------------------------ the running app


def test_the_api_has_its_names_with_types_and_words(url: str):
    from gradio_client import Client

    client = Client(url, verbose=False)
    api = client.view_api(return_format="dict")["named_endpoints"]
    draws = ["/draw_attend", "/draw_classify", "/draw_generate", "/draw_reconstruct"]
    gans = ["/gan_compare", "/gan_critic", "/gan_race", "/gan_samples"]
    others = ["/infogan_generate", "/infogan_infer", "/pix2pix_compare", "/pix2pix_translate"]
    fgan = ["/fgan_fit", "/fgan_table"]
    pixels = ["/pixels_complete", "/pixels_generate", "/pixels_receptive_field", "/pixels_score"]
    asked = ["/match_image_to_texts", "/match_text_to_images", "/vqa_answer", "/vqa_compare"]
    assert sorted(api) == sorted([*draws, *fgan, *gans, *others, *pixels, *asked])
    parameters = {p["parameter_name"]: p for p in api["/draw_attend"]["parameters"]}
    assert set(parameters) == {"photo", "g_x", "g_y", "delta", "sigma", "gamma", "points", "seed"}
    film = client.predict(seed="5", api_name="/draw_generate")
    assert film == draw.generate(seed="5")
    with pytest.raises(Exception, match="whole number"):
        client.predict(seed="five", api_name="/draw_generate")


def wait_for_film(page: Any, words: str) -> None:
    """Until a pane with that title is there and the film rests on its last frame."""
    page.wait_for_function(
        """words => { const strip = document.querySelector('#draw-film .strip');
        const titles = [...document.querySelectorAll('#draw-film figcaption')].map(x => x.textContent);
        return titles.some(t => t.includes(words)) && !strip.classList.contains('playing'); }""",
        arg=words,
        timeout=30_000,
    )


def open_draw(page: Any) -> None:
    page.get_by_role("tab", name="DRAW", exact=True).click()
    wait_for_film(page, "with attention")


def draw_seven(page: Any) -> None:
    box = page.locator("#draw-sketch canvas").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN[0]["points"]]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=12)
    page.mouse.up()


SEED = "#draw-seed textarea, #draw-seed input"
CHANGED = "old => document.querySelector('#draw-film canvas').toDataURL() !== old"


@pytest.fixture(scope="module")
def draw_page(url: str) -> Iterator[Any]:
    """DRAW's page, opened once. The tests that share it run in their order: those that change nothing come first."""
    with open_page(url, reduced_motion=True) as page:
        open_draw(page)
        yield page


@pytest.mark.browser
def test_downloads_are_named_after_what_made_them(draw_page: Any):
    name = "glimpse-draw-generate-digits-with-attention-and-without-seed-7"
    page = draw_page
    page.locator("#draw-kl .main-svg").first.wait_for()
    with page.expect_download() as gif:
        page.locator("#draw-gif").click()
    assert Path(gif.value.path()).read_bytes().startswith(b"GIF89a")
    assert gif.value.suggested_filename == f"{name}.gif"
    with page.expect_download() as png:
        page.locator("#draw-film .png").click()
    assert png.value.suggested_filename == f"{name}-step-32.png"
    with page.expect_download() as svg:
        page.locator("#draw-kl-box").get_by_role("button", name="SVG").click()
    assert svg.value.suggested_filename == f"{name}-kl.svg"
    picture = Path(svg.value.path()).read_text(encoding="utf-8")
    assert "How much each step changes" in picture
    assert "with attention" in picture  # of what it is
    assert "seed 7" in picture
    with page.expect_download() as csv:
        page.locator("#draw-kl-box").get_by_role("button", name="CSV").click()
    rows = Path(csv.value.path()).read_text(encoding="utf-8").splitlines()
    assert rows[0] == "series,step,% of full scale"
    assert len(rows) == 1 + 2 * 32


@pytest.mark.browser
def test_the_lesson_shows_equations_without_a_network(draw_page: Any):
    page = draw_page
    page.get_by_text("How it works, with the equations").click()
    page.locator("#draw-lesson .katex").first.wait_for()
    assert "$$" not in page.locator("#draw-lesson").inner_text()


@pytest.mark.browser
def test_a_line_in_the_chart_follows_the_film_and_a_click_in_the_chart_goes_there(draw_page: Any):
    page = draw_page
    line = page.locator("#draw-size .film-line")
    line.wait_for(state="attached", timeout=30_000)
    before = line.bounding_box()["x"]
    page.locator("#draw-film .strip").focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        "x => document.querySelector('#draw-size .film-line').getBoundingClientRect().x < x - 100", arg=before
    )
    box = page.locator("#draw-size .js-plotly-plot").bounding_box()
    page.locator("#draw-size .js-plotly-plot").scroll_into_view_if_needed()
    page.locator("#draw-size .js-plotly-plot").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    step = int(page.locator("#draw-film .strip").get_attribute("data-index"))
    assert 10 < step < 22


@pytest.mark.browser
def test_the_diagram_lights_the_parts_that_work(draw_page: Any):
    lit = "part => document.querySelector(`#draw-diagram [data-part='${part}']`).classList.contains('lit')"
    page = draw_page
    assert page.evaluate(lit, "decoder")
    assert not page.evaluate(lit, "encoder")  # nothing is read where a picture is made from noise
    page.get_by_label("Reconstruct", exact=True).check()
    wait_for_film(page, "where it reads")
    assert page.evaluate(lit, "encoder")


@pytest.mark.browser
def test_two_quick_changes_end_at_the_second(draw_page: Any):
    page = draw_page
    for mode in ("Find the digit", "Reconstruct", "Move the window", "Generate"):
        page.get_by_label(mode, exact=True).check()
    page.get_by_label("Reconstruct", exact=True).check()
    page.wait_for_function(
        """() => { const s = document.querySelector('#draw-stage');
        return !s.classList.contains('busy') && s.dataset.caption.startsWith('Reconstruct'); }""",
        timeout=60_000,
    )
    page.wait_for_timeout(1500)
    assert page.locator("#draw-stage").get_attribute("data-caption").startswith("Reconstruct")
    assert "mode=reconstruct" in page.locator("#draw-film .strip").get_attribute("data-key")


@pytest.mark.browser
def test_a_new_seed_and_a_change_at_the_same_time_both_count_whichever_is_first(draw_page: Any):
    page, box = draw_page, "#draw-seed textarea, #draw-seed input"
    clicks = [
        "document.querySelector('#draw-new-seed').click();",
        "document.querySelector('#draw-mode input[value=%s]').click();",
    ]
    for k, mode in enumerate(["generate", "reconstruct", "generate", "reconstruct"]):
        page.locator(box).first.fill("7")
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('#draw-stage').dataset.key.includes('seed=7')", timeout=60_000)
        page.wait_for_function("!document.querySelector('#draw-stage').classList.contains('busy')", timeout=60_000)
        page.evaluate("() => {" + "".join(clicks if k < 2 else clicks[::-1]) % mode + "}")
        page.wait_for_timeout(500)
        page.wait_for_function("!document.querySelector('#draw-stage').classList.contains('busy')", timeout=60_000)
        page.wait_for_timeout(1000)
        key = page.locator("#draw-film .strip").get_attribute("data-key")
        assert f"mode={mode}" in key
        assert f"seed={page.locator(box).first.input_value()}" in key
        assert "seed=7" not in key.split("&")


@pytest.mark.browser
def test_a_bad_seed_is_answered_beside_the_seed_and_the_next_click_works(draw_page: Any):
    page = draw_page
    page.get_by_label("Generate", exact=True).check()
    wait_for_film(page, "with attention")
    page.locator(SEED).fill("a lucky number")
    page.keyboard.press("Enter")
    page.locator("#draw-seed-row").get_by_text("The seed must be a whole number").wait_for()
    assert page.locator(".toast-body").count() == 0
    assert page.locator("#draw-said .now").inner_text().startswith("Still shown: Generate")
    before = page.locator("#draw-film canvas").first.evaluate("c => c.toDataURL()")
    page.locator("#draw-new-seed").click()
    page.wait_for_function(CHANGED, arg=before, timeout=30_000)
    assert page.locator(".note:visible").count() == 0


@pytest.mark.browser
def test_a_visitor_generates_scrubs_reconstructs_and_finds(url: str):
    with open_page(url, reduced_motion=True) as page:
        page.get_by_role("button", name="Open DRAW").click()
        wait_for_film(page, "with attention")
        before = page.locator("#draw-film canvas").first.evaluate("c => c.toDataURL()")
        page.locator("#draw-new-seed").click()
        page.wait_for_function(CHANGED, arg=before, timeout=30_000)
        page.locator("#draw-film .strip").focus()
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        assert page.locator("#draw-film .counter").inner_text() == "step 27 of 32"
        page.wait_for_url(re.compile("step=27"))

        page.get_by_label("Reconstruct", exact=True).check()
        wait_for_film(page, "where it reads")
        page.get_by_label("My own drawing", exact=True).check()
        page.locator("#draw-sketch .note").get_by_text("Draw a digit").wait_for()
        assert "stale" in page.locator("#draw-stage").get_attribute("class")
        before = page.locator("#draw-film canvas").first.evaluate("c => c.toDataURL()")
        draw_seven(page)
        page.wait_for_function(CHANGED, arg=before, timeout=30_000)
        page.locator("#draw-kl .main-svg").first.wait_for()
        page.get_by_role("button", name="Clear").click()
        for part in ("canvas", "#draw-kl-box"):  # the film, and the chart under it
            page.wait_for_function(f"getComputedStyle(document.querySelector('#draw-page {part}')).opacity < 0.5")

        page.get_by_label("A test picture", exact=True).check()
        page.get_by_label("Find the digit", exact=True).check()
        wait_for_film(page, "What it sees")
        assert "it would say" in page.locator("#draw-film .caption").inner_text()

        page.get_by_label("Move the window", exact=True).check()
        wait_for_film(page, "Written back")
        before = page.locator("#draw-film canvas").nth(1).evaluate("c => c.toDataURL()")
        page.locator("#draw-g_x input[type=range]").focus()
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "old => document.querySelectorAll('#draw-film canvas')[1].toDataURL() !== old", arg=before, timeout=30_000
        )
        page.wait_for_url(re.compile("g_x=53"))


@pytest.mark.browser
def test_a_link_restores_tab_controls_strokes_and_the_step(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_draw(page)
        page.get_by_label("Reconstruct", exact=True).check()
        page.get_by_label("My own drawing", exact=True).check()
        page.locator("#draw-sketch canvas").wait_for()
        draw_seven(page)
        wait_for_film(page, "where it reads")
        page.locator(SEED).fill("41")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("seed=41"))
        page.locator("#draw-film .strip").focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(re.compile("step=31"))
        link = page.url
    assert len(link) < 2000
    with open_page(link, reduced_motion=True) as page:
        wait_for_film(page, "where it reads")
        assert page.locator(SEED).input_value() == "41"
        assert page.get_by_label("My own drawing", exact=True).is_checked()
        assert page.locator("#draw-sketch .pad").get_attribute("data-strokes") == "1"
        page.wait_for_function("document.querySelector('#draw-film .counter').textContent === 'step 31 of 32'")


@pytest.mark.browser
def test_a_link_that_makes_no_sense_opens_the_page_all_the_same(url: str):
    query = "?tab=draw&mode=fly&seed=%00x&delta=nan&sketch=%7Bbroken&model=../../etc&compare=perhaps"
    with open_page(url + query, reduced_motion=True) as page:
        page.locator("#draw-page .note:visible").first.wait_for()
        page.locator("#draw-new-seed").click()
        wait_for_film(page, "with attention")


@pytest.mark.browser
def test_nothing_sticks_out_on_a_phone(url: str):
    with open_page(url, width=390, height=844, reduced_motion=True) as page:
        page.get_by_role("button", name="Open DRAW").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        open_draw(page)
        for mode, words in [("Reconstruct", "where it reads"), ("Find the digit", "What it sees")]:
            page.get_by_label(mode, exact=True).check()
            wait_for_film(page, words)
            for theme in ("dark", "light"):
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_the_home_tab_shows_a_card_a_family_and_the_measured_results(url: str):
    with open_page(url) as page:
        page.get_by_text("What was measured, beside the papers").click()
        page.locator("#home-results table").wait_for()
        text = page.locator("#home-results").inner_text()
        assert all(name in text for name in zoo.names() if (weights.FOLDER / f"{name}.json").exists())
        assert page.locator("img.home-picture").count() == len(home.CARDS)
