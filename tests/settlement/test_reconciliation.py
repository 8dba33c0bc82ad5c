"""Reconciliation: the card network and the books agree to the cent, and what does not is on record."""

from uuid import uuid4

import pytest
import stripe

from compliance.base import clock as clocks
from compliance.base.audit import AuditEvent
from compliance.models import Case
from settlement.models import CardPayment, PaymentProfile, ReconciliationRun
from settlement.rails import card as card_rail
from settlement.rails.card import BalanceLine
from settlement.rails.standin.network import Call
from settlement.services import differences, holds, ledger, profiles, reconciliation, unexplained
from settlement.services.accounts import Kind, Pot, clearing, of_platform
from settlement.services.books import verify_books
from settlement.services.ledger import Line
from tests.settlement.scene import TESTER, Scene


@pytest.fixture
def busy(card: Scene, clock) -> Scene:
    """A day's business: a top-up, a lease on the balance, a lease on the card, a payout."""
    card.top_up(5_000)
    card.doorbell.ring()
    holds.settle_hold(card.open_hold(2_000).id, 1_000, TESTER)
    ref = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, 400, TESTER)
    card.doorbell.ring()
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url="http://x/", refresh_url="http://x/", actor=TESTER)
    card.control("onboard", account=PaymentProfile.objects.get(party=card.provider).stripe_account_id)
    profiles.refresh_recipient(card.provider.pk)
    card.request_payout()
    card.doorbell.ring()
    clock.advance(minutes=5)
    return card


def _differences(run: ReconciliationRun) -> list[str]:
    return [f"{row.external_id}: {row.explanation}" for row in differences.differences_of(run.pk)]


def test_a_days_business_agrees_and_the_networks_fees_are_booked_once(busy: Scene):
    for _ in range(2):
        run = reconciliation.reconcile_card()
        assert (run.balanced, _differences(run)) == (True, [])
        assert run.ledger_minor == run.rail_minor == card_rail.rail().balance_minor()
    # Fees: 2.9 % + 30 of 5,000 and of 400. The provider got 950 + 380.
    assert busy.books() == {
        "stripe": -(5_000 + 400 - 175 - 42 - 1_330),
        "available": 4_000,
        "fees": 70,
        "processing": -217,
    }
    assert verify_books().verified


def test_a_payout_to_the_platforms_bank_is_booked(busy: Scene):
    client = stripe.StripeClient("sk_test_gridclear", base_addresses={"api": busy.network.url})
    client.v1.payouts.create({"amount": 500, "currency": "usd"})
    assert reconciliation.reconcile_card().balanced
    assert busy.books()["bank"] == -500


def test_money_that_the_books_know_nothing_of_is_alarmed(busy: Scene, clock):
    customer = profiles.customer_of(busy.renter.pk)
    card_rail.rail().create_intent(
        uuid4(), amount_minor=777, customer_id=customer, payment_method="pm_card_visa", manual=False, key="stray"
    )
    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    assert not run.balanced
    words = _differences(run)
    assert any("the books know nothing of it" in line for line in words)
    assert any("the balance at the card network is another" in line for line in words)
    assert AuditEvent.objects.filter(event="reconciliation.failed").count() == 1
    cases = Case.objects.filter(kind="money_alarm")
    assert (cases.count(), set(cases.values_list("priority", flat=True))) == (2, {Case.Priority.HIGH})


def test_a_difference_is_one_case_however_often_it_is_found(busy: Scene, clock):
    CardPayment.objects.filter(purpose="top_up").update(charge_id="ch_gone")
    for _ in range(3):
        assert not reconciliation.reconcile_card().balanced
        clock.advance(minutes=1)
    found = Case.objects.filter(kind="money_alarm")
    # The network's line without a payment of ours, and our payment without a line.
    assert sorted("ch_gone" in case.summary for case in found) == [False, True]
    found.update(state="closed", state_deadline_at=None)
    reconciliation.reconcile_card()
    assert Case.objects.filter(kind="money_alarm").exclude(state="closed").count() == 0
    CardPayment.objects.filter(purpose="top_up").update(captured_minor=4_999)
    reconciliation.reconcile_card()
    assert Case.objects.filter(kind="money_alarm").exclude(state="closed").count() == 1


def test_money_that_only_the_books_know_of_is_alarmed(busy: Scene):
    reconciliation.reconcile_card()
    lines = [Line(clearing(Pot.CARD, "USD"), -100), Line(of_platform(Kind.SUSPENSE, Pot.CARD, "USD"), 100)]
    ledger.post(uuid4(), "forged", lines)
    run = reconciliation.reconcile_card()
    assert not run.balanced
    assert [row.ledger_minor - row.rail_minor for row in differences.differences_of(run.pk)] == [100]


