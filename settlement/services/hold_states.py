"""How a hold moves from state to state, whatever the rail: the steps that services, webhooks and the chain share.

OPENING -> OPEN -> SETTLING -> SETTLED; FROZEN from any of the first three, and from there OPEN (with a live clearance)
or RELEASED (to be settled only); OPENING -> FAILED. Every step is compare-and-set: told twice, it happens once.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound
from compliance.base.transition import transition
from settlement.models import Hold
from settlement.services import hold_money, ledger_locks, money_letters, receipts
from settlement.services.ledger_locks import Level
from settlement.services.notices import send_on_commit
from settlement.signals import hold_confirmed, hold_failed, hold_settled

State = Hold.State
# After the longest possible lease: for the last usage report and the settlement that the marketplace asks for.
SETTLEMENT_GRACE = timedelta(days=1)
# How long a rail may take over a settlement before it is an alarm.
SETTLING_ALARM = timedelta(hours=1)


class HoldNotFound(NotFound):
    """No such hold."""

    code = "hold_not_found"


class HoldFrozen(Conflict):
    """Compliance froze the hold."""

    code = "hold_frozen"
    default_message = "This money is frozen while it is looked into. Nothing was moved; we will be in touch."


class HoldNotOpen(Conflict):
    """The hold is not in a state for this."""

    code = "hold_not_open"
    default_message = "This hold is not open. Nothing was moved."


def locked_hold(hold_id: UUID) -> Hold:
    """The hold's row, locked until the transaction ends. Raises HoldNotFound."""
    rows = Hold.objects.select_for_update(no_key=True, of=("self",)).select_related("pending")
    hold = rows.filter(pk=hold_id).first()
    if hold is None:
        raise HoldNotFound
    ledger_locks.note(Level.DEEDS, {hold_id})
    return hold


def funding_deadline_seconds() -> int:
    """How long the money may take to arrive."""
    return int(settings.GRIDCLEAR_FUNDING_TIMEOUT_SECONDS)


def confirm(hold: Hold, *, actor: Actor) -> bool:
    """The money is there: the hold is open and `hold_confirmed` goes out. Returns False when it was not opening.

    The caller holds the row's lock.
    """
    if hold.state != State.OPENING:
        return False
    deadline = hold.expires_at + SETTLEMENT_GRACE
    transition(
        hold,
        State.OPEN,
        actor=actor,
        event="hold.opened",
        deadline_at=deadline,
        data={"rail": hold.rail},
        pending_id=hold_money.reserve(hold),
    )
    send_on_commit(hold_confirmed, hold_id=hold.pk, subject_id=hold.subject_id)
    return True


def fail(hold: Hold, code: str, *, actor: Actor) -> bool:
    """No money came, and none will be taken: the hold has failed. Returns False when it was past opening.

    The caller holds the row's lock.
    """
    if hold.state not in (State.OPENING, State.FROZEN):
        return False
    code = code[:64]
    hold_money.release(hold)
    transition(hold, State.FAILED, actor=actor, event="hold.failed", data={"code": code}, failure_code=code)
    send_on_commit(hold_failed, hold_id=hold.pk, subject_id=hold.subject_id, code=code)
    return True


def begin_settling(
    hold: Hold,
    total_minor: int,
    billed_seconds: int,
    description: str,
    *,
    actor: Actor,
    credit_minor: int = 0,
    credit_reason: str = "",
) -> None:
    """The final total, less the credit, stands and the rail is to be told. The caller holds the row's lock."""
    hold_money.lock(hold)
    hold_money.conclude_usage(hold, total_minor, billed_seconds)
    hold_money.give_credit(hold, credit_minor, credit_reason)
    transition(
        hold,
        State.SETTLING,
        actor=actor,
        event="hold.settling",
        data={
            "total_minor": total_minor,
            "credit_minor": credit_minor,
            "currency": hold.currency,
            "billed_seconds": billed_seconds,
        },
        deadline_at=clock.now() + SETTLING_ALARM,
        final_minor=total_minor - credit_minor,
        credit_minor=credit_minor,
        credit_reason=credit_reason if credit_minor else "",
        billed_seconds=billed_seconds,
        description=description[:300],
    )


def finish_settling(hold: Hold, *, collected_minor: int, actor: Actor) -> bool:
    """The money is divided: fee, provider, and the rest back to where it came from; the receipt stands.

    `collected_minor` is what the rail really collected for the lease. What a card did not yield (an authorization that
    ran out, a charge too small for a card) the renter owes; what the contract did not yield (its bound was lower) was
    never owed. Returns False when the hold was not settling. The caller holds the row's lock.
    """
    if hold.state != State.SETTLING or hold.final_minor is None:
        return False
    total = collected_minor if hold.rail == Hold.Rail.ESCROW else hold.final_minor
    fee = hold_money.fee_of(hold, total)
    short = hold_money.short_of(hold, collected_minor)
    owed = {"owed_minor": short} if short else {}
    hold_money.divide(hold, collected_minor=collected_minor, total_minor=total)
    transition(
        hold,
        State.SETTLED,
        actor=actor,
        event="hold.settled",
        data={"total_minor": total, "fee_minor": fee, "currency": hold.currency} | owed,
    )
    returned = hold.amount_minor - total if hold.rail != Hold.Rail.CARD else 0
    receipts.issue(hold, total_minor=total, fee_minor=fee, returned_minor=returned)
    if short:
        money_letters.tell_of_debt(hold.party_id, hold.subject_id)
    send_on_commit(hold_settled, hold_id=hold.pk, subject_id=hold.subject_id)
    return True


def finish_by_id(hold_id: UUID, *, collected_minor: int, actor: Actor) -> bool:
    """As `finish_settling`, taking the row's lock itself. Raises HoldNotFound."""
    with transaction.atomic():
        return finish_settling(locked_hold(hold_id), collected_minor=collected_minor, actor=actor)
