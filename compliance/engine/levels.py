"""Levels of identity verification: what each asks for, how long it lasts, who decides. Dated data, as the packs are."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from compliance.engine.releases import Altered, Manifest, folder_hash

PLAIN_WAYS = ("vendor", "domain", "owners")
WAYS_WITH_A_NAME = ("fact", "document")


class LevelsInvalid(ValueError):
    """A folder's file does not say what the levels ask for, or no folder is in force."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to meet a need: `fact` of a column, `document` of a kind, `vendor`, `domain`, `owners`."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a level asks for; any one of its ways will do."""

    code: str
    label: str
    by: tuple[Way, ...]
    source: str
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A level for one kind of party. `officers` is how many have to agree; spans are whole days."""

    code: str
    party_kind: str
    title: str
    needs: tuple[Need, ...]
    valid_for: timedelta
    remind_days: tuple[int, ...]
    grace: timedelta
    officers: int
    vendor_suffices: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """All levels of one release; `label` names it in verifications."""

    version: str
    in_force_from: date
    hash: str
    levels: tuple[Level, ...]

    @property
    def label(self) -> str:
        """`identity@version`."""
        return f"identity@{self.version}"

    def level(self, code: str, party_kind: str) -> Level | None:
        """The level for that kind of party, if there is one."""
        return next((each for each in self.levels if (each.code, each.party_kind) == (code, party_kind)), None)


def load_levels(root: Path) -> tuple[Levels, ...]:
    """Every release below the folder that the manifest beside it names, oldest first. Raises `LevelsInvalid`."""
    try:
        folders = Manifest.read(root.parent).folders(root)
    except Altered as error:
        raise LevelsInvalid(str(error)) from error
    return tuple(
        sorted((load_release(folder) for folder in folders), key=lambda each: (each.in_force_from, each.version))
    )


def levels_in_force(as_of: datetime, releases: tuple[Levels, ...]) -> Levels:
    """The newest release in force at the moment, by its day in UTC; before the first, the first.

    Raises `LevelsInvalid` when there is none at all.
    """
    if not releases:
        raise LevelsInvalid("there are no levels of identity verification")
    day = as_of.astimezone(UTC).date()
    return next((each for each in reversed(releases) if each.in_force_from <= day), releases[0])


def load_release(folder: Path) -> Levels:
    """The levels that the folder holds. Raises `LevelsInvalid`."""
    try:
        rows = tomllib.loads((folder / "levels.toml").read_text(encoding="utf-8"))
        made: dict[tuple[str, str], Level] = {}
        for row in rows["levels"]:
            level = _level(row, made)
            made[level.code, level.party_kind] = level
        return Levels(rows["version"], rows["in_force_from"], folder_hash(folder), tuple(made.values()))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise LevelsInvalid(f"{folder.name}/levels.toml holds no levels: {error}") from error


def _level(row: dict[str, Any], known: dict[tuple[str, str], Level]) -> Level:
    below = known[row["builds_on"], row["party_kind"]].needs if "builds_on" in row else ()
    needs = below + tuple(_need(each) for each in row["needs"])
    if len({need.code for need in needs}) != len(needs):
        raise ValueError(f"{row['code']} names a need twice")
    if row["officers"] not in (1, 2) or (row["code"], row["party_kind"]) in known:
        raise ValueError(f"{row['code']} stands twice, or not one or two officers decide")
    return Level(
        code=row["code"],
        party_kind=row["party_kind"],
        title=row["title"],
        needs=needs,
        valid_for=timedelta(days=row["valid_days"]),
        remind_days=tuple(sorted(row["remind_days"], reverse=True)),
        grace=timedelta(days=row["grace_days"]),
        officers=row["officers"],
        vendor_suffices=row["vendor_suffices"],
    )


def _need(row: dict[str, Any]) -> Need:
    age = row.get("max_age_days")
    by = tuple(_way(each) for each in row["by"])
    if not by:
        raise ValueError(f"{row['code']} can be met in no way")
    return Need(row["code"], row["label"], by, row["source"], None if age is None else timedelta(days=age))


def _way(text: str) -> Way:
    kind, _, name = text.partition(":")
    if (kind in WAYS_WITH_A_NAME) != bool(name) or kind not in (*PLAIN_WAYS, *WAYS_WITH_A_NAME):
        raise ValueError(f"“{text}” is no way to meet a need")
    return Way(kind, name)
