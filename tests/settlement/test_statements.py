"""The statement of any account at any instant: opening, lines, closing, running balance, page by page, CSV and JSON."""

import csv
import io
import json
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.base import clock as base_clock
from settlement.selectors.statements import CursorInvalid, Statement, as_csv, as_json, statement
from settlement.services import holds, ledger
from settlement.services.accounts import Kind, Pot, of_party, of_platform
from settlement.services.ledger import Line
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_two_phase import _id_of_shard


def of(money: Scene, kind: str = "available", **given) -> Statement:
    party = {"fees": None, "payable": money.provider.pk}.get(kind, money.renter.pk)
    given.setdefault("until", base_clock.now() + timedelta(seconds=1))
    return statement(kind=kind, pot="card", currency="USD", party_id=party, **given)


def story(money: Scene, clock) -> list:
    """A top-up, a hold and its settlement, ten seconds apart; returns their instants."""
    instants = [clock.now()]
    money.credit(1_000)
    instants.append(clock.advance(seconds=10))
    ref = money.open_hold(400)
    instants.append(clock.advance(seconds=10))
    holds.settle_hold(ref.id, 100, TESTER)
    return instants


def test_a_statement_opens_lists_and_closes_with_the_balance_after_each_line(money: Scene, clock):
    story(money, clock)
    found = of(money)
    assert (found.opening_minor, found.closing_minor, found.next_cursor) == (0, 900, "")
    assert [(line.kind, line.amount_minor, line.balance_minor) for line in found.lines] == [
        ("top_up", 1_000, 1_000),
        ("hold.set_aside", -400, 600),
        ("hold.settled", 300, 900),
    ]


def test_at_any_instant_it_says_what_stood_then(money: Scene, clock):
    first, second, third = story(money, clock)
    assert of(money, until=first).closing_minor == 0
    assert of(money, until=second).closing_minor == 1_000
    between = of(money, since=second, until=third)
    assert (between.opening_minor, between.closing_minor) == (1_000, 600)
    assert [line.amount_minor for line in between.lines] == [-400]
    assert of(money, since=third + timedelta(hours=1)).lines == ()
    assert of(money, "held").closing_minor == 0
    assert of(money, "held", until=third).closing_minor == 400


def test_pages_follow_each_other_without_gap_or_repetition(money: Scene, clock):
    for amount in range(1, 24):
        money.credit(amount)
        # Several lines in one instant: the cursor tells them apart.
        clock.advance(seconds=amount % 3 == 0)
    seen, cursor, balance = [], "", 0
    while True:
        page = of(money, cursor=cursor, limit=5)
        assert (page.opening_minor, page.closing_minor) == (balance, sum(range(1, 24)))
        seen += [line.amount_minor for line in page.lines]
        balance, cursor = page.lines[-1].balance_minor, page.next_cursor
        if not cursor:
            break
    assert seen == list(range(1, 24))
    assert balance == page.closing_minor


def test_a_shared_account_reads_as_one(money: Scene, clock):
    money.credit(1_000)
    for shard in (3, 1, 7, 1):
        clock.advance(seconds=1)
        lines = [
            Line(of_party(Kind.AVAILABLE, money.renter.pk, Pot.CARD, "USD"), -10),
            Line(of_platform(Kind.FEES, Pot.CARD, "USD"), 10),
        ]
        ledger.post(_id_of_shard(shard), "fee", lines)
    found = of(money, "fees")
    assert [line.balance_minor for line in found.lines] == [10, 20, 30, 40]
    second = of(money, "fees", limit=2)
    assert [line.balance_minor for line in of(money, "fees", cursor=second.next_cursor).lines] == [30, 40]
    assert of(money, "fees", since=clock.now()).opening_minor == 30


def test_an_account_without_entries_stands_at_zero_and_a_foreign_cursor_is_refused(money: Scene):
    found = of(money, "blocked")
    assert (found.opening_minor, found.closing_minor, found.lines) == (0, 0, ())
    for cursor in (
        "nonsense",
        "2026-01-01T00:00:00/1",
        "2026-01-01T00:00:00+00:00/x",
        "/",
        "2026-01-01T00:00:00+00:00/-1",
    ):
        with pytest.raises(CursorInvalid):
            of(money, cursor=cursor)


def test_a_statement_takes_the_same_few_statements_whatever_its_length(money: Scene):
    counts = []
    for _ in range(2):
        for _ in range(20):
            money.credit(1)
        with CaptureQueriesContext(connection) as queries:
            of(money)
        counts.append(len(queries))
    assert counts == [4, 4]


def test_csv_and_json_say_the_same(money: Scene, clock):
    story(money, clock)
    ledger.post(
        uuid4(),
        "gift",
        [
            Line(of_party(Kind.AVAILABLE, money.renter.pk, Pot.CARD, "USD"), 5),
            Line(of_platform(Kind.SUSPENSE, Pot.CARD, "USD"), -5),
        ],
        memo="=1+1",
    )
    found = of(money)
    read = json.loads(as_json(found))
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [row["kind"] for row in rows] == ["opening", *(line["kind"] for line in read["lines"]), "closing"]
    assert [int(row["balance_minor"]) for row in rows[1:-1]] == [line["balance_minor"] for line in read["lines"]]
    assert (rows[-1]["balance_minor"], read["closing_minor"]) == ("905", 905)
    # No spreadsheet takes words of a memo for a formula.
    assert rows[-2]["memo"] == "'=1+1"


def test_the_command_prints_the_statement_of_any_account(money: Scene, clock):
    story(money, clock)
    clock.advance(seconds=1)

    def printed(*given: str) -> str:
        out = StringIO()
        call_command("ledger", "statement", *given, stdout=out)
        return out.getvalue()

    read = json.loads(printed("--kind", "available", "--party", str(money.renter.pk), "--format", "json"))
    assert read["closing_minor"] == 900
    rows = list(csv.DictReader(io.StringIO(printed("--kind", "fees"))))
    assert rows[-1]["balance_minor"] == "5"
    at = base_clock.now() - timedelta(seconds=5)
    rows = list(csv.DictReader(io.StringIO(printed("--kind", "fees", "--until", at.isoformat()))))
    assert rows[-1]["balance_minor"] == "0"
    for wrong in (
        ("--kind", "available"),
        ("--kind", "nothing"),
        ("--kind", "fees", "--currency", "ZZZ"),
        ("--kind", "fees", "--until", "yesterday"),
        ("--kind", "fees", "--cursor", "?"),
    ):
        with pytest.raises(CommandError):
            printed(*wrong)
