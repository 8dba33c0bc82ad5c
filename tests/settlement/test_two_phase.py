"""Two-phase transfers and batches: reserved, posted in parts, released; each deed of a batch judged on its own."""

from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from settlement.models import Account, PendingTransfer
from settlement.services import ledger
from settlement.services.accounts import SHARDS, AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.books import verify_books
from settlement.services.ledger import (
    AmountOutOfRange,
    Close,
    InsufficientFunds,
    Line,
    Pend,
    PendingExceeded,
    PendingNotFound,
    PendingNotOpen,
    Post,
    PostPart,
    PotsMixed,
    Resume,
    TransferConflict,
    Unbalanced,
)
from settlement.services.ledger_ops import Op
from tests.settlement.scene import Scene

CARD, USD = Pot.CARD.value, "USD"
STRIPE, FEES = clearing(CARD, USD), of_platform(Kind.FEES, CARD, USD)
State = PendingTransfer.State


def available(money: Scene) -> AccountKey:
    return of_party(Kind.AVAILABLE, money.renter.pk, CARD, USD)


def payable(money: Scene) -> AccountKey:
    return of_party(Kind.PAYABLE, money.provider.pk, CARD, USD)


def reserve(money: Scene, amount: int, **changes) -> UUID:
    pending_id = changes.pop("pending_id", None) or uuid4()
    ledger.submit([Pend(pending_id, "test", available(money), payable(money), amount, **changes)])
    return pending_id


def pending_of(key: AccountKey) -> tuple[int, int]:
    row = Account.objects.get(kind=key.kind, party=key.party_id)
    return row.debits_pending, row.credits_pending


def test_a_reservation_moves_no_balance_and_keeps_others_from_the_money(money: Scene):
    money.credit(1_000)
    reserve(money, 600)
    assert money.books() == {"stripe": -1_000, "available": 1_000}
    assert (pending_of(available(money)), pending_of(payable(money))) == ((600, 0), (0, 600))
    with pytest.raises(InsufficientFunds):
        reserve(money, 401)
    with pytest.raises(InsufficientFunds):
        ledger.post(uuid4(), "spend", [Line(available(money), -401), Line(FEES, 401)])
    reserve(money, 400)
    assert verify_books().verified


def test_it_is_posted_in_parts_and_never_beyond_what_was_reserved(money: Scene):
    money.credit(1_000)
    pending_id = reserve(money, 600)
    for amount in (100, 200):
        ledger.submit([PostPart(uuid4(), pending_id, amount)])
    assert money.books() == {"stripe": -1_000, "available": 700, "payable": 300}
    assert pending_of(available(money)) == (300, 0)
    with pytest.raises(PendingExceeded):
        ledger.submit([PostPart(uuid4(), pending_id, 301)])
    ledger.submit([PostPart(uuid4(), pending_id, 50, close=True)])
    assert money.books() == {"stripe": -1_000, "available": 650, "payable": 350}
    assert pending_of(available(money)) == (0, 0)
    row = PendingTransfer.objects.get()
    assert (row.state, row.posted_minor, row.parts.count()) == (State.POSTED, 350, 3)
    with pytest.raises(PendingNotOpen):
        ledger.submit([PostPart(uuid4(), pending_id, 1)])
    assert verify_books().verified


def test_a_part_told_again_moves_nothing_and_another_under_its_id_is_refused(money: Scene):
    money.credit(1_000)
    pending_id, part_id = reserve(money, 600), uuid4()
    for _ in range(3):
        ledger.submit([PostPart(part_id, pending_id, 100)])
    with pytest.raises(TransferConflict):
        ledger.submit([PostPart(part_id, pending_id, 101)])
    assert money.books() == {"stripe": -1_000, "available": 900, "payable": 100}


def test_a_reservation_told_again_stands_once(money: Scene):
    money.credit(1_000)
    pending_id = uuid4()
    for _ in range(2):
        reserve(money, 600, pending_id=pending_id)
    with pytest.raises(TransferConflict):
        reserve(money, 500, pending_id=pending_id)
    assert pending_of(available(money)) == (600, 0)


def test_voiding_releases_the_rest_for_good(money: Scene):
    money.credit(1_000)
    pending_id = reserve(money, 600)
    ledger.submit([PostPart(uuid4(), pending_id, 100)])
    for _ in range(2):
        ledger.submit([Close(pending_id)])
    assert pending_of(available(money)) == (0, 0)
    with pytest.raises(PendingNotOpen):
        ledger.submit([Resume(pending_id)])
    with pytest.raises(PendingNotFound):
        ledger.submit([Close(uuid4())])
    assert money.books() == {"stripe": -1_000, "available": 900, "payable": 100}


def test_what_is_suspended_can_be_resumed_if_the_money_is_still_there(money: Scene):
    money.credit(1_000)
    pending_id = reserve(money, 600)
    ledger.submit([PostPart(uuid4(), pending_id, 100), Close(pending_id, State.SUSPENDED)])
    with pytest.raises(PendingNotOpen):
        ledger.submit([PostPart(uuid4(), pending_id, 1)])
    ledger.submit([Post(uuid4(), "spend", [Line(available(money), -900), Line(FEES, 900)])])
    with pytest.raises(InsufficientFunds):
        ledger.submit([Resume(pending_id)])
    money.credit(500)
    for _ in range(2):
        ledger.submit([Resume(pending_id)])
    assert pending_of(available(money)) == (500, 0)
    ledger.submit([PostPart(uuid4(), pending_id, 500)])
    assert verify_books().verified


