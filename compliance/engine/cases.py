"""The worked cases that every pack carries: facts, and what the pack must answer to them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.outcome import Outcome
from compliance.engine.packs import PackInvalid, PolicyPack


@dataclass(frozen=True, slots=True)
class PackCase:
    """One case: `reasons` are the codes expected, in any order. `beside` names the rule that it just does not trip."""

    name: str
    facts: Facts
    outcome: str
    reasons: frozenset[str]
    beside: str = ""


def load_cases(folder: Path) -> tuple[PackCase, ...]:
    """The cases of the folder's pack. Raises `PackInvalid`.

    `set` replaces members of the `base`, `alter` changes members inside them, `none` leaves members out. `base` and
    chips stand in cases.toml; more cases may stand in cases_*.toml beside it.
    """
    try:
        rows = tomllib.loads((folder / "cases.toml").read_text(encoding="utf-8"))
        more = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("cases_*.toml"))]
        cases = [*rows["cases"], *(row for file in more for row in file["cases"])]
        return tuple(_case(rows, row) for row in cases)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PackInvalid(f"the cases of {folder.name} cannot be read: {error}") from error


def mismatch(case: PackCase, pack: PolicyPack) -> str:
    """What the pack answers differently from what the case expects; "" when it answers as expected."""
    got: Outcome = decide(case.facts, pack)
    codes = frozenset(reason.code for reason in got.reasons)
    if got.outcome == case.outcome and codes == case.reasons:
        return ""
    return f"{case.name}: {got.outcome} {sorted(codes)}, not {case.outcome} {sorted(case.reasons)}"


def _case(rows: dict[str, Any], row: dict[str, Any]) -> PackCase:
    try:
        facts = _facts(rows, row)
    except ValueError as error:
        raise PackInvalid(f"{row['name']}: {error}") from error
    return PackCase(row["name"], facts, row["outcome"], frozenset(row["reasons"]), row.get("beside", ""))


def _facts(rows: dict[str, Any], row: dict[str, Any]) -> Facts:
    """The base with the case's members laid over it; `chip` names an entry of the file's table."""
    merged = {**rows["base"], **row.get("set", {})}
    for name, changes in row.get("alter", {}).items():
        merged[name] = {**merged.get(name, {}), **changes}
    for name in row.get("none", ()):
        del merged[name]
    chip = row.get("chip", rows["chip"])
    if merged["purpose"] in ("lease", "renewal"):
        figures = rows["chips"].get(chip)
        merged["chips"] = [{"slug": chip, "count": row.get("count", 2), **({"figures": figures} if figures else {})}]
    return Facts.from_json(merged)
