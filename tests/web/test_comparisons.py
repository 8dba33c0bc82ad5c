"""All that a comparison of a rail with the books found is taken as a file, by operators and officers."""

import csv
import json
from uuid import uuid4

import pytest

from compliance.models import Case
from settlement.models import ReconciliationRun
from settlement.services.differences import MOST_CASES
from tests.cast import Cast
from tests.factories.differing import found_differing

PAGE = "/platform/comparisons"


def body(response) -> str:
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


@pytest.fixture
def run(cast: Cast) -> ReconciliationRun:
    """Ten more differences than have cases, one of them named like a formula."""
    return found_differing(*(f"txn_{each:03}" for each in range(MOST_CASES + 9)), "=HYPERLINK(1)")


def test_the_file_has_those_without_cases_too_and_no_formula(cast: Cast, browse, run):
    assert Case.objects.filter(kind="money_alarm").count() == MOST_CASES + 1
    response = browse(cast.ned).get(f"{PAGE}/{run.pk}.csv")
    assert "no-store" in response["Cache-Control"]
    rows = list(csv.DictReader(body(response).splitlines()))
    assert len(rows) == MOST_CASES + 10
    last = next(row for row in rows if not row["external_id"].startswith("txn_"))
    assert (last["external_id"], last["ledger_minor"], last["rail_minor"]) == ("'=HYPERLINK(1)", "", "-100")
    assert (last["off_by_minor"], last["rail"], last["run"]) == ("-100", "card", str(run.pk))
    found = json.loads(body(browse(cast.olga).get(f"{PAGE}/{run.pk}.json")))
    assert "=HYPERLINK(1)" in {each["external_id"] for each in found}, "JSON is no spreadsheet"
    assert (len(found), found[0]["ledger_minor"]) == (MOST_CASES + 10, None)


def test_the_page_tells_how_many_and_leads_to_the_files(cast: Cast, browse, run, django_assert_max_num_queries):
    found_differing(rail="escrow")
    ned = browse(cast.ned)
    with django_assert_max_num_queries(12):
        shown = ned.get(PAGE).content.decode()
    assert f">{MOST_CASES + 10}<" in shown
    assert f'href="{PAGE}/{run.pk}.csv"' in shown
    assert "Escrow contract" in shown
    assert 'href="/platform"' not in browse(cast.olga).get(PAGE).content.decode(), "officers come from a case"
    case = Case.objects.filter(subject_id=run.pk)[0]
    assert f'href="{PAGE}/{run.pk}.csv"' in browse(cast.olga).get(f"/cases/{case.pk}").content.decode()
    assert "All of them: see Comparisons" in browse(cast.ned).get("/platform").content.decode()


def test_what_is_no_file_or_not_theirs_is_not_found(cast: Cast, browse, run):
    assert browse(cast.ned).get(f"{PAGE}/{run.pk}.pdf").status_code == 404
    assert browse(cast.ned).get(f"{PAGE}/{uuid4()}.csv").status_code == 404
    for who in (cast.alice, cast.bob, cast.charlie, cast.pia):
        assert browse(who).get(f"{PAGE}/{run.pk}.csv").status_code == 404
    assert browse().get(f"{PAGE}/{run.pk}.csv").url.startswith("/accounts/login/")
