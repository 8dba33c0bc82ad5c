"""An authorization is replaced before it runs out; what the bank refuses ends the lease while it is still paid."""

from datetime import timedelta

import pytest

from compliance.base.audit import AuditEvent
from settlement.models import CardPayment, LooseAuthorization
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail, CardUnavailable
from settlement.services import card_renewals, hold_sweep, holds
from settlement.services.card_payments import SHORTEST_AUTHORIZATION, capture_before
from settlement.signals import hold_unsecured
from tests.factories.disputed import top_up_of
from tests.settlement.scene import TESTER, Scene, post_notice


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))


@pytest.fixture
def aging(card: Scene, clock) -> CardPayment:
    """An open hold whose authorization runs out within an hour, while its lease may go on for two."""
    card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    payment = CardPayment.objects.get()
    assert payment.capture_before_at is not None
    assert 6.9 < (payment.capture_before_at - clock.now()).total_seconds() / 86_400 <= 7
    assert card_renewals.renew_due() == 0
    payment.capture_before_at = clock.now() + card_renewals.RENEW_BEFORE / 12
    payment.save(update_fields=["capture_before_at"])
    return payment


def _statuses(card: Scene) -> list[str]:
    return [intent["status"] for intent in card.objects("payment_intent")]


def test_the_new_authorization_takes_the_old_ones_place(card: Scene, aging: CardPayment):
    assert card_renewals.renew_due() == 1
    card.doorbell.ring()
    assert _statuses(card) == ["canceled", "requires_capture"]
    payment = CardPayment.objects.get()
    assert (payment.renewals, payment.state) == (1, "authorized")
    assert payment.payment_intent_id == card.objects("payment_intent")[1]["id"]
    assert card_renewals.renew_due() == 0
    # What the network tells of the old one changes nothing any more.
    for event in card.notices("payment_intent"):
        post_notice(event)
    holds.settle_hold(payment.hold_id, 333, TESTER)
    card.doorbell.ring()
    assert card.books() == {"stripe": -333, "payable": 317, "fees": 16}
    assert _statuses(card) == ["canceled", "succeeded"]
    assert AuditEvent.objects.filter(event="card_payment.renewed").count() == 1


@pytest.mark.parametrize("mode", ["500", "timeout_after_work"])
def test_a_lost_answer_authorizes_once(card: Scene, aging: CardPayment, mode: str):
    card.control("fail", path="/v1/payment_intents", times=1, mode=mode)
    with pytest.raises(CardUnavailable):
        card_renewals.renew(aging.pk)
    for _ in range(2):
        card_renewals.renew_due()
    card.doorbell.ring()
    assert _statuses(card) == ["canceled", "requires_capture"]


def test_two_workers_at_one_renewal_let_the_old_authorization_go(card: Scene, aging: CardPayment, monkeypatch):
    ask = CardRail.create_intent

    def overtaken(self, *args, **kwargs):
        monkeypatch.setattr(CardRail, "create_intent", ask)
        card_renewals.renew(aging.pk)
        return ask(self, *args, **kwargs)

    monkeypatch.setattr(CardRail, "create_intent", overtaken)
    card_renewals.renew(aging.pk)
    card.doorbell.ring()
    assert _statuses(card) == ["canceled", "requires_capture"]
    assert CardPayment.objects.get().renewals == 1


def test_what_a_flushed_queue_forgot_is_let_go_of_by_the_sweep(card: Scene, aging: CardPayment, clock):
    assert card_renewals.renew_due() == 1
    card.doorbell.lose()
    assert _statuses(card) == ["requires_capture", "requires_capture"]
    clock.advance(seconds=120)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert _statuses(card) == ["canceled", "requires_capture"]
    clock.advance(seconds=120)
    hold_sweep.sweep_holds()
    assert "settlement.let_go_of_card" not in card.doorbell.names


