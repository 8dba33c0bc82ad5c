"""GLEIF: who an entity is (level 1), which parent consolidates it, and why it reports none (level 2).

A consolidating parent controls; how much it holds is not told, so the share is open. An entity that reports no parent
gives a reason, and each reason means that somebody may stand above who is not known: never that nobody does.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from compliance.engine.codec import Malformed
from compliance.engine.identifiers import is_lei
from compliance.sources.ownership.told import HUNDRED, Told, ToldHolding, ToldParty, day, refuse_too_much, undisclosed

SOURCE = "GLEIF level 2"
_CONTROL, _SHARES, _CONTRACT = "otherInfluenceOrControl", "shareholding", "rightsGrantedByContract"
_DIRECT, _ULTIMATE, _BRANCH = (
    "IS_DIRECTLY_CONSOLIDATED_BY",
    "IS_ULTIMATELY_CONSOLIDATED_BY",
    "IS_INTERNATIONAL_BRANCH_OF",
)
_FUNDS = {"IS_FUND-MANAGED_BY", "IS_SUBFUND_OF", "IS_FEEDER_TO"}
_VALID = {"", "PUBLISHED", "LAPSED", "PENDING_TRANSFER", "PENDING_ARCHIVAL"}
_PERIODS = 5
_NOTHING = Decimal(0)

Row = Mapping[str, str]  # by the golden copy's column names


@dataclass(frozen=True, slots=True)
class Relation:
    """`child` is consolidated by, a branch of, or a fund of `parent`."""

    child: str
    parent: str
    kind: str
    started_on: date | None
    ended_on: date | None


class Gleif:
    """Records as they come, kept as far as they can matter; then what stands above one LEI."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.relations: dict[str, list[Relation]] = defaultdict(list)
        self.exceptions: dict[str, dict[str, None]] = defaultdict(dict)
        self.entities: dict[str, ToldParty] = {}
        self.notes: dict[str, None] = {}

    def take(self, rows: Iterable[Row], wanted: frozenset[str] | None = None) -> None:
        """Each row is kept by what it is; of entities only the wanted ones, if that is told. Raises `Malformed`."""
        for row in rows:
            if "Relationship.StartNode.NodeID" in row:
                self._relation(row)
            elif "Exception.Category" in row:
                self.exceptions[_lei(row["LEI"])].update(dict.fromkeys(_reasons(row)))
            elif wanted is None or row.get("LEI", "") in wanted:
                entity = _entity(row)
                self.entities[entity.key] = entity

    def above(self, lei: str) -> frozenset[str]:
        """The LEI and every one from which a chain of relations leads down to it."""
        seen, frontier = {lei}, [lei]
        while frontier:
            new = {each.parent for each in self.relations.get(frontier.pop(), ())} - seen
            seen |= new
            frontier += new
        return frozenset(seen)

    def told(self, lei: str) -> Told:
        """What the records say of whoever stands above the LEI. Raises `Malformed`."""
        known = self.above(lei)
        if not any(each in self.relations or each in self.exceptions for each in known) and lei not in self.entities:
            raise Malformed(f"the file says nothing about the LEI {lei}")
        parties = {each: self.entities.get(each) or _unnamed(each) for each in sorted(known)}
        holdings = [holding for each in sorted(known) for holding in self._holdings(each)]
        for each in sorted(known & set(self.exceptions)):
            reasons = list(self.exceptions[each])
            hidden = undisclosed(f"{each}:parent", _kind(reasons), " ".join(reasons))
            parties[hidden.key] = hidden
            holdings.append(ToldHolding(hidden.key, each, "unknownInterest"))
            self.notes[f"{parties[each].name} reports no parent ({', '.join(reasons)}): it stays unknown."] = None
        refuse_too_much(len(parties), len(holdings))
        return Told(SOURCE, lei, parties, tuple(holdings), False, tuple(self.notes))

    def _holdings(self, child: str) -> Iterator[ToldHolding]:
        direct = {each.parent for each in self.relations.get(child, ()) if each.kind == _DIRECT}
        for each in self.relations.get(child, ()):
            if each.kind == _BRANCH:  # a branch is its head office
                yield self._holding(each, _SHARES, HUNDRED, HUNDRED)
            elif each.kind in _FUNDS:
                yield self._holding(each, _CONTRACT, _NOTHING, _NOTHING)
            elif each.kind == _DIRECT or each.parent not in direct:
                yield self._holding(each, _CONTROL, _NOTHING, _NOTHING)
                yield self._holding(each, _SHARES, _NOTHING, HUNDRED)

    @staticmethod
    def _holding(each: Relation, interest: str, low: Decimal, high: Decimal) -> ToldHolding:
        direct = each.kind != _ULTIMATE
        return ToldHolding(each.parent, each.child, interest, low, high, direct, each.started_on, each.ended_on)

    def _relation(self, row: Row) -> None:
        if row.get("Registration.RegistrationStatus", "") not in _VALID:
            return
        kind = row.get("Relationship.RelationshipType", "")
        child, parent = (_lei(row[f"Relationship.{end}Node.NodeID"]) for end in ("Start", "End"))
        if kind not in {_DIRECT, _ULTIMATE, _BRANCH, *_FUNDS}:
            self.notes[f"Relations of the type {kind[:60] or 'none'} are not read."] = None
            return
        if child == parent:
            return
        started_on, ended_on = self._days(row, f"the relation of {child}")
        if row.get("Relationship.RelationshipStatus", "ACTIVE") != "ACTIVE" and ended_on is None:
            return  # over, and nobody says since when
        self.relations[child].append(Relation(child, parent, kind, started_on, ended_on))

    def _days(self, row: Row, what: str) -> tuple[date | None, date | None]:
        for number in range(1, _PERIODS + 1):
            if row.get(f"Relationship.Period.{number}.periodType", "") == "RELATIONSHIP_PERIOD":
                start, end = (row.get(f"Relationship.Period.{number}.{edge}Date", "") for edge in ("start", "end"))
                return day(start, f"a start in {what}", self.today), day(end, f"an end in {what}", self.today)
        return None, None


