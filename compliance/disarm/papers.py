"""PDF files as pictures of their pages: scripts, forms, attachments, links and layers end here."""

from typing import Any

import pypdfium2

from compliance.disarm.pictures import encoded
from compliance.disarm.shapes import JPEG, MAX_PAGES, PAGE_EDGE, Fault, NoDocument, Page

_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD


def clean_pdf(data: bytes) -> tuple[Page, ...]:
    """A picture of each page, as it prints. Raises NoDocument."""
    try:
        paper = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        password = getattr(error, "err_code", None) == _PASSWORD_ERROR
        raise NoDocument(Fault.PASSWORD if password else Fault.DAMAGED) from error
    try:
        count = len(paper)
        if count > MAX_PAGES:
            raise NoDocument(Fault.TOO_MANY_PAGES)
        if not count:
            raise NoDocument(Fault.DAMAGED)
        return tuple(_rendered(paper, number) for number in range(count))
    except pypdfium2.PdfiumError as error:
        raise NoDocument(Fault.DAMAGED) from error
    finally:
        paper.close()


def _rendered(paper: Any, number: int) -> Page:
    page = paper[number]
    width, height = page.get_size()
    if min(width, height) < 1:
        raise NoDocument(Fault.DAMAGED)
    # A page of any size becomes a picture of one size: its edge in points buys no memory.
    bitmap = page.render(scale=PAGE_EDGE / max(width, height), may_draw_forms=False)
    picture = bitmap.to_pil().convert("RGB")
    bitmap.close()
    page.close()
    return encoded(picture, JPEG)
