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
    """One case: `reasons` are the codes expected, in any order."""

    name: str
    facts: Facts
    outcome: str
    reasons: frozenset[str]


def load_cases(folder: Path) -> tuple[PackCase, ...]:
    """The cases of the folder's pack; each one's `set` replaces members of the `base`. Raises `PackInvalid`.

    `base` and chips stand in cases.toml; more cases may stand in cases_*.toml beside it.
    """
    try:
        rows = tomllib.loads((folder / "cases.toml").read_text(encoding="utf-8"))
        more = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("cases_*.toml"))]
        cases = [*rows["cases"], *(row for file in more for row in file["cases"])]
        return tuple(
            PackCase(row["name"], _facts(rows, row), row["outcome"], frozenset(row["reasons"])) for row in cases
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PackInvalid(f"the cases of {folder.name} cannot be read: {error}") from error


def mismatch(case: PackCase, pack: PolicyPack) -> str:
    """What the pack answers differently from what the case expects; "" when it answers as expected."""
    got: Outcome = decide(case.facts, pack)
    codes = frozenset(reason.code for reason in got.reasons)
    if got.outcome == case.outcome and codes == case.reasons:
        return ""
    return f"{case.name}: {got.outcome} {sorted(codes)}, not {case.outcome} {sorted(case.reasons)}"


def _facts(rows: dict[str, Any], row: dict[str, Any]) -> Facts:
    """The base with the case's members laid over it; `chip` and `lists` name entries of the file's tables."""
    merged = {**rows["base"], **row.get("set", {})}
    chip = row.get("chip", rows["chip"])
    if merged["purpose"] in ("lease", "renewal"):
        figures = rows["chips"].get(chip)
        merged["chips"] = [{"slug": chip, "count": row.get("count", 2), **({"figures": figures} if figures else {})}]
    return Facts.from_json(merged)
