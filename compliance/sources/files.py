"""Opening what claims to be a list: refused at once when it plainly is none, and read as the text that it is."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from compliance.sources.base import NotAList
from compliance.sources.unpack import open_unpacked

MAX_LINE_BYTES = 4 * 1024 * 1024
HEAD_BYTES = 8192
_CHUNK = 1 << 16
_TAIL = 64  # bytes
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def open_list(path: Path) -> IO[bytes]:
    """The content, unpacked. Raises `NotAList` when it cannot be read, is empty or a web page."""
    refuse_what_is_none(path, head_of(path))
    return open_unpacked(path)


def head_of(path: Path) -> bytes:
    """The first bytes of the content, without its byte order mark and leading space. Raises `NotAList`."""
    with open_unpacked(path) as stream:
        return stream.read(HEAD_BYTES).removeprefix(_BOM).lstrip()


def refuse_what_is_none(path: Path, head: bytes) -> None:
    """Raises `NotAList` for nothing and for a web page."""
    if not head:
        raise NotAList(f"{path.name} is empty; the list was not loaded")
    if re.match(rb"(?i)<!doctype\s+html|<html", head):
        raise NotAList(f"{path.name} is a web page and no list; the list was not loaded")


def csv_rows(path: Path, *, delimiter: str = ",") -> Iterator[list[str]]:
    """The file's rows, as UTF-8 or else Windows-1252. Raises `NotAList` when it is no text table."""
    if head_of(path).startswith((b"<", b"{", b"[")):
        raise NotAList(f"{path.name} is no table; the list was not loaded")
    with io.TextIOWrapper(open_list(path), encoding=_encoding(path), newline="") as text:
        try:
            for row in csv.reader(text, strict=True, delimiter=delimiter):
                # OFAC ends its files with Control-Z.
                if row and row != ["\x1a"]:
                    yield row
        except csv.Error as error:
            raise NotAList(f"{path.name} is no whole table ({error}); the list was not loaded") from error


def table_rows(
    path: Path, needed: Iterable[str], *, delimiter: str = ",", preamble: str = ""
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row under its header's names, without surrounding space, with its number in the file.

    A first row that begins with the preamble is passed over. Raises `NotAList`, also for a needed column that lacks.
    """
    rows = enumerate(csv_rows(path, delimiter=delimiter), 1)
    header = next(rows, (0, [""]))[1]
    if preamble and header[0].startswith(preamble):
        header = next(rows, (0, [""]))[1]
    names = [each.strip() for each in header]
    lacking = [each for each in needed if each not in names]
    if lacking:
        raise NotAList(f"{path.name} has no column {lacking[0]}; the list was not loaded")
    for number, cells in rows:
        if len(cells) != len(names):
            raise NotAList(
                f"row {number} of {path.name} has {len(cells)} columns, not {len(names)}; nothing was loaded"
            )
        yield number, dict(zip(names, (each.strip() for each in cells), strict=True))


def text_lines(path: Path) -> Iterator[str]:
    """The lines of UTF-8 text that are not blank, one at a time. Raises `NotAList`."""
    with open_list(path) as stream:
        number = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise NotAList(f"line {number} of {path.name} is longer than any entry; the list was not loaded")
            _refuse_nul(line, path.name)
            try:
                text = line.removeprefix(_BOM).decode() if number == 1 else line.decode()
            except UnicodeDecodeError as error:
                raise NotAList(f"line {number} of {path.name} is no UTF-8; the list was not loaded") from error
            if text.strip():
                yield text


def refuse_without_end(path: Path) -> None:
    """Raises `NotAList` when the last line has no end: what is written line by line was then cut off within one.

    A closing quotation mark ends a table's last cell too; OFAC's Control-Z may follow.
    """
    last = b""
    with open_list(path) as stream:
        while chunk := stream.read(_CHUNK):
            last = (last + chunk)[-_TAIL:]
    if not last.rstrip(b" \t\x1a").endswith((b"\n", b"\r", b'"')):
        raise NotAList(f"the last line of {path.name} has no end, so some of it may lack; the list was not loaded")


def _encoding(path: Path) -> str:
    """The encoding in which the whole file is text. Raises `NotAList` when there is none."""
    fitting = {"utf-8-sig": codecs.getincrementaldecoder("utf-8")(), "cp1252": codecs.getincrementaldecoder("cp1252")()}
    with open_list(path) as stream:
        if stream.peek(2).startswith(_WIDE):  # type: ignore[attr-defined] # a BufferedReader has it
            raise NotAList(f"{path.name} is UTF-16 text; give it in UTF-8, as it is published. It was not loaded")
        while True:
            chunk = stream.read(_CHUNK)
            _refuse_nul(chunk, path.name)
            for name, decoder in list(fitting.items()):
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError:
                    del fitting[name]
            if not fitting:
                raise NotAList(f"{path.name} is text neither in UTF-8 nor in Windows-1252; the list was not loaded")
            if not chunk:
                return next(iter(fitting))


def _refuse_nul(content: bytes, name: str) -> None:
    if b"\0" in content:
        raise NotAList(f"{name} holds NUL bytes and is no text; the list was not loaded")
