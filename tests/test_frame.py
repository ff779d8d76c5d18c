"""The frame of every tab: first motion, first screen, nothing stale, notes, path, address, links, and no barriers.

Browser tests run for each page of app.pages, so that a new tab gets them by existing.
"""

import contextlib
import copy
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from csv import reader
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import gradio as gr
import pytest
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState

import app
import core
from core.weights import WeightsError
from demos import TABS, frame
from demos.frame import parts
from demos.frame.page import Newest
from demos.widgets import Slider
from tests.browser import barriers, open_page


def modes_of(tab: str) -> list[str | None]:
    """The values of a tab's control of modes; None where it has none."""
    mode = app.pages[tab].controls.get("mode")
    return [value for _, value in mode.choices] if mode else [None]


ACTING = [tab for tab, page in app.pages.items() if page.show is not None]
SIZES = {"desktop": (1280, 900), "projector": (1920, 1080), "phone": (390, 844), "200 % zoom": (640, 450)}
STILL = "tab => !document.querySelector(`#${tab}-stage`).classList.contains('busy')"


# ------------------------------------------------------------------ without a browser


def small_page() -> tuple[frame.Page, list]:
    """Two modes, one of them with a colour, and a pad."""
    calls: list[dict] = []

    def show(mode: str, colour: str = "none", sketch: Any = None) -> frame.Shown:
        calls.append({"mode": mode, "colour": colour, "sketch": sketch})
        if mode == "plain" and sketch:
            raise frame.Note("no sketch here", at="sketch")
        if colour == "blue":
            raise WeightsError("there are no weights of 'sky-blue'; python -m core.train sky-blue makes them")
        return frame.Shown([f"{mode} {colour}"], f"It is {colour}.")

    path = [frame.Step("Red", dict(mode="dyed", colour="red"), "Look.")]
    with gr.Blocks(), frame.page("small", "Small", path) as page:
        with page.stage():
            result = gr.Textbox()
        with page.side():
            page.control("mode", gr.Radio([("Plain", "plain"), ("Dyed", "dyed")], value="plain"))
            page.control("colour", gr.Radio(["red", "blue"], value="red"), when={"mode": ["dyed"]})
            page.control("sketch", gr.HTML(None, elem_id="small-sketch"))
        page.act(show, [result])
    return page, calls


def test_a_hidden_control_is_not_read_not_captioned_and_not_in_the_address():
    page, calls = small_page()
    values = {"mode": "plain", "colour": "blue", "sketch": None}
    page.tried(page.show, values)
    assert calls[-1] == {"mode": "plain", "colour": "none", "sketch": None}
    assert page.caption(values) == "Plain"
    assert page.query(values) == ("tab=small&mode=plain", False)
    page.tried(page.show, values | {"mode": "dyed", "colour": "red"})
    assert calls[-1]["colour"] == "red"


def test_a_note_names_its_control_and_leaves_the_result_alone():
    page, _ = small_page()
    sketch = {"strokes": [{"points": [[0, 0]], "size": 0.1}]}
    values = page.defaults() | {"sketch": sketch}
    sign, *rest = page.answer(values, page.tried(page.show, values), [], 5)
    assert sign["note"] == {"text": "No sketch here.", "at": "sketch"}
    assert "said" not in sign
    assert sign["ask"] == 5
    assert rest == [gr.skip()]


def test_a_visitor_who_meets_missing_weights_is_told_no_commands():
    page, _ = small_page()
    found = page.tried(page.show, page.defaults() | {"mode": "dyed", "colour": "blue"})
    assert isinstance(found, frame.Note)
    assert "sky-blue" in str(found)
    assert "python" not in str(found)


def test_an_error_that_nobody_foresaw_is_logged_and_gets_a_sentence(caplog: pytest.LogCaptureFixture):
    page, _ = small_page()

    def fails(**_: Any) -> frame.Shown:
        raise RuntimeError("bug")

    found = page.tried(fails, page.defaults())
    assert isinstance(found, frame.Note)
    assert "bug" not in str(found)
    assert "bug" in caplog.text


