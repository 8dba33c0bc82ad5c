"""Documents that wait: each is seen with what is missing, by who may, and is issued once that is told."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.base import clock as clocks
from compliance.base.sealing import Subject
from compliance.models import Party
from compliance.services.subject_keys import destroy
from settlement.models import Invoice
from settlement.selectors.due_documents import waiting_documents
from settlement.services.amendments import amend_due
from settlement.services.billing import record_tax_rate, tell_billing
from settlement.services.invoicing import issue_due
from settlement.tax import Missing
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_amendments import contest
from tests.settlement.test_invoices import AMSTERDAM, PARIS, SELLER, next_month, publish_dollar, use

UNTAXED = replace(PARIS, vat_number="")


@pytest.fixture
def due(money: Scene, settings, clock) -> Scene:
    """A lease of last month, with a seller and a provider that we bill for; its renter told nothing."""
    settings.GRIDCLEAR_SELLER = SELLER
    tell_billing(money.provider.pk, AMSTERDAM, self_billing=True, actor=TESTER)
    money.credit(100_000)
    use(money, 3_600)
    next_month(clock)
    money.doorbell.lose()
    issue_due(actor=TESTER)
    return money


def missing(party: Party | None = None) -> list[tuple[str, str]]:
    """What waits, and for what."""
    return [(each.kind, each.missing.value) for each in waiting_documents(party.pk if party else None)]


def test_a_renter_who_told_nothing_is_who_it_waits_for_and_its_word_issues_it(due):
    (found,) = waiting_documents()
    assert (found.missing, found.receipts, found.gross_minor, found.month.day) == (Missing.CUSTOMER, 1, 500, 1)
    assert (found.waits_for(due.renter.pk), found.waits_for(due.provider.pk)) == (True, False)
    tell_billing(due.renter.pk, PARIS, self_billing=False, actor=TESTER)
    due.doorbell.ring()
    assert Invoice.objects.filter(kind="compute").count() == 1
    assert missing() == []


def test_a_rate_that_comes_on_record_issues_what_waited_for_it(due):
    tell_billing(due.renter.pk, UNTAXED, self_billing=False, actor=TESTER)
    due.doorbell.ring()
    (found,) = waiting_documents()
    assert (found.missing, found.about) == (Missing.TAX_RATE, "FR")
    assert not found.waits_for(due.renter.pk)
    given = {"valid_from": date(2014, 1, 1), "source": "CGI art. 278", "read_on": clocks.now().date()}
    record_tax_rate("FR", 2_000, **given, actor=TESTER)
    publish_dollar()
    due.doorbell.ring()
    assert Invoice.objects.get(kind="compute").tax_minor == 83
    assert missing() == []


def test_only_its_two_sides_see_that_a_document_waits(due):
    stranger = Party.objects.create(kind="entity", name="Stranger", country="FI")
    assert missing(due.renter) == missing(due.provider) == [("compute", "customer")]
    assert missing(stranger) == []


def test_a_provider_that_took_its_scheme_back_and_a_platform_without_a_number_are_told_apart(due, settings):
    settings.GRIDCLEAR_SELLER = SELLER | {"vat_number": ""}
    told = replace(AMSTERDAM, scheme="")
    tell_billing(due.provider.pk, told, self_billing=False, actor=TESTER)
    use(due, 60)
    assert missing() == [], "who bills for itself waits for nothing; the new lease's month is not over"
    tell_billing(due.provider.pk, AMSTERDAM, self_billing=True, actor=TESTER)
    assert missing(due.provider) == []


def test_a_platform_without_a_vat_number_waits_for_itself(money, settings, clock):
    settings.GRIDCLEAR_SELLER = SELLER | {"vat_number": ""}
    money.credit(10_000)
    use(money, 3_600)
    next_month(clock)
    assert missing() == missing(money.provider) == [("fee", "seller")]
    assert missing(money.renter) == []
    settings.GRIDCLEAR_SELLER = SELLER
    tell_billing(money.provider.pk, AMSTERDAM, self_billing=False, actor=TESTER)
    assert missing() == []


def test_documents_and_notes_of_who_is_erased_wait_for_nobody(due, clock):
    tell_billing(due.renter.pk, PARIS, self_billing=False, actor=TESTER)
    issue_due(actor=TESTER)
    receipt = use(due, 3_600)
    next_month(clock)
    contest([receipt], [500])
    issue_due(actor=TESTER)
    use(due, 3_600)
    next_month(clock)
    destroy(Subject.party(due.renter.pk), actor=TESTER, reason="test")
    issue_due(actor=TESTER)
    amend_due(actor=TESTER)
    found = waiting_documents()
    assert [(each.kind, each.missing.value, each.note_to) for each in found] == [
        ("compute", "erased", ""),
        ("compute", "erased", "S0001-000002"),
    ]
    assert not any(each.waits_for(due.renter.pk) or each.waits_for(due.provider.pk) for each in found)
    assert [each.gross_minor for each in found] == [500, 500]


def test_however_much_waits_the_queries_are_as_many(due, clock):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            waiting_documents()
        return len(asked)

    few = queries()
    use(due, 3_600)
    next_month(clock)
    assert len(waiting_documents()) > 1
    assert queries() == few
