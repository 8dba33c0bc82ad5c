"""Vantage points: kept by operators; they measure, with their own clocks, how soon a node's key answers.

A node is asked by a ticket that this platform signs. The vantage point challenges whoever shows it, times the answer,
checks the node's signature on it, and signs the result. A node can answer late and never early, so a round trip shows
how far away it is at most; a lie can only make it look farther.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import IntegrityError, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound, Refusal
from compliance.models import PlaceMeasurement, VantagePoint
from compliance.selectors.vantages import due_vantages
from compliance.services import signing

TICKET_ISSUER = "gridclear-place"
TICKET_TYPE = "gridclear-place-ticket+jwt"
REPORT_TYPE = "gridclear-place-report+jwt"
TICKET_LASTS = timedelta(minutes=10)
REPORT_MAY_LAG = timedelta(minutes=30)  # the vantage point tries again when this platform is away
REMEASURE_AFTER = timedelta(hours=6)
ROUNDS = 12
FEWEST_ROUNDS = 5
MOST_MICROSECONDS = 60_000_000
_SKEW = timedelta(minutes=2)


class ReportRefused(Refusal):
    """The report is not one that a vantage point made about an open ticket."""

    code = "place_report_refused"
    http_status = 403
    default_message = "This report does not verify, or its ticket is not open. Nothing was changed."


class VantageTaken(Conflict):
    """Another vantage point has the code or the key."""

    code = "vantage_taken"
    default_message = "A vantage point with this code or key exists. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an agent needs to be measured once: where to go, and the token to show there."""

    vantage: str
    url: str
    token: str


