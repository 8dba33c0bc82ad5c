"""Reports at the pages: an officer finishes the draft, another ends it, and nobody else learns that there is one."""

from html import unescape

import pytest

from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.models import Report, Restriction
from compliance.selectors.reports import report
from compliance.services import report_drafts, restrictions
from settlement.services.property_reports import fill_property_reports
from tests.cast import Cast

SWEEP = system("reports")


def text(response) -> str:
    return unescape(response.content.decode())


@pytest.fixture
def blocked(cast: Cast) -> Report:
    """Lion City Labs, which has $1,000 on account, is blocked."""
    restrictions.impose(cast.lion.party_id, "COURT_ORDER", actor=SWEEP, kind=Restriction.Kind.BLOCKED)
    report_drafts.open_missing(actor=SWEEP)
    return Report.objects.get()


def test_the_books_say_what_is_blocked(blocked: Report):
    assert fill_property_reports() == 1
    assert fill_property_reports() == 0
    answers = report(blocked.pk).values
    assert answers["value_usd"] == "1000.00"
    assert "prepaid, free to use" in answers["property"]
    assert "1000.00 USD" in answers["property"]


def test_the_annual_report_has_the_amounts_of_that_day(blocked: Report, cast: Cast, clock):
    year = clock.now().year + 1
    clock.advance(days=(clock.now().replace(year=year, month=7, day=2) - clock.now()).days)
    report_drafts.open_missing(actor=SWEEP)
    fill_property_reports()
    annual = Report.objects.get(kind=Report.Kind.ANNUAL)
    answers = report(annual.pk).values
    assert answers["total_usd"] == "1000.00"
    assert answers["property"].startswith("Lion City Labs Pte Ltd: Account ")


def test_two_officers_bring_a_report_to_its_end(blocked: Report, cast: Cast, browse, clock):
    fill_property_reports()
    olga, otto = browse(cast.olga), browse(cast.otto)
    address = f"/records/reports/{blocked.pk}"
    assert "Blocked property" in text(olga.get("/records/reports"))
    page = text(olga.get(address))
    assert "31 CFR 501.603(b)(1)" in page
    assert "Before it can be filed it needs" in page
    answers = {name: value or "Known." for name, value in report(blocked.pk).values.items()}
    assert olga.post(address, {**answers, "action": "save"}).status_code == 302
    assert "Before it can be filed" not in text(olga.get(address))
    today = clock.now().date().isoformat()
    olga.post(address, {"action": "filed", "reference": "ORS-77", "filed_on": today})
    assert "another officer approves it" in text(olga.get(address))
    refused = olga.post(address, {"action": "approve"})
    assert refused.status_code == 403
    assert otto.post(address, {"action": "approve"}).status_code == 302
    done = text(olga.get(f"{address}"))
    assert "ORS-77" in done
    assert "ORS-77" in text(olga.get("/records/reports?state=filed"))
    assert "Nothing to report" in text(olga.get("/records/reports"))


def test_a_report_is_taken_out_on_record(blocked: Report, cast: Cast, browse):
    fill_property_reports()
    olga = browse(cast.olga)
    plain = olga.get(f"/records/reports/{blocked.pk}.json")
    assert plain.json()["answers"]["value_usd"] == "1000.00"
    assert "filer_name" in plain.json()["missing"]
    assert plain["Cache-Control"] == "no-store"
    page = olga.get(f"/records/reports/{blocked.pk}.html")
    assert "attachment" in page["Content-Disposition"]
    assert "Lion City Labs" in text(page)
    assert olga.get(f"/records/reports/{blocked.pk}.pdf").status_code == 404
    told = AuditEvent.objects.filter(event="report.exported").values_list("data__form", flat=True)
    assert sorted(told) == ["html", "json"]


def test_a_form_that_does_not_fit_says_why_and_changes_nothing(blocked: Report, cast: Cast, browse):
    olga = browse(cast.olga)
    address = f"/records/reports/{blocked.pk}"
    for body in (
        {"action": "filed", "reference": "", "filed_on": "2026-01-01"},
        {"action": "filed", "reference": "x", "filed_on": "yesterday"},
        {"action": "filed", "reference": "x", "filed_on": "2999-01-01"},
        {"action": "not_required", "reason": ""},
        {"action": "save", "property": "x" * 20_001},
    ):
        assert olga.post(address, body).status_code == 200, body
    assert olga.post(address, {"action": "burn"}).status_code == 404
    blocked.refresh_from_db()
    assert blocked.state == "draft"


def test_the_filer_of_the_settings_stands_in_every_draft(cast: Cast, settings):
    settings.GRIDCLEAR_FILER = {"filer_name": "Example Compute Inc.", "contact_email": "compliance@example.com"}
    restrictions.impose(cast.lion.party_id, "COURT_ORDER", actor=SWEEP, kind=Restriction.Kind.BLOCKED)
    report_drafts.open_missing(actor=SWEEP)
    answers = report(Report.objects.get().pk).values
    assert (answers["filer_name"], answers["contact_email"]) == ("Example Compute Inc.", "compliance@example.com")


def test_the_party_and_its_people_learn_of_no_report(blocked: Report, cast: Cast, browse):
    for who in (cast.alice, cast.bob, cast.fay, cast.pia):
        client = browse(who)
        for page in ("/organization", "/verification", "/money", "/leases", "/"):
            shown = text(client.get(page))
            assert str(blocked.pk) not in shown
            assert "Records" not in shown
            assert "eport to an authority" not in shown
