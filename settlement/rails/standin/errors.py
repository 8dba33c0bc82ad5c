"""Stripe's error objects."""

from typing import Any

DOC_URL = "https://stripe.com/docs/error-codes/"


class CardNetworkError(Exception):
    """A refusal as Stripe words it. `saved` says whether it is kept under the idempotency key (work had begun)."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str | None = None, saved: bool = False, **members: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.saved = saved
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, **members}}
        if code:
            self.body["error"] |= {"code": code, "doc_url": DOC_URL + code}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> CardNetworkError:
    """A 400 for a request that cannot be carried out."""
    error = CardNetworkError(400, "invalid_request_error", message, code=code)
    if param:
        error.body["error"]["param"] = param
    return error


def missing(kind: str, object_id: str) -> CardNetworkError:
    """A 404 for an id that names nothing."""
    text = f"No such {kind}: '{object_id}'"
    return CardNetworkError(404, "invalid_request_error", text, code="resource_missing", param="id")


def unauthorized(key: str) -> CardNetworkError:
    """A 401 for a key that is absent or not a test key."""
    shown = f"Invalid API Key provided: {key[:8]}***" if key else "You did not provide an API key."
    return CardNetworkError(401, "invalid_request_error", shown)


def key_reused(key: str) -> CardNetworkError:
    """A 400 for an idempotency key that came before with other parameters."""
    text = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return CardNetworkError(400, "idempotency_error", text)


def key_in_use(key: str) -> CardNetworkError:
    """A 409 for an idempotency key under which another request is being carried out just now."""
    text = f"There is currently another in-progress request using this Idempotent Key ({key})."
    return CardNetworkError(409, "idempotency_error", text, code="idempotency_key_in_use")


def outage() -> CardNetworkError:
    """A 500 from the edge, before any work was done."""
    return CardNetworkError(500, "api_error", "An error occurred on our end (stand-in fault).")