def test_an_authorization_whose_hold_ended_before_the_answer_came_is_let_go_of(card: Scene, aging: CardPayment, clock):
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    assert card_renewals.renew_due() == 1
    assert _statuses(card) == ["requires_capture", "requires_capture"], "the worker never learned of the second"
    holds.settle_hold(aging.hold_id, 333, TESTER)
    card.doorbell.ring()
    clock.advance(seconds=120)
    hold_sweep.sweep_holds()
    card.doorbell.ring()
    assert _statuses(card) == ["succeeded", "canceled"]
    assert LooseAuthorization.objects.get().ended_at is not None


def test_a_refusal_is_on_record_and_the_lease_has_to_end(card: Scene, aging: CardPayment):
    heard = []
    receiver = lambda **told: heard.append(told["hold_id"])  # noqa: E731
    hold_unsecured.connect(receiver)
    CardPayment.objects.update(payment_method="pm_card_chargeDeclinedInsufficientFunds")
    assert card_renewals.renew_due() == 1
    assert card_renewals.renew_due() == 0
    hold_unsecured.disconnect(receiver)
    payment = CardPayment.objects.get()
    assert (payment.renewal_refused, heard) == ("insufficient_funds", [payment.hold_id])
    # The old authorization still pays for what was used.
    holds.settle_hold(payment.hold_id, 200, TESTER)
    card.doorbell.ring()
    assert card.books() == {"stripe": -200, "payable": 190, "fees": 10}


def test_a_hold_that_settles_meanwhile_lets_the_new_one_go(card: Scene, aging: CardPayment, monkeypatch):
    ask = CardRail.create_intent

    def settle_while_asked(self, *args, **kwargs):
        answer = ask(self, *args, **kwargs)
        holds.settle_hold(aging.hold_id, 500, TESTER)
        return answer

    monkeypatch.setattr(CardRail, "create_intent", settle_while_asked)
    card_renewals.renew_due()
    card.doorbell.ring()
    assert _statuses(card) == ["succeeded", "canceled"]
    assert card.books() == {"stripe": -500, "payable": 475, "fees": 25}


def test_a_lease_that_ends_in_time_needs_no_renewal(card: Scene, clock):
    card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    clock.advance(days=6, hours=18)
    assert card_renewals.renew_due() == 0


def test_a_freeze_outlives_any_authorization_and_the_renter_pays_after_it(card: Scene, clock):
    hold = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.freeze_hold(hold.id, "listed", actor=TESTER)
    for renewals in (1, 2):
        clock.advance(days=6, hours=18)
        assert card_renewals.renew_due() == 1
        card.doorbell.ring()
        # The stand-in's own clock stands still.
        CardPayment.objects.update(capture_before_at=clock.now() + timedelta(days=7))
        assert card_renewals.renew_due() == 0
        assert CardPayment.objects.get().renewals == renewals
    holds.unfreeze_hold(hold.id, actor=TESTER)
    # Let go to be settled, it has a day: the authorization stands for longer.
    assert card_renewals.renew_due() == 0
    holds.settle_hold(hold.id, 333, TESTER)
    card.doorbell.ring()
    assert card.books() == {"stripe": -333, "payable": 317, "fees": 16}
    assert _statuses(card) == ["canceled", "canceled", "succeeded"]


def test_a_hold_let_go_at_the_end_of_its_authorization_is_renewed_for_its_settlement(card: Scene, clock):
    hold = card.open_hold(1_000, rail="card")
    card.doorbell.ring()
    holds.freeze_hold(hold.id, "listed", actor=TESTER)
    clock.advance(days=6, hours=18)
    holds.unfreeze_hold(hold.id, actor=TESTER)
    assert card_renewals.renew_due() == 1


def test_where_the_network_does_not_tell_the_shortest_time_counts(money: Scene, clock):
    intent = card_rail.intent_state({"id": "pi_1", "status": "requires_capture", "amount": 1, "latest_charge": "ch_1"})
    assert capture_before(intent) == clock.now() + SHORTEST_AUTHORIZATION
    assert top_up_of(money.renter).capture_before_at is None
