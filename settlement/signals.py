"""Upward notices of the money. Each is sent on commit and carries ids only; a sweep re-derives the same truth."""

from django.dispatch import Signal

# hold_id: UUID, subject_id: UUID
hold_confirmed = Signal()
# hold_id: UUID, subject_id: UUID, code: str
hold_failed = Signal()
# hold_id: UUID, subject_id: UUID
hold_settled = Signal()
# hold_id: UUID, subject_id: UUID
hold_unsecured = Signal()
# party_id: UUID
balance_used = Signal()
# top_up_id: UUID, party_id: UUID
top_up_succeeded = Signal()
# top_up_id: UUID, party_id: UUID, code: str
top_up_failed = Signal()
# payout_id: UUID, party_id: UUID
payout_sent = Signal()
# payout_id: UUID, party_id: UUID, code: str
payout_failed = Signal()
# dispute_id: UUID, party_id: UUID
dispute_moved = Signal()
# alarm_id: UUID, code: str
chain_alarmed = Signal()
