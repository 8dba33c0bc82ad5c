"""Sealed data: AES-256-GCM under one key per subject, bound to its owner, its record and its purpose."""

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from compliance.base.canonical import canonical_bytes
from compliance.base.errors import Refusal

KEY_BYTES = 32
_NONCE_BYTES = 12  # random, 96 bits: safe for 2**32 messages under one key (NIST SP 800-38D, 8.3)
_FORMAT = b"\x01"


class SealBroken(Refusal):
    """The sealed bytes were altered, cut short, or belong to another subject, record or purpose."""

    code = "seal_broken"
    http_status = 409
    default_message = "This sealed record does not open: it was altered or belongs elsewhere. Nothing was shown."


class SubjectErased(Refusal):
    """The subject's key is destroyed: what was sealed under it can never be read again, and nothing new is sealed."""

    code = "subject_erased"
    http_status = 410
    default_message = "The key of this subject was destroyed. What it sealed can no longer be read, by anybody."


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data it is. `kind` and `id` hold no personal data."""

    kind: str
    id: str

    @classmethod
    def party(cls, party_id: UUID) -> "Subject":
        """The subject that a party is."""
        return cls("party", str(party_id))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Context:
    """Where sealed bytes belong: `record` names the one row (`compliance.document:<id>`), `purpose` what of it."""

    record: str
    purpose: str


class SubjectCipher:
    """Seals and opens for one subject; the key cannot be had from it."""

    __slots__ = ("_aead", "_key_id", "_subject")

    def __init__(self, key: bytes, key_id: UUID, subject: Subject) -> None:
        self._aead = AESGCM(key)
        self._key_id = key_id
        self._subject = subject

    def seal(self, plaintext: bytes, context: Context) -> bytes:
        """Format byte, nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, plaintext, self._bound_to(context))

    def open(self, sealed: bytes, context: Context) -> bytes:
        """The plaintext. Raises SealBroken."""
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise SealBroken
        try:
            return self._aead.decrypt(nonce, body, self._bound_to(context))
        except InvalidTag as error:
            raise SealBroken from error

    def _bound_to(self, context: Context) -> bytes:
        return canonical_bytes(["gridclear-seal", str(self._subject), self._key_id, context.record, context.purpose])
