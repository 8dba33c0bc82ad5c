"""Files that people upload, honest and hostile, made here so that none is kept in the repository."""

import io
import struct
import zipfile
import zlib
from functools import cache

import pypdfium2
from PIL import Image, ImageDraw, PngImagePlugin

from compliance.disarm.shapes import Cleaned
from compliance.services import documents

GPS = 0x8825


@cache
def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 400), word: str = "SAMPLE") -> bytes:
    """A small picture of a sample document."""
    image = Image.new("RGB", size, "#e8eef4")
    ImageDraw.Draw(image).text((40, 40), word, fill="#10243a", font_size=36)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


@cache
def paper(pages: int = 1) -> bytes:
    """A PDF of so many pages."""
    images = [Image.new("RGB", (595, 842), "white") for _ in range(pages)]
    out = io.BytesIO()
    images[0].save(out, "PDF", save_all=True, append_images=images[1:])
    return out.getvalue()


@cache
def photo_with_secrets() -> bytes:
    """A JPEG that tells where it was taken, lies on its side and has bytes after its end."""
    image = Image.new("RGB", (640, 400), "red")
    exif = Image.Exif()
    exif[0x0110] = "SECRETCAMERA"
    exif[0x0112] = 6  # turned by 90 degrees
    exif.get_ifd(GPS)[2] = (1.0, 17.0, 24.0)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"SECRETCOMMENT")
    return out.getvalue() + b"<script>alert('SECRETTAIL')</script>"


@cache
def png_with_text() -> bytes:
    """A PNG with a text chunk."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "SECRETAUTHOR", zip=True)
    out = io.BytesIO()
    Image.new("RGBA", (640, 400), (255, 0, 0, 0)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


@cache
def clean_document() -> tuple[Cleaned, str]:
    """What `documents.inspect` makes of a picture, made once by the real program."""
    return documents.inspect(documents.Upload(picture()))


def bomb_png(edge: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that says it has billions of pixels."""
    header = struct.pack(">IIBBBBB", edge, edge, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(100_000), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@cache
def moving_png() -> bytes:
    """An animated PNG."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (640, 400), colour) for colour in ("red", "blue")]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


@cache
def scripted_pdf() -> bytes:
    """A PDF that runs a script when it is opened, starts a program, and carries a file."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R/AA<</WC 4 0 R>>/Names<</JavaScript<</Names[(x) 4 0 R]>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/AA<</O 5 0 R>>>>",
        b"<</S/JavaScript/JS(app.alert('SECRETSCRIPT'))>>",
        b"<</S/Launch/F(calc.exe)>>",
    ]
    return _pdf(objects)


def _pdf(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + head + table + tail


@cache
def bomb_pdf(mebibytes: int = 1300) -> bytes:
    """A PDF of a few megabytes whose one page's picture unpacks to more than a gigabyte."""
    # After a full flush a deflated block stands for itself, so one block repeated is a whole stream.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(1024 * 1024)) + deflate.flush(zlib.Z_FULL_FLUSH)
    packed = b"\x78\xda" + block * mebibytes + b"\x03\x00" + struct.pack(">HH", mebibytes * 1024**2 % 65521, 1)
    edge = int((mebibytes * 1024 * 1024) ** 0.5)
    image = (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8"
        b"/Filter/FlateDecode/Length %d>>stream\n" % (edge, edge, len(packed)) + packed + b"\nendstream"
    )
    drawing = b"q 595 0 0 842 0 0 cm /I Do Q"
    return _pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>",
            b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
            image,
        ]
    )


@cache
def locked_pdf() -> bytes:
    """A PDF under a password: the encryption dictionary of an empty file, for a password that nobody has."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        b"<</Filter/Standard/V 1/R 2/Length 40/P -44/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>",
    ]
    return _pdf(objects).replace(
        b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 4 0 R/ID[<" + b"01" * 16 + b"><" + b"01" * 16 + b">]"
    )


def archive() -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("passport.pdf", bytes(10_000_000))
    return out.getvalue()


def pages_of(data: bytes) -> int:
    """How many pages a PDF has."""
    return len(pypdfium2.PdfDocument(data))
