"""The card network: the only code that speaks to Stripe.

One pinned API version, one idempotency key per deed of ours (made from our own ids, so that a retry after a lost
answer repeats nothing), short timeouts, and three kinds of failure: declined (the bank said no), refused (the request
can never succeed) and unavailable (nobody knows; ask again with the same key). Never inside a database transaction.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import stripe
from django.conf import settings

from settlement.rails.outside import require_no_transaction

API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = (3.05, 20.0)
RETRIES = 1
# Our id of the payment, in the metadata of its PaymentIntent: how a notice finds the row before the row knows the id.
PAYMENT_KEY = "gridclear_payment"

# The library tells every request at INFO; our own records say what came of it.
logging.getLogger("stripe").setLevel(logging.WARNING)

_T = TypeVar("_T")


class CardError(Exception):
    """Something went wrong at the card network. `code` is Stripe's, or ours where it has none."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class CardDeclined(CardError):
    """The bank said no; no money was taken."""


class CardRefused(CardError):
    """The request can never succeed as it is; nothing was done."""


class CardUnavailable(CardError):
    """Nobody knows whether it was done: ask again with the same idempotency key."""


@dataclass(frozen=True, slots=True)
class IntentState:
    """A PaymentIntent at one moment; amounts in minor units. `payment_id` is ours, from the metadata."""

    id: str
    status: str
    amount_minor: int
    capturable_minor: int
    received_minor: int
    charge_id: str
    payment_id: str
    failure_code: str


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One line of the balance at Stripe: `amount_minor` is signed, `net` = amount - fee. `created` is unix seconds."""

    id: str
    kind: str
    source: str
    amount_minor: int
    fee_minor: int
    currency: str
    created: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """A provider's connected account."""

    id: str
    payouts_enabled: bool


def intent_state(body: dict[str, Any]) -> IntentState:
    """The facts of a PaymentIntent, from an answer or from a webhook's payload."""
    failure = body.get("last_payment_error") or {}
    charge = body.get("latest_charge")
    return IntentState(
        id=body["id"],
        status=body["status"],
        amount_minor=body["amount"],
        capturable_minor=body.get("amount_capturable") or 0,
        received_minor=body.get("amount_received") or 0,
        charge_id=charge["id"] if isinstance(charge, dict) else charge or "",
        payment_id=(body.get("metadata") or {}).get(PAYMENT_KEY, ""),
        failure_code=failure.get("decline_code") or failure.get("code") or "",
    )


def recipient_state(body: dict[str, Any]) -> Recipient:
    """The facts of a connected account: whether money can be moved to it."""
    active = (body.get("capabilities") or {}).get("transfers") == "active"
    return Recipient(body["id"], bool(active and body.get("payouts_enabled")))


