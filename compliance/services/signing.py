"""The key that signs clearances: Ed25519, in one file."""

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


def signing_key() -> SigningKey:
    """The platform's clearance key, read from its file.

    In development the file is made at first use, readable by its owner alone. Raises ImproperlyConfigured in
    production when the file is missing, and anywhere when it holds no Ed25519 key.
    """
    return _load(str(settings.GRIDCLEAR_CLEARANCE_KEY_FILE))


def sign(claims: dict[str, Any]) -> tuple[str, str]:
    """(compact JWS, key id) over the claims, EdDSA."""
    key = signing_key()
    token = jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.kid, "typ": TOKEN_TYPE})
    return token, key.kid


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
            raise ImproperlyConfigured(f"The clearance key file {path} does not exist: see README.md, “Production”.")
        _make(file)
    private = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"The clearance key file {path} holds no Ed25519 key.")
    public = private.public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(hashlib.sha256(raw).hexdigest()[:16], private, public, raw)


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
