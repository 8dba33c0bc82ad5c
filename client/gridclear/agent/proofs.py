"""Proofs that a request was made by this node, for this path and these bytes, once (after RFC 9449)."""

import hashlib

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridclear.encoding import b64url

TYPE = "gridclear-agent+jwt"
ENROL_PREFIX = "gridclear-enrol:"
USAGE_PREFIX = "gridclear-usage:"


def request_proof(
    key: Ed25519PrivateKey, *, node_id: str, method: str, path: str, body: bytes, at: float, sequence: int
) -> str:
    """The compact JWT for one request; `at` in unix seconds, `sequence` above that of every earlier request."""
    claims = {
        "iss": node_id,
        "htm": method.upper(),
        "htu": path,
        "iat": int(at),
        "seq": sequence,
        "bsh": b64url(hashlib.sha256(body).digest()),
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TYPE})


def usage_signature(key: Ed25519PrivateKey, lease_id: str, sequence: int, seconds: int) -> str:
    """The signature of one cumulative usage total by itself, base64url: it proves the total long after the request."""
    return b64url(key.sign(f"{USAGE_PREFIX}{lease_id}:{sequence}:{seconds}".encode()))


def enrolment_proof(key: Ed25519PrivateKey, token: str) -> str:
    """The signature that shows possession of the key which enrols with `token`, base64url."""
    return b64url(key.sign((ENROL_PREFIX + token).encode()))
