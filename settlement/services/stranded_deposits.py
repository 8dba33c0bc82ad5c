"""Deposits that came for a hold that had failed and lie in the contract still: the renter's, blocked with the renter.

Such a deposit goes back by itself (`chain_guard`) unless its renter is restricted: then it stays in the contract, where
the wallet is frozen, and lies in the blocked account here. The hold has failed and stays so; its `blocked_minor` says
that its money is there.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.selectors.restrictions import is_restricted, open_restrictions
from settlement.models import ChainEvent, Hold
from settlement.services import hold_money, hold_states

State = Hold.State
# What ends a lease in the contract.
ENDS = ("Closed", "Reclaimed", "Seized")
BATCH = 1_000


def block_deposits(party_ids: Iterable[UUID], *, actor: Actor) -> int:
    """What those of the parties that are restricted have in such deposits is in their blocked accounts.

    Told again, it does nothing. Returns how many deposits were blocked.
    """
    restricted = set(open_restrictions(party_ids).values_list("party_id", flat=True))
    return sum(_follow(hold_id, actor) for hold_id in _standing(restricted, blocked=False))


def let_go_deposits(party_ids: Iterable[UUID], *, actor: Actor) -> int:
    """What of the parties that are restricted no more lay blocked so is held again, to go back to its payer.

    Told again, it does nothing. Returns how many deposits were let go.
    """
    wanted = set(party_ids)
    still = set(open_restrictions(wanted).values_list("party_id", flat=True)) if wanted else set()
    return sum(_follow(hold_id, actor) for hold_id in _standing(wanted - still, blocked=True))


def blocked_parties() -> set[UUID]:
    """Whose deposits lie blocked so."""
    return set(_failed(blocked=True).values_list("party_id", flat=True))


def block(hold: Hold) -> None:
    """The failed hold's deposit is blocked, if it is not. The caller holds the hold's lock and that of its accounts."""
    if hold.blocked_minor:
        return
    # A block of its own: what was blocked and let go before carries the number before.
    hold.freeze_count, hold.blocked_minor = hold.freeze_count + 1, hold.uncharged_minor
    hold.save(update_fields=["freeze_count", "blocked_minor"])
    hold_money.block(hold)


def _follow(hold_id: UUID, actor: Actor) -> bool:
    """The deposit is blocked if its renter is restricted, else not. Returns whether it was moved."""
    with transaction.atomic():
        hold = hold_states.locked_hold(hold_id)
        restricted = is_restricted(hold.party_id)
        if hold.state != State.FAILED or restricted == bool(hold.blocked_minor) or not _standing_of([hold]):
            return False
        hold_money.lock(hold)
        if restricted:
            block(hold)
        else:
            hold_money.unblock(hold)
            hold.blocked_minor = 0
            hold.save(update_fields=["blocked_minor"])
        event = "hold.deposit_blocked" if restricted else "hold.deposit_let_go"
        audit.record(event, actor=actor, subject=hold, data={"amount_minor": hold.amount_minor})
    return True


def _failed(*, blocked: bool) -> QuerySet[Hold]:
    rows = Hold.objects.filter(rail=Hold.Rail.ESCROW, state=State.FAILED, escrow_deposit__deposited_minor__gt=0)
    return rows.filter(blocked_minor__gt=0) if blocked else rows.filter(blocked_minor=0)


def _standing(party_ids: set[UUID], *, blocked: bool) -> list[UUID]:
    rows = _failed(blocked=blocked).filter(party_id__in=party_ids).select_related("escrow_deposit")
    return [hold.pk for hold in _standing_of(list(rows.order_by("pk")[:BATCH]))]


def _standing_of(holds: list[Hold]) -> list[Hold]:
    """Those of the holds whose deposit the contract has still."""
    keys = {hold.escrow_deposit.lease_key for hold in holds}
    ended = ChainEvent.objects.filter(
        name__in=ENDS, args__leaseId__in=keys, applied_at__isnull=False, rolled_back_at=None
    )
    gone = {event.args["leaseId"] for event in ended}
    return [hold for hold in holds if hold.escrow_deposit.lease_key not in gone]
