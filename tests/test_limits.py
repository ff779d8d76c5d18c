"""What the server takes from anyone: large bodies, long queries, values of every kind through every door."""

import asyncio
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import gradio as gr
import pytest
from gradio import processing_utils

import app
from demos import limits
from demos.fgan import fits
from demos.limits import Limits


def answer(url: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, dict[str, str], str]:
    """Status, headers and text of a reply."""
    try:
        with urlopen(Request(url, body, {"Content-Type": kind} if body else {})) as reply:
            return reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read().decode()
    except HTTPError as refused:
        return refused.code, {k.lower(): v for k, v in refused.headers.items()}, refused.read().decode()


# ------------------------------------------------------------------ requests


@pytest.mark.parametrize("length", [0, 8_000, 15_000, 17_000, 100_000])
def test_a_query_of_any_length_is_answered_by_the_page(url: str, length: int):
    status, headers, page = answer(f"{url}?tab=draw&seed={'1' * length}")
    assert status == 200
    assert "text/html" in headers["content-type"]
    assert "window.gradio_config" in page


def test_a_long_link_is_answered_too_where_it_comes_in_pieces(url: str):
    place = urlsplit(url)
    link = f"GET /?tab=draw&seed={'1' * 100_000} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        for start in range(0, len(link), 8_000):
            connection.sendall(link[start : start + 8_000])
            time.sleep(0.02)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("path", ["", "config", "theme.css", "gradio_api/info", "no/such/page"])
def test_no_reply_may_be_taken_for_another_type(url: str, path: str):
    _, headers, _ = answer(url + path)
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("route", ["deep_link?session_hash=x", "process_recording", "component_server"])
def test_routes_that_write_what_was_sent_and_that_nobody_uses_are_closed(url: str, route: str):
    for body in (None, b"{}"):
        assert answer(f"{url}gradio_api/{route}", body)[0] == 404


def test_nobody_passes_the_queue_by(url: str):
    status, _, text = answer(f"{url}gradio_api/run/draw_attend", b'{"data": ["photo", "0", 0.5, 0.5, 1, 0.5, 5]}')
    assert status >= 400
    assert "queue" in text


def test_a_body_of_too_many_values_is_refused_before_gradio_looks_at_each(url: str):
    body = b'{"data": [' + b"[]," * 400_000 + b"0]}"
    assert len(body) < limits.MOST_BYTES
    status, _, text = answer(f"{url}gradio_api/queue/join", body)
    assert (status, "300,000 values" in text) == (413, True)
    assert answer(url)[0] == 200


def test_nothing_is_fetched_from_an_address_in_a_value():
    """As Gradio does with each that a value names as its file's."""
    pad = app.pages["draw"].controls["sketch"]
    value = {"path": "https://example.org/large.bin", "meta": {"_type": "gradio.FileData"}}
    moved = processing_utils.async_move_files_to_cache([value], pad, check_in_upload_folder=True)
    with ThreadPoolExecutor() as threads, pytest.raises(gr.Error, match="Send the picture itself"):
        threads.submit(asyncio.run, moved).result()  # this thread may have a loop of the browser's


def test_what_is_left_of_an_upload_that_was_broken_off_is_deleted_after_an_hour(tmp_path: Path):
    old, new, whole = tmp_path / "tmp_old", tmp_path / "tmp_new", tmp_path / "abc" / "photo.png"
    whole.parent.mkdir()
    for each in (old, new, whole):
        each.write_bytes(b"a")
    for each in (old, whole):
        os.utime(each, (time.time() - 4000,) * 2)
    limits.delete_abandoned(tmp_path)
    assert (old.exists(), new.exists(), whole.exists()) == (False, True, True)


DOORS = ["gradio_api/queue/join", "gradio_api/call/draw_classify", "gradio_api/run/predict", "gradio_api/upload"]


