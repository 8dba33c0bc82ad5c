"""What the engine answers: an outcome, the checks made, and the reasons that stand against it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from compliance.engine.codec import canonical_bytes, digest, later, to_plain

ALLOW, REVIEW, DENY = "ALLOW", "REVIEW", "DENY"
SEVERITY = {ALLOW: 0, REVIEW: 1, DENY: 2}
KINDS = ("LAW", "RED_FLAG", "POLICY")
# What a rule is about. To rent out compute is in most cases no export, reexport or transfer of the chip (ADR 0011).
RENTAL, ITEM, DEALING = "rental", "item", "dealing"
ABOUT = {
    RENTAL: "the rental of compute",
    ITEM: "the export of the item",
    DEALING: "any dealing with the party or place",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One rule was asked and answered; `state` is passed, failed or unknown."""

    code: str
    label: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the answer is not ALLOW. `sentence` is for officers; `renter_words` do not tip off."""

    code: str
    kind: str  # LAW | RED_FLAG | POLICY
    outcome: str  # REVIEW | DENY
    sentence: str
    citation: str
    source_url: str
    effective_from: date | None
    effective_to: date | None  # exclusive; None while open
    evidence: tuple[str, ...]
    renter_words: str
    next_step: str
    party_id: str = ""
    scope: str = ""  # narrows a finding: one entry of a list, one end user
    about: str = later("")  # rental | item | dealing


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer; equal facts and an equal pack give equal bytes."""

    outcome: str
    checks: tuple[Check, ...]
    reasons: tuple[Reason, ...] = field(default=())
    pack: str = ""
    pack_hash: str = ""

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON values, ready to be stored."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    def canonical(self) -> bytes:
        """One byte string for this outcome."""
        return canonical_bytes(self)

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hex."""
        return digest(self)
