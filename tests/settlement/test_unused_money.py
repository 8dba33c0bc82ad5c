"""Unused prepaid money: back to the cards that brought it, once, and nowhere else; books balance whatever fails."""

from uuid import UUID, uuid4

import pytest
import stripe
from django.db import IntegrityError, transaction

from compliance.base import clock as clocks
from compliance.models import AuditEvent, Case, Clearance
from compliance.services import cases, clearances, restrictions
from settlement.models import AutoTopUp, CardPayment, MoneyLetter, ReconciliationDifference, Refund
from settlement.selectors.unused_money import charges_to_refund, returnable_minor
from settlement.services import claims, holds, inbox, ledger, reconciliation, refund_deeds, unused_money
from settlement.services.accounts import Kind
from settlement.services.books import verify_books
from settlement.services.claims import PartyOwes
from settlement.services.ledger import Line
from settlement.services.refunds import RefundContested, RefundExists, RefundInvalid, RefundStopped
from settlement.services.unused_money import AutoTopUpInTheWay, UnusedTooLarge
from tests.factories.compliance import OFFICER, SECOND_OFFICER
from tests.settlement.scene import TESTER, Scene, clear
from tests.settlement.test_card_refunds import asked, tell
from tests.settlement.test_disputes import impatient

__all__ = ["impatient"]
TOPPED_UP = {"stripe": -9_000, "available": 9_000}


@pytest.fixture
def prepaid(card: Scene, clock) -> Scene:
    """Two top-ups by card, of forty dollars and an hour later of fifty; nothing was used."""
    for number, amount in enumerate((4_000, 5_000)):
        card.top_up(amount, key=str(number))
        card.doorbell.ring()
        clock.advance(hours=1)
    assert books(card) == TOPPED_UP
    return card


def books(scene: Scene) -> dict[str, int]:
    assert verify_books().verified
    return scene.books()


def give(scene: Scene, amount: int, *, request_id: UUID | None = None):
    """The request, as the marketplace makes it: planned, cleared, requested."""
    pk = request_id or uuid4()
    plan = unused_money.plan_return(scene.renter.pk, amount, request_id=pk)
    clearance = clear("payout", pk, renter=None, provider=scene.renter, max_amount_minor=amount, currency="USD")
    return unused_money.request_return(plan, clearance=clearance, actor=TESTER)


def charges(scene: Scene) -> list[str]:
    return list(CardPayment.objects.order_by("state_changed_at").values_list("charge_id", flat=True))


def states() -> list[tuple[int, str, str]]:
    """Of each refund: the amount, how it stands and why not; the largest first."""
    return list(Refund.objects.order_by("-amount_minor").values_list("amount_minor", "state", "failure_code"))


def test_the_newest_charge_gives_first_and_none_more_than_it_brought(prepaid):
    made = give(prepaid, 6_000)
    assert [(each.amount_minor, each.state, each.reason, each.given_by, each.rail) for each in made] == [
        (5_000, "requested", "unused", "renter", "card"),
        (1_000, "requested", "unused", "renter", "card"),
    ]
    assert books(prepaid) == {"stripe": -9_000, "available": 3_000, "refunding": 6_000}
    prepaid.doorbell.ring()
    assert books(prepaid) == {"stripe": -3_000, "available": 3_000}
    first, second = charges(prepaid)
    assert {each["charge"]: each["amount"] for each in prepaid.objects("refund")} == {second: 5_000, first: 1_000}
    tell(prepaid)
    assert refund_deeds.deliver_refunds() == 0
    assert (sorted(asked(prepaid)), books(prepaid)["stripe"]) == ([1_000, 5_000], -3_000)
    assert [(each.charge_id, each.amount_minor) for each in charges_to_refund(prepaid.renter.pk)] == [(first, 3_000)]
    assert (returnable_minor(prepaid.renter.pk), returnable_minor(prepaid.provider.pk)) == (3_000, 0)
    assert AuditEvent.objects.filter(event="refund.requested").count() == 2
    assert sorted(MoneyLetter.objects.values_list("news", flat=True)) == ["refund_arrived"] * 2


def test_what_a_lease_used_or_holds_stays_and_the_oldest_charge_paid_for_it(prepaid):
    ref = prepaid.open_hold(1_000)
    with pytest.raises(UnusedTooLarge, match=r"\$80.00 of your balance is free"):
        give(prepaid, 8_001)
    holds.settle_hold(ref.id, 1_000, TESTER)
    give(prepaid, 8_000)
    prepaid.doorbell.ring()
    assert states() == [(5_000, "done", ""), (3_000, "done", "")]
    assert books(prepaid) == {"stripe": -1_000, "payable": 950, "fees": 50}


