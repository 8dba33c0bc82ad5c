"""Property of restricted parties lies in their blocked accounts, and goes back to where it came from when it is let go.

| money | what freezes it |
|---|---|
| held for a lease | its hold: `holds.freeze_hold` |
| on its way to a provider, no rail told of it yet | its payout: `payouts.freeze_payouts` |
| a deposit that came for a hold that had failed, not back at its payer yet | its hold: `stranded_deposits` |
| free (`available`), owed (`payable`), and what comes to either later | here, as one set for all parties |

Nothing here judges: it follows the restrictions that stand. Only four eyes end one (ADR 86).
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.selectors.restrictions import open_restrictions
from compliance.services import report_drafts
from settlement.models import Account, BlockedProperty
from settlement.services import ledger, ledger_rows, stranded_deposits
from settlement.services.accounts import AccountKey, Kind, of_party
from settlement.services.ledger import Line, Post

logger = logging.getLogger(__name__)
SOURCES = (Kind.AVAILABLE.value, Kind.PAYABLE.value)
# Rows of one transaction.
BATCH = 1_000


def sweep_property(*, actor: Actor) -> int:
    """Every restricted party's property is blocked, and nobody else's. Returns how many accounts were moved."""
    restricted = set(open_restrictions().values_list("party_id", flat=True))
    standing = BlockedProperty.objects.filter(returned_at=None).exclude(party_id__in=restricted)
    free = list(standing.order_by("created_at").values_list("party_id", flat=True)[:BATCH])
    free += stranded_deposits.blocked_parties() - restricted
    return block_property(restricted, actor=actor) + let_go_property(free, actor=actor)


def block_property(party_ids: Iterable[UUID], *, actor: Actor) -> int:
    """What those of the parties that are restricted have free or are owed is in their blocked accounts.

    A fixed number of statements, however many accounts. Told again, it takes what came since. Drafts of reports to
    authorities about property that came after the first report are opened. Returns how many accounts were emptied and
    deposits blocked.
    """
    wanted = set(party_ids)
    deposits = stranded_deposits.block_deposits(wanted, actor=actor)
    keys = _with_money(wanted)
    if not keys:
        return deposits
    with transaction.atomic():
        blocked = {replace(key, kind=Kind.BLOCKED.value) for key in keys}
        places = {(key, 0) for key in [*keys, *blocked]}
        locked, _ = ledger_rows.lock_needed_accounts(places, places)
        full = [row for row in locked if row.key.kind in SOURCES and row.room > 0]
        rows = [_row(row.key, row.key.party_id, row.room) for row in full if row.key.party_id is not None]
        if rows:
            ledger.submit([_post(row.transfer_id, "property.blocked", row, 1) for row in rows])
            BlockedProperty.objects.bulk_create(rows)
            _note("property.blocked", rows, actor)
            report_drafts.after_more_property({row.party_id for row in rows}, actor=actor)
    return deposits + len(rows)


def let_go_property(party_ids: Iterable[UUID], *, actor: Actor) -> int:
    """What of the parties that are restricted no more lay blocked is where it came from. Returns how many accounts."""
    wanted = set(party_ids)
    if not wanted:
        return 0
    deposits = stranded_deposits.let_go_deposits(wanted, actor=actor)
    with transaction.atomic():
        still = set(open_restrictions(wanted).values_list("party_id", flat=True))
        keys = {key for row in _standing(wanted - still) for key in (_source(row), _blocked(row))}
        ledger.lock(keys)
        returned = _give_back([row for row in _standing(wanted - still) if {_source(row), _blocked(row)} <= keys])
        if returned:
            _note("property.let_go", returned, actor)
    return deposits + len(returned)


def put_back(keys: Iterable[AccountKey]) -> None:
    """What came from one of these accounts lies there again, restricted or not: the chain has spoken about it.

    The caller is in a transaction that holds these accounts and the blocked ones beside them, and posts what it heard;
    what is left then is blocked again by the next sweep.
    """
    wanted = {key for key in keys if key.kind in SOURCES and key.party_id is not None}
    rows = _standing({key.party_id for key in wanted if key.party_id is not None})
    _give_back([row for row in rows if _source(row) in wanted])


def _with_money(party_ids: Iterable[UUID]) -> list[AccountKey]:
    restricted = set(open_restrictions(party_ids).values_list("party_id", flat=True))
    full = Account.objects.filter(party_id__in=restricted, kind__in=SOURCES, balance_minor__gt=0).order_by("pk")
    return [AccountKey(*row) for row in full.values_list("kind", "pot", "currency", "party_id")[:BATCH]]


def _row(key: AccountKey, party_id: UUID, amount: int) -> BlockedProperty:
    pk = uuid4()
    return BlockedProperty(
        pk=pk,
        party_id=party_id,
        source=key.kind,
        pot=key.pot,
        currency=key.currency,
        amount_minor=amount,
        transfer_id=ledger.transfer_id_for("property.blocked", pk),
    )


def _standing(party_ids: Iterable[UUID]) -> list[BlockedProperty]:
    """What lies blocked. The rows are made and returned only under the locks of their accounts."""
    rows = BlockedProperty.objects.filter(party_id__in=list(party_ids), returned_at=None)
    return list(rows.order_by("pk")[:BATCH])


def _give_back(rows: Sequence[BlockedProperty]) -> list[BlockedProperty]:
    """The rows that went back; what the blocked account does not have (it left the contract) is left, and logged."""
    ids = [ledger.transfer_id_for("property.let_go", row.pk) for row in rows]
    posts = [_post(pk, "property.let_go", row, -1) for pk, row in zip(ids, rows, strict=True)]
    returned = []
    for pk, row, refusal in zip(ids, rows, ledger.submit_each(posts), strict=True):
        if refusal is not None:
            logger.error("blocked property %s cannot go back: %s", row.pk, refusal.code)
            continue
        row.returned_at, row.returned_by_id = clock.now(), pk
        returned.append(row)
    BlockedProperty.objects.bulk_update(returned, ["returned_at", "returned_by_id"])
    return returned


def _post(transfer_id: UUID, kind: str, row: BlockedProperty, sign: int) -> Post:
    lines = [Line(_source(row), -sign * row.amount_minor), Line(_blocked(row), sign * row.amount_minor)]
    return Post(transfer_id, kind, lines, row.pk)


def _source(row: BlockedProperty) -> AccountKey:
    return of_party(row.source, row.party_id, row.pot, row.currency)


def _blocked(row: BlockedProperty) -> AccountKey:
    return of_party(Kind.BLOCKED, row.party_id, row.pot, row.currency)


def _note(event: str, rows: Sequence[BlockedProperty], actor: Actor) -> None:
    """One event for the set: each row names its party, amount and transfer."""
    ids = sorted(str(row.pk) for row in rows)
    kind = BlockedProperty._meta.label_lower
    audit.record_about(event, actor=actor, subject_kind=kind, subject_id=ids[0], data={"rows": ids})
