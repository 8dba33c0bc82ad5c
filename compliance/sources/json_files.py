"""JSON lists read as a stream: one object at a time is kept, however long the file."""

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compliance.sources.base import NotAList
from compliance.sources.files import open_list, text_lines

_CHUNK = 1 << 16
_MAX_OBJECT = 4 * 1024 * 1024
_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")


def objects_under(path: Path, key: str) -> Iterator[dict[str, Any]]:
    """The objects of the array that stands under the key of the file's one object. Raises `NotAList`."""
    reader = _Reader(path)
    if reader.first() != "{":
        raise NotAList(f"{path.name} is no JSON object; the list was not loaded")
    if not reader.skip_past(re.compile(rf'"{key}"\s*:\s*\[')):
        raise NotAList(f"{path.name} has no {key}; the list was not loaded")
    while (item := reader.next_object()) is not None:
        yield item
    if not _ends_the_object(reader.rest()):
        raise NotAList(f"{path.name} does not end where its object does; the list was not loaded")


def _ends_the_object(rest: str) -> bool:
    """Whether what follows the array is the end of the object around it, and nothing else."""
    try:
        return isinstance(json.loads('{"": 0' + rest), dict)
    except (ValueError, RecursionError):
        return False


def objects_by_line(path: Path) -> Iterator[dict[str, Any]]:
    """One object from each line. Raises `NotAList`."""
    for number, line in enumerate(text_lines(path), 1):
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise NotAList(f"line {number} of {path.name} is no JSON object; the list was not loaded") from error
        if not isinstance(item, dict):
            raise NotAList(f"line {number} of {path.name} is no JSON object; the list was not loaded")
        yield item


class _Reader:
    """A text buffer over the file that never holds more than a few objects."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._stream = open_list(path)
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer = ""
        self._ended = False

    def first(self) -> str:
        """The first character that is no space."""
        self._more()
        return self._buffer.lstrip()[:1]

    def skip_past(self, pattern: re.Pattern[str]) -> bool:
        """The buffer begins after the first match; says whether there is one within the first megabytes."""
        while (found := pattern.search(self._buffer)) is None:
            if len(self._buffer) > _MAX_OBJECT or not self._more():
                return False
        self._buffer = self._buffer[found.end() :]
        return True

    def next_object(self) -> dict[str, Any] | None:
        """The array's next object; None at its end. Raises `NotAList`."""
        while True:
            start = _BETWEEN.match(self._buffer).end()  # type: ignore[union-attr] # it matches nothing too
            if self._buffer[start : start + 1] == "]":
                self._buffer = self._buffer[start + 1 :]
                return None
            try:
                item, end = _DECODER.raw_decode(self._buffer, start)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or len(self._buffer) > _MAX_OBJECT or not self._more():
                    raise NotAList(f"{self._name} is no whole JSON; the list was not loaded") from error
                continue
            if not isinstance(item, dict):
                raise NotAList(f"{self._name} lists something that is no object; the list was not loaded")
            self._buffer = self._buffer[end:]
            return item

    def rest(self) -> str:
        """All that follows. The file is read to its end, so that a broken end shows. Raises `NotAList`."""
        while self._more():
            if len(self._buffer) > _MAX_OBJECT:
                raise NotAList(f"{self._name} goes on behind its list; the list was not loaded")
        return self._buffer

    def _more(self) -> bool:
        """Whether there was more to read."""
        if self._ended:
            return False
        chunk = self._stream.read(_CHUNK)
        if b"\0" in chunk:
            raise NotAList(f"{self._name} holds NUL bytes and is no text; the list was not loaded")
        try:
            self._buffer += self._decode.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise NotAList(f"{self._name} is no UTF-8; the list was not loaded") from error
        self._ended = not chunk
        if self._ended:
            self._stream.close()
        return not self._ended
