"""Clearances after their issue: checked by whoever acts on one, revoked, and published for verification."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import jwt
from django.db import transaction
from django.db.models import Q

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from compliance.models import Clearance, Restriction
from compliance.services import signing
from compliance.services.notices import send_on_commit
from compliance.signals import clearances_revoked


class ClearanceInvalid(Refusal):
    """The clearance is missing, expired, revoked, or about something else."""

    code = "clearance_invalid"
    http_status = 403
    default_message = "There is no valid clearance for this. Nothing was changed; ask for a new one."


def ensure_valid(
    clearance_id: UUID,
    *,
    purpose: str,
    subject_id: UUID,
    renter_party_id: UUID | None = None,
    provider_party_id: UUID | None = None,
) -> Clearance:
    """The clearance is live, signed by this platform, and about this purpose, subject and (where given) parties.

    Raises ClearanceInvalid, also while a party to it is restricted.
    """
    row = Clearance.objects.filter(pk=clearance_id).first()
    if row is None or row.purpose != purpose or row.subject_id != subject_id:
        raise ClearanceInvalid
    if renter_party_id is not None and row.renter_party_id != renter_party_id:
        raise ClearanceInvalid
    if provider_party_id is not None and row.provider_party_id != provider_party_id:
        raise ClearanceInvalid
    if row.revoked_at is not None:
        raise ClearanceInvalid("The clearance was revoked. Nothing was changed.")
    if row.expires_at <= clock.now():
        raise ClearanceInvalid("The clearance has lapsed. Nothing was changed; ask for a new one.")
    if verify_token(row.token)["jti"] != str(row.pk):
        raise ClearanceInvalid
    parties = [party_id for party_id in (row.renter_party_id, row.provider_party_id) if party_id]
    if Restriction.objects.filter(party_id__in=parties, lifted_at=None).exists():
        raise ClearanceInvalid("A party to this is restricted. Nothing was changed.")
    return row


def verify_token(token: str) -> dict[str, Any]:
    """The claims of a clearance token that this platform signed and that has not lapsed. Raises ClearanceInvalid.

    Says nothing about revocation: that is the row's to tell, see `ensure_valid`.
    """
    try:
        claims = signing.verify(token)
    except jwt.InvalidTokenError as error:
        raise ClearanceInvalid("The clearance's signature does not verify. Nothing was changed.") from error
    if int(claims["exp"]) <= clock.now().timestamp():
        raise ClearanceInvalid("The clearance has lapsed. Nothing was changed; ask for a new one.")
    return claims


def public_keys() -> list[dict[str, str]]:
    """The keys that verify clearances: `kid`, and `public_key` as base64url of the raw 32 bytes."""
    key = signing.signing_key()
    return [{"kid": key.kid, "public_key": key.public_b64}]


def live_clearances(party_ids: Iterable[UUID]) -> list[Clearance]:
    """The clearances of the parties, as renter or provider, that are neither revoked nor lapsed; oldest first."""
    ids = list(party_ids)
    return list(
        Clearance.objects.filter(
            Q(renter_party_id__in=ids) | Q(provider_party_id__in=ids), revoked_at=None, expires_at__gt=clock.now()
        )
        .select_related("decision")
        .order_by("created_at", "id")
    )


def revoke_for_party(party_id: UUID, reason: str, actor: Actor) -> int:
    """No live clearance names the party any more; `clearances_revoked` goes out on commit. Returns how many fell."""
    return revoke(live_clearances([party_id]), reason, actor=actor)


def revoke(rows: Iterable[Clearance], reason: str, *, actor: Actor) -> int:
    """The clearances are revoked, for good; those that were already are left. Returns how many fell."""
    fallen: list[Clearance] = []
    with transaction.atomic():
        for row in rows:
            changed = Clearance.objects.filter(pk=row.pk, revoked_at=None).update(
                revoked_at=clock.now(), revoked_reason=reason[:64]
            )
            if changed:
                fallen.append(row)
                audit.record(
                    "clearance.revoked",
                    actor=actor,
                    subject=row,
                    data={"reason": reason, "subject": str(row.subject_id), "purpose": row.purpose},
                )
        if fallen:
            send_on_commit(
                clearances_revoked,
                clearance_ids=[row.pk for row in fallen],
                subject_ids=[row.subject_id for row in fallen],
                reason=reason,
            )
    return len(fallen)
