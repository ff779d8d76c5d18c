"""The sketch pad in a browser. Its strokes in Python: test_strokes.py; what it sends as a picture: test_pictures.py."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from demos.pictures import read_sketch
from demos.widgets import draw_strokes
from tests.browser import open_page
from tests.drawings import FRONT, PALETTE, PAPER, PLACES, STROKES, colours_of, rgb
from tests.widgets_page import Widgets, draw_line, pixel, wait_until


@pytest.mark.browser
def test_a_stroke_reaches_python(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        page.locator("#pad canvas").wait_for()
        assert page.locator("#pad .undo").is_disabled()
        draw_line(page, (0.2, 0.5), (0.8, 0.5))
        wait_until(page, lambda: widgets.drawings and widgets.by_hand)
        page.wait_for_timeout(300)
        assert len(widgets.drawings) == len(widgets.by_hand) == 1, "one event a stroke"
        assert widgets.drawings == widgets.by_hand
        [stroke] = widgets.drawings[0]["strokes"]
        assert len(stroke["points"]) == 2, "a straight line is thinned to its ends"
        assert np.allclose(stroke["points"], [[0.2, 0.5], [0.8, 0.5]], atol=0.01)
        picture = read_sketch(widgets.drawings[0])
        assert picture.size == (280, 280)
        assert picture.getpixel((140, 140)) == 0
        again = draw_strokes(widgets.drawings[0]["strokes"], 280)
        difference = np.abs(np.asarray(picture, float) - np.asarray(again, float)).mean()
        assert difference < 0.5, "the browser and Pillow draw the same"


@pytest.mark.browser
def test_undo_and_clear(widgets: Widgets) -> None:
    count = "() => document.querySelector('#pad .pad').dataset.strokes"
    with open_page(widgets.url) as page:
        page.locator("#pad canvas").wait_for()
        draw_line(page, (0.1, 0.1), (0.9, 0.2))
        draw_line(page, (0.1, 0.6), (0.9, 0.7))
        wait_until(page, lambda: len(widgets.drawings) == 2)
        assert [len(value["strokes"]) for value in widgets.drawings] == [1, 2]
        page.locator("#pad canvas").focus()
        page.keyboard.press("Control+z")
        wait_until(page, lambda: len(widgets.drawings) == 3)
        assert widgets.drawings[-1] == widgets.drawings[0]
        page.locator("#pad .clear").click()
        wait_until(page, lambda: len(widgets.drawings) == 4)
        assert widgets.drawings[-1] is None
        assert pixel(page, "#pad canvas", 0.5, 0.15) == (255, 255, 255)
        page.locator("#pad .undo").click()  # takes back the clearing
        wait_until(page, lambda: len(widgets.drawings) == 5)
        assert page.evaluate(count) == "1"
        page.locator("#pad .undo").click()
        wait_until(page, lambda: len(widgets.drawings) == 6)
        assert widgets.drawings[-1] is None


@pytest.mark.browser
def test_a_stroke_that_leaves_the_paper_stays_on_it(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        page.locator("#pad canvas").wait_for()
        box = page.locator("#pad canvas").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 100)
        page.mouse.down()
        for x, y in ((400, 110), (420, 150), (150, 160), (100, 160)):
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()
        wait_until(page, lambda: widgets.drawings)
        strokes = widgets.drawings[0]["strokes"]
        assert len(strokes) == 2
        draw_strokes(strokes, 64)  # valid
        page.locator("#pad .undo").click()
        wait_until(page, lambda: len(widgets.drawings) == 2)
        assert widgets.drawings[-1] is None, "one gesture, one undo"


@pytest.mark.browser
def test_python_writes_strokes_and_wipes_them(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        page.locator("#pad canvas").wait_for()
        page.locator("#give").click()
        page.wait_for_function("() => document.querySelector('#pad .pad').dataset.strokes === '1'")
        assert pixel(page, "#pad canvas", 0.5, 0.5) == (0, 0, 0)
        wait_until(page, lambda: any(value.get("png") for value in widgets.drawings))
        [complete] = [value for value in widgets.drawings if value.get("png")]  # two requests: either may come first
        assert complete["strokes"] == STROKES
        read_sketch(complete)
        page.wait_for_timeout(600)
        assert len(widgets.drawings) <= 2, "no endless exchange"
        assert widgets.by_hand == []
        page.locator("#wipe").click()
        page.wait_for_function("() => document.querySelector('#pad .pad').dataset.strokes === '0'")
        assert pixel(page, "#pad canvas", 0.5, 0.5) == (255, 255, 255)


def open_plan(page: Any) -> Any:
    page.get_by_role("tab", name="Plan", exact=True).click()
    page.locator("#plan canvas").wait_for()
    return page.locator("#plan")


def count(page: Any, strokes: int) -> None:
    page.wait_for_function(f"() => document.querySelector('#plan .pad').dataset.strokes === '{strokes}'")


@pytest.mark.browser
def test_rectangles_and_brush_in_the_colours_of_a_palette(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        plan = open_plan(page)
        inks = plan.get_by_role("radiogroup", name="Colour").get_by_role("radio")
        assert [ink.get_attribute("value") for ink in inks.all()] == list(PALETTE)
        assert plan.locator(".inks .face").all_inner_texts() == list(PALETTE), "the names are there to read"
        assert plan.get_by_role("radio", name="window").is_checked()
        assert plan.get_by_role("radio", name="Rectangle").is_checked()
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("background")

        draw_line(page, (0.2, 0.3), (0.7, 0.8), "#plan")
        wait_until(page, lambda: widgets.plans)
        [window] = widgets.plans[0]["strokes"]
        assert list(window) == ["points", "size", "ink", "box"]
        assert (window["ink"], window["box"], window["size"]) == ("window", True, 0.1)
        assert np.allclose(window["points"], [[0.2, 0.3], [0.7, 0.8]], atol=0.01)
        assert window["points"] == np.round(window["points"], 3).tolist()
        for x, y in ((0.22, 0.32), (0.68, 0.32), (0.22, 0.78), (0.68, 0.78), (0.5, 0.5)):
            assert pixel(page, "#plan canvas", x, y) == rgb("window"), "filled to its corners"
        for x, y in ((0.17, 0.5), (0.73, 0.5), (0.5, 0.27), (0.5, 0.83)):
            assert pixel(page, "#plan canvas", x, y) == rgb("background")

        plan.get_by_role("radio", name="pillar").check()
        plan.get_by_role("radio", name="Brush").check()
        draw_line(page, (0.1, 0.5), (0.9, 0.5), "#plan")
        wait_until(page, lambda: len(widgets.plans) == 2)
        line = widgets.plans[1]["strokes"][1]
        assert list(line) == ["points", "size", "ink"]
        assert (line["ink"], line["size"]) == ("pillar", 0.1)
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("pillar")
        assert pixel(page, "#plan canvas", 0.5, 0.7) == rgb("window")

        page.keyboard.press("Control+z")
        wait_until(page, lambda: len(widgets.plans) == 3)
        assert widgets.plans[2] == widgets.plans[0]
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("window")
        plan.locator(".clear").click()
        wait_until(page, lambda: len(widgets.plans) == 4)
        assert widgets.plans[3] is None
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("background")
        plan.locator(".undo").click()
        wait_until(page, lambda: len(widgets.plans) == 5)
        assert widgets.plans[4] == widgets.plans[0]


@pytest.mark.browser
def test_a_rectangle_is_seen_while_it_is_dragged_and_a_click_draws_none(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        plan = open_plan(page)
        sheet = plan.locator("canvas").bounding_box()
        x, y = (lambda share: sheet["x"] + share * sheet["width"]), (lambda share: sheet["y"] + share * sheet["height"])
        page.mouse.click(x(0.5), y(0.5))
        page.mouse.move(x(0.3), y(0.3))
        page.mouse.down()
        page.mouse.move(x(0.3) + 1, y(0.3) + 1)  # an unsteady hand
        page.mouse.up()
        assert plan.locator(".hint").is_visible()
        assert plan.locator(".undo").is_disabled()

        page.mouse.move(x(0.8), y(0.8))
        page.mouse.down()
        page.mouse.move(x(0.4), y(0.4), steps=4)
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("window")
        assert not plan.locator(".hint").is_visible()
        page.mouse.move(x(0.6), y(0.6), steps=4)
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("background"), "it follows the pointer back"
        assert pixel(page, "#plan canvas", 0.7, 0.7) == rgb("window")
        page.mouse.move(x(1.2), y(0.6), steps=4)
        page.mouse.move(x(1.2), y(-0.1), steps=4)
        page.mouse.up()
        wait_until(page, lambda: widgets.plans)
        page.wait_for_timeout(300)
        assert len(widgets.plans) == 1, "clicks told Python nothing"
        [made] = widgets.plans[0]["strokes"]
        assert np.allclose(made["points"], [[0.8, 0.8], [1, 0]], atol=0.01), "it ends at the paper's edge"
        draw_strokes(widgets.plans[0]["strokes"], 64, palette=PALETTE)  # valid


@pytest.mark.browser
def test_the_keyboard_chooses_colour_and_tool(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        plan = open_plan(page)
        assert plan.locator(".brush").is_disabled(), "a rectangle has no size of brush"
        plan.locator("canvas").focus()
        page.keyboard.press("Tab")
        assert plan.get_by_role("radio", name="window").evaluate("radio => radio === document.activeElement")
        outline = "radio => getComputedStyle(radio.nextElementSibling).outlineStyle"
        assert plan.get_by_role("radio", name="window").evaluate(outline) == "solid", "the focus is seen"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert plan.get_by_role("radio", name="cornice").is_checked()
        assert plan.locator(".inks :checked").count() == 1
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert plan.get_by_role("radio", name="Brush").is_checked()
        assert plan.get_by_role("radio", name="cornice").is_checked()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowLeft")
        two = page.locator("#two-inks")
        assert two.get_by_role("radio", name="soot").is_checked(), "each pad has its own; of two the first"
        assert two.get_by_role("radio", name="Rectangle").is_checked()
        assert not two.locator(".save").is_visible()
        draw_line(page, (0.2, 0.2), (0.8, 0.2), "#plan")
        wait_until(page, lambda: widgets.plans)
        [line] = widgets.plans[0]["strokes"]
        assert (line["ink"], "box" in line) == ("cornice", False)
        assert line["size"] == 0.095, "the arrow key made the brush smaller"


@pytest.mark.browser
def test_what_is_chosen_is_seen_without_colour(widgets: Widgets) -> None:
    dot = """radio => getComputedStyle(radio.nextElementSibling.querySelector('.swatch'), '::after').content"""
    with open_page(widgets.url) as page:
        plan = open_plan(page)
        plan.get_by_role("radio", name="door").check()
        radios = plan.get_by_role("radio").all()
        assert [r.get_attribute("value") for r in radios if r.evaluate(dot) == '""'] == ["door", "Rectangle"]


@pytest.mark.browser
def test_python_writes_a_front_and_the_pad_saves_it(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        plan = open_plan(page)
        assert plan.locator(".save").is_disabled()
        assert not page.locator("#pad .save").is_visible(), "only where it is asked for"
        page.locator("#give-front").click()
        count(page, len(FRONT))
        assert {name: pixel(page, "#plan canvas", *place) for name, place in PLACES.items()} == {
            name: rgb(name) for name in PLACES
        }
        with page.expect_download() as download:
            plan.locator(".save").click()
        assert download.value.suggested_filename == "glimpse-a-house-front.png"
        with Image.open(download.value.path()) as saved:
            drawn = np.asarray(draw_strokes(FRONT, 256, palette=PALETTE, paper=PAPER), int)
            assert saved.size == (256, 256)
            off = np.abs(np.asarray(saved.convert("RGB"), int) - drawn).max(2) > 8
        assert off.mean() < 0.02, "but for its borders the browser's picture is Pillow's"

        draw_line(page, (0.05, 0.95), (0.95, 0.8), "#plan")
        wait_until(page, lambda: widgets.plans)
        assert widgets.plans[0]["strokes"][:-1] == FRONT, "ink and box went to the page and came back"
        assert len(colours_of(read_sketch(widgets.plans[0], palette=PALETTE, paper=PAPER))) == 5
        plan.locator(".undo").click()
        count(page, len(FRONT))
        plan.locator(".undo").click()
        count(page, 0)
        assert plan.locator(".save").is_disabled()
        assert plan.locator(".hint").is_visible()


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Of WCAG 2: from 1 to 21; 4.5 is enough for text."""

    def luminance(colour: tuple[int, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (byte / 255 for byte in colour)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    low, high = sorted(luminance(colour) + 0.05 for colour in (one, other))
    return high / low


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_a_palette_is_readable_on_a_phone(widgets: Widgets, dark: bool) -> None:
    ink = "node => getComputedStyle(node).color.match(/[0-9]+/g).slice(0, 3).map(Number)"
    ground = "node => getComputedStyle(node).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)"
    with open_page(widgets.url, width=390, dark=dark) as page:
        plan = open_plan(page)
        assert contrast(plan.locator(".hint").evaluate(ink), rgb("background")) >= 4.5
        for face in plan.locator(".face").all():
            assert contrast(face.evaluate(ink), face.evaluate(ground)) >= 4.5
            assert face.evaluate("node => node.scrollWidth <= node.clientWidth"), "no name is cut off"
            place = face.bounding_box()
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= 390
            assert 43.5 <= place["height"] < 48, "large enough for a finger, and no name is broken"
        rows = {round(face.bounding_box()["y"]) for face in plan.locator(".inks .face").all()}
        assert len(rows) <= 4, "three a row"
        sheet = plan.locator("canvas").bounding_box()
        assert sheet["x"] + sheet["width"] <= 390
        overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0
