"""Refunds of settled leases: to the cent, once, to where the money came from, borne as the lease was divided."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from compliance.base.errors import Conflict, NotFound
from compliance.models import AuditEvent
from compliance.services import clearances
from settlement.models import Hold, Receipt, Refund
from settlement.selectors.invoices import gaps_in_numbers
from settlement.selectors.refunds import refundable_minor
from settlement.services import claims, ledger, refunds
from settlement.services.accounts import Kind
from settlement.services.amendments import amend_due
from settlement.services.books import verify_books
from settlement.services.invoicing import issue_due
from settlement.services.ledger import Line
from settlement.services.refunds import (
    RefundContested,
    RefundExists,
    RefundInvalid,
    RefundNotCovered,
    RefundOnChain,
    RefundStopped,
    RefundTooLarge,
)
from tests.settlement.scene import TESTER, Scene, clear
from tests.settlement.test_amendments import at_once, billed, contest, notes
from tests.settlement.test_invoices import next_month, use

__all__ = ["billed"]


@pytest.fixture
def receipt(billed: Scene) -> Receipt:
    """A lease of five dollars on the balance: 475 cents for the provider, 25 of fee."""
    return use(billed, 3_600)


def give(
    scene: Scene,
    lease_id: UUID,
    amount: int,
    *,
    refund_id: UUID | None = None,
    given_by: str = "provider",
    reason: str = "goodwill",
):
    """The refund, as the marketplace asks for it: planned, cleared, requested."""
    pk = refund_id or uuid4()
    plan = refunds.plan_refund(lease_id, amount, reason, refund_id=pk, given_by=given_by)
    clearance = clear("payout", pk, renter=None, provider=scene.renter)
    return refunds.request_refund(plan, clearance=clearance, actor=TESTER)


def moved(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What changed from books to books."""
    change = {name: after.get(name, 0) - before.get(name, 0) for name in after | before}
    return {name: amount for name, amount in change.items() if amount}


def pay_out_everything(scene: Scene, amount: int) -> None:
    """What the provider had earned has left it."""
    lines = [
        Line(claims.key_of(kind, scene.provider.pk), sign * amount)
        for kind, sign in ((Kind.PAYABLE, -1), (Kind.PAYING, 1))
    ]
    ledger.post(uuid4(), "payout.requested", lines)


def test_each_side_gives_back_its_share_and_the_same_id_is_one_refund(billed, receipt):
    before, pk = billed.books(), uuid4()
    first = give(billed, receipt.subject_id, 100, refund_id=pk)
    assert first.state == "done"
    assert moved(before, billed.books()) == {"available": 100, "payable": -95, "chargebacks": -5}
    plan = refunds.RefundPlan(pk, receipt.subject_id, receipt.party_id, "balance", "USD", 100, "goodwill", "provider")
    clearance = clear("payout", uuid4(), renter=None, provider=billed.renter)
    assert refunds.request_refund(plan, clearance=clearance, actor=TESTER).id == first.id
    other = refunds.RefundPlan(pk, receipt.subject_id, receipt.party_id, "balance", "USD", 101, "goodwill", "provider")
    with pytest.raises(RefundExists):
        refunds.request_refund(other, clearance=clearance, actor=TESTER)
    assert refundable_minor(receipt.subject_id) == 400
    with pytest.raises(RefundTooLarge):
        give(billed, receipt.subject_id, 401)
    give(billed, receipt.subject_id, 400)
    with pytest.raises(RefundTooLarge):
        give(billed, receipt.subject_id, 1)
    assert AuditEvent.objects.filter(event="refund.done").count() == 2
    assert verify_books().verified


def test_many_small_refunds_give_back_what_each_side_had_to_the_cent(billed, receipt):
    before = billed.books()
    for _ in range(10):
        give(billed, receipt.subject_id, 7)
    give(billed, receipt.subject_id, 430)
    assert moved(before, billed.books()) == {"available": 500, "payable": -475, "chargebacks": -25}


def test_what_was_paid_out_a_provider_does_not_give_back_on_credit_but_the_platform_claims_it(billed, receipt):
    pay_out_everything(billed, 475)
    with pytest.raises(RefundNotCovered):
        give(billed, receipt.subject_id, 500)
    assert claims.owed_minor(billed.provider.pk) == 0
    give(billed, receipt.subject_id, 500, given_by="platform", reason="not_as_promised")
    assert claims.owed_minor(billed.provider.pk) == 475
    assert verify_books().verified


