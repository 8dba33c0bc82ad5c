"""Records on their way to other providers. What is to be sent stands in the database; a task only rings.

A job is taken with SKIP LOCKED and a time until which it is the taker's, so that no lock is held while somebody outside
is asked. Each is asked with one identifier, however often: a provider that did it, and whose answer was lost, knows it
again.
"""

import hmac
import logging
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, NotFound, Refusal
from compliance.base.sealed_leaves import subjects_of
from compliance.base.transition import transition
from compliance.models import TravelCounterparty, TravelDelivery, TravelRecord
from compliance.selectors.travel import context_of, message_of
from compliance.services import travel_passing
from compliance.services.officers import require_officer
from compliance.services.signing import signing_key
from compliance.services.subject_keys import record_shown
from compliance.sources.travel_rule import (
    Inquiry,
    Transport,
    TransportRefused,
    TransportUnavailable,
    TrpTransport,
    Word,
    word_of,
)

logger = logging.getLogger(__name__)
DOORBELL = "compliance.deliver_travel_data"
# Longer than any request takes: after it the worker is taken for dead.
TAKEN_FOR = timedelta(minutes=2)
LONGEST_WAIT = timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=24)
ANSWER_WITHIN = timedelta(days=3)
BATCH = 20
State = TravelDelivery.State


def post(record: TravelRecord, *, actor: Actor) -> TravelDelivery | None:
    """The record is on its way once the present transaction stands; None where it goes by hand.

    By itself goes what we send (a payout), to a confirmed provider that has an endpoint.
    """
    to = record.counterparty
    by_itself = to and to.endpoint and to.confirmed_by and to.retired_at is None
    if not (to and by_itself and record.must_pass_on and record.passed_at is None):
        return None
    if record.direction != TravelRecord.Direction.PAYOUT:
        return None
    now = clock.now()
    delivery, made = TravelDelivery.objects.get_or_create(
        record=record,
        defaults={
            "counterparty": to,
            "state": State.WAITING,
            "state_changed_at": now,
            "state_deadline_at": now + GIVE_UP_AFTER,
            "due_at": now,
        },
    )
    if made:
        enqueue(DOORBELL)
    return delivery


def post_waiting(to: TravelCounterparty, *, actor: Actor) -> None:
    """What waited for the provider to be confirmed is on its way."""
    waiting = TravelRecord.objects.filter(counterparty=to, must_pass_on=True, passed_at=None, delivery=None)
    for record in waiting.select_related("counterparty"):
        post(record, actor=actor)


def ask_again(record_id: UUID, *, actor: Actor) -> TravelDelivery:
    """What was given up is due once more, under the same identifier. Raises Forbidden, NotFound, IllegalTransition."""
    require_officer(actor)
    with transaction.atomic():
        row = TravelDelivery.objects.select_for_update().filter(record_id=record_id).first()
        if row is None:
            raise NotFound("This record is not sent by itself: pass it on by hand. Nothing was changed.")
        now = clock.now()
        deadline = now + GIVE_UP_AFTER
        transition(
            row, State.WAITING, actor=actor, event="travel.asked_again", deadline_at=deadline, due_at=now, attempts=0
        )
        enqueue(DOORBELL)
    return row


def deliver(*, actor: Actor, transport: Transport | None = None, limit: int = BATCH) -> int:
    """What was due was asked, and stands as its answer says; what nobody answered is due later, or given up.

    Call outside any transaction. Safe in parallel; whatever goes wrong with one stops no other. Returns how many.
    """
    _give_up_overdue(actor)
    rows = _take(limit)
    for row in rows:
        try:
            word = _ask(row, transport or _transport(), actor)
        except TransportUnavailable as error:
            _put_back(row, error.code)
        except TransportRefused as error:
            _move(row.pk, State.GIVEN_UP, "travel.not_delivered", actor, error.code)
        except Refusal as refusal:
            _move(row.pk, State.GIVEN_UP, "travel.not_delivered", actor, refusal.code)
        else:
            _follow(row.pk, word, actor)
    return len(rows)


def resolve(delivery_id: UUID, token: str, said: Any, *, actor: Actor) -> None:
    """The provider's later word about the inquiry is kept; the same word again changes nothing.

    Raises NotFound for a token that is not this inquiry's, and Conflict for a word that cannot be read or follow.
    """
    row = TravelDelivery.objects.filter(pk=delivery_id).first()
    if row is None or not hmac.compare_digest(token_of(delivery_id), token):
        raise NotFound
    try:
        word = word_of(said)
    except TransportUnavailable as error:
        raise Conflict("The answer says neither approved nor rejected. Nothing was changed.") from error
    reached = {Word.APPROVED: State.APPROVED, Word.REJECTED: State.REJECTED}.get(word)
    if reached is not None and row.state == reached:
        return
    if reached is None or row.state not in (State.WAITING, State.ANSWERED):
        raise Conflict("This was answered before. Nothing was changed.")
    _follow(delivery_id, word, actor)


