"""The f-GAN tab: what it shows, what it says to bad input, live fits and the API. The page itself: in Chromium."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch

import core
from core.gan import mixture as m
from core.gan.fgan import DIVERGENCES
from core.gan.fgan_digits import PLAYED
from demos import fgan, frame
from demos.fgan import digits, figures, fits, pictures, views, words
from tests.browser import open_page
from tests.films import frames_of
from tests.test_frame import rested

SCENE = fits.FIRST


def run(**changes: Any) -> list[frame.Shown]:
    return list(fgan.running(**dict(mode="fit", **fgan.FIRST) | changes))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits of 40 steps and four moments, however busy the machine is."""
    monkeypatch.setattr(fits, "SECONDS", 1e6)
    monkeypatch.setattr(fits, "STEPS", {1: 40, 2: 40})
    monkeypatch.setattr(fits, "MOMENTS", 4)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_every_divergence_can_be_looked_at(name: str):
    found = fgan.show("row", divergence=name)
    film, answers, conjugate, formula = found.outputs
    row = fits.row_of(*fits.numbered(name, 0.5, 0.3))
    assert row.name in found.said
    assert film["frames"] == len(film["captions"]) == len(views.RATIOS)
    best, reward = answers.data[:2]
    u = torch.tensor(best.x, dtype=torch.double)
    assert best.y == pytest.approx(row.slope(u).tolist(), rel=1e-2, abs=1e-3)
    assert reward.y == pytest.approx((u * row.slope(u) - row.f(u)).tolist(), rel=3e-2, abs=1e-2)
    assert answers.layout.meta["steps"] == views.RATIOS
    assert conjugate.data[0].name == "f*(T)"
    assert formula.count(r"\\") == 2
    assert words.FORMULAS[name][0] in formula
    for figure in (answers, conjugate):
        json.loads(figure.to_json())
    at = dict(zip(views.RATIOS, film["captions"], strict=True))
    u = views.RATIOS[12]
    assert f"the best T is {frame.number(row.slope(torch.tensor([u], dtype=torch.double)).item())}" in at[u]


def test_a_tangent_touches_f_and_meets_the_axis_at_minus_its_conjugate():
    """In the picture: the square lies on the axis u = 0 where the tangent does, at the height of -f*."""
    picture = pictures.of_tangent(fits.row_of("pearson", None), 2.0)
    square = np.asarray(picture)
    rose = np.array([0xCC, 0x79, 0xA7])
    rows, columns = np.nonzero((square == rose).all(-1))
    low, high = 0.0, 9.0  # of f on the painted ratios above 0.12
    room = 0.8 * (high - low) + 0.05
    top, bottom = high + 0.3 * room, low - room
    height = (top - rows.mean() / picture.height * (top - bottom)).item()
    assert height == pytest.approx(-3.0, abs=0.3)  # f* of T = 2 is 1/4 T^2 + T
    assert columns.mean() / picture.width == pytest.approx(0.25 / 4.25, abs=0.01)


def test_the_formulas_are_those_of_the_table():
    """Numbers put into a few of the formulas by hand."""
    assert words.FORMULAS.keys() == DIVERGENCES.keys()
    u = torch.tensor([3.0], dtype=torch.double)
    by_hand = {"kl": 3 * math.log(3), "rkl": -math.log(3), "pearson": 4.0, "neyman": 4 / 3}
    for name, value in by_hand.items():
        assert DIVERGENCES[name].f(u).item() == pytest.approx(value)


