"""A page of the app in headless Chromium, for tests that click, draw and look."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW = "install one with `apt-get install chromium` or `playwright install chromium` (and `pip install playwright`)"


def find_chromium(playwright: "Playwright") -> str | None:
    """The path of a Chromium: the system's, one on PATH, or Playwright's own. None where there is none."""
    places = ["/usr/bin/chromium", shutil.which("chromium"), playwright.chromium.executable_path]
    return next((place for place in places if place and Path(place).exists()), None)


def no_browser(reason: str) -> None:
    """Fail under CI=true, where the browser tests must run; skip elsewhere."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{reason}; {HOW}")


@contextmanager
def open_page(
    url: str, width: int = 1280, height: int = 900, dark: bool = False, reduced_motion: bool = False
) -> Iterator["Page"]:
    """A page at `url`, in a browser of its own.

    At the end it fails where the page logged an error, threw one, or asked for anything that is not the app's own.
    The page is loaded but perhaps not built yet: wait for what you need.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("playwright is not installed")
    origin = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
    complaints: list[str] = []
    with sync_playwright() as playwright:
        executable = find_chromium(playwright)
        if executable is None:
            no_browser("there is no Chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce" if reduced_motion else "no-preference",
            )
            page.on("console", lambda m: complaints.append(f"console: {m.text}") if m.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(f"error: {error}"))

            def judge(asked: str) -> None:
                if not asked.startswith((origin, "data:", "blob:")):
                    complaints.append(f"left the machine: {asked[:200]}")

            page.on("request", lambda request: judge(request.url))
            page.on("websocket", lambda socket: judge(socket.url.replace("ws", "http", 1)))
            page.goto(url, wait_until="domcontentloaded")
            yield page
        finally:
            browser.close()
    assert not complaints, "\n".join(complaints)
