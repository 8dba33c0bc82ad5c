"""What a file is, by its content; its name and its declared type are only held against that."""

from pathlib import PurePath

from compliance.disarm.shapes import JPEG, MAX_BYTES, PDF, PNG, Fault, NoDocument

_SIGNATURES = ((b"%PDF-", PDF), (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ", b"\xd0\xcf\x11\xe0")  # fmt: skip # noqa: E501
_MARKUP = (b"<", b"\xef\xbb\xbf<", b"{\\rtf")
_SUFFIXES = {".pdf": PDF, ".jpg": JPEG, ".jpeg": JPEG, ".jpe": JPEG, ".png": PNG}
# What a browser says when it does not know.
_SILENT = {"", "application/octet-stream"}


def kind_of(data: bytes, *, name: str = "", declared: str = "") -> str:
    """PDF, JPEG or PNG, by the first bytes. Raises NoDocument, also when name or declared type say otherwise."""
    if not data:
        raise NoDocument(Fault.EMPTY)
    if len(data) > MAX_BYTES:
        raise NoDocument(Fault.TOO_LARGE)
    found = next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "")
    if not found:
        raise NoDocument(_fault_of(data))
    said = {_SUFFIXES.get(PurePath(name).suffix.lower(), "other") if PurePath(name).suffix else found}
    if (declared := declared.partition(";")[0].strip().lower()) not in _SILENT:
        said.add(JPEG if declared in ("image/jpg", "image/pjpeg") else declared)
    if said != {found}:
        raise NoDocument(Fault.OTHERWISE)
    return found


def _fault_of(data: bytes) -> Fault:
    if data.startswith(_ARCHIVES):
        return Fault.ARCHIVE
    return Fault.MARKUP if data.lstrip()[:8].startswith(_MARKUP) else Fault.UNKNOWN
