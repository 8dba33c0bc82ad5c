"""Requests that must not act twice: the same `Idempotency-Key` gets the same answer (ADR 0031)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from compliance.base import clock
from compliance.base.errors import Conflict, InvalidInput, Refusal
from marketplace.models import IdempotencyRecord

LONGEST_KEY = 128
# A request that gave no answer for so long has died; the next with its key takes its place, and its id.
GIVEN_UP_AFTER = timedelta(seconds=60)
# For how long an answer is remembered.
REMEMBERED_FOR = timedelta(hours=24)


class IdempotencyKeyNeeded(Refusal):
    """The request moves money or capacity and has no key."""

    code = "idempotency_key_needed"
    http_status = 400
    default_message = (
        "Send an Idempotency-Key header of 1 to 128 characters: a request that moves money or capacity must be safe to "
        "repeat. Nothing was changed."
    )


class IdempotencyKeyReused(InvalidInput):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    default_message = "This Idempotency-Key was used for another request. Nothing was changed; use a new key."


class RequestInProgress(Conflict):
    """The first request with this key has not been answered yet."""

    code = "request_in_progress"
    default_message = "A request with this Idempotency-Key is being worked on. Nothing was changed; ask again shortly."


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered before."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to be done once; its id serves as the id of what it makes, so that a repetition finds it."""

    id: UUID


def begin(organization_id: UUID, key: str, request_hash: str) -> Deed | Answer:
    """The deed is this request's to do, or the answer that it got before.

    Raises IdempotencyKeyNeeded, IdempotencyKeyReused, RequestInProgress.
    """
    if not 1 <= len(key) <= LONGEST_KEY:
        raise IdempotencyKeyNeeded
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(
                organization_id=organization_id, key=key, request_hash=request_hash
            )
    except IntegrityError:
        return _repeated(IdempotencyRecord.objects.get(organization_id=organization_id, key=key), request_hash)
    return Deed(record.pk)


def complete(deed: Deed, status: int, body: Any) -> None:
    """The answer is what every repetition gets."""
    IdempotencyRecord.objects.filter(pk=deed.id).update(status_code=status, body=body, completed_at=clock.now())


def abandon(deed: Deed) -> None:
    """The request came to nothing; its key is free again."""
    IdempotencyRecord.objects.filter(pk=deed.id, completed_at=None).delete()


def forget_old_answers() -> int:
    """Answers older than a day are gone; returns how many."""
    return IdempotencyRecord.objects.filter(completed_at__lt=clock.now() - REMEMBERED_FOR).delete()[0]


def _repeated(record: IdempotencyRecord, request_hash: str) -> Deed | Answer:
    if record.request_hash != request_hash:
        raise IdempotencyKeyReused
    if record.completed_at is not None and record.status_code is not None:
        return Answer(record.status_code, record.body)
    now = clock.now()
    mine = IdempotencyRecord.objects.filter(
        pk=record.pk, completed_at=None, created_at__lte=now - GIVEN_UP_AFTER
    ).update(created_at=now)
    if not mine:
        raise RequestInProgress
    return Deed(record.pk)
