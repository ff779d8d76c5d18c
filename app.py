"""Glimpse: step inside the classic generative and visual-question models. `python app.py`."""

from demos import TABS, frame  # first: it keeps Gradio from calling home

import gradio as gr  # isort: skip

LAUNCH = frame.LAUNCH
TITLE = "# Glimpse\nStep inside the models that taught machines to draw, and watch every step."


with gr.Blocks(title="Glimpse", delete_cache=(3600, 3600)) as demo:
    gr.Markdown(TITLE, elem_id="title")
    controls = {}
    with gr.Tabs(elem_id="tabs") as tabs:
        for module in TABS:
            with gr.Tab(module.TITLE, id=module.ID):
                controls[module.ID] = module.build(tabs)
    frame.restore_links(demo, tabs, controls)
demo.queue(max_size=64, default_concurrency_limit=8)

if __name__ == "__main__":
    demo.launch(**LAUNCH)
