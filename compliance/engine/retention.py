"""How long records are kept: classes as data, and the day on which a subject's last one ends. Pure."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from compliance.engine.packs import POLICIES
from compliance.engine.releases import Altered, Manifest

SUBJECT, ROWS = "subject", "rows"
KINDS = ("LAW", "POLICY")


class RetentionInvalid(ValueError):
    """The classes cannot be read: then nothing is erased."""


@dataclass(frozen=True, slots=True)
class RecordClass:
    """A class of records, kept for so many months from what `runs_from` says."""

    code: str
    what: str
    title: str
    kind: str
    months: int
    runs_from: str
    citation: str
    source_url: str

    def ends(self, start: datetime) -> datetime:
        """When records that ran from `start` are no longer kept."""
        return months_after(start, self.months)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The classes in force, by code."""

    version: str
    classes: dict[str, RecordClass]

    def of(self, what: str) -> list[RecordClass]:
        """The classes of subjects, or of rows."""
        return [each for each in self.classes.values() if each.what == what]


def months_after(start: datetime, months: int) -> datetime:
    """The same day so many months later; the month's last where it has no such day."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    for day in range(start.day, 0, -1):
        try:
            return start.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def load_schedule(folder: Path) -> Schedule:
    """The classes that the folder holds. Raises RetentionInvalid."""
    try:
        read = tomllib.loads((folder / "retention.toml").read_text(encoding="utf-8"))
        classes = {row["code"]: _class(row) for row in read["classes"]}
        if len(classes) != len(read["classes"]):
            raise RetentionInvalid("a class is there twice")
        return Schedule(f"{read['id']}@{read['version']}", classes)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise RetentionInvalid(f"{folder.name} is no retention schedule: {error}") from error


def schedule_in_force(as_of: datetime, policies: Path = POLICIES) -> Schedule:
    """The newest released or open schedule that is in force at the moment. Raises RetentionInvalid."""
    day = as_of.astimezone(UTC).date()
    try:
        folders = Manifest.read(policies).folders(policies / "retention")
    except Altered as error:
        raise RetentionInvalid(str(error)) from error
    found = [folder for folder in folders if date.fromisoformat(folder.name) <= day]
    if not found:
        raise RetentionInvalid(f"no retention schedule is in force on {day}")
    return load_schedule(found[-1])


def kept_until(schedule: Schedule, clocks: Iterable[tuple[str, datetime | None]]) -> datetime | None:
    """When the last of a subject's classes ends, of (class, start) pairs; None while one has not begun to run.

    A class that the schedule does not know never ends. Without any clock nothing is known, so nothing ends either.
    """
    ends = []
    for code, start in clocks:
        if start is None or code not in schedule.classes:
            return None
        ends.append(schedule.classes[code].ends(start))
    return max(ends, default=None)


def _class(row: dict[str, Any]) -> RecordClass:
    found = RecordClass(**row)
    if found.what not in (SUBJECT, ROWS) or found.kind not in KINDS or type(found.months) is not int:
        raise RetentionInvalid(f"the class {found.code} has an unknown kind")
    if found.months < 1:
        raise RetentionInvalid(f"the class {found.code} is kept for no time at all")
    return found
