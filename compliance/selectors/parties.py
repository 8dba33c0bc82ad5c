"""Parties for pages: one party, its wallets, and the picture of who stands above it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from compliance.base.errors import NotFound
from compliance.engine.ownership import FIGURES, SHARES, VOTES, owned_by, percent, ultimate_parents
from compliance.models import OwnershipEdge, Party, PartyWallet, Restriction
from compliance.selectors.hits import present_matches
from compliance.selectors.ownership import graph_facts, upstream

_WORDS = {
    SHARES: "",
    VOTES: "of the votes",
    "otherInfluenceOrControl": "control",
    "seniorManagingOfficial": "signs for it",
}


HUNDRED = 100


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A party in the picture. `role`: subject, owner, ultimate_parent. `listed` says that a match stands open or
    confirmed; `deciding` that it lies on the path that decides."""

    id: str
    name: str
    kind: str
    country: str
    headquarters_country: str
    role: str
    listed: bool
    restricted: bool
    deciding: bool
    undisclosed: str = ""


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """`owner` holds `label` of `owned`; shares in percent."""

    owner: str
    owned: str
    interest: str
    share_min: str
    share_max: str
    label: str
    deciding: bool
    direct: bool = True


@dataclass(frozen=True, slots=True)
class OwnershipGraph:
    """Who stands above `subject`; `deciding` holds the edges' (owner, owned) that decide, from the top down."""

    subject: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    deciding: tuple[tuple[str, str], ...]
    complete: bool


def party(party_id: UUID) -> Party:
    """The party. Raises NotFound."""
    found = Party.objects.filter(pk=party_id).first()
    if found is None:
        raise NotFound
    return found


def parties_by_id(party_ids: list[UUID]) -> dict[UUID, Party]:
    """The parties that exist, by id."""
    return Party.objects.in_bulk(party_ids)


def wallets_of(party_id: UUID) -> QuerySet[PartyWallet]:
    """The wallets that the party says are its own, oldest first."""
    return PartyWallet.objects.filter(party_id=party_id).order_by("created_at")


def wallet_proven_at(party_id: UUID, address: str) -> datetime | None:
    """When the party proved the wallet to be its own; None while it merely claims it, or does not."""
    rows = PartyWallet.objects.filter(party_id=party_id, address=address)
    return rows.values_list("verified_at", flat=True).first()


def ownership_graph(party_id: UUID, on: date | None = None) -> OwnershipGraph:
    """The party and all that stood above it on the day, today unless told; without a layout.

    What decides is the path of listed owners to the 50 percent threshold where there is one, else the chain of
    majority holdings to the ultimate parent. Raises NotFound.
    """
    above = upstream([party_id], on)
    if party_id not in above.parties:
        raise NotFound
    listed = {str(match.party_id) for match in present_matches(above.parties)}
    people, held = graph_facts(above)
    parents = ultimate_parents(held, people, str(party_id))
    blocked = owned_by(held, listed - {str(party_id)}, str(party_id))
    path = blocked.path or tuple(reversed(parents.chain))
    deciding = {(each.owner_id, each.owned_id): None for each in path}
    on_path = {key for pair in deciding for key in pair} | (listed & {str(party_id)})
    restricted = set(
        Restriction.objects.filter(party_id__in=above.parties, lifted_at=None).values_list("party_id", flat=True)
    )
    tops = set(parents.ultimate) - {str(party_id)}
    nodes = tuple(
        GraphNode(
            id=str(key),
            name=row.name,
            kind=row.kind,
            country=row.country,
            headquarters_country=row.headquarters_country,
            role="subject" if key == party_id else "ultimate_parent" if str(key) in tops else "owner",
            listed=str(key) in listed,
            restricted=key in restricted,
            deciding=str(key) in on_path,
            undisclosed=row.undisclosed,
        )
        for key, row in sorted(above.parties.items(), key=lambda pair: str(pair[0]))
    )
    edges = tuple(_graph_edge(edge, deciding) for edge in above.edges)
    return OwnershipGraph(str(party_id), nodes, edges, tuple(deciding), above.parties[party_id].ownership_complete)


def _graph_edge(edge: OwnershipEdge, deciding: dict[tuple[str, str], None]) -> GraphEdge:
    return GraphEdge(
        owner=str(edge.owner_id),
        owned=str(edge.owned_id),
        interest=edge.interest,
        share_min=f"{edge.share_min:.4f}",
        share_max=f"{edge.share_max:.4f}",
        label=holding_words(edge),
        deciding=(str(edge.owner_id), str(edge.owned_id)) in deciding,
        direct=edge.direct,
    )


def holding_words(edge: OwnershipEdge) -> str:
    """What is held, in short: "30 %", "25 to 50 % of the votes", "trustee", "share not known"."""
    share = percent(edge.share_min, edge.share_max)
    word = _WORDS.get(edge.interest, edge.get_interest_display().lower())
    if edge.interest in FIGURES:
        told = "share not known" if edge.share_min == 0 and edge.share_max == HUNDRED else share
        word = f"{told} {word}".rstrip()
    elif edge.share_max:
        word = f"{share} {word}"
    return word if edge.direct else f"indirectly {word}"


def holder_of_wallet(address: str) -> UUID | None:
    """The party that says that the address, in whatever letter case, is its own; None for nobody."""
    return PartyWallet.objects.filter(address__iexact=address).values_list("party_id", flat=True).first()
