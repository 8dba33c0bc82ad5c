"""Verifications run out: reminded of before, renewed in time without a gap, ended by the sweep."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.transition import transition
from compliance.models import IdentityVerification
from compliance.selectors.identity import reminder_due
from compliance.services import cases
from compliance.services.notices import send_on_commit
from compliance.signals import facts_moved

CLAIM_LASTS = timedelta(minutes=10)
_State = IdentityVerification.State


def extend(standing: IdentityVerification, grace: timedelta, *, actor: Actor) -> None:
    """The verification in force stays so until its renewal is decided, at the latest `grace` after its expiry."""
    if standing.expires_at is None or standing.extended_until is not None or not grace:
        return
    standing.extended_until = standing.state_deadline_at = standing.expires_at + grace
    standing.save(update_fields=["extended_until", "state_deadline_at"])
    data = {"party": str(standing.party_id), "until": standing.extended_until.isoformat()}
    audit.record("identity.extended", actor=actor, subject=standing, data=data)


def end_extension(renewal: IdentityVerification, *, actor: Actor) -> None:
    """What the renewal would have renewed runs out at its own expiry again; past it, the next sweep ends it."""
    standing = renewal.renews
    if standing is None or standing.extended_until is None or standing.state != _State.VERIFIED:
        return
    standing.extended_until, standing.state_deadline_at = None, standing.expires_at
    standing.save(update_fields=["extended_until", "state_deadline_at"])
    audit.record("identity.extension_ended", actor=actor, subject=standing, data={"party": str(standing.party_id)})


def expire_identities(*, actor: Actor) -> int:
    """Every verification whose deadline has passed is EXPIRED: the undecided and the outworn. Returns how many."""
    due = IdentityVerification.objects.filter(
        state__in=[_State.SUBMITTED, _State.VERIFIED], state_deadline_at__lte=clock.now()
    )
    count = 0
    for verification_id in due.values_list("pk", flat=True)[:1000]:
        with transaction.atomic():
            row = _held(verification_id)
            if row is None or row.is_terminal or (row.state_deadline_at or clock.now()) > clock.now():
                continue
            undecided = row.state == _State.SUBMITTED
            reason = {"reason": "not_decided_in_time" if undecided else "validity_ended"}
            transition(row, _State.EXPIRED, actor=actor, event="identity.expired", data=reason)
            if undecided:
                end_extension(row, actor=actor)
                cases.close_identity_case(row.pk, "", actor=actor)
            else:
                send_on_commit(facts_moved, party_ids=[row.party_id], what="identity")
            count += 1
    return count


def claim_reminder(verification_id: UUID) -> int | None:
    """How many days before the expiry the reminder is that the caller sends now; None when none is due.

    A sender that dies is followed by another after ten minutes, so a reminder may come twice and is never lost.
    """
    now = clock.now()
    with transaction.atomic():
        row = _held(verification_id)
        days = reminder_due(row) if row is not None else None
        if row is None or days is None or (row.reminder_claimed_at and row.reminder_claimed_at > now - CLAIM_LASTS):
            return None
        row.reminder_claimed_at = now
        row.save(update_fields=["reminder_claimed_at"])
    return days


def note_reminded(verification_id: UUID, days: int, *, actor: Actor) -> None:
    """The reminder of so many days before the expiry was sent; doing it again changes nothing."""
    with transaction.atomic():
        row = _held(verification_id)
        if row is None or (row.reminded_days is not None and row.reminded_days <= days):
            return
        row.reminded_days, row.reminder_claimed_at = days, None
        row.save(update_fields=["reminded_days", "reminder_claimed_at"])
        audit.record("identity.reminded", actor=actor, subject=row, data={"days_before": days})


def _held(verification_id: UUID) -> IdentityVerification | None:
    rows = IdentityVerification.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(pk=verification_id).first()
