"""The infoGAN tab as a visitor meets it: turning, sweeping, reading, what was learned, and the page in Chromium."""

import json
import math
import time
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go
import pytest
import torch

import app
import core
from core.gan.codes import MEASURES, measured
from core.weights import WeightsError
from demos import frame, infogan, pictures
from demos.infogan import codes, learned, path
from demos.infogan.codes import Codes
from demos.widgets.sketch_pad import draw_strokes
from tests.browser import open_page
from tests.films import as_url, frames_of
from tests.test_frame import open_tab, query, rested

DIGITS = codes.SETS["digits"]
AT = Codes(3, 0.4, -1.2)
SEVEN = {"strokes": path.SEVEN}


def show(**values: Any) -> Any:
    """What the page shows for its first values and these."""
    page = app.pages["infogan"]
    return page.tried(page.show, page.defaults() | values)


def picture(name: str, at: Codes, seed: int) -> np.ndarray:
    """The picture itself, without anything of the tab: (32, 32) in [0, 255]."""
    model = core.load(name)
    told = torch.zeros(1, 12)
    told[0, at.category], told[0, 10], told[0, 11] = 1, at.c2, at.c3
    return 255 * model.pictures(codes.noise(name, seed), told)[0, 0].numpy()


# ------------------------------------------------------------------ turn


@pytest.mark.parametrize("of", codes.SETS)
def test_the_last_frame_has_the_codes_of_the_controls_and_the_film_rests_there(of: str):
    category, c2, c3 = infogan.KEYS[of]
    film = show(of=of, seed="9", **{category: AT.category, c2: AT.c2, c3: AT.c3}).outputs[0]
    assert film["start"] == film["frames"] - 1
    frames = frames_of(film["panes"][0])
    assert np.abs(frames[film["start"]] - picture(codes.SETS[of], AT, 9)).max() <= 2
    assert np.abs(frames[0] - picture(codes.SETS[of], AT._replace(c2=-2.0), 9)).max() <= 2
    other = AT._replace(category=7)
    assert np.abs(frames[2 * len(codes.STEPS) + 7] - picture(codes.SETS[of], other, 9)).max() <= 2
    assert len(film["captions"]) == film["frames"]


def test_a_tour_turns_one_code_at_a_time():
    for each in codes.tour(AT):
        assert sum(a != b for a, b in zip(each, AT, strict=True)) <= 1


def test_beside_it_stands_the_network_that_was_asked_for_with_the_same_codes():
    plain = show(category=3, c2=0.4, c3=-1.2, beside="plain", seed="9").outputs[0]
    assert np.abs(frames_of(plain["panes"][1])[plain["start"]] - picture(codes.PLAIN, AT, 9)).max() <= 2
    for beside, (title, name) in codes.TOLD.items():
        film = show(category=3, beside=beside, seed="9").outputs[0]
        assert film["panes"][1]["title"].startswith(title)
        label = core.load(DIGITS).digits()[3]
        told = torch.eye(10)[[label]]
        given = 255 * core.load(name).pictures(codes.noise(name, 9), told)[0, 0].numpy()
        assert np.abs(frames_of(film["panes"][1])[film["start"]] - given).max() <= 2
    assert len(show(beside="none").outputs[0]["panes"]) == 1
    assert len(show(of="clothes").outputs[0]["panes"]) == 1


def test_the_sentence_says_what_q_reads_off_this_picture():
    shown = show(category=3, c2=0.4, c3=-1.2, beside="none", seed="9")
    x = torch.from_numpy(picture(DIGITS, AT, 9) / 255)[None, None].float()
    p, mean, _ = core.load(DIGITS).infer(x)
    guess = int(p.argmax())
    assert f"Q reads {codes.things(DIGITS)[guess]} (category {guess}, {p.max().item():.0%} sure)" in shown.said
    assert f"{codes.signed(mean[0, 0].item())} ± " in shown.said
    assert f"Asked for {codes.things(DIGITS)[3]} (category 3)" in shown.said


