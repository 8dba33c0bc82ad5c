"""Questions to parties of which nobody wrote to them yet."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.models import Case, CaseNote

# A writer that dies is followed by another: a letter may come twice and is never lost.
CLAIM_LASTS = timedelta(minutes=10)


def untold_questions() -> QuerySet[CaseNote]:
    """The questions that wait for an answer and of which the party has no letter, oldest first; unopened."""
    waiting = CaseNote.objects.filter(
        kind=CaseNote.Kind.REQUEST, case__state=Case.State.AWAITING_PARTY, noticed_at=None
    )
    free = Q(notice_claimed_at=None) | Q(notice_claimed_at__lte=clock.now() - CLAIM_LASTS)
    return waiting.filter(free).select_related("case").order_by("created_at")


def claim_question(note_id: UUID) -> CaseNote | None:
    """The question, for the caller that writes to the party now; None when another does, or nothing waits any more."""
    with transaction.atomic():
        note = untold_questions().select_for_update(of=("self",), skip_locked=True).filter(pk=note_id).first()
        if note is not None:
            note.notice_claimed_at = clock.now()
            note.save(update_fields=["notice_claimed_at"])
    return note


def note_told(note_id: UUID, *, actor: Actor) -> None:
    """The party has the letter; doing it again changes nothing."""
    with transaction.atomic():
        if CaseNote.objects.filter(pk=note_id, noticed_at=None).update(noticed_at=clock.now()):
            note = CaseNote.objects.select_related("case").get(pk=note_id)
            audit.record("case.party_told", actor=actor, subject=note.case, data={"note": str(note_id)})
