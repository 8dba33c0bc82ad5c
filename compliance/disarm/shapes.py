"""What goes between the program that cleans and the process that asks it: limits, pages, faults."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_BYTES = 10 * 1024 * 1024
MAX_PAGES = 20
MAX_PIXELS = 50_000_000
LEAST_PIXELS = 200  # of the shorter edge: below it nobody can read anything
LONGEST_EDGE = 3000  # of what is kept
PAGE_EDGE = 2000  # of a rendered page: about 170 dots per inch of A4

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"


class Fault(StrEnum):
    """Why a file is no document."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ARCHIVE = "archive"
    MARKUP = "markup"
    UNKNOWN = "unknown"
    OTHERWISE = "otherwise"  # it is not what its name or its declared type says
    DAMAGED = "damaged"
    PASSWORD = "password"  # noqa: S105 - the fault's name
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    MOVING = "moving"
    TOO_MUCH_WORK = "too_much_work"


class NoDocument(ValueError):
    """The file is no document that can be kept."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Page:
    """One picture; edges in pixels."""

    media_type: str
    width: int
    height: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A document made harmless. `found` is the media type that its content had."""

    found: str
    pages: tuple[Page, ...]


def packed(cleaned: Cleaned) -> bytes:
    """The document as bytes: a line of JSON, then the pictures one after another."""
    pages = [[page.media_type, page.width, page.height, len(page.body)] for page in cleaned.pages]
    return json.dumps([cleaned.found, pages]).encode() + b"\n" + b"".join(page.body for page in cleaned.pages)


def unpacked(data: bytes) -> Cleaned:
    """What `packed` gave. Raises ValueError for anything else."""
    head, _, bodies = data.partition(b"\n")
    found, pages = json.loads(head)
    if found not in (PDF, JPEG, PNG) or not 0 < len(pages) <= MAX_PAGES:
        raise ValueError("no cleaned document")
    return Cleaned(found, tuple(_pages(pages, bodies)))


def _pages(pages: list[list[str | int]], bodies: bytes) -> Iterator[Page]:
    stream = io.BytesIO(bodies)
    for media_type, width, height, length in pages:
        body = stream.read(int(length))
        signed = body.startswith(b"\xff\xd8\xff") if media_type == JPEG else body.startswith(b"\x89PNG\r\n\x1a\n")
        if media_type not in (JPEG, PNG) or len(body) != length or not signed:
            raise ValueError("no picture")
        yield Page(str(media_type), int(width), int(height), body)
    if stream.read(1):
        raise ValueError("more than the pictures")
