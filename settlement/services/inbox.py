"""The inbox for signed notices of the card network.

A notice is believed only with a valid signature. It is stored once, under its id, in the same transaction as its
effect: delivered five times, it acts once; an effect that fails leaves the notice unprocessed, and the sweep tries
again, later each time, so that notices that keep failing stop no other. The order of arrival does not matter, see
`card_payments`. Types that nobody knows are kept.
"""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings
from django.db import transaction

from compliance.base import clock, faults
from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.services import identity_checks, money_alarms
from settlement.models import InboundEvent
from settlement.rails.card_risks import charge_risk, fraud_warning, review_news, without_people
from settlement.rails.card_states import dispute_state, intent_state, recipient_state, refund_state
from settlement.rails.identity import CHECK_KEY, CODE
from settlement.services import card_payments, card_risks, disputes, payout_accounts, refund_states

logger = logging.getLogger(__name__)
ACTOR = system("stripe")
SOURCE = "stripe"
TOLERANCE_SECONDS = 300
BATCH = 200
# A notice about something that we do not know is tried again for so long; then it was about somebody else's.
UNKNOWN_FOR = timedelta(days=3)
# From the sweep's first attempt to its next; doubled each time.
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=15)
# A notice that fails for so long is a case for officers.
ALARM_AFTER = timedelta(days=1)


class BadSignature(Refusal):
    """The notice is not from the card network, was changed, or is too old."""

    code = "bad_signature"
    default_message = "The signature of this notice does not verify. Nothing was changed."


class MalformedNotice(Refusal):
    """The body is no event."""

    code = "malformed_notice"
    default_message = "The body is no event of the card network. Nothing was changed."


def receive_stripe(payload: bytes, signature: str) -> str:
    """The notice is stored and has had its effect; returns the outcome ("duplicate" when it came before).

    Raises BadSignature, MalformedNotice.
    """
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise BadSignature from error
    if not any(_signed_with(secret.strip(), text, signature) for secret in settings.STRIPE_WEBHOOK_SECRET.split(",")):
        raise BadSignature
    event = _event(text)
    return store(event)


def _signed_with(secret: str, text: str, signature: str) -> bool:
    """Of several secrets: the endpoint for our own account has one, that for connected accounts another."""
    try:
        return bool(secret and stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE_SECONDS))
    except stripe.SignatureVerificationError:
        return False


def _event(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedNotice from error
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) for name in ("id", "type")):
        raise MalformedNotice
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise MalformedNotice
    return event


def store(event: dict[str, Any]) -> str:
    """As `receive_stripe`, for an event that is known to be genuine."""
    with transaction.atomic():
        # The unique id decides between two deliveries at once: the second waits here, then finds nothing to insert.
        kept = without_people(event)
        InboundEvent.objects.bulk_create(
            [InboundEvent(source=SOURCE, external_id=event["id"], type=event["type"][:80], payload=kept)],
            ignore_conflicts=True,
        )
        row = InboundEvent.objects.select_for_update().get(source=SOURCE, external_id=event["id"])
        if row.processed_at is not None:
            return "duplicate"
        return _process(row)


def process_inbox() -> int:
    """Every stored notice that has had no effect yet and is due was tried again. Returns how many."""
    waiting = InboundEvent.objects.filter(processed_at=None, due_at__lte=clock.now())
    ids = list(waiting.order_by("due_at", "created_at").values_list("pk", flat=True)[:BATCH])
    for event_id in ids:
        _process_again(event_id)
    return len(ids)


def _process_again(event_id: UUID) -> None:
    with transaction.atomic():
        row = InboundEvent.objects.select_for_update(skip_locked=True).filter(pk=event_id, processed_at=None).first()
        if row is None:
            return
        _process(row)
        if row.processed_at is None:
            _put_back(row)


