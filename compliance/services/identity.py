"""Identity verification: submitted by a party with what its level asks for, decided by officers, valid for a time."""

import json
from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.models import Case, Document, IdentityVerification, Party
from compliance.selectors.identity_needs import NeedState, level_of, need_states, open_needs
from compliance.selectors.ownership import facts_digest
from compliance.selectors.policies import levels_for
from compliance.services import cases, identity_cases, identity_decisions, identity_expiry
from compliance.services.identity_decisions import FactsChanged, NeedsOpen
from compliance.services.notices import send_on_commit
from compliance.services.officers import require_officer
from compliance.signals import facts_moved

__all__ = ["FactsChanged", "NeedsOpen", "approve_verification", "reject_verification", "submit_verification"]

_State = IdentityVerification.State


def submit_verification(
    party_id: UUID, level: str, declaration: dict[str, Any], *, actor: Actor
) -> IdentityVerification:
    """A verification of the party awaits an officer, with its case; submitting again renews what is submitted.

    It rests on the party, its owners and theirs as they are now: a later change ends its force. A verification that is
    in force stays so until this one is decided, as long as its level allows. Where the level lets a vendor's answer
    suffice and it is there and fits, the party is verified at once.
    Raises InvalidInput, NotFound; NeedsOpen when something is missing that nothing under way can bring.
    """
    _check_declaration(declaration)
    now = clock.now()
    with transaction.atomic():
        party = Party.objects.select_for_update().filter(pk=party_id).first()
        if party is None:
            raise NotFound("There is no such party. Nothing was changed.")
        wanted = level_of(party, level)
        if wanted is None:
            raise InvalidInput("This level does not fit the kind of party. Nothing was changed.")
        states = need_states(party, wanted, now)
        if lacking := open_needs(states, pending_too=False):
            raise NeedsOpen(lacking)
        standing = _in_force(party)
        values = {
            "level": level,
            "levels": levels_for(now).label,
            "declaration": declaration,
            "facts_digest": facts_digest(party.pk),
            "state_deadline_at": now + identity_cases.DECIDED_WITHIN,
            "renews": standing,
        }
        verification, made = IdentityVerification.objects.update_or_create(
            party=party, state=_State.SUBMITTED, defaults=values
        )
        verification.documents.set(_documents(states))
        audit.record(
            "identity.submitted",
            actor=actor,
            subject=verification,
            data={"party": str(party.pk), "level": level, "again": not made, "renews": standing and str(standing.pk)},
        )
        identity_cases.open_or_return(verification, actor=actor)
        if standing is not None:
            identity_expiry.extend(standing, wanted.grace, actor=actor)
        identity_decisions.conclude_by_vendor(party.pk)
    verification.refresh_from_db()
    return verification


def approve_verification(verification_id: UUID, *, actor: Actor) -> IdentityVerification:
    """The party is verified and the case of the verification is closed; where two officers decide, the first proposes.

    Every lease is still judged by the gate. Raises Forbidden, FourEyesRequired, NotFound, FactsChanged, NeedsOpen.
    """
    require_officer(actor)
    with transaction.atomic():
        verification = _locked(verification_id)
        level = identity_decisions.require_complete(verification)
        if level.officers > 1 and not identity_cases.second_officer_agrees(verification, actor=actor):
            return verification
        identity_decisions.put_in_force(verification, level, actor=actor)
    return verification


def reject_verification(verification_id: UUID, *, actor: Actor) -> IdentityVerification:
    """The verification is rejected and its case is closed; a verified one loses its force.

    What it would have renewed keeps its force until its own expiry and no longer. Raises Forbidden, NotFound.
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
        identity_expiry.end_extension(verification, actor=actor)
        cases.close_identity_case(verification.pk, Case.Disposition.CONFIRM, actor=actor)
        send_on_commit(facts_moved, party_ids=[verification.party_id], what="identity")
    return verification


def _in_force(party: Party) -> IdentityVerification | None:
    row = IdentityVerification.objects.filter(party=party, state=_State.VERIFIED).order_by("-created_at").first()
    if row is None or (row.in_force_until or clock.now()) <= clock.now() or row.facts_digest != facts_digest(party.pk):
        return None
    return row


def _documents(states: list[NeedState]) -> list[Document]:
    return [row for state in states for row in state.documents]


def _check_declaration(declaration: dict[str, Any]) -> None:
    if len(json.dumps(declaration)) > 20_000:
        raise InvalidInput("The declaration is too long. Nothing was changed.")
    if not _can_be_kept(declaration):
        raise InvalidInput("The declaration has characters that are no text. Nothing was changed.")


def _can_be_kept(declaration: dict[str, Any]) -> bool:
    """Whether PostgreSQL takes every string in it: no NUL, no half of a surrogate pair."""
    try:
        return b"\\u0000" not in json.dumps(declaration, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False


def _locked(verification_id: UUID) -> IdentityVerification:
    row = IdentityVerification.objects.select_for_update(of=("self",)).filter(pk=verification_id).first()
    if row is None:
        raise NotFound("There is no such verification. Nothing was changed.")
    return row
