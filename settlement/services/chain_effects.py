"""What an event of the escrow contract does to the books and the holds, and how it is undone when its block vanishes.

| event | books | hold |
|---|---|---|
| Deposited | contract -> renter held | opening -> open |
| Settled | accrued -> provider payable, fees; of a frozen hold blocked -> these | - |
| Closed, Reclaimed | held -> provider payable, fees, renter available | settling -> settled |
| Withdrawn | payable (paying), available -> out of the contract | - |
| FeesWithdrawn | fees (suspense for the rest) -> out of the contract | - |
| Seized | blocked -> provider payable, fees; the rest stays blocked | frozen -> failed |
| AccountSeized | payable, available -> blocked | - |
| Withdrawn, of what was seized | blocked -> out of the contract | - |

Every other event is kept and changes nothing: freezes follow from our own holds; lines that a batch left out are tried
again; tokens that were swept were never in the books. What a closing charges is booked with it, once. Every function
here runs inside the indexer's transaction, which has locked what it may touch (`chain_locks`).
"""

import logging
from collections.abc import Callable, Sequence

from settlement.models import ChainEvent, EscrowDeposit, Hold, Transfer
from settlement.services import (
    chain_deposits,
    chain_endings,
    chain_jobs,
    chain_locks,
    chain_seizures,
    chain_settlements,
    chain_withdrawals,
    hold_money,
    hold_states,
    holds,
    ledger,
)
from settlement.services.accounts import Kind, Pot, of_party
from settlement.services.chain_postings import (
    CONTRACT,
    CURRENCY,
    INDEXER,
    SUSPENSE,
    deposit_of,
    last_reversal,
    negated,
    post,
    transfer_id,
    unpost,
)
from settlement.services.ledger import Line

logger = logging.getLogger(__name__)


def apply(event: ChainEvent) -> None:
    """The event's effect stands."""
    handler = _APPLY.get(event.name)
    if handler is not None:
        chain_locks.lock_for([event])
        handler(event)


def reverse(events: Sequence[ChainEvent]) -> None:
    """The applied events' effects are reversed in this order, by transfers of their own; nothing is deleted."""
    undone = [event for event in events if event.name in _REVERSE]
    chain_locks.lock_for(undone)
    for event in undone:
        _REVERSE[event.name](event)


# -- deposits ------------------------------------------------------------------------------------------------


def _deposited(event: ChainEvent) -> None:
    amount = int(event.args["cap"])
    deposit = deposit_of(event)
    vanished = last_reversal(event)
    if vanished is not None:
        # Taken back with its block from wherever it lay by then: from there it is given again.
        post(event, negated(vanished), deposit)
    else:
        held = of_party(Kind.HELD, deposit.hold.party_id, Pot.ESCROW, CURRENCY) if deposit else SUSPENSE
        post(event, [Line(CONTRACT, -amount), Line(held, amount)], deposit)
    if deposit is None:
        logger.error("a deposit for no lease of ours: event %s", event.pk)
    elif not chain_deposits.confirm_deposit(deposit, amount, event.transaction_hash):
        chain_jobs.post(chain_jobs.Kind.RETURN, deposit.hold_id)


def _undeposited(event: ChainEvent) -> None:
    deposit = deposit_of(event)
    if deposit is not None:
        chain_deposits.withdraw_deposit(deposit)
    unpost(event, transfer_id(event))


# -- the end of a lease --------------------------------------------------------------------------------------


def _closed(event: ChainEvent) -> None:
    deposit = deposit_of(event)
    if deposit is None:
        return
    hold = hold_states.locked_hold(deposit.hold_id)
    settled = int(event.args["settled"])
    if hold_states.finish_settling(hold, collected_minor=settled, actor=INDEXER):
        return
    vanished = last_reversal(event)
    if vanished is not None:
        # The books of this closing were reversed with its block; now it stands again, in another.
        post(event, [*negated(vanished), *chain_endings.otherwise(event, hold, settled)], deposit)
    elif hold.state != Hold.State.SETTLED:
        _close_unasked(event, hold, deposit, settled)


def _close_unasked(event: ChainEvent, hold: Hold, deposit: EscrowDeposit, settled: int) -> None:
    """A deposit that went back, or a payer who reclaimed while we were gone: books and hold follow the contract.

    What a hold that was frozen meanwhile yields is blocked by the next sweep of its parties' property.
    """
    if hold.state == Hold.State.FROZEN:
        holds.let_go(hold, None, actor=INDEXER)
    if hold.state in (Hold.State.OPEN, Hold.State.RELEASED):
        hold_states.begin_settling(hold, settled, _seconds_of(hold, settled), hold.description, actor=INDEXER)
        hold_states.finish_settling(hold, collected_minor=settled, actor=INDEXER)
        return
    if hold.blocked_minor:
        hold_money.unblock(hold)
        Hold.objects.filter(pk=hold.pk).update(blocked_minor=0)
    lines = [
        Line(of_party(Kind.HELD, hold.party_id, Pot.ESCROW, CURRENCY), hold.charged_minor - deposit.deposited_minor),
        *hold_money.earnings(hold, settled),
        Line(of_party(Kind.AVAILABLE, hold.party_id, Pot.ESCROW, CURRENCY), deposit.deposited_minor - settled),
    ]
    post(event, lines, deposit)


def _seconds_of(hold: Hold, settled: int) -> int:
    """The seconds that the contract charged for, of those that were metered."""
    metered = hold.pending.quantity if hold.pending is not None else 0
    return min(metered, -(-settled * 3600 // hold.rate_minor_per_hour))


def _unclosed(event: ChainEvent) -> None:
    deposit = deposit_of(event)
    if deposit is None:
        return
    own = transfer_id(event)
    settling = ledger.transfer_id_for("hold.settled", deposit.hold_id)
    unpost(event, own if Transfer.objects.filter(pk=own).exists() else settling)


_APPLY: dict[str, Callable[[ChainEvent], None]] = {
    "Deposited": _deposited,
    "Settled": chain_settlements.charged,
    "Closed": _closed,
    "Reclaimed": _closed,
    "Seized": chain_seizures.seized,
    "AccountSeized": chain_seizures.account_seized,
    "Withdrawn": chain_withdrawals.withdrawn,
    "FeesWithdrawn": chain_withdrawals.fees_withdrawn,
    "Swept": chain_withdrawals.swept,
}
_REVERSE: dict[str, Callable[[ChainEvent], None]] = {
    "Deposited": _undeposited,
    "Settled": chain_settlements.uncharged,
    "Closed": _unclosed,
    "Reclaimed": _unclosed,
    "Seized": chain_seizures.unseized,
    "AccountSeized": chain_seizures.unseized,
    "Withdrawn": chain_withdrawals.unwithdrawn,
    "FeesWithdrawn": chain_withdrawals.fees_unwithdrawn,
}
