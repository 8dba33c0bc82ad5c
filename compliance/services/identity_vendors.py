"""The vendors that the composition root names, and the one that needs none: an officer who looks at documents."""

from collections.abc import Callable
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from compliance.base.errors import NotFound
from compliance.base.identity_vendor import Begun, IdentityVendor, Outcome, Result
from compliance.models import IdentityCheck, IdentityVerification

_Verification = IdentityVerification.State
_OUTCOMES = {
    _Verification.SUBMITTED: Outcome.PROCESSING,
    _Verification.VERIFIED: Outcome.VERIFIED,
    _Verification.REJECTED: Outcome.FAILED,
}


class OfficerReview:
    """The fallback that is always there: documents and a photo with a code in hand, and an officer who looks at them.

    It proves nothing by itself: what was handed in meets the level's needs, and the verification is the decision.
    """

    code = "officer_review"
    title = "Hand in documents; a person looks at them"
    proves = False

    def begin(self, check_id: UUID, *, return_url: str) -> Begun:
        """The person hands in the documents on the page from which it came."""
        return Begun(str(check_id), f"{return_url}#documents")

    def result(self, external_id: str) -> Result:
        """As the party's newest verification stands since the check was begun."""
        check = IdentityCheck.objects.filter(pk=external_id).first()
        if check is None:
            raise NotFound
        rows = IdentityVerification.objects.filter(party_id=check.party_id, state_changed_at__gte=check.created_at)
        newest = rows.order_by("-created_at").first()
        outcome = _OUTCOMES.get(_Verification(newest.state), Outcome.PENDING) if newest else Outcome.PENDING
        return Result(external_id, str(check.pk), outcome)

    def cancel(self, external_id: str) -> None:
        """Nothing is left to be stopped: documents that were handed in are discarded on their own."""

    def redact(self, external_id: str) -> None:
        """What was handed in ends with the subject's key."""


def officer_review() -> OfficerReview:
    """The implementation, as the settings name it."""
    return OfficerReview()


def vendors() -> tuple[IdentityVendor, ...]:
    """The vendors that the settings name, the preferred one first."""
    return _vendors(tuple(settings.GRIDCLEAR_IDENTITY_VENDORS))


def vendor(code: str) -> IdentityVendor:
    """The vendor of that code. Raises NotFound."""
    for each in vendors():
        if each.code == code:
            return each
    raise NotFound("There is no such way to be checked. Nothing was changed.")


@lru_cache(maxsize=4)
def _vendors(paths: tuple[str, ...]) -> tuple[IdentityVendor, ...]:
    makers: list[Callable[[], IdentityVendor]] = [import_string(path) for path in paths]
    return tuple(make() for make in makers)
