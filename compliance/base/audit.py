"""The audit log: immutable events, sealed into a hash chain.

Events are written in the transaction of the deed. Chaining them there would make every writer wait for every other
(one lock for the whole platform), so a sealer chains them afterwards, in order of arrival; `audit verify` seals what
is left and walks the chain. Personal data never enters an event: only ids, codes, digests and amounts.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, Max, OuterRef

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.canonical import canonical_bytes
from compliance.base.walls import Immutable, NeverEmptied

GENESIS = "0" * 64
LOOK_BACK = 5_000
_SEAL_LOCK = 0x6772_6964_6175_6474  # "gridaudt"


class AuditEvent(models.Model):
    """Something happened; past tense in `event`, such as `lease.started`."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=64, db_index=True)
    actor = models.CharField(max_length=120, db_index=True)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    body_hash = models.CharField(max_length=64)

    class Meta:
        app_label = "compliance"
        ordering = ["id"]
        indexes = [models.Index(fields=["subject_kind", "subject_id", "id"])]
        triggers = [
            Immutable(name="audit_event_immutable"),
            NeverEmptied(name="audit_event_never_emptied"),
        ]

    def body(self) -> dict[str, Any]:
        """What the hash covers."""
        return {
            "at": self.at.isoformat(),
            "event": self.event,
            "actor": self.actor,
            "subject_kind": self.subject_kind,
            "subject_id": self.subject_id,
            "data": self.data,
        }


class AuditSeal(models.Model):
    """The place of one event in the chain: `hash` = SHA-256(previous hash, sequence, event id, body hash)."""

    sequence = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    sealed_at = models.DateTimeField(default=clock.now)

    class Meta:
        app_label = "compliance"
        ordering = ["sequence"]
        triggers = [
            Immutable(name="audit_seal_immutable"),
            NeverEmptied(name="audit_seal_never_emptied"),
        ]


def record(event: str, *, actor: Actor, subject: models.Model, data: dict[str, Any] | None = None) -> AuditEvent:
    """An audit event about the subject stands in the present transaction."""
    return record_about(
        event, actor=actor, subject_kind=subject._meta.label_lower, subject_id=str(subject.pk), data=data
    )


def record_about(
    event: str, *, actor: Actor, subject_kind: str, subject_id: str, data: dict[str, Any] | None = None
) -> AuditEvent:
    """As `record`, for a subject that is named rather than held."""
    row = AuditEvent(
        at=clock.now(),
        event=event,
        actor=actor.ref,
        subject_kind=subject_kind,
        subject_id=subject_id,
        data=json.loads(canonical_bytes(data or {})),
    )
    row.body_hash = hashlib.sha256(canonical_bytes(row.body())).hexdigest()
    row.save(force_insert=True)
    return row


def record_many(event: str, *, actor: Actor, subject_kind: str, about: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """As `record_about`, for many subjects of one kind: (id, data) each, written at once."""
    now, rows = clock.now(), []
    for subject_id, data in about:
        row = AuditEvent(
            at=now,
            event=event,
            actor=actor.ref,
            subject_kind=subject_kind,
            subject_id=subject_id,
            data=json.loads(canonical_bytes(data)),
        )
        row.body_hash = hashlib.sha256(canonical_bytes(row.body())).hexdigest()
        rows.append(row)
    AuditEvent.objects.bulk_create(rows)


def chain_hash(previous_hash: str, sequence: int, event_id: int, body_hash: str) -> str:
    """The hash of one link."""
    return hashlib.sha256(f"{previous_hash}:{sequence}:{event_id}:{body_hash}".encode()).hexdigest()


def seal_events(limit: int = 10_000, *, recent: bool = False) -> int:
    """At most `limit` unsealed events are chained; returns how many. Safe to run in parallel.

    With `recent`, only the newest ids are looked at, so that the work does not grow with the log; an event whose
    transaction was open for very long is left to the next whole run.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEAL_LOCK])
        last = AuditSeal.objects.aggregate(top=Max("sequence"))["top"] or 0
        newest = AuditSeal.objects.filter(sequence=last).first()
        previous = newest.hash if newest else GENESIS
        beyond = newest.event_id - LOOK_BACK if recent and newest else 0
        seals = []
        for sequence, event in enumerate(_unsealed(beyond)[:limit], start=last + 1):
            link = chain_hash(previous, sequence, event.pk, event.body_hash)
            seals.append(AuditSeal(sequence=sequence, event=event, previous_hash=previous, hash=link))
            previous = link
        AuditSeal.objects.bulk_create(seals)
    return len(seals)


def _unsealed(beyond: int) -> models.QuerySet[AuditEvent]:
    """The events with ids beyond this one that are not chained yet, oldest first."""
    # The bound stands on both sides: so the database reads both tables' ends and not the whole of either.
    sealed = AuditSeal.objects.filter(event=OuterRef("pk"), event_id__gt=beyond)
    return AuditEvent.objects.filter(~Exists(sealed), id__gt=beyond).order_by("id")
