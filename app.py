"""Glimpse: step inside the classic generative and visual-question models.

python app.py
python app.py draw gans    # these tabs alone
"""

import gc
import sys
from types import ModuleType

gc.disable()  # a million objects are made until the page is up, and they stay: no need to look for garbage among them

from demos import TABS, frame, limits  # noqa: E402  first: it keeps Gradio from calling home

import gradio as gr  # noqa: E402  isort: skip

LAUNCH = frame.LAUNCH
TITLE = "<h1>Glimpse</h1><p>Step inside the models that taught machines to draw, and watch every step.</p>"


def chosen(names: list[str]) -> list[ModuleType]:
    """The tabs of these names, or all where there is no name; SystemExit, in a sentence, for one that nobody knows."""
    known = [module.ID for module in TABS[1:]]  # all but Home, whose cards lead to the others
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.exit(f"There is no tab {unknown[0]!r}; there are: {', '.join(known)}.")
    return [module for module in TABS if not names or module.ID in names]


with frame.Blocks(title="Glimpse", delete_cache=(3600, 3600)) as demo:
    title = frame.header(TITLE)
    # While the page is empty: Gradio reads it all for this. api_open: else a request could pass the queue by.
    demo.queue(max_size=64, default_concurrency_limit=8, api_open=False)
    demo._queue.pending_messages_per_session = limits.Pending(limits.UNREAD)
    opened, pages = {}, {}
    with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:  # all in the bar, which look.css lets scroll
        for module in chosen(sys.argv[1:] if __name__ == "__main__" else []):
            with gr.Tab(module.TITLE, id=module.ID) as opened[module.ID]:
                pages[module.ID] = module.build(tabs)
    frame.assemble(demo, title, tabs, opened, pages)
gc.freeze()
gc.enable()

if __name__ == "__main__":
    limits.give_back_memory()
    demo.launch(**LAUNCH)
