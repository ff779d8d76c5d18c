"""How long a visitor waits: from `python app.py` to the first tab, from a click, a stroke or a slider to a picture.

python -m benchmarks.app              # needs a Chromium; about a minute
"""

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page

from tests.browser import open_page

PORT = 7899
URL = f"http://127.0.0.1:{PORT}/"
CANVAS = "document.querySelector('#{}-film .pane.large canvas').toDataURL()"
ROUNDS = 9


def main() -> None:
    app = Path(__file__).resolve().parent.parent / "app.py"
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, app], env=os.environ | {"GRADIO_SERVER_PORT": str(PORT)}, stdout=subprocess.DEVNULL
    )
    try:
        wait_for_server(server)
        answered = time.perf_counter() - started
        with open_page(URL, reduced_motion=True) as page:
            page.get_by_role("tab", name="Home", exact=True).wait_for()
            print(
                f"python app.py: answers after {answered:.1f} s, first tab after {time.perf_counter() - started:.1f} s"
            )
            draw = waits(page, "draw", lambda k: timed(page.locator("#draw-new-seed").click))
            told("click to a film of 32 glimpses, twice (with and without attention)", draw)
            if page.get_by_role("tab", name="pix2pix", exact=True).count():
                stroked = waits(page, "pix2pix", lambda k: stroke(page, 0.3 + 0.4 * k / ROUNDS))
                told("end of a stroke to a photo of 128 x 128", stroked)
            codes = page.locator("#infogan-c2 input[type=range]")
            slid = waits(page, "infogan", lambda k: timed(lambda: codes.fill(f"{0.2 * k - 1:.2f}")))
            told("a slider of infoGAN's to its digit", slid)
    finally:
        server.terminate()
        server.wait()


def waits(page: Page, tab: str, act: Callable[[int], float]) -> list[float]:
    """Seconds from the moment that each act returns, to another picture on the tab's film strip."""
    page.get_by_role("tab", name=re.compile(f"^{tab}$", re.IGNORECASE)).click()
    page.locator(f"#{tab}-film .pane.large canvas").first.wait_for()
    found, canvas = [], CANVAS.format(tab)
    for k in range(ROUNDS):
        old = page.evaluate(canvas)
        done = act(k)
        page.wait_for_function(f"old => {canvas} !== old", arg=old, polling=10)
        found.append(time.perf_counter() - done)
    return found


def timed(act: Callable[[], None]) -> float:
    """Do it, and return the moment before."""
    before = time.perf_counter()
    act()
    return before


def stroke(page: Page, height: float) -> float:
    """One line across the pad; returns the moment at which the pen is lifted."""
    box = page.locator("#pix2pix-shoe canvas").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + height * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + height * box["height"], steps=8)
    return timed(page.mouse.up)


def told(what: str, seconds: list[float]) -> None:
    print(f"{what}: first {seconds[0]:.2f} s, then a median of {statistics.median(seconds[1:]):.2f} s")


def wait_for_server(server: subprocess.Popen, limit: float = 120) -> None:
    """Until the app answers. RuntimeError where it stops, or takes too long."""
    until = time.perf_counter() + limit
    while time.perf_counter() < until and server.poll() is None:
        try:
            urlopen(URL, timeout=1).close()
            return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the app did not start")


if __name__ == "__main__":
    main()
