"""Upward notices. Each is sent on commit and carries ids only; a sweep re-derives the same truth."""

from django.dispatch import Signal

# hold_id: UUID, subject_id: UUID
hold_confirmed = Signal()
# hold_id: UUID, subject_id: UUID, failure_code: str
hold_failed = Signal()
# hold_id: UUID, subject_id: UUID
hold_settled = Signal()
# payout_id: UUID, party_id: UUID
payout_sent = Signal()
