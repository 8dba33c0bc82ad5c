"""Opening what claims to be a list: compressed or not, and refused at once when it plainly is none."""

import bz2
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from compliance.sources.base import NotAList

MAX_CSV_BYTES = 256 * 1024 * 1024
_BZ2 = b"BZh"


def open_list(path: Path) -> IO[bytes]:
    """The content, unpacked when it is bzip2. Raises `NotAList` when it cannot be read, is empty or a web page."""
    try:
        with path.open("rb") as packed:
            magic = packed.read(3)
        stream: IO[bytes] = bz2.open(path, "rb") if magic == _BZ2 else path.open("rb")  # noqa: SIM115 - the caller closes
        head = stream.read(2048)
    except (OSError, EOFError) as error:
        raise NotAList(f"{path.name} cannot be read: {error}") from error
    start = head.lstrip(b"\xef\xbb\xbf").lstrip()
    if not start:
        stream.close()
        raise NotAList(f"{path.name} is empty; the list was not loaded")
    if re.match(rb"(?i)<!doctype\s+html|<html", start):
        stream.close()
        raise NotAList(f"{path.name} is a web page and no list; the list was not loaded")
    stream.seek(0)
    return stream


def csv_rows(path: Path) -> Iterator[list[str]]:
    """The file's rows, as UTF-8 or else Windows-1252. Raises `NotAList` when it is no text table."""
    with open_list(path) as stream:
        content = stream.read(MAX_CSV_BYTES + 1)
    if len(content) > MAX_CSV_BYTES:
        raise NotAList(f"{path.name} is larger than any list; it was not loaded")
    if b"\0" in content[:4096] or content.lstrip().startswith(b"<"):
        raise NotAList(f"{path.name} is no CSV table; the list was not loaded")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    try:
        # OFAC ends its files with Control-Z.
        for row in csv.reader(io.StringIO(text.rstrip("\x1a\r\n ")), strict=True):
            if row:
                yield row
    except csv.Error as error:
        raise NotAList(f"{path.name} is no whole CSV table ({error}); the list was not loaded") from error