def test_a_reservation_past_its_time_takes_no_part_and_is_swept(money: Scene, clock):
    money.credit(1_000)
    pending_id = reserve(money, 600, expires_at=clock.now() + timedelta(minutes=1))
    assert ledger.expire_pending() == 0
    clock.advance(minutes=1)
    with pytest.raises(PendingNotOpen):
        ledger.submit([PostPart(uuid4(), pending_id, 1)])
    assert [ledger.expire_pending(), ledger.expire_pending()] == [1, 0]
    assert (PendingTransfer.objects.get().state, pending_of(available(money))) == (State.EXPIRED, (0, 0))


# -- batches -----------------------------------------------------------------------------------------------


def test_linked_deeds_happen_together_or_not_at_all(money: Scene):
    money.credit(1_000)
    spend = Post(uuid4(), "spend", [Line(available(money), -600), Line(FEES, 600)])
    with pytest.raises(InsufficientFunds):
        ledger.submit([spend, Pend(uuid4(), "test", available(money), payable(money), 401)])
    assert money.books() == {"stripe": -1_000, "available": 1_000}
    ledger.submit([spend, Pend(uuid4(), "test", available(money), payable(money), 400)])
    assert (money.books()["available"], pending_of(available(money))) == (400, (400, 0))


def test_each_deed_of_a_batch_is_told_apart_and_sees_those_before_it(money: Scene):
    money.credit(100)
    first = uuid4()

    def spend(amount: int, transfer_id: UUID | None = None) -> Op:
        return Post(transfer_id or uuid4(), "spend", [Line(available(money), -amount), Line(FEES, amount)])

    escrow = of_platform(Kind.SUSPENSE, Pot.ESCROW, USD)
    ops = [
        spend(60, first),
        spend(60, first),
        spend(41),
        spend(70, first),
        Post(uuid4(), "odd", [Line(FEES, 1)]),
        Post(uuid4(), "odd", [Line(FEES, -1), Line(escrow, 1)]),
        PostPart(uuid4(), uuid4(), 1),
        spend(40),
    ]
    outcomes = [type(outcome) for outcome in ledger.submit_each(ops)]
    nothing = type(None)
    refused = [InsufficientFunds, TransferConflict, Unbalanced, PotsMixed, PendingNotFound]
    assert outcomes == [nothing, nothing, *refused, nothing]
    assert money.books() == {"stripe": -100, "fees": 100}
    assert verify_books().verified


def test_a_batch_takes_as_many_statements_as_one_deed(money: Scene):
    money.credit(100_000)
    counts = []
    for size in (1, 500):
        ops = [Post(uuid4(), "spend", [Line(available(money), -1), Line(payable(money), 1)]) for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            assert ledger.submit_each(ops) == [None] * size
        counts.append(len(queries))
    # Beginning, locks, all rows, end. The first made the provider's account besides: looked for, inserted, looked for.
    assert counts == [7, 4]
    assert money.books()["payable"] == 501


# -- shared accounts ---------------------------------------------------------------------------------------


def _id_of_shard(shard: int) -> UUID:
    return UUID(int=uuid4().int // SHARDS * SHARDS + shard)


def test_transfers_that_share_only_the_platforms_account_do_not_wait_for_each_other(money: Scene):
    """One commits while the other's transaction is open, with its own shard of the fees locked."""
    money.credit(10)
    money.credit(10, money.provider)
    mine = [Line(available(money), -1), Line(FEES, 1)]
    theirs = [Line(of_party(Kind.AVAILABLE, money.provider.pk, CARD, USD), -1), Line(FEES, 1)]
    done: list[bool] = []

    def other() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            ledger.post(_id_of_shard(4), "fee", theirs)
        done.append(True)
        connections.close_all()

    with transaction.atomic():
        ledger.post(_id_of_shard(3), "fee", mine)
        thread = Thread(target=other)
        thread.start()
        thread.join()
    assert done == [True]
    assert Account.objects.filter(kind=Kind.FEES, balance_minor=1).count() == 2
    assert ledger.balance_of(FEES) == 2


def test_what_is_taken_from_a_shared_account_comes_from_all_its_shards(money: Scene):
    money.credit(1_000)
    for shard in range(4):
        ledger.post(_id_of_shard(shard), "fee", [Line(available(money), -100), Line(FEES, 100)])
    back = [Line(FEES, -350), Line(available(money), 350)]
    transfer = ledger.post(_id_of_shard(7), "fee.returned", back)
    assert ledger.balance_of(FEES) == 50
    assert transfer.entries.count() == 5
    assert ledger.post(transfer.pk, "fee.returned", back).pk == transfer.pk
    with pytest.raises(InsufficientFunds):
        ledger.post(uuid4(), "fee.returned", [Line(FEES, -51), Line(available(money), 51)])
    assert verify_books().verified


# -- bad input -----------------------------------------------------------------------------------------------

BAD = [0, -1, 2**62, 2**63, 1.5, float("nan"), float("inf"), "5", True, None]


@pytest.mark.parametrize("amount", BAD, ids=str)
def test_no_reservation_and_no_part_of_a_bad_amount(money: Scene, amount):
    money.credit(1_000)
    with pytest.raises(AmountOutOfRange):
        ledger.submit([Pend(uuid4(), "test", available(money), payable(money), amount)])
    pending_id = reserve(money, 600)
    with pytest.raises(AmountOutOfRange):
        ledger.submit([PostPart(uuid4(), pending_id, amount)])
    assert money.books() == {"stripe": -1_000, "available": 1_000}


def test_no_account_counts_beyond_its_bound(money: Scene):
    huge = 2**62 - 1
    ledger.post(uuid4(), "top_up", [Line(STRIPE, -huge), Line(available(money), huge)])
    with pytest.raises(AmountOutOfRange):
        money.credit(1)
    assert verify_books().verified
