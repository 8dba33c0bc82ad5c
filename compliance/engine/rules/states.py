"""What an answer about owners rests on, in lines: a finding that is bound to it ends when a share or owner changes."""

from collections.abc import Iterable

from compliance.engine.facts import PartyFacts, ScreeningHit
from compliance.engine.ownership import Graph, Holding, OwnershipAnswer, Parents, percent
from compliance.engine.rules.base import Question


def held(holdings: Iterable[Holding]) -> tuple[str, ...]:
    """Each holding with its share, however many decimals it was told with."""
    return tuple(f"{each.owner_id}>{each.owned_id} {each.interest} {percent(each.low, each.high)}" for each in holdings)


def answered(answer: OwnershipAnswer) -> tuple[str, ...]:
    """What the holdings that decide come to, and each of them."""
    return (f"{answer.answer} {percent(answer.low, answer.high)}", *held(answer.path))


def entries(hits: Iterable[ScreeningHit], answer: OwnershipAnswer) -> tuple[str, ...]:
    """The entries of lists, in their wording, of those who hold something on the path."""
    owners = {each.owner_id for each in answer.path}
    return tuple(
        f"{hit.party_id} {hit.strength} {hit.list_code}:{hit.external_id}:{hit.entry_hash}"
        for hit in hits
        if hit.party_id in owners
    )


def open_owners(question: Question, parents: Parents, party_id: str) -> tuple[str, ...]:
    """The chain that leads to a party whose owners are not known well enough, and what is known of them."""
    graph, party = question.graph, question.people.get(party_id)
    known = graph.holdings_in(party_id, graph.owners_of(party_id), control=True)
    complete = party is not None and party.ownership_complete
    return (f"complete={complete}", *held(parents.chain), *held(known))


def ways_down(graph: Graph, owner: str, target: str) -> tuple[str, ...]:
    """Every holding on a way from the owner down to the target."""
    above, seen, frontier = graph.above(target), {owner}, [owner]
    found: list[Holding] = []
    while frontier:
        for each in graph.holdings_of(frontier.pop()):
            if each.owned_id not in above:
                continue
            found.append(each)
            if each.owned_id not in seen:
                seen.add(each.owned_id)
                frontier.append(each.owned_id)
    return held(found)


def as_known(party: PartyFacts | None) -> tuple[str, ...]:
    """The party as it stands: for a reason about another one, which its own hash does not show."""
    return (
        () if party is None else (party.id, party.kind, party.country, party.headquarters_country, party.subject_hash)
    )
