"""When the audit log does not hold, officers have a case: one until it is closed."""

from compliance.base.actor import Actor
from compliance.models import Case
from compliance.services import cases, checkpoints
from compliance.services.audit_verification import LogReport, verify_log


def checkpoint_or_alarm(*, actor: Actor) -> None:
    """The log so far is covered by a signed checkpoint; if it no longer fits the last one, there is a case instead."""
    try:
        checkpoints.make_checkpoint()
    except checkpoints.LogRewritten as error:
        _alarm(error.message, actor)


def verify_or_alarm(*, actor: Actor) -> LogReport:
    """The log was walked whole; if it does not hold, there is a case. Returns what was found."""
    report = verify_log()
    if not report.holds:
        _alarm(f"The audit log does not hold: {report.faults[0]}.", actor)
    return report


def _alarm(summary: str, actor: Actor) -> None:
    cases.open_case(
        kind=Case.Kind.AUDIT_ALARM,
        priority=Case.Priority.URGENT,
        summary=summary,
        reason_codes=["AUDIT_ALARM"],
        scope="audit_log",
        actor=actor,
    )
