"""The book: every transfer whole, once, balanced; nothing is changed afterwards; the proof finds every fault."""

from io import StringIO
from threading import Thread
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement.models import Account, Entry, Transfer
from settlement.services import ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.books import verify_books
from settlement.services.ledger import InsufficientFunds, Line, TransferConflict, Unbalanced
from tests.database import undone
from tests.settlement.scene import Scene

CARD, USD = Pot.CARD.value, "USD"
STRIPE, FEES = clearing(CARD, USD), of_platform(Kind.FEES, CARD, USD)


def available(money: Scene) -> AccountKey:
    return of_party(Kind.AVAILABLE, money.renter.pk, CARD, USD)


def held(money: Scene) -> AccountKey:
    return of_party(Kind.HELD, money.renter.pk, CARD, USD)


def test_a_transfer_moves_balances_and_leaves_its_entries(money: Scene):
    transfer = ledger.post(uuid4(), "top_up", [Line(STRIPE, -500), Line(available(money), 500)], memo="five dollars")
    assert money.books() == {"stripe": -500, "available": 500}
    assert sorted(transfer.entries.values_list("amount_minor", flat=True)) == [-500, 500]
    assert verify_books().verified


def test_the_same_transfer_again_moves_nothing(money: Scene):
    transfer_id, lines = uuid4(), [Line(STRIPE, -500), Line(available(money), 500)]
    for _ in range(3):
        assert ledger.post(transfer_id, "top_up", lines).pk == transfer_id
    assert money.books() == {"stripe": -500, "available": 500}
    assert Entry.objects.count() == 2


def test_the_same_id_with_other_lines_is_refused(money: Scene):
    transfer_id = uuid4()
    ledger.post(transfer_id, "top_up", [Line(STRIPE, -500), Line(available(money), 500)])
    with pytest.raises(TransferConflict):
        ledger.post(transfer_id, "top_up", [Line(STRIPE, -501), Line(available(money), 501)])
    assert money.books() == {"stripe": -500, "available": 500}


def test_lines_of_one_account_are_added_up_and_zeros_dropped(money: Scene):
    transfer = ledger.post(
        uuid4(),
        "top_up",
        [Line(STRIPE, -300), Line(STRIPE, -200), Line(available(money), 500), Line(FEES, 0)],
    )
    assert transfer.entries.count() == 2


@pytest.mark.parametrize("words", ['{"a", NULL}', "\\", '\\"', "it's 5 %s, %(id)s", "a\nb\tc", "NULL", "", "€ ", ' " '])
def test_any_words_stand_as_they_were_given(money: Scene, words: str):
    lines = [Line(STRIPE, -500), Line(available(money), 500)]
    transfer = ledger.post(uuid4(), words or "odd", lines, memo=words)
    assert Transfer.objects.get() == transfer
    for column in Transfer._meta.concrete_fields:
        assert getattr(transfer, column.attname) == getattr(Transfer.objects.get(), column.attname), column
    assert (transfer.memo, transfer.kind) == (words, words or "odd")
    assert verify_books().verified


def test_an_account_whose_making_was_undone_is_looked_for_anew(money: Scene):
    """Which row an account is, is remembered; nothing rests on the memory."""
    money.credit(500)
    lines = [Line(available(money), -5), Line(of_party(Kind.PAYABLE, money.provider.pk, CARD, USD), 5)]
    with undone():
        ledger.post(uuid4(), "spend", lines)
    assert money.books() == {"stripe": -500, "available": 500}
    for _ in range(2):
        ledger.post(uuid4(), "spend", lines)
    assert money.books() == {"stripe": -500, "available": 490, "payable": 10}
    assert verify_books().verified


@pytest.mark.parametrize("amounts", [(), (500,), (-500, 499), (0, 0), (-(2**63), 2**63), (-1.5, 1.5), (True, -1)])
def test_what_does_not_balance_is_refused(money: Scene, amounts: tuple):
    with pytest.raises(Unbalanced):
        ledger.post(uuid4(), "odd", [Line(STRIPE, amount) for amount in amounts])
    assert Transfer.objects.count() == 0


def test_currencies_balance_each_on_their_own(money: Scene):
    token = of_party(Kind.HELD, money.renter.pk, Pot.ESCROW, "USDC")
    with pytest.raises(Unbalanced):
        ledger.post(uuid4(), "odd", [Line(STRIPE, -500), Line(token, 500)])


def test_an_account_never_crosses_its_side_of_zero(money: Scene):
    money.credit(500)
    with pytest.raises(InsufficientFunds):
        ledger.post(uuid4(), "hold", [Line(available(money), -501), Line(held(money), 501)])
    with pytest.raises(InsufficientFunds):
        ledger.post(
            uuid4(),
            "odd",
            [Line(clearing(Pot.ESCROW, "USDC"), 1), Line(of_platform(Kind.SUSPENSE, Pot.ESCROW, "USDC"), -1)],
        )
    assert money.books() == {"stripe": -500, "available": 500}


