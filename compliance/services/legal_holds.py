"""Legal holds: one officer places one, two lift it."""

from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.sealing import SubjectErased
from compliance.base.transition import transition
from compliance.models import LegalHold, Party
from compliance.services.officers import require_officer, require_second

_State = LegalHold.State


def place_hold(party_id: UUID, reason: str, reference: str, *, actor: Actor) -> LegalHold:
    """Nothing of the party is erased until the hold is lifted.

    Raises Forbidden, NotFound, InvalidInput, and SubjectErased when it is too late.
    """
    require_officer(actor)
    if not reason.strip() or len(reason) > 400 or len(reference) > 80:
        raise InvalidInput("A hold has a reason of at most 400 signs and a reference of at most 80.")
    with transaction.atomic():
        # The erasure takes the same row: either the hold stands before it, or it comes too late.
        party = Party.objects.select_for_update().filter(pk=party_id).first()
        if party is None:
            raise NotFound("There is no such party. Nothing was changed.")
        if party.erased_at is not None:
            raise SubjectErased
        now = clock.now()
        hold = LegalHold.objects.create(
            party=party,
            reason=reason.strip(),
            reference=reference.strip(),
            placed_by=actor.ref,
            state=_State.STANDING,
            state_changed_at=now,
        )
        audit.record("legal_hold.placed", actor=actor, subject=hold, data={"party": str(party_id)})
    return hold


def propose_lift(hold_id: UUID, reason: str, *, actor: Actor) -> LegalHold:
    """The hold awaits a second officer's word. Raises Forbidden, NotFound, InvalidInput, IllegalTransition."""
    require_officer(actor)
    if not reason.strip() or len(reason) > 400:
        raise InvalidInput("Say in at most 400 signs why the hold may fall.")
    with transaction.atomic():
        hold = _locked(hold_id)
        transition(
            hold,
            _State.LIFT_PROPOSED,
            actor=actor,
            event="legal_hold.lift_proposed",
            lift_reason=reason.strip(),
            lift_proposed_by=actor.ref,
        )
    return hold


def keep(hold_id: UUID, *, actor: Actor) -> LegalHold:
    """The proposal to lift is withdrawn; the hold stands. Any officer may. Raises Forbidden, NotFound."""
    require_officer(actor)
    with transaction.atomic():
        hold = _locked(hold_id)
        transition(hold, _State.STANDING, actor=actor, event="legal_hold.kept", lift_reason="", lift_proposed_by="")
    return hold


def approve_lift(hold_id: UUID, *, actor: Actor) -> LegalHold:
    """The hold is lifted, by four eyes. Raises Forbidden, FourEyesRequired, NotFound, Conflict."""
    require_officer(actor)
    with transaction.atomic():
        hold = _locked(hold_id)
        if hold.state != _State.LIFT_PROPOSED:
            raise Conflict("Nobody proposed to lift this hold. Nothing was changed.")
        require_second(hold.lift_proposed_by, actor, "proposed", "approve")
        transition(
            hold,
            _State.LIFTED,
            actor=actor,
            event="legal_hold.lifted",
            data={"party": str(hold.party_id)},
            lift_approved_by=actor.ref,
        )
    return hold


def _locked(hold_id: UUID) -> LegalHold:
    hold = LegalHold.objects.select_for_update().filter(pk=hold_id).first()
    if hold is None:
        raise NotFound("There is no such hold. Nothing was changed.")
    return hold
