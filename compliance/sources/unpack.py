"""Files as they arrive, packed or not, as a stream with a bound: an archive that grows without end is refused."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from compliance.sources.base import NotAList

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
# OFAC's XML, which repeats itself a lot, packs 36 to 1; what packs far better than that is made to burst.
MAX_RATIO = 200
_RATIO_FROM_BYTES = 16 * 1024 * 1024
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def open_unpacked(path: Path) -> IO[bytes]:
    """The content of the file: of a .gz, .bz2 or .zip (of one file) what is packed in it. Raises `NotAList`.

    Reading raises `NotAList` as soon as the content is broken or larger than a list can be.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        opened = next((opener for mark, opener in _PACKED if magic.startswith(mark)), None)
        stream: IO[bytes] = opened(path) if opened else path.open("rb")
        packed_bytes = path.stat().st_size if opened else None
    except _BROKEN as error:
        raise NotAList(f"{path.name} cannot be read: {_why(error)}") from error
    return io.BufferedReader(_Bounded(stream, path.name, packed_bytes), 1 << 16)


class _Bounded(io.RawIOBase):
    """Counts what is read, and says of everything that is wrong with the content what the caller can tell."""

    def __init__(self, stream: IO[bytes], name: str, packed_bytes: int | None) -> None:
        self._stream, self._name = stream, name
        self._most = MAX_UNPACKED_BYTES
        if packed_bytes is not None:
            self._most = min(self._most, max(_RATIO_FROM_BYTES, packed_bytes * MAX_RATIO))
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._stream.read(len(buffer))
        except _BROKEN as error:
            raise NotAList(f"{self._name} is broken: {_why(error)}; the list was not loaded") from error
        self._read += len(chunk)
        if self._read > self._most:
            raise NotAList(
                f"{self._name} unpacks to more than {self._most:,} bytes, unlike any list; it was not loaded"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _open_zip(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        files = [each for each in archive.infolist() if not each.is_dir()]
        if len(files) != 1:
            raise NotAList(f"{path.name} packs {len(files)} files and a list is one; it was not loaded")
        # The archive's file stays open for as long as its member does.
        return archive.open(files[0])


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


_PACKED: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"BZh", bz2.open),
    (b"\x1f\x8b", gzip.open),
    (b"PK\x03\x04", _open_zip),
    (b"PK\x05\x06", _open_zip),
)
