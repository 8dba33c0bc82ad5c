"""How the chain's events reach the books: transfers named by their event, and reversals named by theirs.

Every function here runs inside the indexer's transaction.
"""

import logging
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from compliance.base import actor
from settlement.models import ChainEvent, Entry, EscrowDeposit
from settlement.services import blocked_property, ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.ledger import InsufficientFunds, Line

logger = logging.getLogger(__name__)

CURRENCY = "USDC"
# How far an event is from its transaction's first one. Logs are counted by block, and blocks differ.
_OF_ITS_TRANSACTION = {name: OuterRef(name) for name in ("chain_id", "contract", "block_hash", "transaction_hash")}
_FIRST = ChainEvent.objects.filter(**_OF_ITS_TRANSACTION).order_by("log_index").values("log_index")[:1]
_PLACE = F("log_index") - Subquery(_FIRST)
INDEXER = actor.system("chain_indexer")
SUSPENSE = of_platform(Kind.SUSPENSE, Pot.ESCROW, CURRENCY)
CONTRACT = clearing(Pot.ESCROW, CURRENCY)


def deposit_of(event: ChainEvent) -> EscrowDeposit | None:
    """The deposit that the event is about, with its hold; None when it is none of ours."""
    return (
        EscrowDeposit.objects.select_related("hold")
        .filter(lease_key=event.args["leaseId"], contract=event.contract, chain_id=event.chain_id)
        .first()
    )


def transfer_id(event: ChainEvent) -> UUID:
    """The id of the transfer that the event makes."""
    return ledger.transfer_id_for("chain.event", event.pk)


def reversal_id(event: ChainEvent) -> UUID:
    """The id of the transfer that undoes what the event made."""
    return ledger.transfer_id_for("chain.event.reversed", event.pk)


def post(event: ChainEvent, lines: list[Line], deposit: EscrowDeposit | None) -> None:
    """The event's transfer stands; nothing is posted when all its lines are zero."""
    subject_id = deposit.hold.subject_id if deposit else None
    if any(line.amount_minor for line in lines):
        ledger.post(transfer_id(event), f"chain.{event.name.lower()}", lines, subject_id=subject_id)


def unpost(event: ChainEvent, *transfer_ids: UUID) -> None:
    """The transfers are reversed. What accounts can no longer give is borne by suspense, for people to look into."""
    lines = [line for transfer_id in transfer_ids for line in negated(transfer_id)]
    if lines:
        undo(event, lines)


def undo(event: ChainEvent, lines: list[Line]) -> None:
    """The lines stand, which undo what the event did. What accounts can no longer give is borne by suspense."""
    blocked_property.put_back(line.account for line in lines if line.amount_minor < 0)
    kind, undoing = f"chain.{event.name.lower()}.reversed", reversal_id(event)
    try:
        ledger.post(undoing, kind, lines)
    except InsufficientFunds:
        logger.error("a reorganisation took money that had moved on: event %s", event.pk)
        ledger.post(undoing, kind, [part for line in lines for part in _within_means(line)])


def _within_means(line: Line) -> list[Line]:
    if line.amount_minor >= 0 or line.account in (CONTRACT, SUSPENSE):
        return [line]
    given = min(-line.amount_minor, max(0, ledger.balance_of(line.account)))
    return [Line(line.account, -given), Line(SUSPENSE, line.amount_minor + given)]


def negated(transfer_id: UUID) -> list[Line]:
    """The lines that would undo the transfer."""
    return [
        Line(AccountKey(a.kind, a.pot, a.currency, a.party_id), -entry.amount_minor)
        for entry in Entry.objects.filter(transfer_id=transfer_id).select_related("account")
        for a in [entry.account]
    ]


def last_reversal(event: ChainEvent, **same: object) -> UUID | None:
    """The reversal of the lease's event that this one repeats in another block, when there was one."""
    return _newest(_vanished(event).filter(args__leaseId=event.args["leaseId"], **same))


def last_reversal_in_place(event: ChainEvent) -> UUID | None:
    """As `last_reversal`, for an event of no lease: the one at the same place of the same transaction.

    A transaction that was called through a contract of somebody's may hold several of the kind.
    """
    same = _vanished(event).filter(transaction_hash=event.transaction_hash)
    return _newest(same.annotate(place=_PLACE).filter(place=ChainEvent.objects.values_list(_PLACE).get(pk=event.pk)[0]))


def _vanished(event: ChainEvent) -> QuerySet[ChainEvent]:
    return ChainEvent.objects.filter(
        name=event.name,
        contract=event.contract,
        chain_id=event.chain_id,
        applied_at__isnull=False,
        rolled_back_at__isnull=False,
    )


def _newest(events: QuerySet[ChainEvent]) -> UUID | None:
    found = events.order_by("-rolled_back_at", "-block_number").first()
    return reversal_id(found) if found else None


def pockets(account: str) -> list[AccountKey]:
    """What the books owe to whoever has this wallet, in the order in which a withdrawal empties it."""
    of_payee = EscrowDeposit.objects.filter(payee=account).values_list("hold__payee_party_id", flat=True)
    of_payer = EscrowDeposit.objects.filter(payer=account).values_list("hold__party_id", flat=True)
    payees, payers = sorted(set(of_payee), key=str), sorted(set(of_payer), key=str)
    return [
        *(of_party(kind, party, Pot.ESCROW, CURRENCY) for kind in (Kind.PAYING, Kind.PAYABLE) for party in payees),
        *(of_party(Kind.AVAILABLE, party, Pot.ESCROW, CURRENCY) for party in payers),
    ]
