"""Identity verification: submitted by a party, decided by an officer, valid for a year."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.models import Case, IdentityVerification, Party
from compliance.selectors.ownership import facts_digest
from compliance.services import cases
from compliance.services.officers import require_officer

VALID_FOR = timedelta(days=365)
DECIDED_WITHIN = timedelta(days=30)
_LEVELS = {
    Party.Kind.PERSON: {IdentityVerification.Level.INDIVIDUAL, IdentityVerification.Level.ENHANCED},
    Party.Kind.ENTITY: {IdentityVerification.Level.BUSINESS, IdentityVerification.Level.ENHANCED},
}
_State = IdentityVerification.State


class FactsChanged(Conflict):
    """The party, its owners or theirs are not as they were when it submitted."""

    code = "facts_changed"
    default_message = (
        "The party's details changed after it submitted this verification. Nothing was changed; ask it to submit anew."
    )


def submit_verification(
    party_id: UUID, level: str, declaration: dict[str, Any], *, actor: Actor
) -> IdentityVerification:
    """A verification of the party awaits an officer, with its case; submitting again renews what is submitted.

    It rests on the party, its owners and theirs as they are now: a later change ends its force.
    Raises InvalidInput, NotFound.
    """
    if len(json.dumps(declaration)) > 20_000:
        raise InvalidInput("The declaration is too long. Nothing was changed.")
    if not _can_be_kept(declaration):
        raise InvalidInput("The declaration has characters that are no text. Nothing was changed.")
    with transaction.atomic():
        party = Party.objects.select_for_update().filter(pk=party_id).first()
        if party is None:
            raise NotFound("There is no such party. Nothing was changed.")
        if level not in _LEVELS[Party.Kind(party.kind)]:
            raise InvalidInput("This level does not fit the kind of party. Nothing was changed.")
        values = {
            "level": level,
            "declaration": declaration,
            "facts_digest": facts_digest(party.pk),
            "state_deadline_at": clock.now() + DECIDED_WITHIN,
        }
        verification, made = IdentityVerification.objects.update_or_create(
            party=party, state=_State.SUBMITTED, defaults=values
        )
        audit.record(
            "identity.submitted",
            actor=actor,
            subject=verification,
            data={"party": str(party.pk), "level": level, "again": not made},
        )
        cases.open_case(
            kind=Case.Kind.IDENTITY_REVIEW,
            summary="A party submitted its identity for verification.",
            reason_codes=["IDENTITY_REVIEW"],
            party=party,
            subject_id=verification.pk,
            scope=str(verification.pk),
            actor=actor,
        )
    return verification


def approve_verification(verification_id: UUID, *, actor: Actor) -> IdentityVerification:
    """The party is verified for a year and the case of the verification is closed.

    One officer suffices: every lease is still judged by the gate. Raises Forbidden, NotFound, FactsChanged.
    """
    require_officer(actor)
    with transaction.atomic():
        verification = _locked(verification_id)
        if verification.state == _State.SUBMITTED and facts_digest(verification.party_id) != verification.facts_digest:
            raise FactsChanged
        now = clock.now()
        # One verification is in force at a time: to reject it is to end the party's verification.
        for old in IdentityVerification.objects.filter(party_id=verification.party_id, state=_State.VERIFIED):
            transition(old, _State.EXPIRED, actor=actor, event="identity.expired", data={"reason": "superseded"})
        transition(
            verification,
            _State.VERIFIED,
            actor=actor,
            event="identity.verified",
            data={"party": str(verification.party_id), "level": verification.level},
            deadline_at=now + VALID_FOR,
            decided_by=actor.ref,
            verified_at=now,
            expires_at=now + VALID_FOR,
        )
        cases.close_identity_case(verification.pk, Case.Disposition.RELEASE, actor=actor)
    return verification


def reject_verification(verification_id: UUID, *, actor: Actor) -> IdentityVerification:
    """The verification is rejected (a verified one loses its force) and its case is closed.

    Raises Forbidden, NotFound.
    """
    require_officer(actor)
    with transaction.atomic():
        verification = _locked(verification_id)
        transition(
            verification,
            _State.REJECTED,
            actor=actor,
            event="identity.rejected",
            data={"party": str(verification.party_id), "level": verification.level},
            decided_by=actor.ref,
        )
        cases.close_identity_case(verification.pk, Case.Disposition.CONFIRM, actor=actor)
    return verification


def expire_identities(*, actor: Actor) -> int:
    """Every verification whose deadline has passed is EXPIRED: the undecided and the outworn. Returns how many."""
    due = IdentityVerification.objects.filter(
        state__in=[_State.SUBMITTED, _State.VERIFIED], state_deadline_at__lte=clock.now()
    )
    count = 0
    for verification_id in due.values_list("pk", flat=True)[:1000]:
        with transaction.atomic():
            row = IdentityVerification.objects.select_for_update(skip_locked=True).filter(pk=verification_id).first()
            if row is None or row.is_terminal or (row.state_deadline_at or clock.now()) > clock.now():
                continue
            undecided = row.state == _State.SUBMITTED
            reason = {"reason": "not_decided_in_time" if undecided else "validity_ended"}
            transition(row, _State.EXPIRED, actor=actor, event="identity.expired", data=reason)
            if undecided:
                cases.close_identity_case(row.pk, "", actor=actor)
            count += 1
    return count


def _can_be_kept(declaration: dict[str, Any]) -> bool:
    """Whether PostgreSQL takes every string in it: no NUL, no half of a surrogate pair."""
    try:
        return b"\\u0000" not in json.dumps(declaration, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False


def _locked(verification_id: UUID) -> IdentityVerification:
    row = IdentityVerification.objects.select_for_update().filter(pk=verification_id).first()
    if row is None:
        raise NotFound("There is no such verification. Nothing was changed.")
    return row