def test_a_payment_with_another_amount_is_alarmed(busy: Scene):
    payment = CardPayment.objects.get(purpose="top_up")
    CardPayment.objects.filter(pk=payment.pk).update(captured_minor=4_999)
    run = reconciliation.reconcile_card()
    assert any("the books have another amount" in line for line in _differences(run))


def test_a_payment_without_a_line_is_alarmed(busy: Scene):
    CardPayment.objects.filter(purpose="top_up").update(charge_id="ch_gone")
    run = reconciliation.reconcile_card()
    assert any("no line for this card payment" in line for line in _differences(run))


def test_what_is_just_moving_is_no_difference(card: Scene):
    card.top_up(5_000)
    card.doorbell.ring()
    CardPayment.objects.update(charge_id="ch_not_seen_yet")
    assert reconciliation.reconcile_card().balanced


def _refund(busy: Scene, amount: int, purpose: str = "top_up") -> stripe.Refund:
    """Somebody gives money back at the card network's own desk."""
    client = stripe.StripeClient("sk_test_gridclear", base_addresses={"api": busy.network.url})
    charge = CardPayment.objects.get(purpose=purpose).charge_id
    return client.v1.refunds.create({"charge": charge, "amount": amount})


def _alarms() -> list[str]:
    return list(Case.objects.filter(kind="money_alarm").order_by("created_at").values_list("summary", flat=True))


def test_a_refund_by_hand_is_one_difference_with_a_case_and_is_taken_from_the_prepaid_money(busy: Scene, clock):
    before = busy.books()["available"]
    refund = _refund(busy, 300)
    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    payment = CardPayment.objects.get(purpose="top_up")
    assert not run.balanced
    (difference,) = differences.differences_of(run.pk)
    assert (difference.ledger_minor, difference.rail_minor) == (None, -300)
    assert difference.explanation == f"refund {refund.id} of payment {payment.pk}: the books know nothing of it"
    (summary,) = _alarms()
    assert refund.id in summary
    # The card has it back, so the balance has not: nobody is credited twice.
    assert busy.books()["available"] == before - 300
    assert "suspense" not in busy.books()
    event = AuditEvent.objects.get(event="card_payment.moved_outside")
    assert (event.data["amount_minor"], event.data["taken_minor"]) == (-300, 300)
    for _ in range(2):
        clock.advance(minutes=1)
        run = reconciliation.reconcile_card()
        assert (run.balanced, _differences(run)) == (True, [])
        assert run.ledger_minor == run.rail_minor
    assert len(_alarms()) == 1
    assert busy.books()["available"] == before - 300
    assert verify_books().verified


def test_what_the_prepaid_money_does_not_cover_lies_in_suspense(busy: Scene, clock):
    assert busy.books()["available"] == 4_000
    busy.open_hold(3_900)
    _refund(busy, 300)
    clock.advance(minutes=5)
    assert not reconciliation.reconcile_card().balanced
    books = busy.books()
    assert (books.get("available"), books["suspense"], books["held"]) == (None, -200, 3_900)
    assert reconciliation.reconcile_card().balanced
    assert verify_books().verified


def test_a_refund_of_a_lease_is_nobodys_until_it_is_explained(busy: Scene, clock):
    before = busy.books()
    _refund(busy, 150, purpose="hold")
    clock.advance(minutes=5)
    assert not reconciliation.reconcile_card().balanced
    after = busy.books()
    assert (after["suspense"], after["available"]) == (-150, before["available"])
    assert len(_alarms()) == 1


def test_a_line_of_a_kind_that_nobody_knows_is_a_difference_with_a_case(busy: Scene, clock):
    with busy.network.store.transaction():
        Call(busy.network.store, busy.network.network.terms, {}).book("stripe_fee", "", -25, "usd")
    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    assert [row.rail_minor for row in differences.differences_of(run.pk)] == [-25]
    assert busy.books()["suspense"] == -25
    (summary,) = _alarms()
    assert "stripe_fee" in summary
    assert reconciliation.reconcile_card().balanced


def test_a_fee_that_the_network_gives_back_is_one_difference_and_stops_nothing(busy: Scene, clock):
    """The books may know of no cost that it could come off: it lies in suspense, until two officers say whose it is."""
    with busy.network.store.transaction():
        call = Call(busy.network.store, busy.network.network.terms, {})
        line = call.book("payout", "po_back", -100, "usd", fee=-9_000)
    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    assert _differences(run) == [f"fee of {line}: the network gave a fee back"]
    assert (busy.books()["suspense"], busy.books()["processing"]) == (9_000, -217)
    assert line in _alarms()[0]
    for _ in range(2):
        run = reconciliation.reconcile_card()
        assert (run.balanced, _differences(run)) == (True, [])
    assert (len(_alarms()), verify_books().verified) == (1, True)


