"""Risk: what the network thinks of a charge, what a bank warns of later, and reviews by people."""

from typing import Any

from settlement.rails.standin.errors import invalid
from settlement.rails.standin.network import Call
from settlement.rails.standin.shapes import Body, new_id, now

SCORES = {"normal": 20, "elevated": 68, "highest": 92}


def judged(charge: Body, level: str) -> Body:
    """The charge with the network's assessment of it."""
    return charge | {"outcome": charge["outcome"] | {"risk_level": level, "risk_score": SCORES[level]}}


def blocked(charge: Body) -> Body:
    """The charge as the network's own refusal leaves it: the bank was never asked."""
    outcome = {
        "network_status": "not_sent_to_network",
        "reason": "highest_risk_level",
        "seller_message": "Stripe blocked this payment as too risky.",
        "type": "blocked",
    }
    return judged(charge, "highest") | {"outcome": judged(charge, "highest")["outcome"] | outcome}


def warn(call: Call, charge_id: str, given: dict[str, Any]) -> Body:
    """The card's bank has warned of fraud in the charge, or (`warning` names one) it can be acted on no more."""
    if known := given.get("warning"):
        body = call.save(call.find("radar.early_fraud_warning", str(known)) | {"actionable": False})
        call.announce("radar.early_fraud_warning.updated", body)
        return body
    charge = call.find("charge", charge_id)
    body = {
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": charge["id"],
        "created": now(),
        "fraud_type": str(given.get("fraud_type") or "misc"),
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    call.announce("radar.early_fraud_warning.created", call.save(body))
    return body


def review(call: Call, charge_id: str, given: dict[str, Any]) -> Body:
    """The charge is under review, or (`review` names one) the review has ended with the reason in `closed`."""
    if known := given.get("review"):
        body = call.find("review", str(known))
        if not body["open"]:
            raise invalid("This review is already closed.")
        reason = str(given.get("closed") or "approved")
        body = call.save(body | {"open": False, "closed_reason": reason, "reason": reason})
        call.announce("review.closed", body)
        return body
    charge = call.find("charge", charge_id)
    body = {
        "id": new_id("prv"),
        "object": "review",
        "billing_zip": "1234",
        "charge": charge["id"],
        "closed_reason": None,
        "created": now(),
        "ip_address": "203.0.113.9",
        "ip_address_location": {"city": "Bern", "country": "CH", "latitude": 46.9, "longitude": 7.4, "region": "BE"},
        "livemode": False,
        "open": True,
        "opened_reason": "rule",
        "payment_intent": charge["payment_intent"],
        "reason": "rule",
        "session": {"browser": "Firefox", "device": "Other", "platform": "Linux", "version": "140"},
    }
    call.announce("review.opened", call.save(body))
    return body
