"""The card network: the only code that speaks to Stripe.

One pinned API version, one idempotency key per deed of ours (made from our own ids, so that a retry after a lost
answer repeats nothing), short timeouts, and three kinds of failure: declined (the bank said no), refused (the request
can never succeed) and unavailable (nobody knows; ask again with the same key). Never inside a database transaction.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings

from settlement.rails.card_client import (
    API_VERSION,
    PAGE,
    CardDeclined,
    CardError,
    CardRefused,
    CardUnavailable,
    key_of,
    plain,
)
from settlement.rails.card_disputes import CardDisputes
from settlement.rails.card_refunds import CardRefunds
from settlement.rails.card_states import (
    PAYMENT_KEY,
    BalanceLine,
    IntentState,
    Recipient,
    SentTransfer,
    balance_line,
    intent_state,
    recipient_state,
    sent_transfer,
)

__all__ = [
    "API_VERSION",
    "BalanceLine",
    "CardDeclined",
    "CardError",
    "CardRail",
    "CardRefused",
    "CardUnavailable",
    "IntentState",
    "Recipient",
    "intent_state",
    "rail",
    "recipient_state",
]


class CardRail(CardDisputes, CardRefunds):
    """Deeds at the card network. Every method may raise CardDeclined, CardRefused or CardUnavailable."""

    def create_customer(self, party_id: UUID) -> str:
        """The id of the party's customer; no name or address goes to the card network."""
        params: Any = {"metadata": {"gridclear_party": str(party_id)}}
        return self._do(lambda: self._client.v1.customers.create(params, key_of(f"customer:{party_id}"))).id

    def save_card(self, customer_id: str, payment_method: str) -> dict[str, Any]:
        """The card is saved with the customer; returns its public facts (id, brand, last4, country)."""
        params: Any = {"customer": customer_id}
        return _card_facts(self._do(lambda: self._client.v1.payment_methods.attach(payment_method, params)))

    def card_form_url(self, customer_id: str, *, return_url: str, cancel_url: str) -> str:
        """The address of the card network's own form, on which the customer saves a card; good for a day.

        The card's number never comes near the platform.
        """
        params: Any = {
            "mode": "setup",
            "customer": customer_id,
            "allowed_payment_method_types": ["card"],
            "success_url": return_url,
            "cancel_url": cancel_url,
        }
        return self._do(lambda: self._client.v1.checkout.sessions.create(params)).url or ""

    def saved_cards(self, customer_id: str) -> list[dict[str, Any]]:
        """The public facts of the customer's cards."""
        params: Any = {"customer": customer_id, "type": "card"}
        return [_card_facts(card) for card in self._do(lambda: self._client.v1.payment_methods.list(params)).data]

    def create_intent(
        self,
        payment_id: UUID,
        *,
        amount_minor: int,
        customer_id: str,
        payment_method: str,
        manual: bool,
        key: str,
        off_session: bool = False,
    ) -> IntentState:
        """The bank was asked: the money is authorized (`manual`) or taken. In USD cents.

        `off_session` says that the customer is not there to answer a question of the bank.
        """
        params: Any = {
            "amount": amount_minor,
            "currency": "usd",
            "customer": customer_id,
            "payment_method": payment_method,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual" if manual else "automatic",
            "confirm": True,
            "metadata": {PAYMENT_KEY: str(payment_id)},
            "expand": ["latest_charge"],
        }
        if off_session:
            params["off_session"] = True
        return self._intent(lambda: self._client.v1.payment_intents.create(params, key_of(key)))

    def find_intent(self, payment_id: UUID, customer_id: str) -> IntentState | None:
        """The PaymentIntent of this payment of ours, if the network ever made one."""
        params: Any = {"customer": customer_id, "limit": PAGE}
        page = self._do(lambda: self._client.v1.payment_intents.list(params))
        states = (intent_state(plain(intent)) for intent in page.auto_paging_iter())
        return next((state for state in states if state.payment_id == str(payment_id)), None)

    def capture_intent(self, intent_id: str, amount_minor: int, key: str) -> IntentState:
        """The amount is taken and the rest of the authorization released."""
        params: Any = {"amount_to_capture": amount_minor}
        return self._intent(lambda: self._client.v1.payment_intents.capture(intent_id, params, key_of(key)))

    def cancel_intent(self, intent_id: str, key: str) -> IntentState:
        """The authorization is released; no money was taken."""
        return self._intent(lambda: self._client.v1.payment_intents.cancel(intent_id, {}, key_of(key)))

    def read_intent(self, intent_id: str) -> IntentState:
        """How the PaymentIntent stands."""
        return self._intent(lambda: self._client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))

    def create_recipient(self, party_id: UUID, country: str) -> Recipient:
        """The provider's connected account, yet to be onboarded. `country` is ISO 3166-1."""
        params: Any = {
            "type": "express",
            "country": country,
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"gridclear_party": str(party_id)},
        }
        answer = self._do(lambda: self._client.v1.accounts.create(params, key_of(f"recipient:{party_id}")))
        return recipient_state(plain(answer))

    def onboarding_url(self, account_id: str, *, return_url: str, refresh_url: str) -> str:
        """Where the provider hands in what the card network asks for; good for minutes."""
        params: Any = {
            "account": account_id,
            "type": "account_onboarding",
            "return_url": return_url,
            "refresh_url": refresh_url,
        }
        return self._do(lambda: self._client.v1.account_links.create(params)).url

    def read_recipient(self, account_id: str) -> Recipient:
        """How the connected account stands."""
        return recipient_state(plain(self._do(lambda: self._client.v1.accounts.retrieve(account_id))))

    def transfer(self, payout_id: UUID, *, amount_minor: int, destination: str, key: str) -> str:
        """The money is the provider's; returns the transfer's id. In USD cents."""
        params: Any = {
            "amount": amount_minor,
            "currency": "usd",
            "destination": destination,
            "transfer_group": str(payout_id),
        }
        return self._do(lambda: self._client.v1.transfers.create(params, key_of(key))).id

    def find_transfer(self, payout_id: UUID) -> str:
        """The id of the transfer of this payout, or nothing when the network never made one."""
        params: Any = {"transfer_group": str(payout_id), "limit": 1}
        found = self._do(lambda: self._client.v1.transfers.list(params)).data
        return found[0].id if found else ""

    def transfers_to(self, destination: str, since: int) -> list[SentTransfer]:
        """What was sent to the connected account at or after `since` (unix seconds), newest first, every page."""
        params: Any = {"destination": destination, "created": {"gte": since}, "limit": PAGE}
        pages = self._do(lambda: self._client.v1.transfers.list(params))
        return self._do(lambda: [sent_transfer(plain(sent)) for sent in pages.auto_paging_iter()])

    def balance_minor(self) -> int:
        """What Stripe holds for the platform in USD cents, pending money included."""
        balance = plain(self._do(lambda: self._client.v1.balance.retrieve()))
        lines = [*balance["available"], *balance["pending"]]
        return sum(int(line["amount"]) for line in lines if line["currency"] == "usd")

    def balance_lines(self, since: int) -> Iterator[BalanceLine]:
        """The lines of the balance that were made at or after `since` (unix seconds), newest first."""
        params: Any = {"created": {"gte": since}, "limit": PAGE, "expand": ["data.source"]}
        for line in self._do(lambda: self._client.v1.balance_transactions.list(params)).auto_paging_iter():
            yield balance_line(plain(line))

    def _intent(self, ask: Callable[[], stripe.PaymentIntent]) -> IntentState:
        return intent_state(plain(self._do(ask)))


def _card_facts(card: stripe.PaymentMethod) -> dict[str, Any]:
    facts = plain(card).get("card") or {}
    return {"id": card.id, **{name: facts.get(name, "") for name in ("brand", "last4", "country")}}


def rail() -> CardRail:
    """The card network that settings name; STRIPE_API_BASE, a stand-in's address, is empty in production."""
    return _rail(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


@lru_cache(maxsize=8)
def _rail(api_key: str, base: str) -> CardRail:
    return CardRail(api_key, base=base)
