"""The tax in the currency of the state that wants it: by a published rate, to the unit, or the document waits."""

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from compliance.base import clock as clocks
from compliance.base.errors import InvalidInput
from settlement.models import Invoice, ReferenceRate
from settlement.money import Money
from settlement.selectors.due_documents import waiting_documents
from settlement.selectors.invoices import views_of
from settlement.services.amendments import amend_due
from settlement.services.billing import RateOnRecord, record_tax_rate, tell_billing
from settlement.services.invoicing import issue_due
from settlement.services.reference_rates import Published, record_reference_rates
from settlement.tax import exchanged, national_currency
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_amendments import contest
from tests.settlement.test_invoices import AMSTERDAM, PARIS, SELLER, next_month, use

CONSUMER = replace(PARIS, vat_number="")
WARSAW = replace(CONSUMER, name="Jan Kowalski", address="ul. Prosta 1\nWarszawa", country="PL")


@pytest.fixture
def due(money: Scene, settings, clock) -> Scene:
    """A lease of five dollars last month; French VAT is 20 %, Polish 23 %."""
    settings.GRIDCLEAR_SELLER = SELLER
    tell_billing(money.provider.pk, AMSTERDAM, self_billing=True, actor=TESTER)
    tell_billing(money.renter.pk, CONSUMER, self_billing=False, actor=TESTER)
    for country, bps in (("FR", 2_000), ("PL", 2_300)):
        given = {"valid_from": date(2014, 1, 1), "source": "the law", "read_on": date(2026, 1, 1)}
        record_tax_rate(country, bps, **given, actor=TESTER)
    money.credit(100_000)
    use(money, 3_600)
    next_month(clock)
    return money


def last_day() -> date:
    """Of the month that is over."""
    return clocks.now().date().replace(day=1) - timedelta(days=1)


def publish(*rates: tuple[str, date, str]) -> int:
    """The rates are on record."""
    found = [Published(currency, day, Decimal(value)) for currency, day, value in rates]
    return record_reference_rates(found, source="ECB", actor=TESTER)


def compute() -> Invoice:
    return Invoice.objects.get(kind="compute", form="invoice")


def test_without_a_rate_the_document_waits_and_the_rate_issues_it(due):
    issue_due(actor=TESTER)
    (found,) = waiting_documents()
    assert (found.missing, found.about) == ("exchange_rate", "USD")
    # One of the day after is not that of the day.
    publish(("USD", last_day() + timedelta(days=1), "1.05"))
    assert len(waiting_documents()) == 1
    publish(("USD", last_day() - timedelta(days=2), "1.25"))
    due.doorbell.ring()
    invoice = compute()
    # 83 cents of tax at 1.25 dollars for a euro.
    assert (invoice.tax_minor, invoice.national_currency, invoice.national_tax_minor) == (83, "EUR", 66)
    (seen,) = views_of([invoice])
    assert seen.exchange_words == f"1 EUR = 1.25 USD (ECB, {last_day() - timedelta(days=2)})"


def test_a_state_with_a_currency_of_its_own_is_reached_by_way_of_the_euro(due):
    tell_billing(due.renter.pk, WARSAW, self_billing=False, actor=TESTER)
    publish(("USD", last_day(), "1.1"))
    issue_due(actor=TESTER)
    assert [(each.missing, each.about) for each in waiting_documents()] == [("exchange_rate", "PLN")]
    publish(("PLN", last_day(), "4.25"))
    issue_due(actor=TESTER)
    invoice = compute()
    # 500 cents contain 93 of tax: 0.93 / 1.1 * 4.25 = 3.593… zloty.
    assert (invoice.tax_minor, invoice.national_currency, invoice.national_tax_minor) == (93, "PLN", 359)


def test_a_note_is_reckoned_by_the_rates_of_its_invoice(due):
    publish(("USD", last_day(), "1.25"))
    issue_due(actor=TESTER)
    publish(("USD", clocks.now().date(), "2"))
    receipt = compute().lines.get().receipt
    contest([receipt], [500])
    amend_due(actor=TESTER)
    note = Invoice.objects.get(kind="compute", form="credit_note")
    assert (note.national_tax_minor, note.rate_from) == (66, compute().rate_from)


def test_where_no_tax_is_due_no_rate_is_asked_for(due):
    tell_billing(due.renter.pk, PARIS, self_billing=False, actor=TESTER)
    issue_due(actor=TESTER)
    invoice = compute()
    assert (invoice.treatment, invoice.national_currency, invoice.national_tax_minor) == ("reverse_charge", "", None)