def test_live_work_goes_on_where_it_was_and_begins_anew_where_asked_or_of_other_values():
    going, begun = frame.going.Going(), []

    def begin(n: int = 5) -> Iterator[int]:
        begun.append(n)
        yield from range(n)

    first = going.on("a", begin)
    assert [next(first), next(first)] == [0, 1]
    first.close()  # stopped
    assert next(going.on("a", begin)) == 2
    assert next(going.on("b", begin)) == 0
    assert next(going.on("b", begin, anew=True)) == 0
    assert list(going.on("b", begin)) == [1, 2, 3, 4]
    assert next(going.on("b", begin)) == 0  # it was over
    older = going.on("b", begin)
    assert next(older) == 1
    assert next(going.on("b", begin, anew=True)) == 0
    assert list(older) == []  # another one took over
    assert len(begun) == 5
    with pytest.raises(ZeroDivisionError):
        next(going.on("c", lambda: (1 // 0 for _ in "x")))
    assert next(going.on("c", begin)) == 0  # what failed begins again
    assert copy.deepcopy(going).work is None  # no visitor has another one's
    first, second = going.on("d", begin), going.on("d", begin)
    assert [next(first), next(second)] == [0, 1]
    assert list(first) == []  # of two that go on with the same, the later one does
    assert list(second) == [2, 3, 4]


def test_the_stopped_work_of_a_few_visitors_is_kept_and_none_that_runs_is_lost():
    visitors = [frame.going.Going() for _ in range(frame.going.MOST + 3)]
    running = visitors[0].on("a", lambda: iter(range(5)))
    assert next(running) == 0
    for each in visitors[1:]:
        stopped = each.on("a", lambda: iter(range(5)))
        assert next(stopped) == 0
        stopped.close()
    assert next(running) == 1
    assert [each.work is None for each in visitors] == [False, True, True, *[False] * frame.going.MOST]


def test_tabs_start_alone_and_an_unknown_one_is_named():
    assert app.chosen([]) == TABS
    assert [module.ID for module in app.chosen(["gans", "draw"])] == ["draw", "gans"]
    with pytest.raises(SystemExit, match="There is no tab 'drew'; there are: draw, "):
        app.chosen(["draw", "drew"])


def test_a_control_takes_no_name_of_a_part_of_the_page():
    with gr.Blocks(), frame.page("small", "Small") as page, pytest.raises(ValueError, match="called 'side'"):
        page.control("side", gr.Radio(["left", "right"]))


def test_a_drawing_that_is_too_long_is_left_out_of_the_link_and_said():
    page, _ = small_page()
    stroke = {"points": [[0.123, 0.456]] * 900, "size": 0.1}
    query, too_long = page.query(page.defaults() | {"sketch": {"strokes": [stroke]}})
    assert too_long
    assert query == "tab=small&mode=plain"
    shown = frame.Shown([""], "")
    assert "too long" in page.sign(page.defaults() | {"sketch": {"strokes": [stroke]}}, shown)["long"]


def test_the_longest_text_is_left_out_of_a_link_that_is_too_long_and_a_shorter_one_comes_back_whole():
    with gr.Blocks(), frame.page("small", "Small") as page:
        page.control("short", gr.Textbox())
        page.control("long", gr.Textbox())
    text = "A dog runs over the grass.\n" * 20
    query, too_long = page.query({"short": text, "long": "b" * 9000})
    assert too_long
    back = dict(parse_qsl(query))
    assert back == {"tab": "small", "short": text}
    assert frame.app.restored(page.controls["short"], back["short"]) == text


@pytest.mark.parametrize("typed", [None, -1, 10, 9.5, float("nan"), "3"])
def test_what_is_typed_into_a_sliders_box_is_said_at_the_slider_and_reaches_no_model(typed: Any):
    seen: list[float] = []

    def show(share: float) -> frame.Shown:
        seen.append(share)
        return frame.Shown([""], "")

    with gr.Blocks(), frame.page("small", "Small") as page:
        slider = page.control("share", Slider(0, 9, 4, label="Share"))
        page.act(show, [gr.Textbox()])
    seen.clear()  # what was shown on arrival
    assert slider.preprocess(typed) is typed  # Gradio raises nothing of its own
    note = page.tried(show, {"share": typed})
    assert isinstance(note, frame.Note)
    assert note.at == "share"
    assert str(note).startswith("“Share” must be a number from 0 to 9")
    assert ("got" in str(note)) == (typed is not None)

    assert seen == []
    assert isinstance(page.tried(show, {"share": 9}), frame.Shown)
    assert seen == [9]


@pytest.mark.parametrize("tab", ["fgan", "pixels"])
def test_new_seed_ends_what_runs(tab: str):
    """Or frames of what ran before would come after the caption of what was asked for."""
    page = app.pages[tab]
    seed = page.presses[f"{tab}-new-seed"][0]
    firing = [each for each in app.demo.config["dependencies"] if [seed._id, "click"] in map(list, each["targets"])]
    assert len({event for each in firing for event in each["cancels"]}) >= len(page.stops)


@pytest.mark.parametrize(
    ("component", "value"),
    [
        (gr.ColorPicker(), "#c04a12"),
        (gr.Checkbox(), True),
        (gr.Radio(["a", "b"]), "b"),
        (gr.Dropdown([("One", "1"), ("Two", "2")]), "2"),
        (gr.CheckboxGroup(["x", "y", "z"]), ["x", "z"]),
        (gr.Slider(0, 9), 4.5),
        (gr.Textbox(), "12345678901234567890"),
        (gr.HTML(), {"strokes": [{"points": [[0.1, 0.2]], "size": 0.1}]}),
    ],
)
def test_what_a_link_holds_comes_back(component: Any, value: Any):
    assert frame.app.restored(component, parts.written(component, value)) == value


@pytest.mark.parametrize(
    ("component", "text"),
    [(gr.Radio(["a"]), "b"), (gr.Slider(0, 9), "nan"), (gr.Slider(0, 9), "10"), (gr.Checkbox(), "maybe"),
     (gr.ColorPicker(), "url(//elsewhere/x.png)"),
     (gr.HTML(), "{broken"), (gr.CheckboxGroup(["x"]), "x,q")],
)  # fmt: skip
def test_what_does_not_fit_in_a_link_is_refused(component: Any, text: str):
    with pytest.raises((ValueError, KeyError)):
        frame.app.restored(component, text)


@pytest.mark.parametrize("tab", ACTING)
def test_every_mode_opens_on_something_that_moves(tab: str):
    page = app.pages[tab]
    for mode in modes_of(tab):
        found = page.tried(page.opens, page.defaults() | ({"mode": mode} if mode else {}))
        film = next(output for output in found.outputs if isinstance(output, dict) and "frames" in output)
        frames = film["frames"] if "panes" in film else len(film["frames"])  # of a race they are the moments
        assert frames > 1, mode
        assert "start" not in film, f"{mode} stands still"


@pytest.mark.parametrize("tab", [tab for tab in ACTING if app.pages[tab].past])
def test_how_it_learned_shows_the_losses_and_what_was_sampled(tab: str):
    page = app.pages[tab]
    names = page.past.names
    names = [names(**page.visible(page.defaults()))] if callable(names) else [name for _, name in names]
    for name in names:
        film, figure, said = page.past.chosen(name)
        curve, sheets = core.card(name)["history"]["curve"], core.sheets(name)
        assert (film and film["frames"]) == (sheets and len(sheets[0]))
        assert bool(said) == (sheets is None)
        lines = {line.name: list(line.y) for line in figure.data}
        assert lines
        assert all(curve[term] == values for term, values in lines.items())
        assert figure.layout.yaxis.type == "linear" or min(map(min, lines.values())) > 0, (
            "a logarithm of these hides them"
        )


def test_an_older_answer_that_comes_last_leaves_the_newer_one_alone():
    begun, go = threading.Event(), threading.Event()

    def show(seed: str) -> frame.Shown:
        if seed == "slow":
            begun.set()
            assert go.wait(10)
        return frame.Shown([seed], f"It is {seed}.")

    with gr.Blocks(), frame.page("small", "Small") as page:
        page.control("seed", gr.Textbox("first"))
        with page.stage():
            out = gr.Textbox()
        page.act(show, [out])

    def asked(seed: str, visitor: str, ask: int) -> list[Any]:
        return page.event["fn"](gr.Request(session_hash=visitor), {"ask": ask}, seed)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(asked, "slow", "a", 1)
        assert begun.wait(10)
        assert asked("other", "b", 2)[-1] == "other"  # somebody else's
        go.set()
        assert slow.result()[-1] == "slow"
        begun.clear(), go.clear()
        slow = pool.submit(asked, "slow", "a", 3)
        assert begun.wait(10)
        assert asked("quick", "a", 4)[-1] == "quick"
        go.set()
        assert slow.result() == [gr.skip()] * 2
    assert asked("slow", "a", 5)[0]["said"] == "It is slow."
    assert asked("late", "a", 4) == [gr.skip()] * 2  # it was asked for before, and only begins now


def test_who_called_last_is_kept_of_a_limited_number_of_visitors(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Newest, "KEPT", 3)
    newest = Newest()
    first, *others = [newest.begin(str(k), 1) for k in range(5)]
    assert len(newest.asks) == 3
    assert first()  # forgotten, and so believed
    assert all(each() for each in others)
    newest.begin("4", 2)
    assert not others[-1]()
    for ask in (None, "7", 1.5, [1]):
        assert newest.begin("4", ask)()
    assert newest.begin(None, 1)()


def test_a_mode_opens_with_a_film_and_its_sliders_answer_with_a_picture():
    page = app.pages["draw"]
    values = page.defaults() | {"mode": "attend"}
    place = 1 + len(page.sets)
    frames = [
        page.event["fn"](gr.Request(), {"opens": opens}, *values.values())[place]["frames"] for opens in (True, False)
    ]
    assert frames == [12, 1]
    link = frame.app.restored_page(page, {"mode": "attend"})
    assert [value["frames"] for value in link if isinstance(value, dict) and "panes" in value] == [12]


def test_a_recording_is_shown_for_its_very_values_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    monkeypatch.setattr(frame.recordings, "FOLDER", tmp_path)
    frame.record("x-y", {"seed": "7", "model": "m"}, [1, 2])
    assert frame.recording("x-y", {"seed": "7", "model": "m", "more": 1}) == [1, 2]
    assert frame.recording("x-y", {"seed": "8", "model": "m"}) is None
    assert frame.recording("x-z", {}) is None


def test_what_only_the_api_has_is_not_built_in_the_page():
    config = app.demo.config
    unseen = {part["id"] for part in config["components"] if part["type"] == "api"}
    assert unseen, "a client reads them"
    assert not unseen & set(config["page"][""]["components"])
    laid_out = json.dumps(config["page"][""]["layout"])
    assert not any(f'"id": {part},' in laid_out or f'"id": {part}}}' in laid_out for part in unseen)
    endpoints = {each["id"] for each in config["dependencies"] if not each["targets"]}
    assert endpoints <= set(config["page"][""]["dependencies"]), "the footer lists them"


def test_settings_that_are_worked_out_once_are_right_and_no_visitors_own():
    work_out = BlocksConfig.config_for_block.__wrapped__
    first, second = SessionState(app.demo), SessionState(app.demo)
    for number, part in app.demo.blocks.items():
        assert first.config_values[number] == work_out(number, [], part)
    seed = app.pages["draw"].controls["seed"]._id
    first._update_value_in_config(seed, "77")
    assert second.config_values[seed]["props"]["value"] != "77"
    assert SessionState(app.demo).config_values[seed]["props"]["value"] != "77"


# ------------------------------------------------------------------ in the browser


def open_tab(page: Any, tab: str) -> None:
    """Open a tab and wait until its first result is there."""
    page.get_by_role("tab", name=app.pages[tab].title, exact=True).click()
    if tab in ACTING:
        page.locator(f"#{tab}-stage canvas").first.wait_for(timeout=30_000)
        rested(page, tab)
    else:
        page.locator(f"#{tab}-page").wait_for()


def rested(page: Any, tab: str) -> None:
    page.wait_for_function(STILL, arg=tab, timeout=60_000)


def caption(page: Any, tab: str) -> str:
    return page.locator(f"#{tab}-stage").get_attribute("data-caption")


def query(page: Any) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


FIRST_MOTION = """tab => new Promise((resolve, reject) => {
    const began = performance.now();
    const seen = () => {
        const frames = [...document.querySelectorAll(`#${tab}-page .strip, #${tab}-page .home-moving`)];
        if (frames.some(x => Number(x.dataset.index ?? x.dataset.frame) > 0)) resolve(performance.now() - began);
        else if (performance.now() - began > 8000) reject(new Error("nothing moved"));
        else requestAnimationFrame(seen);
    };
    const button = [...document.querySelectorAll('#tabs [role=tab]')].find(b => b.dataset.tabId === tab);
    button.click();
    seen();
})"""


LIGHTER = """async ([statuses, tree]) => {
    const having = (module, method) => Object.values(module).find((each) => each?.prototype?.[method]);
    const status = new (having(await import(statuses), "resolve_args"))();
    status.register(0, [1], [2, 3], "minimal");
    status.update({ fn_index: 0, status: "complete", stream_state: "closed" });
    const find = having(await import(tree), "find_attached_events").prototype.find_attached_events;
    const events = [{ targets: [[1, "input"], [2, "click"], [1, "change"]] }, { targets: [[1, "submit"]] }];
    const of = (id) => find({ id, props: { shared_props: {} } }, events).props.shared_props.attached_events;
    return [Object.keys(status.current), of(1), of(2), of(3)];
}"""


@pytest.mark.browser
def test_gradio_does_no_more_than_it_has_to(still_page: Any):
    """In Gradio's own files: a status goes to outputs alone, and a part reports an event by the first name it has."""
    files = [frame.look.of_gradio(name) for name in ("statustracker", "core")]
    assert all(files), "the two are under other names now: see lighter.js"
    assert still_page.evaluate(LIGHTER, files) == [["1"], ["input", "submit"], ["click"], []]
    assert "known" in still_page.evaluate(
        "async (tree) => String(Object.values(await import(tree)).find((each) => each?.prototype?.find_attached_events)"
        ".prototype.find_attached_events)",
        files[1],
    )


CHARTS_AHEAD = "performance.getEntriesByType('resource').some(x => x.name.includes('/PlotlyPlot-'))"


@pytest.mark.browser
def test_something_moves_within_two_seconds_of_opening_a_tab(url: str):
    with open_page(url) as page:
        page.locator("#home-cards").wait_for()
        page.wait_for_function(CHARTS_AHEAD)  # so that the first chart of a tab does not hold up its film
        slower = max(1, os.getloadavg()[0] / os.cpu_count())  # two seconds are meant on a machine that is free
        took = {tab: page.evaluate(FIRST_MOTION, tab) for tab in app.pages}
        assert max(took.values()) < 2000 * slower, took


@pytest.fixture(scope="module")
def still_page(url: str) -> Iterator[Any]:
    """A page on which nothing moves by itself: to open the app takes longer than most of what is tested in it."""
    with open_page(url, *SIZES["desktop"], reduced_motion=True) as page:
        page.locator("#home-cards").wait_for(timeout=60_000)
        yield page


@pytest.fixture(scope="module", params=app.pages)
def opened(request: pytest.FixtureRequest, still_page: Any) -> tuple[Any, str]:
    """That page with one tab open. Those who take it set the size that they need, and change no control."""
    still_page.set_viewport_size(dict(zip(("width", "height"), SIZES["desktop"], strict=True)))
    open_tab(still_page, request.param)
    return still_page, request.param


@pytest.mark.browser
def test_with_reduced_motion_nothing_moves_by_itself(opened: tuple[Any, str]):
    page, tab = opened
    shown = "tab => [...document.querySelectorAll(`#${tab}-page .strip`)].map(x => x.dataset.index)"
    before = page.evaluate(shown, tab)
    page.wait_for_timeout(400)  # in which a film that plays shows four frames
    assert page.evaluate(shown, tab) == before


@pytest.mark.browser
def test_the_result_is_in_the_first_screen(opened: tuple[Any, str]):
    page, tab = opened
    if tab not in ACTING:
        pytest.skip("a page of words has no result")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)  # canvases follow the width
        page.evaluate("scrollTo(0, 0)")
        picture = page.locator(f"#{tab}-stage canvas").first.bounding_box()
        assert picture["y"] + picture["height"] <= height, size
        assert page.evaluate("document.documentElement.scrollWidth") <= width, size
        if size != "200 % zoom":
            play = page.locator(f"#{tab}-stage .play").first.bounding_box()
            assert play["y"] + play["height"] <= height, size
        run = page.locator(f"#{tab}-side .main-action:visible")
        if size == "phone":
            for box in (run.nth(k).bounding_box() for k in range(run.count())):  # they stick to the bottom
                assert 0.85 * height < box["y"] + box["height"] <= height
        if size in ("desktop", "projector"):
            side = page.locator(f"#{tab}-side").bounding_box()
            assert side["height"] <= height
            assert picture["x"] < side["x"]
            for k in range(run.count()):
                box = run.nth(k).bounding_box()
                assert box["y"] + box["height"] <= height


@pytest.mark.browser
def test_axe_finds_no_barriers(opened: tuple[Any, str]):
    page, tab = opened
    whole = "body" if tab == "home" else f"#{tab}-page"  # what is around the tabs is the same for all
    for size in ("desktop", "phone"):
        page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        page.wait_for_timeout(1000)  # charts are drawn
        for dark in (False, True):
            page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
            page.wait_for_function(f"document.body.classList.contains('dark') === {str(dark).lower()}")
            page.wait_for_timeout(100)  # in which colours begin to change
            page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")
            found = barriers(page, whole, contrast=size == "desktop")  # the colours do not follow the width
            assert not found, "\n".join([f"{size}, dark: {dark}", *found])


SMALL_TARGETS = """tab => [...document.querySelectorAll(`#${tab}-page :is(button, select, label:has(> input))`)]
    .filter(x => x.offsetParent)
    .map(x => [x.textContent.trim().slice(0, 30), x.getBoundingClientRect().height])
    .filter(([, height]) => height < 43.5)"""
SMALL_WORDS = """tab => { const walker = document.createTreeWalker(document.querySelector(`#${tab}-page`), 4);
    const small = []; while (walker.nextNode()) { const e = walker.currentNode.parentElement;
    if (walker.currentNode.textContent.trim() && e.offsetParent && !e.closest('svg, .katex, style, option')
        && parseFloat(getComputedStyle(e).fontSize) < 13.9) small.push(walker.currentNode.textContent.trim()); }
    return small; }"""


COVERED = """tab => [...document.querySelectorAll(`#${tab}-side :is(button, select, input, textarea)`)]
    .filter((each) => each.offsetParent && !each.disabled && !each.closest('.pad'))
    .filter((each) => {
        each.scrollIntoView({ block: "center", behavior: "instant" });
        const { x, y, width, height } = each.getBoundingClientRect();
        const found = document.elementFromPoint(x + width / 2, y + height / 2);
        return !(each.closest("label") ?? each.parentElement).contains(found);
    })
    .map((each) => each.outerHTML.slice(0, 200))"""


@pytest.mark.browser
def test_nothing_lies_over_a_control(opened: tuple[Any, str]):
    page, tab = opened
    for size in ("desktop", "phone"):
        page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        assert page.evaluate(COVERED, tab) == []


@pytest.mark.browser
def test_on_a_phone_targets_are_large_and_words_can_be_read(opened: tuple[Any, str]):
    page, tab = opened
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    assert page.evaluate(SMALL_TARGETS, tab) == []
    assert page.evaluate(SMALL_WORDS, tab) == []


STICK_OUT = """tab => [...document.querySelectorAll(`#${tab}-page .js-plotly-plot text`)]
    .filter((each) => each.textContent.trim() && each.getClientRects().length)
    .filter((each) => {
        const text = each.getBoundingClientRect();
        const chart = each.closest(".js-plotly-plot"), plot = chart.getBoundingClientRect();
        const legend = each.matches(".gtitle") && chart.querySelector(".legend")?.getBoundingClientRect();
        return legend && legend.height && text.bottom > legend.top + 4
            || text.left < plot.left - 2 || text.right > plot.right + 2
            || text.top < plot.top - 2 || text.bottom > plot.bottom + 2;
    })
    .map((each) => [each.textContent, each.getBoundingClientRect().toJSON()])"""


def charts_fit(page: Any, tab: str) -> None:
    """All words of the tab's charts come to lie within them, and no legend over a title."""
    from playwright.sync_api import TimeoutError

    with contextlib.suppress(TimeoutError):
        page.wait_for_function(f"tab => !({STICK_OUT})(tab).length", arg=tab, timeout=10_000)
    assert page.evaluate(STICK_OUT, tab) == []


CHARTS_FILL = """tab => [...document.querySelectorAll(`#${tab}-page .js-plotly-plot`)].every((plot) => {
    const [box, drawn] = [plot, plot.querySelector(".main-svg")].map((each) => each.getBoundingClientRect().width);
    return Math.abs(box - drawn) < 1.5;
})"""


@pytest.mark.browser
def test_a_chart_is_drawn_anew_when_another_comes_beside_it(still_page: Any):
    page = still_page
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["desktop"], strict=True)))
    open_tab(page, "draw")
    charts = page.locator("#draw-below .chart:visible")
    charts.locator(".main-svg").nth(1).wait_for()
    first, second = charts.first, charts.last.element_handle()
    before = first.bounding_box()["width"]
    for shown in ("none", ""):
        second.evaluate("(box, shown) => (box.style.display = shown)", shown)
        page.wait_for_function(CHARTS_FILL, arg="draw", timeout=5_000)
        assert (first.bounding_box()["width"] > 1.5 * before) == (shown == "none")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("tab", "there"), [("fgan", ["log10 of D above its least", "best"]), ("matching", ["a puppy", "dogs"])]
)
def test_every_chart_is_saved_with_the_names_that_it_shows(still_page: Any, tab: str, there: list[str]):
    page, saved = still_page, []
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["desktop"], strict=True)))
    open_tab(page, tab)
    for chart in page.locator(f"#{tab}-page .chart:visible").all():
        chart.locator(".main-svg").first.wait_for()
        with page.expect_download(timeout=10_000) as csv:
            chart.get_by_role("button", name="CSV").click()
        saved.append(list(reader(Path(csv.value.path()).read_text(encoding="utf-8").splitlines())))
    assert len(saved) == 2
    for rows in saved:
        assert len(rows) > 3
        assert {len(row) for row in rows} == {len(rows[0])}
    cells = {cell for rows in saved for row in rows for cell in row}
    assert cells >= set(there)


