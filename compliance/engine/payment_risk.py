"""What the card network told of one payment of the renter, as far as it speaks against the renter."""

from dataclasses import dataclass
from datetime import datetime

from compliance.engine.codec import Malformed

KINDS = ("outcome", "warning", "review")
# An assessment of these levels speaks against nobody; neither does one that was never made.
HARMLESS = ("", "normal", "not_assessed", "unknown")


@dataclass(frozen=True, slots=True)
class PaymentRisk:
    """An assessment (its risk level), a bank's early warning (the kind of fraud), or a review that is still open.

    `source` is its id at the card network, `at` its time by the network's clock.
    """

    party_id: str
    kind: str
    source: str
    level: str
    at: datetime
    score: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Malformed(f"what is told of a payment must be one of {', '.join(KINDS)}")
        if self.at.tzinfo is None:
            raise Malformed("what is told of a payment must carry a time zone")
