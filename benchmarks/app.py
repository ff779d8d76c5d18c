"""How long a visitor waits: from `python app.py` to the first tab, and from a click to a film.

python -m benchmarks.app              # needs a Chromium; about a minute
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.browser import open_page

PORT = 7899
URL = f"http://127.0.0.1:{PORT}/"
NEW_FILM = "old => document.querySelector('#draw-film .pane.large canvas').toDataURL() !== old"
CANVAS = "document.querySelector('#draw-film .pane.large canvas').toDataURL()"


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
            page.get_by_role("tab", name="DRAW", exact=True).click()
            page.locator("#draw-film .pane.large canvas").first.wait_for()
            waits = []
            for _ in range(9):
                old, clicked = page.evaluate(CANVAS), time.perf_counter()
                page.locator("#draw-new-seed").click()
                page.wait_for_function(NEW_FILM, arg=old)
                waits.append(time.perf_counter() - clicked)
            print(
                f"click to a film of 32 glimpses, twice (with and without attention): first {waits[0]:.2f} s, "
                f"then a median of {statistics.median(waits[1:]):.2f} s"
            )
    finally:
        server.terminate()
        server.wait()


def wait_for_server(server: subprocess.Popen, limit: float = 60) -> None:
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