def token_of(delivery_id: UUID) -> str:
    """What proves that a callback is about this inquiry: only who was asked knows it."""
    return hmac.digest(settings.SECRET_KEY.encode(), f"travel:{delivery_id}".encode(), "sha256").hex()


def _ask(row: TravelDelivery, transport: Transport, actor: Actor) -> Word:
    to, record = row.counterparty, row.record
    asset = settings.GRIDCLEAR_TRAVEL_ASSETS.get(record.currency)
    if asset is None:
        raise TransportRefused("asset_not_configured")
    names = {name: value for name, value in asset.items() if name != "decimals"}
    if not to.confirmed_by or to.retired_at is not None:
        raise TransportRefused("counterparty_not_confirmed")
    with transaction.atomic():
        message = message_of(record)
        context = context_of(record)
        for subject in subjects_of(record.sealed):
            record_shown(subject, context.record, context.purpose, actor=actor, why=f"sent to counterparty {to.pk}")
    inquiry = Inquiry(
        id=str(row.pk),
        endpoint=to.endpoint,
        asset=names,
        amount=float(Decimal(record.amount_minor).scaleb(-asset["decimals"])),
        callback=f"{settings.GRIDCLEAR_BASE_URL}/webhooks/trp/{row.pk}/{token_of(row.pk)}",
        ivms101=message,
    )
    return transport.send(inquiry, created=int(clock.now().timestamp()))


def _follow(delivery_id: UUID, word: Word, actor: Actor) -> None:
    if word == Word.APPROVED:
        _move(delivery_id, State.APPROVED, "travel.approved", actor)
    elif word == Word.REJECTED:
        _move(delivery_id, State.REJECTED, "travel.rejected", actor, "rejected")
    else:
        _move(delivery_id, State.ANSWERED, "travel.answered", actor, deadline=ANSWER_WITHIN)


def _move(
    delivery_id: UUID, to: str, event: str, actor: Actor, error: str = "", deadline: timedelta | None = None
) -> None:
    """The delivery stands so, unless an officer or another worker was first; an approval marks the record as passed."""
    with transaction.atomic():
        row = TravelDelivery.objects.select_for_update().select_related("counterparty").get(pk=delivery_id)
        if to not in row.TRANSITIONS.get(row.state, frozenset()):
            return
        until = clock.now() + deadline if deadline else None
        changes = {"last_error": error[:64], "taken_until": None}
        transition(row, to, actor=actor, event=event, deadline_at=until, data={"code": error}, **changes)
        if to == State.APPROVED:
            travel_passing.passed(row.record_id, row.counterparty.name, str(row.pk), by=actor)


def _take(limit: int) -> list[TravelDelivery]:
    now = clock.now()
    with transaction.atomic():
        free = TravelDelivery.objects.filter(
            Q(taken_until=None) | Q(taken_until__lte=now), state=State.WAITING, due_at__lte=now
        )
        rows = list(free.select_for_update(skip_locked=True).order_by("due_at", "pk")[:limit])
        TravelDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(taken_until=now + TAKEN_FOR)
    wanted = TravelDelivery.objects.filter(pk__in=[row.pk for row in rows])
    return list(wanted.select_related("counterparty", "record").order_by("due_at", "pk"))


def _put_back(row: TravelDelivery, code: str) -> None:
    logger.warning("travel data %s wait: %s", row.pk, code)
    wait = min(timedelta(seconds=5 * 2 ** min(row.attempts, 10)), LONGEST_WAIT)
    TravelDelivery.objects.filter(pk=row.pk, state=State.WAITING).update(
        taken_until=None, due_at=clock.now() + wait, attempts=F("attempts") + 1, last_error=code[:64]
    )


def _give_up_overdue(actor: Actor) -> None:
    late = TravelDelivery.objects.filter(state__in=(State.WAITING, State.ANSWERED), state_deadline_at__lte=clock.now())
    for pk in late.values_list("pk", flat=True)[:BATCH]:
        _move(pk, State.GIVEN_UP, "travel.not_delivered", actor, "no_answer")


@lru_cache(maxsize=1)
def _transport_of(kid: str, certificate: tuple[str, str] | None) -> TrpTransport:
    return TrpTransport(signing_key().private, kid, certificate)


def _transport() -> Transport:
    return _transport_of(signing_key().kid, settings.GRIDCLEAR_TRAVEL_CERTIFICATE)
