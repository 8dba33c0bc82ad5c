"""Checks of a person at a vendor: begun, followed by notices and by asking, sealed, concluded.

A notice only says that something happened: what is so is asked of the vendor, outside any transaction. A notice that is
lost costs minutes, because the sweep asks anyway.
"""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, NotFound
from compliance.base.identity_vendor import Outcome, Result, VendorRefused, VendorUnavailable
from compliance.base.sealing import Subject, SubjectErased
from compliance.base.transition import transition
from compliance.models import IdentityCheck, Party
from compliance.selectors.identity_checks import OPEN, open_check, to_redact, to_refresh
from compliance.services import subject_keys
from compliance.services.identity_decisions import conclude_by_vendor, person_context
from compliance.services.identity_vendors import vendor

LASTS = timedelta(hours=48)  # as long as the address that Stripe gives
ASK_AGAIN = timedelta(minutes=5)
REFRESH_TASK = "compliance.refresh_identity_check"
_State = IdentityCheck.State
_STATES = {
    Outcome.PENDING: _State.PENDING,
    Outcome.PROCESSING: _State.PROCESSING,
    Outcome.VERIFIED: _State.VERIFIED,
    Outcome.FAILED: _State.FAILED,
    Outcome.CANCELED: _State.CANCELED,
}


class CheckUnderWay(Conflict):
    """The vendor is looking at what the person handed in."""

    code = "check_under_way"
    default_message = "A check is under way already. Nothing was changed; its answer comes within minutes."


def begin_check(party_id: UUID, vendor_code: str, *, return_url: str, actor: Actor) -> str:
    """The address to which the person goes now; an open check of the party at this vendor goes on.

    The caller has checked who acts for the party. Asks the vendor: not inside a transaction.
    Raises NotFound, CheckUnderWay, VendorUnavailable, VendorRefused.
    """
    chosen = vendor(vendor_code)
    row = open_check(party_id, vendor_code) or _made(party_id, vendor_code, actor)
    if row.external_id:
        result = chosen.result(row.external_id)
        apply_result(row.pk, result, actor=actor)
        if result.outcome in (Outcome.PROCESSING, Outcome.VERIFIED):
            raise CheckUnderWay
        if result.url:
            return result.url
        if result.outcome == Outcome.CANCELED:
            row = _made(party_id, vendor_code, actor)
    begun = chosen.begin(row.pk, return_url=return_url)
    IdentityCheck.objects.filter(pk=row.pk, external_id="").update(
        external_id=begun.external_id, refresh_at=clock.now() + ASK_AGAIN
    )
    return begun.url


def note_news(vendor_code: str, external_id: str, check_id: str) -> bool:
    """The vendor is asked about the check soon, because it says that something happened. Whether the check is ours.

    A check whose begin was never answered gets its vendor's id here.
    """
    rows = IdentityCheck.objects.select_for_update().filter(vendor=vendor_code)
    with transaction.atomic():
        row = rows.filter(external_id=external_id).first() or _by_own_id(rows, check_id)
        if row is None or row.is_terminal:
            return False
        row.external_id, row.refresh_at = external_id, clock.now()
        row.save(update_fields=["external_id", "refresh_at"])
        enqueue(REFRESH_TASK, str(row.pk))
    return True


def refresh_check(check_id: UUID, *, actor: Actor) -> None:
    """The check stands as the vendor has it. Asks the vendor: not inside a transaction.

    A vendor that does not answer is asked again later; nothing is concluded from that.
    """
    row = IdentityCheck.objects.filter(pk=check_id).first()
    if row is None or row.state not in OPEN or not row.external_id:
        return
    IdentityCheck.objects.filter(pk=row.pk).update(refresh_at=clock.now() + ASK_AGAIN)
    try:
        result = vendor(row.vendor).result(row.external_id)
    except (VendorUnavailable, VendorRefused):
        return
    apply_result(row.pk, result, actor=actor)