def _put_back(row: InboundEvent) -> None:
    """The notice is due again, later each time that the sweep came to it."""
    row.due_at = clock.now() + min(FIRST_WAIT * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    row.attempts += 1
    row.save(update_fields=["attempts", "due_at"])


def _process(row: InboundEvent) -> str:
    effect = _EFFECTS.get(row.type) if _is_about_us(row) else None
    if effect is None:
        return _close(row, "kept")
    try:
        with transaction.atomic():
            changed = effect(row.payload["data"]["object"])
    except disputes.PaymentNotKnownYet as error:
        if clock.now() - row.created_at > UNKNOWN_FOR:
            return _close(row, "not ours")
        return _wait(row, error.code)
    except Exception as error:
        # Any: the notice is ours now and is tried again; to ask for it once more would bring the same.
        place = faults.place_of(error)
        logger.error("notice %s (%s) had no effect: %s", row.external_id, row.type, place)
        if clock.now() - row.created_at >= ALARM_AFTER:
            work = f"The notice {row.type}"
            money_alarms.open_case_of_stuck(work, faults.code_of(error), row.external_id, row.pk, actor=ACTOR)
        return _wait(row, faults.code_of(error))
    return _close(row, "applied" if changed else "nothing to do")


def _is_about_us(row: InboundEvent) -> bool:
    """Whether the notice is of our mode, live or test, and of our own account.

    Of a connected account only what concerns the account itself is ours: it makes its payments as it likes, and writes
    into them what it likes.
    """
    live = "_live_" in settings.STRIPE_API_KEY
    connected = bool(row.payload.get("account"))
    return row.payload.get("livemode", live) is live and (not connected or row.type.startswith("account."))


def _wait(row: InboundEvent, outcome: str) -> str:
    row.outcome = outcome[:40]
    row.save(update_fields=["outcome"])
    return row.outcome


def _close(row: InboundEvent, outcome: str) -> str:
    row.outcome = outcome
    row.processed_at = clock.now()
    row.save(update_fields=["outcome", "processed_at"])
    return outcome


def _payment_intent(body: dict[str, Any]) -> bool:
    return card_payments.apply_intent(intent_state(body), actor=ACTOR)


def _dispute(body: dict[str, Any]) -> bool:
    return disputes.apply_dispute(dispute_state(body), actor=ACTOR)


def _refund(body: dict[str, Any]) -> bool:
    return refund_states.apply_refund(refund_state(body), actor=ACTOR)


def _charge(body: dict[str, Any]) -> bool:
    return card_risks.note_charge(charge_risk(body), actor=ACTOR)


def _warning(body: dict[str, Any]) -> bool:
    return card_risks.note_warning(fraud_warning(body), actor=ACTOR)


def _review(body: dict[str, Any]) -> bool:
    return card_risks.note_review(review_news(body), actor=ACTOR)


def _account(body: dict[str, Any]) -> bool:
    return payout_accounts.hear_of(recipient_state(body), actor=ACTOR)


def _identity(body: dict[str, Any]) -> bool:
    """What the session says is not taken from the notice: the vendor is asked, outside of any transaction."""
    return identity_checks.note_news(CODE, body["id"], str((body.get("metadata") or {}).get(CHECK_KEY, "")))


_EFFECTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "payment_intent.amount_capturable_updated": _payment_intent,
    "payment_intent.succeeded": _payment_intent,
    "payment_intent.payment_failed": _payment_intent,
    "payment_intent.canceled": _payment_intent,
    "payment_intent.processing": _payment_intent,
    "charge.succeeded": _charge,
    "charge.failed": _charge,
    "charge.updated": _charge,
    "radar.early_fraud_warning.created": _warning,
    "radar.early_fraud_warning.updated": _warning,
    "review.opened": _review,
    "review.closed": _review,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "account.updated": _account,
    "identity.verification_session.processing": _identity,
    "identity.verification_session.requires_input": _identity,
    "identity.verification_session.verified": _identity,
    "identity.verification_session.canceled": _identity,
}
