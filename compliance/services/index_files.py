"""Index blocks on disk, mapped into memory: built once on a machine, shared by all its processes.

A block is made of public lists alone. Its digest is checked when it is opened; a damaged one is built anew.
"""

import fcntl
import logging
import mmap
import os
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from compliance.base.code_digest import code_digest
from compliance.engine import guards, index, naming, screening, second_facts
from compliance.engine.index.block import Bytes, DamagedIndex

logger = logging.getLogger(__name__)

Opened = TypeVar("Opened")

_KEPT = 4  # blocks; processes that hold an older one keep it until they open the next
_READ_BY = ("anyascii", "rapidfuzz")  # libraries on which it depends how names are read


def shared(key: str, build: Callable[[], bytes], opened: Callable[[Bytes], Opened]) -> Opened:
    """What is `opened` from the block under this key, made by `build` if no process of this machine has made it yet.

    `opened` raises `DamagedIndex` for bytes that are no block. Where no folder is set or it cannot be written, the
    block is this process's own.
    """
    folder: Path | None = settings.GRIDCLEAR_INDEX_DIR
    if folder is None:
        return opened(build())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the one that builds
            path = folder / f"{_named(key)}.index"
            if (found := _read(path, opened)) is None:
                _write(path, build())
                found = _read(path, opened)
    except OSError as error:
        logger.warning("the screening index is not shared: %s", error.strerror)
        found = None
    return opened(build()) if found is None else found


def _named(key: str) -> str:
    return blake2b(f"{key} {reader()}".encode(), digest_size=16).hexdigest()


@cache
def reader() -> str:
    """Changes whenever names may be read or compared otherwise than before: what was made of them is never older than
    the code."""
    sources = [path for package in (naming, index) for path in Path(package.__path__[0]).rglob("*.py")]
    sources += [Path(module.__file__ or "") for module in (guards, screening, second_facts)]
    return " ".join([code_digest(sources), unicodedata.unidata_version, sys.byteorder, *map(version, _READ_BY)])


def _read(path: Path, opened: Callable[[Bytes], Opened]) -> Opened | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
    try:
        found = opened(memoryview(content))
    except DamagedIndex as error:
        logger.warning("a screening index is built anew: %s", error)
        return None
    path.touch()
    return found


def _write(path: Path, block: bytes) -> None:
    """The block lies under its name, whole or not at all; of the older ones a few stay."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(block)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    others = sorted(path.parent.glob("*.index"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in others[_KEPT:]:
        old.unlink(missing_ok=True)