def test_a_provider_gives_back_from_its_prepaid_money_too(billed, receipt):
    pay_out_everything(billed, 475)
    billed.credit(475, billed.provider)
    give(billed, receipt.subject_id, 500)
    assert claims.owed_minor(billed.provider.pk) == 0


def test_its_invoices_are_credited_by_themselves(billed, receipt, clock):
    next_month(clock)
    issue_due(actor=TESTER)
    give(billed, receipt.subject_id, 100)
    billed.doorbell.ring()
    assert notes() == [("GC-000001", "G-000001", 5), ("S0001C-000001", "S0001-000001", 100)]
    give(billed, receipt.subject_id, 400)
    billed.doorbell.ring()
    assert sorted(gross for _, _, gross in notes()) == [5, 20, 100, 400]
    assert amend_due(actor=TESTER) == (0, 0)
    assert gaps_in_numbers() == []


def test_a_refund_after_a_chargeback_is_refused(billed, receipt):
    contest([receipt], [200])
    with pytest.raises(RefundContested):
        give(billed, receipt.subject_id, 1)


def test_eight_at_once_give_back_no_more_than_it_cost(billed, receipt, clock):
    raised = at_once(clock, [lambda: give(billed, receipt.subject_id, 150)] * 8)
    assert {type(error) for error in raised} == {RefundTooLarge}
    assert (len(raised), Refund.objects.count()) == (5, 3)
    assert verify_books().verified


def test_the_same_id_at_once_is_one_refund(billed, receipt, clock):
    pk = uuid4()
    assert at_once(clock, [lambda: give(billed, receipt.subject_id, 150, refund_id=pk)] * 6) == []
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -1, True, 1.5, 2**63, "100", None])
def test_what_is_no_amount_is_refused(billed, receipt, amount):
    before = billed.books()
    with pytest.raises(RefundInvalid):
        give(billed, receipt.subject_id, amount)
    assert billed.books() == before


def test_what_cannot_go_back_is_refused_by_name_and_nothing_moves(billed, receipt, monkeypatch):
    before = billed.books()
    with pytest.raises(RefundInvalid):
        give(billed, receipt.subject_id, 1, reason="whim")
    with pytest.raises(NotFound):
        give(billed, uuid4(), 1)
    with monkeypatch.context() as patch:
        patch.setattr(refunds, "is_restricted", lambda party_id: party_id == billed.provider.pk)
        with pytest.raises(RefundStopped):
            give(billed, receipt.subject_id, 1)
    Hold.objects.filter(pk=receipt.hold_id).update(rail="escrow")
    with pytest.raises(RefundOnChain, match="own wallet"):
        give(billed, receipt.subject_id, 1)
    assert billed.books() == before
    assert not Refund.objects.exists()


def test_without_a_live_clearance_about_its_payee_no_refund_stands(billed, receipt):
    pk = uuid4()
    plan = refunds.plan_refund(receipt.subject_id, 100, "goodwill", refund_id=pk, given_by="provider")
    for wrong in (
        clear("payout", uuid4(), renter=None, provider=billed.renter),
        clear("payout", pk, renter=None, provider=billed.provider),
        clear("deposit", pk, renter=billed.renter, provider=None),
    ):
        with pytest.raises(clearances.ClearanceInvalid):
            refunds.request_refund(plan, clearance=wrong, actor=TESTER)
    assert not Refund.objects.exists()


def test_the_database_refuses_more_than_the_price_and_a_change_of_what_was_given(billed, receipt):
    first = give(billed, receipt.subject_id, 300)
    row = Refund.objects.get(pk=first.id)
    row.pk = uuid4()
    row.clearance = clear("payout", row.pk, renter=None, provider=billed.renter)
    with pytest.raises(IntegrityError, match="more would go back"), transaction.atomic():
        row.save(force_insert=True)
    with pytest.raises(IntegrityError, match="keeps its source"), transaction.atomic():
        Refund.objects.filter(pk=first.id).update(amount_minor=1)
    with pytest.raises(IntegrityError, match="rows are kept"), transaction.atomic():
        Refund.objects.filter(pk=first.id).delete()


def test_every_refusal_has_its_own_code():
    codes = [each.code for each in (RefundContested, RefundExists, RefundOnChain, RefundStopped, RefundTooLarge)]
    assert len(set(codes)) == 5
    assert all(issubclass(each, Conflict) for each in (RefundContested, RefundOnChain, RefundStopped))