def test_the_rewarded_codes_turn_the_picture_and_the_others_hardly():
    film = show(beside="plain").outputs[0]
    change = [np.abs(np.diff(frames_of(pane)[:28].astype(int), axis=0)).mean() for pane in film["panes"]]
    assert change[0] > 3 * change[1]


def test_a_slider_is_answered_within_a_fifth_of_a_second():
    show(c2=0.1)
    times = []
    for k in range(7):
        started = time.process_time()  # what the machine does beside it is not the tab's
        show(c2=k / 10)
        times.append(time.process_time() - started)
    assert sorted(times)[3] < 0.2


def test_numbers_are_read_as_people_write_them():
    assert [codes.signed(v) for v in (0.0, -0.001, 1.0, -1.25, 0.5, 10.0)] == ["0", "0", "1", "−1.25", "0.5", "10"]


# ------------------------------------------------------------------ names of what was measured


def card(**metrics: float) -> dict[str, Any]:
    return {"metrics": metrics}


def test_sliders_are_named_by_what_was_measured_and_by_nothing_else(monkeypatch: pytest.MonkeyPatch):
    metrics = {"c2 slant": -0.9, "c2 width": 0.2, "c2 thickness": 0.1}
    metrics |= {"c3 slant": 0.1, "c3 width": 0.49, "c3 thickness": 0.3}
    monkeypatch.setattr(core, "card", lambda name: card(**metrics))
    assert codes.meanings(DIGITS) == ["slant to the left (c₂)", "c₃"]
    metrics |= {"c2 slant": 0.9, "c3 thickness": -0.8}
    assert codes.meanings(DIGITS) == ["slant to the right (c₂)", "thinness (c₃)"]
    monkeypatch.setattr(core, "card", lambda name: card())
    assert codes.meanings(DIGITS) == ["c₂", "c₃"]


def test_more_of_what_a_number_is_called_is_seen_where_it_is_higher():
    for code, label in enumerate(codes.labels("digits")):
        measure, r = codes.changed(DIGITS)[code]
        assert label.startswith(codes.OF[measure][r > 0])
        low, high = (measures(code, value)[:, MEASURES.index(measure)] for value in (-1.0, 1.0))
        assert (high > low if r > 0 else high < low).float().mean() > 0.9


def measures(code: int, value: float) -> torch.Tensor:
    """Slant, width and thickness of 50 digits with one of the two numbers set: (50, 3)."""
    numbers = [value if k == code else 0.0 for k in range(2)]
    return measured(torch.cat([codes.made(DIGITS, [Codes(k, *numbers) for k in range(10)], seed) for seed in range(5)]))


def test_every_category_stands_once_in_the_order_of_what_it_makes():
    for of in codes.SETS:
        choices = infogan.choices(of)
        assert sorted(k for _, k in choices) == list(range(10))
        digits = core.load(codes.SETS[of]).digits()
        assert [digits[k] for _, k in choices] == list(range(10))
        assert infogan.thumbnails(of, "category").count("data:image/png") == 10


