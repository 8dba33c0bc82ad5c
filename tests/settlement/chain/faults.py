"""A process that dies at a given line: the n-th line of our chain services raises what nothing catches."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connection

from settlement.services import chain_indexer

FOLDER = str(Path(chain_indexer.__file__).parent)


class Died(BaseException):
    """The process is gone. No `except Exception` sees it."""


class Lines:
    """How many lines ran, and the last place."""

    def __init__(self) -> None:
        self.count = 0
        self.last = ""


@contextlib.contextmanager
def dying_at(line: int, *modules: str) -> Iterator[Lines]:
    """The block dies when the services' modules of these names run their `line`-th line; 0 for never."""
    paths = {f"{FOLDER}/{name}.py" for name in modules}
    lines = Lines()

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            lines.count += 1
            if lines.count == line:
                lines.last = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                sys.settrace(None)
                raise Died(lines.last)
        return local

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        return local if frame.f_code.co_filename in paths else None

    before, depth = sys.gettrace(), len(connection.atomic_blocks)
    sys.settrace(trace)
    try:
        yield lines
    except Died:
        pass
    finally:
        sys.settrace(before)
        _drop_connection(depth)


def _drop_connection(depth: int) -> None:
    """What the dead process had not committed is gone, also where it died between a block's end and its commit."""
    while len(connection.atomic_blocks) > depth:
        connection.atomic_blocks.pop()
        savepoint = connection.savepoint_ids.pop()
        if savepoint is not None:
            connection.savepoint_rollback(savepoint)
    connection.needs_rollback = False
