"""Debts that nobody pays are given up as lost: one officer proposes it, another approves, and the books say so.

The claim goes down and what the platform lost goes up, in the party's own `written_off` account. To write off is to
stop expecting, not to forgive: the party still owes it, opens no hold, and what it brings or earns later pays it
(`claims.pay_off`), which is then recovered. To forgive a debt is a refund to the balance (ADR 108).
"""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.selectors.parties import party
from compliance.services.officers import require_officer, require_second
from settlement.models import WriteOff
from settlement.money import amount_words
from settlement.services import claims, ledger, rows
from settlement.services.accounts import Kind
from settlement.services.ledger import Line

State = WriteOff.State
WRITTEN_OFF = "claim.written_off"
# What no second officer looked at for so long is withdrawn: the claim stands.
DECIDE_WITHIN = timedelta(days=14)
MOST_WORDS = 400


class NothingToWriteOff(Conflict):
    """The party has no claim against it."""

    code = "nothing_to_write_off"
    default_message = "This party owes nothing that is not written off. Nothing was changed."


class WriteOffProposed(Conflict):
    """Somebody has proposed it."""

    code = "write_off_proposed"
    default_message = "A write-off of this party's debt waits for a second officer. Nothing was changed."


def propose(party_id: UUID, amount_minor: int, why: str, *, actor: Actor) -> UUID:
    """An officer says that so much of what the party owes, in USD cents, will not be paid.

    Raises Forbidden, NotFound, InvalidInput with the fields at fault, NothingToWriteOff, WriteOffProposed.
    """
    require_officer(actor)
    standing = claims.standing_minor(party(party_id).pk)
    if not standing:
        raise NothingToWriteOff
    _refuse_unfit(amount_minor, why, standing)
    try:
        with transaction.atomic():
            row = WriteOff.objects.create(
                state=State.PROPOSED,
                state_changed_at=clock.now(),
                state_deadline_at=clock.now() + DECIDE_WITHIN,
                party_id=party_id,
                currency=claims.USD,
                amount_minor=amount_minor,
                why=why.strip(),
                proposed_by=actor.ref,
            )
            audit.record("write_off.proposed", actor=actor, subject=row, data=_facts(row))
    except IntegrityError as error:
        raise WriteOffProposed from error
    return row.pk


def approve(write_off_id: UUID, *, actor: Actor) -> int:
    """What is left of the claim, at most what was proposed, is lost; what the party has pays first. Returns how much.

    Raises Forbidden, FourEyesRequired, NotFound, Conflict, and NothingToWriteOff where it was paid in the meantime.
    """
    require_officer(actor)
    with transaction.atomic():
        row = _waiting(write_off_id)
        require_second(row.proposed_by, actor, "proposed", "approve")
        transfer_id = ledger.transfer_id_for(WRITTEN_OFF, row.pk)
        ledger.lock(claims.accounts_of(row.party_id), causes=[transfer_id])
        claims.pay_off(row.party_id)
        lost = min(row.amount_minor, claims.standing_minor(row.party_id))
        if not lost:
            raise NothingToWriteOff
        transition(
            row,
            State.WRITTEN_OFF,
            actor=actor,
            event="write_off.booked",
            data=_facts(row) | {"booked_minor": lost, "proposed_by": row.proposed_by},
            approved_by=actor.ref,
            booked_minor=lost,
        )
        lines = [
            Line(claims.key_of(Kind.CLAIM, row.party_id), lost),
            Line(claims.key_of(Kind.WRITTEN_OFF, row.party_id), -lost),
        ]
        ledger.post(transfer_id, WRITTEN_OFF, lines, subject_id=row.pk)
    return lost


def withdraw(write_off_id: UUID, *, actor: Actor) -> None:
    """The claim stands. Any officer may say so. Raises Forbidden, NotFound, Conflict."""
    require_officer(actor)
    with transaction.atomic():
        _withdraw(_waiting(write_off_id), "returned", actor)


def sweep(*, actor: Actor) -> int:
    """What nobody decided in two weeks is withdrawn. Returns how many were."""
    late = WriteOff.objects.filter(state=State.PROPOSED, state_deadline_at__lte=clock.now())
    due = late.order_by("state_deadline_at", "pk").values_list("pk", flat=True)[:100]
    return rows.each("The end of a proposed write-off", due, lambda pk: _end(pk, actor), actor=actor)


def _end(write_off_id: UUID, actor: Actor) -> bool:
    with transaction.atomic():
        row = WriteOff.objects.select_for_update(no_key=True).get(pk=write_off_id)
        if row.state == State.PROPOSED:
            _withdraw(row, "overdue", actor)
            return True
    return False


def _withdraw(row: WriteOff, code: str, actor: Actor) -> None:
    transition(row, State.WITHDRAWN, actor=actor, event="write_off.withdrawn", data=_facts(row) | {"code": code})


def _waiting(write_off_id: UUID) -> WriteOff:
    row = WriteOff.objects.select_for_update(no_key=True).filter(pk=write_off_id).first()
    if row is None:
        raise NotFound("There is no such write-off. Nothing was changed.")
    if row.state != State.PROPOSED:
        raise Conflict("This write-off was booked or withdrawn already. Nothing was changed.")
    return row


def _refuse_unfit(amount_minor: int, why: str, standing: int) -> None:
    errors = {}
    if type(amount_minor) is not int or not 0 < amount_minor <= standing:
        left = amount_words(standing, claims.USD)
        errors["amount_minor"] = f"An amount lies between nothing and the {left} that are owed."
    if not why.strip() or len(why) > MOST_WORDS:
        errors["why"] = f"Say in at most {MOST_WORDS} characters, naming nobody, why it will not be paid."
    if errors:
        raise InvalidInput("The write-off has values that do not fit. Nothing was changed.", errors=errors)


def _facts(row: WriteOff) -> dict[str, object]:
    """What the log says: ids and amounts, never the words."""
    return {"party": str(row.party_id), "amount_minor": row.amount_minor, "currency": row.currency}
