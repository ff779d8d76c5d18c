"""The PixelRNN tab as a visitor meets it: grow, complete, see, be surprised, race, and the page in Chromium."""

import itertools
import json
import math
import re
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

import core
from core.noise import first_weights, seeded
from core.pixels import SHARES, MultiScale, PixelRNN, field, reduced
from core.weights import WeightsError
from demos import frame, pixels
from demos.pixels import growing, measured, networks, race, seeing, surprise
from demos.pixels.networks import MULTI, NETWORKS, SIDE
from demos.widgets.sketch_pad import draw_strokes
from tests.browser import open_page
from tests.films import as_url, frames_of
from tests.test_frame import open_tab, query, rested

LAYER = dict(zip(NETWORKS, ("convolution", "row", "diagonal", "convolution"), strict=True))
BAR = {"points": [[0.5, 0.2], [0.5, 0.8]], "size": 0.1}
INK = BAR | {"ink": "ink"}
COVER = {"points": [[0.0, 0.5], [1.0, 1.0]], "size": 0.1, "ink": "covered", "box": True}


def small(name: str) -> PixelRNN:
    with first_weights(seeded(0, "weights")):
        build = MultiScale if NETWORKS[name] == MULTI else PixelRNN
        model = build(layer=LAYER[name], depth=1, filters=4, head=8).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(2.0)
    return model


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> dict[str, PixelRNN]:
    """Small networks in the place of the shipped ones, with cards; what is taken out of it is missing."""
    models = {name: small(name) for name in NETWORKS}
    metrics = {f"nll at {share} %": 60.0 + share for share in SHARES}
    metrics |= {"nll of the small picture": 40.0, "nll of the rest": 60.0}
    metrics |= dict(nll=100.0, n=5000, receptive_field=33, before=406, sample_seconds=0.5, naive_seconds=100.0)
    whole = core.card

    def load(name: str) -> Any:
        if name not in models:
            raise WeightsError(f"there are no weights of '{name}'")
        return models[name]

    def card(name: str) -> Any:
        if name not in NETWORKS:
            return whole(name)
        config, training = dict(depth=1, filters=4), dict(steps=1200)
        load(name)
        return dict(metrics=dict(metrics), config=config, training=training, reported={"nll": 81.3})

    monkeypatch.setattr(core, "load", load)
    monkeypatch.setattr(core, "card", card)
    return models


def drawn(model: PixelRNN, n: int, seed: int, **how: Any) -> np.ndarray:
    """The pictures themselves, without anything of the tab: (n, 28, 28) of bools."""
    return model.sample(n, generator=seeded(seed, "pixels"), **how)[:, 0].bool().numpy()


def cells(sheet: np.ndarray, n: int) -> np.ndarray:
    """The pictures of a sheet: (n, 28, 28)."""
    side, step = round(n**0.5), SIDE + 2
    places = itertools.product(range(side), range(side))
    return np.stack([sheet[i * step + 1 :, j * step + 1 :][:SIDE, :SIDE] for i, j in places])


# ------------------------------------------------------------------ generate


def test_each_network_draws_its_own_pictures_row_by_row_from_the_same_noise(four: dict):
    found = pixels.show("generate", count=4, temperature=0.8, seed="9")
    film = found.outputs[0]
    assert [pane["title"] for pane in film["panes"]] == [f"{title} · 100.0 nats" for title in NETWORKS.values()]
    assert film["frames"] == SIDE
    for pane, model in zip(film["panes"], four.values(), strict=True):
        expected, frames = drawn(model, 4, 9, temperature=0.8), frames_of(pane)
        assert np.array_equal(cells(frames[SIDE - 1], 4) == 255, expected)
        if model is four["multiscale-mnist"]:
            continue
        half = cells(frames[9], 4)  # after ten rows
        assert np.array_equal(half[:, :10] == 255, expected[:, :10])
        assert set(np.unique(half[:, 10:])) == {round(255 * growing.TO_COME)}
    assert all(list(each["values"]) == sorted(each["values"]) for each in film["readouts"])  # clocks
    assert "PixelCNN 100.0, Row LSTM 100.0, Diagonal BiLSTM 100.0 and Multi-scale 100.0" in found.said


