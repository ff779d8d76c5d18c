"""Recordings: films that the shipped code made, for what is there before any click."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "examples" / "recordings"


@functools.lru_cache(maxsize=64)
def _read(name: str) -> dict[str, Any] | None:
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def recording(name: str, values: Mapping[str, Any], any_values: bool = False) -> Any:
    """The recording called name ("draw-generate"), where these values made it; else None.

    Only the values that were recorded are compared, so further ones may be there. any_values: whatever made it.
    """
    found = _read(name)
    if found is None or (not any_values and any(values.get(key) != value for key, value in found["of"].items())):
        return None
    return found["shown"]


def record(name: str, values: Mapping[str, Any], shown: Any) -> None:
    """Write a recording; for `python -m demos.first_sight`."""
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps({"of": dict(values), "shown": shown}, separators=(",", ":"), ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    _read.cache_clear()
