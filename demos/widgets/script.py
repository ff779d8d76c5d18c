"""How a component's script gets its settings."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def script(file: str, **settings: Any) -> str:
    """A script of this folder with `settings` as a constant in front.

    gr.HTML hands extra properties to a script as `props`, but loses them where the component is hidden at first.
    """
    return f"const settings = {json.dumps(settings)};\n" + (HERE / file).read_text(encoding="utf-8")
