"""Dates as lists write them: of birth, as far as they are known, and of publication."""

import re
from datetime import UTC, date, datetime

from compliance.sources.base import NotAList

_SHAPES = (
    ("%d %b %Y", "%Y-%m-%d"),
    ("%d %B %Y", "%Y-%m-%d"),
    ("%d/%m/%Y", "%Y-%m-%d"),
    ("%b %Y", "%Y-%m"),
    ("%B %Y", "%Y-%m"),
)
_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T.*)?$")
_YEAR = re.compile(r"\b(1[6-9]\d\d|20\d\d)\b")
# "1960 to 1962", "01 Jan 1977 to 31 Dec 1985", "between 1958 and 1963", "1958-1963".
_SPAN = re.compile(r"\bto\b|\bbetween\b|\d{4} ?[-\u2013] ?\d{4}", re.IGNORECASE)
_YEARS = re.compile(r"(\d{4})/(\d{4})$")
_FEW = 3  # years; so short a span is how lists write "about 1961", and each of its years may be the one
# A day or month that is not known: dd/mm/1961, 00/00/1961, 00/mm/1961.
_OPEN = re.compile(r"'?(?:dd|DD|00)/(mm|MM|\d\d)/(\d{4})$")
# What the head of a file says of its publication.
_STAMPS = (
    re.compile(rb'\b(?:generationDate|dateGenerated)="(\d{4}-\d\d-\d\d)'),
    re.compile(rb"<DateGenerated>\s*(\d{4}-\d\d-\d\d)"),
    re.compile(rb"<DateOfIssue[^>]*>\s*<Year>(\d{4})</Year>\s*<Month>(\d+)</Month>\s*<Day>(\d+)</Day>"),
    re.compile(rb'^"?Report Date:?\s*(\d\d?-[A-Za-z]{3}-\d{4})'),
)


def birth_dates(*texts: str) -> tuple[str, ...]:
    """YYYY-MM-DD, YYYY-MM or YYYY, as exactly as the texts say it, each once; of a span, see `span`."""
    return tuple(dict.fromkeys(each for text in texts for each in _told(text)))


def span(first: str, last: str) -> tuple[str, ...]:
    """What is known of a birth between two years, both included: each of them when they are few, else YYYY/YYYY.

    A year in between is as good as either end: the ends alone would speak against most of those who are meant.
    """
    if not (first.isdecimal() and last.isdecimal() and len(first) == len(last) == 4):
        return tuple(each for each in (first, last) if each)
    low, high = sorted((int(first), int(last)))
    if high - low < _FEW:
        return tuple(f"{year:04d}" for year in range(low, high + 1))
    return (f"{low:04d}/{high:04d}",)


def years(first: str, last: str) -> str:
    """The two years as `birth_dates` reads a span; one alone, or nothing, where the other is silent."""
    return f"{first}/{last}" if first and last else first or last


def _told(text: str) -> list[str]:
    words = " ".join(text.split()).strip(" .").removeprefix("circa ").removeprefix("c. ")
    if iso := _ISO.match(words):
        return [_whole("-".join(part for part in iso.groups() if part and part != "00"))]
    if half := _OPEN.match(words):
        month = half[1]
        return [_whole(half[2] if month in ("mm", "MM", "00") else f"{half[2]}-{month}")]
    if between := _YEARS.match(words):
        return list(span(*between.groups()))
    for shape, out in _SHAPES:
        try:
            return [datetime.strptime(words, shape).strftime(out)]  # noqa: DTZ007 - a birthday has no time zone
        except ValueError:
            continue
    named = _YEAR.findall(words)
    return list(span(*named)) if len(named) == 2 and _SPAN.search(words) else named


def published_on(head: bytes) -> date | None:
    """The day on which the list says that it was made, from the first bytes of its content; None when it is silent."""
    for stamp in _STAMPS:
        if found := stamp.search(head):
            try:
                return _day([part.decode() for part in found.groups()])
            except ValueError as error:
                raise NotAList("the list bears a date that is none; it was not loaded") from error
    return None


def _day(parts: list[str]) -> date:
    if len(parts) == 3:
        return date(*(int(part) for part in parts))
    if parts[0][:4].isdigit():
        return date.fromisoformat(parts[0])
    return datetime.strptime(parts[0], "%d-%b-%Y").replace(tzinfo=UTC).date()


def _whole(text: str) -> str:
    """The text while the calendar has such a day; else its year."""
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return text[:4]
    return text
