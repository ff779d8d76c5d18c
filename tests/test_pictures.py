"""Pictures that visitors send, and files of training: read as they are meant, or refused in one sentence."""

import base64
import io
import math
import struct
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, PngImagePlugin

from core import pairs
from core.images import LONGEST_SIDE, open_picture, orientation
from demos import draw, pictures, pix2pix
from demos.gans import critic
from demos.pictures import as_digit, as_page, read_sketch
from demos.pix2pix import inputs
from demos.widgets import draw_strokes
from tests.drawings import FRONT, PALETTE, PAPER, STROKES, box, colours_of


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def url_of(file: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"


def scribble(mode: str = "RGB", size: tuple[int, int] = (64, 48), ink: Any = 0) -> Image.Image:
    image = Image.new(mode, size, "white")
    ImageDraw.Draw(image).line([(5, 5), (40, 30)], fill=ink, width=4)
    return image


PNG = file_of(scribble())

# ------------------------------------------------------------------ as it is meant to be seen


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_a_black_sketch_is_grey(kind: str) -> None:
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(kind, {})
    image = read_sketch({"png": url_of(file_of(scribble(), kind, **options), kind.lower()), "strokes": STROKES})
    assert (image.mode, image.size) == ("L", (64, 48))
    assert image.getpixel((20, 16)) < 40
    assert image.getpixel((60, 4)) > 240


def test_a_coloured_picture_keeps_its_colours() -> None:
    image = open_picture(file_of(scribble(ink=(200, 30, 30))))
    assert image.mode == "RGB"
    assert image.getpixel((20, 16)) == (200, 30, 30)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_become_white(mode: str) -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle([4, 4, 12, 12], fill=(0, 0, 0, 255))
    read = open_picture(file_of(image.convert(mode)))
    assert read.mode == "L"
    assert read.getpixel((8, 8)) == 0
    assert read.getpixel((30, 30)) == 255


def test_half_transparent_ink_is_grey() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.putpixel((3, 3), (0, 0, 0, 128))
    assert abs(open_picture(file_of(image)).getpixel((3, 3)) - 127) <= 1


def test_a_large_picture_keeps_the_colour_of_what_is_beside_nothing() -> None:
    image = Image.new("RGBA", (2 * LONGEST_SIDE, 4), (0, 0, 0, 0))
    image.paste((200, 30, 30, 255), (0, 0, 101, 4))
    read = open_picture(file_of(image))
    assert read.size == (LONGEST_SIDE, 2)
    assert read.getpixel((10, 1)) == (200, 30, 30)
    assert read.getpixel((1000, 1)) == (255, 255, 255)
    red, green, _ = read.getpixel((50, 1))  # half of it is there: half way to white, not to black
    assert (red, green) == (pytest.approx(227, abs=2), pytest.approx(142, abs=2))


def test_sixteen_bit_grey_keeps_its_levels() -> None:
    levels = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    assert np.array_equal(np.asarray(open_picture(file_of(Image.fromarray(levels)))), (levels >> 8).astype(np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(orientation: int, kind: str) -> None:
    """As a camera stores it: turned against the orientation that its EXIF names."""
    upright = Image.new("RGB", (48, 32), "white")
    upright.paste((0, 0, 0), (0, 0, 16, 8))  # in the corner at the top left, wider than high
    stored = {
        1: lambda i: i,
        2: lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda i: i.rotate(180),
        4: lambda i: i.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda i: i.transpose(Image.Transpose.TRANSPOSE),
        6: lambda i: i.rotate(90, expand=True),
        7: lambda i: i.transpose(Image.Transpose.TRANSVERSE),
        8: lambda i: i.rotate(-90, expand=True),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = open_picture(file_of(stored, kind, exif=exif))
    assert read.size == (48, 32)
    dark = np.asarray(read.convert("L")) < 128
    assert dark[:8, :16].mean() > 0.9
    assert dark.sum() < 160


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_pillow_never_reads_a_files_exif(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would copy what a tag points at for each tag: one megabyte of them may ask for twenty gigabytes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = file_of(Image.new("RGB", (48, 32)), kind, exif=exif)
    for name in ("load", "load_from_fp"):
        monkeypatch.setattr(Image.Exif, name, lambda *_: pytest.fail("it was read"))
    assert open_picture(stored).size == (32, 48)


BROKEN = [b"", b"II", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff\x12\x01", b"JJ*\0"]


@pytest.mark.parametrize("exif", BROKEN)
def test_a_broken_exif_turns_nothing(exif: bytes) -> None:
    assert orientation(b"Exif\0\0" + exif) == 1


def test_a_jpeg_of_thousands_of_passes_is_refused_before_it_is_decoded() -> None:
    stored = file_of(Image.new("L", (64, 64), 255), "JPEG", progressive=True)
    last = stored.rfind(b"\xff\xda")
    assert open_picture(stored[:-2] + 20 * stored[last:-2] + stored[-2:]).size == (64, 64)
    with pytest.raises(ValueError, match="stored in more than 200 passes"):
        open_picture(stored[:-2] + 400 * stored[last:-2] + stored[-2:])


def test_a_file_for_training_is_read_like_a_visitors(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGBA", (32, 16), (0, 0, 0, 0))
    image.paste((10, 20, 30, 255), (0, 8, 16, 16))
    (tmp_path / "a.png").write_bytes(file_of(image, exif=exif))
    levels = np.full((16, 32), 40_000, np.uint16)
    (tmp_path / "b.png").write_bytes(file_of(Image.fromarray(levels)))
    first, second = pairs.read_pictures([tmp_path / "a.png", tmp_path / "b.png"], (16, 32), exact=True)
    assert first[:, 24, 12].tolist() == [255, 255, 255]  # nothing is white
    assert first[:, 8, 4].tolist() == [10, 20, 30]  # what was at the bottom left is at the top left
    assert (second == 40_000 >> 8).all()
    (tmp_path / "c.png").write_bytes(PNG[:60])
    with pytest.raises(ValueError, match=r"c\.png: the file is damaged"):
        pairs.read_pictures([tmp_path / "c.png"], 16)


# ------------------------------------------------------------------ what is not read, in one sentence


def with_text(image: Image.Image, size: int) -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("story", "a" * size, zip=True)
    return file_of(image, pnginfo=words)


def animated(kind: str) -> bytes:
    frames = [scribble(ink=(k, 0, 0)) for k in (0, 100, 200)]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:])


def boxed(brand: bytes, *others: bytes) -> bytes:
    """The start of an AVIF, a HEIC or a video."""
    content = b"ftyp" + brand + bytes(4) + b"".join(others)
    return struct.pack(">I", 4 + len(content)) + content + bytes(100)


def bare_png(width: int, height: int) -> bytes:
    """The header of a PNG with so many pixels, and none of them."""
    data = file_of(Image.new("L", (1, 1)))
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
    return data[:8] + data[8:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:]


REFUSED = {
    "no bytes": (b"", "empty|Choose a photo"),
    "a GIF": (file_of(scribble(), "GIF"), "is a GIF, which cannot be read"),
    "a real AVIF": (file_of(scribble(), "AVIF"), "is an AVIF, which cannot be read"),
    "an AVIF by its other brand": (boxed(b"mif1", b"mif1", b"avif"), "is an AVIF"),
    "a HEIC": (boxed(b"heic", b"mif1", b"heic"), "is a HEIC, which cannot be read"),
    "a HEIC by its other brand": (boxed(b"mif1", b"mif1", b"heic"), "is a HEIC"),
    "a video": (boxed(b"isom", b"mp42"), "is a video"),
    "a BMP": (file_of(scribble(), "BMP"), "is a BMP"),
    "a TIFF": (file_of(scribble(), "TIFF"), "is a TIFF"),
    "a drawing in SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG"),
    "a page": (b"<!DOCTYPE html><html></html>", "damaged or not a picture"),
    "a few letters": (b"hello", "damaged or not a picture"),
    "a PNG cut in its header": (PNG[:20], "damaged or not a picture"),
    "a PNG cut in its pixels": (PNG[: int(0.6 * len(PNG))], "damaged or not a picture"),
    "half a JPEG": (file_of(scribble(), "JPEG")[:500], "damaged or not a picture"),
    "half a WebP": (file_of(scribble(), "WEBP")[:60], "damaged or not a picture"),
    "a PNG that moves": (animated("PNG"), "is animated and has 3 frames"),
    "a WebP that moves": (animated("WEBP"), "is animated and has 3 frames"),
    "a novel beside its pixels": (with_text(scribble(), 5_000_000), "too much text"),
    "8000 x 5000": (bare_png(8000, 5000), "8000 x 5000 = 40,000,000"),
    "where Pillow warns": (bare_png(12_000, 10_000), "pixels; "),
    "where Pillow refuses": (bare_png(30_000, 30_000), "far more than 16,000,000 pixels"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_cannot_be_read_gets_one_sentence_wherever_it_comes_from(what: str) -> None:
    file, words = REFUSED[what]
    ways = {
        "upload": lambda: inputs.read_photo(pix2pix.BAGS, file),
        "API": lambda: draw.classify(url_of(file)),
        "pad": lambda: pictures.drawn_digit({"png": url_of(file), "strokes": STROKES}),
        "link": lambda: pix2pix.read_input(pix2pix.SHOES, {"png": url_of(file)}),
    }
    for way, read in ways.items():
        with pytest.raises(ValueError, match=words) as caught:
            read()
        sentence = str(caught.value)
        assert len(sentence) < 300, way
        assert "\n" not in sentence
        assert not any(word in sentence for word in ("Pillow", "PIL", "chunk", "MAX_", "Decompress"))


def test_a_short_text_and_a_photo_that_holds_another_one_are_no_obstacle() -> None:
    assert open_picture(with_text(scribble(), 5000)).size == (64, 48)
    two = file_of(scribble(), "MPO", save_all=True, append_images=[scribble()])  # as many phones save their photos
    assert open_picture(two).size == (64, 48)


def test_damaged_pictures_never_raise_anything_else() -> None:
    random = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = file_of(scribble(), kind, exif=exif)
        for _ in range(100):
            data = bytearray(whole)
            for place in random.integers(8, len(data), 4):
                data[place] = random.integers(256)
            try:
                open_picture(bytes(data))
            except ValueError:
                continue


# ------------------------------------------------------------------ a limit is checked before the size is multiplied


def resident() -> float:
    """This process's memory in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def strip(width: int, height: int, mode: str) -> bytes:
    """A few hundred bytes to 60 kB that unfold into a very long picture with one dark end."""
    image = Image.new(mode, (width, height), "white")
    image.paste("black" if mode != "RGBA" else (0, 0, 0, 255), (0, 0, width // 3, height))
    return file_of(image)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("mode", ["L", "RGBA"])
@pytest.mark.parametrize("size", [(60_000, 2), (1_000_000, 1), (15_900_000, 1), (1, 1_000_000), (3999, 4000)])
def test_any_picture_is_answered_in_three_seconds_and_gives_its_memory_back(size: tuple[int, int], mode: str) -> None:
    file = strip(*size, mode)
    url = url_of(file)
    ways = {
        "upload": lambda: pix2pix.made(pix2pix.SHOES, "photo", "upload", file),
        "API": lambda: pix2pix.translate(picture=url),
        "pad": lambda: pictures.drawn_digit({"png": url, "strokes": STROKES}),
        "page": lambda: as_page(read_sketch(url), 64, 1),
    }
    pix2pix.made(pix2pix.SHOES, "photo", "upload", PNG)  # what is loaded once is loaded
    for way, read in ways.items():
        before, began = resident(), time.thread_time()
        with suppress(ValueError):  # one that says that no digit can be seen there
            read()
        assert time.thread_time() - began < 3, way
        assert resident() - before < 100, way


# ------------------------------------------------------------------ a pad's value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the pad is empty"),
        ("", "the pad is empty"),
        ({}, "the pad is empty"),
        ({"png": "", "strokes": []}, "the pad is empty"),
        (url_of(file_of(Image.new("RGB", (20, 20), "white"))), "blank"),
        ({"png": url_of(file_of(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))), "strokes": STROKES}, "blank"),
        (17, "came as int"),
        ([PNG], "came as list"),
        (b"png", "came as bytes"),
        (np.zeros((4, 4)), "came as ndarray"),
        ({"png": 17}, "came as int"),
        ({"png": [1]}, "came as list"),
        ("hello", "data URL"),
        ("https://example.org/cat.png", "data URL"),
        ("data:text/html;base64,PGI+", "data URL"),
        ("data:image/png;base64,!!!not base64!!!", "not base64"),
        (url_of(PNG)[:-3], "not base64"),
        ("data:image/png;base64,zażółć", "not base64"),
        ("data:image/png;base64,", "empty"),
        ({"strokes": [{"points": [[0.5, math.nan]], "size": 0.1}]}, "stroke 1"),
        ({"strokes": [{"points": [[0.5, 10**5000]], "size": 0.1}]}, "stroke 1"),
        ({"strokes": 5}, "strokes must be a list"),
        ({"strokes": {"points": []}}, "strokes must be a list"),
    ],
)
def test_what_is_no_sketch_gets_a_sentence(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_sketch(value)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_strokes_without_a_picture_are_drawn() -> None:
    image = read_sketch({"strokes": STROKES})
    assert image.getpixel((140, 140)) == 0
    assert image.getpixel((140, 20)) == 255


def test_a_palette_sketch_is_drawn_from_its_strokes() -> None:
    fine = draw_strokes(FRONT, 560, palette=PALETTE, paper=PAPER).resize((280, 280), Image.Resampling.BOX)
    blends = url_of(file_of(fine))
    options = dict(palette=PALETTE, paper=PAPER)
    assert len(colours_of(read_sketch({"png": blends, "strokes": FRONT}))) > 5, "what the browser sends has blends"
    for value in ({"png": blends, "strokes": FRONT}, {"strokes": FRONT}):
        image = read_sketch(value, **options)
        assert (image.mode, image.size) == ("RGB", (280, 280))
        assert len(colours_of(image)) == 5
    assert len(colours_of(read_sketch(blends, **options))) > 5, "a picture alone is taken as it is"
    with pytest.raises(ValueError, match="blank"):
        read_sketch({"png": blends, "strokes": [box((0.2, 0.2), (0.8, 0.8), "background")]}, **options)
    with pytest.raises(ValueError, match="the pad is empty"):
        read_sketch({"png": "", "strokes": []}, **options)


# ------------------------------------------------------------------ ink and paper of any shade

ONE = draw_strokes([{"points": [[0.4, 0.25], [0.5, 0.15], [0.5, 0.85]], "size": 0.07}], 280)


def shades(paper: int, ink: int) -> Image.Image:
    """The digit with another paper and another ink."""
    share = np.asarray(ONE, dtype=np.float32) / 255
    return Image.fromarray((share * paper + (1 - share) * ink).round().astype(np.uint8))


@pytest.mark.parametrize(("paper", "ink"), [(0, 255), (128, 0), (128, 255), (200, 40), (60, 230), (255, 120)])
def test_a_digit_is_the_same_on_paper_of_any_shade(paper: int, ink: int) -> None:
    expected = as_digit(ONE)
    assert (as_digit(shades(paper, ink)) - expected).abs().max() < 0.1
    page = as_page(shades(paper, ink), 64, 1)
    assert ((page / page.max()) - as_page(ONE, 64, 1)).abs().max() < 0.1


@pytest.mark.parametrize("paper", [0, 128, 255])
def test_a_one_is_judged_a_one_on_black_on_grey_and_on_white_paper(paper: int) -> None:
    said = critic.critic(url_of(file_of(shades(paper, 255 if paper == 0 else 0))))["classes"]
    assert [int(np.argmax(row[:10])) for row in said.values()] == [1, 1, 1]


def test_a_speck_on_grey_paper_does_not_turn_it() -> None:
    speckled = shades(128, 60)
    speckled.putpixel((30, 200), 255)
    assert (as_digit(speckled) - as_digit(ONE)).abs().max() < 0.1


@pytest.mark.parametrize("what", ["a shadow", "noise", "a frame"])
def test_ink_that_cannot_be_told_from_paper_gets_a_sentence(what: str) -> None:
    levels = np.asarray(ONE).copy()
    if what == "a shadow":
        levels = (levels * np.linspace(0.1, 1, 280)[None]).astype(np.uint8)
    elif what == "noise":
        levels = np.random.default_rng(0).integers(0, 256, (280, 280), dtype=np.uint8)
    else:
        levels[:20] = levels[-20:] = levels[:, :20] = levels[:, -20:] = 0
    for judge in (critic.critic, draw.classify, lambda url: draw.reconstruct(picture=url)):
        with pytest.raises(ValueError, match="ink and paper cannot be told apart"):
            judge(url_of(file_of(Image.fromarray(levels))))


def test_a_digit_that_reaches_the_border_is_still_ink() -> None:
    bar = np.full((100, 60), 255, np.uint8)
    bar[:, 20:40] = 0
    assert as_digit(Image.fromarray(bar))[0, 0, 14].max() == 1
    assert torch.equal(as_digit(Image.fromarray(bar)), as_digit(Image.fromarray(255 - bar)))