def apply_result(check_id: UUID, result: Result, *, actor: Actor) -> None:
    """What the vendor says is so; a verified person is sealed, and a submission that waits for it is concluded.

    A result of another check is refused (Conflict): what one person proved never counts for another.
    """
    with transaction.atomic():
        # The party first, as everywhere: what concludes a verification holds it too.
        party_id = IdentityCheck.objects.values_list("party_id", flat=True).get(pk=check_id)
        Party.objects.select_for_update().get(pk=party_id)
        row = IdentityCheck.objects.select_for_update().get(pk=check_id)
        if result.check_id != str(row.pk):
            raise Conflict("This answer belongs to another check. Nothing was changed.")
        to = _STATES[result.outcome]
        if to == row.state or to not in row.TRANSITIONS.get(row.state, frozenset()):
            return
        transition(
            row,
            to,
            actor=actor,
            event=f"identity_check.{to}",
            data={"party": str(party_id), "vendor": row.vendor, "failure": result.failure},
            deadline_at=None if to in (_State.VERIFIED, _State.CANCELED) else row.state_deadline_at,
            **_changes(row, to, result),
        )
        if to == _State.VERIFIED:
            conclude_by_vendor(party_id)


def sweep_checks(*, actor: Actor) -> int:
    """Every open check was asked about when it was due, and none outlives its deadline. Returns how many were.

    Asks vendors: not inside a transaction.
    """
    count = 0
    for row in to_refresh():
        refresh_check(row.pk, actor=actor)
        count += _end_overdue(row.pk, actor)
    for row in to_redact():
        count += _redact(row, actor)
    return count


def _end_overdue(check_id: UUID, actor: Actor) -> int:
    row = IdentityCheck.objects.get(pk=check_id)
    if row.state not in OPEN or row.state_deadline_at is None or row.state_deadline_at > clock.now():
        return 0
    if row.external_id:
        try:
            vendor(row.vendor).cancel(row.external_id)
        except VendorUnavailable:
            return 0
        except VendorRefused:
            # It is being looked at: the answer comes.
            if row.state == _State.PROCESSING:
                return 0
    transition(row, _State.CANCELED, actor=actor, event="identity_check.canceled", data={"reason": "not_finished"})
    return 1


def _redact(row: IdentityCheck, actor: Actor) -> int:
    try:
        vendor(row.vendor).redact(row.external_id)
    except (VendorUnavailable, VendorRefused):
        return 0
    transition(row, _State.REDACTED, actor=actor, event="identity_check.redacted", person_sealed=None)
    return 1


def _made(party_id: UUID, vendor_code: str, actor: Actor) -> IdentityCheck:
    if not Party.objects.filter(pk=party_id).exists():
        raise NotFound("There is no such party. Nothing was changed.")
    now = clock.now()
    try:
        with transaction.atomic():
            return IdentityCheck.objects.create(
                state=_State.PENDING,
                state_changed_at=now,
                state_deadline_at=now + LASTS,
                party_id=party_id,
                vendor=vendor_code,
                proves=vendor(vendor_code).proves,
                refresh_at=now + ASK_AGAIN,
                started_by=actor.ref,
            )
    except IntegrityError:
        # Two came at once: the other's check is this one's too.
        return IdentityCheck.objects.get(party_id=party_id, vendor=vendor_code, state__in=OPEN)


def _changes(row: IdentityCheck, to: str, result: Result) -> dict[str, Any]:
    changes: dict[str, Any] = {"failure": result.failure[:64]}
    if to != _State.VERIFIED:
        return changes
    changes["verified_at"] = clock.now()
    if result.person is not None:
        body = json.dumps(result.person.as_json()).encode()
        try:
            changes["person_sealed"] = subject_keys.seal(Subject.party(row.party_id), body, person_context(row))
        except SubjectErased:
            changes["person_sealed"] = None
    return changes


def _by_own_id(rows: Any, check_id: str) -> IdentityCheck | None:
    try:
        found: IdentityCheck | None = rows.filter(pk=UUID(check_id), external_id="").first()
    except ValueError:
        return None
    return found
