"""The hosted page on which a card is saved with a customer (a Checkout session in mode `setup`)."""

import html
import secrets

from settlement.rails.standin import payments
from settlement.rails.standin.errors import invalid
from settlement.rails.standin.forms import required
from settlement.rails.standin.network import Call, take_metadata
from settlement.rails.standin.shapes import Body, new_id, now

_EMPTY = (
    "adaptive_pricing", "after_expiration", "allow_promotion_codes", "amount_subtotal", "amount_total",
    "billing_address_collection", "client_reference_id", "client_secret", "collected_information", "consent",
    "consent_collection", "currency", "currency_conversion", "customer_account", "customer_creation",
    "customer_details", "customer_email", "discounts", "integration_identifier", "invoice", "invoice_creation",
    "locale", "managed_payments", "origin_context", "payment_intent", "payment_link", "payment_method_collection",
    "payment_method_configuration_details", "permissions", "recovered_from", "saved_payment_method_options",
    "shipping_address_collection", "shipping_cost", "submit_type", "subscription", "total_details",
    "wallet_options",
)  # fmt: skip
_EMPTY_SETUP = (
    "application", "automatic_payment_methods", "cancellation_reason", "description", "excluded_payment_method_types",
    "flow_directions", "last_setup_error", "latest_attempt", "mandate", "next_action", "on_behalf_of",
    "payment_method_configuration_details", "single_use_mandate",
)  # fmt: skip
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Stand-in card network</title>
<h1>Stand-in card network</h1><p>Development only. Choose a test card to save:</p>
<form method="post">{cards}<p><button>Save the card</button></p></form>
<p><a href="{back}">Back without a card</a></p></html>"""


def create_session(call: Call) -> Body:
    """A page stands on which the customer's card can be saved, for a day."""
    if call.params.get("mode") != "setup":
        raise invalid("This stand-in knows Checkout in mode setup only.", param="mode")
    session_id = new_id("cs_test", 58)
    body: Body = dict.fromkeys(_EMPTY) | {
        "id": session_id,
        "object": "checkout.session",
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": call.params.get("cancel_url"),
        "created": now(),
        "custom_fields": [],
        "custom_text": {},
        "customer": call.find("customer", required(call.params, "customer"))["id"],
        "expires_at": now() + 86_400,
        "livemode": False,
        "metadata": {},
        "mode": "setup",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required",
        "phone_number_collection": {"enabled": False},
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "success_url": required(call.params, "success_url"),
        "ui_mode": "hosted_page",
        "url": f"{call.terms.base_url}/c/pay/{session_id}",
    }
    take_metadata(body, call.params)
    return call.save(body)


def retrieve_session(call: Call, session_id: str) -> Body:
    """The session."""
    return call.find("checkout.session", session_id)


def page(call: Call, session_id: str) -> str:
    """The hosted page, in HTML."""
    session = call.find("checkout.session", session_id)
    cards = "".join(
        f'<p><label><input type="radio" name="card" value="{name}" required> {card.brand} ending in {card.last4} '
        f"({card.country}{', declines: ' + card.refusal if card.refusal else ''})</label></p>"
        for name, card in payments.TEST_CARDS.items()
    )
    return _PAGE.format(cards=cards, back=html.escape(session["cancel_url"] or session["success_url"]))


def complete(call: Call, session_id: str) -> str:
    """The chosen card is saved with the customer; returns where the customer goes back to."""
    session = call.find("checkout.session", session_id)
    if session["status"] == "open":
        saving = Call(call.store, call.terms, {"customer": session["customer"]})
        method = payments.attach_method(saving, required(call.params, "card"))
        proven = call.save(_setup_intent(session, method))
        call.announce("setup_intent.succeeded", proven)
        done = session | {"status": "complete", "url": None, "setup_intent": proven["id"]}
        call.announce("checkout.session.completed", call.save(done))
    return str(session["success_url"])


def _setup_intent(session: Body, method: Body) -> Body:
    """The bank has agreed that the card may be charged later without its holder."""
    intent_id = new_id("seti")
    return dict.fromkeys(_EMPTY_SETUP) | {
        "id": intent_id,
        "object": "setup_intent",
        "client_secret": f"{intent_id}_secret_{secrets.token_hex(12)}",
        "created": now(),
        "customer": session["customer"],
        "livemode": False,
        "metadata": {},
        "payment_method": method["id"],
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "succeeded",
        "usage": "off_session",
    }


def retrieve_setup_intent(call: Call, intent_id: str) -> Body:
    """The setup intent."""
    return call.find("setup_intent", intent_id)
