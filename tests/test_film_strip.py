"""The film strip in a browser, and that both widgets fit a screen."""

from typing import Any

import pytest
from PIL import Image

from tests.browser import open_page
from tests.widgets_page import FRAMES, Widgets, draw_line, frame_colour, pixel, wait_until


def index(page: Any) -> int:
    return int(page.evaluate("() => document.querySelector('#strip .strip').dataset.index ?? -1"))


def run_film(page: Any, button: str = "#run", frames: int = FRAMES) -> None:
    page.locator("#strip .strip").wait_for()
    page.locator(button).click()
    page.wait_for_function(
        "n => document.querySelector('#strip .strip').dataset.index == n - 1", arg=frames, timeout=15_000
    )


def shown_colour(page: Any) -> tuple[int, int, int]:
    return pixel(page, "#strip .pane:first-child canvas", 0.03, 0.97)


@pytest.mark.browser
def test_a_new_film_plays_once_and_rests_at_its_end(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        page.locator("#strip .quiet").wait_for()
        assert "as soon as the model has run" in page.locator("#strip .quiet").inner_text()
        page.evaluate("""() => { window.seen = [];
            document.addEventListener('glimpse-frame', event => window.seen.push(event.detail.index)); }""")
        run_film(page)
        seen = page.evaluate("window.seen")
        assert seen == sorted(seen)
        assert len(set(seen)) > 3, "several steps were shown on the way"
        assert page.locator("#strip .play").get_attribute("aria-label") == "Play"
        assert page.locator("#strip .counter").inner_text() == "step 12 of 12"
        assert shown_colour(page) == frame_colour(11)
        page.wait_for_timeout(700)
        assert widgets.stops == [], "a film that plays by itself tells Python nothing"


@pytest.mark.browser
def test_scrubbing_asks_for_nothing_and_a_stop_tells_python(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        run_film(page)
        page.wait_for_timeout(300)
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        slider = page.locator("#strip .frame")
        slider.focus()
        for key, expected in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
            page.keyboard.press(key)
            assert index(page) == expected
            assert shown_colour(page) == frame_colour(expected)
            page.wait_for_timeout(60)
        assert requests == [], "scrubbing stays in the browser"
        assert "step 3 of 12" in page.locator("#strip canvas").first.get_attribute("aria-label")
        assert page.locator("#strip dd").all_inner_texts() == ["1.70 px", "6 px"]
        assert "Step 3" in page.locator("#strip .caption").inner_text()
        wait_until(page, lambda: widgets.stops)
        page.wait_for_function("() => document.querySelector('#heard input').value === '2'")
        assert widgets.stops == [2], "one stop, heard once"

        box = slider.bounding_box()  # and with the mouse: Python hears of the release
        page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=6)
        page.mouse.up()
        wait_until(page, lambda: widgets.stops[-1] == 11)
        assert shown_colour(page) == frame_colour(11)


@pytest.mark.browser
def test_play_pause_buttons_and_keys(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        run_film(page)
        page.locator("#strip .speed").select_option("0.5")
        page.locator("#strip .play").click()  # from the start again
        page.wait_for_function("() => document.querySelector('#strip .strip').dataset.index === '2'")
        assert widgets.stops == []
        page.locator("#strip .play").click()
        wait_until(page, lambda: widgets.stops)
        assert widgets.stops == [index(page)]
        at = index(page)
        page.locator("#strip .next").click()
        assert index(page) == at + 1
        page.locator("#strip .previous").click()
        assert index(page) == at
        page.locator("#strip .speed").select_option("4")
        page.locator("#strip .strip").focus()
        page.keyboard.press("Space")
        page.wait_for_function("() => document.querySelector('#strip .strip').dataset.index === '11'")
        wait_until(page, lambda: widgets.stops[-1] == 11)
        with page.expect_download() as download:
            page.locator("#strip .png").click()
        assert download.value.suggested_filename == "glimpses-of-draw-step-12.png"
        saved = Image.open(download.value.path())
        gap, title, words = 20, 44, 48  # around each picture, above it, and the caption below all
        assert saved.size == (2 * 560 + 3 * gap, title + 560 + gap + words)
        assert saved.getpixel((gap + 5, title + 555))[:3] == frame_colour(11)


@pytest.mark.browser
def test_a_second_film_overtakes_the_first(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        page.locator("#strip .strip").wait_for()
        page.locator("#run").click()
        page.wait_for_function("() => document.querySelector('#strip .strip').dataset.index >= 3")
        run_film(page, "#run-another", frames=20)
        assert page.locator("#strip .counter").inner_text() == "step 20 of 20"
        page.locator("#strip .strip").focus()
        page.keyboard.press("Home")
        assert shown_colour(page) == (0, 255, 30)
        page.locator("#broken").click()
        page.wait_for_function("() => document.querySelector('#strip .quiet').innerText.includes('broken')")
        page.locator("#empty").click()
        page.wait_for_function(
            "() => document.querySelector('#strip .quiet').innerText.includes('as soon as the model has run')"
        )
        assert not page.locator("#strip .film").is_visible()
        run_film(page)


@pytest.mark.browser
def test_values_wait_for_a_tab_to_be_opened(widgets: Widgets) -> None:
    with open_page(widgets.url) as page:
        page.locator("#fill-other").click()
        page.wait_for_timeout(1500)
        page.get_by_role("tab", name="Other", exact=True).click()
        page.wait_for_function("() => document.querySelector('#far-strip .strip')?.dataset.index === '11'")
        assert pixel(page, "#far-strip .pane:first-child canvas", 0.03, 0.97) == frame_colour(11)
        assert pixel(page, "#far-pad canvas", 0.5, 0.5) == (0, 0, 0)
        page.locator("#far-strip .play").click()
        page.get_by_role("tab", name="First", exact=True).click()
        page.wait_for_timeout(300)
        at = page.evaluate("() => document.querySelector('#far-strip .strip')?.dataset.index")
        page.wait_for_timeout(500)
        assert page.evaluate("() => document.querySelector('#far-strip .strip')?.dataset.index") == at, "it waits"
        page.get_by_role("tab", name="Other", exact=True).click()
        page.wait_for_function("() => document.querySelector('#far-strip .strip')?.dataset.index === '11'")
        assert pixel(page, "#far-strip .pane:first-child canvas", 0.03, 0.97) == frame_colour(11)


@pytest.mark.browser
def test_reduced_motion_jumps_to_the_end(widgets: Widgets) -> None:
    with open_page(widgets.url, reduced_motion=True) as page:
        page.evaluate("""() => { window.seen = [];
            document.addEventListener('glimpse-frame', event => window.seen.push(event.detail.index)); }""")
        run_film(page)
        assert set(page.evaluate("window.seen")) <= {0, FRAMES - 1}


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_the_screen(widgets: Widgets, width: int, dark: bool) -> None:
    with open_page(widgets.url, width=width, dark=dark) as page:
        run_film(page)
        draw_line(page, (0.2, 0.2), (0.7, 0.8))
        overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0
        for canvas in page.locator("#strip canvas, #pad canvas").all():
            box = canvas.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


@pytest.mark.browser
def test_a_low_window_still_shows_the_film(widgets: Widgets) -> None:
    """Where the window ends above the film, there is no height left to fit it into."""
    with open_page(widgets.url) as page:
        run_film(page)
        for height in (900, 300, 100):
            page.set_viewport_size({"width": 640, "height": height})
            page.wait_for_timeout(300)  # it is laid out anew
            sides = page.locator("#strip .pane.large canvas").evaluate_all("all => all.map(x => [x.width, x.height])")
            assert sides
            assert all(min(side) >= 100 for side in sides), (height, sides)
