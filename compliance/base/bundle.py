"""Signed bundles: one ZIP of plain files with a manifest of their hashes and detached Ed25519 signatures. Pure.

The same files give the same bytes: nothing is compressed, nothing is dated, and the order is that of the names. So a
reader takes no archive that this module would not have written, byte for byte: no tricks with paths or headers, nothing
that unpacks to more than it is.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MANIFEST, SIGNATURE = "manifest.json", ".sig"
MANIFEST_FORMAT = "gridclear-bundle-manifest/1"
MOST_FILES = 2_000
MOST_BYTES = 512 * 1024 * 1024
_NAME = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(?:[.@/][A-Za-z0-9_-]+)*\.[a-z0-9]{1,8}")
MOST_NAME = 200
# What Python's reader raises for archives that are damaged, or made to look so.
_UNREADABLE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, OverflowError)
_DATE = (1980, 1, 1, 0, 0, 0)


class NotABundle(ValueError):
    """The bytes are no bundle: another file, a damaged one, or one that somebody made for us to choke on."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was read: its files by name, and what is wrong with it."""

    files: Mapping[str, bytes]
    faults: tuple[str, ...] = field(default=())


def json_bytes(value: Any) -> bytes:
    """The value as people and programs read it: sorted, indented, UTF-8, one form."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_bundle(files: Mapping[str, bytes], signed: Iterable[str], key: Ed25519PrivateKey) -> bytes:
    """The ZIP over the files, with a manifest; `signed` files and the manifest have a signature beside them.

    Raises ValueError for a name that a reader would refuse.
    """
    whole = dict(files)
    for name in signed:
        whole[name + SIGNATURE] = key.sign(whole[name])
    hashes = {name: {"bytes": len(body), "sha256": _sha256(body)} for name, body in whole.items()}
    manifest = json_bytes({"format": MANIFEST_FORMAT, "files": hashes})
    whole |= {MANIFEST: manifest, MANIFEST + SIGNATURE: key.sign(manifest)}
    for name in whole:
        if not _is_name(name):
            raise ValueError(f"{name!r} is no name for a file in a bundle")
    return _zip(whole)


def read_bundle(raw: bytes, keys: Iterable[bytes]) -> Bundle:
    """The files, held against manifest and signatures by one of the raw public keys. Raises NotABundle."""
    files = _unzip(raw)
    if MANIFEST not in files or MANIFEST + SIGNATURE not in files:
        raise NotABundle("it has no manifest")
    trusted = [Ed25519PublicKey.from_public_bytes(each) for each in keys]
    faults = []
    if _zip(files) != raw:
        faults.append("the archive itself was altered")
    faults += [
        f"{name} is not signed by a key that counts"
        for name in sorted(files)
        if name.endswith(SIGNATURE) and not _signed(files, name, trusted)
    ]
    faults += _against_manifest(files)
    return Bundle(files, tuple(faults))


def _against_manifest(files: Mapping[str, bytes]) -> list[str]:
    try:
        manifest = json.loads(files[MANIFEST])
        listed = {name: (row["bytes"], row["sha256"]) for name, row in manifest["files"].items()}
        known = manifest["format"] == MANIFEST_FORMAT
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ["the manifest cannot be read"]
    if not known:
        return ["the manifest is of another format"]
    there = {name: body for name, body in files.items() if name not in (MANIFEST, MANIFEST + SIGNATURE)}
    faults = [f"{name} is missing" for name in sorted(set(listed) - set(there))]
    faults += [f"{name} is not in the manifest" for name in sorted(set(there) - set(listed))]
    faults += [
        f"{name} was altered"
        for name, body in sorted(there.items())
        if name in listed and listed[name] != (len(body), _sha256(body))
    ]
    return faults


def _signed(files: Mapping[str, bytes], name: str, trusted: Iterable[Ed25519PublicKey]) -> bool:
    body = files.get(name.removesuffix(SIGNATURE))
    if body is None:
        return False
    for key in trusted:
        try:
            key.verify(files[name], body)
        except InvalidSignature:
            continue
        return True
    return False


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, files[name])
    return out.getvalue()


def _unzip(raw: bytes) -> dict[str, bytes]:
    """The files by name. Everything is looked at before anything is read. Raises NotABundle."""
    if len(raw) > MOST_BYTES:
        raise NotABundle("it is larger than a bundle may be")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            _look_at(entries, len(raw))
            return {entry.filename: archive.read(entry) for entry in entries}
    except _UNREADABLE as error:
        if isinstance(error, NotABundle):
            raise
        raise NotABundle("it is no readable archive") from error


def _look_at(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > MOST_FILES:
        raise NotABundle("it has more files than a bundle may have")
    if sum(entry.file_size for entry in entries) > size:
        raise NotABundle("it would unpack to more than it is")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise NotABundle("it has a name twice")
    for entry in entries:
        if not _is_name(entry.filename):
            raise NotABundle("it has a file whose name no bundle has")
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits or entry.compress_size != entry.file_size:
            raise NotABundle("it has a file that is compressed or encrypted")


def _is_name(name: str) -> bool:
    return len(name) <= MOST_NAME and _NAME.fullmatch(name) is not None


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
