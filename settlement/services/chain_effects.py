"""What an event of the escrow contract does to the books and the holds, and how it is undone when its block vanishes.

| event | books | hold |
|---|---|---|
| Deposited | contract -> renter held | opening -> open |
| Closed, Reclaimed | held -> provider payable, fees, renter available | settling -> settled |
| Withdrawn | payable (paying), available -> out of the contract | - |
| FeesWithdrawn | fees -> out of the contract | - |

Every other event is kept and changes nothing: charges reach the books when the lease is closed, once; freezes follow
from our own holds; tokens that were swept were never in the books. Every function here runs inside the indexer's
transaction.
"""

import logging
from collections.abc import Callable
from uuid import UUID

from compliance.base import actor
from compliance.base.enqueue import enqueue
from settlement.models import ChainEvent, Entry, EscrowDeposit, Hold, Payout, Transfer
from settlement.services import chain_deposits, hold_money, hold_states, ledger, payouts
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.ledger import InsufficientFunds, Line

logger = logging.getLogger(__name__)

CURRENCY = "USDC"
INDEXER = actor.system("chain_indexer")
SUSPENSE = of_platform(Kind.SUSPENSE, Pot.ESCROW, CURRENCY)
CONTRACT = clearing(Pot.ESCROW, CURRENCY)


def apply(event: ChainEvent) -> None:
    """The event's effect stands."""
    handler = _APPLY.get(event.name)
    if handler is not None:
        handler(event)


def reverse(event: ChainEvent) -> None:
    """The applied event's effect is reversed by transfers of their own; nothing is deleted."""
    handler = _REVERSE.get(event.name)
    if handler is not None:
        handler(event)


# -- deposits ------------------------------------------------------------------------------------------------


def _deposited(event: ChainEvent) -> None:
    amount = int(event.args["cap"])
    deposit = _deposit_of(event)
    held = SUSPENSE
    if deposit is not None:
        hold_money.lock(hold_states.locked_hold(deposit.hold_id))
        held = of_party(Kind.HELD, deposit.hold.party_id, Pot.ESCROW, CURRENCY)
    _post(event, [Line(CONTRACT, -amount), Line(held, amount)], deposit)
    if deposit is None:
        logger.error("a deposit for no lease of ours: event %s", event.pk)
    elif not chain_deposits.confirm_deposit(deposit, amount, event.transaction_hash):
        enqueue("settlement.return_deposit", str(deposit.hold_id))


def _undeposited(event: ChainEvent) -> None:
    deposit = _deposit_of(event)
    if deposit is not None:
        hold_money.lock(hold_states.locked_hold(deposit.hold_id))
        chain_deposits.withdraw_deposit(deposit)
    _unpost(event, _transfer_id(event))


# -- the end of a lease --------------------------------------------------------------------------------------


def _closed(event: ChainEvent) -> None:
    deposit = _deposit_of(event)
    if deposit is None:
        return
    hold = hold_states.locked_hold(deposit.hold_id)
    settled = int(event.args["settled"])
    if hold_states.finish_settling(hold, collected_minor=settled, actor=INDEXER):
        return
    vanished = _last_reversal(event, name=event.name, args__leaseId=deposit.lease_key)
    if vanished is not None:
        # The books of this closing were reversed with its block; now it stands again, in another.
        _post(event, _negated(vanished), deposit)
    elif hold.state != Hold.State.SETTLED:
        _close_unasked(event, hold, deposit, settled)


def _close_unasked(event: ChainEvent, hold: Hold, deposit: EscrowDeposit, settled: int) -> None:
    """A deposit that went back, or a payer who reclaimed while we were gone: books and hold follow the contract."""
    if hold.state in (Hold.State.OPEN, Hold.State.RELEASED):
        hold_states.begin_settling(hold, settled, hold.billed_seconds, hold.description, actor=INDEXER)
        hold_states.finish_settling(hold, collected_minor=settled, actor=INDEXER)
        return
    hold_money.lock(hold)
    if hold.blocked_minor:
        hold_money.unblock(hold)
        Hold.objects.filter(pk=hold.pk).update(blocked_minor=0)
    fee = hold_money.fee_of(hold, settled)
    lines = [
        Line(of_party(Kind.HELD, hold.party_id, Pot.ESCROW, CURRENCY), -deposit.deposited_minor),
        Line(of_party(Kind.PAYABLE, hold.payee_party_id, Pot.ESCROW, CURRENCY), settled - fee),
        Line(of_platform(Kind.FEES, Pot.ESCROW, CURRENCY), fee),
        Line(of_party(Kind.AVAILABLE, hold.party_id, Pot.ESCROW, CURRENCY), deposit.deposited_minor - settled),
    ]
    _post(event, lines, deposit)


def _unclosed(event: ChainEvent) -> None:
    deposit = _deposit_of(event)
    if deposit is None:
        return
    own = _transfer_id(event)
    settling = ledger.transfer_id_for("hold.settled", deposit.hold_id)
    _unpost(event, own if Transfer.objects.filter(pk=own).exists() else settling)


def _last_reversal(event: ChainEvent, **same: str) -> UUID | None:
    """The reversal of the event that this one repeats in another block, when there was one."""
    vanished = (
        ChainEvent.objects.filter(
            contract=event.contract,
            chain_id=event.chain_id,
            applied_at__isnull=False,
            rolled_back_at__isnull=False,
            **same,
        )
        .order_by("-rolled_back_at", "-block_number")
        .first()
    )
    return _reversal_id(vanished) if vanished else None


# -- withdrawals ---------------------------------------------------------------------------------------------