def test_what_cards_did_not_bring_goes_to_no_card(prepaid):
    prepaid.credit(700)
    with pytest.raises(UnusedTooLarge, match=r"\$90.00 can go back at once to cards"):
        give(prepaid, 9_001)
    give(prepaid, 9_000)
    prepaid.doorbell.ring()
    assert books(prepaid)["available"] == 700
    with pytest.raises(UnusedTooLarge, match=r"\$0.00 can go back"):
        give(prepaid, 1)


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, "1", None, 2**63])
def test_an_amount_that_is_none_is_refused_and_changes_nothing(prepaid, amount):
    with pytest.raises(RefundInvalid):
        unused_money.plan_return(prepaid.renter.pk, amount, request_id=uuid4())
    assert not Refund.objects.exists()


def test_the_same_id_is_one_request_and_another_amount_is_refused(prepaid):
    pk = uuid4()
    first = give(prepaid, 6_000, request_id=pk)
    plan = unused_money.ReturnPlan(pk, prepaid.renter.pk, 6_000)
    spent = clear("payout", uuid4(), renter=None, provider=prepaid.renter)
    assert unused_money.request_return(plan, clearance=spent, actor=TESTER) == first
    for other in (
        unused_money.ReturnPlan(pk, prepaid.renter.pk, 5_999),
        unused_money.ReturnPlan(pk, prepaid.provider.pk, 6_000),
    ):
        with pytest.raises(RefundExists):
            unused_money.request_return(other, clearance=spent, actor=TESTER)
    assert books(prepaid)["refunding"] == 6_000


def test_without_a_clearance_about_it_nothing_moves(prepaid):
    plan = unused_money.ReturnPlan(uuid4(), prepaid.renter.pk, 6_000)
    of_less = {"max_amount_minor": 5_999}
    for clearance in (
        clear("payout", uuid4(), renter=None, provider=prepaid.renter),
        clear("deposit", plan.request_id, renter=prepaid.renter, provider=None),
        clear("payout", plan.request_id, renter=None, provider=prepaid.provider),
        clear("payout", plan.request_id, renter=None, provider=prepaid.renter, **of_less),
    ):
        with pytest.raises(clearances.ClearanceInvalid):
            unused_money.request_return(plan, clearance=clearance, actor=TESTER)
    assert books(prepaid) == TOPPED_UP


# -- what holds it ---------------------------------------------------------------------------------------------


def test_nothing_goes_back_while_a_restriction_or_a_case_holds_the_party(prepaid):
    row = restrictions.impose(prepaid.renter.pk, "listed", actor=OFFICER)
    with pytest.raises(RefundStopped) as restricted:
        give(prepaid, 100)
    restrictions.propose_lift(row.pk, "Another of the name.", actor=OFFICER)
    restrictions.lift(row.pk, actor=SECOND_OFFICER)
    Case.objects.exclude(state="closed").update(state="closed")
    case = cases.open_case(kind="gate_review", summary="?", reason_codes=["X"], party=prepaid.renter, actor=TESTER)
    with pytest.raises(RefundStopped) as looked_into:
        give(prepaid, 100)
    assert restricted.value.message == looked_into.value.message, "neither tips off"
    Case.objects.filter(pk=case.pk).update(state="closed")
    give(prepaid, 100)


def test_a_case_that_opens_before_the_money_left_turns_it_back(prepaid):
    give(prepaid, 6_000)
    cases.open_case(kind="gate_review", summary="?", reason_codes=["X"], party=prepaid.renter, actor=TESTER)
    prepaid.doorbell.ring()
    assert states() == [(5_000, "failed", "clearance_invalid"), (1_000, "failed", "clearance_invalid")]
    assert (asked(prepaid), books(prepaid)) == ([], TOPPED_UP)


def test_a_restriction_on_the_way_keeps_it_where_it_is_until_it_is_let_go(prepaid):
    give(prepaid, 6_000)
    row = restrictions.impose(prepaid.renter.pk, "listed", actor=OFFICER)
    prepaid.doorbell.ring()
    refund_deeds.deliver_refunds()
    found = books(prepaid)
    assert ({each[1] for each in states()}, asked(prepaid), found["refunding"]) == ({"requested"}, [], 6_000)
    restrictions.propose_lift(row.pk, "Another of the name.", actor=OFFICER)
    restrictions.lift(row.pk, actor=SECOND_OFFICER)
    refund_deeds.deliver_refunds()
    found = books(prepaid)
    assert (asked(prepaid), found["available"] + found.get("blocked", 0), "refunding" in found) == ([], 9_000, False)


