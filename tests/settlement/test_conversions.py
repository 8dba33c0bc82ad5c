"""Money changes its currency only by a rate on record; each currency balances, and no residue is lost."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from io import StringIO
from math import ceil
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from compliance.base import clock
from compliance.base.audit import AuditEvent
from settlement.models import Account, Conversion, ExchangeRate, Transfer
from settlement.money import DECIMALS, UnknownCurrency
from settlement.services import conversions, ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.books import verify_books
from settlement.services.conversions import (
    MoneySetAside,
    NothingBought,
    RateDoesNotFit,
    RateExists,
    RateInvalid,
    RateNotFound,
    RateTooOld,
    record_rate,
)
from settlement.services.ledger import (
    AmountOutOfRange,
    CurrenciesMixed,
    InsufficientFunds,
    Line,
    PotsMixed,
    TransferConflict,
)
from tests.database import undone
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_ledger import race

CARD = Pot.CARD.value
convert = partial(conversions.convert, actor=TESTER)


def money_of(money: Scene, currency: str, pot: str = CARD) -> AccountKey:
    return of_party(Kind.AVAILABLE, money.renter.pk, pot, currency)


def fund(money: Scene, amount: int, currency: str = "EUR") -> None:
    lines = [Line(clearing(CARD, currency), -amount), Line(money_of(money, currency), amount)]
    ledger.post(uuid4(), "top_up", lines)


def rate(value: str = "1.0837", base: str = "EUR", quote: str = "USD", **changes) -> UUID:
    given = {"source": "ECB", "quoted_at": clock.now() - timedelta(hours=1), "actor": TESTER} | changes
    return record_rate(base, quote, value, **given)


def balances(money: Scene) -> dict[str, int]:
    keys = {
        "eur": money_of(money, "EUR"),
        "usd": money_of(money, "USD"),
        "eur position": of_platform(Kind.EXCHANGE, CARD, "EUR"),
        "usd position": of_platform(Kind.EXCHANGE, CARD, "USD"),
        "usd residue": of_platform(Kind.ROUNDING, CARD, "USD"),
    }
    return {name: ledger.balance_of(key) for name, key in keys.items()}


def test_a_conversion_balances_in_each_currency_and_its_residue_is_in_an_account(money: Scene):
    fund(money, 10_001)
    made = convert(uuid4(), rate(), 10_001, source=money_of(money, "EUR"), destination=money_of(money, "USD"))
    # 10,001 x 1.0837 = 10,838.0837
    assert (made.bought_minor, made.residue_minor) == (10_838, 1)
    assert balances(money) == {
        "eur": 0,
        "usd": 10_838,
        "eur position": 10_001,
        "usd position": -10_839,
        "usd residue": 1,
    }
    assert verify_books().verified


def test_the_other_way_round_the_same_rate_is_turned_over(money: Scene):
    fund(money, 10_837, "USD")
    made = convert(uuid4(), rate(), 10_837, source=money_of(money, "USD"), destination=money_of(money, "EUR"))
    assert (made.bought_minor, made.residue_minor) == (10_000, 0)
    assert verify_books().verified


def test_a_conversion_told_again_moves_nothing_even_when_its_rate_has_aged(money: Scene, clock):
    fund(money, 10_001)
    transfer_id, rate_id = uuid4(), rate()
    both = {"source": money_of(money, "EUR"), "destination": money_of(money, "USD")}
    first = convert(transfer_id, rate_id, 5_000, **both)
    clock.advance(days=2)
    assert convert(transfer_id, rate_id, 5_000, **both) == first
    with pytest.raises(TransferConflict):
        convert(transfer_id, rate_id, 5_001, **both)
    with pytest.raises(RateTooOld):
        convert(uuid4(), rate_id, 5_000, **both)
    assert Conversion.objects.count() == 1
    assert balances(money)["eur"] == 5_001


def test_the_same_conversion_by_many_at_once_happens_once(money: Scene):
    fund(money, 10_000)
    transfer_id, rate_id = uuid4(), rate()
    both = {"source": money_of(money, "EUR"), "destination": money_of(money, "USD")}
    outcomes = race(8, lambda number: convert(transfer_id, rate_id, 10_000, **both))
    assert len({outcome.bought_minor for outcome in outcomes}) == 1
    assert balances(money)["usd"] == 10_837
    assert verify_books().verified


@pytest.mark.parametrize("kind", ["held", "blocked", "accrued", "paying", "refunding"])
def test_what_a_deed_or_compliance_set_aside_keeps_its_currency(money: Scene, kind: str):
    """A lease that is settled in dollars finds its dollars, and nobody gets at what is blocked."""
    fund(money, 100)
    apart = of_party(kind, money.renter.pk, CARD, "EUR")
    ledger.post(uuid4(), "set aside", [Line(money_of(money, "EUR"), -60), Line(apart, 60)])
    for source, destination in ((apart, money_of(money, "USD")), (money_of(money, "USD"), apart)):
        with pytest.raises(MoneySetAside):
            convert(uuid4(), rate(), 10, source=source, destination=destination)
    assert (ledger.balance_of(apart), balances(money)["usd"]) == (60, 0)


def test_pots_and_funds_and_rates_are_looked_at(money: Scene):
    fund(money, 100)
    rate_id, eur, usd = rate(), money_of(money, "EUR"), money_of(money, "USD")
    with pytest.raises(PotsMixed):
        convert(uuid4(), rate_id, 50, source=eur, destination=money_of(money, "USD", Pot.ESCROW))
    with pytest.raises(RateDoesNotFit):
        convert(uuid4(), rate_id, 50, source=eur, destination=money_of(money, "USDC"))
    with pytest.raises(RateNotFound):
        convert(uuid4(), uuid4(), 50, source=eur, destination=usd)
    with pytest.raises(InsufficientFunds):
        convert(uuid4(), rate_id, 101, source=eur, destination=usd)
    with pytest.raises(NothingBought):
        convert(uuid4(), rate("0.001", source="low"), 50, source=eur, destination=usd)
    for amount in (0, -1, 2**62, 1.5, float("nan"), True):
        with pytest.raises(AmountOutOfRange):
            convert(uuid4(), rate_id, amount, source=eur, destination=usd)
    assert balances(money)["eur"] == 100
    assert Conversion.objects.count() == 0


BAD_RATES = ["0", "-1", "NaN", "Infinity", "one", "", "1.0000000000000000001", "1e40"]


@pytest.mark.parametrize("value", BAD_RATES)
def test_a_bad_rate_is_refused(db, value: str):
    with pytest.raises(RateInvalid):
        rate(value)
    assert ExchangeRate.objects.count() == 0


def test_a_rate_names_currencies_source_and_a_time_that_has_come(db):
    for changes in ({"source": " "}, {"quoted_at": clock.now() + timedelta(minutes=5)}, {"quote": "EUR"}):
        with pytest.raises(RateInvalid):
            rate(**changes)
    with pytest.raises(UnknownCurrency):
        rate(base="ZZZ")
    at = clock.now()
    assert rate(quoted_at=at) == rate("1.08370", quoted_at=at)
    with pytest.raises(RateExists):
        rate("1.09", quoted_at=at)


def test_nothing_else_touches_two_currencies(money: Scene):
    fund(money, 10_000)
    lines = [
        Line(money_of(money, "EUR"), -100),
        Line(of_platform(Kind.EXCHANGE, CARD, "EUR"), 100),
        Line(of_platform(Kind.EXCHANGE, CARD, "USD"), -108),
        Line(money_of(money, "USD"), 108),
    ]
    with pytest.raises(CurrenciesMixed):
        ledger.post(uuid4(), "gift", lines)
    # Not even what calls itself one, and leaves no record of its rate.
    with pytest.raises(IntegrityError, match="only by a conversion"):
        ledger.post(uuid4(), "conversion", lines, is_conversion=True)
    assert (balances(money)["eur"], balances(money)["usd"]) == (10_000, 0)
    convert(uuid4(), rate(), 100, source=money_of(money, "EUR"), destination=money_of(money, "USD"))
    assert balances(money)["usd"] == 108


def test_an_operator_converts_by_command_once_and_on_record(money: Scene):
    fund(money, 10_000)
    transfer_id, rate_id = uuid4(), rate()

    def told(*more: str) -> str:
        out = StringIO()
        given = [str(rate_id), "5000", "--sell", "EUR", "--buy", "USD", "--party", str(money.renter.pk)]
        call_command("ledger", "convert", *given, "--id", str(transfer_id), *more, stdout=out)
        return out.getvalue()

    assert "Would sell" in told()
    assert (balances(money)["eur"], balances(money)["usd"], Conversion.objects.count()) == (10_000, 0, 0)
    assert not AuditEvent.objects.filter(event="money.converted").exists()
    for _ in range(2):
        assert f"transfer {transfer_id}" in told("--yes")
    assert (balances(money)["eur"], balances(money)["usd"]) == (5_000, 5_418)
    event = AuditEvent.objects.get(event="money.converted")
    assert (event.actor, event.data["sold"], event.data["bought"]) == ("system:operator", "5000 EUR", "5418 USD")
    with pytest.raises(CommandError, match="There is no account"):
        told("--kind", "pocket")
    with pytest.raises(CommandError, match="before"):
        told("--memo", "another", "--kind", "payable")
    assert verify_books().verified


def test_the_database_keeps_rates_and_refuses_a_conversion_that_does_not_fit(money: Scene):
    fund(money, 10_000)
    rate_id = rate()
    convert(uuid4(), rate_id, 5_000, source=money_of(money, "EUR"), destination=money_of(money, "USD"))
    for sql in (
        "UPDATE settlement_exchangerate SET minor_numerator = minor_numerator + 1",
        "DELETE FROM settlement_exchangerate",
        "UPDATE settlement_conversion SET bought_minor = 1",
        "INSERT INTO settlement_conversion (transfer_id, rate_id, inverse, sold_minor, bought_minor, residue_minor) "
        "SELECT gen_random_uuid(), rate_id, inverse, sold_minor, bought_minor + 1, residue_minor "
        "FROM settlement_conversion",
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.cursor().execute(sql)
    assert verify_books().verified


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE settlement_conversion SET bought_minor = bought_minor + 1",
        "UPDATE settlement_conversion SET sold_minor = sold_minor + 1",
        "UPDATE settlement_exchangerate SET minor_numerator = minor_numerator + 1",
        "UPDATE settlement_conversion SET residue_minor = 1 - residue_minor",
        "DELETE FROM settlement_conversion",
    ],
)
def test_the_proof_finds_a_conversion_that_a_superuser_changed(money: Scene, sql: str):
    fund(money, 10_000)
    convert(uuid4(), rate(), 5_001, source=money_of(money, "EUR"), destination=money_of(money, "USD"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
    assert not verify_books().verified


def test_what_the_book_cannot_hold_is_refused_before_anything_is_written(money: Scene):
    fund(money, 2**31)
    sums = {"source": money_of(money, "EUR"), "destination": money_of(money, "USD")}
    rate_id = rate(str(2**31))
    with CaptureQueriesContext(connection) as asked, pytest.raises(AmountOutOfRange):
        convert(uuid4(), rate_id, 2**31, **sums)
    assert [query["sql"].split()[0] for query in asked] == ["SELECT"]
    # 2^62 is out of range; one unit of the same rate less is in it.
    assert convert(uuid4(), rate_id, 2**31 - 1, **sums).bought_minor == 2**62 - 2**31
    assert balances(money)["eur"] == 1


@pytest.mark.django_db
@given(
    amount=st.integers(1, 10**12),
    value=st.decimals("0.000001", "1000000", places=6),
    pair=st.permutations(["EUR", "USD", "USDC"]),
    turned=st.booleans(),
)
@example(amount=21_474_836_471, value=Decimal("21474.836489"), pair=["EUR", "USDC"], turned=False)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_conversion_makes_or_loses_a_unit(db, amount: int, value: Decimal, pair: list[str], turned: bool):
    """Against exact fractions: the buyer gets the floor, the position gives the ceiling, the residue is between.

    What buys nothing, or more than the book can hold, is refused and nothing is posted.
    """
    base, quote = pair[:2]
    sold, bought = (quote, base) if turned else (base, quote)
    exact = amount * (1 / Fraction(value) if turned else Fraction(value))
    exact *= Fraction(10 ** DECIMALS[bought], 10 ** DECIMALS[sold])
    party = uuid4()
    keys = [of_party(Kind.AVAILABLE, party, CARD, currency) for currency in (sold, bought)]
    with undone():
        connection.cursor().execute("SET CONSTRAINTS ALL DEFERRED")
        ledger.post(uuid4(), "top_up", [Line(clearing(CARD, sold), -amount), Line(keys[0], amount)])
        rate_id = rate(str(value), base, quote)
        if refusal := NothingBought if exact < 1 else AmountOutOfRange if ceil(exact) >= ledger.MAX_MINOR else None:
            before = (Transfer.objects.count(), Account.objects.count())
            with pytest.raises(refusal):
                convert(uuid4(), rate_id, amount, source=keys[0], destination=keys[1])
            assert (Transfer.objects.count(), Account.objects.count()) == before
            assert not Conversion.objects.filter(rate_id=rate_id).exists()
            assert ledger.balance_of(keys[0]) == amount
        else:
            made = convert(uuid4(), rate_id, amount, source=keys[0], destination=keys[1])
            assert made.bought_minor == int(exact)
            assert made.residue_minor == (0 if exact.denominator == 1 else 1)
            assert ledger.balance_of(keys[1]) == made.bought_minor
        assert verify_books().verified