def _withdrawn(event: ChainEvent) -> None:
    account, amount = str(event.args["account"]), int(event.args["amount"])
    vanished = _last_reversal(event, name="Withdrawn", transaction_hash=event.transaction_hash)
    if vanished is not None:
        _post(event, _negated(vanished), None)
        return
    amount -= _finish_payouts(event, account, amount)
    lines = [Line(CONTRACT, amount)]
    for key in _pockets(account):
        part = min(amount, max(0, ledger.balance_of(key)))
        lines.append(Line(key, -part))
        amount -= part
    if amount:
        logger.error("a withdrawal beyond what the books know: event %s", event.pk)
    _post(event, [*lines, Line(SUSPENSE, -amount)], None)


def _finish_payouts(event: ChainEvent, account: str, amount: int) -> int:
    """Payouts that waited for this withdrawal are sent. Returns what they amount to.

    One that had not been handed to the contract yet has failed: whoever pulled the money did so without it.
    """
    finished = 0
    waiting = Payout.objects.filter(pot=Pot.ESCROW, destination__iexact=account).order_by("created_at")
    for payout in waiting.filter(state__in=[Payout.State.SENDING, Payout.State.PENDING, Payout.State.FROZEN]):
        if payout.state != Payout.State.SENDING:
            payouts.fail_payout(payout.pk, "withdrawn_by_payee", actor=INDEXER)
        elif payout.amount_minor <= amount - finished:
            payouts.finish_payout(payout.pk, event.transaction_hash, actor=INDEXER)
            finished += payout.amount_minor
    return finished


def _unwithdrawn(event: ChainEvent) -> None:
    sent = Payout.objects.filter(pot=Pot.ESCROW, external_id=event.transaction_hash, state=Payout.State.SENT)
    paid = [ledger.transfer_id_for("payout.sent", pk) for pk in sent.values_list("pk", flat=True)]
    _unpost(event, _transfer_id(event), *paid)


def _pockets(account: str) -> list[AccountKey]:
    """What the books owe to whoever has this wallet, in the order in which a withdrawal empties it."""
    of_payee = EscrowDeposit.objects.filter(payee=account).values_list("hold__payee_party_id", flat=True)
    of_payer = EscrowDeposit.objects.filter(payer=account).values_list("hold__party_id", flat=True)
    payees, payers = sorted(set(of_payee), key=str), sorted(set(of_payer), key=str)
    return [
        *(of_party(kind, party, Pot.ESCROW, CURRENCY) for kind in (Kind.PAYING, Kind.PAYABLE) for party in payees),
        *(of_party(Kind.AVAILABLE, party, Pot.ESCROW, CURRENCY) for party in payers),
    ]


def _fees_withdrawn(event: ChainEvent) -> None:
    amount = int(event.args["amount"])
    _post(event, [Line(CONTRACT, amount), Line(of_platform(Kind.FEES, Pot.ESCROW, CURRENCY), -amount)], None)


# -- posting -------------------------------------------------------------------------------------------------


def _deposit_of(event: ChainEvent) -> EscrowDeposit | None:
    return (
        EscrowDeposit.objects.select_related("hold")
        .filter(lease_key=event.args["leaseId"], contract=event.contract, chain_id=event.chain_id)
        .first()
    )


def _transfer_id(event: ChainEvent) -> UUID:
    return ledger.transfer_id_for("chain.event", event.pk)


def _reversal_id(event: ChainEvent) -> UUID:
    return ledger.transfer_id_for("chain.event.reversed", event.pk)


def _post(event: ChainEvent, lines: list[Line], deposit: EscrowDeposit | None) -> None:
    subject_id = deposit.hold.subject_id if deposit else None
    if any(line.amount_minor for line in lines):
        ledger.post(_transfer_id(event), f"chain.{event.name.lower()}", lines, subject_id=subject_id)


def _unpost(event: ChainEvent, *transfer_ids: UUID) -> None:
    """The transfers are reversed. What accounts can no longer give is borne by suspense, for people to look into."""
    lines = [line for transfer_id in transfer_ids for line in _negated(transfer_id)]
    if not lines:
        return
    kind, reversal_id = f"chain.{event.name.lower()}.reversed", _reversal_id(event)
    try:
        ledger.post(reversal_id, kind, lines)
    except InsufficientFunds:
        logger.error("a reorganisation took money that had moved on: event %s", event.pk)
        ledger.post(reversal_id, kind, [part for line in lines for part in _within_means(line)])


def _within_means(line: Line) -> list[Line]:
    if line.amount_minor >= 0 or line.account in (CONTRACT, SUSPENSE):
        return [line]
    given = min(-line.amount_minor, max(0, ledger.balance_of(line.account)))
    return [Line(line.account, -given), Line(SUSPENSE, line.amount_minor + given)]


def _negated(transfer_id: UUID) -> list[Line]:
    return [
        Line(AccountKey(a.kind, a.pot, a.currency, a.party_id), -entry.amount_minor)
        for entry in Entry.objects.filter(transfer_id=transfer_id).select_related("account")
        for a in [entry.account]
    ]


_APPLY: dict[str, Callable[[ChainEvent], None]] = {
    "Deposited": _deposited,
    "Closed": _closed,
    "Reclaimed": _closed,
    "Withdrawn": _withdrawn,
    "FeesWithdrawn": _fees_withdrawn,
}
_REVERSE: dict[str, Callable[[ChainEvent], None]] = {
    "Deposited": _undeposited,
    "Closed": _unclosed,
    "Reclaimed": _unclosed,
    "Withdrawn": _unwithdrawn,
    "FeesWithdrawn": _unwithdrawn,
}
