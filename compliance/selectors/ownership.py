"""Who stands above a party: its declared owners and signatories, and theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from compliance.base.canonical import digest
from compliance.models import OwnershipEdge, Party

# UNION (not UNION ALL) drops what was seen, so circles of holdings end.
_ABOVE = """
WITH RECURSIVE above(id) AS (
    SELECT unnest(%s::uuid[])
    UNION
    SELECT e.owner_id FROM compliance_ownershipedge e JOIN above ON e.owned_id = above.id WHERE e.ended_on IS NULL
) SELECT id FROM above
"""
_BELOW = """
WITH RECURSIVE below(id) AS (
    SELECT unnest(%s::uuid[])
    UNION
    SELECT e.owned_id FROM compliance_ownershipedge e JOIN below ON e.owner_id = below.id WHERE e.ended_on IS NULL
) SELECT id FROM below
"""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Parties by id, and the open edges between them; `edges` are ordered, so that digests are stable."""

    parties: dict[UUID, Party]
    edges: tuple[OwnershipEdge, ...]

    def above(self, party_id: UUID) -> set[UUID]:
        """The party and everybody from whom a chain of edges leads down to it."""
        seen, frontier = {party_id}, [party_id]
        while frontier:
            owned = frontier.pop()
            for edge in self.edges:
                if edge.owned_id == owned and edge.owner_id not in seen:
                    seen.add(edge.owner_id)
                    frontier.append(edge.owner_id)
        return seen

    def facts_digest(self, party_id: UUID) -> str:
        """Changes with every fact on which a verification of the party rests, its owners' and theirs included."""
        ids = self.above(party_id)
        return digest(
            {
                "parties": {str(i): [self.parties[i].subject_hash, self.parties[i].ownership_complete] for i in ids},
                "edges": [
                    [str(e.owner_id), str(e.owned_id), e.interest, _percent(e.share_min), _percent(e.share_max)]
                    for e in self.edges
                    if e.owned_id in ids
                ],
            }
        )


def _percent(share: object) -> str:
    return f"{share:.4f}"


def upstream(party_ids: Iterable[UUID]) -> Upstream:
    """The parties and all that stands above them, in three queries however deep the holdings go."""
    ids = _closure(_ABOVE, party_ids)
    parties = Party.objects.in_bulk(ids)
    edges = OwnershipEdge.objects.filter(owned_id__in=ids, ended_on=None).order_by("owned_id", "owner_id", "interest")
    return Upstream(parties, tuple(edges))


def party_ids_below(party_ids: Iterable[UUID]) -> list[UUID]:
    """The parties and everything that they own or sign for, at any depth."""
    return _closure(_BELOW, party_ids)


def facts_digest(party_id: UUID) -> str:
    """See `Upstream.facts_digest`."""
    return upstream([party_id]).facts_digest(party_id)


def _closure(sql: str, party_ids: Iterable[UUID]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(party_ids)])
        return [row[0] for row in cursor.fetchall()]
