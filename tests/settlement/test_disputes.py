"""Disputes: the books stay balanced whoever was paid already, each side bears its part, and what is won comes back."""

from uuid import uuid4

import pytest

from compliance.base.audit import AuditEvent
from settlement.models import Dispute, DisputeShare, InboundEvent, PaymentProfile
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.selectors.payouts import held_back, risk_window
from settlement.services import (
    claims,
    differences,
    dispute_deeds,
    holds,
    inbox,
    payout_deeds,
    payouts,
    profiles,
    reconciliation,
)
from settlement.services.books import verify_books
from settlement.services.claims import PartyOwes
from settlement.services.dispute_deeds import DisputeAnswered, EvidenceNotTaken
from settlement.services.payouts import PayoutOutdated
from tests.settlement.scene import TESTER, Scene, clear


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))


@pytest.fixture
def ready(card: Scene) -> Scene:
    """A provider whose account can receive money."""
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url="http://x/", refresh_url="http://x/", actor=TESTER)
    card.control("onboard", account=PaymentProfile.objects.get(party=card.provider).stripe_account_id)
    profiles.refresh_recipient(card.provider.pk)
    # The platform's own money, so that transfers of these tests are never short of available money.
    card.top_up(1_000_000, key="ballast")
    card.doorbell.ring()
    return card


def _lease_by_card(card: Scene, total: int = 1_000) -> str:
    """A settled lease that a card paid; returns its charge."""
    ref = card.open_hold(total, rail="card")
    card.doorbell.ring()
    holds.settle_hold(ref.id, total, TESTER)
    card.doorbell.ring()
    return card.objects("charge")[-1]["id"]


def _lease_on_balance(card: Scene, total: int) -> None:
    holds.settle_hold(card.open_hold(total).id, total, TESTER)


def _tell(card: Scene) -> None:
    """Every notice about disputes arrives."""
    for event in card.notices("charge.dispute"):
        inbox.store(event)


def _books(card: Scene) -> dict[str, int]:
    """The books without the ballast."""
    found = card.books()
    ballast = {"stripe": found.get("stripe", 0) + 1_000_000, "available": found.get("available", 0) - 1_000_000}
    assert verify_books().verified
    return {name: amount for name, amount in (found | ballast).items() if amount}


def test_a_chargeback_before_the_payout_takes_what_the_provider_would_have_got(ready: Scene):
    charge = _lease_by_card(ready)
    assert _books(ready) == {"stripe": -1_000, "payable": 950, "fees": 50}
    ready.control("dispute", charge=charge)
    _tell(ready)
    assert _books(ready) == {"fees": 50, "chargebacks": -50}
    assert payouts.plan_payout(ready.provider.pk, "card") is None
    assert Dispute.objects.get().state == "needs_response"


def test_a_chargeback_after_the_payout_leaves_a_claim_on_the_provider(ready: Scene):
    charge = _lease_by_card(ready)
    ready.request_payout()
    ready.doorbell.ring()
    ready.control("dispute", charge=charge)
    _tell(ready)
    # 1,000 came, 950 went to the provider, 1,000 went back: the provider owes 950.
    assert _books(ready) == {"stripe": 950, "claim": -950, "fees": 50, "chargebacks": -50}
    assert claims.owed_minor(ready.provider.pk) == 950


def test_a_claim_is_paid_off_by_the_next_earnings_before_anything_is_paid_out(ready: Scene):
    charge = _lease_by_card(ready)
    ready.request_payout()
    ready.doorbell.ring()
    ready.control("dispute", charge=charge)
    _tell(ready)
    _lease_by_card(ready, 2_000)
    plan = payouts.plan_payout(ready.provider.pk, "card")
    assert plan is not None
    assert plan.amount_minor == 1_900 - 950
    ready.request_payout()
    ready.doorbell.ring()
    assert claims.owed_minor(ready.provider.pk) == 0
    assert _books(ready) == {"stripe": 0 - 2_000 + 950 + 950, "fees": 150, "chargebacks": -50}
    assert claims.pay_off_all() == 0


def test_the_sweep_pays_off_claims_without_a_payout(ready: Scene):
    charge = _lease_by_card(ready)
    ready.request_payout()
    ready.doorbell.ring()
    ready.control("dispute", charge=charge)
    _tell(ready)
    _lease_by_card(ready, 400)
    assert (claims.pay_off_all(), claims.pay_off_all()) == (1, 0)
    assert claims.owed_minor(ready.provider.pk) == 950 - 380


