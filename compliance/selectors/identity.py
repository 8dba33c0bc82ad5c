"""How far a party's identity is known today."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from compliance.base import clock
from compliance.engine.levels import Level
from compliance.models import IdentityVerification
from compliance.selectors.ownership import Upstream, upstream
from compliance.selectors.policies import levels_for

_State = IdentityVerification.State


@dataclass(frozen=True, slots=True)
class KycStatus:
    """`level` is empty unless a verification is in force; `verified_level` stays when it has merely run out.

    `state`: none, submitted, verified, changed, expired, rejected; `changed` says that the party's facts are no
    longer those that were verified. `expires_at` takes a renewal into account that came in time.
    `renewal_id` is a submission that awaits an officer beside a verification in force.
    """

    state: str
    level: str
    verified_level: str
    verified_at: datetime | None
    expires_at: datetime | None
    verification_id: UUID | None
    renewal_id: UUID | None = None

    @property
    def in_force(self) -> bool:
        """Whether the party counts as verified now."""
        return self.state == "verified"

    @property
    def days_left(self) -> int | None:
        """Whole days until it runs out, the begun one counted; None unless it is in force."""
        if not self.in_force or self.expires_at is None:
            return None
        return max(0, ceil((self.expires_at - clock.now()) / timedelta(days=1)))


_NONE = KycStatus("none", "", "", None, None, None)


def kyc_status(party_id: UUID) -> KycStatus:
    """The party's verification as it counts now."""
    return kyc_statuses([party_id], upstream([party_id]))[party_id]


def kyc_statuses(party_ids: list[UUID], above: Upstream) -> dict[UUID, KycStatus]:
    """As `kyc_status`, for several parties in one query; `above` must hold them and their owners."""
    newest: dict[UUID, KycStatus] = dict.fromkeys(party_ids, _NONE)
    rows = IdentityVerification.objects.filter(party_id__in=party_ids).order_by("created_at", "id")
    for row in rows:
        status, before = _status(row, above), newest[row.party_id]
        # What is in force counts, else the newest; one that awaits an officer does not hide what ran out before it.
        if status.state == "submitted" and before.in_force:
            newest[row.party_id] = replace(before, renewal_id=row.pk)
        elif status.state == "submitted" and before.verified_level:
            newest[row.party_id] = replace(before, state="submitted", verification_id=row.pk)
        elif status.in_force or not before.in_force:
            newest[row.party_id] = status
    return newest


def submission(verification_id: UUID) -> IdentityVerification | None:
    """One verification, with its party."""
    return IdentityVerification.objects.select_related("party").filter(pk=verification_id).first()


def reminders_due() -> list[UUID]:
    """The verifications of whose expiry somebody is to be reminded now."""
    soon = clock.now() + timedelta(days=max((max(each.remind_days, default=0) for each in _levels()), default=0))
    rows = IdentityVerification.objects.filter(
        state=_State.VERIFIED, extended_until=None, expires_at__gt=clock.now(), expires_at__lte=soon
    ).select_related("party")
    return [row.pk for row in rows.order_by("expires_at")[:1000] if reminder_due(row) is not None]


def reminder_due(row: IdentityVerification) -> int | None:
    """The reminder that is due: of the least number of days before the expiry that has come and was not sent.

    None when none is due, or when a renewal is under way.
    """
    now = clock.now()
    if row.state != _State.VERIFIED or row.expires_at is None or row.expires_at <= now or row.extended_until:
        return None
    level = next((each for each in _levels() if (each.code, each.party_kind) == (row.level, row.party.kind)), None)
    come = [days for days in level.remind_days if row.expires_at - timedelta(days=days) <= now] if level else []
    if not come or (row.reminded_days is not None and row.reminded_days <= min(come)):
        return None
    return min(come)


def _levels() -> tuple[Level, ...]:
    return levels_for(clock.now()).levels


def _status(row: IdentityVerification, above: Upstream) -> KycStatus:
    state, known = str(row.state), ""
    ends = row.in_force_until
    if row.verified_at is not None and state in ("verified", "expired"):
        if above.facts_digest(row.party_id) != row.facts_digest:
            state = "changed"
        else:
            known = row.level
            state = "expired" if ends is None or ends <= clock.now() else state
    return KycStatus(state, known if state == "verified" else "", known, row.verified_at, ends, row.pk)
