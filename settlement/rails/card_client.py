"""How the card network is asked: one pinned version, one key per deed, short timeouts, three kinds of failure."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import stripe

from settlement.rails.outside import require_no_transaction

API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = (3.05, 20.0)
RETRIES = 1
CONFLICT = 409
# Lines of one page of a list: the most that the network gives.
PAGE = 100

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


def library(api_key: str, *, base: str = "", retries: int = RETRIES) -> stripe.StripeClient:
    """Stripe's library, bound to one account of ours and to the pinned version; `base` leads to a stand-in."""
    return stripe.StripeClient(
        api_key,
        stripe_version=API_VERSION,
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses={"api": base} if base else {},
    )


class CardClient:
    """The library at work. Every call may raise CardDeclined, CardRefused or CardUnavailable."""

    def __init__(self, api_key: str, *, base: str = "", retries: int = RETRIES) -> None:
        self._client = library(api_key, base=base, retries=retries)

    def _do(self, ask: Callable[[], _T]) -> _T:
        require_no_transaction()
        try:
            return ask()
        except stripe.CardError as error:
            code = getattr(error.error, "decline_code", None) or error.code or "card_declined"
            raise CardDeclined(code, error.user_message or "The card was declined.") from error
        except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
            if error.http_status == CONFLICT:
                # Another request of ours is at the same deed just now, and its outcome will be this one's.
                raise CardUnavailable(error.code or "conflict", str(error.user_message)) from error
            raise CardRefused(error.code or "invalid_request", str(error.user_message)) from error
        except stripe.StripeError as error:
            # Connection, rate limit, 5xx, and a wrong key of ours: none says that nothing was done for good.
            raise CardUnavailable(error.code or type(error).__name__, str(error.user_message)) from error


def key_of(key: str) -> Any:
    """The options that make the request one deed, however often it is sent."""
    return {"idempotency_key": f"gridclear:{key}"}


def plain(answer: stripe.StripeObject) -> dict[str, Any]:
    """The answer as the library's JSON."""
    return dict(answer.to_dict())
