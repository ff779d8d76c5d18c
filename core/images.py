"""Open a picture, wherever it comes from: a visitor's upload, a pad, the API, a link, or a folder of training files."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

MOST_PIXELS = 16_000_000  # as the file's first bytes announce them
LONGEST_SIDE = 2048  # of what is given back: no model here sees more than 256
FORMATS = ["PNG", "JPEG", "WEBP"]
NOT_READ = {  # how files of other kinds begin, or what stands at their fifth byte
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
    b"<?xml": "an SVG",
    b"\xff\x0a": "a JPEG XL",
    b"\0\0\0\x0cJXL ": "a JPEG XL",
}
BRANDS = {  # of files that begin with a box "ftyp"
    "an AVIF": (b"avif", b"avis"),
    "a HEIC": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
}
MOST_SCANS = 200  # passes over a JPEG's pixels: a progressive one has ten, and each costs as much time as the picture
EXIF, MPF = b"Exif\0\0", b"MPF\0"  # how a JPEG's segments begin that Pillow would read, at any cost, on opening it
LONGEST_EXIF = 2**16
ORIENTATION = 0x0112  # EXIF's tag; the camera was held so that its picture must be turned:
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(file: bytes | Path) -> Image.Image:
    """A picture as it is meant to be seen: upright, on white, of mode L where it has no colour, else RGB.

    Its size is checked before its pixels are read, and sides longer than LONGEST_SIDE are shrunk before anything else
    is done with them, so that a strip of 60,000 x 2 pixels never becomes a square of 60,000 x 60,000.
    Raises ValueError, in one sentence, for a file that is empty, broken, too large, animated or of another format.
    """
    content = file.read_bytes() if isinstance(file, Path) else file
    if not content:
        raise ValueError("the file is empty; a PNG, JPEG or WebP was expected")
    other = format_not_read(content)
    if other:
        raise ValueError(f"the picture is {other}, which cannot be read here; save it as PNG, JPEG or WebP")
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise ValueError(f"the picture is stored in more than {MOST_SCANS} passes; save it again as PNG, JPEG or WebP")
    try:
        image = opened(content)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # Pillow's own limits, far beyond ours
        raise ValueError(f"the picture has far more than {MOST_PIXELS:,} pixels; make it smaller") from None
    except Exception as problem:  # Pillow has a dozen kinds of them for damaged files, and words for none but itself
        raise unreadable(problem) from None
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"the picture has {width} x {height} = {width * height:,} pixels; at most {MOST_PIXELS:,} are read: "
            "make it smaller"
        )
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise ValueError(
            f"the picture is animated and has {image.n_frames} frames; a still one was expected: save one frame of it"
        )
    try:
        return upright(image, content)
    except Exception as problem:
        raise unreadable(problem) from None


def opened(content: bytes) -> Image.Image:
    """The picture's head, read. Its EXIF is not: Pillow copies what a tag points at for each tag, so that one megabyte
    of them may ask for twenty gigabytes.
    """
    if content.startswith(b"\xff\xd8"):
        content = content.replace(EXIF, bytes(len(EXIF))).replace(MPF, bytes(len(MPF)))
    return Image.open(io.BytesIO(content), formats=FORMATS)


def orientation(exif: bytes) -> int:
    """EXIF's orientation, from 1 to 8; 1 where it names none."""
    exif = exif.removeprefix(EXIF)[:LONGEST_EXIF]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for k in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * k)
            if tag == ORIENTATION:
                return value
    except struct.error:  # also of an unknown order
        pass
    return 1


def format_not_read(content: bytes) -> str:
    """The name, with its article, of a known format that is not read here; empty for all others."""
    if content[4:8] == b"ftyp":
        major, others = content[8:12], content[16:64]
        for name, brands in BRANDS.items():
            if major in brands or (major in BRANDS["a HEIC"] and any(brand in others for brand in brands)):
                return name
        return "a video"
    return next((name for start, name in NOT_READ.items() if content.startswith(start)), "")


def unreadable(problem: Exception) -> ValueError:
    """Pillow's problem in our words."""
    if "MAX_TEXT" in str(problem):
        return ValueError("the picture carries too much text beside its pixels; save it again without that")
    return ValueError("the file is damaged or not a picture; a whole PNG, JPEG or WebP was expected")


def upright(image: Image.Image, content: bytes) -> Image.Image:
    """An opened picture, shrunk, then turned as its EXIF says, on white, in mode L or RGB. content: of its file."""
    image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at a fraction of its size
    image.load()  # a PNG may have its EXIF at its end
    at = content.find(EXIF, 0, 2 * LONGEST_EXIF) if image.format == "JPEG" else -1
    turn = TURNS.get(orientation(image.info.get("exif", b"") if at < 0 else content[at : at + LONGEST_EXIF]))
    image = shrunk(eight_bits(image))
    image = image if turn is None else image.transpose(turn)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    red, green, blue = (np.asarray(channel) for channel in image.split())
    return image.getchannel(0) if np.array_equal(red, green) and np.array_equal(green, blue) else image


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged: grey of 16 bits and palettes become 8 bits a channel."""
    if image.mode.startswith("I"):  # Pillow's own conversion would cut off all above 255
        levels = np.asarray(image)
        grey = (levels >> 8).clip(0, 255).astype(np.uint8)
        if "transparency" in image.info:
            grey[levels == image.info["transparency"]] = 255
        return Image.fromarray(grey)
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")


def shrunk(image: Image.Image) -> Image.Image:
    """No side longer than LONGEST_SIDE, each pixel the mean of those that it stands for."""
    scale = LONGEST_SIDE / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
