"""Charges of running leases in the books: what the contract charged is its payee's for good, and payable.

What a closing charges is booked with the closing. Every function here runs inside the indexer's transaction.
"""

import logging

from compliance.services import money_alarms
from compliance.services.money_alarms import MoneyDifference
from settlement.models import ChainEvent, EscrowDeposit, Hold
from settlement.services import hold_money, hold_states
from settlement.services.accounts import Kind
from settlement.services.chain_postings import INDEXER, deposit_of, last_reversal, negated, post, transfer_id, undo
from settlement.services.ledger import Line

logger = logging.getLogger(__name__)

State = Hold.State
# Where the money of a hold lies that nobody was paid yet.
_HOLDS = (Kind.ACCRUED, Kind.HELD, Kind.BLOCKED)


def charged(event: ChainEvent) -> None:
    """What the lease was charged beyond what the books know is payable, and the fee the platform's."""
    deposit = deposit_of(event)
    if deposit is None:
        logger.error("a charge of no lease of ours: event %s", event.pk)
        return
    if _is_part_of_a_closing(event):
        return
    hold = hold_states.locked_hold(deposit.hold_id)
    vanished = last_reversal(event, args__cumulative=event.args["cumulative"])
    if hold.state == State.SETTLED and vanished is None:
        # The closing is in the books, with all that was ever charged.
        return
    total = _known_total(event, deposit, hold)
    if total <= hold.charged_minor:
        return
    growth = total - hold.charged_minor
    again = _of_others(negated(vanished)) if vanished is not None else []
    is_the_same = sum(line.amount_minor for line in again) == growth
    earned = again if is_the_same else hold_money.earnings(hold, total)
    post(event, [*earned, *hold_money.charge(hold, growth)], deposit)


def uncharged(event: ChainEvent) -> None:
    """The charge's block vanished: what it had earned is the hold's again."""
    undone = negated(transfer_id(event))
    deposit = deposit_of(event)
    if not undone or deposit is None:
        return
    hold = hold_states.locked_hold(deposit.hold_id)
    taken = _of_others(undone)
    growth = -sum(line.amount_minor for line in taken)
    undo(event, [*taken, *hold_money.charge(hold, -growth)])


def _known_total(event: ChainEvent, deposit: EscrowDeposit, hold: Hold) -> int:
    """Up to where the charge can be booked. What was charged beyond all usage is a case for officers.

    Usage counts up to the charge where it can be posted still. While the hold is frozen it cannot: the books charge
    what they know, and the rest with the next charge, or the closing.
    """
    total = int(event.args["cumulative"])
    beyond = total - hold.captured_minor
    if hold.final_minor is not None or hold.state == State.FAILED or beyond <= 0:
        return total
    logger.error("a charge beyond what was metered: event %s", event.pk)
    words = "a lease was charged for more than was metered"
    found = MoneyDifference("escrow", deposit.lease_key, f"{beyond} millionths too much", words)
    money_alarms.open_cases_for([found], event.pk, actor=INDEXER)
    if hold.state == State.FROZEN:
        return hold.captured_minor
    hold_money.earn_at_least(hold, total)
    return total


def _of_others(lines: list[Line]) -> list[Line]:
    """What of the lines is not the hold's side: what payee and platform earn, and what suspense bears for them."""
    return [line for line in lines if line.account.kind not in _HOLDS]


def _is_part_of_a_closing(event: ChainEvent) -> bool:
    same = {"transaction_hash": event.transaction_hash, "block_hash": event.block_hash}
    closings = ChainEvent.objects.filter(
        name="Closed", args__leaseId=event.args["leaseId"], rolled_back_at=None, **same
    )
    return closings.exists()
