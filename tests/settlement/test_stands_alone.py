"""A row that cannot be moved stops no other of its sweep, and officers have a case about it."""

from uuid import UUID, uuid4

import pytest

from compliance.base.errors import StaleState
from compliance.models import Case, Party, Restriction
from settlement.models import DisputeShare, Hold
from settlement.rails import card as card_rail
from settlement.services import card_renewals, claims, hold_sweep, holds, ledger, rows
from settlement.services.accounts import Kind, Pot, of_platform
from settlement.services.books import verify_books
from settlement.services.ledger import Line
from tests.settlement.scene import TESTER, Scene, post_notice
from tests.settlement.test_blocked_property import lift


def restrict(party: Party) -> Restriction:
    """The restriction has just been committed; nothing has followed it yet."""
    return Restriction.objects.create(party=party, reason_code="sdn", imposed_by="test")


def failing_for(row_id: UUID, deed):
    def act(given: UUID, *args, **more):
        if given == row_id:
            raise KeyError("not to be told")
        return deed(given, *args, **more)

    return act


def stuck() -> list[str]:
    return list(Case.objects.filter(reason_codes=["MONEY_WORK_STUCK"]).values_list("summary", flat=True))


def test_a_hold_that_cannot_be_settled_stops_no_other(money: Scene, clock, monkeypatch):
    money.credit(2_000)
    bad, good = (money.open_hold(1_000).id for _ in range(2))
    clock.advance(days=2)
    monkeypatch.setattr(holds, "settle_hold", failing_for(bad, holds.settle_hold))
    asked = []
    monkeypatch.setattr(hold_sweep, "_ask_again", lambda: len(asked.append(1) or asked))
    for _ in range(2):
        hold_sweep.sweep_holds()
    assert dict(Hold.objects.values_list("pk", "state")) == {bad: "open", good: "settled"}
    assert len(asked) == 2, "the rest of the sweep went on"
    (summary,) = stuck()
    assert "The settlement of an overdue hold keeps failing (KeyError)" in summary
    assert "not to be told" not in summary


def test_what_passes_by_itself_is_no_case(db):
    def away(_row_id: UUID) -> bool:
        raise StaleState

    assert rows.each("Some work", [uuid4()], away, actor=TESTER) == 0
    assert stuck() == []


def owe(party: Party, amount: int) -> None:
    platform = of_platform(Kind.CHARGEBACKS, Pot.CARD, "USD")
    ledger.post(uuid4(), "owed", [Line(claims.key_of(Kind.CLAIM, party.pk), -amount), Line(platform, amount)])


def test_a_claim_that_cannot_be_paid_off_stops_no_other(money: Scene, monkeypatch):
    both = (money.renter, money.provider)
    for party in both:
        money.credit(500, party)
        owe(party, 300)
    bad, good = sorted((party.pk for party in both), key=str)
    monkeypatch.setattr(claims, "pay_off", failing_for(bad, claims.pay_off))
    assert claims.pay_off_all() == 1
    assert (claims.owed_minor(bad), claims.owed_minor(good)) == (300, 0)
    assert len(stuck()) == 1


def test_blocked_property_pays_no_claim(money: Scene):
    money.credit(500)
    owe(money.renter, 300)
    row = restrict(money.renter)
    assert (claims.pay_off_all(), claims.pay_off(money.renter.pk)) == (0, 0)
    assert money.books()["available"] == 500
    lift(row)
    assert claims.pay_off_all() == 1
    assert money.books()["available"] == 200


def test_blocked_property_bears_no_chargeback(card: Scene):
    card.top_up(5_000)
    card.doorbell.ring()
    restrict(card.renter)
    card.control("dispute", charge=card.objects("charge")[0]["id"])
    for event in card.notices("charge.dispute"):
        post_notice(event)
    assert card.books() == {"available": 5_000, "owed": -5_000}
    assert set(DisputeShare.objects.values_list("bearer", "amount_minor")) == {("renter", 5_000)}


def test_an_authorization_that_cannot_be_renewed_stops_no_other(card: Scene, clock, monkeypatch):
    bad, good = (card.open_hold(1_000, rail="card").id for _ in range(2))
    card.doorbell.ring()
    for hold_id in (bad, good):
        holds.freeze_hold(hold_id, "listed", actor=TESTER)
    clock.advance(days=6, hours=18)
    payments = {hold_id: Hold.objects.get(pk=hold_id).card_payment.pk for hold_id in (bad, good)}
    monkeypatch.setattr(card_renewals, "renew", failing_for(payments[bad], card_renewals.renew))
    card_renewals.renew_due()
    renewals = {hold_id: Hold.objects.get(pk=hold_id).card_payment.renewals for hold_id in payments}
    assert renewals == {bad: 0, good: 1}
    assert len(stuck()) == 1


@pytest.mark.parametrize("side", ["renter", "provider"])
def test_a_hold_of_a_restricted_party_freezes_instead_of_being_settled(money: Scene, side: str):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    row = restrict(getattr(money, side))
    assert holds.settle_hold(ref.id, 400, TESTER).state == "frozen"
    assert money.books() == {"stripe": -1_000, "blocked": 1_000}
    with pytest.raises(holds.HoldFrozen):
        holds.settle_hold(ref.id, 400, TESTER)
    lift(row)
    holds.unfreeze_hold(ref.id, actor=TESTER)
    assert holds.settle_hold(ref.id, 400, TESTER).state == "settled"
    assert money.books() == {"stripe": -1_000, "available": 600, "payable": 380, "fees": 20}


def test_a_frozen_card_hold_that_was_captured_by_hand_is_settled_from_what_it_brought(card: Scene):
    hold = card.hold(card.open_hold(1_000, rail="card"))
    card.doorbell.ring()
    holds.capture(hold.pk, 200, 1)
    holds.freeze_hold(hold.pk, "listed", actor=TESTER)
    card_rail.rail().capture_intent(card.objects("payment_intent")[0]["id"], 200, "by hand")
    post_notice(card.notices("payment_intent.succeeded")[0])
    assert holds.unfreeze_hold(hold.pk, actor=TESTER).state == "released"
    holds.settle_hold(hold.pk, 200, TESTER)
    card.doorbell.ring()
    assert card.books() == {"stripe": -200, "payable": 190, "fees": 10}
    assert verify_books().verified
