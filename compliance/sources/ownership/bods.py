"""Beneficial Ownership Data Standard 0.4: statements about entities, persons and relationships.

A record's later statements replace its earlier ones, and the replaced shares are kept as holdings that are over, so
that ownership can be read as of a day. A person's nationality is never read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from compliance.engine.codec import Malformed
from compliance.sources.ownership.bods_parties import party_of, reason_of, text_of
from compliance.sources.ownership.bods_shares import Stake, stakes_of
from compliance.sources.ownership.told import Told, ToldHolding, ToldParty, day, refuse_too_much, undisclosed

VERSION = "0.4"
_TYPES = ("entity", "person", "relationship")
_STATES = ("new", "updated", "closed")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, checked as far as its frame goes."""

    number: int
    record: str
    kind: str
    state: str
    at: str  # as written; ISO 8601 sorts as text
    on: date
    details: Mapping[str, Any]
    subject: str
    publisher: str

    @property
    def where(self) -> str:
        """How an error names it."""
        return f"statement {self.number} (record {self.record[:40]})"


def read_bods(rows: list[Any], today: date, subject: str = "") -> Told:
    """What the statements say. `subject` picks the entity asked about when they speak of several.

    Raises `Malformed`, naming the statement.
    """
    records = _records(rows, today)
    kinds = {record: statements[0].kind for record, statements in records.items()}
    parties = {
        record: party_of(record, kinds[record], _described(statements))
        for record, statements in records.items()
        if kinds[record] != "relationship"
    }
    about = _subject(records, parties, subject)
    notes: list[str] = []
    holdings: list[ToldHolding] = []
    for record, statements in records.items():
        if kinds[record] == "relationship":
            holdings += _Relationship(statements, parties, notes, today).holdings()
    refuse_too_much(len(parties), len(holdings))
    publishers = sorted({each.publisher for statements in records.values() for each in statements if each.publisher})
    source = f"BODS {VERSION}: {', '.join(publishers) or 'publisher not named'}"
    return Told(source[:200], about, parties, tuple(holdings), True, tuple(dict.fromkeys(notes)))


def _described(statements: list[Statement]) -> dict[str, Any]:
    """The record's latest details; what a later statement withholds, such as a birth date, stays as it was told."""
    return {key: value for each in statements for key, value in each.details.items()}


def _records(rows: list[Any], today: date) -> dict[str, list[Statement]]:
    """The statements of each record, the latest last."""
    seen: set[str] = set()
    records: dict[str, list[Statement]] = {}
    for number, row in enumerate(rows, 1):
        statement = _statement(number, row, today)
        own = str(row["statementId"])
        if own in seen:
            raise Malformed(f"the statement {own[:80]} stands twice")
        seen.add(own)
        records.setdefault(statement.record, []).append(statement)
    if not records:
        raise Malformed("the file holds no statements")
    for record, statements in records.items():
        if len({each.kind for each in statements}) > 1:
            raise Malformed(f"the record {record[:80]} is of two types")
        statements.sort(key=lambda each: (each.at, each.number))
    return records


def _statement(number: int, row: Any, today: date) -> Statement:
    if not isinstance(row, dict):
        raise Malformed(f"statement {number} is no object")
    texts = {key: row.get(key) for key in ("statementId", "recordId", "recordType", "recordStatus", "statementDate")}
    lacking = [key for key, value in texts.items() if not isinstance(value, str) or not value]
    if lacking:
        raise Malformed(f"statement {number} has no {lacking[0]}; only BODS {VERSION} is read")
    publication = row.get("publicationDetails")
    version = publication.get("bodsVersion") if isinstance(publication, dict) else None
    if not str(version or VERSION).startswith(VERSION):
        raise Malformed(f"statement {number} is of BODS {str(version)[:10]}; only BODS {VERSION} is read")
    if texts["recordType"] not in _TYPES or texts["recordStatus"] not in _STATES:
        raise Malformed(f"statement {number} has a recordType or recordStatus that BODS {VERSION} does not know")
    details = row.get("recordDetails")
    if not isinstance(details, dict):
        raise Malformed(f"statement {number} has no recordDetails")
    on = day(texts["statementDate"], f"statementDate of statement {number}", today)
    publisher = publication.get("publisher") if isinstance(publication, dict) else None
    return Statement(
        number=number,
        record=str(texts["recordId"]),
        kind=str(texts["recordType"]),
        state=str(texts["recordStatus"]),
        at=str(texts["statementDate"]),
        on=on or today,
        details=details,
        subject=str(row.get("declarationSubject") or ""),
        publisher=text_of(publisher, "name"),
    )


