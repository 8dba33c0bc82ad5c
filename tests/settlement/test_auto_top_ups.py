"""The saved card fills a balance that runs low: once, whoever races, repeats or dies, and never after a refusal."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput
from settlement.models import AutoTopUp, CardPayment
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.selectors.auto_top_ups import auto_top_up_of
from settlement.services import auto_top_up_rules, auto_top_ups, card_deeds, claims, hold_sweep, ledger, profiles
from settlement.services.accounts import Kind, Pot, clearing
from settlement.services.auto_top_up_rules import AutoTerms
from settlement.services.auto_top_ups import AutoPlan
from settlement.services.books import verify_books
from settlement.services.ledger import Line
from settlement.signals import balance_used
from tests.factories import disputed
from tests.settlement.scene import TESTER, Scene, clear, post_notice

TERMS = {"threshold_minor": 2_000, "amount_minor": 5_000, "monthly_limit_minor": 12_000}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))


def ruled(card: Scene, method: str = "pm_card_visa", **changes: int) -> Scene:
    """The renter has saved the card and told the rule."""
    saved = profiles.save_card(card.renter.pk, method)
    terms = AutoTerms(**(TERMS | changes), payment_method=saved["id"])
    auto_top_up_rules.set_auto_top_up(card.renter.pk, terms, actor=TESTER)
    return card


def plan_of(card: Scene) -> AutoPlan | None:
    return auto_top_ups.plan_auto_top_up(card.renter.pk)


def begin(card: Scene, plan: AutoPlan):
    clearance = clear("deposit", plan.top_up_id, renter=card.renter, provider=None)
    return auto_top_ups.start_auto_top_up(plan, clearance=clearance, actor=TESTER)


def fill(card: Scene) -> bool:
    """One round of the sweep, as the gate clears it. Whether anything was begun."""
    plan = plan_of(card)
    if plan is None or begin(card, plan) is None:
        return False
    card.doorbell.ring()
    return True


def hindrance(card: Scene) -> str:
    found = auto_top_up_of(card.renter.pk)
    assert found is not None
    return found.hindrance


def test_a_low_balance_is_filled_from_the_saved_card_once(card: Scene):
    ruled(card)
    assert fill(card)
    assert card.books() == {"stripe": -5_000, "available": 5_000}
    (intent,) = card.objects("payment_intent")
    assert (intent["status"], intent["amount"]) == ("succeeded", 5_000)
    # It is enough now; and what the network tells once more credits nothing.
    assert not fill(card)
    for event in card.notices("payment_intent"):
        post_notice(event)
    assert card.books()["available"] == 5_000
    requested = AuditEvent.objects.get(event="top_up.requested")
    assert requested.data["automatic"] is True
    assert verify_books().verified


@pytest.mark.parametrize(("free", "low"), [(1_999, True), (2_000, False)])
def test_it_is_the_free_balance_below_the_threshold_that_counts(card: Scene, free: int, low: bool):
    ruled(card)
    card.credit(free)
    assert (plan_of(card) is not None) is low


def test_what_is_held_for_a_lease_is_not_free_and_taking_it_rings(card: Scene):
    ruled(card)
    card.credit(3_000)
    heard = []
    receiver = lambda **told: heard.append(told["party_id"])  # noqa: E731
    balance_used.connect(receiver)
    card.open_hold(1_500)
    balance_used.disconnect(receiver)
    assert heard == [card.renter.pk]
    assert fill(card)
    assert card.books()["available"] == 1_500 + 5_000


def test_the_bank_is_told_that_nobody_is_there(card: Scene, monkeypatch):
    told, real = [], CardRail.create_intent
    monkeypatch.setattr(CardRail, "create_intent", lambda *a, **k: told.append(k["off_session"]) or real(*a, **k))
    ruled(card)
    fill(card)
    card.top_up(700)
    card.doorbell.ring()
    assert told == [True, False]


@pytest.mark.parametrize("mode", ["409", "500", "timeout_after_work"])
def test_a_lost_answer_charges_once(card: Scene, clock, mode: str):
    ruled(card)
    card.control("fail", path="/v1/payment_intents", times=1, mode=mode)
    assert fill(card)
    assert card.books() == {}
    assert (hindrance(card), fill(card)) == ("on_its_way", False)
    clock.advance(minutes=1)
    assert hold_sweep.sweep_holds() == 1
    card.doorbell.ring()
    assert card.books()["available"] == 5_000
    assert len(card.objects("payment_intent")) == 1


def test_a_process_that_dies_between_charge_and_books_charges_once(card: Scene, clock, monkeypatch):
    ruled(card)
    begin(card, plan_of(card))
    with monkeypatch.context() as broken:
        broken.setattr(card_deeds.card_payments, "apply_intent", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            card.doorbell.ring()
    clock.advance(minutes=1)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert card.books()["available"] == 5_000
    assert len(card.objects("payment_intent")) == 1


def test_two_who_race_begin_one_charge(card: Scene):
    ruled(card)
    plan = plan_of(card)
    clearance = clear("deposit", plan.top_up_id, renter=card.renter, provider=None)
    start, begun = threading.Barrier(4), []

    def run() -> None:
        start.wait()
        try:
            begun.append(auto_top_ups.start_auto_top_up(plan, clearance=clearance, actor=TESTER))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each is None for each in begun) == [False, True, True, True]
    card.doorbell.ring()
    assert len(card.objects("payment_intent")) == 1
    assert card.books()["available"] == 5_000


def test_the_database_itself_allows_one_at_a_time(card: Scene):
    ruled(card)
    begin(card, plan_of(card))
    first, pk = CardPayment.objects.get(), uuid4()
    clearance = clear("deposit", pk, renter=card.renter, provider=None)
    second = {
        "pk": pk,
        "state": "creating",
        "purpose": "top_up",
        "party": card.renter,
        "clearance": clearance,
        "currency": "USD",
        "amount_minor": 5_000,
        "idempotency_key": "another",
    }
    with pytest.raises(IntegrityError, match="one_automatic_top_up_at_a_time"), transaction.atomic():
        CardPayment.objects.create(**second, auto_top_up_id=first.auto_top_up_id)
    CardPayment.objects.create(**second)


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
def test_a_card_that_the_bank_refuses_is_not_asked_again(card: Scene, clock, method: str, code: str):
    ruled(card, method)
    assert fill(card)
    rule = AutoTopUp.objects.get()
    assert (rule.state, rule.stopped_code) == ("stopped", code)
    for _ in range(3):
        clock.advance(days=40)
        assert not fill(card)
        hold_sweep.sweep_holds()
        card.doorbell.ring()
    assert len(card.objects("payment_intent")) == 1
    # The network's own notice of the same failure is no second stop.
    for event in card.notices("payment_intent"):
        post_notice(event)
    assert AuditEvent.objects.filter(event="auto_top_up.stopped").count() == 1
    assert card.books() == {}


def test_set_anew_with_another_card_it_goes_on(card: Scene):
    ruled(card, "pm_card_chargeCustomerFail")
    fill(card)
    ruled(card)
    assert (AutoTopUp.objects.get().state, AutoTopUp.objects.get().stopped_code) == ("on", "")
    assert fill(card)
    assert card.books()["available"] == 5_000
    keys = list(CardPayment.objects.order_by("created_at").values_list("idempotency_key", flat=True))
    assert [key.rsplit(":", 1)[1] for key in keys] == ["1", "2"]


def test_the_months_limit_holds_and_the_next_month_is_free(card: Scene, clock):
    ruled(card)
    for _ in range(2):
        assert fill(card)
        card.open_hold(5_000)
    assert (hindrance(card), fill(card)) == ("limit", False)
    clock.advance(days=8)
    assert clock.now().day < 8
    assert fill(card)
    assert auto_top_up_of(card.renter.pk).charged_minor == 5_000


def test_what_failed_does_not_count_against_the_limit(card: Scene):
    ruled(card, "pm_card_chargeCustomerFail", monthly_limit_minor=5_000)
    fill(card)
    ruled(card, monthly_limit_minor=5_000)
    assert fill(card)


def test_a_top_up_by_hand_does_not_count_either(card: Scene):
    ruled(card, monthly_limit_minor=5_000)
    card.top_up(1_000)
    card.doorbell.ring()
    assert fill(card)


def test_turned_off_nothing_is_charged_and_what_was_on_its_way_is_credited(card: Scene):
    ruled(card)
    begin(card, plan_of(card))
    for _ in range(2):
        auto_top_up_rules.end_auto_top_up(card.renter.pk, actor=TESTER)
    card.doorbell.ring()
    assert card.books()["available"] == 5_000
    card.open_hold(5_000)
    assert not fill(card)
    assert AuditEvent.objects.filter(event="auto_top_up.ended").count() == 1


def test_a_plan_whose_terms_were_changed_meanwhile_is_dropped(card: Scene):
    ruled(card)
    plan = plan_of(card)
    ruled(card, amount_minor=6_000)
    assert begin(card, plan) is None
    assert CardPayment.objects.count() == 0


def test_a_plan_whose_owner_came_to_owe_or_to_have_enough_meanwhile_is_dropped(card: Scene):
    """The rule is asked anew under its lock: the gate takes its time."""
    ruled(card)
    plan = plan_of(card)
    debt = claims.key_of(Kind.CLAIM, card.renter.pk)
    ledger.post(uuid4(), "owed", [Line(debt, -100), Line(clearing(Pot.CARD, "USD"), 100)])
    assert begin(card, plan) is None
    ledger.post(uuid4(), "paid", [Line(debt, 100), Line(clearing(Pot.CARD, "USD"), -100)])
    card.credit(TERMS["threshold_minor"])
    assert begin(card, plan) is None
    assert CardPayment.objects.count() == 0


def test_who_contests_a_payment_is_not_charged(card: Scene):
    ruled(card)
    payment = disputed.top_up_of(card.renter, 1_000)
    assert plan_of(card) is not None
    dispute = disputed.dispute_of(card.renter, payment=payment)
    assert (hindrance(card), plan_of(card)) == ("contested", None)
    type(dispute).objects.update(state="won")
    assert hindrance(card) == ""


def test_a_charge_whose_clearance_fell_before_the_bank_was_asked_is_not_made(card: Scene, clock):
    ruled(card)
    begin(card, plan_of(card))
    clock.advance(hours=2)
    card.doorbell.ring()
    assert card.objects("payment_intent") == []
    payment = CardPayment.objects.get()
    assert (payment.state, payment.failure_code) == ("failed", "clearance_lapsed")
    # The card did no wrong: the rule stays on, and is looked at again after an hour.
    assert (AutoTopUp.objects.get().state, hindrance(card), plan_of(card)) == ("on", "waiting", None)
    clock.advance(minutes=61)
    assert fill(card)
    assert card.books()["available"] == 5_000


def test_a_charge_that_was_made_before_the_clearance_fell_is_found_and_credited(card: Scene, clock):
    ruled(card)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    fill(card)
    clock.advance(hours=2)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert len(card.objects("payment_intent")) == 1
    assert card.books()["available"] == 5_000


def test_after_a_refusal_of_the_gate_nothing_is_begun_for_a_day(card: Scene, clock):
    ruled(card)
    plan = plan_of(card)
    auto_top_ups.hold_off(plan, plan.top_up_id, actor=TESTER)
    assert (hindrance(card), plan_of(card)) == ("waiting", None)
    # To turn it off and on again is no way round.
    auto_top_up_rules.end_auto_top_up(card.renter.pk, actor=TESTER)
    ruled(card)
    assert plan_of(card) is None
    clock.advance(hours=24)
    assert plan_of(card) == AutoPlan(
        plan.rule_id, plan.sequence, plan.top_up_id, plan.party_id, 5_000, AutoTopUp.objects.get().payment_method
    )


NONSENSE = (
    ("threshold_minor", {"threshold_minor": 0}),
    ("threshold_minor", {"threshold_minor": -1}),
    ("amount_minor", {"amount_minor": 499}),
    ("amount_minor", {"amount_minor": 10_000_001, "monthly_limit_minor": 20_000_000}),
    ("monthly_limit_minor", {"monthly_limit_minor": 4_999}),
    ("monthly_limit_minor", {"monthly_limit_minor": 2**63}),
)


def test_terms_that_make_no_sense_are_refused_by_name_and_change_nothing(card: Scene):
    mine = profiles.save_card(card.renter.pk, "pm_card_visa")["id"]
    others = profiles.save_card(card.provider.pk, "pm_card_visa")["id"]

    def refused(**changes) -> dict:
        terms = AutoTerms(**({"payment_method": mine} | TERMS | changes))
        with pytest.raises(InvalidInput) as error:
            auto_top_up_rules.set_auto_top_up(card.renter.pk, terms, actor=TESTER)
        return error.value.extra.get("errors", {})

    for field, changes in NONSENSE:
        assert field in refused(**changes), changes
    for amount in (True, 5_000.0, "5000", None):
        assert refused(amount_minor=amount) == {}
    # Only a card that the party itself has saved: none of another's, and no bare name of one.
    for method in ("", "pm_nobodys", "pm_card_visa", others):
        assert "payment_method" in refused(payment_method=method)
    assert not AutoTopUp.objects.exists()


def test_a_stop_is_told_by_one_writer_at_a_time_until_it_is_told(card: Scene, clock):
    ruled(card, "pm_card_chargeCustomerFail")
    fill(card)
    rule = AutoTopUp.objects.get()
    assert auto_top_ups.claim_notice(rule.pk) == "generic_decline"
    assert auto_top_ups.claim_notice(rule.pk) is None
    clock.advance(seconds=auto_top_ups.CLAIM_LASTS / timedelta(seconds=1) + 1)
    assert auto_top_ups.claim_notice(rule.pk) == "generic_decline"
    for _ in range(2):
        auto_top_ups.note_noticed(rule.pk, actor=TESTER)
    clock.advance(days=1)
    assert auto_top_ups.claim_notice(rule.pk) is None
    assert AuditEvent.objects.filter(event="auto_top_up.owners_told").count() == 1
