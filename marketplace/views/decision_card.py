"""What the decision component shows, made from a stored Decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from compliance.engine import outcome

# To rent out compute is in most cases no export of the chip: a reason says which of the two it is about.
ABOUT = {code: f"About {words}" for code, words in outcome.ABOUT.items()}
KINDS = {
    "LAW": ("Law", "frozen", "law"),
    "RED_FLAG": ("Red flag", "waiting", "flag"),
    "POLICY": ("Policy", "neutral", "policy"),
}
RESULTS = {
    "passed": ("passed", "allowed", "check"),
    "unknown": ("not known well enough", "waiting", "clock"),
    "failed": ("not passed", "refused", "cross"),
    "withheld": ("not completed", "neutral", "ring"),
}
TITLES = {"ALLOW": "Cleared", "REVIEW": "A person looks at this first", "DENY": "This cannot go ahead"}
SUMMARIES = {
    "ALLOW": "Everything that had to be checked was in order.",
    "REVIEW": "Nothing was reserved and nothing was charged. You will hear from us; nothing is decided against you.",
    "DENY": "Nothing was reserved and nothing was charged.",
}
# Rules about what a party has said itself: their names, citations and results may be told to it. Every other rule
# rests on what a screening found, or on signs that an officer weighs; of those a party reads only the pack's words.
OPEN_RULES = frozenset(
    {
        "facts_incomplete",
        "payee_missing",
        "payer_missing",
        "same_party",
        "list_missing",
        "list_stale",
        "identity_level",
        "identity_expired",
        "wallet_missing",
        "wallet_unproven",
        "embargoed_country",
        "embargoed_region",
        "region_unknown",
        "chips",
        "headquarters",
        "parent_unknown",
        "end_user_place",
        "node_in_d5",
        "end_user_undisclosed",
        "end_use_unknown",
    }
)
REST = "Both parties, their owners and signatories, the wallet and the end use"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check with its tick or cross."""

    name: str
    result: str
    detail: str = ""

    @property
    def word(self) -> str:
        """The result for a screen reader."""
        return RESULTS.get(self.result, RESULTS["withheld"])[0]

    @property
    def tone(self) -> str:
        """The tone of the result."""
        return RESULTS.get(self.result, RESULTS["withheld"])[1]

    @property
    def icon(self) -> str:
        """The icon of the result."""
        return RESULTS.get(self.result, RESULTS["withheld"])[2]


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
    about: str = ""

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


def card_for_officer(decision: Any) -> DecisionCard:
    """All that the decision says."""
    return DecisionCard(
        outcome=decision.outcome,
        title=TITLES[decision.outcome],
        summary="What the gate answered, with all its reasons. Only officers and operators see this.",
        at=decision.created_at,
        id=str(decision.pk),
        pack=decision.pack,
        checks=open_first(CheckLine(row["label"], row["state"], row["detail"]) for row in decision.checks),
        reasons=reasons_for_officer(decision.reasons),
    )


def card_for_party(decision: Any) -> DecisionCard:
    """What the party may read: nothing of it tips off. Of a refusal, only what refuses."""
    reasons = [row for row in decision.reasons if row["outcome"] == decision.outcome]
    return DecisionCard(
        outcome=decision.outcome,
        title=TITLES[decision.outcome],
        summary=SUMMARIES[decision.outcome],
        at=decision.created_at,
        id=str(decision.pk),
        pack=decision.pack,
        checks=checks_for_party(decision.checks),
        reasons=reasons_for_party(reasons),
        next_steps=tuple(dict.fromkeys(row["next_step"] for row in reasons if row["next_step"])),
    )


def open_first(lines: Iterable[CheckLine]) -> tuple[CheckLine, ...]:
    """What was not passed before what was, else in the order of the pack."""
    return tuple(sorted(lines, key=lambda line: line.result == "passed"))


def reasons_for_officer(rows: Iterable[Mapping[str, Any]]) -> tuple[ReasonLine, ...]:
    """Every reason in the officers' words, with its evidence."""
    return tuple(
        ReasonLine(
            text=row["sentence"],
            kind=row["kind"],
            code=row["code"],
            citation=row["citation"],
            url=row["source_url"],
            effective=effective_words(row),
            evidence=tuple(row["evidence"]),
            about=ABOUT.get(row.get("about", ""), ""),
        )
        for row in rows
    )


def reasons_for_party(rows: Iterable[Mapping[str, Any]]) -> tuple[ReasonLine, ...]:
    """Each sentence once; with kind, citation and date only where these do not tip off."""
    lines: dict[str, ReasonLine] = {}
    for row in rows:
        words = row["renter_words"]
        if not words or words in lines:
            continue
        if row["code"] in OPEN_RULES:
            lines[words] = ReasonLine(
                words,
                row["kind"],
                citation=row["citation"],
                url=row["source_url"],
                effective=effective_words(row),
                about=ABOUT.get(row.get("about", ""), ""),
            )
        else:
            lines[words] = ReasonLine(words, "")
    return tuple(lines.values())


def checks_for_party(rows: Iterable[Mapping[str, Any]]) -> tuple[CheckLine, ...]:
    """The open rules one by one; all others as one line, which says only whether they were all passed."""
    rows = list(rows)
    shown = [CheckLine(row["label"], row["state"]) for row in rows if row["code"] in OPEN_RULES]
    rest = [row["state"] for row in rows if row["code"] not in OPEN_RULES]
    if rest:
        shown.append(CheckLine(REST, "passed" if set(rest) == {"passed"} else "withheld"))
    return open_first(shown)


def effective_words(row: Mapping[str, Any]) -> str:
    """`since 17 Nov 2023`, `until 9 Nov 2026`, as far as it is dated."""
    start, end = row.get("effective_from"), row.get("effective_to")
    parts = []
    if start:
        parts.append(f"since {day_words(start)}")
    if end:
        parts.append(f"until {day_words(end)}")
    return ", ".join(parts)


def day_words(day: str) -> str:
    """`17 Nov 2023` from `2023-11-17`."""
    return f"{date.fromisoformat(day[:10]):%d %b %Y}".lstrip("0")
