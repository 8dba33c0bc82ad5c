"""Who owns whom: blocked by ownership (a fixpoint), beneficial owners (a product), the ultimate parent (a chain)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from compliance.engine.facts import OwnershipEdgeFacts, PartyFacts

YES, NO, UNRESOLVED = "YES", "NO", "UNRESOLVED"
HUNDRED = Decimal(100)
SHARES = "shareholding"
CONTROLS = "otherInfluenceOrControl"
_ROUNDS = 200  # circles of holdings shrink geometrically; a circle of 100 % holdings does not end by itself
_TINY = Decimal("0.000001")
WHOLE_PATHS = 1000


@dataclass(frozen=True, slots=True)
class Holding:
    """A directly held share in percent, between `low` and `high`."""

    owner_id: str
    owned_id: str
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class OwnershipAnswer:
    """Whether the party is owned to the threshold by the seeds; `path` holds the holdings that decide it."""

    answer: str  # YES | NO | UNRESOLVED
    low: Decimal
    high: Decimal
    path: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class BeneficialOwner:
    """A person who ends up with `low` to `high` percent; `certain` when even `low` reaches the threshold."""

    party_id: str
    low: Decimal
    high: Decimal
    certain: bool
    by_control: bool


@dataclass(frozen=True, slots=True)
class Parents:
    """The entities at the top of the chains of control, the party itself when nobody controls it.

    `open_at` names the parties whose owners are not known well enough to say whether somebody stands above them.
    """

    ultimate: tuple[str, ...]
    chain: tuple[Holding, ...]
    open_at: tuple[str, ...]


def holdings(edges: Iterable[OwnershipEdgeFacts], interests: Collection[str] = (SHARES,)) -> tuple[Holding, ...]:
    """One holding for each owner and owned, the interests given added up, ordered by ids."""
    low: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    high: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for edge in edges:
        if edge.interest in interests and edge.owner_id != edge.owned_id:
            low[edge.owner_id, edge.owned_id] += Decimal(edge.share_min)
            high[edge.owner_id, edge.owned_id] += Decimal(edge.share_max)
    return tuple(Holding(*pair, min(low[pair], HUNDRED), min(high[pair], HUNDRED)) for pair in sorted(low))


def owned_by(
    edges: Iterable[OwnershipEdgeFacts], seeds: Collection[str], target: str, threshold: Decimal = Decimal(50)
) -> OwnershipAnswer:
    """Whether seeds, with all that they own to the threshold, together hold that much of the target directly.

    OFAC's 50 percent rule (guidance of 2014-08-13; FAQ 398 to 402): shares of all blocked owners are added up, an
    entity so owned is itself a blocked owner, and nothing is multiplied. Control is not ownership (FAQ 398).
    """
    below = _by_owned(holdings(edges))
    surely = _closure(below, frozenset(seeds), threshold, surely=True)
    possibly = _closure(below, frozenset(seeds), threshold, surely=False)
    low = _total(below.get(target, ()), surely, surely=True)
    high = _total(below.get(target, ()), possibly, surely=False)
    if low >= threshold:
        return OwnershipAnswer(YES, low, high, _path(below, surely, frozenset(seeds), target))
    answer = UNRESOLVED if high >= threshold else NO
    return OwnershipAnswer(answer, low, high, _path(below, possibly, frozenset(seeds), target))


def owned_by_all(
    edges: Iterable[OwnershipEdgeFacts], seeds: Collection[str], threshold: Decimal = Decimal(50)
) -> dict[str, OwnershipAnswer]:
    """What `owned_by` answers about each entity that anybody owns, found together.

    In graphs of more than `WHOLE_PATHS` holdings a path is the last step only, the holdings of blocked owners in the
    entity itself: their own answers prove the rest, and whole paths would grow with the square of the graph.
    """
    roots = frozenset(seeds)
    below = _by_owned(holdings(edges))
    surely = _closure(below, roots, threshold, surely=True)
    possibly = _closure(below, roots, threshold, surely=False)
    whole = sum(map(len, below.values())) <= WHOLE_PATHS
    found = {}
    for owned, held in below.items():
        low, high = _total(held, surely, surely=True), _total(held, possibly, surely=False)
        answer = YES if low >= threshold else UNRESOLVED if high >= threshold else NO
        blocked = surely if answer == YES else possibly
        path = (
            _path(below, blocked, roots, owned)
            if whole
            else tuple(each for each in held if each.owner_id in blocked and each.high > 0)
        )
        found[owned] = OwnershipAnswer(answer, low, high, path)
    return found


def beneficial_owners(
    edges: Iterable[OwnershipEdgeFacts],
    parties: Mapping[str, PartyFacts],
    target: str,
    threshold: Decimal = Decimal(25),
) -> tuple[BeneficialOwner, ...]:
    """The persons who hold the threshold of the target in the end, shares multiplied along chains and added up;
    and those who control it directly by other means (31 CFR 1010.230; FATF recommendation 24)."""
    all_edges = tuple(edges)
    held = holdings(all_edges)
    low, high = _effective(held, target, surely=True), _effective(held, target, surely=False)
    controllers = {edge.owner_id for edge in all_edges if edge.owned_id == target and edge.interest == CONTROLS}
    people = [party_id for party_id in sorted({*high, *controllers}) if _is_person(parties, party_id)]
    owners = [
        BeneficialOwner(
            party_id,
            low.get(party_id, Decimal(0)),
            high.get(party_id, Decimal(0)),
            low.get(party_id, Decimal(0)) >= threshold,
            party_id in controllers,
        )
        for party_id in people
        if party_id in controllers or high.get(party_id, Decimal(0)) >= threshold
    ]
    return tuple(sorted(owners, key=lambda owner: (-owner.high, owner.party_id)))


def ultimate_parents(edges: Iterable[OwnershipEdgeFacts], parties: Mapping[str, PartyFacts], target: str) -> Parents:
    """The entities that stand at the top of the target's chains of majority control.

    A holding of more than half of the shares or votes, or control by other means, makes a parent. A person is never a
    parent: persons have no headquarters.
    """
    above = _by_owned(_controlling(edges))
    ultimate: list[str] = []
    chain: list[Holding] = []
    open_at: list[str] = []
    seen, frontier = {target}, [target]
    while frontier:
        party_id = frontier.pop(0)
        held = above.get(party_id, ())
        parents = [each for each in held if each.low > 50 and not _is_person(parties, each.owner_id)]
        if not parents:
            ultimate.append(party_id)
        if _is_open(held, parties.get(party_id)):
            open_at.append(party_id)
        for each in parents:
            chain.append(each)
            if each.owner_id not in seen:
                seen.add(each.owner_id)
                frontier.append(each.owner_id)
    if not ultimate:  # a circle of companies that own each other has no top
        open_at.append(target)
    return Parents(tuple(sorted(ultimate)), tuple(chain), tuple(sorted(set(open_at))))


def describe(path: Iterable[Holding], names: Mapping[str, str], marks: Mapping[str, str] | None = None) -> list[str]:
    """The path in sentences, with names: "Nordwind (listed) holds 30 % of Aster Pte Ltd"."""
    marks = marks or {}

    def called(party_id: str) -> str:
        name = names.get(party_id, party_id)
        return f"{name} ({marks[party_id]})" if party_id in marks else name

    return [f"{called(each.owner_id)} holds {percent(each.low, each.high)} of {called(each.owned_id)}" for each in path]


def percent(low: Decimal, high: Decimal) -> str:
    """ "30 %" or "20 to 40 %"."""
    first, last = _short(low), _short(high)
    return f"{first} %" if first == last else f"{first} to {last} %"


def _short(value: Decimal) -> str:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return text or "0"


def _by_owned(held: Iterable[Holding]) -> dict[str, tuple[Holding, ...]]:
    found: dict[str, list[Holding]] = defaultdict(list)
    for each in held:
        found[each.owned_id].append(each)
    return {owned: tuple(each) for owned, each in found.items()}


def _total(held: Iterable[Holding], owners: Collection[str], *, surely: bool) -> Decimal:
    """The share of the owners taken together. At most what the sure shares of all others leave."""
    mine = sum((each.low if surely else each.high for each in held if each.owner_id in owners), Decimal(0))
    others = sum((each.low for each in held if each.owner_id not in owners), Decimal(0))
    return min(mine, HUNDRED) if surely else max(min(mine, HUNDRED - others), Decimal(0))


def _closure(
    below: Mapping[str, tuple[Holding, ...]], seeds: frozenset[str], threshold: Decimal, *, surely: bool
) -> frozenset[str]:
    """The seeds and all that they own to the threshold; an entity is asked again only when an owner of it was added."""
    owns: dict[str, list[str]] = defaultdict(list)
    for owned, held in below.items():
        for each in held:
            owns[each.owner_id].append(owned)
    blocked, added = set(seeds), list(seeds)
    while added:
        for owned in owns.get(added.pop(), ()):
            if owned not in blocked and _total(below[owned], blocked, surely=surely) >= threshold:
                blocked.add(owned)
                added.append(owned)
    return frozenset(blocked)


def _path(
    below: Mapping[str, tuple[Holding, ...]], blocked: frozenset[str], seeds: frozenset[str], target: str
) -> tuple[Holding, ...]:
    """The holdings of blocked owners above the target, from the seeds downward."""
    found: list[Holding] = []
    seen, frontier = {target}, [target]
    while frontier:
        owned = frontier.pop(0)
        for each in below.get(owned, ()):
            if each.owner_id not in blocked or each.high == 0:
                continue
            found.append(each)
            if each.owner_id not in seen and each.owner_id not in seeds:
                seen.add(each.owner_id)
                frontier.append(each.owner_id)
    return tuple(reversed(found))


def _effective(held: tuple[Holding, ...], target: str, *, surely: bool) -> dict[str, Decimal]:
    """Each owner's share of the target along all chains: the sum of products, circles summed to their limit."""
    above = _by_owned(held)
    reached: dict[str, Decimal] = defaultdict(Decimal)
    wave = {target: Decimal(1)}
    for _ in range(_ROUNDS):
        following: dict[str, Decimal] = defaultdict(Decimal)
        for owned, weight in wave.items():
            for each in above.get(owned, ()):
                share = weight * (each.low if surely else each.high) / HUNDRED
                if share > _TINY:
                    following[each.owner_id] += share
        for owner, share in following.items():
            reached[owner] += share
        if not following:
            break
        wave = following
    return {owner: min(share * HUNDRED, HUNDRED) for owner, share in reached.items()}


