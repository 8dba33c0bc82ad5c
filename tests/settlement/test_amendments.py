"""Credit and debit notes that issue by themselves: once, to the cent, whatever came twice, late or half-way."""

import threading

import pytest
from django.db import DatabaseError, connections

from compliance.base import clock as clocks
from compliance.base.sealing import Subject
from compliance.services.subject_keys import destroy
from settlement.models import CardPayment, Dispute, DisputeShare, Invoice, InvoiceLine, Receipt
from settlement.rails.card_states import DisputeState
from settlement.selectors.invoices import gaps_in_numbers
from settlement.services import amendments, credit_notes, disputes
from settlement.services.amendments import amend_due
from settlement.services.billing import tell_billing
from settlement.services.invoicing import issue_due
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_invoices import AMSTERDAM, next_month, ready_to_bill, use


@pytest.fixture
def billed(money: Scene, settings) -> Scene:
    """A seller, a provider that we bill for, a renter that told who it is, and money."""
    return ready_to_bill(money, settings)


def contest(receipts: list[Receipt], amounts: list[int], state: str = "lost") -> Dispute:
    """A dispute about one payment, borne by these leases in these parts, as `dispute_money` writes it."""
    number = Dispute.objects.count()
    now = clocks.now()
    payment = CardPayment.objects.create(
        state="succeeded",
        state_changed_at=now,
        purpose="hold",
        party_id=receipts[0].party_id,
        hold=receipts[0].hold,
        currency="USD",
        amount_minor=sum(amounts),
        idempotency_key=f"contested:{number}",
    )
    row = Dispute.objects.create(
        external_id=f"dp_{number}",
        state=state,
        state_changed_at=now,
        payment=payment,
        party_id=payment.party_id,
        reason="fraudulent",
        currency="USD",
        amount_minor=sum(amounts),
    )
    for receipt, amount in zip(receipts, amounts, strict=True):
        provider = amount * receipt.payee_minor // receipt.total_minor
        shares = (("provider", receipt.payee_party_id, provider), ("platform", None, amount - provider))
        for bearer, party_id, part in shares:
            DisputeShare.objects.create(
                dispute=row,
                movement_id=f"txn_{number}",
                bearer=bearer,
                party_id=party_id,
                hold=receipt.hold,
                amount_minor=part,
            )
    return row


def turn(row: Dispute, state: str, *, returned: bool = False) -> None:
    """The bank says otherwise."""
    Dispute.objects.filter(pk=row.pk).update(state=state)
    if returned:
        for share in row.shares.all():
            DisputeShare.objects.filter(pk=share.pk).update(returned_minor=share.amount_minor)


def notes() -> list[tuple[str, str, int]]:
    """Every note: its number, the invoice that it amends, and its sum."""
    rows = Invoice.objects.exclude(form="invoice").order_by("number")
    return list(rows.values_list("number", "amends__number", "gross_minor"))


def at_once(clock, deeds: list) -> list[BaseException]:
    """All deeds ran at the same moment; returns what they raised."""
    start, raised = threading.Barrier(len(deeds)), []

    def run(deed) -> None:
        try:
            start.wait()
            with clocks.use_clock(clock):
                deed()
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture
def invoiced(billed, clock) -> list[Receipt]:
    """Two leases of five dollars, invoiced: the provider's to the renter, and our fee to the provider."""
    receipts = [use(billed, 3_600), use(billed, 3_600)]
    next_month(clock)
    assert issue_due(actor=TESTER).documents == 2
    return receipts


def test_a_lost_dispute_is_credited_on_both_invoices_once(invoiced):
    contest(invoiced, [500, 100])
    assert amend_due(actor=TESTER) == (2, 0)
    assert notes() == [("GC-000001", "G-000001", 30), ("S0001C-000001", "S0001-000001", 600)]
    note = Invoice.objects.get(number="S0001C-000001")
    assert list(note.lines.order_by("position").values_list("receipt", "gross_minor")) == [
        (invoiced[0].pk, 500),
        (invoiced[1].pk, 100),
    ]
    assert "dispute is lost" in note.reason
    billed = note.amends
    assert (note.treatment, note.tax_words, note.period_end) == (billed.treatment, billed.tax_words, billed.period_end)
    assert amend_due(actor=TESTER) == (0, 0)
    assert gaps_in_numbers() == []


@pytest.mark.parametrize("state", ["needs_response", "under_review", "won", "closed"])
def test_nothing_is_credited_while_a_dispute_is_open_or_when_it_is_won(invoiced, state):
    contest(invoiced, [500, 0 + 100], state)
    assert amend_due(actor=TESTER) == (0, 0)
    assert notes() == []


@pytest.mark.parametrize("returned", [False, True])
def test_a_dispute_that_is_won_after_it_was_lost_is_billed_again(invoiced, returned):
    """Whether the news of the state comes before that of the money, or after."""
    row = contest(invoiced[:1], [500])
    amend_due(actor=TESTER)
    turn(row, "won", returned=returned)
    assert amend_due(actor=TESTER) == (2, 0)
    turn(row, "won", returned=True)
    assert amend_due(actor=TESTER) == (0, 0)
    assert notes() == [
        ("GC-000001", "G-000001", 25),
        ("GD-000001", "G-000001", 25),
        ("S0001C-000001", "S0001-000001", 500),
        ("S0001D-000001", "S0001-000001", 500),
    ]
    assert "billed again" in Invoice.objects.get(number="S0001D-000001").reason
    # A second dispute about the same lease can be credited anew.
    CardPayment.objects.filter(hold=invoiced[0].hold).update(purpose="top_up", hold=None)
    contest(invoiced[:1], [500])
    assert amend_due(actor=TESTER) == (2, 0)
    assert gaps_in_numbers() == []