def _subject(records: Mapping[str, list[Statement]], parties: Mapping[str, ToldParty], wanted: str) -> str:
    entities = {key for key, party in parties.items() if party.kind == "entity"}
    if wanted:
        if wanted not in entities:
            raise Malformed(f"the file describes no entity {wanted[:80]}")
        return wanted
    told = {each.subject for statements in records.values() for each in statements if each.subject in entities}
    if len(told) != 1 and len(entities) != 1:
        names = ", ".join(sorted(told or entities)[:5])
        raise Malformed(f"the file is about several entities; say which one: {names}")
    return next(iter(told if len(told) == 1 else entities))


class _Relationship:
    """The holdings that one relationship record tells of, statement by statement."""

    def __init__(
        self, statements: list[Statement], parties: dict[str, ToldParty], notes: list[str], today: date
    ) -> None:
        self.statements, self.parties, self.notes, self.today = statements, parties, notes, today
        self.found: list[ToldHolding] = []
        self.open: dict[tuple[str, bool], Stake] = {}

    def holdings(self) -> list[ToldHolding]:
        """Those that are over and those that are not."""
        last = self.statements[-1]
        owned = self._owned(last)
        owner = self._owner(last)
        if not owned or not owner:
            return []
        if owner == owned:
            self.notes.append(f"What {self.parties[owner].name} holds of itself is not kept.")
            return []
        for statement in self.statements:
            self._take(statement, owner, owned)
        self.found += [self._holding(owner, owned, key, stake, None) for key, stake in self.open.items()]
        return self.found

    def _take(self, statement: Statement, owner: str, owned: str) -> None:
        stakes = stakes_of(statement.details, statement.where, self.today)
        if statement.state == "closed":
            stakes = {key: stake for key, stake in stakes.items() if key in self.open and stake.ended_on}
        for key, stake in list(self.open.items()):
            new = stakes.get(key)
            if new is None or statement.state == "closed":
                self._close(owner, owned, key, stake, new.ended_on if new and new.ended_on else statement.on)
            elif new.ended_on is not None and (new.low, new.high) == (stake.low, stake.high):
                self._close(owner, owned, key, stake, stakes.pop(key).ended_on or statement.on)
            elif not new.same_as(stake):
                later = new.started_on is not None and new.started_on > (stake.started_on or date.min)
                turned = new.started_on if later and new.started_on else statement.on
                self._close(owner, owned, key, stake, turned)
                stakes[key] = new.starting(turned)
        if statement.state == "closed":
            return
        for key, stake in stakes.items():
            if stake.ended_on is not None:
                self.open[key] = stake
                self._close(owner, owned, key, stake, stake.ended_on)
            else:
                self.open.setdefault(key, stake)

    def _close(self, owner: str, owned: str, key: tuple[str, bool], stake: Stake, on: date) -> None:
        del self.open[key]
        self.found.append(self._holding(owner, owned, key, stake, max(on, stake.started_on or on)))

    def _holding(
        self, owner: str, owned: str, key: tuple[str, bool], stake: Stake, ended_on: date | None
    ) -> ToldHolding:
        interest, direct = key
        return ToldHolding(owner, owned, interest, stake.low, stake.high, direct, stake.started_on, ended_on)

    def _owned(self, statement: Statement) -> str:
        told = statement.details.get("subject")
        if isinstance(told, str) and told in self.parties:
            if self.parties[told].kind != "entity":
                raise Malformed(f"{statement.where} says that a person is owned")
            return told
        self.notes.append(f"Of whom {statement.where} tells the owners is not said; it was left out.")
        return ""

    def _owner(self, statement: Statement) -> str:
        told = statement.details.get("interestedParty")
        if isinstance(told, str):
            if told not in self.parties:
                self.parties[told] = undisclosed(told, "entity", "informationUnknownToPublisher")
                self.notes.append(f"The holder in {statement.where} is not described in the file.")
            return told
        if not isinstance(told, dict):
            raise Malformed(f"{statement.where} has no interestedParty")
        key = f"unspecified:{statement.record}"
        self.parties[key] = undisclosed(key, "entity", reason_of(told) or "unknown")
        if text_of(told, "description"):
            self.notes.append(f"Who holds in {statement.where} is not told: {text_of(told, 'description')[:200]}")
        return key
