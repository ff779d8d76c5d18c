"""A page of the app in headless Chromium, for tests that click, draw and look."""

import functools
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTED: list[Callable[[], None]] = []  # how to end what `chromium` started
KEPT: list["Page"] = []  # pages that were done with. The next one is opened in them, with the app's scripts compiled
HOW = "`apt-get install chromium-headless-shell` or `playwright install chromium` (and `pip install playwright`)"


def free_port() -> int:
    """A port that nobody listens on: processes that start apps at the same time must not ask for the same one."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def find_chromium(playwright: "Playwright") -> str | None:
    """The path of a Chromium: the system's, or Playwright's own; None where there is none.

    The one without a window of its own opens a page in two thirds of the time.
    """
    names = ["chromium-headless-shell", "chromium"]
    places = [*map(shutil.which, names), playwright.chromium.executable_path]
    return next((place for place in places if place and Path(place).exists()), None)


def no_browser(reason: str) -> None:
    """Fail under CI=true, where the browser tests must run; skip elsewhere."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{reason}; {HOW}")


@functools.cache
def chromium() -> "BrowserContext":
    """Where all tests of this process open their pages: one browser, whose cache of scripts they share."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("playwright is not installed")
    playwright = sync_playwright().start()
    executable = find_chromium(playwright)
    if executable is None:
        playwright.stop()
        no_browser("there is no Chromium")
    browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, timeout=90_000)
    STARTED.extend((browser.close, playwright.stop))
    return browser.new_context()


def close_chromium() -> None:
    """End the browser, where one was started."""
    KEPT.clear()
    while STARTED:
        STARTED.pop(0)()


@contextmanager
def open_page(
    url: str,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    reduced_motion: bool = False,
    before: str = "",
) -> Iterator["Page"]:
    """A page at `url`, in the browser that all tests of this process share. before: a script that runs first in it.

    At the end it fails where the page or one of its handlers logged an error, where the page threw one, and where it
    asked for anything that is not the app's own; it closes all that the test opened, and forgets what its pages stored
    and were permitted.
    The page is loaded but perhaps not built yet: wait for what you need.
    """
    shared = chromium()
    page = shared.new_page() if before or not KEPT else KEPT.pop()
    known = [*shared.browser.contexts, *shared.pages]
    origin = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
    complaints: list[str] = []

    def judge(asked: str) -> None:
        if not asked.startswith((origin, "data:", "blob:")):
            complaints.append(f"left the machine: {asked[:200]}")

    listeners = {
        "console": lambda message: complaints.append(f"console: {message.text}") if message.type == "error" else None,
        "pageerror": lambda error: complaints.append(f"error: {error}"),
        "request": lambda request: judge(request.url),
        "websocket": lambda socket: judge(socket.url.replace("ws", "http", 1)),
    }
    log = logging.Handler(logging.ERROR)
    log.emit = lambda record: complaints.append(logging.Formatter().format(record))
    logging.getLogger("demos").addHandler(log)
    whole = False
    try:
        page.set_default_timeout(30_000)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(
            color_scheme="dark" if dark else "light", reduced_motion="reduce" if reduced_motion else "no-preference"
        )
        if before:
            page.add_init_script(before)
        for event, listener in listeners.items():
            page.on(event, listener)
        page.goto(url, wait_until="domcontentloaded", timeout=90_000)
        yield page
        if not page.is_closed():
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            whole = not before
    finally:
        logging.getLogger("demos").removeHandler(log)
        for opened in [*shared.browser.contexts, *shared.pages]:
            if opened not in (*known, *KEPT):
                opened.close()
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        if whole:
            page.unroute_all(behavior="ignoreErrors")
            page.goto("about:blank")
            KEPT.append(page)
        else:
            page.close()
        shared.clear_cookies()
        shared.clear_permissions()
    assert not complaints, "\n".join(complaints)


def barriers(page: "Page", within: str = "body", contrast: bool = True) -> list[str]:
    """What axe-core finds in a part of the page that keeps some people out: one line each.

    contrast: whether colours are judged too, which takes four times as long as all the rest.
    """
    import axe_playwright_python

    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    how = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": contrast}}}
    found = page.evaluate("async ([within, how]) => (await axe.run(within, how)).violations", [within, how])
    return [
        f"{each['id']}: {each['help']}: {node['html'][:160]} {(node.get('failureSummary') or '')[:300]}"
        for each in found
        for node in each["nodes"][:4]
    ]
