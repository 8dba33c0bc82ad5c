"""Seizures on chain in the books: seized money stays blocked property of whose it was until it leaves the contract.

People propose and carry out seizures with the roles' own keys; the books follow. Every function here runs inside the
indexer's transaction.
"""

import logging
from uuid import UUID

from django.db.models import Q

from settlement.models import ChainEvent, EscrowDeposit, Hold, Payout
from settlement.services import blocked_property, hold_money, hold_states, holds, ledger, payouts, stranded_deposits
from settlement.services.accounts import AccountKey, Kind, Pot, of_party
from settlement.services.chain_postings import (
    CURRENCY,
    INDEXER,
    deposit_of,
    last_reversal,
    last_reversal_in_place,
    negated,
    pockets,
    post,
    transfer_id,
    unpost,
)
from settlement.services.ledger import Line

logger = logging.getLogger(__name__)

SEIZED = "seized"


def seized(event: ChainEvent) -> None:
    """The lease's rest is blocked property for good, the payee has what it earned, and the hold has ended."""
    deposit = deposit_of(event)
    if deposit is None:
        logger.error("a seizure of no lease of ours: event %s", event.pk)
        return
    vanished = last_reversal(event)
    if vanished is not None:
        post(event, negated(vanished), deposit)
        return
    settled, amount = int(event.args["settled"]), int(event.args["amount"])
    hold = hold_states.locked_hold(deposit.hold_id)
    if hold_states.finish_settling(hold, collected_minor=settled, actor=INDEXER):
        post(
            event, _moved(of_party(Kind.AVAILABLE, hold.party_id, Pot.ESCROW, CURRENCY), hold.party_id, amount), deposit
        )
        return
    if hold.state == Hold.State.FAILED:
        stranded_deposits.block(hold)
    holds.freeze_hold(hold.pk, SEIZED, actor=INDEXER)
    hold.refresh_from_db()
    growth = settled - hold.charged_minor
    lines = [
        Line(of_party(Kind.BLOCKED, hold.party_id, Pot.ESCROW, CURRENCY), -growth),
        *hold_money.earnings(hold, settled),
    ]
    post(event, lines, deposit)
    hold_states.fail(hold, SEIZED, actor=INDEXER)


def unseized(event: ChainEvent) -> None:
    """The seizure's block vanished: what the payee had earned is blocked again with the rest, for people to look at."""
    logger.error("a seizure vanished with its block: event %s", event.pk)
    unpost(event, transfer_id(event))


def account_seized(event: ChainEvent) -> None:
    """What the books owed to whoever has the wallet is their blocked property."""
    amount = int(event.args["amount"])
    vanished = last_reversal_in_place(event)
    if vanished is not None:
        post(event, negated(vanished), None)
        return
    lines: list[Line] = []
    owed = pockets(str(event.args["account"]))
    blocked_property.put_back(owed)
    _end_payouts(owed, str(event.args["account"]))
    # Last what is on its way to other wallets.
    for key in sorted(owed, key=lambda each: each.kind == Kind.PAYING):
        part = min(amount, max(0, ledger.balance_of(key)))
        if part and key.party_id is not None:
            lines += _moved(key, key.party_id, part)
            amount -= part
    if amount:
        logger.error("a seizure beyond what the books know: event %s", event.pk)
    post(event, lines, None)


def _end_payouts(owed: list[AccountKey], account: str) -> None:
    """Payouts to the wallet, and those that were stopped, come to nothing: their money is among what is seized."""
    parties = {key.party_id for key in owed if key.party_id is not None}
    under_way = Q(state__in=[Payout.State.PENDING, Payout.State.SENDING], destination__iexact=account)
    ended = Payout.objects.filter(under_way | Q(state=Payout.State.FROZEN), pot=Pot.ESCROW, party_id__in=parties)
    for payout_id in ended.order_by("pk").values_list("pk", flat=True):
        payouts.fail_payout(payout_id, SEIZED, actor=INDEXER)


def seized_pockets(event: ChainEvent) -> list[tuple[AccountKey, int]]:
    """Whose blocked property leaves with this withdrawal by the blocked property account, and how much of each.

    The contract pays out all that the account is entitled to: every seizure since its last withdrawal.
    """
    earlier = ChainEvent.objects.filter(
        chain_id=event.chain_id, contract=event.contract, applied_at__isnull=False, rolled_back_at=None
    ).order_by("block_number", "log_index")
    found: list[tuple[AccountKey, int]] = []
    for past in earlier.filter(name__in=["Seized", "AccountSeized", "Withdrawn"]):
        if past.name == "Withdrawn":
            found = [] if past.args["account"] == event.args["account"] else found
        else:
            found += _blocked_by(past)
    return found


def _blocked_by(event: ChainEvent) -> list[tuple[AccountKey, int]]:
    if event.name == "Seized":
        deposit = EscrowDeposit.objects.select_related("hold").filter(lease_key=event.args["leaseId"]).first()
        if deposit is None:
            return []
        key = of_party(Kind.BLOCKED, deposit.hold.party_id, Pot.ESCROW, CURRENCY)
        return [(key, int(event.args["amount"]))]
    undone = negated(transfer_id(event))
    return [(line.account, -line.amount_minor) for line in undone if line.account.kind == Kind.BLOCKED]


def _moved(source: AccountKey, party_id: UUID, amount: int) -> list[Line]:
    return [Line(source, -amount), Line(of_party(Kind.BLOCKED, party_id, Pot.ESCROW, CURRENCY), amount)]