def _lei(text: Any) -> str:
    if not isinstance(text, str) or not is_lei(text):
        raise Malformed(f"{str(text)[:40]!r} is no LEI")
    return text


def _reasons(row: Row) -> list[str]:
    return [row[f"Exception.Reason.{number}"] for number in range(1, 6) if row.get(f"Exception.Reason.{number}")]


def _kind(reasons: list[str]) -> str:
    """Natural persons stand above where that alone is the reason; otherwise it may be anybody."""
    return "person" if set(reasons) <= {"NATURAL_PERSONS"} and reasons else "entity"


def _unnamed(lei: str) -> ToldParty:
    return ToldParty(lei, "entity", f"The entity with the LEI {lei}", lei=lei)


def _entity(row: Row) -> ToldParty:
    lei = _lei(row.get("LEI", ""))
    place = row.get("Entity.LegalJurisdiction", "").upper()
    names = [row.get(f"Entity.OtherEntityNames.OtherEntityName.{number}", "") for number in range(1, 6)]
    return ToldParty(
        key=lei,
        kind="entity",
        name=row.get("Entity.LegalName", "") or f"The entity with the LEI {lei}",
        country=place[:2] or row.get("Entity.LegalAddress.Country", "").upper(),
        region=place if "-" in place else "",
        headquarters_country=row.get("Entity.HeadquartersAddress.Country", "").upper(),
        registration_number=row.get("Entity.RegistrationAuthority.RegistrationAuthorityEntityID", "")[:64],
        aliases=tuple(name for name in names if name),
        lei=lei,
        entity_type=row.get("Entity.EntityCategory", "").lower()[:20],
    )
