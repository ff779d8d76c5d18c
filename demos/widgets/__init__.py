"""Components made of gr.HTML: a Python file each, with its script and its style beside it."""
