"""Stripe Identity: a person's document and face checked by the card network's vendor side.

The same client, version, timeouts and kinds of failure as the card rail. No name or address goes there from us: only
the id of our check. Never inside a database transaction.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import stripe
from django.conf import settings

from compliance.base.identity_vendor import (
    Begun,
    Outcome,
    PersonProven,
    Result,
    VendorRefused,
    VendorUnavailable,
)
from settlement.rails.card_client import RETRIES, key_of, library
from settlement.rails.outside import require_no_transaction

CODE = "stripe_identity"
# Our id of the check, in the session's metadata: how a notice finds the row before the row knows the session.
CHECK_KEY = "gridclear_check"
# Names of what only a verified session holds, and only where it is asked for by name.
_OUTPUTS = ["verified_outputs", "verified_outputs.dob", "last_verification_report"]
_OUTCOMES = {"processing": Outcome.PROCESSING, "verified": Outcome.VERIFIED, "canceled": Outcome.CANCELED}

_T = TypeVar("_T")


class StripeIdentity:
    """VerificationSessions of type `document`, with a selfie that must match the document's photo."""

    code = CODE
    title = "Show your document and your face to Stripe, in two minutes"
    proves = True

    def __init__(self, api_key: str, *, base: str = "", retries: int = RETRIES) -> None:
        self._client = library(api_key, base=base, retries=retries)

    def begin(self, check_id: UUID, *, return_url: str) -> Begun:
        """A session stands; its address is good once and for two days at the most."""
        params: Any = {
            "type": "document",
            "options": {"document": {"require_matching_selfie": True, "require_live_capture": True}},
            "metadata": {CHECK_KEY: str(check_id)},
            "return_url": return_url,
        }
        key = key_of(f"identity:{check_id}")
        session = self._do(lambda: self._client.v1.identity.verification_sessions.create(params, key))
        return Begun(session.id, session.url or "")

    def result(self, external_id: str) -> Result:
        """The session as it stands; while it waits for the person, with a fresh address to go on."""
        params: Any = {"expand": _OUTPUTS}
        session = self._do(lambda: self._client.v1.identity.verification_sessions.retrieve(external_id, params))
        return result_of(dict(session.to_dict()))

    def cancel(self, external_id: str) -> None:
        """The session takes nothing more."""
        if self.result(external_id).outcome not in (Outcome.CANCELED, Outcome.VERIFIED):
            self._do(lambda: self._client.v1.identity.verification_sessions.cancel(external_id))

    def redact(self, external_id: str) -> None:
        """Stripe forgets the person; it may take days, and asking again changes nothing."""
        self._do(lambda: self._client.v1.identity.verification_sessions.redact(external_id))

    def _do(self, ask: Callable[[], _T]) -> _T:
        require_no_transaction()
        try:
            return ask()
        except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
            raise VendorRefused from error
        except stripe.StripeError as error:
            # Connection, rate limit, 5xx, and a wrong key of ours: none says that nothing was done for good.
            raise VendorUnavailable from error


def result_of(session: dict[str, Any]) -> Result:
    """The facts of a VerificationSession, from an answer."""
    status, error = session["status"], session.get("last_error") or {}
    failed = status == "requires_input" and bool(error.get("code"))
    outcome = _OUTCOMES.get(status, Outcome.FAILED if failed else Outcome.PENDING)
    return Result(
        external_id=session["id"],
        check_id=(session.get("metadata") or {}).get(CHECK_KEY, ""),
        outcome=outcome,
        failure=str(error.get("code") or "") if failed else "",
        person=_person(session) if outcome == Outcome.VERIFIED else None,
        url=session.get("url") or "",
    )


def _person(session: dict[str, Any]) -> PersonProven | None:
    outputs = session.get("verified_outputs") or {}
    report = session.get("last_verification_report")
    document = report.get("document") or {} if isinstance(report, dict) else {}
    if not outputs.get("first_name") and not outputs.get("last_name"):
        return None
    return PersonProven(
        first_name=outputs.get("first_name") or "",
        last_name=outputs.get("last_name") or "",
        birth_date=_day(outputs.get("dob")),
        address_country=(outputs.get("address") or {}).get("country") or "",
        document_type=document.get("type") or "",
        document_country=document.get("issuing_country") or "",
    )


def _day(dob: dict[str, Any] | None) -> str:
    if not dob or not all(dob.get(part) for part in ("year", "month", "day")):
        return ""
    return f"{dob['year']:04d}-{dob['month']:02d}-{dob['day']:02d}"


def stripe_identity() -> StripeIdentity:
    """The implementation at the address that settings name."""
    return _made(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


@lru_cache(maxsize=8)
def _made(api_key: str, base: str) -> StripeIdentity:
    return StripeIdentity(api_key, base=base)
