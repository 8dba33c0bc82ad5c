"""Wall 3: a workload runs only under a clearance that verifies here, against the keys pinned at enrolment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridclear.encoding import unb64url
from gridclear.errors import AgentError

ALGORITHM = "EdDSA"
ISSUER = "gridclear"
PURPOSE = "lease"
CLOCK_SKEW_SECONDS = 60


class ClearanceRefused(AgentError):
    """The clearance does not permit this workload on this node; nothing was started."""


@dataclass(frozen=True)
class Clearance:
    """What a verified clearance permits; `expires_at` in unix seconds."""

    id: str
    lease_id: str
    gpu_count: int
    expires_at: int
    token: str


def verify_clearance(
    token: str, *, keys: Mapping[str, str], lease_id: str, node_id: str, gpu_count: int, at: float
) -> Clearance:
    """The clearance, which permits `lease_id` with `gpu_count` GPUs on `node_id` at unix time `at`.

    Raises ClearanceRefused, whose code says which check failed. The key is chosen by `kid` among the pinned
    ones, the algorithm is fixed here, and nothing in the token's header is trusted to change either.
    """
    claims = _signed_claims(token, keys)
    expected = {"iss": ISSUER, "purpose": PURPOSE, "sub": lease_id, "node": node_id}
    for claim, value in expected.items():
        if claims.get(claim) != value:
            raise ClearanceRefused(f"clearance_other_{claim}", f"The clearance is for another {claim}.")
    # `True` is an int to Python; a clearance writes a number.
    count = _whole(claims, "count")
    if count < 1 or count != gpu_count:
        raise ClearanceRefused("clearance_other_count", f"It permits {count} GPUs, the ticket has {gpu_count}.")
    if _whole(claims, "iat") > at + CLOCK_SKEW_SECONDS:
        raise ClearanceRefused("clearance_from_future", "It was issued later than now. Check this clock.")
    expires_at = _whole(claims, "exp")
    if expires_at <= at:
        raise ClearanceRefused("clearance_expired", "The clearance has lapsed.")
    return Clearance(str(claims.get("jti", "")), lease_id, count, expires_at, token)


def _signed_claims(token: str, keys: Mapping[str, str]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise ClearanceRefused("clearance_malformed", "The clearance is no compact JWS.") from None
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise ClearanceRefused("clearance_algorithm", f"Only {ALGORITHM} without extensions is accepted.")
    pinned = keys.get(str(header.get("kid")))
    if pinned is None:
        raise ClearanceRefused("clearance_unknown_key", "It is signed by a key that was not pinned at enrolment.")
    key = Ed25519PublicKey.from_public_bytes(unb64url(pinned))
    try:
        # Times are checked by the caller, against the agent's own clock.
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        return jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
    except jwt.PyJWTError:
        raise ClearanceRefused("clearance_signature", "The clearance's signature is wrong.") from None


def _whole(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ClearanceRefused("clearance_malformed", f"The clearance's {name} is no whole number.")
    return value