def test_a_chargeback_between_plan_and_request_stops_the_payout(ready: Scene):
    charge = _lease_by_card(ready)
    plan = payouts.plan_payout(ready.provider.pk, "card")
    assert plan is not None
    ready.control("dispute", charge=charge)
    _tell(ready)
    clearance = clear("payout", plan.payout_id, renter=None, provider=ready.provider)
    with pytest.raises(PayoutOutdated):
        payouts.request_payout(plan, clearance=clearance, idempotency_key="k", actor=TESTER)
    assert payout_deeds.deliver_payouts() == 0


@pytest.mark.parametrize("paid_out", [False, True])
def test_what_is_won_goes_back_to_whoever_bore_it(ready: Scene, paid_out: bool):
    charge = _lease_by_card(ready)
    if paid_out:
        ready.request_payout()
        ready.doorbell.ring()
    before = _books(ready)
    dispute = ready.control("dispute", charge=charge)
    _tell(ready)
    ready.control("decide", dispute=dispute["id"], outcome="won")
    _tell(ready)
    assert _books(ready) == before
    assert Dispute.objects.get().state == "won"
    assert all(share.returned_minor == share.amount_minor for share in DisputeShare.objects.all())


def test_what_is_won_after_the_claim_was_paid_off_is_payable_again(ready: Scene):
    charge = _lease_by_card(ready)
    ready.request_payout()
    ready.doorbell.ring()
    dispute = ready.control("dispute", charge=charge)
    _tell(ready)
    _lease_by_card(ready, 600)
    claims.pay_off_all()
    assert claims.owed_minor(ready.provider.pk) == 950 - 570
    ready.control("decide", dispute=dispute["id"], outcome="won")
    _tell(ready)
    books = _books(ready)
    assert (books.get("claim", 0), books["payable"]) == (0, 570)


def test_a_disputed_top_up_takes_prepaid_money_then_leases_then_is_owed(card: Scene):
    card.top_up(5_000)
    card.doorbell.ring()
    _lease_on_balance(card, 1_000)
    card.open_hold(1_500)
    card.control("dispute", charge=card.objects("charge")[0]["id"])
    _tell(card)
    # 2,500 were free; the settled lease bears 1,000, the provider's 950 of it from what is payable; 1,500 lie in an
    # open lease and are owed.
    assert card.books() == {"held": 1_500, "owed": -1_500, "fees": 50, "chargebacks": -50}
    shares = {(share.bearer, share.amount_minor) for share in DisputeShare.objects.all()}
    assert shares == {("prepaid", 2_500), ("provider", 950), ("platform", 50), ("renter", 1_500)}


def test_whoever_owes_opens_no_hold_until_it_has_paid(card: Scene):
    card.top_up(5_000)
    card.doorbell.ring()
    ref = card.open_hold(4_000)
    card.control("dispute", charge=card.objects("charge")[0]["id"])
    _tell(card)
    for rail in ("balance", "card"):
        with pytest.raises(PartyOwes):
            card.open_hold(500, rail=rail)
    assert card.open_hold(4_000, subject_id=ref.subject_id).id == ref.id
    card.top_up(4_500, key="again")
    card.doorbell.ring()
    assert (claims.owed_minor(card.renter.pk), claims.pay_off_all()) == (0, 0), "the top-up paid it at once"
    assert card.open_hold(500).state == "open"


def test_two_disputes_never_charge_a_lease_twice(card: Scene):
    for key in ("one", "two"):
        card.top_up(1_000, key=key)
        card.doorbell.ring()
    _lease_on_balance(card, 2_000)
    for charge in card.objects("charge"):
        card.control("dispute", charge=charge["id"])
    _tell(card)
    assert card.books() == {"fees": 100, "chargebacks": -100}
    assert sum(share.amount_minor for share in DisputeShare.objects.filter(hold__isnull=False)) == 2_000


def test_a_part_of_a_charge_is_borne_in_proportion(ready: Scene):
    charge = _lease_by_card(ready, 999)
    ready.control("dispute", charge=charge, amount=333)
    _tell(ready)
    assert sum(share.amount_minor for share in DisputeShare.objects.all()) == 333
    assert _books(ready)["payable"] == 950 - DisputeShare.objects.get(bearer="provider").amount_minor


def test_an_inquiry_moves_no_money(ready: Scene):
    charge = _lease_by_card(ready)
    before = _books(ready)
    dispute = ready.control("dispute", charge=charge, inquiry=True)
    _tell(ready)
    assert (_books(ready), Dispute.objects.get().state) == (before, "needs_response")
    ready.control("decide", dispute=dispute["id"], outcome="warning_closed")
    _tell(ready)
    assert (_books(ready), Dispute.objects.get().state) == (before, "closed")


