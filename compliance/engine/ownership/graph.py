"""Holdings compiled once for all questions: who holds what of whom, in whole numbers of one unit."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from compliance.engine.facts import OwnershipEdgeFacts
from compliance.engine.ownership.interests import CONTROL, CONTROLS, OPEN, SHARES, VOTES

Interval = tuple[int, int]
Held = dict[str, Interval]  # by owner


class Holding(NamedTuple):
    """What one party holds directly of another, in percent between `low` and `high`."""

    owner_id: str
    owned_id: str
    low: Decimal
    high: Decimal
    interest: str = SHARES


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure (shares, or votes) of a whole graph: by entity, by owner, and the sure total in each entity."""

    of: dict[str, Held] = field(default_factory=dict)
    owns: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    sure: dict[str, int] = field(default_factory=dict)


class Graph:
    """Direct holdings with their shares as integers, `unit` to the percent; several of one pair are added up.

    A share that is held indirectly is no direct holding: somewhere between the two parties there may be a chain, so it
    reads as 0 to 100 %. So do the interests that are `OPEN`. Decimals would cost ten times as much.
    """

    def __init__(self, edges: Iterable[OwnershipEdgeFacts]) -> None:
        self.edges = tuple(edges)
        units, places = _units(self.edges)
        self.places = places
        self.unit: int = 10**places
        self.whole = whole = 100 * self.unit
        self.half = 50 * self.unit
        held: dict[str, dict[str, Held]] = {SHARES: defaultdict(dict), VOTES: defaultdict(dict)}
        controls: dict[str, dict[str, bool]] = defaultdict(dict)
        for edge in self.edges:
            owner, owned, interest = edge.owner_id, edge.owned_id, edge.interest
            low, high = (units[edge.share_min], units[edge.share_max]) if edge.direct else (0, whole)
            if interest in CONTROL:
                controls[owned][owner] = True
                continue
            if interest in OPEN:
                controls[owned].setdefault(owner, False)
                interest, low, high = SHARES, 0, high or whole
            if interest in held:
                of = held[interest][owned]
                known = of.get(owner)
                of[owner] = (low, high) if known is None else (known[0] + low, known[1] + high)
        self.shares = _figures(held[SHARES], whole)
        self.votes = _figures(held[VOTES], whole)
        self.controls: Mapping[str, Mapping[str, bool]] = controls
        self._percents: dict[int, Decimal] = {}

    @cached_property
    def controlled(self) -> dict[str, list[tuple[str, bool]]]:
        """Whom each party controls by other means, and whether that is sure."""
        found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        for owned, owners in self.controls.items():
            for owner, sure in owners.items():
                found[owner].append((owned, sure))
        return found

    def percent(self, share: int) -> Decimal:
        """The share in percent."""
        known = self._percents.get(share)
        if known is None:
            known = self._percents[share] = Decimal(share).scaleb(-self.places)
        return known

    def holding(self, owner: str, owned: str, held: Interval, interest: str = SHARES) -> Holding:
        """The holding in percent."""
        return Holding(owner, owned, self.percent(held[0]), self.percent(held[1]), interest)

    @staticmethod
    def _control(owner: str, owned: str, *, sure: bool) -> Holding:
        """Control by other means, of no figure; 0 when it is not sure."""
        return Holding(owner, owned, Decimal(0), Decimal(100 if sure else 0), CONTROLS)

    def holdings_in(self, owned: str, owners: Container[str], *, control: bool = False) -> list[Holding]:
        """What the owners hold of the entity, ordered: shares, and with `control` votes and control too."""
        found = [
            self.holding(owner, owned, held) for owner, held in self.shares.of.get(owned, {}).items() if owner in owners
        ]
        if control:
            votes, controls = self.votes.of.get(owned, {}), self.controls.get(owned, {})
            found += [self.holding(owner, owned, held, VOTES) for owner, held in votes.items() if owner in owners]
            found += [self._control(owner, owned, sure=sure) for owner, sure in controls.items() if owner in owners]
        found.sort(key=attrgetter("owner_id"))
        return found

    def owners_of(self, owned: str) -> set[str]:
        """Whoever holds or controls anything of the entity."""
        return {*self.shares.of.get(owned, ()), *self.votes.of.get(owned, ()), *self.controls.get(owned, ())}

    def above(self, target: str) -> set[str]:
        """The target and all that hold or control anything of it, at any distance."""
        seen, frontier = {target}, [target]
        while frontier:
            owners = self.owners_of(frontier.pop()) - seen
            frontier += owners
            seen |= owners
        return seen

    def holdings_of(self, owner: str) -> list[Holding]:
        """What the party holds of others, control included, ordered by what is owned."""
        found = [
            self.holding(owner, owned, (low, high), interest)
            for figures, interest in ((self.shares, SHARES), (self.votes, VOTES))
            for owned, low, high in figures.owns.get(owner, ())
            if high
        ]
        found += [self._control(owner, owned, sure=sure) for owned, sure in self.controlled.get(owner, ())]
        return sorted(found, key=lambda each: each.owned_id)

    def above_hundred(self) -> tuple[str, str, Decimal] | None:
        """The first entity, and the figure, whose sure parts make more than the whole; None when none does.

        Whole numbers are taken as they stand. A figure with decimals may have been rounded up: three thirds given as
        33.34 are no error, so that much less than a unit of the last decimal is allowed to each.
        """
        sums: dict[tuple[str, str], int] = defaultdict(int)
        slack: dict[tuple[str, str], int] = defaultdict(int)
        units, places = _units(self.edges)
        for edge in self.edges:
            if edge.interest in (SHARES, VOTES) and edge.direct:
                key = (edge.owned_id, edge.interest)
                sums[key] += units[edge.share_min]
                stated = _parsed(edge.share_min)[1]
                slack[key] += 10 ** (places - stated) if stated else 0
        for (owned, interest), total in sums.items():
            if total - slack[owned, interest] > self.whole:
                return owned, interest, self.percent(total)
        return None


def compiled(edges: "Iterable[OwnershipEdgeFacts] | Graph") -> Graph:
    """The graph of the edges."""
    return edges if isinstance(edges, Graph) else Graph(edges)


def _figures(of: dict[str, Held], whole: int) -> Figures:
    owns: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    sure = {}
    for owned, held in of.items():
        total = 0
        for owner, (low, high) in held.items():
            if high > whole:
                low, high = min(low, whole), whole
                held[owner] = (low, high)
            total += low
            owns[owner].append((owned, low, high))
        sure[owned] = total
    return Figures(of, owns, sure)


def _units(edges: Iterable[OwnershipEdgeFacts]) -> tuple[dict[str, int], int]:
    """Each share that occurs in whole units, and how many decimals a unit has: exact, however many there are."""
    parsed: dict[str, tuple[int, int]] = {}
    for edge in edges:
        for share in (edge.share_min, edge.share_max):
            if share not in parsed:
                parsed[share] = _parsed(share)
    places = max((decimals for _, decimals in parsed.values()), default=0)
    return {share: digits * 10 ** (places - decimals) for share, (digits, decimals) in parsed.items()}, places


def _parsed(share: str) -> tuple[int, int]:
    """The share's digits and how many of them are decimals that say something: none in "50.0000"."""
    ones, _, decimals = share.partition(".")
    if not (ones.isdecimal() and (decimals.isdecimal() or not decimals)):  # "1e1", "+5", ".5"
        ones, _, decimals = f"{Decimal(share):f}".partition(".")
    decimals = decimals.rstrip("0")
    return int(ones + decimals), len(decimals)
