"""Live work that goes on where it was stopped."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

MOST = 8  # visitors whose stopped work is kept: that of a film of many pictures takes 50 MB
_latest: list["Going"] = []  # those who have some, the latest last
_door = threading.Lock()


class Going:
    """One visitor's live work: an iterator, and the values that it is of. It keeps both while nothing runs."""

    def __init__(self) -> None:
        self.of: Any = None
        self.work: Iterator[Any] | None = None
        self.turn: object | None = None  # of the one call of `on` that goes on; none while nothing runs
        self.lock = threading.Lock()  # what was stopped may still be at its last step

    def __deepcopy__(self, _: Any) -> "Going":
        """Gradio copies a state's first value for each visitor; a lock cannot be copied."""
        return Going()

    def on(self, of: Any, begin: Callable[[], Iterator[Any]], *, anew: bool = False) -> Iterator[Any]:
        """The rest of the work that is of these values; where there is none, or with anew, begin() from its start.

        Whoever calls it again takes over from the one before. Work that is over, or failed, begins again next time.
        """
        mine = object()
        with self.lock:
            if anew or self.work is None or self.of != of:
                self.of, self.work = of, begin()
            self.turn, work = mine, self.work
        self.keep()
        try:
            while True:
                with self.lock:
                    if self.turn is not mine:
                        return
                    self.work = None  # it stays so where the next step is the end, or fails
                    try:
                        found = next(work)
                    except StopIteration:
                        return
                    self.work = work
                yield found
        finally:
            if self.turn is mine:
                self.turn = None

    def keep(self) -> None:
        """Count this one among the latest, and let the oldest ones go that do not run."""
        with _door:
            _latest[:] = [*(each for each in _latest if each is not self), self]
            for each in _latest[:-MOST]:
                if each.turn is None:
                    each.work = None
                    _latest.remove(each)
