"""The objects of Stripe's API, with every key that Stripe publishes for them."""

import secrets
import string
from typing import Any

from compliance.base import clock

Body = dict[str, Any]
_ALPHABET = string.ascii_letters + string.digits
_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id in Stripe's manner, such as `pi_…`."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def now() -> int:
    """The present instant in unix seconds."""
    return int(clock.now().timestamp())


def _base(kind: str, prefix: str) -> Body:
    return {"id": new_id(prefix), "object": kind, "created": now(), "livemode": False, "metadata": {}}


def empty_list(url: str) -> Body:
    """A list object with nothing in it."""
    return {"object": "list", "data": [], "has_more": False, "url": url}


def customer() -> Body:
    """A customer without a card."""
    empty = (
        "currency",
        "default_source",
        "description",
        "discount",
        "email",
        "name",
        "phone",
        "shipping",
        "test_clock",
    )
    settings = dict.fromkeys(("custom_fields", "default_payment_method", "footer", "rendering_options"))
    return (
        _base("customer", "cus")
        | dict.fromkeys(empty)
        | {
            "address": dict(_ADDRESS),
            "balance": 0,
            "delinquent": False,
            "invoice_prefix": secrets.token_hex(4).upper(),
            "invoice_settings": settings,
            "next_invoice_sequence": 1,
            "preferred_locales": [],
            "tax_exempt": "none",
        }
    )


def payment_method(card: Body) -> Body:
    """A saved card. `card` gives brand, last4, country and fingerprint."""
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    details = {
        "checks": checks,
        "display_brand": card["brand"],
        "exp_month": 12,
        "exp_year": 2034,
        "funding": "credit",
        "generated_from": None,
        "networks": {"available": [card["brand"]], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    billing = {"address": dict(_ADDRESS), "email": None, "name": None, "phone": None, "tax_id": None}
    return _base("payment_method", "pm") | {
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        "card": details | card,
        "customer": None,
        "customer_account": None,
        "type": "card",
    }


def payment_intent(amount: int, currency: str, capture_method: str) -> Body:
    """A payment intent that waits for a payment method."""
    body = _base("payment_intent", "pi")
    empty = (
        "application", "application_fee_amount", "canceled_at", "cancellation_reason", "customer", "customer_account",
        "description", "excluded_payment_method_types", "last_payment_error", "latest_charge", "managed_payments",
        "next_action", "on_behalf_of", "payment_method", "payment_method_configuration_details", "processing",
        "receipt_email", "review", "setup_future_usage", "shipping", "source", "statement_descriptor",
        "statement_descriptor_suffix", "transfer_data", "transfer_group",
    )  # fmt: skip
    return (
        body
        | dict.fromkeys(empty)
        | {
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "capture_method": capture_method,
            "client_secret": f"{body['id']}_secret_{secrets.token_hex(12)}",
            "confirmation_method": "automatic",
            "currency": currency,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }
    )


def charge(intent: Body, method: Body) -> Body:
    """A charge of the whole amount, authorized and not yet captured."""
    body = _base("charge", "ch")
    empty = (
        "application", "application_fee", "application_fee_amount", "balance_transaction",
        "calculated_statement_descriptor", "failure_balance_transaction", "failure_code", "failure_message",
        "on_behalf_of", "receipt_email", "receipt_number", "receipt_url", "review", "shipping", "source",
        "source_transfer", "statement_descriptor", "statement_descriptor_suffix", "transfer_data",
    )  # fmt: skip
    return (
        body
        | dict.fromkeys(empty)
        | {
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "billing_details": method["billing_details"],
            "captured": False,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "outcome": _outcome("authorized", "Payment complete.", None),
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"type": "card", "card": _charged_card(intent, method)},
            "refunded": False,
            "refunds": empty_list(f"/v1/charges/{body['id']}/refunds"),
            "status": "succeeded",
            "transfer_group": intent["transfer_group"],
        }
    )


def _charged_card(intent: Body, method: Body) -> Body:
    card = method["card"]
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
    )
    manual = intent["capture_method"] == "manual"
    return {name: card[name] for name in kept} | {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "capture_before": now() + 7 * 86_400 if manual else None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def _outcome(kind: str, message: str, decline_code: str | None) -> Body:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if kind == "authorized" else "declined_by_network",
        "reason": decline_code,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": message,
        "type": kind,
    }


def declined(body: Body, code: str, message: str) -> Body:
    """The charge as the bank's refusal leaves it."""
    outcome = _outcome("issuer_declined", "The bank declined the payment.", code)
    outcome |= {name: body["outcome"][name] for name in ("risk_level", "risk_score")}
    return body | {
        "failure_code": "card_declined",
        "failure_message": message,
        "outcome": outcome,
        "paid": False,
        "status": "failed",
    }


def refund(of: Body, amount: int, reason: str | None) -> Body:
    """A refund to the card that paid."""
    body = _base("refund", "re")
    del body["livemode"]
    empty = ("customer", "customer_account", "receipt_number", "source_transfer_reversal", "transfer_reversal")
    return (
        body
        | dict.fromkeys(empty)
        | {
            "amount": amount,
            "balance_transaction": None,
            "charge": of["id"],
            "currency": of["currency"],
            "destination_details": {"card": {"type": "refund"}, "type": "card"},
            "payment_intent": of["payment_intent"],
            "payment_method": of["payment_method"],
            "reason": reason,
            "status": "succeeded",
        }
    )


def balance_transaction(
    kind: str, source: str, amount: int, currency: str, *, fee: int, available_on: int, category: str = ""
) -> Body:
    """A line of the balance: `amount` is signed, `net` = amount - fee."""
    fees = [{"amount": fee, "application": None, "currency": currency, "description": "Processing fees"}]
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": now(),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [line | {"type": "stripe_fee"} for line in fees] if fee else [],
        "net": amount - fee,
        "reporting_category": category or kind,
        "source": source,
        "status": "available" if available_on <= now() else "pending",
        "type": kind,
    }


def event(kind: str, subject: Body, *, request_id: str, idempotency_key: str | None, api_version: str) -> Body:
    """Something that happened, with the object as it stood."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": api_version,
        "created": now(),
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": kind,
    }
