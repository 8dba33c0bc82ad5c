"""What is kept until when, what is held, and what is due: set-based, for however many parties."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from compliance.base import clock
from compliance.base.errors import NotFound
from compliance.engine.retention import SUBJECT, RecordClass, Schedule
from compliance.models import LegalHold, Party, RetentionClock
from compliance.selectors.policies import retention_for

SECRET_CLASSES = frozenset({"sanctions"})

# For every party: itself and all that it stands above, at any time. What is kept of a company is kept of its owners.
# UNION (not UNION ALL) drops what was seen, so circles of holdings end.
_KEPT = """
WITH RECURSIVE below(root, id) AS (
    SELECT id, id FROM compliance_party WHERE erased_at IS NULL {only}
    UNION
    SELECT b.root, e.owned_id FROM below b JOIN compliance_ownershipedge e ON e.owner_id = b.id
),
ends AS (
    SELECT c.party_id, c.record_class,
           CASE WHEN p.months IS NULL OR c.runs_from IS NULL THEN 'infinity'::timestamptz
                ELSE c.runs_from + make_interval(months => p.months) END AS ends_at
    FROM compliance_retentionclock c
    LEFT JOIN unnest(%(codes)s::text[], %(months)s::int[]) AS p(code, months) ON p.code = c.record_class
    WHERE {classes}
),
last AS (
    SELECT DISTINCT ON (b.root) b.root, e.ends_at, e.record_class, e.party_id
    FROM below b JOIN ends e ON e.party_id = b.id
    ORDER BY b.root, e.ends_at DESC, e.record_class
),
held(id) AS (
    SELECT h.party_id FROM compliance_legalhold h WHERE h.state <> 'lifted'
    UNION
    SELECT unnest(ARRAY[d.renter_party_id, d.provider_party_id]) FROM compliance_decision d
    WHERE d.renter_party_id IN (SELECT party_id FROM compliance_legalhold WHERE state <> 'lifted')
       OR d.provider_party_id IN (SELECT party_id FROM compliance_legalhold WHERE state <> 'lifted')
),
safe(id) AS (
    SELECT id FROM held WHERE id IS NOT NULL
    UNION
    SELECT e.owner_id FROM safe s JOIN compliance_ownershipedge e ON e.owned_id = s.id
)
SELECT l.root, NULLIF(l.ends_at, 'infinity'), l.record_class, s.id IS NOT NULL
FROM last l LEFT JOIN safe s ON s.id = l.root
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One party's records: `until` the last class ends (None: it does not run yet), which class, and whether held."""

    party_id: UUID
    until: datetime | None
    record_class: str
    held: bool

    @property
    def is_due(self) -> bool:
        """Whether its personal data may, and so must, be erased now."""
        return not self.held and self.until is not None and self.until <= clock.now()


def schedule() -> Schedule:
    """The retention schedule in force now. Raises RetentionInvalid."""
    return retention_for(clock.now())


def kept(party_ids: Iterable[UUID] | None = None, *, law_only: bool = False) -> list[Kept]:
    """How long each party is kept, by one query; of the given ones, or of all that are not erased.

    With `law_only`, what only a policy of the platform keeps does not count: what a request for erasure comes up
    against. A party of whom no clock tells is not in the answer, and nothing of it is erased.
    """
    found = schedule().of(SUBJECT)
    counted = [each for each in found if each.kind == "LAW" or not law_only]
    ids = None if party_ids is None else list(party_ids)
    codes = [each.code for each in found if each not in counted]
    sql = _KEPT.format(
        only="" if ids is None else "AND id = ANY(%(ids)s::uuid[])",
        # Unknown classes count always: they are kept for ever until the schedule knows them. What still goes on counts
        # always too: nobody is erased from under a running lease, whoever asks.
        classes="NOT (c.record_class = ANY(%(ignored)s::text[]) AND c.runs_from IS NOT NULL)",
    )
    values: dict[str, Any] = {
        "codes": [each.code for each in counted],
        "months": [each.months for each in counted],
        "ids": ids,
        "ignored": codes,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Kept(*row) for row in cursor.fetchall()]


def due_parties(limit: int) -> list[UUID]:
    """Parties whose personal data is to be erased now, at most so many."""
    return [each.party_id for each in kept() if each.is_due][:limit]


def clocks_of(party_id: UUID) -> list[RetentionClock]:
    """The party's own clocks, by class."""
    return list(RetentionClock.objects.filter(party_id=party_id).order_by("record_class", "source"))


def told_to_party(party_id: UUID) -> list[tuple[RecordClass, datetime | None]]:
    """Each of the party's classes of which it may know, with its end; None while it still goes on.

    That a clock of the class about sanctions runs at all would tell of a match, a restriction or a report.
    """
    plan = schedule()
    known = [(plan.classes.get(row.record_class), row.runs_from) for row in clocks_of(party_id)]
    return [
        (found, found.ends(start) if start else None)
        for found, start in known
        if found is not None and found.code not in SECRET_CLASSES
    ]


def legal_holds(*, standing: bool = True) -> QuerySet[LegalHold]:
    """The holds that stand, or all, newest first."""
    found = LegalHold.objects.select_related("party").order_by("-created_at")
    return found.exclude(state=LegalHold.State.LIFTED) if standing else found


def holds_of(party_id: UUID) -> QuerySet[LegalHold]:
    """Every hold there ever was on the party, newest first."""
    return legal_holds(standing=False).filter(party_id=party_id)


def legal_hold(hold_id: UUID) -> LegalHold:
    """One hold. Raises NotFound."""
    found = LegalHold.objects.select_related("party").filter(pk=hold_id).first()
    if found is None:
        raise NotFound("There is no such hold.")
    return found


def erased_parties() -> QuerySet[Party]:
    """The parties whose personal data is gone, newest first."""
    return Party.objects.filter(erased_at__isnull=False).order_by("-erased_at")