def test_debts_come_first(prepaid):
    owed = claims.key_of(Kind.CLAIM, prepaid.renter.pk)
    chargebacks = claims.key_of(Kind.PAYABLE, prepaid.provider.pk)
    ledger.post(uuid4(), "test", [Line(owed, -9_500), Line(chargebacks, 9_500)])
    with pytest.raises(PartyOwes):
        give(prepaid, 100)
    claims.pay_off(prepaid.renter.pk)
    with pytest.raises(PartyOwes):
        give(prepaid, 1)
    assert not Refund.objects.exists()


def test_not_while_the_card_would_be_charged_again_at_once(prepaid):
    AutoTopUp.objects.create(
        party=prepaid.renter, state="on", threshold_minor=2_000, amount_minor=5_000, monthly_limit_minor=9_000,
        payment_method="pm", card_words="Visa",
    )  # fmt: skip
    with pytest.raises(AutoTopUpInTheWay):
        give(prepaid, 7_001)
    give(prepaid, 7_000)
    AutoTopUp.objects.update(state="off")
    give(prepaid, 2_000)


# -- what the network does -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500", "timeout_after_work", "409"])
def test_a_lost_answer_is_asked_after_and_nothing_goes_back_twice(prepaid, fault):
    give(prepaid, 5_000)
    prepaid.control("fail", path="POST /v1/refunds", mode=fault)
    prepaid.doorbell.ring()
    assert [each[1] for each in states()] == ["sending"]
    assert refund_deeds.deliver_refunds() == 1
    assert (states(), asked(prepaid)) == ([(5_000, "done", "")], [5_000])
    assert books(prepaid) == {"stripe": -4_000, "available": 4_000}


def test_one_that_the_bank_sends_back_is_prepaid_again_and_the_next_takes_another_card_first(prepaid):
    give(prepaid, 5_000)
    prepaid.doorbell.ring()
    prepaid.control("fail_refund", refund=Refund.objects.get().external_id, reason="expired_or_canceled_card")
    tell(prepaid)
    assert (states(), books(prepaid)) == ([(5_000, "failed", "expired_or_canceled_card")], TOPPED_UP)
    first, second = charges(prepaid)
    assert [each.charge_id for each in charges_to_refund(prepaid.renter.pk)] == [first, second]
    assert "refund_failed" in MoneyLetter.objects.values_list("news", flat=True)
    give(prepaid, 4_000)
    assert Refund.objects.get(state="requested").charge_id == first


def test_what_came_back_pays_what_is_owed_meanwhile(prepaid):
    give(prepaid, 9_000)
    prepaid.doorbell.ring()
    owed = claims.key_of(Kind.CLAIM, prepaid.renter.pk)
    ledger.post(uuid4(), "test", [Line(owed, -600), Line(claims.key_of(Kind.PAYABLE, prepaid.provider.pk), 600)])
    for row in Refund.objects.all():
        prepaid.control("fail_refund", refund=row.external_id, reason="declined")
    tell(prepaid)
    assert books(prepaid) == {"stripe": -9_000, "available": 8_400, "payable": 600}


def test_what_the_network_refuses_is_prepaid_again(prepaid):
    give(prepaid, 5_000)
    Refund.objects.update(charge_id="ch_unknown")
    prepaid.doorbell.ring()
    assert (states(), books(prepaid)) == ([(5_000, "failed", "resource_missing")], TOPPED_UP)


def test_a_worker_that_asked_after_it_was_given_up_is_believed_though_the_money_is_spent(prepaid, clock, monkeypatch):
    give(prepaid, 9_000)
    prepaid.control("fail", path="POST /v1/refunds", mode="timeout_after_work", times=2)
    prepaid.doorbell.ring()
    with monkeypatch.context() as patch:
        # The network's list is late, too.
        patch.setattr("settlement.rails.card.CardRail.find_refund", lambda *given: None)
        Clearance.objects.filter(purpose="payout").update(revoked_at=clocks.now())
        clock.advance(hours=1)
        refund_deeds.deliver_refunds()
    assert {each[1] for each in states()} == {"failed"}
    prepaid.open_hold(8_000)
    for event in prepaid.notices("refund.created"):
        inbox.store(event)
    assert {each[1] for each in states()} == {"done"}
    assert books(prepaid) == {"held": 8_000, "owed": -8_000}