def test_before_a_fit_the_best_one_is_named_and_marked():
    found = fgan.show("fit", divergence="rkl", **SCENE | dict(mu=1.0))  # not those of the recording
    assert "mean 1.58 and width 1.63" in found.said
    assert "Press Run" in found.said
    film, gap, contour, _ = found.outputs
    assert film["frames"] == 1
    star = contour.data[-1]
    z = torch.tensor([[math.inf if value is None else value for value in row] for row in contour.data[0].z])
    at = z.argmin().item()
    lowest = contour.data[0].x[at % z.shape[1]], contour.data[0].y[at // z.shape[1]]
    assert lowest == pytest.approx((star.x[0], star.y[0]), abs=0.15)
    assert not gap.data[0].x


def test_a_fit_streams_its_gap_and_its_path(short: None):
    moments = run(mu=0.5)
    assert [shown.outputs[0]["frames"] for shown in moments] == [1, 2, 3, 4, 5]
    film, gap, contour = moments[-1].outputs
    assert film["start"] == 4
    assert list(gap.data[0].x) == list(gap.layout.meta["steps"]) == [0, 10, 20, 30, 40]
    D, F = gap.data[0].y, gap.data[1].y
    assert all(low <= high for low, high in zip(F, D, strict=True))
    path = next(trace for trace in contour.data if trace.name == "q")
    assert (path.x[0], path.y[0]) == (0.5, 1.5)
    assert [readout["label"] for readout in film["readouts"]] == ["mean μ", "width σ", "bound F", "divergence D"]
    assert film["readouts"][0]["values"] == pytest.approx(path.x, abs=1e-3)
    assert "After 40 of 40 steps, Kullback–Leibler has mean" in moments[-1].said
    assert "% of the divergence" in moments[-1].said
    json.dumps(film, allow_nan=False)


def test_the_painted_q_is_where_it_should_be(short: None):
    """The rose line is highest at mu, in the first picture and in the last."""
    film, _, contour = run(mu=0.5)[-1].outputs
    path = next(trace for trace in contour.data if trace.name == "q")
    sheet = frames_of(film["panes"][0])
    x = m.axis(m.Mixture())
    for k in (0, 4):
        rose = np.abs(sheet[k][:190].astype(int) - np.array([0xCC, 0x79, 0xA7])).sum(-1) < 30
        rows, columns = np.nonzero(rose)
        peak = columns[rows == rows.min()].mean() / sheet[k].shape[1]
        at = x[0] + peak * (x[-1] - x[0])
        assert at.item() == pytest.approx(path.x[k], abs=0.4)


def test_two_run_side_by_side_from_the_same_start(short: None):
    last = run(beside="rkl")[-1]
    assert {"F, Kullback–Leibler", "F, Reverse KL"} <= {trace.name for trace in last.outputs[1].data}
    paths = [trace for trace in last.outputs[2].data if str(trace.name).startswith("q, ")]
    assert (paths[0].x[0], paths[0].y[0]) == (paths[1].x[0], paths[1].y[0])
    assert (paths[0].x[-1], paths[0].y[-1]) != (paths[1].x[-1], paths[1].y[-1])
    alone = run(beside="kl")[-1]  # beside itself there is nothing to see
    assert len(alone.outputs[1].data) == 2


def test_a_fit_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fits, "SECONDS", 0.0)
    begun = time.monotonic()
    moments = run()
    assert len(moments) == 1
    assert "After 0 of 800 steps" in moments[0].said
    assert time.monotonic() - begun < 30


def test_a_fit_is_a_function_of_its_values(short: None):
    first, again, other = (run(seed=seed)[-1] for seed in ("0", "0", "1"))
    assert first.said == again.said
    paths = [found.outputs[2].data[1] for found in (first, again, other)]
    assert paths[0].x == paths[1].x
    assert paths[0].x != paths[2].x


def test_leaving_ends_the_work(short: None, monkeypatch: pytest.MonkeyPatch):
    """A stream that is closed takes no further step."""
    steps = []
    step = m.Game.single_step
    monkeypatch.setattr(m.Game, "single_step", lambda *given: steps.append(1) or step(*given))
    stream = fgan.running(mode="fit", **fgan.FIRST)
    next(stream)
    next(stream)
    stream.close()
    assert len(steps) == 10


def test_the_saddle_meets_the_theorem_and_says_so():
    found = fgan.show("saddle", curvature=0.3, coupling=1.0, rate=1.0)
    film, J, *_ = found.outputs
    by_name = {trace.name: trace for trace in J.data}
    assert by_name["single step"].y == pytest.approx(by_name["Theorem 2, with δ/L"].y, rel=2e-3)
    assert film["frames"] == 16
    assert "J falls to" in found.said
    assert "these steps are" not in found.said
    assert "these steps are larger" in fgan.show("saddle", curvature=0.3, coupling=1.0, rate=4.0).said
    assert "these steps are smaller" in fgan.show("saddle", curvature=0.3, coupling=1.0, rate=0.5).said
    assert "J stays at its first value" in fgan.show("saddle", curvature=0.3, coupling=1.0, rate=2.0).said
    assert "J grows to" in fgan.show("saddle", curvature=0.0, coupling=1.0, rate=1.0).said