@pytest.mark.parametrize("door", DOORS)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(url: str, door: str):
    """Only the headers are sent: who announces 70 MB hears that it is too much before the first of them."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    connection.putrequest("POST", f"/{door}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(70 * 2**20))
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status == 413
    most = 64 if "upload" in door else 8
    assert f"at most {most} MB" in reply.read().decode()
    assert reply.headers["x-content-type-options"] == "nosniff"
    connection.close()


@pytest.mark.parametrize("door", DOORS)
def test_a_body_that_does_not_say_how_large_it_is_is_refused_where_the_limit_lies(url: str, door: str):
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    head = (
        b'--cut\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' if "upload" in door else b'"'
    )
    pieces = (head if k == 0 else b"a" * 2**20 for k in range(70))
    kind = "multipart/form-data; boundary=cut" if "upload" in door else "application/json"
    try:
        connection.request("POST", f"/{door}", pieces, {"Content-Type": kind}, encode_chunked=True)
        reply = connection.getresponse()
        assert reply.status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was hung up on while it was still sending
    connection.close()
    assert answer(url)[0] == 200


def test_several_photos_may_be_chosen_together(url: str):
    """Four of 4 MB: too much for any other request, and each within Gradio's limit."""
    part = b'--cut\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + b"a" * 2**22 + b"\r\n"
    body, kind = 4 * part + b"--cut--\r\n", {"Content-Type": "multipart/form-data; boundary=cut"}
    reply = urlopen(Request(f"{url}gradio_api/upload", body, kind), timeout=30)
    assert len(json.load(reply)) == 4


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"data": [' + b"9" * 5000 + b"]}", b"\xff\xfe", b"null"])
def test_a_body_that_is_no_call_is_refused_and_the_next_call_works(url: str, body: bytes):
    for door in DOORS:
        status, _, _ = answer(url + door, body)
        assert 400 <= status < 500, door
    assert answer(url)[0] == 200


def test_a_large_picture_within_the_limit_is_taken(url: str):
    """5 MB of a file in a data URL, which is broken: our sentence answers, not the server's."""
    call = {"data": ["data:image/png;base64," + "A" * 7_000_000, "0"]}
    status, _, text = answer(url + "gradio_api/call/draw_classify", json.dumps(call).encode())
    assert status == 200
    event = json.loads(text)["event_id"]
    _, _, stream = answer(url + f"gradio_api/call/draw_classify/{event}")
    assert "The file is damaged or not a picture" in stream


def test_sessions_do_not_pile_up():
    import app

    assert app.LAUNCH["state_session_capacity"] <= 100


# ------------------------------------------------------------------ results that nobody fetches


def asked(url: str, session: str) -> None:
    """Ask for a window of DRAW's, and do not listen."""
    endpoint = next(each["id"] for each in app.demo.config["dependencies"] if each["api_name"] == "draw_attend")
    data = ["flower", 50, 45, 4, 2, 1, 12, "0"]
    body = {"fn_index": endpoint, "session_hash": session, "data": data}
    assert answer(f"{url}gradio_api/queue/join", json.dumps(body).encode())[0] == 200


def test_a_result_that_nobody_fetches_is_forgotten_and_another_is_not(url: str):
    layer = app.demo.app.middleware_stack
    while not isinstance(layer, Limits):
        layer = layer.app
    queue = app.demo._queue
    asked(url, "silent")
    asked(url, "later")
    until = time.monotonic() + 60
    while not all(queue.pending_messages_per_session[of].qsize() >= 3 for of in ("silent", "later")):
        assert time.monotonic() < until
        time.sleep(0.1)

    def look() -> None:
        asyncio.run_coroutine_threadsafe(layer.give_up_unheard(queue), layer.looking.get_loop()).result()

    layer.unheard.clear()  # the server looks by itself, too
    look()
    assert {"silent", "later"} <= queue.pending_messages_per_session.keys(), "it was only now that nobody listened"
    with urlopen(f"{url}gradio_api/queue/data?session_hash=later") as stream:
        assert '"success":true' in stream.read().decode()
    look()
    assert "silent" not in queue.pending_messages_per_session
    assert "silent" not in queue.pending_event_ids_session
    asked(url, "later")
    look()
    assert answer(f"{url}gradio_api/queue/data?session_hash=later")[0] == 200
    asked(url, "later")
    look()
    assert "later" in queue.pending_messages_per_session, "it listened between the two looks"


def test_work_that_ends_may_be_ended_again(url: str, monkeypatch: pytest.MonkeyPatch):
    """As by two clicks on Stop, the second while the first waits for the work's last step."""

    def slowly(*arguments: Any, **named: Any) -> Iterator[Any]:
        for found in fitting(*arguments, **named):
            time.sleep(0.5)
            yield found

    fitting = fits.fitting
    monkeypatch.setattr(fits, "fitting", slowly)
    endpoint = next(each["id"] for each in app.demo.config["dependencies"] if each["api_name"] == "fgan_fit")
    data = ["kl", "single step", 0.33, -1, 0.25, 2, 1.4, 0, 1.5, None, "5"]
    body = {"fn_index": endpoint, "session_hash": "twice", "data": data}
    status, _, told = answer(f"{url}gradio_api/queue/join", json.dumps(body).encode())
    assert status == 200
    event = json.loads(told)["event_id"]
    until = time.monotonic() + 60
    while event not in app.demo.app.iterators:
        assert time.monotonic() < until
        time.sleep(0.05)
    stop = json.dumps({"fn_index": endpoint, "session_hash": "twice", "event_id": event}).encode()
    with ThreadPoolExecutor() as pool:
        replies = list(pool.map(lambda _: answer(f"{url}gradio_api/cancel", stop)[0], range(3)))
    assert replies == [200] * 3
    assert event not in app.demo.app.iterators


def test_a_session_listens_while_its_stream_is_open():
    heard = []

    async def stream(*_: Any) -> None:
        heard.append(dict(layer.listening))

    layer = Limits(stream)
    scope = dict(type="http", path="/gradio_api/queue/data", query_string=b"session_hash=me", headers=[], app=None)
    for method in ("GET", "POST"):
        with ThreadPoolExecutor() as pool:  # a browser's test may have left a loop running in this thread
            pool.submit(asyncio.run, layer(scope | {"method": method}, None, None)).result()
    assert heard == [{"me": 1}, {"me": 0}]
    assert not layer.listening


def test_a_session_without_a_name_stops_nobody(url: str):
    for _ in range(6):
        asked(url, "")
    asked(url, "named")
    with urlopen(f"{url}gradio_api/queue/data?session_hash=named") as stream:
        assert '"success":true' in stream.read().decode()
