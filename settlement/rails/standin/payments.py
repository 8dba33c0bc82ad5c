"""Customers, cards, payment intents, charges and refunds."""

import re
from dataclasses import dataclass

from settlement.rails.standin import radar, shapes
from settlement.rails.standin.errors import CardNetworkError, invalid, missing
from settlement.rails.standin.forms import flag, integer, required
from settlement.rails.standin.minimums import require_least
from settlement.rails.standin.network import Call, page, take_metadata
from settlement.rails.standin.shapes import Body, now

FEE_BPS, FEE_FIXED = 290, 30


@dataclass(frozen=True, slots=True)
class SampleCard:
    """A card of Stripe's published test set; `refusal` is the decline code it always answers with."""

    brand: str
    last4: str
    country: str = "US"
    refusal: str | None = None
    risk: str = "normal"


TEST_CARDS = {
    "pm_card_visa": SampleCard("visa", "4242"),
    "pm_card_mastercard": SampleCard("mastercard", "4444"),
    "pm_card_sg": SampleCard("visa", "0003", "SG"),
    "pm_card_ch": SampleCard("visa", "0009", "CH"),
    "pm_card_au": SampleCard("visa", "0006", "AU"),
    "pm_card_chargeDeclined": SampleCard("visa", "0002", refusal="generic_decline"),
    "pm_card_visa_chargeDeclined": SampleCard("visa", "0002", refusal="generic_decline"),
    "pm_card_chargeCustomerFail": SampleCard("visa", "0341", refusal="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": SampleCard("visa", "9995", refusal="insufficient_funds"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": SampleCard("visa", "9995", refusal="insufficient_funds"),
    "pm_card_riskLevelElevated": SampleCard("visa", "9235", risk="elevated"),
    "pm_card_riskLevelHighest": SampleCard("visa", "4954", risk="highest"),
    "pm_card_chargeDeclinedFraudulent": SampleCard("visa", "0019", refusal="fraudulent", risk="highest"),
    "pm_card_authenticationRequired": SampleCard("visa", "3184", refusal="authentication_required"),
}
_BY_LAST4 = {card.last4: card for card in TEST_CARDS.values()}
_SETTABLE = ("description", "email", "name", "phone")


def create_customer(call: Call) -> Body:
    """A customer stands."""
    body = shapes.customer()
    body |= {name: call.params[name] for name in _SETTABLE if name in call.params}
    take_metadata(body, call.params)
    if method := call.params.get("payment_method"):
        call.save(_attached(_method(call, method), body["id"]))
    return call.save(body)


def retrieve_customer(call: Call, customer_id: str) -> Body:
    """The customer."""
    return call.find("customer", customer_id)


def update_customer(call: Call, customer_id: str) -> Body:
    """The customer bears the new values."""
    body = call.find("customer", customer_id)
    body |= {name: call.params[name] for name in _SETTABLE if name in call.params}
    take_metadata(body, call.params)
    return call.save(body)


def _method(call: Call, method_id: str) -> Body:
    """The saved card; each use of a test card's name makes a fresh one, as at Stripe."""
    if card := TEST_CARDS.get(method_id):
        public = {"brand": card.brand, "last4": card.last4, "country": card.country}
        return call.save(shapes.payment_method(public | {"fingerprint": f"standin{card.last4}{card.country}"}))
    body = call.store.get(method_id)
    if body is None or body["object"] != "payment_method":
        raise missing("PaymentMethod", method_id)
    return body


def _attached(method: Body, customer_id: str) -> Body:
    if method["customer"] not in (None, customer_id):
        raise invalid("The payment method you provided has already been attached to a customer.")
    return method | {"customer": customer_id}


def retrieve_method(call: Call, method_id: str) -> Body:
    """The saved card."""
    return _method(call, method_id)


def attach_method(call: Call, method_id: str) -> Body:
    """The card belongs to the customer."""
    customer = call.find("customer", required(call.params, "customer"))
    body = call.save(_attached(_method(call, method_id), customer["id"]))
    call.announce("payment_method.attached", body)
    return body


def detach_method(call: Call, method_id: str) -> Body:
    """The card belongs to no customer."""
    body = call.save(_method(call, method_id) | {"customer": None})
    call.announce("payment_method.detached", body)
    return body


def list_methods(call: Call) -> Body:
    """The cards of a customer."""
    customer = required(call.params, "customer")
    rows = call.store.every("payment_method", call.account)
    return page(call, "/v1/payment_methods", rows, lambda row: bool(row["customer"] == customer))


def create_intent(call: Call) -> Body:
    """A payment intent stands, and is confirmed when `confirm` says so."""
    params = call.params
    amount = integer(params, "amount")
    currency = required(params, "currency").lower()
    if not re.fullmatch(r"[a-z]{3}", currency):
        raise invalid(f"Invalid currency: {currency}.", param="currency")
    require_least(amount, currency, "amount")
    capture_method = params.get("capture_method", "automatic_async")
    if capture_method not in ("automatic", "automatic_async", "manual"):
        raise invalid("Invalid capture_method", param="capture_method")
    body = shapes.payment_intent(amount, currency, capture_method)
    if customer := params.get("customer"):
        body["customer"] = call.find("customer", customer)["id"]
    for name in ("description", "transfer_group", "statement_descriptor_suffix", "setup_future_usage"):
        body[name] = params.get(name)
    take_metadata(body, params)
    if method := params.get("payment_method"):
        body |= {"payment_method": _method(call, method)["id"], "status": "requires_confirmation"}
    call.save(body)
    call.announce("payment_intent.created", body)
    return _confirm(call, body) if flag(params, "confirm") else body


def retrieve_intent(call: Call, intent_id: str) -> Body:
    """The payment intent."""
    return call.find("payment_intent", intent_id)


def list_intents(call: Call) -> Body:
    """The payment intents, of one customer when named."""
    customer = call.params.get("customer")
    rows = call.store.every("payment_intent", call.account)
    return page(call, "/v1/payment_intents", rows, lambda row: customer in (None, row["customer"]))


def confirm_intent(call: Call, intent_id: str) -> Body:
    """The bank was asked: the money is authorized, captured, or declined (402)."""
    body = call.find("payment_intent", intent_id)
    if method := call.params.get("payment_method"):
        body["payment_method"] = _method(call, method)["id"]
    if body["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        raise _unexpected(body, "confirm")
    if not body["payment_method"]:
        raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.")
    return _confirm(call, body)


def _confirm(call: Call, intent: Body) -> Body:
    method = call.find("payment_method", intent["payment_method"])
    if method["customer"] and method["customer"] != intent["customer"]:
        raise invalid("The provided PaymentMethod belongs to another customer.", param="payment_method")
    card = _BY_LAST4[method["card"]["last4"]]
    refusal = card.refusal
    if refusal is None and call.store.take_fault(f"/v1/payment_intents/{intent['id']}/confirm", ("decline",)):
        refusal = "generic_decline"
    charge = radar.judged(shapes.charge(intent, method), card.risk)
    if refusal:
        raise _decline(call, intent, charge, method, refusal)
    intent |= {"latest_charge": charge["id"], "last_payment_error": None}
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        call.save(charge)
        call.save(intent)
        call.announce("charge.succeeded", charge)
        call.announce("payment_intent.amount_capturable_updated", intent)
        return intent
    return _captured(call, intent, charge, intent["amount"], "charge.succeeded")


def _decline(call: Call, intent: Body, charge: Body, method: Body, refusal: str) -> CardNetworkError:
    texts = {"insufficient_funds": "Your card has insufficient funds."}
    code = "authentication_required" if refusal == "authentication_required" else "card_declined"
    message = texts.get(refusal, "Your card was declined.")
    charge = shapes.declined(charge, refusal, message)
    charge = call.save(radar.blocked(charge) if refusal == "fraudulent" else charge)
    problem = {
        "charge": charge["id"],
        "code": code,
        "decline_code": refusal,
        "message": message,
        "payment_method": method,
        "type": "card_error",
    }
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "latest_charge": charge["id"],
        "last_payment_error": problem,
    }
    call.save(intent)
    call.announce("charge.failed", charge)
    call.announce("payment_intent.payment_failed", intent)
    members = {"decline_code": refusal, "charge": charge["id"], "payment_intent": intent}
    return CardNetworkError(402, "card_error", message, code=code, saved=True, **members)


def _captured(call: Call, intent: Body, charge: Body, amount: int, event: str) -> Body:
    fee = min(amount, (amount * FEE_BPS + 5_000) // 10_000 + FEE_FIXED)
    line = call.book("charge", charge["id"], amount, charge["currency"], fee=fee)
    charge |= {"amount_captured": amount, "captured": True, "balance_transaction": line}
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    call.save(charge)
    call.save(intent)
    call.announce(event, charge)
    call.announce("payment_intent.succeeded", intent)
    return intent


def capture_intent(call: Call, intent_id: str) -> Body:
    """The amount is captured and what is over is released. One capture only, as for most cards."""
    intent = call.find("payment_intent", intent_id)
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "capture")
    amount = integer(call.params, "amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        text = "The amount_to_capture is larger than the amount that can be captured."
        raise invalid(text, param="amount_to_capture", code="amount_too_large")
    require_least(amount, intent["currency"], "amount_to_capture")
    charge = call.find("charge", intent["latest_charge"])
    return _captured(call, intent, charge, amount, "charge.captured")


def cancel_intent(call: Call, intent_id: str) -> Body:
    """The payment intent is over, and an authorization is released."""
    intent = call.find("payment_intent", intent_id)
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise _unexpected(intent, "cancel")
    if intent["status"] == "requires_capture":
        charge = call.find("charge", intent["latest_charge"])
        call.announce("charge.refunded", call.save(charge | {"refunded": True, "amount_refunded": charge["amount"]}))
    reason = call.params.get("cancellation_reason")
    intent |= {"status": "canceled", "amount_capturable": 0, "canceled_at": now(), "cancellation_reason": reason}
    call.announce("payment_intent.canceled", intent)
    return call.save(intent)


def _unexpected(intent: Body, verb: str) -> CardNetworkError:
    text = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
    code = "payment_intent_unexpected_state"
    return CardNetworkError(400, "invalid_request_error", text, code=code, payment_intent=intent)


def retrieve_charge(call: Call, charge_id: str) -> Body:
    """The charge."""
    return call.find("charge", charge_id)


def create_refund(call: Call) -> Body:
    """The money goes back to the card that paid, and to no other."""
    charge = _refunded_charge(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not charge["captured"] or left <= 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = integer(call.params, "amount", left)
    if amount > left:
        raise invalid("Refund amount is greater than unrefunded amount on charge.", param="amount")
    body = shapes.refund(charge, amount, call.params.get("reason"))
    take_metadata(body, call.params)
    body["balance_transaction"] = call.book("refund", body["id"], -amount, charge["currency"])
    refunded = charge["amount_refunded"] + amount
    charge |= {"amount_refunded": refunded, "refunded": refunded == charge["amount_captured"]}
    call.save(charge)
    call.save(body)
    call.announce("refund.created", body)
    call.announce("charge.refunded", charge)
    return body


def _refunded_charge(call: Call) -> Body:
    if charge_id := call.params.get("charge"):
        return call.find("charge", charge_id)
    intent = call.find("payment_intent", required(call.params, "payment_intent"))
    if not intent["latest_charge"]:
        raise invalid("This PaymentIntent does not have a successful charge to refund.")
    return call.find("charge", intent["latest_charge"])


def fail_refund(call: Call, refund_id: str, reason: str) -> Body:
    """The card's bank sent the refund back: its money is in the balance again."""
    body = call.find("refund", refund_id)
    line = call.book("refund_failure", refund_id, body["amount"], body["currency"])
    body |= {"status": "failed", "failure_reason": reason, "failure_balance_transaction": line}
    charge = call.find("charge", body["charge"])
    call.save(charge | {"amount_refunded": charge["amount_refunded"] - body["amount"], "refunded": False})
    call.save(body)
    for event in ("refund.updated", "refund.failed"):
        call.announce(event, body)
    return body


def retrieve_refund(call: Call, refund_id: str) -> Body:
    """The refund."""
    return call.find("refund", refund_id)


def list_refunds(call: Call) -> Body:
    """The refunds, of one charge or payment intent when named."""
    charge, intent = call.params.get("charge"), call.params.get("payment_intent")
    rows = call.store.every("refund", call.account)
    wanted = lambda row: charge in (None, row["charge"]) and intent in (None, row["payment_intent"])  # noqa: E731
    return page(call, "/v1/refunds", rows, wanted)
