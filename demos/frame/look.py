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
_script = (Path(__file__).parent / "frame.js").read_text(encoding="utf-8")


def charts_ahead() -> str:
    """A script that loads Plotly when the page is up and has nothing else to do.

    It has 4.6 MB, and would hold up a tab's film while the first chart is drawn. Where Gradio keeps it under another
    name, there is no script, and it is loaded with that chart.
    """
    for found in Path(gr.__file__).parent.glob("templates/frontend/assets/PlotlyPlot-*.js"):
        load = f"() => import('./assets/{found.name}').catch(() => {{}})"
        return f"<script>setTimeout(() => (window.requestIdleCallback ?? setTimeout)({load}), 1500)</script>"
    return ""


def statuses_for_few() -> str:
    """A script that has an event's status go to those parts of the page that show it.

    Gradio sends it to whatever has ever been the input of an event: at each frame of a race it looks up dozens of
    controls and copies what they hold, and the more tabs were opened, the longer that takes.
    """
    for found in Path(gr.__file__).parent.glob("templates/frontend/assets/statustracker-*.js"):
        return (
            f"<script type='module'>for (const each of Object.values(await import('./assets/{found.name}'))) {{"
            "const all = each?.prototype?.resolve_args;"
            "if (all) each.prototype.resolve_args = function (status) {"
            "return all.call(this, status).filter(({ type }) => type === 'output'); }; }</script>"
        )
    return ""


LAUNCH: dict[str, Any] = dict(
    theme=THEME,
    css_paths=DEMOS / "look.css",
    head=f"<style>:root {{ --reading: {plots.COLOURS['reading']}; --writing: {plots.COLOURS['writing']}; }}</style>"
    f"<script>{_script}</script>{statuses_for_few()}{charts_ahead()}",
    ssr_mode=False,
    run_history=False,
    max_file_size="5mb",
    footer_links=["api", "gradio"],
    **limits.LAUNCH,
)
