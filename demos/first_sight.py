"""Make the pictures that are on the page before any click, from the shipped weights.

python -m demos.first_sight        # after new weights; writes into demos/examples/
"""

import json

from PIL import Image

from demos import draw, home, plots


def main() -> None:
    film = draw.generate(seed=str(draw.FIRST_SEED))
    draw.FIRST_SIGHT.write_text(json.dumps(film))
    strokes(film).save(home.EXAMPLES / "home-draw.png", optimize=True)


def strokes(film: dict, pictures: int = 8, height: int = 112) -> Image.Image:
    """Moments of a film in two rows: its first large pane, with its windows."""
    pane = next(p for p in film["panes"] if p["large"])
    sheet = plots.from_data_url(pane["film"]).convert("RGB")
    columns, gap = pictures // 2, 6
    whole = Image.new("RGB", (columns * (height + gap) - gap, 2 * height + gap), "#8a8578")
    for k in range(pictures):
        frame = round((k + 1) * film["frames"] / pictures) - 1
        place = (k % columns * (height + gap), k // columns * (height + gap))
        whole.paste(plots.enlarged(pane, sheet, frame, height), place)
    return whole


if __name__ == "__main__":
    main()