@pytest.mark.parametrize(("age", "serves"), [(6, True), (7, False)])
def test_a_rate_serves_for_a_week(due, age, serves):
    publish(("USD", last_day() - timedelta(days=age), "1.25"))
    issue_due(actor=TESTER)
    assert Invoice.objects.filter(kind="compute").exists() is serves


def test_the_same_rate_twice_is_once_and_another_is_refused(money, clock):
    day = clocks.now().date()
    assert publish(("USD", day, "1.0865")) == 1
    assert publish(("USD", day, "1.08650"), ("PLN", day, "4.2")) == 1
    with pytest.raises(RateOnRecord):
        publish(("SEK", day, "11"), ("USD", day, "1.0866"))
    assert ReferenceRate.objects.count() == 2
    for wrong in (("EUR", day, "1"), ("ABC", day, "1"), ("USD", day, "0"), ("USD", day, "-1"), ("USD", day, "NaN")):
        with pytest.raises(InvalidInput):
            publish(wrong)
    with pytest.raises(InvalidInput):
        publish(("USD", day + timedelta(days=1), "1"))
    with pytest.raises(InvalidInput):
        publish(("USD", day - timedelta(days=1), "1.00000000001"))


def test_the_ecbs_files_are_read_as_they_come(money, clock, tmp_path):
    day = clocks.now().date()
    whole, daily, wrong = (tmp_path / name for name in ("eurofxref-hist.csv", "eurofxref.csv", "wrong.csv"))
    whole.write_text(f"Date,USD,JPY,BGN,XAU,\n{day},1.0865,163.2,N/A,1,\n1999-01-04,1.1789,133.73,N/A,1,\n")
    out = io.StringIO()
    call_command("invoices", "ecb", str(whole), stdout=out)
    assert out.getvalue() == "2 rates are new on record\n"
    daily.write_text(f"Date, USD, SEK, \n{day:%d %B %Y}, 1.0865, 11.2, \n")
    call_command("invoices", "ecb", str(daily), stdout=io.StringIO())
    found = ReferenceRate.objects.order_by("currency").values_list("currency", "day", "per_euro")
    assert list(found) == [
        ("JPY", day, Decimal("163.2")),
        ("SEK", day, Decimal("11.2")),
        ("USD", day, Decimal("1.0865")),
    ]
    wrong.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="not the ECB's CSV"):
        call_command("invoices", "ecb", str(wrong), stdout=io.StringIO())
    given = ("USDC", "1.0865", "--on", str(day), "--source", "As the dollar, told by our adviser")
    call_command("invoices", "exchange", *given, stdout=io.StringIO())
    assert ReferenceRate.objects.filter(currency="USDC").count() == 1


def test_the_database_keeps_rates_and_wants_a_currency_with_the_amount(due):
    publish(("USD", last_day(), "1.25"))
    issue_due(actor=TESTER)
    for sql in (
        "UPDATE settlement_referencerate SET per_euro = 1",
        "DELETE FROM settlement_referencerate",
        "UPDATE settlement_invoice SET national_tax_minor = 1",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    row = compute()
    row.pk, row.national_currency, row._state.adding = None, "", True
    with pytest.raises(DatabaseError, match="national_tax_has_its_currency"), transaction.atomic():
        Invoice.objects.bulk_create(
            [
                Invoice(
                    **{
                        field.attname: getattr(row, field.attname)
                        for field in Invoice._meta.fields
                        if field.name != "id"
                    }
                )
            ]
        )


def test_halves_go_up_and_every_currency_has_its_own_digits():
    assert exchanged(1, "USD", Fraction(2), "EUR", Fraction(1)) == 1
    assert exchanged(1_000_000, "USDC", Fraction(5, 4), "EUR", Fraction(1)) == 80
    assert exchanged(100, "EUR", Fraction(1), "JPY", Fraction(1_632, 10)) == 163
    assert (national_currency("PL"), national_currency("BG"), national_currency("FR")) == ("PLN", "EUR", "EUR")


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (123_456, "USD", "$1,234.56"),
        (-5, "EUR", "-€0.05"),
        (1_234, "JPY", "1,234 JPY"),
        (0, "JPY", "0 JPY"),
        (1_250, "KWD", "1.250 KWD"),
        (2_100_000, "USDC", "2.10 USDC"),
        (2_123_456, "USDC", "2.123456 USDC"),
        (359, "PLN", "3.59 PLN"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(minor, currency, words):
    assert str(Money(minor, currency)) == words
