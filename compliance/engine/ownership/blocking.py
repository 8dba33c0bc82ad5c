"""Owned or controlled by listed parties: one fixpoint, asked by the tests of OFAC, BIS, the EU and the UK.

Shares of blocked owners are added up and never multiplied; whoever is so owned is a blocked owner in turn. The fixpoint
runs twice: on the least that each share may be, which proves YES, and on the most, which proves NO.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from compliance.engine.facts import OwnershipEdgeFacts
from compliance.engine.ownership.graph import Figures, Graph, Holding, compiled
from compliance.engine.ownership.interests import CONTROLS

YES, NO, UNRESOLVED = "YES", "NO", "UNRESOLVED"

Edges = Iterable[OwnershipEdgeFacts] | Graph
Seeds = frozenset[str]


@dataclass(frozen=True, slots=True)
class Bar:
    """A share in percent that must be reached, or with `more` be exceeded."""

    percent: Decimal = Decimal(50)
    more: bool = False

    def least(self, unit: int) -> int:
        """The least share that passes, in units."""
        bar = self.percent * unit
        return floor(bar) + 1 if self.more else ceil(bar)


@dataclass(frozen=True, slots=True)
class BlockingTest:
    """How an authority tells that listed parties stand behind an entity.

    `aggregate`: the holdings of all listed parties count together, not each one's with what it owns.
    """

    shares: Bar = Bar()
    votes: Bar | None = None
    control: bool = False
    aggregate: bool = True


_MORE = Bar(more=True)
# OFAC: 50 percent or more, added up, directly held; control is not ownership (guidance of 2014-08-13, FAQ 398 to 402).
OFAC = BlockingTest()
# BIS: the same count, of owners on the Entity List, the MEU List and SDNs of 15 CFR 744.8(a)(1) (90 FR 47201).
BIS = BlockingTest()
# EU: 50 percent or more of the proprietary rights since 2024-07-03 (Council 11623/24), more than 50 percent before
# (Council 8519/18), added up; or control, of which a majority of the votes is one case (C-84/24, EM System).
EU = BlockingTest(votes=_MORE, control=True)
EU_BEFORE_2024 = BlockingTest(shares=_MORE, votes=_MORE, control=True)
# UK: more than 50 percent of shares or votes, or control, of one listed person with what it owns or controls; holdings
# of several are not added up unless they act jointly (SI 2019/855, regulation 7; OFSI, general guidance, part 4).
UK = BlockingTest(shares=_MORE, votes=_MORE, control=True, aggregate=False)
TESTS = {"ofac": OFAC, "bis": BIS, "eu": EU, "eu_before_2024": EU_BEFORE_2024, "uk": UK}


@dataclass(frozen=True, slots=True)
class OwnershipAnswer:
    """Whether listed parties own or control the party; `path` holds the holdings that decide it, from the top down."""

    answer: str  # YES | NO | UNRESOLVED
    low: Decimal
    high: Decimal
    path: tuple[Holding, ...]


class Fixpoint:
    """Who is owned or controlled by the seeds, surely (`yes`) or possibly (`unresolved`); the proof on demand.

    A seed stands in `yes` only when it is owned as well: being listed is no answer to the question who owns it.
    `together` names seeds that act jointly: without it, a test that does not aggregate looks at each seed alone.
    """

    def __init__(
        self,
        edges: Edges,
        seeds: Collection[str],
        test: BlockingTest = OFAC,
        together: Collection[Collection[str]] = (),
    ) -> None:
        self.graph = compiled(edges)
        groups = tuple(_groups(frozenset(seeds), test, together))
        self._runs = [
            (Reach(self.graph, test, roots, surely=True), Reach(self.graph, test, roots, surely=False))
            for roots in groups
        ]
        self.yes = frozenset[str]().union(*(surely.owned for surely, _ in self._runs))
        self.unresolved = frozenset[str]().union(*(possibly.owned for _, possibly in self._runs)) - self.yes

    def answer(self, target: str, *, whole: bool = True) -> OwnershipAnswer:
        """The answer about the target; the path is its last step only when not `whole`."""
        found = [_answer(surely, possibly, target, whole=whole) for surely, possibly in self._runs]
        return max(found, key=_weight, default=OwnershipAnswer(NO, Decimal(0), Decimal(0), ()))


def owned_by(
    edges: Edges,
    seeds: Collection[str],
    target: str,
    test: BlockingTest = OFAC,
    together: Collection[Collection[str]] = (),
) -> OwnershipAnswer:
    """Whether the seeds, with all that they own, own the target by the test. See `Fixpoint`."""
    return Fixpoint(edges, seeds, test, together).answer(target)


def _groups(seeds: Seeds, test: BlockingTest, together: Collection[Collection[str]]) -> Iterator[Seeds]:
    """Whose holdings count together."""
    if test.aggregate:
        yield seeds
        return
    yield from (frozenset({seed}) for seed in sorted(seeds))
    yield from (seeds & frozenset(group) for group in together)


def _weight(answer: OwnershipAnswer) -> tuple[int, Decimal, Decimal]:
    return (NO, UNRESOLVED, YES).index(answer.answer), answer.low, answer.high


def _answer(surely: "Reach", possibly: "Reach", target: str, *, whole: bool) -> OwnershipAnswer:
    answer = YES if target in surely.owned else UNRESOLVED if target in possibly.owned else NO
    reach = surely if answer == YES else possibly
    path = reach.path(target) if whole else tuple(reach.last_step(target))
    return OwnershipAnswer(answer, surely.shares(target), possibly.shares(target), path)


class Reach:
    """The parties that the roots own, surely or possibly: a least fixpoint in one walk over the holdings.

    Each entity keeps a running sum of what blocked owners hold of it, so that every holding is looked at once.
    """

    def __init__(self, graph: Graph, test: BlockingTest, roots: Seeds, *, surely: bool) -> None:
        self.graph, self.test, self.roots, self.surely = graph, test, roots, surely
        self.blocked = set(roots)  # the roots and all that they own
        self.owned: set[str] = set()  # a root only when it is owned as well
        self._steps: dict[str, list[Holding]] = {}
        self.sums = _Sums(graph.shares, test.shares.least(graph.unit), graph.whole, surely=surely)
        figures = [self.sums]
        if test.votes:
            figures.append(_Sums(graph.votes, test.votes.least(graph.unit), graph.whole, surely=surely))
        added = list(roots)
        while added:
            owner = added.pop()
            reached = [owned for each in figures for owned in each.counting(owner)]
            if test.control:
                reached += [owned for owned, sure in graph.controlled.get(owner, ()) if sure or not surely]
            for owned in reached:
                self.owned.add(owned)
                if owned not in self.blocked:
                    self.blocked.add(owned)
                    added.append(owned)

    def shares(self, target: str) -> Decimal:
        """The share of the target that the blocked owners hold, at least or at most, in percent."""
        return self.graph.percent(min(self.sums.total(target), self.graph.whole))

    def last_step(self, target: str) -> list[Holding]:
        """What blocked owners hold of the target itself."""
        known = self._steps.get(target)
        if known is None:
            held = self.graph.holdings_in(target, self.blocked, control=self.test.control)
            known = [each for each in held if each.interest == CONTROLS or (each.high and each.owner_id != target)]
            self._steps[target] = known
        return known

    def path(self, target: str) -> tuple[Holding, ...]:
        """The holdings of blocked owners above the target, from the roots downward."""
        found: list[Holding] = []
        seen, frontier = {target}, deque([target])
        while frontier:
            for each in self.last_step(frontier.popleft()):
                found.append(each)
                if each.owner_id not in seen and each.owner_id not in self.roots:
                    seen.add(each.owner_id)
                    frontier.append(each.owner_id)
        return tuple(reversed(found))


class _Sums:
    """What blocked owners hold of each entity, by one figure, as they become known."""

    def __init__(self, figures: Figures, least: int, whole: int, *, surely: bool) -> None:
        self.figures, self.least, self.whole, self.surely = figures, least, whole, surely
        self.sure: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def counting(self, owner: str) -> list[str]:
        """The entities that reach the bar, now that the owner's holdings count."""
        sure, most, least = self.sure, self.most, self.least
        reached = []
        for owned, low, high in self.figures.owns.get(owner, ()):
            if owned == owner:  # its own shares never make it owned
                continue
            total = sure[owned] = sure.get(owned, 0) + low
            if not self.surely:
                most[owned] = most.get(owned, 0) + high
                total = self.total(owned)
            if total >= least:
                reached.append(owned)
        return reached

    def total(self, owned: str) -> int:
        """What is counted; at most what the sure shares of all others leave."""
        sure = self.sure.get(owned, 0)
        if self.surely:
            return sure
        left = self.whole - (self.figures.sure.get(owned, 0) - sure)
        return max(min(self.most.get(owned, 0), left), sure)
