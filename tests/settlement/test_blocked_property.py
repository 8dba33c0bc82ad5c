"""Money of a restricted party: blocked as one set, on both rails, told to the report, and back to the unit."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.models import Party, Report, Restriction
from compliance.selectors.reports import report
from compliance.services import restrictions
from settlement.models import BlockedProperty, Transfer
from settlement.selectors.balances import available_minor
from settlement.services import blocked_property, holds, ledger, payouts
from settlement.services.accounts import Kind, Pot, clearing, of_party
from settlement.services.blocked_property import block_property, let_go_property, sweep_property
from settlement.services.books import verify_books
from settlement.services.ledger import InsufficientFunds, Line
from settlement.services.property_reports import fill_property_reports
from tests.factories.compliance import OFFICER, SECOND_OFFICER
from tests.settlement.scene import TESTER, Scene, clear
from tests.settlement.test_ledger import race

POTS = (("card", "USD"), ("escrow", "USDC"))


def give(party: Party, kind: str, amount: int, pot: str = "card", currency: str = "USD") -> None:
    lines = [Line(clearing(pot, currency), -amount), Line(of_party(kind, party.pk, pot, currency), amount)]
    ledger.post(uuid4(), "given", lines)


def stands(party: Party, pot: str = "card", currency: str = "USD") -> dict[str, int]:
    kinds = ("available", "held", "payable", "paying", "blocked")
    found = {kind: ledger.balance_of(of_party(kind, party.pk, pot, currency)) for kind in kinds}
    return {kind: amount for kind, amount in found.items() if amount}


def freeze(party: Party, kind: str = "freeze") -> Restriction:
    return restrictions.impose(party.pk, "COURT_ORDER", actor=TESTER, kind=kind)


def lift(row: Restriction) -> None:
    restrictions.propose_lift(row.pk, "The order was withdrawn.", actor=OFFICER)
    restrictions.lift(row.pk, actor=SECOND_OFFICER)


@pytest.mark.parametrize(("pot", "currency"), POTS)
def test_what_is_free_and_what_is_owed_is_blocked_and_goes_back(money: Scene, pot: str, currency: str):
    give(money.renter, "available", 700, pot, currency)
    give(money.renter, "payable", 40, pot, currency)
    give(money.provider, "payable", 55, pot, currency)
    row = freeze(money.renter)
    assert stands(money.renter, pot, currency) == {"blocked": 740}, "at once, by the signal"
    assert stands(money.provider, pot, currency) == {"payable": 55}
    assert sweep_property(actor=TESTER) == 0
    assert let_go_property([money.renter.pk], actor=TESTER) == 0, "the restriction stands"
    lift(row)
    assert stands(money.renter, pot, currency) == {"available": 700, "payable": 40}
    assert sweep_property(actor=TESTER) == 0
    assert verify_books().verified


def test_the_sweep_does_what_lost_signals_did_not(money: Scene, monkeypatch):
    monkeypatch.setattr(restrictions, "send_on_commit", lambda *_, **__: None)
    give(money.renter, "available", 700)
    give(money.renter, "payable", 40, "escrow", "USDC")
    row = freeze(money.renter)
    assert stands(money.renter) == {"available": 700}
    assert [sweep_property(actor=TESTER) for _ in range(2)] == [2, 0]
    assert (stands(money.renter), stands(money.renter, "escrow", "USDC")) == ({"blocked": 700}, {"blocked": 40})
    lift(row)
    assert [sweep_property(actor=TESTER) for _ in range(2)] == [2, 0]
    assert (stands(money.renter), stands(money.renter, "escrow", "USDC")) == ({"available": 700}, {"payable": 40})


def test_nobody_who_is_not_restricted_is_touched(money: Scene):
    give(money.renter, "available", 700)
    assert block_property([money.renter.pk], actor=TESTER) == 0
    assert stands(money.renter) == {"available": 700}


def test_two_restrictions_hold_until_both_have_fallen(money: Scene):
    give(money.renter, "available", 700)
    first = freeze(money.renter)
    second = restrictions.impose(money.renter.pk, "LISTED", actor=TESTER)
    sweep_property(actor=TESTER)
    lift(first)
    sweep_property(actor=TESTER)
    assert stands(money.renter) == {"blocked": 700}
    lift(second)
    sweep_property(actor=TESTER)
    assert stands(money.renter) == {"available": 700}


def test_money_that_comes_during_the_freeze_is_blocked_too(money: Scene):
    give(money.renter, "available", 700)
    row = freeze(money.renter)
    sweep_property(actor=TESTER)
    give(money.renter, "available", 5)
    assert sweep_property(actor=TESTER) == 1
    assert stands(money.renter) == {"blocked": 705}
    free = of_party(Kind.AVAILABLE, money.renter.pk, "card", "USD")
    with pytest.raises(InsufficientFunds):
        ledger.post(uuid4(), "spent", [Line(free, -1), Line(clearing("card", "USD"), 1)])
    lift(row)
    assert stands(money.renter) == {"available": 705}


def test_a_frozen_hold_beside_it_keeps_its_own_money(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(600)
    row = freeze(money.renter)
    holds.freeze_hold(ref.id, "listed", actor=TESTER)
    sweep_property(actor=TESTER)
    assert stands(money.renter) == {"blocked": 1_000}
    lift(row)
    sweep_property(actor=TESTER)
    assert stands(money.renter) == {"available": 400, "blocked": 600}
    holds.unfreeze_hold(ref.id, actor=TESTER)
    assert stands(money.renter) == {"available": 400, "held": 600}


def test_any_number_of_accounts_takes_the_same_statements(money: Scene, monkeypatch):
    monkeypatch.setattr(restrictions, "send_on_commit", lambda *_, **__: None)
    counts = []
    for number in (2, 20):
        parties = [Party.objects.create(kind="entity", name=f"P {uuid4()}", country="SG") for _ in range(number)]
        for party in parties:
            give(party, "available", 10)
            freeze(party)
        with CaptureQueriesContext(connection) as asked:
            assert sweep_property(actor=TESTER) == number
        counts.append(len(asked))
        assert all(stands(party) == {"blocked": 10} for party in parties)
    assert counts[0] == counts[1]


def test_many_at_once_block_once_and_let_go_once(money: Scene, monkeypatch):
    monkeypatch.setattr(restrictions, "send_on_commit", lambda *_, **__: None)
    give(money.renter, "available", 700)
    row = freeze(money.renter)
    race(6, lambda number: sweep_property(actor=TESTER))
    assert stands(money.renter) == {"blocked": 700}
    assert BlockedProperty.objects.count() == 1
    lift(row)
    race(6, lambda number: sweep_property(actor=TESTER))
    assert stands(money.renter) == {"available": 700}
    assert Transfer.objects.filter(kind="property.let_go").count() == 1
    assert verify_books().verified


# -- payouts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def paying(money: Scene) -> payouts.PayoutRef:
    """A payout of 55 that no rail has been asked for yet."""
    give(money.provider, "payable", 55)
    plan = payouts.PayoutPlan(uuid4(), money.provider.pk, "card", "USD", 55, "acct_1")
    clearance = clear("payout", plan.payout_id, renter=None, provider=money.provider)
    payouts.PaymentProfile.objects.create(party=money.provider, stripe_account_id="acct_1", payouts_enabled=True)
    return payouts.request_payout(plan, clearance=clearance, idempotency_key="p", actor=TESTER)


def test_a_payout_that_is_stopped_lies_blocked_and_goes_on_from_there(money: Scene, paying):
    assert stands(money.provider) == {"paying": 55}
    assert payouts.freeze_payouts([money.provider.pk], "listed", actor=TESTER) == 1
    assert stands(money.provider) == {"blocked": 55}
    fresh = clear("payout", paying.id, renter=None, provider=money.provider)
    assert payouts.begin_sending(paying.id, clearance=fresh, actor=TESTER)
    assert stands(money.provider) == {"paying": 55}
    payouts.finish_payout(paying.id, "tr_1", actor=TESTER)
    assert stands(money.provider) == {}


def test_a_stopped_payout_that_fails_is_owed_again_and_blocked_as_such(money: Scene, paying):
    row = freeze(money.provider)
    payouts.freeze_payouts([money.provider.pk], "listed", actor=TESTER)
    payouts.fail_payout(paying.id, "withdrawn_by_payee", actor=TESTER)
    assert stands(money.provider) == {"payable": 55}
    sweep_property(actor=TESTER)
    assert stands(money.provider) == {"blocked": 55}
    lift(row)
    sweep_property(actor=TESTER)
    assert stands(money.provider) == {"payable": 55}
    assert verify_books().verified


# -- where the chain has the last word -----------------------------------------------------------------------------


def test_what_the_chain_took_is_taken_from_where_it_was(money: Scene):
    give(money.renter, "available", 700, "escrow", "USDC")
    row = freeze(money.renter)
    sweep_property(actor=TESTER)
    key = of_party(Kind.AVAILABLE, money.renter.pk, Pot.ESCROW, "USDC")
    with transaction.atomic():
        ledger.lock([key, replace(key, kind=Kind.BLOCKED), clearing(Pot.ESCROW, "USDC")])
        blocked_property.put_back([key])
        ledger.post(uuid4(), "chain.withdrawn", [Line(key, -500), Line(clearing(Pot.ESCROW, "USDC"), 500)])
    assert stands(money.renter, "escrow", "USDC") == {"available": 200}
    sweep_property(actor=TESTER)
    lift(row)
    sweep_property(actor=TESTER)
    assert stands(money.renter, "escrow", "USDC") == {"available": 200}


# -- the wall ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE settlement_blockedproperty SET amount_minor = 1",
        "UPDATE settlement_blockedproperty SET returned_at = now()",
        "UPDATE settlement_blockedproperty SET source = 'payable'",
        "DELETE FROM settlement_blockedproperty",
        "UPDATE compliance_restriction SET lifted_at = now(), lifted_by = 'user:olga'",
        "UPDATE compliance_restriction SET lifted_at = now(), lifted_by = 'user:olga', lift_proposed_by = 'user:olga'",
        "DELETE FROM compliance_restriction",
    ],
)
def test_raw_sql_neither_rewrites_nor_releases_alone(money: Scene, sql: str):
    give(money.renter, "available", 700)
    freeze(money.renter)
    sweep_property(actor=TESTER)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(sql)
    assert stands(money.renter) == {"blocked": 700}


# -- the report ----------------------------------------------------------------------------------------------------


def test_the_draft_says_what_is_blocked_and_whence_it_came(money: Scene):
    money.credit(1_250)
    ref = money.open_hold(600)
    row = freeze(money.renter, "blocked")
    report_of = restrictions.report_drafts.after_blocking(row, actor=TESTER)
    holds.freeze_hold(ref.id, "listed", actor=TESTER)
    sweep_property(actor=TESTER)
    assert fill_property_reports() == 1
    answers = report(report_of.pk).values
    assert answers["value_usd"] == "12.50"
    assert "blocked property (card-funded): 12.50 USD" in answers["property"]
    assert "6.50 USD of it, prepaid, free to use" in answers["property"]
    assert f"6.00 USD of it, hold {ref.id} of lease {ref.subject_id}" in answers["property"]


def test_property_that_comes_after_the_draft_was_filled_is_reported_for_itself(money: Scene, clock):
    money.credit(1_250)
    row = freeze(money.renter, "blocked")
    restrictions.report_drafts.after_blocking(row, actor=TESTER)
    sweep_property(actor=TESTER)
    assert Report.objects.count() == 1, "what is blocked before the draft is filled is in it"
    fill_property_reports()
    clock.advance(days=3)
    for _ in range(2):
        money.credit(100)
        sweep_property(actor=TESTER)
    first, second = Report.objects.filter(kind=Report.Kind.BLOCKED).order_by("created_at")
    assert second.event_on == clock.now().date() > first.event_on
    assert fill_property_reports() == 1
    assert report(second.pk).values["value_usd"] == "14.50"
    assert available_minor(money.renter.pk) == 0


def test_a_freeze_that_blocks_no_property_in_law_drafts_nothing(money: Scene):
    money.credit(1_250)
    freeze(money.renter)
    sweep_property(actor=TESTER)
    assert not Report.objects.exists()
