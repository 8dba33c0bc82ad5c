"""Decisions as they were made."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.base.errors import NotFound
from compliance.base.sealed_leaves import Ciphers, open_leaves, subjects_of_all
from compliance.base.sealing import Context
from compliance.engine.personal import ERASED, join
from compliance.models import Clearance, Decision
from compliance.selectors.sealed import ciphers_that_stand

BATCH = 200


def decision(decision_id: UUID) -> Decision:
    """The decision, opened, with its parties. Raises NotFound."""
    found = Decision.objects.select_related("renter_party", "provider_party").filter(pk=decision_id).first()
    if found is None:
        raise NotFound
    return opened([found])[0]


def opened(rows: Iterable[Decision]) -> list[Decision]:
    """The rows with facts, checks and reasons whole, in memory; the keys of all of them are read by one query.

    Where a key was destroyed, “[erased]” stands, and the row's `erased` says at which pointers. Opening an opened row
    changes nothing.
    """
    rows = list(rows)
    ciphers = ciphers_that_stand(subjects_of_all(part for row in rows for part in _parts(row.sealed)))
    for row in rows:
        _open(row, ciphers)
    return rows


def opened_one_by_one(rows: QuerySet[Decision]) -> Iterator[Decision]:
    """As `opened`, for more rows than fit in memory: a query for the keys of each batch."""
    found = rows.iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        yield from opened(batch)


def decisions_about(subject_id: UUID) -> QuerySet[Decision]:
    """Everything decided about the lease or payout, newest first; to be `opened` before it is read."""
    return Decision.objects.filter(subject_id=subject_id).order_by("-created_at")


def decisions_of_party(party_id: UUID) -> QuerySet[Decision]:
    """Everything decided about the party, on either side, newest first; to be `opened` before it is read."""
    return Decision.objects.filter(Q(renter_party_id=party_id) | Q(provider_party_id=party_id)).order_by("-created_at")


def clearance(clearance_id: UUID) -> Clearance:
    """The clearance, with its decision. Raises NotFound. To act on one, ask `services.clearances.ensure_valid`."""
    found = Clearance.objects.select_related("decision").filter(pk=clearance_id).first()
    if found is None:
        raise NotFound
    return found


def clearances_about(subject_id: UUID) -> QuerySet[Clearance]:
    """The clearances given for the lease or payout, newest first."""
    return Clearance.objects.filter(subject_id=subject_id).order_by("-created_at")


def _parts(sealed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*sealed.get("facts", ()), *([sealed["said"]] if "said" in sealed else ())]


def _open(row: Decision, ciphers: Ciphers) -> None:
    if not row.sealed:
        return
    record = f"compliance.decision:{row.pk}"
    row.facts, gone = _joined(row.facts, row.sealed["facts"], ciphers, Context(record, "facts"))
    erased = [f"/facts{pointer}" for pointer in gone]
    if "said" in row.sealed:
        answer = {"checks": row.checks, "reasons": row.reasons}
        answer, gone = _joined(answer, [row.sealed["said"]], ciphers, Context(record, "said"))
        row.checks, row.reasons = answer["checks"], answer["reasons"]
        erased += gone
    row.erased, row.sealed = tuple(erased), {}


def _joined(
    value: Any, parts: Iterable[Mapping[str, Any]], ciphers: Ciphers, context: Context
) -> tuple[Any, list[str]]:
    """The whole value, and the pointers at which it is erased."""
    found, gone = [], []
    for part in parts:
        leaves = open_leaves(part, ciphers, context)
        if leaves is None:
            gone += part["at"]
        else:
            found.append(leaves)
    return join(value, found, dict.fromkeys(gone, ERASED)), gone