def test_a_small_picture_is_shown_first_and_then_grown(four: dict):
    film = growing.generate("multiscale-mnist", 4, 1.0, "9")
    expected, frames = drawn(four["multiscale-mnist"], 4, 9), frames_of(film["panes"][0])
    small, grey = np.kron(expected[:, ::2, ::2], np.ones((2, 2), bool)), round(255 * growing.TO_COME)
    assert film["frames"] == SIDE
    for moment, rows in ((4, 10), (13, SIDE)):  # five rows of the small picture, and all of it
        shown = cells(frames[moment], 4)
        assert np.array_equal(shown[:, :rows] == 255, small[:, :rows])
        assert (shown[:, rows:] == grey).all()
    shown = cells(frames[18], 4)  # ten rows of the large one
    assert np.array_equal(shown[:, :10] == 255, expected[:, :10])
    assert np.array_equal(shown[:, 10::2, ::2] == 255, expected[:, 10::2, ::2])
    assert (shown[:, 11::2] == grey).all()
    assert (shown[:, 10:, 1::2] == grey).all()
    assert film["captions"][4] == "Multi-scale: row 5 of 14 of the small picture."
    assert film["captions"][18] == "Multi-scale: row 10 of 28 of the large picture."
    lit = pixels.show("generate", count=1, seed="9").outputs[0]["lit"]
    assert [lit["enlarge"][k] > 0 for k in (0, 13, 14, 27)] == [False, False, True, True]
    del four["multiscale-mnist"]
    assert not any(pixels.show("generate", count=1, seed="9").outputs[0]["lit"].get("small", []))


def test_what_streams_ends_as_what_is_shown_at_once(four: dict):
    values = dict(count=1, temperature=1.0, seed="3")
    *_, last = pixels.running("generate", **values)
    film, at_once = last.outputs[0], pixels.show("generate", **values).outputs[0]
    assert film["start"] == film["frames"] - 1 == SIDE - 1
    assert [pane["film"] for pane in film["panes"]] == [pane["film"] for pane in at_once["panes"]]
    stream = pixels.running("generate", **values)
    assert next(stream).outputs[0]["frames"] == 2
    with pytest.raises(frame.Note, match="nothing to run"):
        next(pixels.running("see", seed="3"))


def test_missing_networks_are_named_and_the_others_go_on(four: dict):
    del four["rowlstm-mnist"]
    found = pixels.show("generate", count=1, seed="1")
    assert len(found.outputs[0]["panes"]) == 3
    assert str(found.note) == "The weights of Row LSTM are missing or damaged here; the others work."
    del four["diagbilstm-mnist"]
    assert "Row LSTM and Diagonal BiLSTM are missing" in str(pixels.show("see").note)
    assert "not measured yet" in measured.compared()
    assert "Row LSTM" not in measured.beside_draw()
    four.clear()
    with gr.Blocks():
        page = pixels.build()
    assert "nothing to show" in page.tried(page.show, page.defaults() | {"count": 4}).args[0]
    with pytest.raises(gr.Error, match="diagbilstm-mnist"):
        frame.sentences(growing.generate)("diagbilstm-mnist")


# ------------------------------------------------------------------ complete


@pytest.mark.parametrize("side", networks.SIDES)
def test_what_is_given_stays_and_the_rest_is_drawn(four: dict, side: str):
    found = pixels.show("complete", count=4, which="3", edge=side, percent=25, model="rowlstm-mnist", seed="2")
    known, x = np.ones((SIDE, SIDE), bool), networks.stock_digit("3", 2)[0, 0].bool().numpy()
    known[{"bottom": np.s_[21:], "top": np.s_[:7], "left": np.s_[:, :7], "right": np.s_[:, 21:]}[side]] = False
    given = frames_of(found.outputs[0]["panes"][0])[0]
    assert (given[~known] == [0xCC, 0x79, 0xA7]).all()
    assert np.array_equal(given[known][:, 0] == 255, x[known])
    frames = frames_of(found.outputs[0]["panes"][1])
    for moment in (0, SIDE - 1):
        assert np.array_equal(cells(frames[moment], 4)[:, known] == 255, np.broadcast_to(x[known], (4, known.sum())))
    how = dict(known=torch.from_numpy(known), given=torch.from_numpy(x)[None, None].float())
    *_, last = four["rowlstm-mnist"].grow(4, generator=seeded(2, "pixels"), **how)
    assert np.array_equal(cells(frames[SIDE - 1], 4) == 255, last[:, 0].bool().numpy())
    later = known & (np.cumsum(~known).reshape(SIDE, SIDE) > 0)
    assert (f"{later.sum()} given pixels come after" in found.said) == later.any() == (side != "bottom")
    found = pixels.show("complete", count=1, which="3", edge="bottom", percent=25, model="multiscale-mnist")
    assert f"{21 * SIDE - 11 * 14} given pixels come after" in found.said  # all that the small picture lacks