def test_reconciliation_finds_a_line_for_each_and_a_refund_by_hand_is_counted(prepaid, clock):
    _, second = charges(prepaid)
    give(prepaid, 1_000)
    prepaid.doorbell.ring()
    clock.advance(minutes=5)
    assert reconciliation.reconcile_card().balanced
    network = stripe.StripeClient("sk_test_gridclear", base_addresses={"api": prepaid.network.url})
    network.v1.refunds.create({"charge": second, "amount": 1_500})
    clock.advance(minutes=5)
    assert not reconciliation.reconcile_card().balanced
    assert ReconciliationDifference.objects.count() == 1
    fees = books(prepaid)["processing"]
    assert books(prepaid) == {"stripe": -6_500 - fees, "available": 6_500, "processing": fees}
    assert {each.charge_id: each.amount_minor for each in charges_to_refund(prepaid.renter.pk)}[second] == 2_500
    give(prepaid, 6_500)
    prepaid.doorbell.ring()
    # All of it went back; what the network keeps for the payments is the platform's cost.
    assert ({each[1] for each in states()}, books(prepaid)) == ({"done"}, {"stripe": -fees, "processing": fees})


# -- the bank --------------------------------------------------------------------------------------------------


def dispute(scene: Scene, charge: str, amount: int) -> None:
    scene.control("dispute", charge=charge, amount=amount)
    tell(scene, "charge.dispute")


def test_nothing_goes_back_while_a_bank_decides_and_never_what_it_took(prepaid):
    first, second = charges(prepaid)
    dispute(prepaid, first, 4_000)
    with pytest.raises(RefundContested):
        give(prepaid, 100)
    prepaid.control("decide", dispute=prepaid.objects("dispute")[0]["id"], outcome="lost")
    tell(prepaid, "charge.dispute")
    assert [each.charge_id for each in charges_to_refund(prepaid.renter.pk)] == [second]
    give(prepaid, 5_000)
    prepaid.doorbell.ring()
    assert books(prepaid) == {}


def test_what_went_back_and_is_disputed_too_its_owner_owes_and_no_lease_bears(prepaid):
    give(prepaid, 5_000)
    prepaid.doorbell.ring()
    ref = prepaid.open_hold(4_000)
    holds.settle_hold(ref.id, 4_000, TESTER)
    before = books(prepaid)
    _, second = charges(prepaid)
    dispute(prepaid, second, 5_000)
    assert books(prepaid) == {"owed": -5_000, "stripe": 1_000, "payable": 3_800, "fees": 200}
    reason = "charge_for_pending_refund_disputed"
    prepaid.control("fail_refund", refund=Refund.objects.get().external_id, reason=reason)
    tell(prepaid)
    assert books(prepaid) == before


# -- the walls -------------------------------------------------------------------------------------------------


def test_the_database_itself_lets_no_card_have_more_than_it_brought_nor_another_party_have_it(prepaid):
    give(prepaid, 5_000)
    row = Refund.objects.get()

    def another(**changes: object) -> None:
        pk = uuid4()
        asked_for = {"pk": pk, "request_id": pk, "external_id": "", "receipt_id": None} | changes
        clear("payout", pk, renter=None, provider=changes.get("party", prepaid.renter))
        clearance = Clearance.objects.get(subject_id=pk)
        fields = {each.attname: getattr(row, each.attname) for each in Refund._meta.fields if each.attname != "id"}
        fields |= {"clearance_id": clearance.pk} | asked_for
        party = fields.pop("party", None)
        if party is not None:
            fields |= {"party_id": party.pk, "payee_party_id": party.pk}
        with transaction.atomic():
            Refund.objects.create(**fields)

    older = CardPayment.objects.order_by("state_changed_at").first()
    with pytest.raises(IntegrityError, match="more would go back than this card brought"):
        another(amount_minor=1)
    with pytest.raises(IntegrityError, match="more would go back than this card brought"):
        another(amount_minor=1, top_up_id=older.pk)
    with pytest.raises(IntegrityError, match="more would go back than this card brought"):
        another(amount_minor=1, top_up_id=older.pk, charge_id=older.charge_id, party=prepaid.provider)
    with pytest.raises(IntegrityError, match="refund_of_a_lease_or_a_top_up"):
        another(top_up_id=None)
    with pytest.raises(IntegrityError, match="keeps its source"), transaction.atomic():
        Refund.objects.filter(pk=row.pk).update(top_up_id=older.pk)
    another(amount_minor=4_000, top_up_id=older.pk, charge_id=older.charge_id)
