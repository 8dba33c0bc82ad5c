"""Signed HTTP requests: RFC 9421 over the method, the address, the body's digest (RFC 9530) and named headers. Pure."""

import base64
import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LABEL = "gridclear"


def content_digest(body: bytes) -> str:
    """The value of `Content-Digest` for the body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signed_headers(
    url: str, body: bytes, headers: Mapping[str, str], *, key: Ed25519PrivateKey, key_id: str, created: int
) -> dict[str, str]:
    """The headers of a POST with its digest and its signature; `created` in seconds since 1970."""
    known = {name.lower(): value for name, value in headers.items()} | {"content-digest": content_digest(body)}
    covered = ("@method", "@target-uri", *sorted(known))
    names = " ".join(f'"{name}"' for name in covered)
    params = f'({names});created={created};keyid="{key_id}";alg="ed25519"'
    signature = base64.b64encode(key.sign(signature_base(url, known, covered, params))).decode()
    return {**known, "signature-input": f"{LABEL}={params}", "signature": f"{LABEL}=:{signature}:"}


def signature_base(url: str, headers: Mapping[str, str], covered: tuple[str, ...], params: str) -> bytes:
    """What is signed (RFC 9421, section 2.5): a line for each covered part, then the parameters."""
    values = {"@method": "POST", "@target-uri": url} | dict(headers)
    lines = [f'"{name}": {values[name]}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()
