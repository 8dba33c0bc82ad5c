"""Signed checkpoints of a log, in the form that transparency logs and their witnesses speak. Pure.

The text is C2SP's tlog-checkpoint (origin, size, root), signed as a C2SP signed note with Ed25519, so that an auditor
can check it, keep it, or have it countersigned, with tools that are not ours.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
MAX_BYTES = 16_384
_SIGNED_BY = "— "


class NoteMalformed(ValueError):
    """The text is no signed checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` leaves of the log `origin` have the Merkle root `root`."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with its signatures: (name, key id, signature) each."""

    checkpoint: Checkpoint
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def verifies(self, keys: Iterable[bytes]) -> bool:
        """Whether one of the raw Ed25519 public keys signed it in the name of its origin."""
        by_id = {key_id(self.checkpoint.origin, key): key for key in keys}
        return any(
            name == self.checkpoint.origin and signer in by_id and _signed(by_id[signer], signature, self.text)
            for name, signer, signature in self.signatures
        )


def key_id(name: str, public_key: bytes) -> bytes:
    """The four bytes by which a signature names its key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The signed note. Raises NoteMalformed for an origin that cannot name a key."""
    name = checkpoint.origin
    if not name or any(each.isspace() or each == "+" for each in name):
        raise NoteMalformed("an origin is one word without plus signs")
    public = key.public_key().public_bytes_raw()
    blob = key_id(name, public) + key.sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n{_SIGNED_BY}{name} {base64.b64encode(blob).decode()}\n"


def parse(note: str) -> SignedCheckpoint:
    """The checkpoint with its signatures, which are not verified yet. Raises NoteMalformed."""
    if len(note.encode()) > MAX_BYTES or not note.endswith("\n"):
        raise NoteMalformed("a signed checkpoint is a short text that ends with a line break")
    text, gap, below = note.rpartition("\n\n")
    lines = text.split("\n")
    if not gap or len(lines) < 3 or "" in lines:
        raise NoteMalformed("a signed checkpoint has an origin, a size, a root, an empty line and signatures")
    size = lines[1]
    if not (size.isascii() and size.isdigit() and len(size) < 20 and str(int(size)) == size):
        raise NoteMalformed("the size of a checkpoint is a plain number")
    checkpoint = Checkpoint(lines[0], int(size), _decoded(lines[2], 32))
    return SignedCheckpoint(checkpoint, f"{text}\n", tuple(_signature(line) for line in below[:-1].split("\n")))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, blob = line.removeprefix(_SIGNED_BY).partition(" ")
    if not line.startswith(_SIGNED_BY) or not name or not space:
        raise NoteMalformed("a signature line names its signer")
    raw = _decoded(blob, None)
    return name, raw[:4], raw[4:]


def _decoded(text: str, length: int | None) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteMalformed("hashes and signatures are base64") from error
    # One form for one value: padding bits that decode away would let two texts mean the same.
    if base64.b64encode(raw).decode() != text or (length is not None and len(raw) != length):
        raise NoteMalformed("hashes and signatures are base64 of their full length")
    return raw


def _signed(public_key: bytes, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
