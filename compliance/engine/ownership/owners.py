"""Beneficial owners: the persons who hold a share of the target in the end, or control it."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from compliance.engine.facts import OwnershipEdgeFacts, PartyFacts
from compliance.engine.ownership.blocking import EU_BEFORE_2024, Bar, Edges, Reach
from compliance.engine.ownership.components import components
from compliance.engine.ownership.graph import Figures, Graph, Holding, compiled
from compliance.engine.ownership.interests import SHARES, VOTES

# From 25 percent: 31 CFR 1010.230(d)(1); FATF, recommendation 24 and its note; Regulation (EU) 2024/1624, article 52,
# in force from 2027-07-10. Until then the EU asks for more than 25 percent: Directive (EU) 2015/849, article 3(6).
QUARTER = Bar(Decimal(25))
MORE_THAN_QUARTER = Bar(Decimal(25), more=True)

_ONE = 10**18  # weights are whole numbers of a quintillionth
_NO_LIMIT = 10**6 * _ONE
_ROUNDS = 2000  # circles of holdings shrink geometrically; one that does not, has no limit
_STEPS = 1_000_000  # a circle of many thousand companies is left open rather than gone round for minutes
_EXACT = Decimal("0.000000001")
_HUNDRED = Decimal(100)
_MAJORITY = EU_BEFORE_2024  # more than half of shares or votes, or control by other means


@dataclass(frozen=True, slots=True)
class BeneficialOwner:
    """A person who ends up with `low` to `high` percent of the shares, or of the votes where those are more.

    `by_control`: controls the target, or an entity that holds as much of it. `certain`: whatever the open shares are.
    `path` holds what leads from the person down to the target.
    """

    party_id: str
    low: Decimal
    high: Decimal
    certain: bool
    by_control: bool
    path: tuple[Holding, ...] = ()


def beneficial_owners(
    edges: Edges, parties: Mapping[str, PartyFacts], target: str, bar: Bar = QUARTER
) -> tuple[BeneficialOwner, ...]:
    """The persons who hold as much of the target in the end, shares multiplied along chains and added up; and those
    who control it, or an entity that holds as much of it (Regulation (EU) 2024/1624, articles 53 and 54).

    A share stated to be held indirectly stands for the chains below it, where they give less.
    """
    graph = compiled(edges)
    direct = Graph(each for each in graph.edges if each.direct)
    held = [_effective(direct, figures, target, stated) for figures, stated in _figures(graph, direct, target)]
    above = graph.above(target)
    people = [party_id for party_id in above if party_id != target and _is_person(parties, party_id)]
    found = (_owner(graph, party_id, target, bar, held, above) for party_id in sorted(people))
    owners = [each for each in found if each is not None]
    return tuple(sorted(owners, key=lambda owner: (-owner.high, owner.party_id)))


Shares = dict[str, tuple[Decimal, Decimal]]


def _owner(
    graph: Graph, party_id: str, target: str, bar: Bar, held: list[Shares], above: set[str]
) -> BeneficialOwner | None:
    low, high = max((each.get(party_id, (Decimal(0), Decimal(0))) for each in held), key=lambda pair: pair)
    high = max([high, *(each[party_id][1] for each in held if party_id in each)])
    surely = Reach(graph, _MAJORITY, frozenset({party_id}), surely=True)
    by_control = target in surely.owned or _passes(surely.shares(target), bar)
    certain = by_control or _passes(low, bar)
    if not certain and not _passes(high, bar):
        possibly = Reach(graph, _MAJORITY, frozenset({party_id}), surely=False)
        if target not in possibly.owned and not _passes(possibly.shares(target), bar):
            return None
    return BeneficialOwner(party_id, low, high, certain, by_control, _path(graph, party_id, target, above))


def _passes(share: Decimal, bar: Bar) -> bool:
    return share > bar.percent if bar.more else share >= bar.percent


def _figures(graph: Graph, direct: Graph, target: str) -> list[tuple[Figures, list[OwnershipEdgeFacts]]]:
    """Shares and votes, each with what is stated to be held indirectly in the target."""
    indirect = [each for each in graph.edges if each.owned_id == target and not each.direct]
    return [
        (figures, [each for each in indirect if each.interest == interest])
        for figures, interest in ((direct.shares, SHARES), (direct.votes, VOTES))
    ]


def _effective(graph: Graph, figures: Figures, target: str, stated: list[OwnershipEdgeFacts]) -> Shares:
    """Each owner's least and greatest share of the target along all chains, in percent."""
    least, most = (_Flow(graph, figures, surely=surely).reaching(target) for surely in (True, False))
    found = {owner: (_percent(least.get(owner, 0)), _percent(weight)) for owner, weight in most.items()}
    for edge in stated:
        of = figures.of.get(target, {}).get(edge.owner_id, (0, 0))
        known = found.get(edge.owner_id, (Decimal(0), Decimal(0)))
        low, high = graph.percent(of[0]) + Decimal(edge.share_min), graph.percent(of[1]) + Decimal(edge.share_max)
        found[edge.owner_id] = (min(max(known[0], low), _HUNDRED), min(max(known[1], high), _HUNDRED))
    return found


