"""Money that left the contract: which books it empties, which payouts it finishes, and how that is undone.

Every function here runs inside the indexer's transaction.
"""

import logging

from compliance.base import audit
from compliance.services import money_alarms
from compliance.services.money_alarms import MoneyDifference
from settlement.models import ChainEvent, ChainTransaction, Payout
from settlement.services import blocked_property, chain_payouts, ledger, payouts
from settlement.services.accounts import Kind, Pot, of_platform
from settlement.services.chain_postings import (
    CONTRACT,
    CURRENCY,
    INDEXER,
    SUSPENSE,
    last_reversal_in_place,
    negated,
    pockets,
    post,
    transfer_id,
    unpost,
)
from settlement.services.chain_seizures import seized_pockets
from settlement.services.ledger import Line

logger = logging.getLogger(__name__)


def withdrawn(event: ChainEvent) -> None:
    """What left the contract has left the books of whoever was entitled to it, and its payouts are sent."""
    account, amount = str(event.args["account"]), int(event.args["amount"])
    vanished = last_reversal_in_place(event)
    if vanished is not None:
        post(event, negated(vanished), None)
        return
    owed = pockets(account)
    blocked_property.put_back(owed)
    amount -= _finish_payouts(event, account, amount)
    lines = [Line(CONTRACT, amount)]
    # Nobody's wallet: the account for blocked property, which alone is entitled to anything besides.
    limits = [(key, ledger.balance_of(key)) for key in owed] if owed else seized_pockets(event)
    for key, most in limits:
        part = min(amount, max(0, most))
        lines.append(Line(key, -part))
        amount -= part
    _note_excess(event, amount)
    post(event, [*lines, Line(SUSPENSE, -amount)], None)


def _finish_payouts(event: ChainEvent, account: str, amount: int) -> int:
    """Payouts that waited for this withdrawal are sent. Returns what they amount to.

    One that had not been handed to the contract yet has failed: whoever pulled the money did so without it. So has one
    that was to move more than was there: its money is payable, and what did move is taken from that.
    """
    finished = 0
    waiting = Payout.objects.filter(pot=Pot.ESCROW, destination__iexact=account).select_related("clearance")
    open_ = waiting.filter(state__in=[Payout.State.SENDING, Payout.State.PENDING, Payout.State.FROZEN])
    for payout in open_.order_by("created_at"):
        if payout.state != Payout.State.SENDING:
            payouts.fail_payout(payout.pk, "withdrawn_by_payee", actor=INDEXER)
        elif payout.amount_minor <= amount - finished:
            payouts.finish_payout(payout.pk, event.transaction_hash, actor=INDEXER, moved_minor=amount)
            finished += payout.amount_minor
            _note_uncleared(event, payout, amount)
        else:
            payouts.fail_payout(payout.pk, "withdrawn_less", actor=INDEXER)
    return finished


def _note_uncleared(event: ChainEvent, payout: Payout, moved: int) -> None:
    """Officers have a case when a payout of ours moved more than the gate was asked about."""
    sent = ChainTransaction.objects.filter(idempotency_key=f"payout:{payout.pk}", hash=event.transaction_hash)
    most = chain_payouts.cleared_minor(payout)
    if moved > most and sent.exists():
        words = "a payout moved more than the gate was asked about"
        beyond = MoneyDifference("escrow", event.transaction_hash, f"{moved - most} millionths too much", words)
        money_alarms.open_cases_for([beyond], event.pk, actor=INDEXER)


def unwithdrawn(event: ChainEvent) -> None:
    """What had left is owed again, with the payouts that it was."""
    sent = Payout.objects.filter(pot=Pot.ESCROW, external_id=event.transaction_hash, state=Payout.State.SENT)
    sent = sent.filter(destination__iexact=str(event.args["account"]))
    paid = [ledger.transfer_id_for("payout.sent", pk) for pk in sent.values_list("pk", flat=True)]
    unpost(event, transfer_id(event), *paid)


def fees_withdrawn(event: ChainEvent) -> None:
    """The fees that were taken are out of the books; what the books know of no fee for is borne by suspense."""
    amount = int(event.args["amount"])
    fees = of_platform(Kind.FEES, Pot.ESCROW, CURRENCY)
    known = min(amount, max(0, ledger.balance_of(fees)))
    _note_excess(event, amount - known)
    post(event, [Line(CONTRACT, amount), Line(fees, -known), Line(SUSPENSE, known - amount)], None)


def fees_unwithdrawn(event: ChainEvent) -> None:
    """The fees that had left are the platform's in the contract again."""
    unpost(event, transfer_id(event))


def swept(event: ChainEvent) -> None:
    """The audit log knows that strays went to quarantine; they never were in the books."""
    data = {"token": event.args["token"], "amount_minor": str(event.args["amount"]), "hash": event.transaction_hash}
    audit.record("escrow.swept", actor=INDEXER, subject=event, data=data)


def _note_excess(event: ChainEvent, excess: int) -> None:
    """Officers have a case about what left the contract beyond the books, if anything did."""
    if excess:
        logger.error("a withdrawal beyond what the books know: event %s", event.pk)
        words = "more was withdrawn than the books know of"
        beyond = MoneyDifference("escrow", event.transaction_hash, f"{excess} millionths too much", words)
        money_alarms.open_cases_for([beyond], event.pk, actor=INDEXER)
