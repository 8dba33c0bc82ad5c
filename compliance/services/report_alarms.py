"""No report passes its day unnoticed: officers have a case before it does."""

from datetime import timedelta

from django.db import transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.engine.us_calendar import business_days_after
from compliance.models import Case, Report
from compliance.services import cases

# Long enough before the day for two officers to finish it.
BUSINESS_DAYS_BEFORE = 3


def alarm_due_reports(*, actor: Actor) -> int:
    """Every open report whose day is near, or past, has its case, once. Returns how many alarms were raised.

    The case names neither party nor kind: cases are looked at by more eyes than reports.
    """
    now = clock.now()
    until = business_days_after(now.date(), BUSINESS_DAYS_BEFORE)
    near = Report.objects.filter(state__in=Report.OPEN, alarmed_at=None, due_on__lte=until)
    count = 0
    for report_id in near.values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            report = Report.objects.select_for_update(skip_locked=True).filter(pk=report_id, alarmed_at=None).first()
            if report is None or report.is_terminal:
                continue
            late = report.due_on <= now.date() + timedelta(days=1)
            cases.open_case(
                kind=Case.Kind.REPORT_DUE,
                priority=Case.Priority.URGENT if late else Case.Priority.HIGH,
                summary=f"A report to an authority is due on {report.due_on:%Y-%m-%d}.",
                reason_codes=["REPORT_DUE"],
                subject_id=report.pk,
                scope=str(report.pk),
                actor=actor,
            )
            Report.objects.filter(pk=report.pk).update(alarmed_at=now)
            count += 1
    return count
