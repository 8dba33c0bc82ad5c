"""Restrictions: while one stands, the party opens, runs, funds and is paid for nothing."""

from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.models import Case, Party, Restriction
from compliance.services import clearances, report_drafts
from compliance.services.notices import send_on_commit
from compliance.services.officers import require_officer, require_second
from compliance.signals import party_restricted, restriction_lifted


class LiftNotProposed(Conflict):
    """Nobody has proposed to lift the restriction."""

    code = "lift_not_proposed"
    default_message = "It takes two: another officer proposes first that it may fall. Nothing was changed."


def impose(
    party_id: UUID,
    reason_code: str,
    *,
    actor: Actor,
    case: Case | None = None,
    kind: str = Restriction.Kind.FREEZE.value,
) -> Restriction:
    """The party is restricted and holds no live clearance; `party_restricted` goes out on commit.

    Imposing the same again (kind, reason, case) changes nothing. Raises NotFound.
    """
    with transaction.atomic():
        # The party's row serializes two imposers.
        if not Party.objects.select_for_update().filter(pk=party_id).exists():
            raise NotFound("There is no such party. Nothing was changed.")
        present = Restriction.objects.filter(
            party_id=party_id, kind=kind, reason_code=reason_code, case=case, lifted_at=None
        ).first()
        if present is not None:
            clearances.revoke_for_party(party_id, reason_code, actor)
            return present
        row = Restriction.objects.create(
            party_id=party_id, kind=kind, reason_code=reason_code, case=case, imposed_by=actor.ref
        )
        audit.record(
            "party.restricted",
            actor=actor,
            subject=row,
            data={"party": str(party_id), "reason": reason_code, "kind": kind, "case": case and str(case.pk)},
        )
        clearances.revoke_for_party(party_id, reason_code, actor)
        send_on_commit(party_restricted, party_id=party_id, case_id=case and case.pk, reason=reason_code)
    return row


def propose_lift(restriction_id: UUID, reason: str, *, actor: Actor) -> Restriction:
    """The restriction awaits another officer's word that it may fall; `reason` names nobody.

    A restriction of a case falls only with the case's release. Proposed again, the newest proposal counts. Raises
    Forbidden, NotFound, InvalidInput.
    """
    require_officer(actor)
    if not reason.strip() or len(reason) > 400:
        raise InvalidInput("Say in at most 400 characters, naming nobody, why it may fall. Nothing was changed.")
    with transaction.atomic():
        row = locked_without_case(restriction_id)
        row.lift_proposed_by, row.lift_reason = actor.ref, reason.strip()
        row.save(update_fields=["lift_proposed_by", "lift_reason"])
        audit.record("party.lift_proposed", actor=actor, subject=row, data={"party": str(row.party_id)})
    return row


def lift(restriction_id: UUID, *, actor: Actor) -> Restriction:
    """The restriction is lifted, as another officer proposed.

    Revoked clearances stay revoked: the gate is asked anew. Raises Forbidden, NotFound, LiftNotProposed,
    FourEyesRequired.
    """
    require_officer(actor)
    with transaction.atomic():
        row = locked_without_case(restriction_id)
        if not row.lift_proposed_by:
            raise LiftNotProposed
        require_second(row.lift_proposed_by, actor, "proposed", "lift")
        lift_rows([row], proposed_by=row.lift_proposed_by, actor=actor)
        row.refresh_from_db()
    return row


def keep(restriction_id: UUID, *, actor: Actor) -> Restriction:
    """The proposal to lift is withdrawn; the restriction stands on. Any officer may. Raises Forbidden, NotFound."""
    require_officer(actor)
    with transaction.atomic():
        row = locked_without_case(restriction_id)
        if not row.lift_proposed_by:
            raise LiftNotProposed("Nobody has proposed to lift this. Nothing was changed.")
        row.lift_proposed_by = row.lift_reason = ""
        row.save(update_fields=["lift_proposed_by", "lift_reason"])
        audit.record("party.restriction_kept", actor=actor, subject=row, data={"party": str(row.party_id)})
    return row


def expire(row: Restriction, *, actor: Actor) -> int:
    """The restriction, which the caller holds locked, has fallen on the day that two officers agreed on."""
    event, by = "party.restriction_expired", row.confirmed_by
    return _let_fall(row, event, actor, expired=True, lifted_by=by, lift_proposed_by=row.imposed_by, lift_reason="")


def locked_without_case(restriction_id: UUID) -> Restriction:
    """The restriction that stands and belongs to no case, locked. Raises NotFound."""
    row = Restriction.objects.select_for_update().filter(pk=restriction_id, case=None, lifted_at=None).first()
    if row is None:
        raise NotFound("There is no such restriction to lift. One that belongs to a case is lifted by its release.")
    return row


def lift_of_case(case: Case, *, proposed_by: str, actor: Actor) -> int:
    """Every open restriction that the case imposed is lifted, by the two who release. By a case's release only."""
    rows = list(Restriction.objects.filter(case=case, lifted_at=None))
    return lift_rows(rows, proposed_by=proposed_by, actor=actor)


def lift_rows(rows: list[Restriction], *, proposed_by: str, actor: Actor) -> int:
    """The given restrictions are lifted; `restriction_lifted` goes out on commit for each. Returns how many fell.

    The database refuses it to one person alone.
    """
    with transaction.atomic():
        event, by = "party.restriction_lifted", {"lifted_by": actor.ref, "lift_proposed_by": proposed_by}
        return sum(_let_fall(row, event, actor, **by) for row in rows)


def _let_fall(row: Restriction, event: str, actor: Actor, **how: object) -> int:
    """The restriction stands no more, and whoever waits for that is told on commit; 0 when it had fallen before."""
    if not Restriction.objects.filter(pk=row.pk, lifted_at=None).update(lifted_at=clock.now(), **how):
        return 0
    audit.record(event, actor=actor, subject=row, data={"party": str(row.party_id)})
    report_drafts.after_unblocking(row, actor=actor)
    send_on_commit(restriction_lifted, party_id=row.party_id, case_id=row.case_id)
    return 1
