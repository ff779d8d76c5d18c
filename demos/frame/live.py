"""What a page shows while it works: results that stream, and what stops them."""

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from gradio.events import EventListenerMethod, set_cancel_events

from demos.frame import parts
from demos.frame.going import Going
from demos.frame.said import Shown, noted

# No status on any component: at each message of any event, Gradio copies the values of all that have one, films too.
QUIET = dict(show_progress="hidden", show_progress_on=[], api_visibility="private")


def told(sign: Any) -> dict[str, Any]:
    """What the page's script said with a request: the board's value, which a stranger may send as anything."""
    return sign if isinstance(sign, dict) else {}


class Live:
    """The part of `Page` that streams; all that it calls its own is made there."""

    def live(
        self,
        start: Sequence[Any],
        run: Callable[..., Iterator[Shown]],
        outputs: Sequence[gr.components.Component],
        *,
        extra: Sequence[gr.components.Component] = (),
        stop: Sequence[Any] | None = (),
        anew: Sequence[Any] = (),
        queue: str = "live",
        limit: int = 1,
        path: bool = True,
        trigger_mode: str = "once",
    ) -> Any:
        """Work that streams, in a queue of its own: run(*extra, **visible values) yields Shown, one value per output.

        start: listeners such as `button.click`; the path's live steps start it too, if path says so. stop: listeners
        that end it, and all that was made live before it, beside what changes the stage, and leaving the tab or the
        page; None where a later call does so. anew: listeners that begin it again; where there are any, `start`
        goes on where it was stopped. trigger_mode: as in Gradio. Call it after `act`. Returns the event.
        """
        keys = list(self.controls)
        held = [*([gr.State(Going())] if anew else []), *extra]

        def streaming(begins: bool) -> Callable[..., Iterator[list[Any]]]:
            def handler(sign: Any, *given: Any) -> Iterator[list[Any]]:
                ask, fresh = told(sign).get("ask"), begins or not told(sign).get("live")
                values = parts.received(keys, given[len(held) :])
                before = list(given[: len(held)])
                going = before.pop(0) if anew else None
                try:
                    named = self.fitting(values)
                    work = functools.partial(run, *before, **named)
                    for shown in going.on(named, work, anew=fresh) if going else work():
                        signed = self.sign(values, shown, None, ask) | {"live": True}
                        yield [signed, *(self.of(output, values) for output in shown.outputs)]
                except Exception as problem:
                    yield [self.sign(values, None, noted(problem), ask), *[gr.skip()] * len(outputs)]

            return handler

        event = self.event | dict(
            fn=streaming(False),
            inputs=[self.board, *held, *self.controls.values()],
            outputs=[self.board, *outputs],
            trigger_mode=trigger_mode,
            concurrency_id=queue,
            concurrency_limit=limit,
        )
        tab = json.dumps(self.tab)
        before = f"(...values) => glimpse.before({tab}, {json.dumps(keys)}, values, {len(held)}, %d)"
        runs = f"(...values) => (glimpse.runs({tab}, %d), values)"
        ways = [(functools.partial(gr.on, list(start)), False, before)]
        if anew:
            ways.append((functools.partial(gr.on, list(anew)), True, before))
        if path and hasattr(self, "started"):
            ways.append((self.started.then, True, runs))
        works = []
        for live, (listen, begins, js) in enumerate(ways, len(self.stops)):  # each with a number, for the script
            works.append(listen(**event | dict(fn=streaming(begins), js=js % live)))
            works[-1].failure(None, None, None, js=f"() => glimpse.ended({tab}, {live})", **QUIET)
        made, *others = works
        self.stops += works
        self.halts += [str(each.__self__.elem_id) for each in stop or ()]
        if trigger_mode == "once":
            self.starts += [str(each.__self__.elem_id) for each in [*start, *anew]]
        if stop is not None:
            self.end([*stop, *self.changes()], self.stops)
        if anew:
            self.end(start, others)
            self.end(anew, [made, *others[1:]])
        if stop:  # it may have been stopped before its first result
            gr.on(list(stop), None, None, None, js=f"() => glimpse.rest({tab})", **QUIET)
        return made

    def end(self, listeners: Sequence[Any], events: Sequence[Any]) -> None:
        """These end those. `gr.on` would add an event that does nothing, with as many triggers."""
        set_cancel_events([EventListenerMethod(each.__self__, each.event_name) for each in listeners], events)
