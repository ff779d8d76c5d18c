"""The app's tabs, in their order. A tab is a module with TITLE, ID and build(tabs)."""

from demos import gradio_first  # noqa: F401  isort: skip

from demos import draw, fgan, gans, home, infogan, matching, pix2pix, pixels, vqa

TABS = [home, draw, pixels, pix2pix, gans, infogan, fgan, vqa, matching]
