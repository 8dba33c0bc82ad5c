"""What went wrong, in words that may be logged and stored."""

import contextlib
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

from compliance.base.errors import Refusal


def code_of(error: BaseException) -> str:
    """A refusal's code, else the kind of fault. Never its message: that may quote a row, and so a person."""
    return error.code if isinstance(error, Refusal) else type(error).__name__


def place_of(error: BaseException) -> str:
    """The code, and where a fault that is no refusal came from: file and line, and no value."""
    frames = [] if isinstance(error, Refusal) else traceback.extract_tb(error.__traceback__)
    return f"{code_of(error)} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else code_of(error)


@contextlib.contextmanager
def alone(what: str, logger: logging.Logger) -> Iterator[None]:
    """Whatever goes wrong in the block, it alone waits for the next round; the log says which and where."""
    try:
        yield
    except Exception as error:
        logger.warning("%s waits: %s", what, place_of(error))