def test_the_tab_stands_without_its_weights(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> Any:
        raise WeightsError(f"there are no weights of '{name}'")

    monkeypatch.setattr(core, "load", missing)
    monkeypatch.setattr(core, "card", missing)
    with gr.Blocks():
        page = infogan.build()
    assert "missing or damaged" in page.board.value["note"]["text"]
    assert learned.measured().count("\n") == 1  # the table's head alone


# ------------------------------------------------------------------ sweep


def test_sheets_fill_row_by_row_where_their_mode_is_opened():
    at = Codes(3, 0.5, -1.0)
    whole, film = (codes.swept("digits", at, 1, row_by_row=rows) for rows in (False, True))
    assert film["frames"] == len(codes.STEPS)
    for sheet, pane in zip(whole["panes"], film["panes"], strict=True):
        (still,), frames = frames_of(sheet), frames_of(pane)
        for k, picture in enumerate(frames):
            there = codes.SIDE * (k + 1)
            assert (picture[:there] == still[:there]).all()
            assert not picture[there:].any()
        assert frames.any((1, 2, 3) if frames.ndim == 4 else (1, 2)).all()


def test_each_sheet_sweeps_two_codes_and_a_click_takes_those_of_its_cell():
    values = dict(mode="sweep", category=3, c2=0.5, c3=-1.0, seed="9")
    film = show(**values).outputs[0]
    at = Codes(3, 0.5, -1.0)
    for number, pane in enumerate(film["panes"]):
        columns, rows = pane["cells"]
        sheet = frames_of(pane)[0]
        assert sheet.shape == (32 * rows, 32 * columns)
        for column, row in [(0, 0), (columns - 1, 2), (4, rows - 1)]:
            taken = codes.cell(at, number, column, row)
            shown = sheet[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
            assert np.abs(shown - picture(DIGITS, taken, 9)).max() <= 2
            assert sum(a != b for a, b in zip(taken, at, strict=True)) <= 2
        (g_x, g_y, _, _), *_ = pane["marks"][0]["windows"]
        assert codes.cell(at, number, int(g_x // 32), int(g_y // 32)) == at
    event = SimpleNamespace(pane=2, column=0, row=8)
    assert infogan.take(event, **values) == {"mode": "turn", "category": 3, "c2": -2.0, "c3": 2.0}
    clothes = dict(mode="sweep", of="clothes", garment=1, g2=0.0, g3=0.0)
    assert infogan.take(SimpleNamespace(pane=0, column=6, row=4), **clothes)["garment"] == 6
    assert infogan.take(event, mode="turn") == {}


@pytest.mark.parametrize("place", [(3, 0, 0), (2, 9, 0), (0, 0, 9), (0, -1, 0), (0, "x", 0), (None, 0, 0)])
def test_a_cell_that_is_none_gets_a_sentence(place: tuple):
    with pytest.raises(ValueError, match=r"there is no cell|must be a whole number from 0 to 9"):
        codes.cell(AT, *place)


# ------------------------------------------------------------------ read


def test_a_drawing_sets_the_sliders_and_is_drawn_again_from_them():
    wanted = infogan.read(mode="read", source="sketch", sketch=SEVEN)
    x = pictures.drawn_digit(SEVEN)
    p, mean, _ = core.load(DIGITS).infer(x)
    assert wanted["category"] == int(p.argmax())
    for key, value in zip(("c2", "c3"), mean[0].tolist(), strict=True):
        assert wanted[key] == pytest.approx(max(-2, min(2, value)), abs=0.026)
    film = show(mode="read", source="sketch", sketch=SEVEN, **wanted).outputs[0]
    assert [pane["title"] for pane in film["panes"]] == ["The digit", "Drawn from Q's codes"]
    assert film["frames"] == codes.NOISES
    drawn = frames_of(show(mode="read", source="sketch", sketch=SEVEN, seed="0", **wanted).outputs[0]["panes"][1])
    assert np.abs(drawn[0] - picture(DIGITS, Codes(**wanted), 0)).max() <= 2  # as when the codes are turned
    turned = show(mode="read", source="sketch", sketch=SEVEN, **wanted | {"c2": -wanted["c2"] or 1.0})
    assert [pane["title"] for pane in turned.outputs[0]["panes"]][2:] == ["From your codes"]
    assert "The sliders stand at" in turned.said


def test_another_test_digit_brings_its_own_codes_and_other_modes_keep_theirs():
    settings = infogan.another(mode="read", source="stock")
    x = pictures.stock_digit(int(settings["which"]))
    assert {key: settings[key] for key in ("category", "c2", "c3")} == codes.best(codes.found(DIGITS, x))._asdict()
    assert infogan.read(mode="turn") == {}


def test_an_empty_pad_and_a_wrong_number_are_said_where_they_are():
    empty = show(mode="read", source="sketch", sketch=None)
    assert (empty.at, "Draw a large digit" in str(empty)) == ("sketch", True)
    wrong = show(mode="read", source="stock", which="four")
    assert wrong.at == "which"
    assert "number of the test digit must be a whole number" in str(wrong)
    assert show(seed="-1").at == "seed"


# ------------------------------------------------------------------ what it learned


@pytest.mark.parametrize("of", codes.SETS)
def test_the_bound_follows_the_sheets_and_has_its_maximum_drawn(of: str):
    film, bound, matrix = show(mode="learned", of=of).outputs
    steps, _ = core.sheets(codes.SETS[of])
    assert film["frames"] == len(steps)
    assert list(bound.layout.meta["steps"]) == steps
    assert bound.layout.shapes[0].y0 == pytest.approx(math.log(10))
    lines = {trace.name: trace for trace in bound.data}
    curve = core.card(codes.SETS[of])["history"]["curve"]
    assert list(lines["category c₁"].y) == curve["generator L_I"]
    assert any("no reward" in name for name in lines) == (of == "digits")
    assert isinstance(matrix, go.Figure)


def test_the_matrix_has_shares_of_each_label_with_its_category_on_the_diagonal():
    met = torch.tensor([[0.0, 30.0], [10.0, 10.0]])
    assert learned.shares(met).tolist() == [[0.0, 0.75], [1.0, 0.25]]
    heat = learned.matrix("digits").data[0]
    assert np.array(heat.z).sum(0) == pytest.approx([100] * 10)
    model = core.load(DIGITS)
    rows = [int(label.removeprefix("c₁ = ")) for label in heat.y]
    assert [model.digits()[k] for k in rows] == list(range(10))
    expected = 100 * (model.met / model.met.sum(0))[rows[4]]
    assert heat.z[4] == pytest.approx(expected.tolist(), rel=1e-4)


def test_the_lessons_table_has_what_the_cards_say():
    rows = learned.measured().splitlines()[2:]
    assert len(rows) == len(codes.MODELS)
    metrics = core.card(DIGITS)["metrics"]
    assert f"{metrics['accuracy']:.1f}%" in rows[0]
    assert f"{metrics['c2 slant']:+.2f}" in rows[0]


# ------------------------------------------------------------------ the API


def test_the_api_generates_and_infers():
    made = codes.generate(3, 0.4, -1.2, "9")
    assert np.abs(frames_of(made["panes"][0])[0] - picture(DIGITS, AT, 9)).max() <= 2
    assert sum(made["read"]["p"]) == pytest.approx(1, abs=1e-3)
    assert len(made["things"]) == 10
    read = codes.infer(as_url(draw_strokes(path.SEVEN, 280)))
    assert set(read["codes"]) == {"category", "c2", "c3"}
    assert [len(read["read"][key]) for key in ("p", "mean", "deviation")] == [10, 2, 2]
    json.dumps([made, read])


BAD = {
    "codes beyond 10": (dict(c2=10.5), "c2 must be a number from -10 to 10, got 10.5"),
    "NaN": (dict(c3=math.nan), "c3 must be a number from -10 to 10, got nan"),
    "no category": (dict(category=10), "category must be a whole number from 0 to 9"),
    "half a category": (dict(category=1.5), "category must be a whole number"),
    "an unknown model": (dict(model="infogan-svhn"), "model must be one of infogan-mnist"),
    "a model of another kind": (dict(model=["infogan-mnist"]), "model must be one of"),
    "a wrong seed": (dict(seed="-1"), "from 0 to"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_codes_get_one_sentence(what: str):
    arguments, words = BAD[what]
    with pytest.raises(gr.Error, match=f"(?i){words}"):
        frame.sentences(codes.generate)(**arguments)


def test_no_drawing_and_a_blank_one_get_one_sentence():
    blank = as_url(draw_strokes([], 64))
    for sketch, words in [("", "no drawing came"), (blank, "blank"), ("abc", "data URL")]:
        with pytest.raises(gr.Error, match=f"(?i){words}"):
            frame.sentences(codes.infer)(sketch)


# ------------------------------------------------------------------ in the browser


@pytest.mark.browser
def test_the_name_of_a_category_stands_below_its_picture(url: str):
    with open_page(url) as page:
        open_tab(page, "infogan")
        rested(page, "infogan")
        for button in page.locator("#infogan-category label").all():
            picture, name = button.bounding_box(), button.locator("span").bounding_box()
            assert name["y"] >= picture["y"] + 44
            assert name["y"] + name["height"] <= picture["y"] + picture["height"]


@pytest.mark.browser
def test_a_click_on_a_cell_takes_its_codes_to_the_sliders(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "infogan")
        page.locator("#infogan-mode input[value='sweep']").check()
        page.wait_for_function("location.search.includes('mode=sweep')", timeout=30_000)
        rested(page, "infogan")
        sheet = page.locator("#infogan-film canvas.sheet").nth(0)
        box = sheet.bounding_box()
        sheet.click(position={"x": 2.5 * box["width"] / 10, "y": 8.5 * box["height"] / 9})  # category 2, last row
        page.wait_for_function("location.search.includes('mode=turn')", timeout=30_000)
        rested(page, "infogan")
        assert (query(page)["category"], float(query(page)["c2"])) == ("2", 2.0)
        assert page.locator("#infogan-category input[value='2']").is_checked()
        assert float(page.locator("#infogan-c2 input[type=range]").input_value()) == 2.0


@pytest.mark.browser
def test_the_digit_follows_a_slider_before_any_answer_and_the_exact_one_comes(url: str):
    """Requests are held back: what is shown meanwhile is the nearest frame of the film that is there."""
    strip = "#infogan-film .strip"
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "infogan")
        rested(page, "infogan")
        last = page.locator(strip).get_attribute("data-index")
        held: list[Any] | None = []
        page.route("**/queue/join**", lambda route: route.continue_() if held is None else held.append(route))
        for slider, value, nearest in (("c2", "-1.3", 1), ("c2", "0.9", 6), ("c3", "2", 2 * len(codes.STEPS) - 1)):
            page.locator(f"#infogan-{slider} input[type=range]").fill(value)
            assert page.locator(strip).get_attribute("data-index") == str(nearest)
        page.wait_for_timeout(300)
        first, held = held, None
        assert first
        for route in first:
            route.continue_()
        page.wait_for_function("location.search.includes('c3=2')", timeout=30_000)
        rested(page, "infogan")
        assert page.locator(strip).get_attribute("data-index") == last
        assert (float(query(page)["c2"]), float(query(page)["c3"])) == (0.9, 2.0)


@pytest.mark.browser
def test_a_read_digit_moves_the_sliders_and_they_turn_on_from_there(url: str):
    read = infogan.read(mode="read", source="stock", which="4")
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "infogan")
        page.locator("#infogan-mode input[value='read']").check()
        page.wait_for_function("location.search.includes('mode=read')", timeout=30_000)
        rested(page, "infogan")
        assert float(page.locator("#infogan-c2 input[type=range]").input_value()) == pytest.approx(read["c2"])
        assert page.locator("#infogan-film .pane").count() == 2
        page.locator("#infogan-c2 input[type=range]").focus()
        page.keyboard.press("ArrowLeft" if read["c2"] > 0 else "ArrowRight")
        page.locator("#infogan-film .pane").nth(2).wait_for(timeout=30_000)
        assert "The sliders stand at" in page.locator("#infogan-said .said").inner_text()
