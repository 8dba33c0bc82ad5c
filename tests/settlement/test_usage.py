"""Usage lines: cumulative charges posted as a set; every rule of the table, and many who tell the same at once."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from settlement.models import Hold, PendingTransfer, Transfer
from settlement.selectors.holds import HoldRef
from settlement.services import holds, usage
from settlement.services.books import verify_books
from settlement.services.usage import LineNotPosted, UsageInvalid, UsageLine, post_usage, usage_id
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_ledger import race


def line(ref: HoldRef, sequence: int, total: int, seconds: int | None = None) -> UsageLine:
    return UsageLine(ref.id, ref.subject_id, sequence, total, total * 7 if seconds is None else seconds)


def told(*lines: UsageLine) -> list[str]:
    """What became of each line, in its order."""
    answers = ["posted"] * len(lines)
    for each in post_usage(lines):
        answers[each.number] = each.code
    return answers


@pytest.fixture
def ref(money: Scene) -> HoldRef:
    money.credit(1_000)
    return money.open_hold(1_000)


def test_a_line_is_a_balanced_transfer_with_its_report_and_a_hash_for_an_id(money: Scene, ref: HoldRef):
    assert told(line(ref, 3, 250, 1_800)) == ["posted"]
    transfer = Transfer.objects.get(kind="usage")
    expected = sha256(ref.subject_id.bytes).digest()[:10] + (3).to_bytes(6, "big")
    assert transfer.pk == UUID(bytes=expected) == usage_id(ref.subject_id, 3)
    assert (transfer.subject_id, transfer.memo) == (ref.subject_id, "report 3: 1800 s, 250 in all")
    amounts = dict(transfer.entries.values_list("account__kind", "amount_minor"))
    assert amounts == {"held": -250, "accrued": 250}
    reserved = PendingTransfer.objects.get()
    assert (reserved.posted_minor, reserved.quantity, transfer.pending_id) == (250, 1_800, reserved.pk)
    assert money.books() == {"stripe": -1_000, "held": 750, "accrued": 250}
    assert verify_books().verified


# -- the rules, row by row ---------------------------------------------------------------------------------


def test_a_line_told_again_moves_nothing(money: Scene, ref: HoldRef):
    assert told(line(ref, 1, 100), line(ref, 1, 100)) == ["posted", "replayed"]
    assert told(line(ref, 1, 100)) == ["replayed"]
    assert money.books()["accrued"] == 100


def test_another_total_under_the_same_id_is_refused(money: Scene, ref: HoldRef):
    assert told(line(ref, 1, 100), line(ref, 1, 101)) == ["posted", "conflict"]
    assert told(line(ref, 1, 300)) == ["conflict"]
    assert told(line(ref, 2, 110)) == ["posted"]
    assert money.books()["accrued"] == 110


def test_late_and_overlapping_totals_move_nothing(money: Scene, ref: HoldRef):
    """Told out of order in one batch and over several: the highest total counts, once."""
    assert told(line(ref, 5, 500), line(ref, 3, 300), line(ref, 6, 500)) == ["posted", "nothing_new", "nothing_new"]
    assert told(line(ref, 4, 400), line(ref, 7, 499)) == ["nothing_new", "nothing_new"]
    assert money.books()["accrued"] == 500


def test_gaps_between_reports_cost_nothing_as_totals_are_cumulative(money: Scene, ref: HoldRef):
    assert told(line(ref, 1, 10), line(ref, 400, 700)) == ["posted", "posted"]
    assert money.books()["accrued"] == 700


def test_a_line_is_cut_to_the_hold(money: Scene, ref: HoldRef):
    assert told(line(ref, 1, 900), line(ref, 2, 5_000), line(ref, 3, 9_000)) == ["posted", "posted", "nothing_new"]
    assert money.books() == {"stripe": -1_000, "accrued": 1_000}


def test_a_hold_that_takes_no_usage_says_closed(money: Scene, ref: HoldRef):
    money.credit(1_000)
    waiting, ended = money.open_hold(500, rail="card"), money.open_hold(500)
    holds.settle_hold(ended.id, 100, TESTER)
    holds.freeze_hold(ref.id, "listed", actor=TESTER)
    assert told(line(waiting, 1, 5), line(ended, 1, 200), line(ref, 1, 5)) == ["closed"] * 3
    holds.unfreeze_hold(ref.id, actor=TESTER)
    assert told(line(ref, 1, 5)) == ["posted"]


def test_a_reservation_past_its_time_says_closed_and_the_hold_still_settles(money: Scene, ref: HoldRef, clock):
    told(line(ref, 1, 100))
    clock.advance(days=5)
    assert told(line(ref, 2, 200)) == ["closed"]
    holds.settle_hold(ref.id, 200, TESTER)
    assert money.books() == {"stripe": -1_000, "available": 800, "payable": 190, "fees": 10}
    assert verify_books().verified


def test_an_unknown_hold_is_told_apart_from_the_others(money: Scene, ref: HoldRef):
    stray = UsageLine(uuid4(), uuid4(), 1, 100, 1)
    astray = replace(line(ref, 3, 30), subject_id=uuid4())
    assert told(line(ref, 1, 10), stray, astray, line(ref, 2, 20)) == ["posted", "unknown", "unknown", "posted"]


BAD = {
    "negative total": {"cumulative_minor": -1},
    "a fraction": {"cumulative_minor": 1.5},
    "not a number": {"cumulative_minor": float("nan")},
    "too much": {"cumulative_minor": 2**62},
    "negative seconds": {"billed_seconds": -1},
    "no sequence": {"sequence": 0},
    "a sequence too high": {"sequence": 2**48},
    "a word": {"cumulative_minor": "12"},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_told_apart_and_moves_nothing(money: Scene, ref: HoldRef, changes: dict):
    bad = replace(line(ref, 1, 10), **changes)
    assert told(bad, line(ref, 2, 20)) == ["invalid", "posted"]
    assert money.books()["accrued"] == 20
    with pytest.raises(UsageInvalid):
        holds.capture(ref.id, bad.cumulative_minor, bad.sequence, billed_seconds=bad.billed_seconds)


# -- as a set ----------------------------------------------------------------------------------------------


def test_the_statements_do_not_grow_with_the_lines(money: Scene):
    money.credit(100_000)
    refs = [money.open_hold(1_000) for _ in range(20)]
    counts = []
    for size, start in ((1, 0), (20, 1)):
        lines = [line(ref, n + 1, start + n + 1) for ref in refs[:size] for n in range(25)]
        with CaptureQueriesContext(connection) as queries:
            assert told(*lines).count("posted") >= 25 * size - 25
        counts.append(len(queries))
    assert counts == [counts[0]] * 2
    assert counts[0] <= 6
    assert verify_books().verified


def test_batches_larger_than_one_transaction_are_told_by_their_own_numbers(money: Scene, ref: HoldRef, monkeypatch):
    monkeypatch.setattr(usage, "BATCH", 10)
    lines = [line(ref, n + 1, n + 1) for n in range(25)]
    lines[17] = replace(lines[17], billed_seconds=-1)
    assert post_usage(lines) == [LineNotPosted(17, "invalid")]
    assert money.books()["accrued"] == 25


def test_lines_of_many_leases_of_the_same_two_parties_add_up(money: Scene):
    money.credit(10_000)
    refs = [money.open_hold(1_000) for _ in range(10)]
    assert set(told(*[line(ref, n, 10 * n) for n in range(1, 6) for ref in refs])) == {"posted"}
    assert money.books() == {"stripe": -10_000, "held": 9_500, "accrued": 500}
    for number, ref in enumerate(refs):
        holds.settle_hold(ref.id, 50 + number, TESTER)
    total = 500 + 45
    fees = sum((50 + n) * 5 // 100 for n in range(10))
    assert money.books() == {
        "stripe": -10_000,
        "available": 10_000 - total,
        "payable": total - fees,
        "fees": fees,
    }
    assert verify_books().verified


# -- at once -----------------------------------------------------------------------------------------------


def test_the_same_batch_told_by_many_at_once_is_posted_once(money: Scene):
    money.credit(10_000)
    refs = [money.open_hold(1_000) for _ in range(8)]
    lines = [line(ref, n, 11 * n) for n in range(1, 9) for ref in refs]
    outcomes = race(8, lambda number: told(*(lines if number % 2 else lines[::-1])))
    assert all(isinstance(outcome, list) for outcome in outcomes), outcomes
    assert money.books() == {"stripe": -10_000, "available": 2_000, "held": 8_000 - 8 * 88, "accrued": 8 * 88}
    assert verify_books().verified


def test_usage_and_settlement_at_once_divide_exactly_what_was_stated(money: Scene):
    money.credit(10_000)
    refs = [money.open_hold(1_000) for _ in range(6)]

    def deed(number: int) -> object:
        if number < 6:
            return holds.settle_hold(refs[number].id, 400, TESTER)
        if number < 12:
            return holds.freeze_hold(refs[number - 6].id, "listed", actor=TESTER)
        return told(*[line(ref, number, 10 * number) for ref in refs])

    outcomes = race(20, deed)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    # A settlement that came after the freeze was refused; nothing else may have failed.
    assert {type(error).__name__ for error in refused} <= {"HoldFrozen"}
    frozen = Hold.objects.filter(state="frozen").count()
    assert Hold.objects.filter(state="settled").count() == 6 - frozen
    books = money.books()
    assert books.get("blocked", 0) == 1_000 * frozen
    assert books.get("payable", 0) + books.get("fees", 0) == 400 * (6 - frozen)
    assert verify_books().verified


def test_a_hundred_who_race_for_the_last_cent_of_a_hold(money: Scene):
    """A hundred lines of one lease at once, each for its last cent: it is earned once."""
    money.credit(100)
    ref = money.open_hold(100)
    told(line(ref, 1, 99))
    outcomes = race(100, lambda number: told(line(ref, number + 2, 100)))
    assert sorted(outcomes) == [["nothing_new"]] * 99 + [["posted"]]
    assert money.books() == {"stripe": -100, "accrued": 100}


def test_a_hold_outlives_the_machine_clock_going_back(money: Scene, ref: HoldRef, clock):
    told(line(ref, 1, 10))
    clock.advance(seconds=-30)
    told(line(ref, 2, 20))
    clock.advance(seconds=timedelta(minutes=1).total_seconds())
    told(line(ref, 3, 30))
    assert verify_books().verified
