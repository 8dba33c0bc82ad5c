"""What the decision component shows, made from a stored Decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KINDS = {
    "LAW": ("Law", "frozen", "law"),
    "RED_FLAG": ("Red flag", "waiting", "flag"),
    "POLICY": ("Policy", "neutral", "policy"),
}
RESULTS = {
    "pass": ("passed", "allowed", "check"),
    "review": ("needs a person", "waiting", "clock"),
    "fail": ("not passed", "refused", "cross"),
    "skipped": ("not needed", "neutral", "ring"),
}
TITLES = {"ALLOW": "Cleared", "REVIEW": "A person looks at this first", "DENY": "Not possible"}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check with its tick or cross."""

    name: str
    result: str
    detail: str = ""

    @property
    def word(self) -> str:
        """The result for a screen reader."""
        return RESULTS.get(self.result, RESULTS["skipped"])[0]

    @property
    def tone(self) -> str:
        """The tone of the result."""
        return RESULTS.get(self.result, RESULTS["skipped"])[1]

    @property
    def icon(self) -> str:
        """The icon of the result."""
        return RESULTS.get(self.result, RESULTS["skipped"])[2]


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason in a plain sentence, with its kind, its citation and its dates."""

    text: str
    kind: str
    code: str = ""
    citation: str = ""
    url: str = ""
    effective: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def kind_word(self) -> str:
        """Law, red flag or policy."""
        return KINDS.get(self.kind, KINDS["POLICY"])[0]

    @property
    def tone(self) -> str:
        """The tone of the kind."""
        return KINDS.get(self.kind, KINDS["POLICY"])[1]

    @property
    def icon(self) -> str:
        """The icon of the kind."""
        return KINDS.get(self.kind, KINDS["POLICY"])[2]


@dataclass(frozen=True, slots=True)
class DecisionCard:
    """A decision, ready for the component."""

    outcome: str
    title: str
    summary: str
    at: datetime | None = None
    id: str = ""
    pack: str = ""
    checks: tuple[CheckLine, ...] = ()
    reasons: tuple[ReasonLine, ...] = ()
    next_steps: tuple[str, ...] = ()


def text_of(row: Mapping[str, Any], *names: str) -> str:
    """The first of the named members that holds something, as text."""
    return next((str(row[name]) for name in names if row.get(name)), "")
