"""Papers of the seeded world: pictures that say in large letters that they are samples."""

import io
from functools import cache

from PIL import Image, ImageDraw

from compliance.base.actor import Actor
from compliance.disarm.shapes import Cleaned
from compliance.services import documents
from marketplace.models import Organization

INK, PAPER, LINE = "#10243a", "#f4f1ea", "#9aa7b4"
# What a business hands in: the company's extract, and the document of whoever signs.
OF_A_BUSINESS = ("registry_extract", "passport")


@cache
def sample_paper(kind: str, of: str = "") -> bytes:
    """A JPEG of an invented document."""
    picture = Image.new("RGB", (1000, 640), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((24, 24, 976, 616), outline=LINE, width=3)
    pen.text((60, 60), kind.replace("_", " ").upper(), fill=INK, font_size=44)
    pen.text((60, 150), of or "Of a sample", fill=INK, font_size=34)
    for number in range(6):
        pen.line((60, 260 + number * 44, 700 - number % 3 * 90, 260 + number * 44), fill=LINE, width=6)
    pen.text((520, 540), "SAMPLE - NOT A DOCUMENT", fill="#a02020", font_size=28)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


@cache
def cleaned_paper(kind: str) -> tuple[Cleaned, str]:
    """The sample as the program that cleans gives it."""
    return documents.inspect(documents.Upload(sample_paper(kind)))


def hand_in_papers(organization: Organization, *, actor: Actor) -> None:
    """The business has handed in what its level asks for."""
    for kind in OF_A_BUSINESS:
        documents.keep_for_party(organization.party_id, kind, *cleaned_paper(kind), actor=actor)
