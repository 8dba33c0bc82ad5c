"""A renter's group, and what it was cleared to compute. Set-based: one query for the group, one for its compute."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection

from compliance.engine.catalogue import Catalogue
from compliance.engine.chips import classify, operations_per_second
from compliance.engine.facts import GroupUse
from compliance.engine.ownership.interests import CONTROL, FIGURES
from compliance.engine.packs import PolicyPack

# Up and down along holdings of more than half and control by other means: everybody under one ultimate parent, and
# whoever is linked by more than half. An entity that two customers named, each for itself, is one: the same register
# knows it by the same number, or the world by the same LEI. UNION drops what was seen, so circles end.
_GROUP = """
WITH RECURSIVE linked(id) AS (
    SELECT %(party)s::uuid
    UNION
    SELECT next.id FROM linked, LATERAL (
        SELECT e.owned_id AS id FROM compliance_ownershipedge e
        WHERE e.owner_id = linked.id AND e.ended_on IS NULL AND e.withdrawn_at IS NULL
          AND ((e.share_min > 50 AND e.interest = ANY(%(figures)s)) OR e.interest = ANY(%(control)s))
        UNION ALL
        SELECT e.owner_id FROM compliance_ownershipedge e
        WHERE e.owned_id = linked.id AND e.ended_on IS NULL AND e.withdrawn_at IS NULL
          AND ((e.share_min > 50 AND e.interest = ANY(%(figures)s)) OR e.interest = ANY(%(control)s))
        UNION ALL
        SELECT twin.id FROM compliance_party p JOIN compliance_party twin
          ON twin.country = p.country AND twin.registration_number <> ''
         AND regexp_replace(lower(twin.registration_number), '[^[:alnum:]]', '', 'g')
           = regexp_replace(lower(p.registration_number), '[^[:alnum:]]', '', 'g')
        WHERE p.id = linked.id AND p.kind = 'entity' AND twin.kind = 'entity'
          AND p.country <> '' AND p.registration_number ~ '[[:alnum:]]'
        UNION ALL
        SELECT twin.id FROM compliance_party p JOIN compliance_party twin ON twin.lei = p.lei AND twin.lei <> ''
        WHERE p.id = linked.id AND p.kind = 'entity' AND twin.kind = 'entity'
    ) AS next
) SELECT id FROM linked
"""

# A clearance lets a lease compute until it lapses, is revoked, or the next one takes its place. Of a lease never more
# counts than it asked for: one that ended early keeps its last clearance until that lapses.
_USE = """
WITH spans AS (
    SELECT c.subject_id, c.gpu_slug, c.gpu_count, c.decision_id, c.issued_at,
           GREATEST(c.issued_at, %(since)s) AS begins,
           LEAST(c.expires_at, COALESCE(c.revoked_at, c.expires_at), %(until)s,
                 LEAD(c.issued_at) OVER (PARTITION BY c.subject_id ORDER BY c.issued_at, c.id)) AS ends,
           c.expires_at > %(until)s AND COALESCE(c.revoked_at > %(until)s, true)
             AND LEAD(c.id) OVER (PARTITION BY c.subject_id ORDER BY c.issued_at, c.id) IS NULL AS stands
    FROM compliance_clearance c
    WHERE c.purpose = 'lease' AND c.renter_party_id = ANY(%(parties)s)
      AND c.issued_at <= %(until)s AND c.expires_at > %(since)s AND c.subject_id <> %(but)s
), leases AS (
    SELECT subject_id, gpu_slug, max(gpu_count) AS gpus,
           (array_agg(decision_id ORDER BY issued_at))[1] AS decision_id,
           COALESCE(max(gpu_count) FILTER (WHERE stands), 0) AS at_once,
           COALESCE(ceil(sum(extract(epoch FROM ends - begins)) FILTER (WHERE ends > begins)), 0) AS seconds
    FROM spans GROUP BY subject_id, gpu_slug
)
SELECT l.gpu_slug, count(*),
       sum(l.gpus * LEAST(l.seconds, COALESCE((d.facts ->> 'seconds')::bigint, l.seconds)))::bigint,
       sum(l.at_once)
FROM leases l JOIN compliance_decision d ON d.id = l.decision_id
WHERE l.seconds > 0 OR l.at_once > 0 GROUP BY l.gpu_slug ORDER BY l.gpu_slug
"""


@dataclass(frozen=True, slots=True)
class Used:
    """So many leases of one kind of GPU, their GPU seconds, and the GPUs of those that stand cleared at the end."""

    slug: str
    leases: int
    gpu_seconds: int
    at_once: int


def group_of(party_id: UUID) -> list[UUID]:
    """The party and its whole group, in one query however deep it goes."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUP, {"party": party_id, "figures": list(FIGURES), "control": sorted(CONTROL)})
        return [row[0] for row in cursor.fetchall()]


def used_by(party_ids: Iterable[UUID], since: datetime, until: datetime, *, but: UUID) -> list[Used]:
    """What the parties were cleared to compute as renters between the moments, by kind of GPU; without one lease."""
    ids = list(party_ids)
    with connection.cursor() as cursor:
        cursor.execute(_USE, {"parties": ids, "since": since, "until": until, "but": but})
        return [Used(slug, leases, int(seconds), int(now)) for slug, leases, seconds, now in cursor.fetchall()]


def group_use(
    party_id: UUID, as_of: datetime, pack: PolicyPack, catalogue: Catalogue, *, but: UUID
) -> tuple[GroupUse, ...]:
    """The compute of the party's group in each window that the pack asks about; `but` is the lease asked for."""
    windows = sorted({int(rule.params["window_days"]) for rule in pack.rules if "window_days" in rule.params})
    if not windows:
        return ()
    parties = group_of(party_id)
    return tuple(
        _summed(
            days, len(parties), used_by(parties, as_of - timedelta(days=days), as_of, but=but), catalogue, as_of.date()
        )
        for days in windows
    )


def _summed(days: int, parties: int, used: Iterable[Used], catalogue: Catalogue, day: date) -> GroupUse:
    leases = controlled = unknown = gpus = 0
    tpp_seconds = operations = tpp_at_once = Decimal(0)
    for each in used:
        leases += each.leases
        gpus += each.at_once
        figures = catalogue.figures(each.slug, day)
        found = classify(figures)
        if figures is None or found.tpp is None:
            unknown += each.gpu_seconds
            continue
        controlled += each.gpu_seconds if found.controlled else 0
        tpp_seconds += found.tpp * each.gpu_seconds
        tpp_at_once += found.tpp * each.at_once
        operations += operations_per_second(figures) * each.gpu_seconds
    sums = (f"{tpp_seconds:f}", f"{operations:f}", f"{tpp_at_once:f}")
    return GroupUse(days, parties, leases, controlled, unknown, *sums, gpus)
