"""What the card network says of the risk of a payment, in our words: from an answer and from a notice alike."""

from dataclasses import dataclass
from typing import Any

from settlement.rails.card_states import PAYMENT_KEY, id_of


@dataclass(frozen=True, slots=True)
class PaymentNamed:
    """How the network names a payment of ours: by its charge, its PaymentIntent, or our own id in the metadata."""

    charge_id: str = ""
    intent_id: str = ""
    payment_id: str = ""


@dataclass(frozen=True, slots=True)
class ChargeRisk:
    """How the network judged a charge. `at` is unix seconds; `card_country` ISO 3166-1, empty where nothing tells."""

    payment: PaymentNamed
    at: int
    outcome_type: str
    risk_level: str
    risk_score: int | None
    network_status: str
    seller_message: str
    card_country: str


@dataclass(frozen=True, slots=True)
class RiskNews:
    """A bank's early warning of fraud, or a review at the network; `level` is the kind of fraud or the reason."""

    id: str
    payment: PaymentNamed
    at: int
    level: str
    standing: bool


def charge_risk(body: dict[str, Any]) -> ChargeRisk:
    """The facts of a charge."""
    outcome = body.get("outcome") or {}
    score = outcome.get("risk_score")
    card = (body.get("payment_method_details") or {}).get("card") or {}
    return ChargeRisk(
        payment=PaymentNamed(
            body["id"], id_of(body.get("payment_intent")), (body.get("metadata") or {}).get(PAYMENT_KEY, "")
        ),
        at=body["created"],
        outcome_type=outcome.get("type") or "",
        risk_level=outcome.get("risk_level") or "",
        risk_score=score if isinstance(score, int) else None,
        network_status=outcome.get("network_status") or "",
        seller_message=outcome.get("seller_message") or "",
        card_country=card.get("country") or "",
    )


def fraud_warning(body: dict[str, Any]) -> RiskNews:
    """The facts of an early fraud warning."""
    return RiskNews(body["id"], _named(body), body["created"], body["fraud_type"], bool(body["actionable"]))


def review_news(body: dict[str, Any]) -> RiskNews:
    """The facts of a review. Where the payer was and with what is in there too, and is not read."""
    return RiskNews(body["id"], _named(body), body["created"], body["opened_reason"], bool(body["open"]))


def _named(body: dict[str, Any]) -> PaymentNamed:
    return PaymentNamed(id_of(body.get("charge")), id_of(body.get("payment_intent")))


# What a notice says of people; no effect reads it, so it is not stored.
_OF_PEOPLE = (
    "billing_details",
    "billing_zip",
    "ip_address",
    "ip_address_location",
    "receipt_email",
    "session",
    "shipping",
)


def without_people(event: dict[str, Any]) -> dict[str, Any]:
    """The event as it is kept: as it came, less what its object says of the cardholder."""
    subject = {name: value for name, value in event["data"]["object"].items() if name not in _OF_PEOPLE}
    return {**event, "data": {**event["data"], "object": subject}}
