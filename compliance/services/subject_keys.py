"""One key per subject: personal data is sealed under it, shown on record, and erased by destroying it.

No caller handles a key. What a person is shown goes through `reveal`, which writes who, what and why in the audit
log before the bytes leave; the platform's own reading is `selectors.sealed.open_sealed`.
"""

import os
from collections.abc import Iterable
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import InvalidInput
from compliance.base.master_keys import Keyring, keyring
from compliance.base.sealing import KEY_BYTES, Context, Subject, SubjectCipher
from compliance.models import SubjectKey
from compliance.selectors import sealed as selectors
from compliance.selectors.sealed import Sealed, open_sealed

__all__ = [
    "ciphers_for",
    "destroy",
    "destroy_many",
    "open_sealed",
    "record_shown",
    "reveal",
    "reveal_many",
    "rewrap",
    "seal",
]

REWRAP_BATCH = 500


def seal(subject: Subject, plaintext: bytes, context: Context) -> bytes:
    """The plaintext, sealed under the subject's key, which is made at first use.

    It opens for this subject, record and purpose alone. Raises SubjectErased.
    """
    return selectors.cipher(_row_of(subject)).seal(plaintext, context)


def ciphers_for(subjects: Iterable[Subject]) -> dict[Subject, SubjectCipher]:
    """The ciphers of the subjects, whose keys are made where they have none, in three queries at most.

    Those whose key is destroyed are left out: nothing new is sealed for them.
    """
    wanted = set(subjects)
    found = selectors.ciphers_that_stand(wanted)
    missing = wanted - set(found)
    if not missing:
        return found
    ring = keyring()
    SubjectKey.objects.bulk_create((_new_row(subject, ring) for subject in missing), ignore_conflicts=True)
    return found | selectors.ciphers_that_stand(missing)


def reveal(subject: Subject, sealed: bytes, context: Context, *, actor: Actor, why: str) -> bytes:
    """The plaintext, for a person to see: the audit log says who opened which record, and why.

    `why` is a short code or the id of a case: no personal data. Raises SubjectErased, SealBroken, NotFound,
    InvalidInput without a reason.
    """
    return reveal_many([Sealed(subject, sealed, context)], actor=actor, why=why)[0]


def reveal_many(items: list[Sealed], *, actor: Actor, why: str) -> list[bytes]:
    """As `reveal`, for several records: an event each."""
    if not why.strip():
        raise InvalidInput("Personal data is opened for a reason, which goes on record. Nothing was shown.")
    with transaction.atomic():
        for item in items:
            record_shown(item.subject, item.context.record, item.context.purpose, actor=actor, why=why)
        return selectors.open_many(items)


def record_shown(subject: Subject, record: str, purpose: str, *, actor: Actor, why: str) -> None:
    """The audit log says that this person sees this record of the subject, and why. No personal data in any of it."""
    kind, _, key = record.partition(":")
    audit.record_about(
        "personal_data.shown",
        actor=actor,
        subject_kind=kind[:40],
        subject_id=key[:64],
        data={"subject": str(subject), "what": purpose, "why": why[:200]},
    )


def destroy(subject: Subject, *, actor: Actor, reason: str) -> bool:
    """The subject's key is gone and can never come back: what it sealed is noise. Whether it was still there.

    A subject that never had a key cannot get one any more. Whether the data may go (retention, legal hold) is the
    caller's to know. Backups hold the wrapped key until they lapse, see ADR 0051.
    """
    with transaction.atomic():
        row = SubjectKey.objects.select_for_update().get(pk=_row_of(subject).pk)
        if row.destroyed_at is not None:
            return False
        row.wrapped, row.destroyed_at = None, clock.now()
        row.destroyed_by, row.destroyed_reason = actor.ref, reason[:64]
        row.save(update_fields=["wrapped", "destroyed_at", "destroyed_by", "destroyed_reason"])
        audit.record(
            "subject_key.destroyed", actor=actor, subject=row, data={"subject": str(subject), "reason": reason[:64]}
        )
    return True


def destroy_many(subjects: Iterable[Subject], *, actor: Actor, reason: str) -> int:
    """As `destroy`, for many subjects in a fixed number of statements; returns how many keys were still there."""
    wanted = list(dict.fromkeys(subjects))
    ciphers_for(wanted)  # who never had a key has an empty row from now on, and gets none any more
    with transaction.atomic():
        rows = list(selectors.rows_of(wanted).select_for_update().filter(destroyed_at=None).order_by("pk"))
        SubjectKey.objects.filter(pk__in=[row.pk for row in rows]).update(
            wrapped=None, destroyed_at=clock.now(), destroyed_by=actor.ref, destroyed_reason=reason[:64]
        )
        audit.record_many(
            "subject_key.destroyed",
            actor=actor,
            subject_kind=SubjectKey._meta.label_lower,
            about=[(str(row.pk), {"subject": _name_of(row), "reason": reason[:64]}) for row in rows],
        )
    return len(rows)


def rewrap(*, actor: Actor) -> int:
    """Every key that stands is wrapped by the current master key; returns how many were not before.

    What the keys sealed is not touched. Safe to repeat and to run beside others: each batch is one transaction.
    """
    total = 0
    while done := _rewrap_batch(actor):
        total += done
    return total


def _rewrap_batch(actor: Actor) -> int:
    ring = keyring()
    with transaction.atomic():
        due = SubjectKey.objects.filter(destroyed_at=None).filter(~Q(master_key_id=ring.current)).order_by("pk")
        rows = list(due.select_for_update()[:REWRAP_BATCH])
        for row in rows:
            bound = selectors.bound_to(row)
            row.wrapped = ring.wrap(ring.unwrap(bytes(row.wrapped or b""), row.master_key_id, bound), bound)
            row.master_key_id = ring.current
        if rows:
            SubjectKey.objects.bulk_update(rows, ["wrapped", "master_key_id"])
            audit.record_about(
                "subject_keys.rewrapped",
                actor=actor,
                subject_kind="compliance.subjectkey",
                subject_id=ring.current,
                data={"count": len(rows)},
            )
    return len(rows)


def _row_of(subject: Subject) -> SubjectKey:
    """The row of the subject's key, made at first use; of two who make it at once, one wins."""
    found = SubjectKey.objects.filter(subject_kind=subject.kind, subject_id=subject.id).first()
    if found is not None:
        return found
    SubjectKey.objects.bulk_create([_new_row(subject, keyring())], ignore_conflicts=True)
    return SubjectKey.objects.get(subject_kind=subject.kind, subject_id=subject.id)


def _new_row(subject: Subject, ring: Keyring) -> SubjectKey:
    row = SubjectKey(pk=uuid4(), subject_kind=subject.kind, subject_id=subject.id, master_key_id=ring.current)
    row.wrapped = ring.wrap(os.urandom(KEY_BYTES), selectors.bound_to(row))
    return row


def _name_of(row: SubjectKey) -> str:
    return str(Subject(row.subject_kind, row.subject_id))
