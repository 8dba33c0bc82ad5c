"""How far a party's identity is known today."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from compliance.base import clock
from compliance.models import IdentityVerification
from compliance.selectors.ownership import Upstream, upstream


@dataclass(frozen=True, slots=True)
class KycStatus:
    """`level` is empty unless a verification is in force; `verified_level` stays when it has merely run out.

    `state`: none, submitted, verified, changed, expired, rejected; `changed` says that the party's facts are no
    longer those that were verified.
    """

    state: str
    level: str
    verified_level: str
    verified_at: datetime | None
    expires_at: datetime | None
    verification_id: UUID | None

    @property
    def in_force(self) -> bool:
        """Whether the party counts as verified now."""
        return self.state == "verified"


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
        if status.state == "submitted" and before.verified_level and not before.in_force:
            newest[row.party_id] = replace(before, state="submitted", verification_id=row.pk)
        elif status.in_force or not before.in_force:
            newest[row.party_id] = status
    return newest


def submission(verification_id: UUID) -> IdentityVerification | None:
    """One verification, with its party."""
    return IdentityVerification.objects.select_related("party").filter(pk=verification_id).first()


def _status(row: IdentityVerification, above: Upstream) -> KycStatus:
    state, known = str(row.state), ""
    if row.verified_at is not None and state in ("verified", "expired"):
        if above.facts_digest(row.party_id) != row.facts_digest:
            state = "changed"
        else:
            known = row.level
            state = "expired" if row.expires_at is None or row.expires_at <= clock.now() else state
    return KycStatus(state, known if state == "verified" else "", known, row.verified_at, row.expires_at, row.pk)
