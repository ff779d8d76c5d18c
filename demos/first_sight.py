"""Make the pictures that are on the page before any click, from the shipped weights.

python -m demos.first_sight                # after new weights; writes into demos/examples/
python -m demos.first_sight --data data    # also the colours that pix2pix's training photos have
"""

import argparse
import json
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageOps

import core
from core.gan.mixture import axis
from demos import draw, fgan, frame, gans, home, infogan, matching, pix2pix, pixels, plots, vqa
from demos.fgan import fits, words
from demos.gans import compare, path, track
from demos.infogan import codes
from demos.pix2pix import paints
from demos.pixels import growing
from demos.vqa import asking, views


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="demos.first_sight", description="Make the pictures of the first page.")
    parser.add_argument("--data", type=Path, help="the training photos' folder; then also their colours are written")
    root = parser.parse_args(arguments).data
    if root:
        paints.FILE.write_text(json.dumps(paints.of_training(root)) + "\n", encoding="utf-8")
    for mode, values in draw.FIRST.items():
        frame.record(f"draw-{mode}", {"mode": mode} | values, draw.made(mode, **without_source(values)))
    film = draw.made("generate", **draw.FIRST["generate"])
    strokes(film).save(home.EXAMPLES / "home-draw.png", optimize=True)
    pixels.record()
    grown_digits().save(home.EXAMPLES / "home-pixels.png", optimize=True)
    frame.record("pix2pix-photo", *pix2pix.first_sight())
    pairs().save(home.EXAMPLES / "home-pix2pix.webp", quality=90, method=6)
    race = path.RACE
    frame.record("gans-race", race, track.record(*gans.set_up(**race)))
    same_noise().save(home.EXAMPLES / "home-gans.png", optimize=True)
    turned_codes().save(home.EXAMPLES / "home-infogan.png", optimize=True)
    fgan.record()
    matching.record()
    fitting_photos().save(home.EXAMPLES / "home-matching.webp", quality=90, method=6)
    two_answers().save(home.EXAMPLES / "home-fgan.png", optimize=True)
    vqa.record()
    looked_at().save(home.EXAMPLES / "home-vqa.webp", quality=90, method=6)


def without_source(values: dict) -> dict:
    """What `draw.made` takes: a first sight never draws."""
    return {key: value for key, value in values.items() if key != "source"}


def same_noise(variants: tuple[str, ...] = ("gan", "dcgan", "wgan-gp", "began"), n: int = 8) -> Image.Image:
    """A row of digits from each variant; a column has the same z."""
    names = [compare.members("mnist")[variant] for variant in variants]
    rows = [core.load(name).pictures(compare.noise(name, n, 0)) for name in names]
    return plots.to_image(torch.cat([torch.cat(list(row), 2) for row in rows], 1))


def grown_digits(columns: int = 6) -> Image.Image:
    """Digits that PixelCNN draws: a quarter of each in the first row, all of it in the last."""
    growth = growing.Growth("PixelCNN", core.load("pixelcnn-mnist"), columns, int(pixels.path.FIRST_SEED), 1.0).to_end()
    shown = [growth.shown(28 * k // 4) for k in range(1, 5)]
    return plots.to_image(plots.contact_sheet(torch.cat(shown), columns))


def turned_codes(columns: int = 6) -> Image.Image:
    """Categories of infoGAN across, its clearer number down from -2 to 2; one z."""
    name = codes.SETS["digits"]
    measures = core.card(name)["metrics"]
    strongest = [max(abs(measures.get(f"{code} {of}", 0.0)) for of in codes.MEASURES) for code in ("c2", "c3")]
    key = "c2" if strongest[0] >= strongest[1] else "c3"
    shown = [k for _, k in infogan.choices("digits")][:columns]
    cells = [codes.Codes(k, 0.0, 0.0)._replace(**{key: v}) for v in (-2.0, -0.7, 0.7, 2.0) for k in shown]
    sheet = plots.contact_sheet(codes.made(name, cells, int(infogan.path.FIRST_SEED)), columns)
    return plots.to_image(sheet)


def two_answers(width: int = 460, height: int = 230) -> Image.Image:
    """A mixture of two Gaussians, and the best single ones under KL and under reverse KL."""
    mixture, _ = fits.scene(**words.APART)
    x = axis(mixture).double()
    curves = [("real", mixture.log_prob(x).exp())]
    for name, colour in (("kl", "generated"), ("rkl", "writing")):
        best = fits.ideal(name, None, mixture)
        curves.append((colour, fits.normal(x, best["mu"], best["sigma"]).exp()))
    top, scale = 1.08 * max(y.max().item() for _, y in curves), 3  # drawn larger, then made smooth
    whole = Image.new("RGB", (scale * width, scale * height), "#1b1917")
    pen = ImageDraw.Draw(whole)
    for colour, y in curves:
        across = torch.linspace(0, scale * width, len(x)).tolist()
        points = list(zip(across, (scale * height * (1 - y / top)).tolist(), strict=True))
        if colour == "real":
            pen.polygon([(0, scale * height), *points, (scale * width, scale * height)], fill=plots.COLOURS[colour])
        else:
            pen.line(points, fill=plots.COLOURS[colour], width=5 * scale, joint="curve")
    return whole.resize((width, height), Image.Resampling.LANCZOS)


def looked_at(photos: int = 3, height: int = 112, gap: int = 6) -> Image.Image:
    """Photos with their questions' last steps of attention: the photo above, what r-DAN looked at below."""
    whole = Image.new("RGB", (photos * (height + gap) - gap, 2 * height + gap), "#8a8578")
    for column, (name, question) in enumerate(list(vqa.path.ASKED.items())[:photos]):
        film = views.looking(asking.example(name), *asking.looks(asking.example(name), question))
        pane = film["panes"][0]
        sheet = plots.from_data_url(pane["film"]).convert("RGB")
        for row, k in enumerate((0, film["frames"] - 1)):
            part = plots.enlarged(pane, sheet, k, height)
            left = (part.width - height) // 2  # the middle square of a wide photo
            whole.paste(part.crop((left, 0, left + height, height)), (column * (height + gap), row * (height + gap)))
    return whole


def fitting_photos(columns: int = 3, cell: int = 112, gap: int = 6) -> Image.Image:
    """The middle squares of the photos that fit the tab's first sentence best, in their order."""
    photos = matching.pool.ours()
    _, order = matching.ranked(photos, matching.FIRST_SENTENCE)
    whole = Image.new("RGB", (columns * (cell + gap) - gap, 2 * cell + gap), "#8a8578")
    for place, i in enumerate(order[: 2 * columns]):
        square = ImageOps.fit(photos[i].picture, (cell, cell))
        whole.paste(square, (place % columns * (cell + gap), place // columns * (cell + gap)))
    return whole


def pairs(gap: int = 6) -> Image.Image:
    """A drawing of each kind, and below it the photo that pix2pix makes of it."""
    found = []
    for _, name in pix2pix.MODELS:
        x, _ = pix2pix.read_input(name, pix2pix.stock(name, pix2pix.FIRST_SEED))
        found.append([plots.to_image(part[0]) for part in (x, core.load(name).translate(x))])
    size = found[0][0].width
    whole = Image.new("RGB", (len(found) * (size + gap) - gap, 2 * size + gap), "#8a8578")
    for column, pair in enumerate(found):
        for row, part in enumerate(pair):
            whole.paste(part.convert("RGB"), (column * (size + gap), row * (size + gap)))
    return whole


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
