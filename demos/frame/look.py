"""The look of the app and how it is launched."""

from pathlib import Path
from typing import Any

import gradio as gr

from demos import limits, plots

DEMOS = Path(__file__).parent.parent
MATH = [{"left": "$$", "right": "$$", "display": True}, {"left": "$", "right": "$", "display": False}]

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.orange,
    secondary_hue=gr.themes.colors.stone,
    neutral_hue=gr.themes.colors.stone,
    radius_size=gr.themes.sizes.radius_sm,
    text_size=gr.themes.sizes.text_lg,
    font=(gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "ui-sans-serif", "sans-serif"),
    font_mono=(gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
).set(
    body_background_fill="#faf7f1",
    body_background_fill_dark="#1b1917",
    background_fill_primary="#fffdf9",
    background_fill_primary_dark="#232020",
    background_fill_secondary="#f3eee4",
    background_fill_secondary_dark="#2b2826",
    block_background_fill="#fffdf9",
    block_background_fill_dark="#232020",
    block_border_width="1px",
    block_shadow="none",
    block_label_background_fill="transparent",
    block_label_background_fill_dark="transparent",
    body_text_color_subdued="#5f574c",  # on the paper 6.6; Gradio's own tone has 2.4
    body_text_color_subdued_dark="#b9b1a6",
    block_info_text_color="#5f574c",
    block_info_text_color_dark="#b9b1a6",
    block_title_text_color="#2b2621",
    block_title_text_color_dark="#f3eee4",
    block_label_text_color="#4a433a",
    block_label_text_color_dark="#cfc7bc",
    button_primary_background_fill="#a84300",  # the darkest tone of "writing": white on it has contrast 6.3
    button_primary_background_fill_hover="#8a3700",
    button_primary_background_fill_dark="#a84300",
    button_primary_background_fill_hover_dark="#c85000",
    button_primary_text_color="#ffffff",
    button_primary_text_color_dark="#ffffff",
)
_scripts = ("downloads.js", "stopping.js", "frame.js")
_script = "".join((Path(__file__).parent / name).read_text(encoding="utf-8") for name in _scripts)


def of_gradio(name: str) -> str:
    """The address of one of the files of Gradio's page; "" where none has that name."""
    found = next((Path(gr.__file__).parent / "templates/frontend/assets").glob(f"{name}-*.js"), None)
    return f"./assets/{found.name}" if found else ""


def lighter() -> str:
    """A script that spares the page some of Gradio's work."""
    script = (Path(__file__).parent / "lighter.js").read_text(encoding="utf-8")
    for place, name in {"STATUSES": "statustracker", "TREE": "core", "PLOTLY": "PlotlyPlot"}.items():
        script = script.replace(place, of_gradio(name))
    return f"<script type='module'>{script}</script>"


LAUNCH: dict[str, Any] = dict(
    theme=THEME,
    css_paths=DEMOS / "look.css",
    head=f"<style>:root {{ --reading: {plots.COLOURS['reading']}; --writing: {plots.COLOURS['writing']}; }}</style>"
    f"<script>{_script}</script>{lighter()}",
    ssr_mode=False,
    run_history=False,
    max_file_size="5mb",
    footer_links=["api", "gradio"],
    **limits.LAUNCH,
)
