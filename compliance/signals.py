"""Upward notices. Each is sent on commit and carries ids only; a sweep re-derives the same truth."""

from django.dispatch import Signal

# clearance_ids: list[UUID], subject_ids: list[UUID], reason: str
clearances_revoked = Signal()
# party_id: UUID, case_id: UUID | None, reason: str
party_restricted = Signal()
# party_id: UUID, case_id: UUID | None
restriction_lifted = Signal()
# party_ids: list[UUID]
parties_erased = Signal()
# case_id: UUID, subject_id: UUID | None, disposition: str
case_closed = Signal()
# party_ids: list[UUID], what: str (identity, location). Something that clearances rest on has changed.
facts_moved = Signal()
# code: str, version_id: UUID
watchlist_loaded = Signal()
