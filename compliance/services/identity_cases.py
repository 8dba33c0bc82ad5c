"""The case in which officers decide a verification, alone or by four eyes."""

from datetime import timedelta

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.transition import transition
from compliance.models import Case, IdentityVerification
from compliance.services import cases
from compliance.services.officers import require_second

DECIDED_WITHIN = timedelta(days=30)
_REASON = "documents_verified"


def open_or_return(verification: IdentityVerification, *, actor: Actor) -> Case:
    """An open case asks about the verification; what one officer had agreed to before it changed counts no more."""
    case = cases.open_case(
        kind=Case.Kind.IDENTITY_REVIEW,
        summary=f"A party submitted its identity for verification: {verification.get_level_display().lower()}.",
        reason_codes=["IDENTITY_REVIEW"],
        party=verification.party,
        subject_id=verification.pk,
        scope=str(verification.pk),
        actor=actor,
    )
    if case.state == Case.State.AWAITING_APPROVAL:
        cases.withdraw_proposal(case, event="case.submitted_anew", actor=actor)
    return case


def second_officer_agrees(verification: IdentityVerification, *, actor: Actor) -> bool:
    """Whether another officer agreed before; if not, the case waits for a second one from now on.

    Raises FourEyesRequired for the one who agreed first.
    """
    open_ones = Case.objects.select_for_update().filter(kind=Case.Kind.IDENTITY_REVIEW, subject_id=verification.pk)
    case = open_ones.exclude(state=Case.State.CLOSED).get()
    if case.state == Case.State.AWAITING_APPROVAL:
        require_second(case.proposed_by, actor)
        return True
    transition(
        case,
        Case.State.AWAITING_APPROVAL,
        actor=actor,
        event="case.disposition_proposed",
        data={"disposition": Case.Disposition.RELEASE.value, "reason": _REASON},
        deadline_at=clock.now() + cases.APPROVE_WITHIN,
        proposed_disposition=Case.Disposition.RELEASE.value,
        proposed_by=actor.ref,
        proposal_reason=_REASON,
    )
    return False