def test_what_the_bank_took_before_the_invoice_is_credited_after_it(billed, clock):
    contest([use(billed, 3_600)], [200])
    assert amend_due(actor=TESTER) == (0, 0)
    next_month(clock)
    issue_due(actor=TESTER)
    assert amend_due(actor=TESTER) == (2, 0)
    assert [gross for _, _, gross in notes()] == [10, 200]


def test_a_provider_that_bills_for_itself_gets_the_fee_credited_alone(billed, clock):
    tell_billing(billed.provider.pk, AMSTERDAM, self_billing=False, actor=TESTER)
    contest([use(billed, 3_600)], [500])
    next_month(clock)
    issue_due(actor=TESTER)
    assert amend_due(actor=TESTER) == (1, 0)
    assert notes() == [("GC-000001", "G-000001", 25)]


def test_never_more_is_credited_than_was_invoiced(billed, clock):
    """An operator's note and a service credit come first; the rest of the line is all that is left."""
    receipt = use(billed, 3_600, credit=100)
    next_month(clock)
    issue_due(actor=TESTER)
    compute = Invoice.objects.get(form="invoice", kind="compute")
    credit_notes.credit(compute.pk, receipt.subject_id, 150, reason="Goodwill", cause="credit:1", actor=TESTER)
    contest([receipt], [400])
    amend_due(actor=TESTER)
    assert sum(note.gross_minor for note in compute.amendments.all()) == compute.gross_minor == 500
    with pytest.raises(credit_notes.CreditTooLarge):
        credit_notes.credit(compute.pk, receipt.subject_id, 1, reason="Goodwill", cause="credit:2", actor=TESTER)
    assert amend_due(actor=TESTER) == (0, 0)


@pytest.mark.parametrize("form", ["credit_note", "debit_note"])
def test_the_database_refuses_notes_beyond_what_was_billed(invoiced, form, monkeypatch):
    """Whatever computed them: more than the line, or billed again what was never credited."""
    wrong = 501 if form == "credit_note" else -1
    compute = Invoice.objects.get(kind="compute")
    claim = [amendments.Difference(compute.pk, invoiced[0].pk, wrong)]
    monkeypatch.setattr(amendments, "differences", lambda *_: claim)
    with pytest.raises(DatabaseError):
        amend_due(actor=TESTER)
    assert notes() == []
    assert gaps_in_numbers() == []


def test_eight_runs_at_once_write_each_note_once(invoiced, clock):
    contest(invoiced, [500, 500])
    assert at_once(clock, [lambda: amend_due(actor=TESTER)] * 8) == []
    assert [gross for _, _, gross in notes()] == [50, 1_000]
    assert gaps_in_numbers() == []


def test_a_run_beside_an_operators_credit_stays_within_the_line(invoiced, clock):
    contest(invoiced[:1], [500])
    compute = Invoice.objects.get(kind="compute")

    def by_hand(number: int) -> None:
        given = {"reason": "Goodwill", "cause": f"credit:{number}", "actor": TESTER}
        credit_notes.credit(compute.pk, invoiced[0].subject_id, 300, **given)

    deeds = [lambda: amend_due(actor=TESTER), lambda: by_hand(1), lambda: by_hand(2), lambda: amend_due(actor=TESTER)]
    raised = at_once(clock, deeds)
    assert {type(error) for error in raised} == {credit_notes.CreditTooLarge}
    lines = InvoiceLine.objects.filter(invoice__amends=compute, receipt=invoiced[0])
    amend_due(actor=TESTER)
    assert sum(line.gross_minor for line in lines) == 500
    assert gaps_in_numbers() == []


def test_a_run_that_dies_half_way_leaves_the_rest_to_the_next(invoiced, monkeypatch):
    contest(invoiced[:1], [500])
    write, calls = amendments.write, []

    def dies_at_the_second(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return write(*args, **kwargs)

    monkeypatch.setattr(amendments, "write", dies_at_the_second)
    with pytest.raises(RuntimeError):
        amend_due(actor=TESTER)
    assert len(notes()) == 1
    assert amend_due(actor=TESTER) == (1, 0)
    assert len(notes()) == 2
    assert gaps_in_numbers() == []


def test_who_is_erased_can_be_named_on_no_note_and_keeps_nobody_else_waiting(invoiced, billed):
    contest(invoiced[:1], [500])
    destroy(Subject.party(billed.renter.pk), actor=TESTER, reason="test")
    assert amend_due(actor=TESTER) == (1, 1)
    assert notes() == [("GC-000001", "G-000001", 25)]


def test_news_of_a_dispute_ring_for_the_notes(invoiced, billed):
    row = contest(invoiced[:1], [500], "under_review")
    CardPayment.objects.filter(pk=row.payment_id).update(charge_id="ch_1")
    told = DisputeState(row.external_id, "lost", "fraudulent", 500, "USD", "ch_1", "", 0, 0, ())
    assert disputes.apply_dispute(told, actor=TESTER)
    billed.doorbell.ring()
    assert len(notes()) == 2
