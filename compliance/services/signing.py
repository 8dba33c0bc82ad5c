"""The platform's signing keys: Ed25519, each in one file.

One signs clearances, and agents pin it. Another signs evidence (checkpoints of the audit log, bundles), which must
verify for as long as records are kept: when it is replaced, its public half stays beside it.
"""

import base64
import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ISSUER = "gridclear"
TOKEN_TYPE = "gridclear-clearance+jwt"  # noqa: S105  explicit typing, RFC 8725 section 3.11


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its public half; `kid` is the first 16 hex digits of SHA-256 of the raw public key."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    public_raw: bytes

    @property
    def public_b64(self) -> str:
        """The raw public key, base64url without padding: the form that agents pin."""
        return base64.urlsafe_b64encode(self.public_raw).rstrip(b"=").decode()

    @property
    def public_pem(self) -> str:
        """The public key as others keep it, and as openssl reads it."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signing_key() -> SigningKey:
    """The platform's clearance key, read from its file.

    In development the file is made at first use, readable by its owner alone. Raises ImproperlyConfigured in
    production when the file is missing, and anywhere when it holds no Ed25519 key.
    """
    return _load(str(settings.GRIDCLEAR_CLEARANCE_KEY_FILE))


def evidence_key() -> SigningKey:
    """The platform's evidence key, as `signing_key`."""
    return _load(str(settings.GRIDCLEAR_EVIDENCE_KEY_FILE))


def evidence_public_keys() -> dict[str, bytes]:
    """Every key whose signature on evidence counts: key id -> raw 32 bytes, the present key first.

    Former keys lie as `*.pub.pem` in the folder of the present one. They are read from files and never from the
    database: who can rewrite the audit log there must not be able to bring his own key. Raises ImproperlyConfigured.
    """
    present = evidence_key()
    found = {present.kid: present.public_raw}
    for path in sorted(Path(settings.GRIDCLEAR_EVIDENCE_KEY_FILE).parent.glob("*.pub.pem")):
        try:
            key = load_pem_public_key(path.read_bytes())
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ImproperlyConfigured(f"{path} holds no Ed25519 public key.")
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        found.setdefault(_kid(raw), raw)
    return found


def sign(claims: dict[str, Any]) -> tuple[str, str]:
    """(compact JWS, key id) over the claims, EdDSA."""
    return sign_as(TOKEN_TYPE, claims), signing_key().kid


def sign_as(token_type: str, claims: dict[str, Any]) -> str:
    """A compact JWS of another type, which nobody takes for a clearance: its issuer is another as well."""
    key = signing_key()
    return jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.kid, "typ": token_type})


def verify(token: str) -> dict[str, Any]:
    """The claims of a token that this platform signed; its times are the caller's to judge by the clock.

    Raises jwt.InvalidTokenError.
    """
    claims: dict[str, Any] = jwt.decode(
        token,
        signing_key().public,
        algorithms=["EdDSA"],
        issuer=ISSUER,
        options={"require": ["exp", "iat", "iss", "jti", "sub"], "verify_exp": False, "verify_iat": False},
    )
    return claims


@lru_cache(maxsize=8)
def _load(path: str) -> SigningKey:
    file = Path(path)
    if not file.exists():
        if not settings.GRIDCLEAR_DEVELOPMENT:
            raise ImproperlyConfigured(f"The key file {path} does not exist: see README.md, “Production”.")
        _make(file)
    private = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"The key file {path} holds no Ed25519 key.")
    public = private.public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(_kid(raw), private, public, raw)


def _kid(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _make(file: Path) -> None:
    """A new key stands in the file; of several processes that start together, one wins and all read its key."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle, name = tempfile.mkstemp(dir=file.parent)  # mkstemp makes 0600
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
        try:
            os.link(name, file)
        except FileExistsError:
            return
    finally:
        os.unlink(name)
