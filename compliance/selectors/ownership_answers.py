"""What the engine answers about who stands behind a party: by each authority's test, in the end, and at the top."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from compliance.base import clock
from compliance.base.errors import NotFound
from compliance.engine.ownership import BeneficialOwner, Graph, beneficial_owners, describe, percent, ultimate_parents
from compliance.engine.packs import NoPackInForce, RulePolicy
from compliance.engine.rules.screening import ListedOwners
from compliance.selectors.hits import hit_facts, present_matches
from compliance.selectors.ownership import graph_facts, upstream
from compliance.selectors.policies import pack_for
from compliance.selectors.suspensions import recorded_suspensions


@dataclass(frozen=True, slots=True)
class AuthorityAnswer:
    """One rule's test: YES, NO or UNRESOLVED, the share of listed parties, and the holdings that decide it."""

    label: str
    answer: str
    share: str
    path: tuple[str, ...]
    citation: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class OwnerAnswer:
    """A beneficial owner, and what leads from them down to the party."""

    name: str
    share: str
    certain: bool
    by_control: bool
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParentAnswer:
    """An ultimate parent, and where it is directed from; "" when that is not known."""

    name: str
    headquarters_country: str


@dataclass(frozen=True, slots=True)
class OwnershipAnswers:
    """All of it for a day; `open_at` names the parties above whom somebody may stand who is not known."""

    tests: tuple[AuthorityAnswer, ...]
    owners: tuple[OwnerAnswer, ...]
    parents: tuple[ParentAnswer, ...]
    open_at: tuple[str, ...]


def ownership_answers(party_id: UUID, on: date | None = None) -> OwnershipAnswers:
    """The answers by what was held on the day, today unless told, and by the lists as they are. Raises NotFound."""
    day = on or clock.now().date()
    above = upstream([party_id], day)
    if party_id not in above.parties:
        raise NotFound
    target = str(party_id)
    people, edges = graph_facts(above)
    graph = Graph(edges)
    hits = [hit_facts(match) for match in present_matches(above.parties)]
    names = {key: party.name for key, party in people.items()}
    marks = {hit.party_id: "listed" for hit in hits}
    rules, suspended = _rules(day), {each.law for each in recorded_suspensions(day)}
    live = [rule for rule in rules if rule.interval_on(day) is not None and rule.suspension not in suspended]
    parents = ultimate_parents(graph, people, target)
    tops = sorted({*parents.ultimate, *parents.circle} - {target})
    return OwnershipAnswers(
        tests=tuple(_test(rule, ListedOwners(graph, hits, rule), target, names, rule in live) for rule in rules),
        owners=tuple(_owner(each, names, marks) for each in beneficial_owners(graph, people, target)),
        parents=tuple(ParentAnswer(names[each], people[each].headquarters_country) for each in tops),
        open_at=tuple(names[each] for each in parents.open_at if each in names),
    )


def _rules(day: date) -> list[RulePolicy]:
    try:
        pack = pack_for(datetime.combine(day, time(12), UTC))
    except NoPackInForce:
        return []
    return [rule for rule in pack.rules if rule.function == "owned_by_listed" and rule.params["answer"] == "YES"]


def _test(rule: RulePolicy, asked: ListedOwners, target: str, names: dict[str, str], in_force: bool) -> AuthorityAnswer:
    found = asked.answer(target)
    marks = dict.fromkeys(asked.possible, "listed")
    return AuthorityAnswer(
        label=rule.label,
        answer=found.answer,
        share=percent(found.low, found.high),
        path=tuple(describe(found.path, names, marks)),
        citation=rule.citation,
        in_force=in_force,
    )


def _owner(owner: BeneficialOwner, names: dict[str, str], marks: dict[str, str]) -> OwnerAnswer:
    path = tuple(describe(owner.path, names, marks))
    share = percent(owner.low, owner.high)
    return OwnerAnswer(names[owner.party_id], share, owner.certain, owner.by_control, path)