def test_what_moves_just_now_hides_no_difference_of_the_total(busy: Scene):
    reconciliation.reconcile_card()
    lines = [Line(clearing(Pot.CARD, "USD"), -100), Line(of_platform(Kind.SUSPENSE, Pot.CARD, "USD"), 100)]
    ledger.post(uuid4(), "forged", lines)
    busy.top_up(700, key="just now")
    busy.doorbell.ring()
    busy.top_up(900, key="no line yet")
    busy.doorbell.ring()
    CardPayment.objects.filter(amount_minor=900).update(charge_id="ch_not_seen_yet")
    with busy.network.store.transaction():
        (line,) = [row for row in busy.network.store.every("balance_transaction") if row["amount"] == 900]
        busy.network.store.put({**line, "created": line["created"] + 600})
    (difference,) = differences.differences_of(reconciliation.reconcile_card().pk)
    assert (difference.external_id, difference.ledger_minor - difference.rail_minor) == ("balance", 100)


def test_a_line_that_comes_between_lines_and_total_is_read_before_they_are_compared(busy: Scene, monkeypatch):
    ask = card_rail.CardRail.balance_minor

    def pay_while_asked(self) -> int:
        monkeypatch.setattr(card_rail.CardRail, "balance_minor", ask)
        busy.top_up(700, key="meanwhile")
        busy.doorbell.ring()
        with busy.network.store.transaction():
            (line,) = [row for row in busy.network.store.every("balance_transaction") if row["amount"] == 700]
            busy.network.store.put({**line, "created": line["created"] + 600})
        return ask(self)

    monkeypatch.setattr(card_rail.CardRail, "balance_minor", pay_while_asked)
    run = reconciliation.reconcile_card()
    assert (run.balanced, _differences(run)) == (True, [])


def test_a_line_in_another_currency_is_a_difference_with_a_case_and_in_no_books(busy: Scene, clock):
    reconciliation.reconcile_card()
    before = busy.books()
    with busy.network.store.transaction():
        call = Call(busy.network.store, busy.network.network.terms, {})
        line = call.book("charge", "ch_euro", 4_000, "eur", fee=150)
    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    assert _differences(run) == [f"{line}: charge ch_euro is in EUR, and the books of cards are kept in USD"]
    assert busy.books() == before
    (summary,) = _alarms()
    assert line in summary
    clock.advance(days=1)
    assert not reconciliation.reconcile_card().balanced
    clock.advance(days=1, minutes=1)
    assert reconciliation.reconcile_card().balanced, "the case stands, and the line is old"
    assert len(_alarms()) == 1


def test_of_very_many_differences_the_first_have_cases_and_one_tells_of_the_rest(busy: Scene, clock):
    found = [
        differences.Difference(f"txn_{n}", None, n, "the books know nothing of it", currency="EUR" if n == 57 else "")
        for n in range(60)
    ]
    for wanted in (found, found, found[:50]):
        comparison = differences.Comparison("card", "USD", 0, 0, 60, clocks.now(), wanted)
        run = differences.record(comparison, actor=TESTER)
        assert run.differences.count() == len(wanted)
    assert len(_alarms()) == 51
    assert "10 more differences" in _alarms()[-1]
    assert "by €0.57, $4.88 in all" in _alarms()[-1], "the last ten, by currency"
    clock.advance(days=1)
    differences.record(differences.Comparison("card", "USD", 0, 0, 60, clocks.now(), found), actor=TESTER)
    assert len(_alarms()) == 52


def test_what_is_in_a_currency_that_is_not_kept_there_is_not_booked_as_dollars():
    lines = [BalanceLine(f"txn_{code}", "contribution", "", 40, 0, code, 0) for code in ("usd", "eur")]
    assert [line.currency for line in unexplained.strays(lines, {})] == ["usd"]
    assert unexplained.strays(lines, {"txn_usd": 40}) == []


def test_a_refund_that_was_made_this_minute_is_looked_at_in_the_next(card: Scene, clock):
    card.top_up(5_000)
    card.doorbell.ring()
    _refund(card, 300)
    assert reconciliation.reconcile_card().balanced
    assert card.books()["available"] == 5_000
    assert _alarms() == []
    clock.advance(minutes=5)
    assert not reconciliation.reconcile_card().balanced
    assert len(_alarms()) == 1


def test_a_run_that_dies_half_way_loses_neither_case_nor_money(busy: Scene, clock, monkeypatch):
    reconciliation.reconcile_card()
    before = busy.books()
    _refund(busy, 300)
    clock.advance(minutes=5)
    with monkeypatch.context() as broken:
        broken.setattr(differences.money_alarms, "open_cases_for", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reconciliation.reconcile_card()
    assert busy.books() == before
    assert not reconciliation.reconcile_card().balanced
    assert len(_alarms()) == 1
    assert busy.books()["available"] == before["available"] - 300