def test_both_tables_hold_ours_beside_the_papers():
    found = fits.fits_table()
    table = {row[0]: dict(zip(found["headers"], row, strict=True)) for row in found["data"]}
    ours = m.shipped()["fits"]["kl"]
    assert table["Kullback–Leibler"]["D, paper"] == "0.283"
    assert table["Kullback–Leibler"]["F, fitted"] == f"{ours['F']:.3f}"
    assert table["Kullback–Leibler"]["σ, fitted"] == f"{ours['sigma_hat']:.3f}"
    assert table["Neyman χ²"]["μ, paper"] == "–"
    cross = fits.cross_table()
    assert len(cross["data"]) == 5
    assert all(len(row) == 6 for row in cross["data"])
    found = fits.table()
    json.dumps(found, allow_nan=False)
    for name, row in found["paper"].items():  # the paper's best are what ours are
        for key, value in row.items():
            assert value == pytest.approx(found["fits"][name][key], abs=1e-3)


BAD = {
    "a weight above 1": (dict(weight=1.5), "weight must be a number from 0 to 1, got 1.5", "weight"),
    "a weight of NaN": (dict(weight=math.nan), "weight must be a number", "weight"),
    "sigma 0": (dict(sigma_1=0.0), "sigma_1 must be a number from 0.1 to 10", "sigma_1"),
    "a negative start": (dict(sigma=-1.0), "sigma must be a number from 0.1 to 10", "sigma"),
    "a mean far away": (dict(mu_2=1e9), "mu_2 must be a number from -10 to 10", "mu_2"),
    "a mean that is text": (dict(mu="x"), "mu must be a number from -10 to 10, got 'x'", "mu"),
    "an unknown divergence": (dict(divergence="wasserstein"), "divergence must be one of tv, kl", "divergence"),
    "Pearson from too narrow a start": (dict(divergence="pearson", sigma=0.5), "Pearson χ² is infinite", "sigma"),
    "Neyman from too wide a start": (dict(divergence="neyman", sigma=3.0), "Neyman χ² is infinite", "sigma"),
    "alpha 1": (dict(divergence="alpha", alpha=1.0), "alpha must be a number other than", "alpha"),
    "a divergence that is a list": (dict(divergence=["kl"]), "divergence must be one of tv, kl", "divergence"),
    "alpha that is text": (dict(divergence="alpha", alpha="x"), "alpha must be a number from -2 to 3", "alpha"),
    "a seed that is none": (dict(seed="x"), "whole number", "seed"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence_at_its_control(what: str):
    changes, said, at = BAD[what]
    with pytest.raises(frame.Note, match=said) as caught:
        run(**changes)
    assert caught.value.at == at
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("what", [what for what in BAD if "alpha" not in what])
def test_the_api_speaks_in_sentences_too(what: str):
    changes, said, _ = BAD[what]
    with pytest.raises(gr.Error, match=f"(?i){said}"):
        next(frame.sentences(fits.fit)(**changes))


def test_the_api_streams_and_returns_what_json_holds(short: None):
    *_, last = fits.fit(divergence="alpha", number=2.0, sigma=2.0)
    assert json.loads(json.dumps(last, allow_nan=False)) == last
    assert last["label"] == "α-divergence, α = 2"
    assert [moment["step"] for moment in last["moments"]] == [0, 10, 20, 30, 40]
    assert len(last["moments"][0]["T"]) == len(last["x"]) == len(last["p"])
    with pytest.raises(ValueError, match="method must be one of single step"):
        next(fits.fit(method="sideways"))


def test_an_infinite_divergence_on_the_way_is_no_number(monkeypatch: pytest.MonkeyPatch):
    moment = m.Moment(3, m.Gaussian(0.0, 1.0), 0.5, math.inf, torch.zeros(3))
    found = fits.as_values(moment)
    assert found["D"] is None
    fit = fits.at_start("pearson", None, *fits.scene(**SCENE), "single step") | {"moments": [found]}
    assert fits.share(fit) is None
    json.loads(figures.gap([fit]).to_json())


def test_digits_are_shown_from_the_same_noise_or_said_to_be_missing(monkeypatch: pytest.MonkeyPatch):
    film = fgan.show("digits", seed="3").outputs[0]
    assert [pane["title"] for pane in film["panes"]] == [DIVERGENCES[name].name for name in PLAYED]
    assert film["panes"][0]["width"] == 28 * digits.SIDE
    for pane in film["panes"]:
        first, *others, last = frames_of(pane).astype(int)
        assert np.abs(first - last).max() <= 1, "the noise goes round a circle"
        assert all(np.abs(first - other).mean() > 5 for other in others[2:-2])
    kl, rkl, *_, js, gan = (frames_of(pane)[0].tolist() for pane in film["panes"])
    assert kl != rkl
    assert js == gan  # they differ by a constant, and were trained from the same seed
    table = digits.table()
    assert [row[0] for row in table["data"]] == [*(DIVERGENCES[name].name for name in PLAYED), "real digits"]
    found = [core.card(f"fgan-{name}-mnist")["metrics"] for name in PLAYED]
    assert [row[-1] for row in table["data"]] == [
        *(f"{metrics['parzen']:.0f}" for metrics in found),
        f"{found[0]['parzen_real']:.0f}",
    ]
    monkeypatch.setattr(digits, "cards", dict)
    with pytest.raises(frame.Note, match="weights of the f-GANs for digits are missing"):
        fgan.show("digits")


STEP = "Number(document.querySelector('#fgan-said .said').textContent.match(/^After (\\d+)/)?.[1] ?? 900)"


@pytest.fixture
def slow_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit is not over before it is stopped, however slow the browser is."""
    fitting = fits.fitting

    def slowly(*arguments: Any, **named: Any) -> Iterator[Any]:
        time.sleep(0.5)
        for found in fitting(*arguments, **named):
            time.sleep(0.2)
            yield found

    monkeypatch.setattr(fits, "fitting", slowly)


@pytest.mark.browser
def test_a_visitor_fits_looks_and_reads(url: str, slow_fits: None):
    """The page: a fit streams, the views change, the address restores; no error, nothing leaves the machine."""
    with open_page(f"{url}?tab=fgan") as page:
        page.wait_for_selector("#fgan-film canvas")
        before = page.inner_text("#fgan-said .said")
        assert before.startswith("After 800 of 800 steps")
        page.locator("#fgan-seed input, #fgan-seed textarea").first.fill("3")
        page.keyboard.press("Enter")
        page.wait_for_function(f"{STEP} === 900", timeout=60_000)  # nothing was run with this seed
        page.click("#fgan-run")
        page.wait_for_function(f"{STEP} > 30 && {STEP} < 800", timeout=60_000)
        page.click("#fgan-stop")
        rested(page, "fgan")
        stopped = page.evaluate(STEP)
        assert stopped < 800
        page.evaluate(f"window.lowest = 800; setInterval(() => (window.lowest = Math.min(window.lowest, {STEP})), 5);")
        page.click("#fgan-run")  # it goes on where it was
        page.wait_for_function(f"{STEP} > {stopped}", timeout=60_000)
        assert page.evaluate("window.lowest") >= stopped
        page.click("#fgan-new")  # and this begins anew
        page.wait_for_function(f"window.lowest < {stopped}", timeout=60_000)
        page.click("#fgan-stop")
        page.get_by_label("Look at a divergence").check()
        page.wait_for_function("() => document.querySelector('#fgan-said .said').textContent.startsWith('Under')")
        page.wait_for_function("location.search.includes('mode=row')")
        assert not page.is_visible("#fgan-run")


SLOW = """const real = window.fetch;
window.slow = {"/cancel": 800, "/queue/join": 0};
window.fetch = async (...asked) => {
    const call = Object.keys(window.slow).find((call) => new URL(asked[0]?.url ?? asked[0]).pathname.endsWith(call));
    if (call) await new Promise((done) => setTimeout(done, window.slow[call]));
    return real(...asked);
};"""
NOTES = "[...document.querySelectorAll('#fgan-page .note')].filter(x => !x.hidden).map(x => x.textContent)"


def begin(page: Any, seed: str) -> int:
    """A fit that was not run before, on its way."""
    page.wait_for_selector("#fgan-film canvas")
    page.locator("#fgan-seed input, #fgan-seed textarea").first.fill(seed)
    page.keyboard.press("Enter")
    page.wait_for_function(f"{STEP} === 900", timeout=60_000)
    page.click("#fgan-run")
    page.wait_for_function(f"{STEP} > 30 && {STEP} < 400", timeout=60_000)
    return page.evaluate(STEP)


@pytest.mark.browser
def test_a_click_on_run_is_not_lost_while_the_server_is_still_stopping(url: str, slow_fits: None):
    """Gradio drops it until the server has answered."""
    with open_page(f"{url}?tab=fgan", before=SLOW) as page:
        begin(page, "4")
        page.click("#fgan-stop")
        page.click("#fgan-run")
        page.wait_for_function(f"{STEP} === 800", timeout=20_000)
        rested(page, "fgan")
        assert page.evaluate(NOTES) == []


@pytest.mark.browser
def test_a_fit_can_be_stopped_before_the_server_has_answered(url: str, slow_fits: None):
    """It has no id yet with which Gradio could ask the server to stop it."""
    with open_page(f"{url}?tab=fgan", before=SLOW) as page:
        page.wait_for_selector("#fgan-film canvas")
        page.locator("#fgan-seed input, #fgan-seed textarea").first.fill("6")
        page.keyboard.press("Enter")
        page.wait_for_function(f"{STEP} === 900", timeout=60_000)
        rested(page, "fgan")
        page.evaluate("window.slow = {'/queue/join': 1000}")
        page.click("#fgan-run")
        page.click("#fgan-stop")
        page.evaluate("window.slow = {}")
        page.wait_for_timeout(3000)  # a fit says something after 1.7 s
        assert page.evaluate(STEP) == 900
        page.click("#fgan-run")
        page.wait_for_function(f"{STEP} > 30 && {STEP} < 900", timeout=60_000)
        page.click("#fgan-stop")
        rested(page, "fgan")


@pytest.mark.browser
def test_new_takes_over_from_a_fit_that_runs(url: str, slow_fits: None):
    """The end of the one before neither ends it nor is taken for its own, which comes before it says anything."""
    with open_page(f"{url}?tab=fgan") as page:
        reached = begin(page, "5")
        page.evaluate(f"window.notes = []; setInterval(() => window.notes.push(...{NOTES}), 5);")
        page.click("#fgan-new")
        page.wait_for_function(f"{STEP} < {reached}", timeout=20_000)
        page.wait_for_function(f"{STEP} > {reached} + 100", timeout=20_000)
        assert page.evaluate("window.notes") == []
        page.click("#fgan-stop")
        rested(page, "fgan")


@pytest.mark.browser
def test_the_next_step_of_the_path_ends_what_the_one_before_runs(url: str, slow_fits: None):
    """Else its own fit would not run, and the film would go on with the old one under a new sentence."""
    with open_page(f"{url}?tab=fgan") as page:
        page.wait_for_selector("#fgan-film canvas")
        page.click("#fgan-path [data-step='0']")
        page.wait_for_function(f"{STEP} > 30 && {STEP} < 400", timeout=60_000)
        film = page.locator("#fgan-film")
        assert "Reverse" in film.inner_text()
        page.click("#fgan-path [data-step='1']")
        page.wait_for_function(f"{STEP} === 800", timeout=60_000)  # recorded
        page.wait_for_function(f"{STEP} < 400", timeout=60_000)
        page.wait_for_function(f"{STEP} === 800", timeout=60_000)
        rested(page, "fgan")
        assert "Reverse" not in film.inner_text()
        assert page.locator("#fgan-path [data-step='1']").get_attribute("aria-current") == "step"
