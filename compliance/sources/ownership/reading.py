"""Files of any of the formats, told apart by their content and never by their names."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from compliance.engine.batch.shapes import parse
from compliance.engine.codec import Malformed
from compliance.sources.base import NotAList
from compliance.sources.files import head_of, open_list, refuse_what_is_none, table_rows, text_lines
from compliance.sources.json_files import objects_under
from compliance.sources.ownership.bods import read_bods
from compliance.sources.ownership.gleif import Gleif, Row
from compliance.sources.ownership.gleif_json import GOLDEN_KEYS, api_rows, golden_row
from compliance.sources.ownership.told import Told, above_subject

MAX_JSON_BYTES = 32 * 1024 * 1024
BODS, GLEIF_TABLE, GLEIF_GOLDEN, GLEIF_API = "BODS", "GLEIF table", "GLEIF JSON", "GLEIF answer"
_COLUMNS = ("Relationship.StartNode.NodeID", "Exception.Category", "Entity.LegalName")
_GOLDEN = re.compile(rb'^\{\s*"(records|relations|exceptions)"\s*:\s*\[')
_API = re.compile(rb'^\{.*?"(data|meta)"\s*:', re.DOTALL)


def read_ownership(paths: Sequence[Path], today: date, *, subject: str = "", lei: str = "") -> Told:
    """What the files say: one of BODS statements, or several of GLEIF's about what stands above the LEI.

    Raises `Malformed` with what is wrong, in words for whoever gave the file.
    """
    try:
        kinds = [(_kind(path), path) for path in paths]
        if [kind for kind, _ in kinds] == [BODS]:
            return above_subject(read_bods(_statements(paths[0]), today, subject))
        if any(kind == BODS for kind, _ in kinds):
            raise Malformed("a file of BODS statements is imported by itself")
        if not lei:
            raise Malformed("a file of GLEIF needs the LEI of the entity; save it with the party first")
        return above_subject(_gleif(kinds, today, lei))
    except NotAList as error:
        text = re.sub(r"(; the list was not loaded|; nothing was loaded|\. It was not loaded)$", "", str(error))
        raise Malformed(text) from error


def _kind(path: Path) -> str:
    head = head_of(path)
    refuse_what_is_none(path, head)
    if head.startswith(b"[") or (head.startswith(b"{") and b'"statementId"' in head):
        return BODS
    if _GOLDEN.match(head):
        return GLEIF_GOLDEN
    if _API.match(head):
        return GLEIF_API
    if any(column.encode() in head.split(b"\n", 1)[0] for column in _COLUMNS):
        return GLEIF_TABLE
    raise Malformed(f"{path.name} is neither JSON of BODS 0.4 nor a file of GLEIF (JSON, or CSV with its headers)")


def _statements(path: Path) -> list[Any]:
    """A list of statements, or one in each line."""
    if head_of(path).startswith(b"["):
        return list(parse(f'{{"statements": {_text(path)}}}')["statements"])
    return [parse(line) for line in text_lines(path)]


def _text(path: Path) -> str:
    with open_list(path) as stream:
        content = stream.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        raise Malformed(f"{path.name} has more than {MAX_JSON_BYTES // 1024 // 1024} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"{path.name} is no UTF-8") from error


def _gleif(kinds: list[tuple[str, Path]], today: date, lei: str) -> Told:
    """Relations and exceptions first: they say which entities of the millions are wanted."""
    found = Gleif(today)
    whole = sorted(kinds, key=lambda each: _holds_entities(*each))
    for kind, path in whole:
        wanted = found.above(lei) if _holds_entities(kind, path) else None
        found.take(_rows(kind, path), wanted)
    return found.told(lei)


def _holds_entities(kind: str, path: Path) -> bool:
    head = head_of(path)
    return b'"records"' in head if kind == GLEIF_GOLDEN else kind == GLEIF_TABLE and b"Entity.LegalName" in head


def _rows(kind: str, path: Path) -> Iterator[Row]:
    if kind == GLEIF_TABLE:
        return (row for _, row in table_rows(path, ()))
    if kind == GLEIF_API:
        return api_rows(parse(_text(path)).get("data"))
    key = next(key for key in GOLDEN_KEYS if f'"{key}"'.encode() in head_of(path))
    return (golden_row(item) for item in objects_under(path, key))
