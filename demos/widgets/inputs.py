"""Gradio's own inputs, which hand over what came as it came.

Photos: `core.images` alone opens them. Gradio would open a camera's picture with every decoder that Pillow has, at any
size, and copies each uploaded file at each event. The server deletes uploads after an hour or two, while the page still
names them: then they are GONE. Sliders: `Page.fitting` says beside the slider what is wrong with a number; Gradio would
answer each key that is pressed in the box with an error of its own.

"""

import base64
import binascii
import math
from pathlib import Path
from typing import Any

import gradio as gr

LONGEST_INTEGER = 2**53
GONE = b"deleted since"  # stands for a file that is no more


def content(path: Any) -> bytes:
    """The bytes of an uploaded file, which Gradio has found to lie where uploads lie."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return GONE


class Slider(gr.Slider):
    """A slider with a box for its number, in which anything may stand while somebody types."""

    def get_block_name(self) -> str:
        return "slider"

    def preprocess(self, payload: Any) -> Any:
        too_long = isinstance(payload, int) and abs(payload) > LONGEST_INTEGER  # for the answer, which repeats it
        return (math.inf if payload > 0 else -math.inf) if too_long else payload


class PhotoButton(gr.UploadButton):
    """A button that takes a photo: its bytes."""

    def get_block_name(self) -> str:
        return "uploadbutton"

    def _process_single_file(self, f: Any) -> bytes:
        return content(f.path)


class PhotoFiles(gr.File):
    """A box that takes several photos: their paths."""

    def get_block_name(self) -> str:
        return "file"

    def _process_single_file(self, f: Any) -> str:
        return f.path


class Camera(gr.Image):
    """A picture of the visitor's camera: its bytes, not decoded."""

    def get_block_name(self) -> str:
        return "image"

    def preprocess(self, payload: Any) -> bytes | None:
        if payload is None:
            return None
        if payload.url and payload.url.startswith("data:"):
            try:
                return base64.b64decode(payload.url.partition(",")[2], validate=True)
            except (binascii.Error, ValueError):
                return b"no picture"  # and is told so
        return content(payload.path) if payload.path else None