def register_vantage(
    code: str, name: str, latitude: float, longitude: float, url: str, public_key: str, *, actor: Actor
) -> VantagePoint:
    """Nodes are measured from there from now on. Raises InvalidInput, VantageTaken."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", code) or not name.strip():
        raise InvalidInput("A vantage point has a code of lower-case letters and digits, and a name. Nothing changed.")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidInput("A latitude lies within 90 degrees, a longitude within 180. Nothing was changed.")
    _require_safe(url)
    _key(public_key)
    try:
        with transaction.atomic():
            row = VantagePoint.objects.create(
                code=code,
                name=name.strip(),
                latitude=latitude,
                longitude=longitude,
                url=url.rstrip("/"),
                public_key=public_key,
            )
            data = {"code": code, "latitude": latitude, "longitude": longitude, "key": public_key}
            audit.record("vantage.registered", actor=actor, subject=row, data=data)
    except IntegrityError as error:
        raise VantageTaken from error
    return row


def move_vantage(code: str, url: str, *, actor: Actor) -> VantagePoint:
    """Agents reach the vantage point at another address; it stands where it stood. Raises NotFound, InvalidInput."""
    _require_safe(url)
    with transaction.atomic():
        row = _standing(code)
        row.url = url.rstrip("/")
        row.save(update_fields=["url"])
        audit.record("vantage.moved", actor=actor, subject=row, data={"code": code, "url": row.url})
    return row


def retire_vantage(code: str, *, actor: Actor) -> VantagePoint:
    """Nothing is measured from there any more; what was stays. Raises NotFound."""
    with transaction.atomic():
        row = _standing(code)
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])
        audit.record("vantage.retired", actor=actor, subject=row, data={"code": code})
    return row


def tickets_for(node_id: UUID, node_key: str) -> list[Ticket]:
    """A ticket for each vantage point that should measure the node now; mostly none. `node_key` is raw, base64url."""
    now = clock.now()
    due = due_vantages(node_id, now, now - REMEASURE_AFTER)
    if not due:
        return []
    rows = [
        PlaceMeasurement(id=uuid4(), node_id=node_id, vantage=vantage, expires_at=now + TICKET_LASTS) for vantage in due
    ]
    PlaceMeasurement.objects.bulk_create(rows)
    return [Ticket(row.vantage.code, row.vantage.url, _ticket(row, node_key, now)) for row in rows]


def take_report(token: str) -> PlaceMeasurement:
    """What the vantage point measured stands; the same report again changes nothing. Raises ReportRefused."""
    vantage, claims = _verified(token)
    measured_at = _moment(claims)
    least, median, rounds = (_whole(claims, name) for name in ("least_us", "median_us", "rounds"))
    if not (FEWEST_ROUNDS <= rounds <= 1000 and 0 < least <= median <= MOST_MICROSECONDS):
        raise ReportRefused
    with transaction.atomic():
        row = _asked(vantage, claims)
        if row.measured_at is not None:
            if (row.least_us, row.measured_at) != (least, measured_at):
                raise ReportRefused
            return row
        if not _in_time(row, measured_at):
            raise ReportRefused
        row.measured_at, row.least_us, row.median_us, row.rounds = measured_at, least, median, rounds
        row.save(update_fields=["measured_at", "least_us", "median_us", "rounds"])
    return row


def sweep_tickets() -> int:
    """No ticket that was never used is kept; returns how many went."""
    old = PlaceMeasurement.objects.filter(measured_at=None, expires_at__lt=clock.now() - REPORT_MAY_LAG)
    return old.delete()[0]


def _standing(code: str) -> VantagePoint:
    row = VantagePoint.objects.select_for_update().filter(code=code, retired_at=None).first()
    if row is None:
        raise NotFound("There is no such vantage point in use. Nothing was changed.")
    return row


def _in_time(row: PlaceMeasurement, measured_at: datetime) -> bool:
    """Measured while the ticket was open, by a clock that may be a little off, and reported soon after."""
    now = clock.now()
    soon = now <= row.expires_at + REPORT_MAY_LAG
    return soon and row.created_at - _SKEW <= measured_at <= min(now, row.expires_at) + _SKEW


def _ticket(row: PlaceMeasurement, node_key: str, now: datetime) -> str:
    claims = {
        "iss": TICKET_ISSUER,
        "jti": str(row.pk),
        "sub": str(row.node_id),
        "aud": row.vantage.code,
        "key": node_key,
        "rounds": ROUNDS,
        "iat": int(now.timestamp()),
        "exp": int(row.expires_at.timestamp()),
    }
    return signing.sign_as(TICKET_TYPE, claims)


def _verified(token: str) -> tuple[VantagePoint, dict[str, Any]]:
    """The vantage point that the unverified token names; its registered key then verifies the token."""
    try:
        code = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
        vantage = VantagePoint.objects.filter(code=code, retired_at=None).first()
        if vantage is None:
            raise ReportRefused
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        decoded = jwt.decode_complete(token, _key(vantage.public_key), algorithms=["EdDSA"], options=options)
    except (jwt.InvalidTokenError, InvalidInput) as error:
        raise ReportRefused from error
    if decoded["header"].get("typ") != REPORT_TYPE:
        raise ReportRefused
    claims: dict[str, Any] = decoded["payload"]
    return vantage, claims


def _asked(vantage: VantagePoint, claims: dict[str, Any]) -> PlaceMeasurement:
    try:
        ticket, node = UUID(str(claims.get("ticket"))), UUID(str(claims.get("sub")))
    except ValueError as error:
        raise ReportRefused from error
    row = PlaceMeasurement.objects.select_for_update().filter(pk=ticket, vantage=vantage, node_id=node).first()
    if row is None:
        raise ReportRefused
    return row


def _moment(claims: dict[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(_whole(claims, "iat"), clock.now().tzinfo)
    except (OverflowError, OSError, ValueError) as error:
        raise ReportRefused from error


def _whole(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ReportRefused
    return value


def _key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("This is no Ed25519 public key in base64url. Nothing was changed.") from error


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.query or parts.fragment or parts.username or len(url) > 200:
        raise InvalidInput("Give the address of the vantage point: scheme, host, port. Nothing was changed.")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise InvalidInput("Agents reach a vantage point by https. Nothing was changed.")
