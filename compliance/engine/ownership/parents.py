"""The ultimate parents: who stands at the top of the chains of majority control."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from compliance.engine.facts import PartyFacts
from compliance.engine.ownership.blocking import NO, UNRESOLVED, YES, Edges
from compliance.engine.ownership.components import components
from compliance.engine.ownership.graph import Graph, Holding, Interval, compiled


@dataclass(frozen=True, slots=True)
class Parents:
    """The entities at the top of the chains of control, the party itself when nobody controls it.

    `open_at` names the parties whose owners are not known well enough to say whether somebody stands above them.
    `circle` holds the companies that control each other in a circle with nobody above: each may be the parent.
    """

    ultimate: tuple[str, ...]
    chain: tuple[Holding, ...]
    open_at: tuple[str, ...]
    circle: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeadquartersAnswer:
    """Whether the party or an ultimate parent has its headquarters in the countries asked for.

    `where` names the entities that decide it: those that are there, or those about which too little is known.
    """

    answer: str  # YES | NO | UNRESOLVED
    where: tuple[str, ...]
    path: tuple[Holding, ...]


def ultimate_parents(edges: Edges, parties: Mapping[str, PartyFacts], target: str) -> Parents:
    """The entities that stand at the top of the target's chains of majority control.

    A holding of more than half of the shares or votes, or control by other means, makes a parent. A person is never a
    parent: persons have no headquarters.
    """
    graph = compiled(edges)
    above: dict[str, list[str]] = {}
    open_at: set[str] = set()
    chain: list[Holding] = []
    frontier = deque([target])
    while frontier:
        party_id = frontier.popleft()
        if party_id in above:
            continue
        held = _controlling(graph, party_id)
        majority = [owner for owner in sorted(held) if held[owner][0] > graph.half]
        above[party_id] = [owner for owner in majority if not _is_person(parties, owner)]
        chain += [graph.holding(owner, party_id, held[owner]) for owner in above[party_id]]
        if not majority and _is_open(held, parties.get(party_id), graph.half):
            open_at.add(party_id)
        frontier += above[party_id]
    ultimate = sorted(party_id for party_id, parents in above.items() if not parents)
    # As many holdings as make a tree hold no circle.
    circle = _circle(target, above) if len(chain) >= len(above) else ()
    if not ultimate:  # a circle of companies that own each other has no top
        open_at.add(target)
    return Parents(tuple(ultimate), tuple(chain), tuple(sorted(open_at)), circle)


def headquartered_in(
    edges: Edges, parties: Mapping[str, PartyFacts], target: str, countries: Collection[str]
) -> HeadquartersAnswer:
    """Whether the target or an ultimate parent is headquartered in one of the countries (15 CFR 742.6(a)(6)(iii)).

    The country of incorporation stands in while none is declared. UNRESOLVED when that is all that is known of a
    headquarters, or when somebody unknown may stand above.
    """
    graph = compiled(edges)
    parents = ultimate_parents(graph, parties, target)
    asked = tuple(dict.fromkeys((target, *parents.ultimate, *parents.circle)))
    there = tuple(each for each in asked if seat(parties.get(each)) in countries)
    if there:
        return HeadquartersAnswer(YES, there, leading(parents, there))
    dark = tuple(each for each in asked if not _declared(parties.get(each)))
    unknown = tuple(dict.fromkeys((*parents.open_at, *dark)))
    return HeadquartersAnswer(UNRESOLVED if unknown else NO, unknown, leading(parents, asked))


def leading(parents: Parents, tops: Collection[str]) -> tuple[Holding, ...]:
    """The part of the chain that leads from the given parents down, from the top on."""
    reached, found = set(tops), []
    for each in reversed(parents.chain):
        if each.owner_id in reached:
            reached.add(each.owned_id)
            found.append(each)
    return tuple(found)


def seat(party: PartyFacts | None) -> str:
    """The country that counts as an entity's headquarters: the declared one, that of incorporation while none is."""
    if party is None or party.kind != "entity":
        return ""
    return party.headquarters_country or party.country


def _declared(party: PartyFacts | None) -> bool:
    return party is not None and (party.kind == "person" or bool(party.headquarters_country))


def _circle(target: str, above: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The members of each circle at the top: nobody outside of it stands above one of them."""
    found: list[str] = []
    for part in components(target, lambda party_id: above.get(party_id, ())):
        inside = set(part)
        if len(part) > 1 and all(owner in inside for member in part for owner in above[member]):
            found += part
    return tuple(sorted(found))


def _controlling(graph: Graph, owned: str) -> dict[str, Interval]:
    """For each owner the greater of shares and votes; control by other means counts as all."""
    shares, votes, controls = graph.shares.of.get(owned), graph.votes.of.get(owned), graph.controls.get(owned)
    greatest = dict(shares) if shares else {}
    for owner, (low, high) in votes.items() if votes else ():
        known = greatest.get(owner, (0, 0))
        greatest[owner] = (max(known[0], low), max(known[1], high))
    for owner, sure in controls.items() if controls else ():
        if sure:
            greatest[owner] = (graph.whole, graph.whole)
    greatest.pop(owned, None)
    return greatest


def _is_open(held: Mapping[str, Interval], party: PartyFacts | None, half: int) -> bool:
    """Whether a parent may stand above a party, without a known majority, that is not known."""
    if party is not None and party.kind == "person":
        return False
    if any(high > half for _, high in held.values()):
        return True
    complete = party is not None and party.ownership_complete
    return not complete and sum(low for low, _ in held.values()) < half


def _is_person(parties: Mapping[str, PartyFacts], party_id: str) -> bool:
    party = parties.get(party_id)
    return party is not None and party.kind == "person"
