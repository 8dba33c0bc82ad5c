"""The operators' pages about disputes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from settlement.models import Dispute
from settlement.rails.card import CardRail, CardUnavailable
from tests.factories import disputed


@pytest.fixture
def dispute(cast) -> Dispute:
    return disputed.dispute_of(cast.lion.party)


def test_an_empty_list_says_what_will_be_here(cast, browse):
    assert "No disputes" in browse(cast.ned).get("/platform/disputes").content.decode()


def test_the_list_asks_no_more_for_more_disputes(cast, browse, dispute, django_assert_num_queries):
    ned = browse(cast.ned)
    ned.get("/platform/disputes")
    with CaptureQueriesContext(connection) as one:
        ned.get("/platform/disputes")
    for organization in (cast.strange, cast.lion):
        disputed.dispute_of(organization.party)
    with django_assert_num_queries(len(one)):
        ned.get("/platform/disputes")


def test_the_list_shows_what_is_due(cast, browse, dispute):
    page = browse(cast.ned).get("/platform/disputes?state=needs_response").content.decode()
    for words in ("Lion City Labs Pte Ltd", "$50.00", "To answer", "Fraudulent"):
        assert words in page
    assert "No disputes" in browse(cast.ned).get("/platform/disputes?state=won").content.decode()
    assert "$50.00" in browse(cast.ned).get("/platform/disputes?state=nonsense").content.decode()


def test_the_page_shows_evidence_and_who_bears_it(cast, browse, dispute):
    page = browse(cast.ned).get(f"/platform/disputes/{dispute.pk}").content.decode()
    for words in ("No service was used", "Hand in the evidence", "free prepaid money", "alice@lion.example"):
        assert words in page


def test_the_answer_goes_to_the_bank(cast, browse, dispute, monkeypatch):
    monkeypatch.setattr(CardRail, "submit_evidence", lambda *args: disputed.told(dispute.payment, "under_review"))
    page = browse(cast.ned).post(f"/platform/disputes/{dispute.pk}", {"note": "hello"}, follow=True).content.decode()
    assert "The bank has the evidence" in page
    assert "Hand in the evidence" not in page


def test_a_network_that_is_down_is_told_and_changes_nothing(cast, browse, dispute, monkeypatch):
    def down(*args):
        raise CardUnavailable("down", "down")

    monkeypatch.setattr(CardRail, "submit_evidence", down)
    page = browse(cast.ned).post(f"/platform/disputes/{dispute.pk}", {"note": ""}, follow=True).content.decode()
    assert "did not take the evidence" in page
    assert Dispute.objects.get().state == "needs_response"


def test_what_is_due_soon_is_an_alarm_for_operators(cast, browse, dispute, clock):
    assert "A dispute has to be answered" not in browse(cast.ned).get("/platform").content.decode()
    clock.advance(days=7, hours=1)
    assert "A dispute has to be answered" in browse(cast.ned).get("/platform").content.decode()
