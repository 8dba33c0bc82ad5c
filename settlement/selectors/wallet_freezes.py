"""Wallets in the contract: which must be frozen, which are as it last told, and what of ours is on its way there.

A restricted party's wallets must be: those through which it deals, and those that were frozen under the restriction,
whichever the party names since.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from compliance.base import clock
from compliance.selectors.restrictions import open_restrictions
from settlement.models import ChainEvent, ChainTransaction, EscrowDeposit, Hold, PaymentProfile

FREEZE, LET_GO = "freeze_account", "unfreeze_account"
FROZEN, RELEASED = "AccountFrozen", "AccountUnfrozen"
# The contract takes no freeze that is longer; and a day for what was seen late.
_TOLD_WITHIN = timedelta(days=91)


@dataclass(frozen=True, slots=True)
class RestrictedWallet:
    """A wallet that must be frozen: under which restriction, and since when that stands."""

    wallet: str
    restriction_id: UUID
    imposed_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """How the contract last told of a wallet: frozen until (unix seconds, 0 for released), under which reference."""

    until: int = 0
    case_ref: str = ""


def case_ref_of(restriction_id: UUID) -> bytes:
    """What the restriction's freezes are called on chain: it names the case to whoever knows it, and to nobody else."""
    return bytes(keccak(text=str(restriction_id)))


def restricted_wallets() -> list[RestrictedWallet]:
    """Each wallet that must be frozen, once for each restriction that asks for it; the oldest restriction first."""
    standing = list(open_restrictions())[::-1]
    dealing = wallets_of({row.party_id for row in standing})
    frozen = _frozen_under({row.pk for row in standing})
    return [
        RestrictedWallet(wallet, row.pk, row.created_at)
        for row in standing
        for wallet in sorted(dealing[row.party_id] | frozen[row.pk])
    ]


def _frozen_under(restriction_ids: Collection[UUID]) -> dict[UUID | None, set[str]]:
    found: dict[UUID | None, set[str]] = defaultdict(set)
    for row in ChainTransaction.objects.filter(purpose=FREEZE, subject_id__in=restriction_ids):
        found[row.subject_id].add(wallet_named(row))
    return found


def wallets_of(party_ids: Collection[UUID]) -> dict[UUID | None, set[str]]:
    """Every wallet through which each of the parties deals with the contract, EIP-55."""
    payers = EscrowDeposit.objects.filter(hold__party_id__in=party_ids)
    payees = EscrowDeposit.objects.filter(hold__payee_party_id__in=party_ids)
    profiles = PaymentProfile.objects.filter(party_id__in=party_ids)
    found: dict[UUID | None, set[str]] = defaultdict(set)
    for party_id, wallet in [
        *payers.values_list("hold__party_id", "payer").distinct(),
        *payees.values_list("hold__payee_party_id", "payee").distinct(),
        *profiles.values_list("party_id", "payout_wallet"),
    ]:
        if wallet:
            found[party_id].add(to_checksum_address(wallet))
    return found


def as_told() -> dict[str, Told]:
    """How each wallet stands of which the contract told in the time for which a freeze can last, up to the head.

    What vanished with its block was never told.
    """
    rows = ChainEvent.objects.filter(
        name__in=(FROZEN, RELEASED), rolled_back_at=None, created_at__gte=clock.now() - _TOLD_WITHIN
    )
    events = rows.order_by("block_number", "log_index").values_list("name", "args")
    return {
        args["account"]: Told(int(args["until"]), args["caseRef"]) if name == FROZEN else Told()
        for name, args in events
    }


def under_way() -> dict[str, list[ChainTransaction]]:
    """Our freezes and releases of each wallet that no followed block holds."""
    found: dict[str, list[ChainTransaction]] = defaultdict(list)
    for row in ChainTransaction.objects.filter(purpose__in=(FREEZE, LET_GO), state__in=ChainTransaction.UNDER_WAY):
        found[wallet_named(row)].append(row)
    return found


def wallet_named(row: ChainTransaction) -> str:
    """The wallet that our freeze or release is about, by its key; empty for one that was made by hand."""
    parts = row.idempotency_key.split(":")
    return parts[2 if row.purpose == FREEZE else 1] if len(parts) > 2 else ""


def is_overtaken(row: ChainTransaction) -> bool:
    """Whether it would freeze what is restricted no more, or let go what is by now."""
    if row.subject_id is None:
        return False
    if row.purpose in (FREEZE, LET_GO):
        return must_be_frozen(wallet_named(row)) != (row.purpose == FREEZE)
    if row.purpose in ("freeze", "unfreeze"):
        frozen = Hold.objects.filter(subject_id=row.subject_id, state=Hold.State.FROZEN).exists()
        return frozen != (row.purpose == "freeze")
    return False


def must_be_frozen(wallet: str) -> bool:
    """Whether a restriction that stands at this moment asks for it."""
    return any(each.wallet == wallet for each in restricted_wallets())