class CardRail:
    """Deeds at the card network. Every method may raise CardDeclined, CardRefused or CardUnavailable."""

    def __init__(self, api_key: str, *, base: str = "", retries: int = RETRIES) -> None:
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            max_network_retries=retries,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            base_addresses={"api": base} if base else {},
        )

    def create_customer(self, party_id: UUID) -> str:
        """The id of the party's customer; no name or address goes to the card network."""
        params: Any = {"metadata": {"gridclear_party": str(party_id)}}
        return self._do(lambda: self._client.v1.customers.create(params, _key(f"customer:{party_id}"))).id

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
            "payment_method_types": ["card"],
            "success_url": return_url,
            "cancel_url": cancel_url,
        }
        return self._do(lambda: self._client.v1.checkout.sessions.create(params)).url or ""

    def saved_cards(self, customer_id: str) -> list[dict[str, Any]]:
        """The public facts of the customer's cards."""
        params: Any = {"customer": customer_id, "type": "card"}
        return [_card_facts(card) for card in self._do(lambda: self._client.v1.payment_methods.list(params)).data]

    def create_intent(
        self, payment_id: UUID, *, amount_minor: int, customer_id: str, payment_method: str, manual: bool, key: str
    ) -> IntentState:
        """The bank was asked: the money is authorized (`manual`) or taken. In USD cents."""
        params: Any = {
            "amount": amount_minor,
            "currency": "usd",
            "customer": customer_id,
            "payment_method": payment_method,
            "payment_method_types": ["card"],
            "capture_method": "manual" if manual else "automatic",
            "confirm": True,
            "metadata": {PAYMENT_KEY: str(payment_id)},
        }
        return self._intent(lambda: self._client.v1.payment_intents.create(params, _key(key)))

    def find_intent(self, payment_id: UUID, customer_id: str) -> IntentState | None:
        """The PaymentIntent of this payment of ours, if the network ever made one."""
        params: Any = {"customer": customer_id, "limit": 100}
        page = self._do(lambda: self._client.v1.payment_intents.list(params))
        states = (intent_state(_plain(intent)) for intent in page.auto_paging_iter())
        return next((state for state in states if state.payment_id == str(payment_id)), None)

    def capture_intent(self, intent_id: str, amount_minor: int, key: str) -> IntentState:
        """The amount is taken and the rest of the authorization released."""
        params: Any = {"amount_to_capture": amount_minor}
        return self._intent(lambda: self._client.v1.payment_intents.capture(intent_id, params, _key(key)))

    def cancel_intent(self, intent_id: str, key: str) -> IntentState:
        """The authorization is released; no money was taken."""
        return self._intent(lambda: self._client.v1.payment_intents.cancel(intent_id, {}, _key(key)))

    def read_intent(self, intent_id: str) -> IntentState:
        """How the PaymentIntent stands."""
        return self._intent(lambda: self._client.v1.payment_intents.retrieve(intent_id))

    def create_recipient(self, party_id: UUID, country: str) -> Recipient:
        """The provider's connected account, yet to be onboarded. `country` is ISO 3166-1."""
        params: Any = {
            "type": "express",
            "country": country,
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"gridclear_party": str(party_id)},
        }
        answer = self._do(lambda: self._client.v1.accounts.create(params, _key(f"recipient:{party_id}")))
        return recipient_state(_plain(answer))

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
        return recipient_state(_plain(self._do(lambda: self._client.v1.accounts.retrieve(account_id))))

    def transfer(self, payout_id: UUID, *, amount_minor: int, destination: str, key: str) -> str:
        """The money is the provider's; returns the transfer's id. In USD cents."""
        params: Any = {
            "amount": amount_minor,
            "currency": "usd",
            "destination": destination,
            "transfer_group": str(payout_id),
        }
        return self._do(lambda: self._client.v1.transfers.create(params, _key(key))).id

    def find_transfer(self, payout_id: UUID) -> str:
        """The id of the transfer of this payout, or nothing when the network never made one."""
        params: Any = {"transfer_group": str(payout_id), "limit": 1}
        found = self._do(lambda: self._client.v1.transfers.list(params)).data
        return found[0].id if found else ""

    def balance_minor(self) -> int:
        """What Stripe holds for the platform in USD cents, pending money included."""
        balance = _plain(self._do(lambda: self._client.v1.balance.retrieve()))
        lines = [*balance["available"], *balance["pending"]]
        return sum(int(line["amount"]) for line in lines if line["currency"] == "usd")

    def balance_lines(self, since: int) -> Iterator[BalanceLine]:
        """The lines of the balance that were made at or after `since` (unix seconds), newest first."""
        params: Any = {"created": {"gte": since}, "limit": 100}
        for line in self._do(lambda: self._client.v1.balance_transactions.list(params)).auto_paging_iter():
            source = line.source if isinstance(line.source, str) else getattr(line.source, "id", "")
            yield BalanceLine(line.id, line.type, source or "", line.amount, line.fee, line.currency, line.created)

    def _intent(self, ask: Callable[[], stripe.PaymentIntent]) -> IntentState:
        return intent_state(_plain(self._do(ask)))

    def _do(self, ask: Callable[[], _T]) -> _T:
        require_no_transaction()
        try:
            return ask()
        except stripe.CardError as error:
            code = getattr(error.error, "decline_code", None) or error.code or "card_declined"
            raise CardDeclined(code, error.user_message or "The card was declined.") from error
        except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
            raise CardRefused(error.code or "invalid_request", str(error.user_message)) from error
        except stripe.StripeError as error:
            # Connection, rate limit, 5xx, and a wrong key of ours: none says that nothing was done for good.
            raise CardUnavailable(error.code or type(error).__name__, str(error.user_message)) from error


def _key(key: str) -> Any:
    return {"idempotency_key": f"gridclear:{key}"}


def _plain(answer: stripe.StripeObject) -> dict[str, Any]:
    return dict(answer.to_dict())


def _card_facts(card: stripe.PaymentMethod) -> dict[str, Any]:
    facts = _plain(card).get("card") or {}
    return {"id": card.id, **{name: facts.get(name, "") for name in ("brand", "last4", "country")}}


def rail() -> CardRail:
    """The card network that settings name; STRIPE_API_BASE, a stand-in's address, is empty in production."""
    return _rail(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


@lru_cache(maxsize=8)
def _rail(api_key: str, base: str) -> CardRail:
    return CardRail(api_key, base=base)
