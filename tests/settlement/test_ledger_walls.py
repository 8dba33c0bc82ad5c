"""What the database itself holds of the book, whoever writes, and what the proof finds that got past it."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from settlement.models import Account, Entry, PendingTransfer, Transfer
from settlement.services import ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.books import verify_books
from settlement.services.ledger import (
    Line,
    Pend,
    PostPart,
    PotsMixed,
)
from tests.settlement.scene import Scene
from tests.settlement.test_two_phase import available, reserve

CARD, USD = Pot.CARD.value, "USD"
STRIPE, FEES = clearing(CARD, USD), of_platform(Kind.FEES, CARD, USD)
State = PendingTransfer.State


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