def test_a_pad_says_what_is_ink_and_what_is_covered(four: dict):
    x, known = networks.covered_page({"strokes": [INK, COVER]})
    assert known[:14].all()
    assert not known[14:].any()
    assert x[0, 0, 6:14, 13:15].all()
    assert not x[0, 0, :, :10].any()
    assert (
        pixels.show("complete", source="sketch", covers={"strokes": [INK, COVER]}, count=1).outputs[0]["frames"] == SIDE
    )


# ------------------------------------------------------------------ what it sees, and its surprise


def test_a_field_is_the_gradients_and_a_click_chooses_the_pixel(four: dict):
    found = pixels.show("see", which="3", row=14, column=9, seed="1")
    film, chart, _ = found.outputs
    x = networks.stock_digit("3", 1)
    for pane, (name, model) in zip(film["panes"], four.items(), strict=False):
        seen = (field(model, x, 14, 9)[-1] > 0).numpy()
        last = frames_of(pane)[film["frames"] - 1].astype(int)
        coloured = last[..., 2] - last[..., 0] > 15
        assert np.array_equal(coloured, seen), name
        assert film["seen"][NETWORKS[name]] == seen.sum()
        assert pane["cells"] == [SIDE, SIDE]
        p = torch.sigmoid(model.logits(x)[0, 0, 14, 9]).item()
        assert film["ink"][NETWORKS[name]] == pytest.approx(p)
        assert dict(
            zip(chart.data[list(NETWORKS).index(name)].x, chart.data[list(NETWORKS).index(name)].y, strict=True)
        )["ink"] == pytest.approx(p)
    assert film["seen"]["PixelCNN"] < film["seen"]["Row LSTM"] < film["seen"]["Diagonal BiLSTM"] == 14 * SIDE + 9 - 1
    assert f"{14 * SIDE + 9} pixels come before" in found.said
    before = 14 * SIDE + 9 + 6 * 14 + 9  # also the small picture's: six rows below, and nine pixels to the right
    assert f"Multi-scale draws {before} before it: all of its small picture is among them." in found.said
    assert "small picture, after 109 others" in pixels.show("see", row=14, column=22).said
    assert pixels.take(SimpleNamespace(pane=1, row=3, column=20), "see") == {"row": 3, "column": 20}
    assert pixels.take(SimpleNamespace(pane=1, row=3, column=20), "score") == {}
    assert "Nothing comes before the first pixel" in pixels.show("see", row=0, column=0).said


def test_masks_are_drawn_as_they_are():
    for kind, rows, columns, expected in (("A", 4, 7, 24), ("B", 2, 3, 5)):
        taps = seeing.mask_picture(kind, rows, columns)[0, :, :: seeing.SMALL // columns, :: seeing.SMALL // columns][
            :, :columns, :columns
        ]
        assert taps.shape == (3, columns, columns)
        assert (taps[2] > taps[0] + 0.1).sum() == expected


def test_the_surprise_of_all_pixels_is_the_nats_of_the_picture(four: dict):
    found = pixels.show("score", source="sketch", sketch={"strokes": [BAR]}, seed="4")
    film, by_row, histogram = found.outputs
    x = networks.drawn_digit({"strokes": [BAR]}, 4)
    for (name, model), readout in zip(four.items(), film["readouts"], strict=True):
        nll = model.nll(x).item()
        assert film["nats"][NETWORKS[name]] == pytest.approx(nll, abs=1e-2)
        assert readout["values"][-1] == pytest.approx(nll, abs=1e-2)
        assert f"{NETWORKS[name]} {nll:.1f}" in found.said
    of_small = four["multiscale-mnist"].small.nll(reduced(x)).item()
    assert f"Of Multi-scale's nats {of_small:.1f} are for the small picture." in found.said
    assert sum(by_row.data[0].y) == pytest.approx(film["nats"]["PixelCNN"], abs=0.1)
    assert histogram.layout.shapes[0].x0 == film["nats"]["PixelCNN"]
    widths = np.diff(histogram.data[0].x)
    assert (widths * histogram.data[0].y[:-1]).sum() == pytest.approx(100)  # all test digits


