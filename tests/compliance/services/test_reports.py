"""Reports to authorities: drafted by themselves, in time, by four eyes, and known to officers alone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.base.actor import Actor, system
from compliance.base.audit import AuditEvent
from compliance.base.clock import ManualClock, use_clock
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.base.sealing import Subject
from compliance.engine.personal import ERASED
from compliance.engine.us_calendar import business_days_after
from compliance.models import Case, Match, Party, Report, Restriction
from compliance.selectors.evidence import party_record
from compliance.selectors.reports import report, reports
from compliance.services import cases, gate, report_alarms, report_drafts, restrictions, subject_keys
from compliance.services import reports as services
from compliance.services.officers import FourEyesRequired
from compliance.services.rescreening import rescreen_all
from tests.factories.compliance import (
    OFFICER,
    OPERATOR,
    RENTER_OWNER,
    SECOND_OFFICER,
    lease_request,
    load_sample_lists,
    verified_company,
)

pytestmark = pytest.mark.django_db

SWEEP = system("reports")


@pytest.fixture
def provider() -> Party:
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def listed(clock) -> Party:
    """A company that bears the name of somebody whose property OFAC blocks; found, frozen, with its case."""
    load_sample_lists()
    entry = Match._meta.get_field("listed_party").related_model.objects
    name = entry.filter(kind="entity", blocked=True, authority="OFAC").order_by("primary_name").first().primary_name
    party = verified_company(name, "SG", address="1 Quay Street", registration_number="201912345K")
    rescreen_all(actor=SWEEP)
    return party


def confirm(case: Case, reason: str = "same_party") -> None:
    cases.propose_disposition(case.pk, "confirm", reason, "It is the same company.", actor=OFFICER)
    cases.approve_disposition(case.pk, "So I see it.", actor=SECOND_OFFICER)


def case_of(party: Party) -> Case:
    return Case.objects.get(party=party, kind=Case.Kind.SCREENING_HIT)


def complete(row: Report) -> None:
    opened = report(row.pk)
    services.save_answers(row.pk, {field.key: "Known." for field in opened.missing}, actor=OFFICER)


def test_a_confirmed_match_blocks_and_drafts_both_reports(listed: Party, clock):
    frozen_on = Restriction.objects.filter(party=listed).order_by("created_at").first().created_at.date()
    clock.advance(days=2)
    confirm(case_of(listed))
    assert Restriction.objects.filter(party=listed, kind=Restriction.Kind.BLOCKED, lifted_at=None).count() == 1
    blocked = Report.objects.get(kind=Report.Kind.BLOCKED)
    assert (blocked.event_on, blocked.due_on) == (frozen_on, business_days_after(frozen_on, 10))
    answers = report(blocked.pk).values
    match = Match.objects.filter(party=listed, state=Match.State.CONFIRMED).first()
    assert f"{match.listed_name} ({match.list_code} {match.external_id})" in answers["target"]
    assert answers["legal_authority"] == ", ".join(match.listed_party.programmes)
    assert "1 Quay Street" in answers["owner"]
    assert answers["blocked_on"] == frozen_on.isoformat()
    suspicion = Report.objects.get(kind=Report.Kind.SUSPICIOUS)
    assert suspicion.due_on == clock.now().date() + timedelta(days=30)
    told = report(suspicion.pk).values
    assert told["subject_name"] == listed.name
    assert told["subject_numbers"] == "201912345K"
    assert "It is the same company." in told["how"]
    assert match.listed_name in told["why"]


def test_a_released_match_reports_nothing(listed: Party):
    case = case_of(listed)
    cases.propose_disposition(case.pk, "release", "different_party", "Another company.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert not Report.objects.exists()
    assert not Restriction.objects.filter(lifted_at=None).exists()


def test_a_review_that_is_confirmed_is_a_suspicion_and_blocks_nothing(provider: Party, clock):
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    user = {"kind": "other", "name": "Kaya Optik AG", "country": "CH"}
    gate.evaluate(lease_request(renter, provider, end_user=user), actor=RENTER_OWNER)
    confirm(Case.objects.get(kind=Case.Kind.GATE_REVIEW), "not_plausible")
    (row,) = Report.objects.all()
    answers = report(row.pk).values
    assert row.kind == Report.Kind.SUSPICIOUS
    assert "2 x h100-sxm" in answers["what"]
    assert "Kaya Optik AG" in answers["what"]
    assert "The machine stands in AU AU-QLD." in answers["where"]
    assert answers["amount_usd"] == "50.00"
    assert not Restriction.objects.exists()


def test_a_place_that_sanctions_forbid_is_a_rejected_transaction_once_a_day(provider: Party, clock):
    renter = verified_company("Zagros Rechenwerk", "IR")
    for _ in range(2):
        decision = gate.evaluate(lease_request(renter, provider), actor=RENTER_OWNER)
    assert decision.outcome == "DENY"
    (row,) = Report.objects.all()
    assert (row.kind, row.party) == (Report.Kind.REJECTED, renter)
    answers = report(row.pk).values
    assert answers["value_usd"] == "50.00"
    assert "31 CFR" in answers["legal_authority"]
    assert "Zagros Rechenwerk, IR" in answers["parties"]
    clock.advance(days=1)
    gate.evaluate(lease_request(renter, provider), actor=RENTER_OWNER)
    assert Report.objects.count() == 2


def test_refusals_that_sanctions_do_not_demand_are_not_reported(listed: Party, provider: Party):
    other = verified_company("Merlion Cloud Pte Ltd", "SG", headquarters_country="CN")
    assert gate.evaluate(lease_request(other, provider), actor=RENTER_OWNER).outcome == "DENY"
    # A match that nobody has settled is refused, and demands nothing yet.
    assert gate.evaluate(lease_request(listed, provider), actor=RENTER_OWNER).outcome == "DENY"
    assert not Report.objects.exists()


def test_the_sweep_finds_what_was_lost_and_opens_nothing_twice(listed: Party, clock):
    confirm(case_of(listed))
    restrictions.impose(listed.pk, "COURT_ORDER", actor=SWEEP, kind=Restriction.Kind.BLOCKED)
    assert report_drafts.open_missing(actor=SWEEP) == 1
    assert report_drafts.open_missing(actor=SWEEP) == 0
    assert Report.objects.filter(kind=Report.Kind.BLOCKED).count() == 2


def test_the_annual_report_lists_what_was_blocked_on_june_30(listed: Party):
    confirm(case_of(listed))
    blocked_at = Restriction.objects.get(kind=Restriction.Kind.BLOCKED).created_at
    before = datetime(blocked_at.year + 1, 6, 30, 23, tzinfo=UTC)
    with use_clock(ManualClock(before)):
        report_drafts.open_missing(actor=SWEEP)
        assert not Report.objects.filter(kind=Report.Kind.ANNUAL).exists()
    with use_clock(ManualClock(before + timedelta(hours=2))):
        for _ in range(2):
            report_drafts.open_missing(actor=SWEEP)
    row = Report.objects.get(kind=Report.Kind.ANNUAL)
    assert (row.event_on, row.due_on) == (before.date(), date(before.year, 9, 30))
    assert listed.name in report(row.pk).values["property"]
    assert row.party is None


def test_without_blocked_property_there_is_no_annual_report(listed: Party):
    with use_clock(ManualClock(datetime(2027, 7, 2, tzinfo=UTC))):
        assert report_drafts.open_missing(actor=SWEEP) == 0


def test_what_was_reported_as_blocked_is_reported_when_it_is_so_no_more(listed: Party, clock):
    case = case_of(listed)
    confirm(case)
    row = Report.objects.get(kind=Report.Kind.BLOCKED)
    complete(row)
    services.propose_filed(row.pk, "ORS-2026-1", clock.now().date(), actor=OFFICER)
    services.approve(row.pk, actor=SECOND_OFFICER)
    restrictions.lift_of_case(case, proposed_by=OFFICER.ref, actor=SECOND_OFFICER)
    found = Report.objects.get(kind=Report.Kind.UNBLOCKED)
    assert report(found.pk).values["first_report"] == "ORS-2026-1"
    assert found.due_on == business_days_after(clock.now().date(), 10)


def test_what_was_never_filed_needs_no_second_report(listed: Party):
    case = case_of(listed)
    confirm(case)
    restrictions.lift_of_case(case, proposed_by=OFFICER.ref, actor=SECOND_OFFICER)
    assert not Report.objects.filter(kind=Report.Kind.UNBLOCKED).exists()


# -- to its end --------------------------------------------------------------------------------------------------


@pytest.fixture
def draft(listed: Party, clock) -> Report:
    confirm(case_of(listed))
    return Report.objects.get(kind=Report.Kind.BLOCKED)


def test_a_report_is_filed_by_four_eyes_with_its_reference(draft: Report, clock):
    today = clock.now().date()
    with pytest.raises(services.AnswersMissing, match="Value in USD"):
        services.propose_filed(draft.pk, "ORS-1", today, actor=OFFICER)
    complete(draft)
    services.propose_filed(draft.pk, "ORS-1", today, actor=OFFICER)
    with pytest.raises(FourEyesRequired):
        services.approve(draft.pk, actor=OFFICER)
    services.approve(draft.pk, actor=SECOND_OFFICER)
    draft.refresh_from_db()
    assert (draft.state, draft.filing_reference, draft.filed_on) == ("filed", "ORS-1", today)
    assert (draft.proposed_by, draft.approved_by) == (OFFICER.ref, SECOND_OFFICER.ref)
    with pytest.raises(Conflict):
        services.save_answers(draft.pk, {"property": "x"}, actor=OFFICER)
    with pytest.raises(IntegrityError, match="kept as it ended"), transaction.atomic():
        Report.objects.filter(pk=draft.pk).update(filing_reference="ORS-2")
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=draft.pk)._raw_delete("default")


def test_a_report_that_is_not_required_says_why(draft: Report):
    with pytest.raises(InvalidInput):
        services.propose_not_required(draft.pk, " ", actor=OFFICER)
    services.propose_not_required(draft.pk, "Nothing is held.", actor=OFFICER)
    services.send_back(draft.pk, actor=SECOND_OFFICER)
    draft.refresh_from_db()
    assert (draft.state, draft.proposed_by, draft.reason) == ("draft", "", "")
    services.propose_not_required(draft.pk, "Nothing is held.", actor=OFFICER)
    services.approve(draft.pk, actor=SECOND_OFFICER)
    draft.refresh_from_db()
    assert (draft.state, draft.reason) == ("not_required", "Nothing is held.")
    assert list(reports()) == list(Report.objects.filter(kind=Report.Kind.SUSPICIOUS))


def test_the_database_too_wants_two_officers_and_a_reference(draft: Report):
    for changes in (
        {"state": "filed", "proposed_by": "user:a", "approved_by": "user:a"},
        {"state": "not_required", "proposed_by": "user:a"},
        {"state": "filed", "proposed_by": "user:a", "approved_by": "user:b"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.filter(pk=draft.pk).update(**changes)


@pytest.mark.parametrize("day", [-1, 400])
def test_a_report_is_not_filed_before_its_cause_nor_in_the_future(draft: Report, clock, day):
    complete(draft)
    with pytest.raises(InvalidInput, match="between the event and today"):
        services.propose_filed(draft.pk, "ORS-1", draft.event_on + timedelta(days=day), actor=OFFICER)
    for reference in ("", "x" * 81):
        with pytest.raises(InvalidInput, match="reference"):
            services.propose_filed(draft.pk, reference, clock.now().date(), actor=OFFICER)


@pytest.mark.parametrize("answers", [{"unknown": "x"}, {"property": "x" * 20_001}, {"property": "nul\x00"}])
def test_answers_that_are_none_change_nothing(draft: Report, answers):
    before = report(draft.pk).values
    with pytest.raises(InvalidInput):
        services.save_answers(draft.pk, answers, actor=OFFICER)
    assert report(draft.pk).values == before


def test_nobody_but_officers_touches_a_report(draft: Report, clock):
    today = clock.now().date()
    for actor in (OPERATOR, RENTER_OWNER, system("sweep"), Actor("key", "x")):
        for deed in (
            lambda who: services.save_answers(draft.pk, {"property": "x"}, actor=who),
            lambda who: services.propose_filed(draft.pk, "1", today, actor=who),
            lambda who: services.propose_not_required(draft.pk, "x", actor=who),
            lambda who: services.send_back(draft.pk, actor=who),
            lambda who: services.approve(draft.pk, actor=who),
            lambda who: services.record_export(draft.pk, "json", actor=who),
        ):
            with pytest.raises(Forbidden):
                deed(actor)
    unknown = draft.case_id
    for call in (lambda: report(unknown), lambda: services.approve(unknown, actor=OFFICER)):
        with pytest.raises(NotFound):
            call()


def test_the_books_fill_the_amounts_once_and_never_over_an_officer(draft: Report):
    services.save_answers(draft.pk, {"value_usd": "12.00"}, actor=OFFICER)
    for amount in ("99.00", "100.00"):
        services.fill_property(draft.pk, {"value_usd": amount, "property": f"Account {amount}"}, actor=SWEEP)
    answers = report(draft.pk).values
    assert (answers["value_usd"], answers["property"]) == ("12.00", "Account 99.00")


# -- in time -----------------------------------------------------------------------------------------------------


def test_officers_have_a_case_before_the_day_and_it_ends_with_the_report(draft: Report, clock):
    assert report_alarms.alarm_due_reports(actor=SWEEP) == 0
    clock.advance(days=(draft.due_on - clock.now().date()).days - 3)
    assert report_alarms.alarm_due_reports(actor=SWEEP) == 1
    assert report_alarms.alarm_due_reports(actor=SWEEP) == 0
    alarm = Case.objects.get(kind=Case.Kind.REPORT_DUE)
    assert draft.due_on.isoformat() in alarm.summary
    assert alarm.party is None
    services.propose_not_required(draft.pk, "Nothing is held.", actor=OFFICER)
    services.approve(draft.pk, actor=SECOND_OFFICER)
    alarm.refresh_from_db()
    assert alarm.state == Case.State.CLOSED


def test_a_report_whose_day_has_passed_is_urgent(draft: Report, clock):
    clock.advance(days=60)
    assert report_alarms.alarm_due_reports(actor=SWEEP) == 2
    assert {case.priority for case in Case.objects.filter(kind=Case.Kind.REPORT_DUE)} == {Case.Priority.URGENT}
    clock.advance(days=1)
    cases.escalate_overdue(actor=SWEEP)
    assert Case.objects.filter(kind=Case.Kind.REPORT_DUE, escalated_at__isnull=False).count() == 2


# -- in silence --------------------------------------------------------------------------------------------------


def test_answers_lie_sealed_and_go_with_the_party(draft: Report, listed: Party):
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM compliance_report r")
        stored = cursor.fetchone()[0]
    assert listed.name not in stored
    assert "Quay Street" not in stored
    subject_keys.destroy(Subject.party(listed.pk), actor=SWEEP, reason="test")
    assert report(draft.pk).values["owner"] == ERASED


def test_the_audit_log_tells_nobody_about_whom_or_what_a_report_is(draft: Report, listed: Party, clock):
    clock.advance(days=40)
    report_alarms.alarm_due_reports(actor=SWEEP)
    told = " ".join(str(event.body()) for event in AuditEvent.objects.filter(event__startswith="report."))
    assert str(draft.pk) in told
    for secret in (str(listed.pk), listed.name, "suspicious", "blocked_property"):
        assert secret not in told


def test_evidence_of_the_party_tells_of_no_report(draft: Report, listed: Party, clock):
    clock.advance(days=40)
    report_alarms.alarm_due_reports(actor=SWEEP)
    record = party_record(listed.pk)
    told = str(record.body)
    for secret in ("suspicious_activity", "report_due", str(draft.pk)):
        assert secret not in told
    assert not [kind for kind, _ in record.about if kind == "compliance.report"]
