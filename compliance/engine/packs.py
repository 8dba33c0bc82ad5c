"""Policy packs: dated, hashed sets of rules and country tables, read from files and never changed once released.

A pack is whole in its folder. pack.toml lists its rules, or the files that hold them, and may name words that several
of its rules share; nothing is shared between packs (ADR 0056).
"""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from compliance.engine.countries import CountryTables, countries_from
from compliance.engine.outcome import ABOUT, KINDS, RENTAL, SEVERITY
from compliance.engine.releases import Altered, Manifest, folder_hash

POLICIES = Path(__file__).resolve().parent.parent / "policies"
GRIDCLEAR = POLICIES / "gridclear"


class PackInvalid(ValueError):
    """A pack's files do not make a pack."""


class NoPackInForce(LookupError):
    """No released pack covers the moment asked for; nothing may be decided without one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Days on which a rule is in force; the last day is exclusive and may be open."""

    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the day lies inside."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """One rule as the pack has it: what it is called, what it rests on, when it holds and how it is told."""

    code: str
    function: str
    label: str
    kind: str
    outcome: str
    citation: str
    source_url: str
    purposes: tuple[str, ...]
    effective: tuple[Interval, ...]
    passed: str
    renter_words: str
    next_step: str
    params: dict[str, Any] = field(default_factory=dict)
    suspension: str = ""  # the law's name, where its authority may suspend it faster than a pack is released
    about: str = ""

    def interval_on(self, day: date) -> Interval | None:
        """The interval that covers the day, if the rule is in force on it."""
        return next((interval for interval in self.effective if interval.covers(day)), None)


@dataclass(frozen=True, slots=True)
class PolicyPack:
    """A released set of rules. `label` names it in decisions and clearances.

    `binds_state`: a finding answers only for the state that its reason rested on, such as shares (ADR 0089).
    `binds_seen`: and only for what was looked at, such as this machine, this sign or this text (ADR 0117).
    """

    id: str
    version: str
    in_force_from: date
    hash: str
    rules: tuple[RulePolicy, ...]
    countries: CountryTables
    binds_state: bool = False
    binds_seen: bool = False

    @property
    def label(self) -> str:
        """`id@version`."""
        return f"{self.id}@{self.version}"


def load_pack(folder: Path) -> PolicyPack:
    """The pack that the folder holds. Raises `PackInvalid`."""
    try:
        head = _read(folder / "pack.toml")
        tables = _read(folder / "countries.toml")
        rules = tuple(_rule(row) for row in _rows(folder, head))
        pack = PolicyPack(
            id=head["id"],
            version=head["version"],
            in_force_from=head["in_force_from"],
            hash=folder_hash(folder),
            rules=rules,
            countries=countries_from(tables),
            binds_state=bool(head.get("findings_bind_state", False)),
            binds_seen=bool(head.get("findings_bind_seen", False)),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PackInvalid(f"{folder.name} is no policy pack: {error}") from error
    codes = [rule.code for rule in rules]
    if len(set(codes)) != len(codes):
        raise PackInvalid(f"{folder.name} names a rule twice")
    return pack


def load_packs(root: Path = GRIDCLEAR) -> tuple[PolicyPack, ...]:
    """Every pack below the folder that the manifest beside it names, oldest first.

    Raises `PackInvalid`, also when a released pack is not what was released.
    """
    try:
        folders = Manifest.read(root.parent).folders(root)
    except Altered as error:
        raise PackInvalid(str(error)) from error
    packs = [load_pack(folder) for folder in folders]
    return tuple(sorted(packs, key=lambda pack: (pack.in_force_from, pack.version)))


def pack_in_force(as_of: datetime, packs: tuple[PolicyPack, ...]) -> PolicyPack:
    """The newest pack in force at the moment, by its day in UTC. Raises `NoPackInForce`."""
    day = as_of.astimezone(UTC).date()
    found = [pack for pack in packs if pack.in_force_from <= day]
    if not found:
        raise NoPackInForce(f"no policy pack is in force on {day.isoformat()}")
    return found[-1]


def pack_as_of(as_of: datetime, packs: tuple[PolicyPack, ...]) -> PolicyPack:
    """The pack that speaks of the moment: the one in force, or before the first of them the first, whose rules say
    themselves since when they hold. Raises `NoPackInForce` for a day on which fewer than half of them did: what so few
    allow means nothing."""
    day = as_of.astimezone(UTC).date()
    first = next(iter(packs), None)
    if first is None or day >= first.in_force_from:
        return pack_in_force(as_of, packs)
    since = sorted(min(interval.start for interval in rule.effective) for rule in first.rules)[len(first.rules) // 2]
    if day < since:
        raise NoPackInForce(f"no pack speaks of {day.isoformat()}: most rules of {first.label} hold only from {since}")
    return first


def pack_labelled(label: str, packs: tuple[PolicyPack, ...]) -> PolicyPack:
    """The pack of that label, for a replay. Raises `NoPackInForce`."""
    for pack in packs:
        if pack.label == label:
            return pack
    raise NoPackInForce(f"the policy pack {label} is not here")


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _rows(folder: Path, head: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules in the order in which they are asked, each with the words that it names."""
    rows: list[dict[str, Any]] = []
    for each in head["rules"]:
        rows += _read(folder / each)["rules"] if isinstance(each, str) else [each]
    return [{**head["words"][row["words"]], **row} if "words" in row else row for row in rows]


def _rule(row: dict[str, Any]) -> RulePolicy:
    if row["kind"] not in KINDS or row["outcome"] not in SEVERITY or row.get("about", RENTAL) not in ABOUT:
        raise PackInvalid(f"rule {row['code']} has an unknown kind or outcome, or is about nothing known")
    return RulePolicy(
        code=row["code"],
        function=row["function"],
        label=row["label"],
        kind=row["kind"],
        outcome=row["outcome"],
        citation=row["citation"],
        source_url=row["source_url"],
        purposes=tuple(row["purposes"]),
        effective=tuple(Interval(each["from"], each.get("until")) for each in row["effective"]),
        passed=row["passed"],
        renter_words=row["renter_words"],
        next_step=row["next_step"],
        params=dict(row.get("params", {})),
        suspension=row.get("suspension", ""),
        about=row.get("about", ""),
    )