def test_a_drawing_finds_its_place_among_the_test_digits(four: dict):
    values = surprise.quantiles("PixelCNN")
    assert [surprise.share_below(nats, values) for nats in (10, 60, 115, 160, 500)] == [0, 0, 55, 100, 100]
    assert "For PixelCNN, that is more than any of the 5,000 test digits costs" in surprise.said({"PixelCNN": 200.0})
    assert "For PixelCNN, that is less than any of the 5,000 test digits costs" in surprise.said({"PixelCNN": 10.0})
    assert "For PixelCNN, that is more than 55% of the 5,000 test digits cost" in surprise.said({"PixelCNN": 115.0})


# ------------------------------------------------------------------ the race


def test_both_samplers_draw_the_same_and_the_race_ends_when_its_visitor_leaves(
    four: dict, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(race, "BETWEEN", 0.0)
    monkeypatch.setattr(race, "SECONDS", 600)  # however busy the machine is
    stream = race.racing("pixelcnn-mnist", 4, "2")
    first = next(stream)
    asked = []
    logits = PixelRNN.logits
    monkeypatch.setattr(PixelRNN, "logits", lambda *given: asked.append(1) or logits(*given))
    next(stream)
    stream.close()
    count = len(asked)
    assert count <= 1  # and none after it was closed
    assert first["frames"] == 2
    monkeypatch.setattr(race, "BETWEEN", 1.0)
    *_, last = race.racing("pixelcnn-mnist", 4, "2")
    assert len(asked) - count == networks.PIXELS
    fast, naive = (frames_of(pane)[last["frames"] - 1] for pane in last["panes"])
    assert np.array_equal(fast, naive)
    assert np.array_equal(cells(fast, 4) == 255, drawn(four["pixelcnn-mnist"], 4, 2))
    assert "times as long, for the same pictures" in last["said"]
    clocks = {each["label"]: each["values"] for each in last["readouts"]}
    assert clocks["Fast: clock"][-1] < clocks["Naive: clock"][-1]


def test_a_race_is_bounded(four: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(race, "SECONDS", 0.05)
    monkeypatch.setattr(race, "MOST_SECONDS", 600)
    *_, last = race.racing("diagbilstm-mnist", 1, "2")
    assert last["readouts"][1]["values"][-1] == networks.PIXELS  # the fast one is waited for
    assert last["readouts"][3]["values"][-1] < networks.PIXELS
    monkeypatch.setattr(race, "MOST_SECONDS", 0.01)
    *_, last = race.racing("diagbilstm-mnist", 1, "2")
    assert last["readouts"][1]["values"][-1] < networks.PIXELS
    with pytest.raises(ValueError, match="one of pixelcnn-mnist, rowlstm-mnist, diagbilstm-mnist, got 'multiscale"):
        race.at_start("multiscale-mnist", 1, "2")


# ------------------------------------------------------------------ the API and bad input


def test_the_api_answers_with_films_and_numbers(four: dict):
    made = growing.generate("rowlstm-mnist", 4, 1.0, "9")
    assert np.array_equal(cells(frames_of(made["panes"][0])[SIDE - 1], 4) == 255, drawn(four["rowlstm-mnist"], 4, 9))
    pictures_made = torch.from_numpy(drawn(four["rowlstm-mnist"], 4, 9))[:, None].float()
    assert made["nats"] == pytest.approx(four["rowlstm-mnist"].nll(pictures_made).tolist(), abs=1e-2)
    assert made == growing.generate("rowlstm-mnist", 4, 1.0, "9")
    bar = draw_strokes([BAR], 280)
    mask = Image.new("L", (56, 56), 255)
    mask.paste(0, (0, 28, 56, 56))
    completed = growing.complete(as_url(bar), mask=as_url(mask), n=1)
    assert "resized to 28 × 28" in completed["said"]
    assert "392 covered pixels once" in completed["said"]
    tiny = as_url(bar.resize((SIDE, SIDE)).point(lambda v: 255 * (v > 128)))
    scored = surprise.score(tiny)
    assert "resized" not in scored["said"]
    ink = np.asarray(bar.resize((SIDE, SIDE))) <= 128
    x = torch.from_numpy(ink)[None, None].float()
    assert scored["nats"]["PixelCNN"] == pytest.approx(four["pixelcnn-mnist"].nll(x).item(), abs=1e-2)
    assert "came as 280 × 280 pixels" in surprise.score(as_url(bar))["said"]
    seen = seeing.receptive_field(5, 6)
    assert seen["seen"]["Diagonal BiLSTM"] == 5 * SIDE + 6 - 1
    json.dumps([made, completed, scored, seen], allow_nan=False)


def test_at_temperature_0_all_pictures_are_alike_and_it_is_said(four: dict):
    made = growing.generate("pixelcnn-mnist", 4, 0)
    sheet = cells(frames_of(made["panes"][0])[SIDE - 1], 4)
    assert (sheet == sheet[0]).all()
    assert "each pixel takes its likelier value, so all pictures of a network are alike" in made["said"]
    assert "alike" not in growing.generate("pixelcnn-mnist", 1, 0)["said"]


@pytest.mark.parametrize(("percent", "lines"), [(0.5, 1), (1, 1), (50, 14), (99, 27), (99.9, 27)])
def test_whatever_is_covered_some_of_it_is_and_some_of_it_is_not(percent: float, lines: int):
    assert (~networks.cover("bottom", percent)).sum() == lines * SIDE


BLANK = as_url(Image.new("L", (56, 56), 255))
BAD = {
    "a negative temperature": (growing.generate, dict(temperature=-0.1), "temperature must be a number from 0 to 10"),
    "NaN": (growing.generate, dict(temperature=math.nan), "temperature must be a number from 0 to 10"),
    "65 pictures": (growing.generate, dict(n=65), "number of pictures must be a whole number from 1 to 64, got 65"),
    "no picture": (growing.complete, dict(n=0), "from 1 to 64"),
    "another model": (growing.generate, dict(model="draw-mnist"), "model must be one of pixelcnn-mnist"),
    "nothing covered": (growing.complete, dict(percent=0), "nothing is covered"),
    "all covered": (growing.complete, dict(percent=100), "all is covered"),
    "an empty mask": (growing.complete, dict(mask=BLANK), "nothing is covered"),
    "a side that is none": (growing.complete, dict(side="middle"), "side must be one of bottom"),
    "a mask that is none": (growing.complete, dict(mask="abc"), "data URL"),
    "a pixel outside": (seeing.receptive_field, dict(row=28), "row must be a whole number from 0 to 27"),
    "half a pixel": (seeing.receptive_field, dict(column=1.5), "column must be a whole number"),
    "a blank picture": (surprise.score, dict(picture=BLANK), "blank"),
    "a wrong seed": (surprise.score, dict(seed="x"), "whole number"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence(four: dict, what: str):
    handler, arguments, words = BAD[what]
    with pytest.raises(gr.Error, match=f"(?i){words}") as caught:
        frame.sentences(handler)(**arguments)
    assert "\n" not in str(caught.value.message)


@pytest.mark.parametrize(
    ("values", "at", "words"),
    [
        (dict(mode="complete", percent=0), "percent", "Nothing is covered"),
        (dict(mode="complete", source="sketch"), "covers", "Draw part of a digit"),
        (dict(mode="complete", source="sketch", covers={"strokes": [INK]}), "covers", "Nothing is covered"),
        (dict(mode="score", source="sketch"), "sketch", "Draw a large digit"),
        (dict(mode="see", which="x"), "which", "number of the test digit"),
        (dict(mode="generate", temperature=-1), "temperature", "temperature must be"),
        (dict(mode="race", seed="x"), "seed", "whole number"),
    ],
)
def test_a_note_stands_at_its_control(four: dict, values: dict, at: str, words: str):
    with pytest.raises(frame.Note, match=f"(?i){words}") as caught:
        pixels.show(**values)
    assert caught.value.at == at


def test_the_tables_say_what_the_cards_say(four: dict):
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in measured.compared().splitlines()]
    assert table[0] == ["measured", *NETWORKS.values()]
    assert [row[1] for row in table[2:]] == [
        *("1 of h = 4", "1,200 steps", "100.00 nats", "81.30 nats", "33 of 406 before it", "0.50 s", "100 s, 200 ×")
    ]
    assert table[2][4] == "2 × 1 of h = 4"
    assert "Of Multi-scale's nats 40.0 are for the small picture, and 60.0 for the rest given it." in measured.words()
    rows = measured.beside_draw().splitlines()[2:]
    draw = core.card("draw-mnist")["metrics"]["nll"]
    assert f"| DRAW | {draw:.2f} | an upper bound | 10,000 |" in rows
    assert "| Row LSTM | 100.00 | exact | 5,000 |" in rows
    numbers = [float(line.split("|")[2]) for line in rows]
    assert numbers == sorted(numbers)


def test_the_ablation_is_shown_once_all_four_are_measured(monkeypatch: pytest.MonkeyPatch):
    nats = dict(zip(measured.PAPERS_ABLATION, (99.0, 98.0, 97.0, 96.0), strict=True))
    cards = {f"rowlstm-{name}-mnist": {"metrics": {"nll": nll}} for name, nll in nats.items()}
    monkeypatch.setattr(core, "card", lambda name: cards[name])
    assert "| residual | 97.00 nats | 3.07 bits/dim |" in measured.ablation()
    cards["rowlstm-skip-mnist"] = {"metrics": {}}
    assert measured.ablation() == ""


# ------------------------------------------------------------------ in the browser


@pytest.mark.browser
def test_a_visitor_walks_through_the_tab(url: str):
    """Draws live, completes, clicks a pixel, draws what is no digit, races and stops; nothing fails or leaves."""
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "pixels")
        page.locator("#pixels-count input[value='1']").check()
        page.wait_for_function("location.search.includes('count=1')", timeout=60_000)
        page.locator("#pixels-grow").click()
        page.wait_for_function(
            "document.querySelector('#pixels-film .counter').textContent.endsWith('28 of 28')", timeout=60_000
        )
        rested(page, "pixels")

        page.locator("#pixels-mode input[value='see']").check()
        page.locator("#pixels-film canvas.sheet").first.wait_for(timeout=60_000)
        rested(page, "pixels")
        box = page.locator("#pixels-film canvas.sheet").first.bounding_box()
        page.mouse.click(box["x"] + 20.5 * box["width"] / SIDE, box["y"] + 12.5 * box["height"] / SIDE)
        page.wait_for_function("/row=12&column=20/.test(location.search)", timeout=60_000)
        assert page.locator("#pixels-said .said").inner_text().startswith("356 pixels come before")

        page.locator("#pixels-history button").first.click()
        page.locator("#pixels-curve .gtitle").get_by_text("Training of pixelcnn-mnist").wait_for(timeout=60_000)
        page.locator("#pixels-learner input").click()
        page.locator("ul[role=listbox] li").get_by_text("Row LSTM").click()
        page.locator("#pixels-curve .gtitle").get_by_text("Training of rowlstm-mnist").wait_for(timeout=60_000)

        page.locator("#pixels-mode input[value='score']").check()
        page.locator("#pixels-right .main-svg").first.wait_for(timeout=60_000)
        rested(page, "pixels")
        page.locator("#pixels-source input[value='sketch']").check()
        page.locator("#pixels-sketch .note").wait_for(timeout=60_000)
        box = page.locator("#pixels-sketch canvas").bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 150, box["y"] + 170, steps=8)
        page.mouse.up()
        page.wait_for_function("location.search.includes('sketch=')", timeout=60_000)
        assert re.search(r"This picture costs PixelCNN \d", page.locator("#pixels-said .said").inner_text())

        page.locator("#pixels-mode input[value='race']").check()
        page.wait_for_function("location.search.includes('mode=race')", timeout=60_000)
        rested(page, "pixels")
        page.locator("#pixels-run").click()
        page.wait_for_function(
            "/Both draw|After|times as long/.test(document.querySelector('#pixels-said .said').textContent)",
            timeout=60_000,
        )
        page.locator("#pixels-stop").click()
        rested(page, "pixels")
        assert query(page)["mode"] == "race"


@pytest.mark.browser
@pytest.mark.parametrize("first", ["press", "change"])
def test_another_digit_and_a_change_at_the_same_time_both_count(url: str, first: str):
    acts = [
        "document.querySelector('#pixels-another').click();",
        "const bar = document.querySelector('#pixels-percent input[type=range]'); bar.value = 70;"
        "bar.dispatchEvent(new Event('input', {bubbles: true}));",
    ]
    with open_page(f"{url}?tab=pixels&mode=complete&percent=60", reduced_motion=True) as page:
        page.locator("#pixels-film canvas").first.wait_for(timeout=60_000)
        page.wait_for_function("document.querySelector('#pixels-stage').dataset.key.includes('percent=60')")
        rested(page, "pixels")
        page.evaluate("() => {" + "".join(acts if first == "press" else acts[::-1]) + "}")
        page.wait_for_function("document.querySelector('#pixels-stage').dataset.key.includes('percent=70')")
        rested(page, "pixels")
        shown = page.locator("#pixels-stage").get_attribute("data-key").split("&")
        assert "percent=70" in shown
        assert "which=3" not in shown
