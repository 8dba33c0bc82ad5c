"""Invoices and credit notes: without gaps, once, unchanged, and to the cent what the receipts say."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from compliance.base import clock as clocks
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.sealing import Subject
from compliance.models import AuditEvent, Party
from compliance.services.subject_keys import destroy
from settlement.models import BillingProfile, DocumentSeries, Invoice, InvoiceLine, Receipt
from settlement.selectors.invoices import gaps_in_numbers, invoice_for, invoices_of, views_of
from settlement.services import credit_notes, holds
from settlement.services.billing import RateOnRecord, record_tax_rate, tell_billing
from settlement.services.document_numbers import lock_series, take_number
from settlement.services.invoicing import issue_due
from settlement.services.reference_rates import Published, record_reference_rates
from settlement.tax import TaxParty
from tests.settlement.scene import TESTER, Scene

SELLER = {
    "name": "Gridclear Berlin GmbH",
    "address": "Allee 1\n10115 Berlin",
    "country": "DE",
    "vat_number": "DE 123 456 789",
    "registration": "HRB 1",
    "scheme": "eu_vat",
    "note": "",
}
AMSTERDAM = TaxParty("Noord Rekenkracht BV", "Keizersgracht 1\nAmsterdam", "NL", "NL123456789B01", scheme="eu_vat")
PARIS = TaxParty("Calcul SA", "1 rue de Rivoli\n75001 Paris", "FR", "FR40303265045")


@pytest.fixture
def billed(money: Scene, settings) -> Scene:
    """The scene, ready to be billed."""
    return ready_to_bill(money, settings)


def ready_to_bill(money: Scene, settings) -> Scene:
    """The scene with a seller, a provider that we bill for, a renter that told who it is, and money."""
    settings.GRIDCLEAR_SELLER = SELLER
    tell_billing(money.provider.pk, AMSTERDAM, self_billing=True, actor=TESTER)
    tell_billing(money.renter.pk, PARIS, self_billing=False, actor=TESTER)
    money.credit(100_000)
    return money


def use(scene: Scene, seconds: int, *, credit: int = 0) -> Receipt:
    """A lease of so many seconds was settled, at five dollars an hour."""
    ref = scene.open_hold(5_000)
    holds.settle_hold(
        ref.id,
        total_minor=500 * seconds // 3600,
        billed_seconds=seconds,
        description="1 x H100",
        actor=TESTER,
        credit=holds.Credit(credit, "provider_lost") if credit else holds.NO_CREDIT,
    )
    scene.doorbell.ring()
    return Receipt.objects.get(hold_id=ref.id)


def next_month(clock) -> None:
    """It is the second of the next month."""
    now = clocks.now()
    first = (now.replace(day=1) + timedelta(days=32)).replace(day=2, hour=3)
    clock.advance(seconds=(first - now).total_seconds())


def publish_dollar() -> None:
    """A euro was 1.09 dollars on the last day of the month that is over."""
    last = clocks.now().date().replace(day=1) - timedelta(days=1)
    record_reference_rates([Published("USD", last, Decimal("1.09"))], source="ECB", actor=TESTER)


def test_a_month_becomes_invoices_that_say_what_the_receipts_say(billed, clock):
    receipts = [use(billed, 3_600), use(billed, 1_800, credit=25), use(billed, 1)]
    assert issue_due(actor=TESTER).documents == 0, "the month is not over"
    next_month(clock)
    done = issue_due(actor=TESTER)
    assert (done.documents, done.waiting) == (3, 0)
    fee, compute, note = (
        Invoice.objects.get(number=number) for number in ("G-000001", "S0001-000001", "S0001C-000001")
    )
    assert fee.gross_minor == sum(receipt.fee_minor for receipt in receipts)
    assert compute.gross_minor - note.gross_minor == sum(receipt.total_minor for receipt in receipts)
    assert (compute.gross_minor, note.gross_minor, note.amends) == (750, 25, compute)
    # What cost nothing is on no document.
    assert compute.lines.count() == fee.lines.count() == 2
    assert (fee.treatment, fee.place_of_supply, fee.tax_minor) == ("reverse_charge", "NL", 0)
    assert (compute.treatment, compute.tax_minor) == ("reverse_charge", 0)
    month = receipts[0].created_at.date().replace(day=1)
    assert (compute.period_start, compute.period_end.month) == (month, month.month)
    assert (compute.period_end + timedelta(days=1)).day == 1
    seen = invoice_for(billed.renter.pk, compute.pk)
    assert (seen.supplier, seen.customer) == (AMSTERDAM, PARIS)
    assert [line.gross_minor for line in seen.lines] == [500, 250]
    assert gaps_in_numbers() == []


def test_twice_changes_nothing_and_a_late_receipt_comes_on_a_later_invoice(billed, clock):
    use(billed, 3_600)
    next_month(clock)
    assert issue_due(actor=TESTER).documents == 2
    assert issue_due(actor=TESTER).documents == 0
    use(billed, 3_600)
    assert issue_due(actor=TESTER).documents == 0
    next_month(clock)
    assert issue_due(actor=TESTER).documents == 2
    assert list(Invoice.objects.order_by("number").values_list("number", flat=True)) == [
        "G-000001",
        "G-000002",
        "S0001-000001",
        "S0001-000002",
    ]


def test_without_a_seller_or_an_agreement_nothing_is_issued(money, settings, clock):
    settings.GRIDCLEAR_SELLER = SELLER | {"scheme": ""}
    money.credit(10_000)
    use(money, 3_600)
    next_month(clock)
    assert issue_due(actor=TESTER).documents == 0
    assert not Invoice.objects.exists()
    # Agreeing now reaches no lease from before.
    tell_billing(money.provider.pk, AMSTERDAM, self_billing=True, actor=TESTER)
    tell_billing(money.renter.pk, PARIS, self_billing=False, actor=TESTER)
    assert issue_due(actor=TESTER).documents == 0


def test_a_missing_rate_makes_the_invoice_wait_and_leaves_no_gap(billed, clock):
    tell_billing(billed.renter.pk, replace(PARIS, vat_number=""), self_billing=False, actor=TESTER)
    use(billed, 3_600)
    next_month(clock)
    done = issue_due(actor=TESTER)
    assert (done.documents, done.waiting) == (1, 1)
    with pytest.raises(CommandError, match="1 invoices wait"):
        call_command("invoices", "issue", stdout=StringIO())
    publish_dollar()
    call_command("invoices", "rate", "FR", "20", "--from", "2014-01-01", "--source", "CGI art. 278", stdout=StringIO())
    assert issue_due(actor=TESTER).documents == 1
    compute = Invoice.objects.get(kind="compute")
    assert (compute.number, compute.treatment, compute.tax_rate_bps) == ("S0001-000001", "destination", 2_000)
    assert (compute.net_minor, compute.tax_minor, compute.gross_minor) == (417, 83, 500)
    assert views_of([compute])[0].tax_source.startswith("CGI art. 278, read ")


def test_the_rate_of_the_period_is_taken(billed, clock):
    tell_billing(billed.renter.pk, replace(PARIS, vat_number=""), self_billing=False, actor=TESTER)
    use(billed, 3_600)
    today = clocks.now().date()
    next_month(clock)
    said = {"source": "law", "read_on": today, "actor": TESTER}
    record_tax_rate("FR", 1_000, valid_from=date(2000, 1, 1), **said)
    record_tax_rate("FR", 5_000, valid_from=clocks.now().date().replace(day=1), **said)
    publish_dollar()
    issue_due(actor=TESTER)
    assert Invoice.objects.get(kind="compute").tax_rate_bps == 1_000
    record_tax_rate("FR", 1_000, valid_from=date(2000, 1, 1), **said)
    with pytest.raises(RateOnRecord):
        record_tax_rate("FR", 1_001, valid_from=date(2000, 1, 1), **said)


def test_fifty_threads_and_some_that_roll_back_leave_no_gap(billed, clock):
    """The invoice of each thread has its own number; every fifth transaction dies after it took one."""
    receipts = [use(billed, 360) for _ in range(2)]
    next_month(clock)
    issue_due(actor=TESTER)
    compute = Invoice.objects.get(kind="compute")
    lease = receipts[0].subject_id
    start, told = threading.Barrier(50), []

    def one(number: int) -> None:
        try:
            start.wait()
            with clocks.use_clock(clock), transaction.atomic():
                credit_notes.credit(compute.pk, lease, 1, reason="test", cause=f"race:{number}", actor=TESTER)
                if number % 5 == 0:
                    raise RuntimeError("died after it took a number")
            told.append(number)
        except RuntimeError:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=[number]) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 40
    series = DocumentSeries.objects.get(prefix="S0001C")
    numbers = Invoice.objects.filter(series=series).order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 41))
    assert (series.last_number, gaps_in_numbers()) == (40, [])


def test_two_runs_at_once_issue_each_document_once(billed, clock):
    for _ in range(3):
        use(billed, 3_600)
    next_month(clock)
    start, found = threading.Barrier(8), []

    def run() -> None:
        try:
            start.wait()
            with clocks.use_clock(clock):
                found.append(issue_due(actor=TESTER).documents)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(found), len(found), Invoice.objects.count()) == (2, 8, 2)
    assert gaps_in_numbers() == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE settlement_invoice SET gross_minor = gross_minor + 1, net_minor = net_minor + 1",
        "DELETE FROM settlement_invoiceline",
        "UPDATE settlement_invoiceline SET gross_minor = 1",
        "UPDATE settlement_documentseries SET last_number = last_number + 2",
        "UPDATE settlement_documentseries SET last_number = last_number + 1",
        "UPDATE settlement_documentseries SET last_number = last_number - 1",
        "DELETE FROM settlement_documentseries",
        "DELETE FROM settlement_invoice",
        "INSERT INTO settlement_invoiceline SELECT gen_random_uuid(), now(), kind, 'credit_note', 99, subject_id,"
        " description, seconds, gross_minor, invoice_id, receipt_id FROM settlement_invoiceline",
    ],
)
def test_the_database_itself_keeps_documents_as_they_are(billed, clock, sql):
    use(billed, 3_600)
    next_month(clock)
    issue_due(actor=TESTER)
    before = list(Invoice.objects.order_by("number").values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert list(Invoice.objects.order_by("number").values()) == before
    assert gaps_in_numbers() == []


def test_a_receipt_is_never_on_a_second_invoice(billed, clock):
    receipt = use(billed, 3_600)
    next_month(clock)
    issue_due(actor=TESTER)
    line = InvoiceLine.objects.get(receipt=receipt, kind="fee")
    line.pk, line.position, line._state.adding = uuid4(), 2, True
    with pytest.raises(IntegrityError), transaction.atomic():
        line.save(force_insert=True)


def test_a_number_without_its_document_is_not_kept(billed):
    with pytest.raises(DatabaseError), transaction.atomic():
        take_number(lock_series(None, "invoice"))
    assert not DocumentSeries.objects.filter(last_number__gt=0).exists()


def test_credit_notes_give_back_no_more_than_was_billed(billed, clock):
    receipt = use(billed, 3_600)
    next_month(clock)
    issue_due(actor=TESTER)
    invoice = Invoice.objects.get(kind="compute")
    credit = {"reason": "Refund", "actor": TESTER}
    first = credit_notes.credit(invoice.pk, receipt.subject_id, 400, cause="refund:1", **credit)
    assert credit_notes.credit(invoice.pk, receipt.subject_id, 400, cause="refund:1", **credit) == first
    with pytest.raises(credit_notes.CreditTooLarge):
        credit_notes.credit(invoice.pk, receipt.subject_id, 101, cause="refund:2", **credit)
    credit_notes.credit(invoice.pk, receipt.subject_id, 100, cause="refund:3", **credit)
    for amount in (0, -1):
        with pytest.raises(InvalidInput):
            credit_notes.credit(invoice.pk, receipt.subject_id, amount, cause="refund:4", **credit)
    with pytest.raises(NotFound):
        credit_notes.credit(first.pk, receipt.subject_id, 1, cause="refund:5", **credit)
    with pytest.raises(NotFound):
        credit_notes.credit(invoice.pk, uuid4(), 1, cause="refund:6", **credit)
    assert list(invoice.amendments.order_by("sequence").values_list("number", "gross_minor")) == [
        ("S0001C-000001", 400),
        ("S0001C-000002", 100),
    ]


def test_documents_are_read_by_their_two_sides_only(billed, clock):
    use(billed, 3_600)
    next_month(clock)
    issue_due(actor=TESTER)
    compute, fee = Invoice.objects.get(kind="compute"), Invoice.objects.get(kind="fee")
    stranger = Party.objects.create(kind="entity", name="Stranger", country="FI")
    assert set(invoices_of(billed.renter.pk)) == {compute}
    assert set(invoices_of(billed.provider.pk)) == {compute, fee}
    assert set(invoices_of(stranger.pk)) == set()
    for party, invoice in ((billed.renter, fee), (stranger, compute), (stranger, fee)):
        with pytest.raises(NotFound):
            invoice_for(party.pk, invoice.pk)


def test_who_is_erased_is_named_no_more_and_the_figures_stay(billed, clock):
    use(billed, 3_600)
    next_month(clock)
    issue_due(actor=TESTER)
    destroy(Subject.party(billed.renter.pk), actor=TESTER, reason="test")
    seen = invoice_for(billed.provider.pk, Invoice.objects.get(kind="compute").pk)
    assert (seen.customer, seen.supplier, seen.gross_minor) == (None, AMSTERDAM, 500)


def test_names_lie_sealed_and_not_in_the_log(billed, clock):
    use(billed, 3_600)
    next_month(clock)
    issue_due(actor=TESTER)
    kept = b"".join(bytes(row.details_sealed) for row in BillingProfile.objects.all())
    kept += b"".join(bytes(row.customer_sealed) + bytes(row.supplier_sealed) for row in Invoice.objects.all())
    told = str(list(AuditEvent.objects.values_list("data", flat=True)))
    assert b"Calcul" not in kept
    assert "Calcul" not in told
    assert "FR40303265045" not in told


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"country": "ZZ"},
        {"vat_number": "FR1"},
        {"vat_number": "DE123456789"},
        {"scheme": "gst"},
        {"scheme": "eu_vat", "vat_number": ""},
        {"note": "x" * 301},
    ],
)
def test_what_cannot_be_on_a_document_is_refused(money, wrong):
    with pytest.raises(InvalidInput):
        tell_billing(money.renter.pk, replace(PARIS, **wrong), self_billing=False, actor=TESTER)
    assert not BillingProfile.objects.exists()


def test_billing_in_a_providers_name_needs_its_scheme_and_address(money):
    for lacking in (replace(AMSTERDAM, scheme=""), replace(AMSTERDAM, address="")):
        with pytest.raises(InvalidInput):
            tell_billing(money.provider.pk, lacking, self_billing=True, actor=TESTER)
    told = tell_billing(money.provider.pk, AMSTERDAM, self_billing=True, actor=TESTER)
    since = BillingProfile.objects.get().self_billing_at
    tell_billing(money.provider.pk, told, self_billing=True, actor=TESTER)
    assert BillingProfile.objects.get().self_billing_at == since
    tell_billing(money.provider.pk, told, self_billing=False, actor=TESTER)
    assert BillingProfile.objects.get().self_billing_at is None


def test_two_tellings_at_once_leave_one_profile(money):
    start, found = threading.Barrier(4), []

    def tell() -> None:
        try:
            start.wait()
            tell_billing(money.renter.pk, PARIS, self_billing=False, actor=TESTER)
            found.append("told")
        except Conflict:
            found.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "told" in found
    assert (len(found), BillingProfile.objects.count()) == (4, 1)


def test_the_command_checks_the_numbers(billed):
    out = StringIO()
    call_command("invoices", "check", stdout=out)
    assert out.getvalue() == "no gaps\n"
