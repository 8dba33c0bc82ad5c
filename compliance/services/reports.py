"""Reports to authorities: an officer finishes the draft and says how it ends; another officer agrees."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.sealed_leaves import subjects_of
from compliance.base.transition import transition
from compliance.models import Case, Report
from compliance.selectors.reports import OpenedReport, opened_reports
from compliance.services import cases, report_drafts
from compliance.services.officers import require_officer, require_second
from compliance.services.report_drafts import DAY_ENDS

LONGEST_ANSWER = 20_000
_State = Report.State


class AnswersMissing(InvalidInput):
    """The report lacks answers without which it cannot be filed."""

    code = "answers_missing"


def save_answers(report_id: UUID, answers: Mapping[str, str], *, actor: Actor) -> OpenedReport:
    """The draft has these answers; fields that are not named keep theirs.

    Raises Forbidden, NotFound, Conflict for what is no draft any more, InvalidInput, SubjectErased.
    """
    require_officer(actor)
    with transaction.atomic():
        opened = _draft(report_id)
        known = {field.key for field in opened.form.fields}
        if unknown := sorted(set(answers) - known):
            raise InvalidInput(f"This report has no field {unknown[0]}. Nothing was changed.")
        if any(len(text) > LONGEST_ANSWER or "\x00" in text for text in answers.values()):
            raise InvalidInput(f"An answer has at most {LONGEST_ANSWER:,} characters of text. Nothing was changed.")
        _seal(opened, {**opened.values, **{name: text.strip() for name, text in answers.items()}})
        changed = sorted(name for name, text in answers.items() if opened.values[name] != text.strip())
        if changed:
            audit.record("report.edited", actor=actor, subject=opened.report, data={"fields": len(changed)})
    return opened_reports([opened.report])[0]


def fill_property(report_id: UUID, answers: Mapping[str, str], *, actor: Actor) -> None:
    """The draft's answers about property are those of the books, where no officer has given others; once.

    Called from above with what the books say. A report that is no draft any more, or was filled, is left.
    """
    with transaction.atomic():
        row = Report.objects.select_for_update().filter(pk=report_id, state=_State.DRAFT, property_at=None).first()
        if row is None:
            return
        (opened,) = opened_reports([row])
        known = {field.key for field in opened.form.fields}
        fresh = {name: text for name, text in answers.items() if name in known}
        if row.kind == Report.Kind.ANNUAL and "property" in fresh:
            opened.values["property"] = ""  # the list of names gives way to the lines with amounts
        _seal(opened, {**opened.values, **{name: text for name, text in fresh.items() if not opened.values[name]}})
        Report.objects.filter(pk=row.pk).update(property_at=clock.now())
        audit.record("report.filled", actor=actor, subject=row)


def propose_filed(report_id: UUID, reference: str, filed_on: date, *, actor: Actor) -> Report:
    """The report awaits a second officer's word that it was filed under this reference on this day.

    Raises Forbidden, NotFound, AnswersMissing, InvalidInput, IllegalTransition.
    """
    require_officer(actor)
    if not reference.strip() or len(reference) > 80:
        raise InvalidInput("Give the reference under which the authority has it, of at most 80 signs.")
    with transaction.atomic():
        opened = _draft(report_id)
        if opened.missing:
            lacking = ", ".join(field.label for field in opened.missing)
            raise AnswersMissing(f"The report lacks answers: {lacking}. Nothing was changed.")
        if not opened.report.event_on <= filed_on <= clock.now().date():
            raise InvalidInput("The day of filing lies between the event and today. Nothing was changed.")
        _propose(opened.report, _State.FILED, actor, filed_on=filed_on, filing_reference=reference.strip(), reason="")
    return opened.report


def propose_not_required(report_id: UUID, reason: str, *, actor: Actor) -> Report:
    """The report awaits a second officer's word that it need not be filed. Raises as `propose_filed`."""
    require_officer(actor)
    if not reason.strip() or len(reason) > 400:
        raise InvalidInput("Say in at most 400 characters, naming nobody, why it need not be filed.")
    with transaction.atomic():
        report = _draft(report_id).report
        _propose(report, _State.NOT_REQUIRED, actor, filed_on=None, filing_reference="", reason=reason.strip())
    return report


def send_back(report_id: UUID, *, actor: Actor) -> Report:
    """The report is a draft again. Any officer may. Raises Forbidden, NotFound, IllegalTransition."""
    require_officer(actor)
    with transaction.atomic():
        report = _locked(report_id)
        transition(
            report,
            _State.DRAFT,
            actor=actor,
            event="report.sent_back",
            deadline_at=_deadline(report),
            proposed_outcome="",
            proposed_by="",
            filed_on=None,
            filing_reference="",
            reason="",
        )
    return report


def approve(report_id: UUID, *, actor: Actor) -> Report:
    """The report has ended as proposed, by four eyes, and its alarm is over.

    Raises Forbidden, FourEyesRequired, NotFound, IllegalTransition.
    """
    require_officer(actor)
    with transaction.atomic():
        report = _locked(report_id)
        if report.state != _State.AWAITING_APPROVAL:
            raise Conflict("Nothing was proposed for this report. Nothing was changed.")
        require_second(report.proposed_by, actor, "proposed", "approve")
        to = report.proposed_outcome
        transition(report, to, actor=actor, event=f"report.{to}", approved_by=actor.ref)
        cases.close_alarm(Case.Kind.REPORT_DUE, report.pk, actor=actor)
    return report


def record_export(report_id: UUID, how: str, *, actor: Actor) -> None:
    """The audit log says that the officer took the report out, and in which form. Raises Forbidden."""
    require_officer(actor)
    audit.record("report.exported", actor=actor, subject=_found(report_id), data={"form": how})


def _propose(report: Report, outcome: str, actor: Actor, **changes: object) -> None:
    transition(
        report,
        _State.AWAITING_APPROVAL,
        actor=actor,
        event="report.proposed",
        data={"outcome": outcome},
        deadline_at=_deadline(report),
        proposed_outcome=outcome,
        proposed_by=actor.ref,
        **changes,
    )


def _draft(report_id: UUID) -> OpenedReport:
    report = _locked(report_id)
    if report.state != _State.DRAFT:
        raise Conflict("This report is no draft any more. Nothing was changed; send it back first.")
    return opened_reports([report])[0]


def _seal(opened: OpenedReport, values: Mapping[str, str]) -> None:
    report = opened.report
    kept = subjects_of(report.sealed) if report.sealed else report_drafts.subjects_of(report)
    whole = {name: text for name, text in values.items() if text}
    report.sealed = report_drafts.sealed_answers(report, whole, kept)
    report.save(update_fields=["sealed"])


def _deadline(report: Report) -> datetime:
    return datetime.combine(report.due_on, DAY_ENDS)


def _found(report_id: UUID) -> Report:
    report = Report.objects.filter(pk=report_id).first()
    if report is None:
        raise NotFound("There is no such report. Nothing was changed.")
    return report


def _locked(report_id: UUID) -> Report:
    report = Report.objects.select_for_update().filter(pk=report_id).first()
    if report is None:
        raise NotFound("There is no such report. Nothing was changed.")
    return report
