"""Who stands above a party, today or as of a day: its owners, controllers and signatories, and theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from compliance.base import clock
from compliance.base.canonical import digest
from compliance.engine.facts import OwnershipEdgeFacts, PartyFacts
from compliance.models import OwnershipDeclaration, OwnershipEdge, Party

# UNION (not UNION ALL) drops what was seen, so circles of holdings end.
_ABOVE = """
WITH RECURSIVE above(id) AS (
    SELECT unnest(%(ids)s::uuid[])
    UNION
    SELECT e.owner_id FROM compliance_ownershipedge e JOIN above ON e.owned_id = above.id
    WHERE e.withdrawn_at IS NULL AND (e.started_on IS NULL OR e.started_on <= %(day)s)
    AND (e.ended_on IS NULL OR e.ended_on > %(day)s)
) SELECT id FROM above
"""
_EVER_ABOVE = """
WITH RECURSIVE above(id) AS (
    SELECT unnest(%(ids)s::uuid[])
    UNION
    SELECT e.owner_id FROM compliance_ownershipedge e JOIN above ON e.owned_id = above.id WHERE e.withdrawn_at IS NULL
) SELECT id FROM above
"""
_BELOW = """
WITH RECURSIVE below(id) AS (
    SELECT unnest(%(ids)s::uuid[])
    UNION
    SELECT e.owned_id FROM compliance_ownershipedge e JOIN below ON e.owner_id = below.id
    WHERE e.withdrawn_at IS NULL AND (e.started_on IS NULL OR e.started_on <= %(day)s)
    AND (e.ended_on IS NULL OR e.ended_on > %(day)s)
) SELECT id FROM below
"""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Parties by id, and the edges in force between them; `edges` are ordered, so that digests are stable."""

    parties: dict[UUID, Party]
    edges: tuple[OwnershipEdge, ...]

    def above(self, party_id: UUID) -> set[UUID]:
        """The party and everybody from whom a chain of edges leads down to it."""
        owners: dict[UUID, list[UUID]] = {}
        for edge in self.edges:
            owners.setdefault(edge.owned_id, []).append(edge.owner_id)
        seen, frontier = {party_id}, [party_id]
        while frontier:
            new = [owner for owner in owners.get(frontier.pop(), ()) if owner not in seen]
            seen.update(new)
            frontier += new
        return seen

    def facts_digest(self, party_id: UUID) -> str:
        """Changes with every fact on which a verification of the party rests, its owners' and theirs included."""
        ids = self.above(party_id)
        return digest(
            {
                "parties": {str(i): [self.parties[i].subject_hash, self.parties[i].ownership_complete] for i in ids},
                "edges": [
                    [
                        str(e.owner_id),
                        str(e.owned_id),
                        e.interest,
                        _percent(e.share_min),
                        _percent(e.share_max),
                        *(() if e.direct else ("indirect",)),
                    ]
                    for e in self.edges
                    if e.owned_id in ids
                ],
            }
        )


def _percent(share: object) -> str:
    return f"{share:.4f}"


def upstream(party_ids: Iterable[UUID], on: date | None = None) -> Upstream:
    """The parties and all that stood above them on the day, today unless told, in three queries however deep."""
    day = on or clock.now().date()
    ids = _closure(_ABOVE, party_ids, day)
    parties = Party.objects.in_bulk(ids)
    edges = OwnershipEdge.objects.filter(in_force(day), owned_id__in=ids)
    return Upstream(parties, tuple(edges.order_by("owned_id", "owner_id", "interest", "-direct")))


def ever_upstream(party_ids: Iterable[UUID]) -> Upstream:
    """As `upstream`, with what is over: whoever stood above the parties on any day."""
    ids = _closure(_EVER_ABOVE, party_ids, clock.now().date())
    edges = OwnershipEdge.objects.filter(owned_id__in=ids, withdrawn_at=None)
    return Upstream(Party.objects.in_bulk(ids), tuple(edges.order_by("owned_id", "owner_id", "interest", "-direct")))


def party_ids_above(party_ids: Iterable[UUID]) -> list[UUID]:
    """The parties and all that stand above them today, at any height."""
    return _closure(_ABOVE, party_ids, clock.now().date())


def party_ids_below(party_ids: Iterable[UUID]) -> list[UUID]:
    """The parties and everything that they own or sign for, at any depth."""
    return _closure(_BELOW, party_ids, clock.now().date())


def facts_digest(party_id: UUID) -> str:
    """See `Upstream.facts_digest`."""
    return upstream([party_id]).facts_digest(party_id)


def in_force(day: date) -> Q:
    """Edges that held on the day."""
    started = Q(started_on=None) | Q(started_on__lte=day)
    return started & (Q(ended_on=None) | Q(ended_on__gt=day)) & Q(withdrawn_at=None)


def open_edges_into(party_ids: Iterable[UUID]) -> list[OwnershipEdge]:
    """What is held of the parties with no end, the owners with it."""
    edges = OwnershipEdge.objects.filter(owned_id__in=list(party_ids), ended_on=None, withdrawn_at=None)
    return list(edges.select_related("owner").order_by("created_at", "id"))


def edge_facts(edge: OwnershipEdge) -> OwnershipEdgeFacts:
    """The holding as the engine knows it."""
    return OwnershipEdgeFacts(
        str(edge.owner_id),
        str(edge.owned_id),
        _percent(edge.share_min),
        _percent(edge.share_max),
        edge.interest,
        edge.direct,
    )


def past_edges(party_ids: Iterable[UUID]) -> QuerySet[OwnershipEdge]:
    """What was held of the parties and is over, or was taken back; the newest end first."""
    over = Q(ended_on__isnull=False) | Q(withdrawn_at__isnull=False)
    edges = OwnershipEdge.objects.filter(over, owned_id__in=list(party_ids))
    return edges.select_related("owner", "owned", "declared_in", "ended_in").order_by("-ended_on", "-created_at")


def declarations_about(party_id: UUID) -> QuerySet[OwnershipDeclaration]:
    """What was declared about the party and those above it, the newest first."""
    return OwnershipDeclaration.objects.filter(party_id=party_id).order_by("-number")


def graph_facts(above: Upstream) -> tuple[dict[str, PartyFacts], tuple[OwnershipEdgeFacts, ...]]:
    """The parties and holdings as far as questions of ownership go."""
    people = {
        str(key): PartyFacts(
            id=str(key),
            kind=row.kind,
            name=row.name,
            country=row.country,
            headquarters_country=row.headquarters_country,
            ownership_complete=row.ownership_complete,
        )
        for key, row in above.parties.items()
    }
    return people, tuple(edge_facts(edge) for edge in above.edges)


def _closure(sql: str, party_ids: Iterable[UUID], day: date) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"ids": list(party_ids), "day": day})
        return [row[0] for row in cursor.fetchall()]