def test_an_account_of_a_party_needs_its_party():
    with pytest.raises(ValueError, match="party"):
        AccountKey(Kind.AVAILABLE, CARD, USD)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE settlement_entry SET amount_minor = amount_minor * 2",
        "DELETE FROM settlement_entry",
        "UPDATE settlement_transfer SET memo = 'changed'",
        "DELETE FROM settlement_transfer",
        "UPDATE settlement_account SET debits_posted = credits_posted + 1 WHERE kind = 'available'",
    ],
)
def test_the_database_itself_keeps_what_was_posted(money: Scene, sql: str):
    money.credit(500)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(sql)
    assert verify_books().verified


def test_the_database_itself_refuses_a_lopsided_transfer(money: Scene):
    money.credit(500)
    account = Account.objects.get(kind=Kind.AVAILABLE)

    def enter() -> None:
        with transaction.atomic():
            transfer = Transfer.objects.create(id=uuid4(), kind="odd", digest=b"")
            Entry.objects.create(
                transfer=transfer, account=account, amount_minor=1, balance_after_minor=501, at=transfer.created_at
            )

    with pytest.raises(IntegrityError, match="sum to zero"):
        enter()


def test_the_proof_finds_a_forged_balance_and_the_command_fails(money: Scene):
    money.credit(500)
    out = StringIO()
    call_command("ledger", "verify", stdout=out)
    assert "The books verify" in out.getvalue()
    Account.objects.filter(kind=Kind.AVAILABLE).update(credits_posted=700)
    report = verify_books()
    pot, account = report.faults
    assert "are off by 200" in pot
    assert "its entries say 0 debits and 500 credits" in account
    with pytest.raises(CommandError, match="do not verify"):
        call_command("ledger", "verify", stdout=StringIO(), stderr=StringIO())


KINDS = [Kind.AVAILABLE, Kind.HELD, Kind.BLOCKED]
MOVES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS), st.integers(1, 700), st.integers(0, 5)), max_size=25
)


@pytest.mark.django_db
@given(moves=MOVES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_sequence_of_moves_makes_or_loses_a_cent(db, moves):
    """Against a plain model: what the model refuses the book refuses, and every replay moves nothing."""
    with undone():
        party = uuid4()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        keys = {kind: of_party(kind, party, CARD, USD) for kind in KINDS}
        model = dict.fromkeys(KINDS, 0) | {Kind.AVAILABLE: 1_000}
        ledger.post(uuid4(), "top_up", [Line(STRIPE, -1_000), Line(keys[Kind.AVAILABLE], 1_000)])
        posted = set()
        for source, destination, amount, number in moves:
            cause = ledger.transfer_id_for("move", party, source, destination, amount, number)
            lines = [Line(keys[source], -amount), Line(keys[destination], amount)]
            if source == destination:
                with pytest.raises(Unbalanced):
                    ledger.post(cause, "move", lines)
            elif cause in posted or model[source] >= amount:
                ledger.post(cause, "move", lines)
                if cause not in posted:
                    model[source] -= amount
                    model[destination] += amount
                posted.add(cause)
            else:
                with pytest.raises(InsufficientFunds):
                    ledger.post(cause, "move", lines)
        assert {kind: ledger.balance_of(keys[kind]) for kind in KINDS} == model
        assert verify_books().verified


def race(count: int, deed) -> list[object]:
    """The deed in many threads at once; what each returned or raised."""
    outcomes: list[object] = []

    def run(number: int) -> None:
        try:
            outcomes.append(deed(number))
        except Exception as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_a_hundred_who_race_for_the_last_cent_one_gets_it(money: Scene):
    money.credit(1)
    lines = [Line(available(money), -1), Line(held(money), 1)]
    outcomes = race(100, lambda number: ledger.post(uuid4(), "hold", lines))
    assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == 99, outcomes
    assert money.books() == {"stripe": -1, "held": 1}
    assert verify_books().verified


def test_the_same_transfer_told_by_many_at_once_is_posted_once(money: Scene):
    transfer_id, lines = uuid4(), [Line(STRIPE, -5), Line(available(money), 5)]
    outcomes = race(8, lambda number: ledger.post(transfer_id, "top_up", lines))
    assert all(isinstance(outcome, Transfer) for outcome in outcomes), outcomes
    assert money.books() == {"stripe": -5, "available": 5}


def test_transfers_in_opposite_directions_do_not_wait_in_a_circle(money: Scene):
    money.credit(100)
    ledger.post(uuid4(), "hold", [Line(available(money), -50), Line(held(money), 50)])
    there = [Line(available(money), -1), Line(held(money), 1)]
    back = [Line(held(money), -1), Line(available(money), 1)]
    outcomes = race(16, lambda number: ledger.post(uuid4(), "move", there if number % 2 else back))
    assert all(isinstance(outcome, Transfer) for outcome in outcomes), outcomes
    assert money.books() == {"stripe": -100, "available": 50, "held": 50}
