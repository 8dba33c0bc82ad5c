"""Clock, canonical form and money."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from compliance.base import clock as clock_module
from compliance.base.canonical import canonical_bytes, digest
from compliance.base.errors import InvalidInput
from settlement.money import Money, UnknownCurrency, cost_minor, fee_minor


def test_the_manual_clock_moves_only_when_told(clock):
    start = clock_module.now()
    assert clock_module.now() == start
    clock.advance(minutes=1)
    assert clock_module.now() - start == timedelta(minutes=1)


def test_a_clock_refuses_a_naive_instant():
    with pytest.raises(ValueError, match="aware"):
        clock_module.ManualClock(datetime(2026, 1, 1))


def test_a_clock_tells_utc_whatever_it_was_given():
    east = timezone(timedelta(hours=8))
    assert clock_module.ManualClock(datetime(2026, 1, 1, 8, tzinfo=east)).now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_canonical_bytes_do_not_depend_on_order():
    assert canonical_bytes({"b": 1, "a": [1, 2]}) == canonical_bytes({"a": [1, 2], "b": 1}) == b'{"a":[1,2],"b":1}'
    assert digest({"a": 1}) != digest({"a": 2})


def test_canonical_bytes_refuse_what_has_no_single_form():
    with pytest.raises(TypeError):
        canonical_bytes({"a": object()})
    with pytest.raises(ValueError, match="JSON"):
        canonical_bytes({"a": float("nan")})


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(210, "USD"), "$2.10"),
        (Money(-5, "USD"), "-$0.05"),
        (Money(123_456_789, "USD"), "$1,234,567.89"),
        (Money(2_100_000, "USDC"), "2.10 USDC"),
        (Money(1, "USDC"), "0.000001 USDC"),
    ],
)
def test_money_reads_as_people_write_it(money, text):
    assert str(money) == text


def test_money_refuses_floats_and_strangers():
    with pytest.raises(InvalidInput):
        Money(1.5, "USD")
    with pytest.raises(UnknownCurrency):
        Money(1, "ZZZ")
    with pytest.raises(InvalidInput):
        Money(1, "USD") + Money(1, "USDC")


def test_cost_is_rounded_once_on_the_total():
    assert cost_minor(420, 3600) == 420
    assert cost_minor(420, 1) == 0
    assert sum(cost_minor(420, 1) for _ in range(3600)) == 0  # per slice, everything would be lost
    assert cost_minor(420, 61) == 7


def test_the_fee_and_the_rest_make_the_whole():
    total = 12_345
    fee = fee_minor(total, 500)
    assert fee == 617
    assert total - fee == 11_728
