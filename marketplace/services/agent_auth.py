"""Agents prove with each request that they hold their node's key (after RFC 9449; see ADR 0006)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compliance.base import clock
from compliance.base.errors import Refusal
from marketplace.models import Node
from marketplace.services.nodes import decode_key

SCHEME = "GridclearAgent"
TYPE = "gridclear-agent+jwt"
USAGE_PREFIX = "gridclear-usage:"
MAX_AGE_SECONDS = 60
MAX_SEQUENCE = 2**63 - 1


class BadSignature(Refusal):
    """The proof is missing, malformed, or not signed by the node's key."""

    code = "bad_signature"
    http_status = 401
    default_message = "The request's proof is not signed by an enrolled node. Nothing was changed."


class StaleRequest(Refusal):
    """The proof was made too long ago, or in the future."""

    code = "stale_request"
    http_status = 401
    default_message = "The proof is more than 60 seconds off the server's time. Nothing was changed; check the clock."


class BodyMismatch(Refusal):
    """The proof is about another request."""

    code = "body_mismatch"
    http_status = 401
    default_message = "The proof was made for another request. Nothing was changed."


class ReplayedRequest(Refusal):
    """The proof was used before."""

    code = "replayed_request"
    http_status = 401
    default_message = "This request was seen before. Nothing was changed."


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """A request as it arrived; `path` has no host and no query."""

    authorization: str
    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What a node signed: the compact JWT, and the hash of the body it covers (base64url of SHA-256)."""

    token: str
    body_hash: str


def authenticate_agent(request: AgentRequest) -> tuple[Node, Proof]:
    """The request was made by this node, now, for these bytes, and cannot be made again.

    Raises BadSignature, StaleRequest, BodyMismatch, ReplayedRequest; each of them changes nothing.
    """
    scheme, _, token = request.authorization.partition(" ")
    if scheme != SCHEME or not token:
        raise BadSignature
    node = _claimed_node(token)
    claims = _verified_claims(token, node)
    proof = Proof(token, str(claims.get("bsh", "")))
    _check_time(claims.get("iat"))
    _check_request(claims, request)
    _take_sequence(node, claims.get("seq"))
    return node, proof


def usage_is_signed(node: Node, lease_id: UUID, sequence: int, seconds: int, signature: str) -> bool:
    """Whether the node's key signed just this cumulative usage total."""
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        key = Ed25519PublicKey.from_public_bytes(decode_key(node.public_key))
        key.verify(raw, f"{USAGE_PREFIX}{lease_id}:{sequence}:{seconds}".encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _claimed_node(token: str) -> Node:
    """The node that the unverified token names; its registered key then verifies the token."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_iat": False})
        node_id = UUID(str(claims.get("iss", "")))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise BadSignature from error
    node = Node.objects.select_related("organization").filter(pk=node_id).exclude(state=Node.State.RETIRED).first()
    if node is None:
        raise BadSignature
    return node


def _verified_claims(token: str, node: Node) -> dict[str, Any]:
    key = Ed25519PublicKey.from_public_bytes(decode_key(node.public_key))
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
    try:
        decoded = jwt.decode_complete(token, key, algorithms=["EdDSA"], options=options)
    except jwt.InvalidTokenError as error:
        raise BadSignature from error
    if decoded["header"].get("typ") != TYPE:
        raise BadSignature
    claims: dict[str, Any] = decoded["payload"]
    return claims


def _check_time(issued_at: Any) -> None:
    if isinstance(issued_at, bool) or not isinstance(issued_at, int):
        raise StaleRequest
    if abs(clock.now().timestamp() - issued_at) > MAX_AGE_SECONDS:
        raise StaleRequest


def _check_request(claims: dict[str, Any], request: AgentRequest) -> None:
    digest = base64.urlsafe_b64encode(hashlib.sha256(request.body).digest()).rstrip(b"=").decode()
    expected = {"htm": request.method, "htu": request.path, "bsh": digest}
    for claim, value in expected.items():
        if not hmac.compare_digest(str(claims.get(claim, "")).encode(), value.encode()):
            raise BodyMismatch


def _take_sequence(node: Node, sequence: Any) -> None:
    """Compare-and-set: of two requests with one sequence, one gets through."""
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not 0 < sequence <= MAX_SEQUENCE:
        raise ReplayedRequest
    if not Node.objects.filter(pk=node.pk, last_sequence__lt=sequence).update(last_sequence=sequence):
        raise ReplayedRequest
    node.last_sequence = sequence
