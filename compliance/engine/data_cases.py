"""The worked cases of packs that hold no rules for the gate: figures, levels, networks, places, retention, travel.

Beside what such a pack says stands cases.toml: what is given, and what the pack answers. Each kind of pack has one
function here that answers by the very code that the product uses.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from compliance.engine.catalogue import load_catalogue
from compliance.engine.centres import load_centres
from compliance.engine.chips import classify, plain
from compliance.engine.globe import distance_km
from compliance.engine.levels import Need, load_release
from compliance.engine.retention import kept_until, load_schedule
from compliance.engine.travel import held, lacking, load_rules, refused

Given = Mapping[str, Any]
Answer = dict[str, Any]


class CasesInvalid(ValueError):
    """A file of cases cannot be read, or a case asks for what its pack does not know."""


@dataclass(frozen=True, slots=True)
class DataCase:
    """One case: what is given, and what of the answer is expected."""

    name: str
    given: Given
    expect: Given


def load_data_cases(folder: Path) -> tuple[DataCase, ...]:
    """The cases of the folder, in order. Raises `CasesInvalid`."""
    try:
        rows = tomllib.loads((folder / "cases.toml").read_text(encoding="utf-8"))["cases"]
        return tuple(DataCase(row["name"], row["given"], row["expect"]) for row in rows)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CasesInvalid(f"the cases of {folder.parent.name}/{folder.name} cannot be read: {error}") from error


def data_mismatch(folder: Path, case: DataCase) -> str:
    """What the pack answers differently from what the case expects; "" when it answers as expected."""
    got = answer(folder, case.given)
    wrong = {name: got.get(name) for name, wanted in case.expect.items() if got.get(name) != wanted}
    return f"{case.name}: {wrong}, not { {name: case.expect[name] for name in wrong} }" if wrong else ""


def answer(folder: Path, given: Given) -> Answer:
    """What the folder's pack says about what is given. Raises `CasesInvalid`."""
    pack = folder.parent.name
    if pack not in _ANSWERS:
        raise CasesInvalid(f"{pack} has no cases of this form")
    try:
        return _ANSWERS[pack](folder, given)
    except KeyError as error:
        raise CasesInvalid(f"a case of {pack} gives too little or something unknown: {error}") from error


def _accelerators(folder: Path, given: Given) -> Answer:
    """The accelerator that a driver's name means, or the class of one on a day, with the letters that bind then."""
    known = load_catalogue(folder / "accelerators.toml")
    if "device" in given:
        return {"slug": known.match_device(given["device"], given.get("pci_id", "")) or "unknown"}
    found = known.get(given["chip"])
    figures = known.figures(given["chip"], given["on"])
    told = classify(figures)
    return {
        "eccn": told.eccn,
        "controlled": told.controlled,
        "tpp": plain(told.tpp) if told.tpp is not None else "unknown",
        "density": f"{told.density:.2f}" if told.density is not None else "unknown",
        "letters": [each.id for each in found.letters if each.binds_on(given["on"])] if found else [],
        "cited": found.cited if found else False,
    }


def _identity(folder: Path, given: Given) -> Answer:
    """What a level still asks for; `has` gives the ways that are there, each with its age in days."""
    level = load_release(folder).level(given["level"], given["party_kind"])
    if level is None:
        return {"level": "unknown"}
    return {
        "unmet": [need.code for need in level.needs if not _met(need, given["has"])],
        "officers": level.officers,
        "vendor_suffices": level.vendor_suffices,
        "valid_days": level.valid_for.days,
        "grace_days": level.grace.days,
    }


def _met(need: Need, has: Mapping[str, int]) -> bool:
    ways = [f"{way.kind}:{way.name}" if way.name else way.kind for way in need.by]
    return any(way in has and (need.max_age is None or timedelta(days=has[way]) <= need.max_age) for way in ways)


def _networks(folder: Path, given: Given) -> Answer:
    """What kind of network an autonomous system is; "" for one that nobody listed."""
    rows = tomllib.loads((folder / "networks.toml").read_text(encoding="utf-8"))["networks"]
    kinds = {row["kind"] for row in rows if row["asn"] == given["asn"]}
    return {"kind": " and ".join(sorted(kinds))}


def _places(folder: Path, given: Given) -> Answer:
    """The narrowest circle for what is declared, and whether a point (degrees) lies inside it."""
    found = load_centres(folder / "places.toml").find(given["country"], given.get("region", ""), given.get("city", ""))
    if found is None:
        return {"label": "", "holds": False}
    centre = (found.latitude, found.longitude)
    inside = "point" in given and distance_km(centre, tuple(given["point"])) <= found.radius_km
    return {"label": found.label, "holds": inside}


def _retention(folder: Path, given: Given) -> Answer:
    """The day until which somebody's data is kept; `clocks` are classes with the day from which each runs, if any."""
    clocks = [(code, _noon(start)) for code, start in given["clocks"].items()]
    until = kept_until(load_schedule(folder), clocks)
    return {"kept_until": until.date() if until else "without end"}


def _noon(day: date | str) -> datetime | None:
    return datetime.combine(day, time(12), UTC) if isinstance(day, date) else None


def _travel(folder: Path, given: Given) -> Answer:
    """The rules that speak of a transfer, what they lack, and whether it is refused or waits."""
    rules = load_rules(folder).that_apply(Fraction(given["usd"]), given["wallet"])
    missing, proven = given.get("missing", []), given.get("proven", False)
    return {
        "rules": [rule.code for rule in rules],
        "lacking": list(lacking(rules, missing, proven=proven)),
        "refused": list(refused(rules, missing, proven=proven)),
        "waits": held(rules),
    }


_ANSWERS: dict[str, Callable[[Path, Given], Answer]] = {
    "accelerators": _accelerators,
    "identity": _identity,
    "networks": _networks,
    "places": _places,
    "retention": _retention,
    "travel": _travel,
}