def test_a_notice_that_overtakes_the_payments_own_waits_for_it(card: Scene):
    profiles.customer_of(card.renter.pk)
    card.control("fail", path="/v1/payment_intents", times=1, mode="timeout_after_work")
    card.top_up(5_000)
    card.doorbell.ring()
    card.control("dispute", charge=card.objects("charge")[0]["id"])
    _tell(card)
    assert card.books() == {}
    assert set(InboundEvent.objects.values_list("outcome", flat=True)) == {"payment_not_known_yet"}
    inbox.store(card.notices("payment_intent.succeeded")[0])
    inbox.process_inbox()
    assert card.books() == {}
    assert Dispute.objects.get().shares.get().bearer == "prepaid"


def test_a_dispute_of_somebody_elses_payment_is_closed_after_days(card: Scene, clock):
    customer = profiles.customer_of(card.renter.pk)
    card_rail.rail().create_intent(
        uuid4(), amount_minor=777, customer_id=customer, payment_method="pm_card_visa", manual=False, key="stray"
    )
    card.control("dispute", charge=card.objects("charge")[0]["id"])
    _tell(card)
    assert Dispute.objects.count() == 0
    clock.advance(days=4)
    inbox.process_inbox()
    assert set(InboundEvent.objects.values_list("outcome", flat=True)) == {"not ours"}


def test_every_line_of_a_dispute_agrees_with_the_books(ready: Scene, clock):
    charge = _lease_by_card(ready)
    dispute = ready.control("dispute", charge=charge)
    _tell(ready)
    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    assert (run.balanced, differences.differences_of(run.pk)) == (True, [])
    assert _books(ready)["chargebacks"] == -50 - 1_500
    ready.control("decide", dispute=dispute["id"], outcome="won")
    clock.advance(minutes=5)
    assert not reconciliation.reconcile_card().balanced
    _tell(ready)
    run = reconciliation.reconcile_card()
    assert (run.balanced, differences.differences_of(run.pk)) == (True, [])
    assert _books(ready)["chargebacks"] == -1_500


def test_its_course_is_in_the_audit_log(ready: Scene):
    dispute = ready.control("dispute", charge=_lease_by_card(ready))
    _tell(ready)
    ready.control("decide", dispute=dispute["id"], outcome="lost")
    _tell(ready)
    events = AuditEvent.objects.filter(event__startswith="dispute.").order_by("id").values_list("event", flat=True)
    assert list(events) == ["dispute.opened", "dispute.lost"]


# -- the risk window ---------------------------------------------------------------------------------------


def test_card_money_is_paid_out_when_its_risk_window_is_over(ready: Scene, clock, settings):
    settings.GRIDCLEAR_CARD_RISK_SECONDS = 7 * 86_400
    _lease_by_card(ready)
    back = held_back(ready.provider.pk, "card")
    assert (back.amount_minor, back.until) == (950, clock.now() + risk_window("card"))
    assert payouts.plan_payout(ready.provider.pk, "card") is None
    clock.advance(days=6)
    _lease_by_card(ready, 400)
    assert payouts.plan_payout(ready.provider.pk, "card") is None
    clock.advance(days=1, seconds=1)
    plan = payouts.plan_payout(ready.provider.pk, "card")
    assert plan is not None
    assert plan.amount_minor == 950
    ready.request_payout()
    ready.doorbell.ring()
    assert held_back(ready.provider.pk, "card").amount_minor == 380
    assert payouts.plan_payout(ready.provider.pk, "card") is None
    clock.advance(days=6)
    plan = payouts.plan_payout(ready.provider.pk, "card")
    assert plan is not None
    assert plan.amount_minor == 380


def test_what_came_by_chain_is_not_held_back(ready: Scene, settings):
    settings.GRIDCLEAR_CARD_RISK_SECONDS = 7 * 86_400
    assert held_back(ready.provider.pk, "escrow").amount_minor == 0


# -- evidence ----------------------------------------------------------------------------------------------


def test_evidence_reaches_the_bank_once_whatever_was_lost(ready: Scene):
    ready.control("dispute", charge=_lease_by_card(ready))
    _tell(ready)
    row = Dispute.objects.get()
    evidence = {"uncategorized_text": "winning_evidence", "access_activity_log": "used"}
    for mode in ("500", "timeout_after_work"):
        ready.control("fail", path="/v1/disputes", times=1, mode=mode)
        with pytest.raises(EvidenceNotTaken):
            dispute_deeds.submit_evidence(row.pk, evidence, actor=TESTER)
    dispute_deeds.submit_evidence(row.pk, evidence, actor=TESTER)
    body = ready.objects("dispute")[0]
    assert (body["evidence_details"]["submission_count"], body["evidence"]["access_activity_log"]) == (1, "used")
    _tell(ready)
    row.refresh_from_db()
    assert row.state == "won"
    assert _books(ready) == {"stripe": -1_000, "payable": 950, "fees": 50}
    with pytest.raises(DisputeAnswered):
        dispute_deeds.submit_evidence(row.pk, evidence, actor=TESTER)