def _controlling(edges: Iterable[OwnershipEdgeFacts]) -> tuple[Holding, ...]:
    """For each pair the greater of shares and votes; control by other means counts as all."""
    all_edges = tuple(edges)
    greatest: dict[tuple[str, str], Holding] = {}
    for interests in ((SHARES,), ("votingRights",)):
        for each in holdings(all_edges, interests):
            pair = (each.owner_id, each.owned_id)
            known = greatest.get(pair, each)
            greatest[pair] = Holding(*pair, max(known.low, each.low), max(known.high, each.high))
    for edge in all_edges:
        if edge.interest == CONTROLS:
            greatest[edge.owner_id, edge.owned_id] = Holding(edge.owner_id, edge.owned_id, HUNDRED, HUNDRED)
    return tuple(greatest[pair] for pair in sorted(greatest))


def _is_open(held: tuple[Holding, ...], party: PartyFacts | None) -> bool:
    """Whether a parent may stand above the party that is not known."""
    if party is not None and party.kind == "person":
        return False
    if any(each.low > 50 for each in held):
        return False
    if any(each.high > 50 for each in held):
        return True
    complete = party is not None and party.ownership_complete
    return not complete and sum((each.low for each in held), Decimal(0)) < 50


def _is_person(parties: Mapping[str, PartyFacts], party_id: str) -> bool:
    party = parties.get(party_id)
    return party is not None and party.kind == "person"
