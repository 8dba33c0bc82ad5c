"""Two-phase transfers and batches: reserved, posted in parts, released; each deed of a batch judged on its own."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from settlement.models import Account, Entry, PendingTransfer, Transfer
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
    # The first made the provider's account besides: it asked for the locks again and inserted one row.
    assert counts == [counts[1] + 2, counts[1]]
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


# -- what the database itself holds --------------------------------------------------------------------------


def _enter(transfer_id: UUID, key: AccountKey, amount: int) -> None:
    account = Account.objects.get(kind=key.kind)
    at = Transfer.objects.get(pk=transfer_id).created_at
    Entry.objects.create(
        transfer_id=transfer_id, account=account, amount_minor=amount, balance_after_minor=account.balance_minor, at=at
    )


def _one_by_one(legs: dict[AccountKey, int], others: Sequence[Entry] = ()) -> Transfer:
    with transaction.atomic():
        transfer = Transfer.objects.create(id=uuid4(), kind="odd", digest=b"")
        for key, amount in legs.items():
            _enter(transfer.pk, key, amount)
        for entry in others:
            entry.pk = None
            with transaction.atomic():
                entry.save(force_insert=True)
    return transfer


def test_entries_may_come_one_by_one_if_they_balance_at_the_commit(money: Scene):
    money.credit(500)
    assert _one_by_one({available(money): 5, STRIPE: -5}).entries.count() == 2
    with pytest.raises(IntegrityError, match="sum to zero"):
        _one_by_one({available(money): 5, STRIPE: -4})


def test_a_transfer_that_stands_takes_no_more_entries(money: Scene):
    money.credit(500)
    payable = of_party(Kind.PAYABLE, money.provider.pk, Pot.CARD, USD)
    ledger.post(uuid4(), "odd", [Line(available(money), -9), Line(payable, 9)])
    ledger.post(
        uuid4(), "odd", [Line(available(money), -9), Line(of_party(Kind.HELD, money.renter.pk, Pot.CARD, USD), 9)]
    )
    standing = ledger.post(uuid4(), "top_up", [Line(STRIPE, -5), Line(available(money), 5)])
    accounts = [Account.objects.get(kind=kind) for kind in (Kind.HELD, Kind.PAYABLE)]
    rows = [
        Entry(
            transfer_id=standing.pk,
            account=account,
            amount_minor=amount,
            balance_after_minor=account.balance_minor,
            at=standing.created_at,
        )
        for account, amount in zip(accounts, (-3, 3), strict=True)
    ]
    with pytest.raises(IntegrityError, match="takes no more entries"):
        Entry.objects.bulk_create(rows)
    # However it is hidden: in savepoints, one by one, beside a transfer of this transaction.
    with pytest.raises(IntegrityError, match="takes no more entries"):
        _one_by_one({available(money): -1, of_party(Kind.HELD, money.renter.pk, Pot.CARD, USD): 1}, rows)
    assert standing.entries.count() == 2
    assert verify_books().verified


def test_what_this_transaction_made_in_another_savepoint_takes_its_entries(money: Scene):
    money.credit(500)
    with transaction.atomic():
        with transaction.atomic():
            transfer = Transfer.objects.create(id=uuid4(), kind="odd", digest=b"")
        with transaction.atomic():
            _enter(transfer.pk, available(money), 5)
        _enter(transfer.pk, STRIPE, -5)
    assert transfer.entries.count() == 2


def test_pots_mix_in_no_way(money: Scene):
    escrow = of_platform(Kind.SUSPENSE, Pot.ESCROW, USD)
    with pytest.raises(PotsMixed):
        ledger.post(uuid4(), "odd", [Line(STRIPE, -1), Line(escrow, 1)])
    with pytest.raises(PotsMixed):
        ledger.submit([Pend(uuid4(), "odd", STRIPE, escrow, 1)])
    money.credit(1)
    ledger.post(uuid4(), "found", [Line(clearing(Pot.ESCROW, USD), -1), Line(escrow, 1)])
    with pytest.raises(IntegrityError, match="do not mix"):
        _one_by_one({STRIPE: -1, escrow: 1})


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE settlement_account SET party_id = NULL, kind = 'fees' WHERE kind = 'available'",
        "UPDATE settlement_account SET debits_pending = credits_posted + 1 WHERE kind = 'available'",
        "UPDATE settlement_account SET credits_posted = -1 WHERE kind = 'stripe_clearing'",
        "DELETE FROM settlement_account",
        "UPDATE settlement_pendingtransfer SET amount_minor = 5000",
        "UPDATE settlement_pendingtransfer SET posted_minor = 0",
        "UPDATE settlement_pendingtransfer SET posted_minor = 601",
        "UPDATE settlement_pendingtransfer SET state = 'voided'",
        "DELETE FROM settlement_pendingtransfer",
        "INSERT INTO settlement_entry (transfer_id, account_id, amount_minor, balance_after_minor, at) "
        "SELECT gen_random_uuid(), id, 5, 5, now() FROM settlement_account",
        "INSERT INTO settlement_entry (transfer_id, account_id, amount_minor, balance_after_minor, at) "
        "SELECT id, gen_random_uuid(), 5, 5, now() FROM settlement_transfer",
    ],
)
def test_the_database_refuses_what_the_ledger_would_not_do(money: Scene, sql: str):
    money.credit(1_000)
    pending_id = reserve(money, 600)
    ledger.submit([PostPart(uuid4(), pending_id, 100)])
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(sql)
    assert verify_books().verified


TAMPERED = {
    "an amount": "UPDATE settlement_entry SET amount_minor = amount_minor * 2",
    "one amount": "UPDATE settlement_entry SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM "
    "settlement_entry)",
    "an entry's account": "UPDATE settlement_entry SET account_id = (SELECT id FROM settlement_account WHERE kind = "
    "'payable') WHERE id = (SELECT max(id) - 3 FROM settlement_entry)",
    "an entry's time": "UPDATE settlement_entry SET at = at + interval '1 second' WHERE id = (SELECT max(id) FROM "
    "settlement_entry)",
    "what an entry left": "UPDATE settlement_entry SET balance_after_minor = 7 WHERE id = (SELECT min(id) FROM "
    "settlement_entry)",
    "a lost entry": "DELETE FROM settlement_entry WHERE id = (SELECT max(id) FROM settlement_entry)",
    "a lost transfer": "DELETE FROM settlement_transfer WHERE kind = 'top_up'",
    "lost entries": "DELETE FROM settlement_entry",
    "a transfer's subject": "UPDATE settlement_transfer SET subject_id = gen_random_uuid() WHERE kind = 'top_up'",
    "a transfer's kind": "UPDATE settlement_transfer SET kind = 'gift' WHERE kind = 'top_up'",
    "a transfer's words": "UPDATE settlement_transfer SET memo = 'a gift'",
    "a transfer's time": "UPDATE settlement_transfer SET created_at = created_at - interval '1 hour'",
    "a part's origin": "UPDATE settlement_transfer SET pending_id = NULL WHERE pending_id IS NOT NULL",
    "a balance": "UPDATE settlement_account SET credits_posted = credits_posted + 5 WHERE kind = 'available'",
    "a pending sum": "UPDATE settlement_account SET credits_pending = credits_pending + 5 WHERE kind = 'payable'",
    "an account's newest entry": "UPDATE settlement_account SET entered_at = now() + interval '1 day'",
    "what is posted of a reservation": "UPDATE settlement_pendingtransfer SET posted_minor = 101",
    "how much is reserved": "UPDATE settlement_pendingtransfer SET amount_minor = 601",
    "a reservation's end": "UPDATE settlement_pendingtransfer SET state = 'voided', closed_at = now()",
}


@pytest.mark.parametrize("sql", TAMPERED.values(), ids=TAMPERED.keys())
def test_the_proof_finds_a_row_that_a_superuser_changed(money: Scene, sql: str):
    money.credit(1_000)
    pending_id = reserve(money, 600)
    ledger.submit([PostPart(uuid4(), pending_id, 100)])
    assert verify_books().verified
    with transaction.atomic(), connection.cursor() as cursor:
        # What only a superuser may: every trigger and foreign key of the session looks away.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        assert cursor.rowcount > 0
    assert not verify_books().verified


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
