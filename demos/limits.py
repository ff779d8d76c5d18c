"""What the server takes from anyone: bounded requests, and bounded memory for sessions."""

import asyncio
import contextlib
import ctypes
import gc
import itertools
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio import processing_utils
from gradio.queueing import AsyncQueue
from gradio.utils import LRUCache, get_upload_folder
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8 * 2**20  # of a request's body: a photo of 5 MB, also as base64 in JSON
MOST_UPLOADED = 64 * 2**20  # of several photos that are chosen together; each has Gradio's limit of its own
MOST_VALUES = 300_000  # in a body of JSON: a full pad has a quarter of that. Gradio looks at each while all others wait
ABANDONED_SECONDS = 3600  # a part of an upload that was broken off is kept for that long; Gradio never deletes it
UNUSED = {"deep_link", "process_recording", "component_server"}  # routes of Gradio's that write or run what is sent
LONGEST_QUERY = 16_000  # characters; our own links stay below 8,000
LONGEST_HEAD = 2**18  # bytes of a request before its body; what is longer gets a 400
COLLECT_SECONDS = 4  # from one collection to the next; what was freed goes back every second
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # as malloc.h has them
LARGE = 2**20  # bytes; from this size on a tensor has pages of its own, and leaves no hole behind
UNHEARD_SECONDS = 30  # a result that nobody fetches is kept for that long at least, and for twice as long at most
UNREAD = 2000  # sessions that may have messages waiting, as in Gradio
SESSIONS = 32  # whose state is kept, enough for a class; Gradio keeps a copy of the page's config, 1 MB, for each

# Gradio does not pass uvicorn's setting on, so 16 kB are the limit: a longer link in several packets gets a 400.
with contextlib.suppress(ImportError):
    from uvicorn.protocols.http import h11_impl

    h11_impl.DEFAULT_MAX_INCOMPLETE_EVENT_SIZE = LONGEST_HEAD


async def no_download(url: str, cache_dir: str) -> str:
    """Gradio would fetch any address that a value names as its file's, whole and however long."""
    raise gr.Error("Send the picture itself, not its address.", print_exception=False)


processing_utils.async_ssrf_protected_download = no_download


class Limits:
    """ASGI middleware in front of all of Gradio's routes.

    A body that is too large is answered with 413, whether its length was announced or not. A query that is too long
    is cut out, so that its page opens all the same. No browser may guess another type than the one a reply names.
    What is made for a session that does not listen is given up.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self.listening: Counter[str] = Counter()  # how many streams each session has open
        self.unheard: set[str] = set()  # sessions that had results at the last look and did not listen
        self.looking: asyncio.Task | None = None

    async def look_for_ever(self, gradio: Any) -> None:
        gradio.iterators = Iterators(gradio.iterators)  # there is no other moment: Gradio makes its app at the launch
        while True:
            await asyncio.sleep(UNHEARD_SECONDS)
            delete_abandoned(Path(get_upload_folder()))
            await self.give_up_unheard(gradio.get_blocks()._queue)

    async def give_up_unheard(self, queue: Any) -> None:
        """End the work and forget the results of sessions that did not listen at the last look and do not now."""
        pending = queue.pending_messages_per_session
        unheard = {of for of, messages in pending.items() if of not in self.listening and not messages.empty()}
        for session in unheard & self.unheard:
            await queue.clean_events(session_hash=session)
            queue.pending_event_ids_session.pop(session, None)
            pending.pop(session, None)
        self.unheard = unheard - self.unheard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["path"].rstrip("/").rpartition("/")[2] in UNUSED:
            return await PlainTextResponse("There is no such page.", 404)(scope, receive, send)
        if len(scope["query_string"]) > LONGEST_QUERY:
            scope = scope | {"query_string": b""}
        taken, values, over, started = 0, 0, False, False
        uploads = scope["path"].endswith("/upload")
        most = MOST_UPLOADED if uploads else MOST_BYTES
        words = (
            f"A request may have at most {most // 2**20} MB and {MOST_VALUES:,} values; send fewer or smaller photos."
        )
        refusal = PlainTextResponse(words, 413)

        async def bounded() -> Message:
            nonlocal taken, values, over
            message = await receive()
            body = message.get("body", b"")
            taken += len(body)
            values += 0 if uploads else body.count(b"[") + body.count(b"{") + body.count(b",")
            over = over or taken > most or values > MOST_VALUES
            return {"type": "http.disconnect"} if over else message

        async def marked(message: Message) -> None:
            nonlocal started
            if over and not started:
                return  # what the route makes of half a body
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", []), (b"x-content-type-options", b"nosniff")]
            await send(message)

        if self.looking is None:
            self.looking = asyncio.create_task(self.look_for_ever(scope["app"]))
        session = session_of(scope)
        if scope["method"] == "GET":
            self.unheard.discard(session)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            return await refusal(scope, receive, marked)
        self.listening[session] += scope["method"] == "GET"
        try:
            await self.app(scope, bounded, marked)
        except Exception:
            if not over:
                raise
        finally:
            self.listening[session] -= scope["method"] == "GET"
            self.listening += Counter()  # leaves those out that are at 0
        if over and not started:
            over = False
            await refusal(scope, receive, marked)


def delete_abandoned(folder: Path) -> None:
    """Delete what is left of uploads that were broken off: files beside the folders of those that came whole."""
    for part in folder.glob("tmp*"):
        with contextlib.suppress(OSError):
            if part.is_file() and time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
                part.unlink()


def session_of(scope: Scope) -> str:
    """The session whose results a request asks for, if it asks for any: by its name, or by one of its events."""
    if named := parse_qs(scope["query_string"].decode("latin-1")).get("session_hash"):
        return named[0]
    last = scope["path"].rpartition("/")[2]
    events = scope["app"].get_blocks()._queue.pending_event_ids_session
    return next((of for of, pending in events.items() if last in pending), last)


class Pending(LRUCache):
    """Messages by session, those to an unknown one going nowhere.

    Gradio's own raises a KeyError there, in the loop that starts all events: one request that gave "" as its session
    would end it for everyone.
    """

    def __missing__(self, session: str) -> AsyncQueue:
        return AsyncQueue()


class Iterators(dict):
    """Live work by event. What has ended may be ended again: whoever clicks Stop twice asks for it twice, and Gradio
    raises a KeyError for the second where the first was still waiting for the work's last step."""

    def __delitem__(self, event: str) -> None:
        self.pop(event, None)


def give_back_memory() -> None:
    """Free what only points to itself every few seconds, and hand to the system every second what the C library keeps
    of all that was freed: of films and photos a third of a gigabyte. All threads share one heap, since with one each
    every thread keeps holes of its own, and large blocks stand outside it. Both need GNU's C library.
    """

    def trim_for_ever() -> None:
        for second in itertools.count(1):
            time.sleep(1)
            if second % COLLECT_SECONDS == 0:
                gc.collect()
            if trim is not None:
                trim(0)

    library = ctypes.CDLL(None) if os.name == "posix" else None
    trim = getattr(library, "malloc_trim", None)
    if trim is not None:
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
    gc.freeze()  # the app itself stays as it is, and is not looked through again
    threading.Thread(target=trim_for_ever, name="gives memory back", daemon=True).start()


LAUNCH: dict[str, Any] = dict(app_kwargs=dict(middleware=[Middleware(Limits)]), state_session_capacity=SESSIONS)
