"""What an event of the escrow contract may touch, locked at once before its effect, or its reversal, begins (ADR 96).

The effects are many small deeds: holds confirmed, frozen and settled, payouts finished, blocked property given back,
transfers negated. Each of them finds here what it needs. Every function here runs inside the indexer's transaction.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q

from settlement.models import ChainEvent, Entry, EscrowDeposit, Hold, Payout
from settlement.services import hold_money, hold_states, ledger, payouts
from settlement.services.accounts import AccountKey, Kind, Pot, of_party, of_platform
from settlement.services.chain_postings import CONTRACT, CURRENCY, SUSPENSE, pockets, reversal_id, transfer_id
from settlement.services.chain_seizures import seized_pockets

_FEES = of_platform(Kind.FEES, Pot.ESCROW, CURRENCY)
_OPEN = (Payout.State.PENDING, Payout.State.SENDING, Payout.State.FROZEN)
# What came from one of these may lie blocked, and has to go back before it moves.
_KINDS = (Kind.AVAILABLE, Kind.PAYABLE, Kind.PAYING, Kind.BLOCKED)


def lock_for(events: Sequence[ChainEvent]) -> None:
    """Holds, payouts, reservations and accounts of the events are locked until the transaction ends, in this order."""
    holds = _holds(events)
    keys = _wallets(events) | _posted(events, holds) | {key for hold in holds for key in hold_money.accounts_of(hold)}
    payees = {payout.party_id for payout in _payouts(events, keys)}
    payees |= {key.party_id for key in keys if key.party_id is not None}
    everything = {CONTRACT, SUSPENSE, _FEES, *keys, *_of_parties(payees)}
    ledger.lock(everything, pending_ids=[hold.pending_id for hold in holds if hold.pending_id])


def _holds(events: Sequence[ChainEvent]) -> list[Hold]:
    leases = [event.args["leaseId"] for event in events if "leaseId" in event.args]
    deposits = EscrowDeposit.objects.filter(lease_key__in=leases).order_by("hold_id")
    return [hold_states.locked_hold(hold_id) for hold_id in deposits.values_list("hold_id", flat=True)]


def _wallets(events: Sequence[ChainEvent]) -> set[AccountKey]:
    """What the books owe to the wallets that the events name, and what of it was seized."""
    named = [event for event in events if "account" in event.args]
    owed = {key for event in named for key in pockets(str(event.args["account"]))}
    return owed | {key for event in named if event.name == "Withdrawn" for key, _ in seized_pockets(event)}


def _posted(events: Sequence[ChainEvent], holds: Sequence[Hold]) -> set[AccountKey]:
    """Where the entries of every transfer lie that may be negated: the events' own, and those of the same deeds."""
    ids = [transfer_id(event) for event in events]
    ids += [ledger.transfer_id_for("hold.settled", hold.pk) for hold in holds]
    hashes = [event.transaction_hash for event in events]
    sent = Payout.objects.filter(pot=Pot.ESCROW, external_id__in=hashes)
    ids += [ledger.transfer_id_for("payout.sent", pk) for pk in sent.values_list("pk", flat=True)]
    leases = [event.args["leaseId"] for event in events if "leaseId" in event.args]
    same = Q(transaction_hash__in=hashes) | Q(args__leaseId__in=leases)
    ids += [reversal_id(event) for event in ChainEvent.objects.filter(same, rolled_back_at__isnull=False)]
    accounts = Entry.objects.filter(transfer_id__in=ids).values_list(
        "account__kind", "account__pot", "account__currency", "account__party_id"
    )
    return {AccountKey(*row) for row in accounts.distinct()}


def _payouts(events: Sequence[ChainEvent], keys: set[AccountKey]) -> list[Payout]:
    """The payouts that wait for these wallets, or that a seizure ends."""
    named = Q()
    for event in events:
        if "account" in event.args:
            named |= Q(destination__iexact=event.args["account"])
    if not named:
        return []
    stopped = Q(state=Payout.State.FROZEN, party_id__in={key.party_id for key in keys if key.party_id is not None})
    rows = Payout.objects.filter(named | stopped, pot=Pot.ESCROW, state__in=_OPEN).order_by("pk")
    return [payouts.locked_payout(pk) for pk in rows.values_list("pk", flat=True)]


def _of_parties(party_ids: Iterable[UUID]) -> set[AccountKey]:
    return {of_party(kind, party_id, Pot.ESCROW, CURRENCY) for party_id in party_ids for kind in _KINDS}
