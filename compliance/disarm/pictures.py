"""Pictures drawn anew: pixels only, upright, without metadata, profiles, thumbnails or trailing bytes."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from compliance.disarm.shapes import (
    JPEG,
    LEAST_PIXELS,
    LONGEST_EDGE,
    MAX_PIXELS,
    PNG,
    Fault,
    NoDocument,
    Page,
)

_FORMATS = {JPEG: "JPEG", PNG: "PNG"}
_QUALITY = 88

Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses twice this, and warns from here on


def clean_picture(data: bytes, kind: str) -> Page:
    """The picture of `kind`, drawn anew in the same format. Raises NoDocument."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _drawn(data, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoDocument(Fault.TOO_MANY_PIXELS) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, NoDocument):
            raise
        raise NoDocument(Fault.DAMAGED) from error


def _drawn(data: bytes, kind: str) -> Page:
    # Only the one decoder: the file cannot choose a rarer one.
    with Image.open(io.BytesIO(data), formats=(_FORMATS[kind],)) as source:
        if getattr(source, "n_frames", 1) > 1 and kind == PNG:
            raise NoDocument(Fault.MOVING)
        if min(source.size) < LEAST_PIXELS:
            raise NoDocument(Fault.TOO_SMALL)
        if kind == JPEG:
            source.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
        upright = ImageOps.exif_transpose(source)
        return encoded(on_white(upright), kind)


def on_white(picture: Image.Image) -> Image.Image:
    """The picture in plain colours; what was transparent shows white."""
    if picture.mode in ("L", "RGB"):
        return picture
    if "A" in picture.getbands() or "transparency" in picture.info:
        over = picture.convert("RGBA")
        under = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(under, over).convert("RGB")
    return picture.convert("RGB")


def encoded(picture: Image.Image, kind: str) -> Page:
    """The pixels and nothing else, no edge longer than what is kept."""
    picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    out = io.BytesIO()
    if kind == JPEG:
        bare.save(out, "JPEG", quality=_QUALITY)
    else:
        bare.save(out, "PNG")
    return Page(kind, bare.width, bare.height, out.getvalue())
