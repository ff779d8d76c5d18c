"""Gradio, imported as the app needs it. Whatever imports Gradio imports this first."""

import inspect
import os
from typing import Any
from unittest import mock

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # with it off, nothing leaves the machine

find_file = inspect.getfile


def no_file_of_gradio(thing: Any) -> str:
    """inspect.getfile, for which Gradio's own classes have no file."""
    if isinstance(thing, type) and thing.__module__.startswith("gradio."):
        raise OSError("not looked for")
    return find_file(thing)


# For each of its components Gradio parses its own source and compares the type stub beside it: 1.4 s of every start.
# It leaves out classes that have no file.
with mock.patch("inspect.getfile", no_file_of_gradio):
    import gradio  # noqa: F401

from gradio import component_meta  # noqa: E402

component_meta.create_or_modify_pyi = lambda *_: None  # nor does it write a stub beside a component of ours
