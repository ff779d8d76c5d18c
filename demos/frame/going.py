"""Live work that goes on where it was stopped."""

import threading
from collections.abc import Callable, Iterator
from typing import Any


class Going:
    """One visitor's live work: an iterator, and the values that it is of. It keeps both while nothing runs."""

    def __init__(self) -> None:
        self.of: Any = None
        self.work: Iterator[Any] | None = None
        self.lock = threading.Lock()  # what was stopped may still be at its last step

    def __deepcopy__(self, _: Any) -> "Going":
        """Gradio copies a state's first value for each visitor; a lock cannot be copied."""
        return Going()

    def on(self, of: Any, begin: Callable[[], Iterator[Any]], *, anew: bool = False) -> Iterator[Any]:
        """The rest of the work that is of these values; where there is none, or with anew, begin() from its start.

        Whoever calls it again takes over from the one before. Work that is over, or failed, begins again next time.
        """
        with self.lock:
            if anew or self.work is None or self.of != of:
                self.of, self.work = of, begin()
            mine = self.work
        while True:
            with self.lock:
                if self.work is not mine:
                    return
                self.work = None  # it stays so where the next step is the end, or fails
                try:
                    found = next(mine)
                except StopIteration:
                    return
                self.work = mine
            yield found


def kept(run: Callable[..., Iterator[Any]], *, anew: bool = False) -> Callable[..., Iterator[Any]]:
    """`run` with a visitor's Going before its other arguments: it goes on from there, or with anew begins again."""
    return lambda going, *given, **named: going.on(named, lambda: run(*given, **named), anew=anew)
