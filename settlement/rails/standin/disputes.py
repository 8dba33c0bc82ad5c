"""Disputes: a cardholder goes to the bank, the money is taken back at once, evidence is heard, the bank decides."""

from typing import Any

from settlement.rails.standin import shapes
from settlement.rails.standin.errors import invalid
from settlement.rails.standin.forms import flag
from settlement.rails.standin.network import Call, page, take_metadata
from settlement.rails.standin.shapes import Body, now

FEE = 1_500
DUE_SECONDS = 9 * 86_400
TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip
MOST_CHARACTERS = 150_000
_OPEN = ("needs_response", "warning_needs_response")
_DECIDED = ("won", "lost", "warning_closed", "prevented")
# What Stripe's own test mode takes as a sign of how the bank is to decide.
_SIGNS = {"winning_evidence": "won", "losing_evidence": "lost"}


def _shape(charge: Body, amount: int, reason: str, *, inquiry: bool) -> Body:
    brand = charge["payment_method_details"]["card"]["brand"]
    card = {"brand": brand, "case_type": "inquiry" if inquiry else "chargeback", "network": brand}
    return {
        "id": shapes.new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(TEXTS) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + DUE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": card | {"network_reason_code": "10.4"}, "type": "card"},
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def open_dispute(call: Call, charge_id: str, given: dict[str, Any]) -> Body:
    """The charge is disputed, and unless the bank only inquires its money is gone, with a fee.

    `given`: amount, reason, inquiry. A bank may take what was refunded already, too, when the amount says so.
    """
    charge = call.find("charge", charge_id)
    amount = int(given.get("amount") or charge["amount_captured"] - charge["amount_refunded"])
    if charge["disputed"] or not 0 < amount <= charge["amount_captured"]:
        raise invalid(f"Charge {charge_id} cannot be disputed.", code="charge_not_disputable")
    inquiry = bool(given.get("inquiry"))
    body = _shape(charge, amount, str(given.get("reason") or "fraudulent"), inquiry=inquiry)
    call.save(charge | {"disputed": True})
    call.save(body)
    call.announce("charge.dispute.created", body)
    if not inquiry:
        _move(call, body, -amount, fee=FEE, category="dispute", event="charge.dispute.funds_withdrawn")
    return call.save(body)


def _move(call: Call, body: Body, amount: int, *, fee: int, category: str, event: str) -> None:
    line = call.book("adjustment", body["id"], amount, body["currency"], fee=fee, category=category)
    body["balance_transactions"] = [*body["balance_transactions"], call.find("balance_transaction", line)]
    call.save(body)
    call.announce(event, body)


def decide(call: Call, dispute_id: str, outcome: str) -> Body:
    """The bank has decided; money that was taken comes back if the platform won. The fee stays with the bank."""
    body = call.find("dispute", dispute_id)
    if outcome not in _DECIDED or body["status"] in ("won", "warning_closed", "prevented"):
        raise invalid("This dispute cannot be decided so.")
    taken = -sum(line["amount"] for line in body["balance_transactions"])
    body["status"] = outcome
    call.save(body)
    call.announce("charge.dispute.closed", body)
    if outcome == "won" and taken > 0:
        _move(call, body, taken, fee=0, category="dispute_reversal", event="charge.dispute.funds_reinstated")
    return call.save(body)


def retrieve_dispute(call: Call, dispute_id: str) -> Body:
    """The dispute."""
    return call.find("dispute", dispute_id)


def list_disputes(call: Call) -> Body:
    """The disputes, of one charge or payment intent when named."""
    charge, intent = call.params.get("charge"), call.params.get("payment_intent")
    rows = call.store.every("dispute", call.account)
    wanted = lambda row: charge in (None, row["charge"]) and intent in (None, row["payment_intent"])  # noqa: E731
    return page(call, "/v1/disputes", rows, wanted)


def update_dispute(call: Call, dispute_id: str) -> Body:
    """The evidence is staged, and with `submit` (the default) at the bank: once, and before it is due."""
    body = call.find("dispute", dispute_id)
    if body["status"] not in _OPEN:
        raise invalid(f"This dispute is {body['status']} and takes no evidence.", code="dispute_closed")
    take_metadata(body, call.params)
    evidence, details = dict(body["evidence"]), dict(body["evidence_details"])
    for name, value in (call.params.get("evidence") or {}).items():
        if name not in TEXTS:
            raise invalid(f"Received unknown parameter: evidence[{name}]", param=f"evidence[{name}]")
        evidence[name] = value
    if sum(len(value or "") for value in evidence.values() if isinstance(value, str)) > MOST_CHARACTERS:
        raise invalid("The combined character count of the evidence is too large.", param="evidence")
    details["has_evidence"] = any(evidence[name] for name in TEXTS)
    body |= {"evidence": evidence, "evidence_details": details}
    if "submit" in call.params and not flag(call.params, "submit"):
        return call.save(body)
    sent = {"submission_count": details["submission_count"] + 1, "submission_method": "manual"}
    details |= sent | {"past_due": now() > details["due_by"]}
    body["status"] = "warning_under_review" if body["status"].startswith("warning") else "under_review"
    call.save(body)
    call.announce("charge.dispute.updated", body)
    if outcome := _SIGNS.get(evidence["uncategorized_text"] or ""):
        return decide(call, dispute_id, outcome)
    return body


def close_dispute(call: Call, dispute_id: str) -> Body:
    """The platform does not answer: the dispute is lost."""
    if call.find("dispute", dispute_id)["status"] not in _OPEN:
        raise invalid("This dispute is already closed.")
    return decide(call, dispute_id, "lost")