def _percent(weight: int) -> Decimal:
    share = (Decimal(weight) * 100 / _ONE).quantize(_EXACT, ROUND_HALF_EVEN)
    return min(share, _HUNDRED)


class _Flow:
    """Multiplies shares along all chains at once, from the target upward."""

    def __init__(self, graph: Graph, figures: Figures, *, surely: bool) -> None:
        self.whole, self.figures, self.surely = graph.whole, figures, surely

    def reaching(self, target: str) -> dict[str, int]:
        """What reaches each owner of one whole target: sums of products, circles summed to their limit.

        Rounded down for the least and up for the most, so that the true share lies between.
        """
        reached: dict[str, int] = defaultdict(int, {target: _ONE})
        for members in reversed(components(target, lambda owned: [owner for owner, _ in self._owners(owned)])):
            inside = set(members)
            if len(members) > 1 or members[0] in self.figures.of.get(members[0], {}):
                reached.update(self._settled({member: reached[member] for member in members}))
            for owned in members:
                for owner, share in self._owners(owned):
                    if owner not in inside:
                        reached[owner] = min(reached[owner] + self._part(reached[owned], share), _NO_LIMIT)
        del reached[target]
        return reached

    def _settled(self, base: dict[str, int]) -> dict[str, int]:
        """The weights in a circle when each has gone round as often as it takes."""
        now = base
        holdings = sum(len(self._owners(owned)) for owned in base)
        for _ in range(min(_ROUNDS, _STEPS // max(holdings, 1) + 1)):
            after = dict(base)
            for owned, weight in now.items():
                for owner, share in self._owners(owned):
                    if owner in after:
                        after[owner] = min(after[owner] + self._part(weight, share), _NO_LIMIT)
            if after == now:
                return now
            now = after
        return now if self.surely else dict.fromkeys(base, _NO_LIMIT)

    def _owners(self, owned: str) -> list[tuple[str, int]]:
        held = self.figures.of.get(owned, {}).items()
        return [(owner, pair[not self.surely]) for owner, pair in held if pair[not self.surely]]

    def _part(self, weight: int, share: int) -> int:
        down: int = weight * share // self.whole
        return down if self.surely or down * self.whole == weight * share else down + 1


def _path(graph: Graph, person: str, target: str, above: set[str]) -> tuple[Holding, ...]:
    """What leads from the person down to the target, from the person on."""
    found: list[Holding] = []
    seen, frontier = {person}, deque([person])
    while frontier:
        owner = frontier.popleft()
        for each in graph.holdings_of(owner):
            if each.owned_id in above and owner != target:
                found.append(each)
                if each.owned_id not in seen:
                    seen.add(each.owned_id)
                    frontier.append(each.owned_id)
    return tuple(found)


def _is_person(parties: Mapping[str, PartyFacts], party_id: str) -> bool:
    party = parties.get(party_id)
    return party is not None and party.kind == "person"