@pytest.mark.browser
def test_a_slider_that_is_put_back_counts_and_so_does_a_number_that_was_brought_within_bounds(still_page: Any):
    page, at = still_page, "location.search.includes('temperature={}&')"
    open_tab(page, "pixels")
    block = page.locator("#pixels-temperature")
    block.locator("input[type=range]").fill("0.5")
    page.wait_for_function(at.format("0.5"), timeout=30_000)
    block.locator(".reset-button").click()
    page.wait_for_function(at.format("1"), timeout=30_000)
    block.locator("input[type=number]").fill("9")
    page.locator("#pixels-note, #pixels-page").get_by_text("must be a number from 0 to 2").first.wait_for()
    block.locator("input[type=number]").blur()
    page.wait_for_function(at.format("2"), timeout=30_000)
    rested(page, "pixels")
    block.locator(".reset-button").click()
    page.wait_for_function(at.format("1"), timeout=30_000)
    rested(page, "pixels")


@pytest.mark.browser
@pytest.mark.parametrize("tab", [tab for tab in ACTING if app.pages[tab].path])
def test_a_walk_along_the_path_shows_what_each_step_says(still_page: Any, tab: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("demos.fgan.fits.SECONDS", 0.5)  # a fit of the path need not come to its end
    made, page = app.pages[tab], still_page
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    values = made.defaults()  # the tests above changed nothing
    open_tab(page, tab)
    for number, step in enumerate(made.path):
        values |= made.settings_of(step)
        page.locator(f"#{tab}-path .next").click()
        page.wait_for_function(
            "([tab, caption]) => document.querySelector(`#${tab}-stage`).dataset.caption === caption",
            arg=[tab, made.caption(values)],
            timeout=60_000,
        )
        rested(page, tab)
        assert page.locator(f"#{tab}-path [data-step='{number}']").get_attribute("aria-current") == "step"
        assert page.locator(f"#{tab}-path .look").inner_text() == step.look
        assert page.locator(f"#{tab}-said .said").inner_text().strip()
        charts_fit(page, tab)
    page.locator(f"#{tab}-path .back").click()
    rested(page, tab)
    assert page.locator(f"#{tab}-path [data-step='{len(made.path) - 2}']").get_attribute("aria-current") == "step"


@pytest.mark.browser
def test_back_and_forward_go_from_tab_to_tab(still_page: Any):
    tabs, page = [tab for tab in app.pages if tab != "home"], still_page
    selected = "tab => document.querySelector('#tabs [role=tab][aria-selected=true]').dataset.tabId === tab"
    open_tab(page, "home")
    for tab in tabs:
        open_tab(page, tab)
        page.wait_for_function("tab => location.search.includes('tab=' + tab)", arg=tab)
    for tab in ["home", *tabs][-2::-1]:
        page.go_back()
        page.wait_for_function(selected, arg=tab)
    page.go_forward()
    page.wait_for_function(selected, arg=tabs[0])


@pytest.mark.browser
def test_on_a_phone_the_bar_of_tabs_scrolls_to_the_open_one(still_page: Any):
    still_page.set_viewport_size(dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    bar = still_page.locator("#tabs [role=tablist]")
    assert bar.locator("[role=tab]").count() == len(app.pages)
    assert bar.evaluate("bar => bar.scrollWidth > bar.clientWidth")
    for tab in (list(app.pages)[-1], "home"):
        still_page.evaluate("tab => document.querySelector(`#tabs [data-tab-id=${tab}]`).click()", tab)
        still_page.wait_for_function(
            """tab => { const [bar, button] = ["#tabs [role=tablist]", `#tabs [data-tab-id=${tab}]`].map(
            (part) => document.querySelector(part).getBoundingClientRect());
            return button.left >= bar.left - 1 && button.right <= bar.right + 1; }""",
            arg=tab,
        )


def change(page: Any, control: Any) -> str | None:
    """Change a control by hand to another value; returns what the address should say, or None where it cannot."""
    place = page.locator(f"#{control.elem_id}")
    if isinstance(control, gr.Radio):
        other = next(value for _, value in control.choices if value != control.value)
        place.locator(f"input[value='{other}']").check()
        return str(other)
    if isinstance(control, gr.Checkbox):
        place.locator("input").click()
        return "false" if control.value else "true"
    if isinstance(control, gr.Dropdown):
        label, other = next(choice for choice in control.choices if choice[1] != control.value)
        place.locator("input").click()
        page.get_by_role("option", name=label, exact=True).click()
        return str(other)
    if isinstance(control, gr.Slider):
        place.locator("input[type=range]").focus()
        page.keyboard.press("ArrowRight")
        return f"{control.value + control.step:g}"
    if isinstance(control, gr.Textbox) and control.lines > 1:
        return None  # Enter begins a line there, and a button asks
    if isinstance(control, gr.Textbox):
        place.locator("textarea, input").fill("4711")
        page.keyboard.press("Enter")
        return "4711"
    return None


def unfold(page: Any, tab: str) -> None:
    """Open the folded groups of a tab's controls."""
    for button in page.locator(f"#{tab}-side button.label-wrap:not(.open):visible").all():
        button.click()


OF_ITS_CONTROLS = """tab => { const stage = document.querySelector(`#${tab}-stage`);
    const films = [...stage.querySelectorAll('.strip[data-key]')].filter(x => x.offsetParent);
    const address = location.search.slice(1).replace(/&step=\\d+$/, '');
    return stage.dataset.key === address && films.every(x => x.dataset.key === address); }"""


SAYS = """([tab, key, wanted]) => new URLSearchParams(location.search).get(key) === wanted
    || [...document.querySelectorAll(`#${tab}-page .note`)].some(x => x.offsetParent)"""


@pytest.mark.browser
@pytest.mark.parametrize(("tab", "mode"), [(tab, mode) for tab in ACTING for mode in modes_of(tab)])
def test_after_a_change_of_any_control_the_picture_is_of_the_new_values(
    url: str, tab: str, mode: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("demos.fgan.fits.SECONDS", 0.5)
    made = app.pages[tab]
    values = made.defaults() | ({"mode": mode} if mode else {})
    left = [key for key in made.acting if made.is_shown(key, values) and key in made.in_link]
    if mode != made.defaults().get("mode"):
        left = [key for key in left if key != "mode"]  # that one was changed from the first mode
    left.reverse()  # what hides others stands first in a tab; here it comes last, for the others need a new page then
    while left:
        with open_page(f"{url}?tab={tab}" + (f"&mode={mode}" if mode else ""), reduced_motion=True) as page:
            page.locator(f"#{tab}-stage[data-key*='{f'mode={mode}' if mode else f'tab={tab}'}']").wait_for()
            rested(page, tab)
            unfold(page, tab)
            follows(page, made, left.pop(0))
            while left and page.locator(f"#{made.controls[left[0]].elem_id}").is_visible():  # no change has hidden it
                follows(page, made, left.pop(0))


def follows(page: Any, made: frame.Page, key: str) -> None:
    """Change a control, and see the stage, its caption and the address follow, or a note beside what stays."""
    tab = made.tab
    before = caption(page, tab)
    wanted = change(page, made.controls[key])
    if wanted is None:
        return
    page.wait_for_function(SAYS, arg=[tab, key, wanted], timeout=30_000)
    rested(page, tab)
    if page.locator(f"#{tab}-page .note:visible").count():
        assert "stale" in page.locator(f"#{tab}-stage").get_attribute("class")
    else:
        assert key not in made.in_caption or caption(page, tab) != before, key
        page.wait_for_function(OF_ITS_CONTROLS, arg=tab, timeout=10_000)


@pytest.mark.browser
def test_where_no_answer_comes_the_page_says_so_and_waits_no_longer(url: str, monkeypatch: pytest.MonkeyPatch):
    tab = ACTING[0]
    made = app.pages[tab]
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, tab)
        with monkeypatch.context() as broken:
            broken.setattr(made, "answer", None)
            change(page, made.controls[made.acting[-1]])
            note = page.locator(f"#{tab}-page .note:visible")
            note.wait_for()
            assert "No answer came" in note.inner_text()
            rested(page, tab)
            assert "stale" in page.locator(f"#{tab}-stage").get_attribute("class")
        page.locator(f"#{tab}-new-seed").click()
        note.wait_for(state="detached")
        assert "stale" not in page.locator(f"#{tab}-stage").get_attribute("class")
        open_tab(page, "fgan")
        monkeypatch.setattr(app.pages["fgan"], "sign", None)
        # Live work that cannot even say what is wrong.
        monkeypatch.setattr(sys.modules[frame.Page.live.__module__], "noted", None)
        page.locator("#fgan-run").click()
        page.locator("#fgan-page .note:visible").get_by_text("No answer came").wait_for()
        rested(page, "fgan")


@pytest.mark.browser
def test_where_the_clipboard_is_refused_the_link_is_shown_selected(url: str):
    tab = ACTING[0]
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, tab)
        for clipboard in ("undefined", "{ writeText: () => Promise.reject(new Error('refused')) }"):
            page.evaluate(
                f"Object.defineProperty(navigator, 'clipboard', {{ value: {clipboard}, configurable: true }})"
            )
            page.locator(f"#{tab}-link").click()
            field = page.locator(f"#{tab}-stage .link input:focus")
            field.wait_for()
            link = field.input_value()
            assert f"tab={tab}" in link
            assert page.evaluate("getSelection().toString() || document.activeElement.value") == link
            assert "Copied" not in page.locator(f"#{tab}-stage .link").inner_text()


def test_every_step_of_every_path_names_controls_of_its_tab():
    for made in app.pages.values():
        for step in made.path:
            assert set(made.settings_of(step)) <= made.controls.keys()
            json.dumps(dict(made.settings_of(step)))
            assert re.fullmatch(r".{3,40}", step.name)
