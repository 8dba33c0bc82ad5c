"""Money in suspense goes where two officers say, once, and the case of the difference ends with it."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from compliance.base.actor import Actor, Role
from compliance.base.errors import Conflict, Forbidden, NotFound
from compliance.models import AuditEvent, Case
from compliance.services import cases, money_alarms
from compliance.services.money_alarms import MoneyDifference
from compliance.services.officers import FourEyesRequired
from settlement import tasks
from settlement.models import Explanation
from settlement.selectors.suspense import in_suspense
from settlement.services import claims, explanations, ledger
from settlement.services.accounts import Kind, Pot, clearing, of_party, of_platform
from settlement.services.books import verify_books
from settlement.services.explanations import ExplainedAlready, ExplanationInvalid, NotInSuspense, Place
from settlement.services.ledger import Line
from tests.settlement.scene import TESTER, Scene

OLGA = Actor("user", "1", "Olga", frozenset({Role.OFFICER.value}))
OTTO = Actor("user", "2", "Otto", frozenset({Role.OFFICER.value}))
NED = Actor("user", "3", "Ned", frozenset({Role.OPERATOR.value}))
COSTS = Place("chargebacks")


def strange(amount: int, line: str = "txn_1") -> UUID:
    """A line that nobody knows was booked, such as a refund by hand (below zero); returns the transfer."""
    pk = ledger.transfer_id_for("stripe.unexplained", line)
    suspense = of_platform(Kind.SUSPENSE, Pot.CARD, "USD")
    ledger.post(pk, "stripe.unexplained", [Line(clearing(Pot.CARD, "USD"), -amount), Line(suspense, amount)], memo=line)
    return pk


def case_of(line: str = "txn_1") -> UUID:
    """The case of the difference."""
    found = MoneyDifference("card", line, "books None, network -150", "the books know nothing of it")
    money_alarms.open_cases_for([found], uuid4(), actor=TESTER)
    return Case.objects.latest("number").pk


@pytest.fixture
def transfer(money: Scene) -> UUID:
    """A dollar and a half left by hand."""
    return strange(-150)


def test_two_officers_move_it_and_the_case_is_closed(money, transfer):
    case_id = case_of()
    pk = explanations.propose(transfer, case_id, COSTS, "Ned refunded it at Stripe.", actor=OLGA)
    assert money.books() == {"stripe": 150, "suspense": -150}, "nothing moves by one word"
    assert Case.objects.get(pk=case_id).state == "awaiting_approval"
    with pytest.raises(FourEyesRequired):
        explanations.approve(pk, "yes", actor=OLGA)
    assert money.books()["suspense"] == -150
    explanations.approve(pk, "Seen at Stripe.", actor=OTTO)
    assert money.books() == {"stripe": 150, "chargebacks": -150}
    case, row = Case.objects.get(pk=case_id), Explanation.objects.get()
    assert (case.state, case.disposition) == ("closed", "release")
    assert (row.state, row.proposed_by, row.approved_by) == ("booked", OLGA.ref, OTTO.ref)
    told = AuditEvent.objects.get(event="explanation.booked").data
    assert (told["amount_minor"], told["approved_by"], told["to"]) == (-150, OTTO.ref, "chargebacks")
    assert in_suspense() == []
    assert verify_books().verified
    with pytest.raises(Conflict):
        explanations.approve(pk, "again", actor=OTTO)
    with pytest.raises(NotInSuspense):
        explanations.propose(transfer, case_of("other"), COSTS, "again", actor=OLGA)


def test_approved_on_the_page_of_the_case_it_is_booked_once_by_news_or_sweep(money, transfer):
    case_id = case_of()
    explanations.propose(transfer, case_id, COSTS, "By hand.", actor=OLGA)
    cases.approve_disposition(case_id, "Seen.", actor=OTTO)
    # The news of the case was lost if the receiver did not hear it; the minute's sweep books it, once.
    explanations.sweep(actor=TESTER)
    assert money.books() == {"stripe": 150, "chargebacks": -150}
    assert explanations.sweep(actor=TESTER) == 0
    assert not explanations.follow_case(case_id, actor=TESTER)
    assert tasks.sweep_explanations.name == "settlement.sweep_explanations"


def test_a_part_at_a_time_each_with_its_own_owner(money, transfer):
    first = case_of()
    pk = explanations.propose(
        transfer, first, Place("claim", money.provider.pk), "Its part.", actor=OLGA, amount_minor=142
    )
    explanations.approve(pk, "Yes.", actor=OTTO)
    assert claims.owed_minor(money.provider.pk) == 142
    assert [each.left_minor for each in in_suspense()] == [-8]
    with pytest.raises(ExplanationInvalid):
        explanations.propose(transfer, case_of("rest"), COSTS, "Too much.", actor=OLGA, amount_minor=9)
    pk = explanations.propose(transfer, case_of("rest2"), COSTS, "Our part.", actor=OLGA)
    explanations.approve(pk, "Yes.", actor=OTTO)
    assert money.books() == {"stripe": 150, "claim": -142, "chargebacks": -8}


def test_money_that_came_is_a_renters_and_pays_its_debt_first(money):
    credit = strange(1_000, "txn_2")
    ledger.post(
        uuid4(),
        "dispute.withdrawn",
        [Line(clearing(Pot.CARD, "USD"), 300), Line(claims.key_of(Kind.CLAIM, money.renter.pk), -300)],
    )
    pk = explanations.propose(credit, case_of("txn_2"), Place("available", money.renter.pk), "A transfer.", actor=OLGA)
    explanations.approve(pk, "Yes.", actor=OTTO)
    assert money.books() == {"stripe": -700, "available": 700}


def test_money_of_the_escrow_pot_is_explained_in_its_pot_and_pays_no_debt_of_cards(money):
    suspense, contract = of_platform(Kind.SUSPENSE, Pot.ESCROW, "USDC"), clearing(Pot.ESCROW, "USDC")
    pk, case_id = uuid4(), case_of("suspense")
    ledger.post(pk, "chain.withdrawn", [Line(contract, -5_000_000), Line(suspense, 5_000_000)], memo="0x1")
    owed = Line(claims.key_of(Kind.CLAIM, money.renter.pk), -300)
    ledger.post(uuid4(), "dispute.withdrawn", [Line(clearing(Pot.CARD, "USD"), 300), owed])
    (found,) = in_suspense()
    assert (found.pot, found.currency, found.left_minor) == ("escrow", "USDC", 5_000_000)
    for kind in ("claim", "bank", "processing"):
        party = money.renter.pk if kind == "claim" else None
        with pytest.raises(ExplanationInvalid, match="available, payable, fees, chargebacks"):
            explanations.propose(pk, case_id, Place(kind, party), "No.", actor=OLGA)
    theirs = Place("available", money.renter.pk)
    first = explanations.propose(pk, case_id, theirs, "Its wallet.", actor=OLGA, amount_minor=4_000_000)
    explanations.approve(first, "Seen on chain.", actor=OTTO)
    rest = explanations.propose(pk, case_of("suspense2"), COSTS, "Ours.", actor=OLGA)
    explanations.approve(rest, "Yes.", actor=OTTO)
    of_renter = of_party(Kind.AVAILABLE, money.renter.pk, Pot.ESCROW, "USDC")
    costs = of_platform(Kind.CHARGEBACKS, Pot.ESCROW, "USDC")
    assert [ledger.balance_of(key) for key in (suspense, of_renter, costs)] == [0, 4_000_000, 1_000_000]
    assert (in_suspense(), claims.owed_minor(money.renter.pk), verify_books().verified) == ([], 300, True)


def test_a_case_that_goes_on_otherwise_moves_nothing(money, transfer):
    returned, confirmed = case_of(), case_of("txn_9")
    explanations.propose(transfer, returned, COSTS, "By hand.", actor=OLGA)
    cases.return_case(returned, "No.", actor=OTTO)
    assert explanations.sweep(actor=TESTER) == 1
    explanations.propose(transfer, returned, COSTS, "By hand after all.", actor=OTTO)
    cases.return_case(returned, "No.", actor=OLGA)
    explanations.sweep(actor=TESTER)
    cases.propose_disposition(confirmed, "confirm", "money_is_missing", "Gone.", actor=OLGA)
    cases.approve_disposition(confirmed, "Gone.", actor=OTTO)
    with pytest.raises(Conflict):
        explanations.propose(transfer, confirmed, COSTS, "Late.", actor=OLGA)
    assert set(Explanation.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert money.books()["suspense"] == -150


def test_what_nobody_decides_in_two_weeks_is_withdrawn(money, transfer, clock):
    explanations.propose(transfer, case_of(), COSTS, "By hand.", actor=OLGA)
    assert explanations.sweep(actor=TESTER) == 0
    clock.advance(seconds=explanations.DECIDE_WITHIN.total_seconds())
    assert explanations.sweep(actor=TESTER) == 1
    assert Explanation.objects.get().state == "withdrawn"


def test_what_the_ledger_refuses_is_withdrawn_with_a_case(money, transfer):
    money.credit(150)
    case_id = case_of()
    explanations.propose(transfer, case_id, Place("available", money.renter.pk), "Its card has it.", actor=OLGA)
    spent = [
        Line(claims.key_of(Kind.AVAILABLE, money.renter.pk), -100),
        Line(claims.key_of(Kind.HELD, money.renter.pk), 100),
    ]
    ledger.post(uuid4(), "hold.set_aside", spent)
    row = Explanation.objects.get()
    with pytest.raises(ledger.InsufficientFunds):
        explanations.approve(row.pk, "Yes.", actor=OTTO)
    assert Case.objects.get(pk=case_id).state == "awaiting_approval", "approval and booking stand together"
    cases.approve_disposition(case_id, "Yes.", actor=OTTO)
    explanations.sweep(actor=TESTER)
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert Case.objects.filter(summary__contains="booking of an explanation").count() == 1
    assert money.books()["suspense"] == -150


@pytest.mark.parametrize(
    ("place", "amount", "why"),
    [
        (Place("held"), None, "x"),
        (Place("stripe_clearing"), None, "x"),
        (Place("suspense"), None, "x"),
        (Place("available"), None, "x"),
        (Place("fees", uuid4()), None, "x"),
        (COSTS, 0, "x"),
        (COSTS, -1, "x"),
        (COSTS, 151, "x"),
        (COSTS, True, "x"),
        (COSTS, 1.5, "x"),
        (COSTS, None, " "),
    ],
)
def test_what_does_not_fit_is_refused_by_name(money, transfer, place, amount, why):
    with pytest.raises(ExplanationInvalid):
        explanations.propose(transfer, case_of(), place, why, actor=OLGA, amount_minor=amount)
    assert not Explanation.objects.exists()


def test_who_is_no_officer_says_nothing_and_others_wait_their_turn(money, transfer):
    case_id = case_of()
    for actor in (NED, TESTER):
        with pytest.raises(Forbidden):
            explanations.propose(transfer, case_id, COSTS, "x", actor=actor)
    with pytest.raises(NotInSuspense):
        explanations.propose(uuid4(), case_id, COSTS, "x", actor=OLGA)
    with pytest.raises(NotFound):
        explanations.propose(transfer, uuid4(), COSTS, "x", actor=OLGA)
    explanations.propose(transfer, case_id, COSTS, "x", actor=OLGA)
    with pytest.raises(ExplainedAlready):
        explanations.propose(transfer, case_of("txn_9"), COSTS, "x", actor=OTTO)
    row = Explanation.objects.get()
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Explanation.objects.filter(pk=row.pk).update(state="booked", approved_by=row.proposed_by)
    with pytest.raises(IntegrityError, match="keeps what was proposed"), transaction.atomic():
        Explanation.objects.filter(pk=row.pk).update(amount_minor=-1)


@pytest.mark.parametrize(("place", "sign"), [("fees", 1), ("processing", -1)])
def test_what_a_shared_account_gives_comes_from_all_of_its_rows(money, place, sign):
    """Fees are spread over eight rows: no one of them has enough."""
    shared = of_platform(place, Pot.CARD, "USD")
    for shard in range(shared.shards):
        lines = [Line(shared, 20 * sign), Line(clearing(Pot.CARD, "USD"), -20 * sign)]
        ledger.post(UUID(int=8 * 10**9 + shard), "hold.settled", lines)
    assert ledger.balance_of(shared) == 160 * sign
    transfer = strange(-150 * sign)
    pk = explanations.propose(transfer, case_of(), Place(place), "It was ours.", actor=OLGA)
    explanations.approve(pk, "Seen.", actor=OTTO)
    assert ledger.balance_of(shared) == 10 * sign
    assert "suspense" not in money.books()
    assert verify_books().verified


def test_one_that_cannot_be_booked_keeps_no_other_from_its_turn(money, transfer, monkeypatch):
    other, book = strange(-30, "txn_2"), explanations._book

    def broken(row: Explanation, *given: object) -> None:
        if row.transfer_id in wrong:
            raise RuntimeError("a fault of the program")
        book(row, *given)

    wrong = {transfer, other}
    monkeypatch.setattr(explanations, "_book", broken)
    for each, line in ((transfer, "txn_1"), (other, "txn_2")):
        case_id = case_of(line)
        explanations.propose(each, case_id, COSTS, "By hand.", actor=OLGA)
        cases.approve_disposition(case_id, "Seen.", actor=OTTO)
    assert money.books()["suspense"] == -180
    wrong.remove(other)
    assert explanations.sweep(actor=TESTER) == 1
    assert money.books() == {"stripe": 180, "suspense": -150, "chargebacks": -30}
    assert Case.objects.filter(summary__contains="booking of an explanation").count() == 1
    wrong.clear()
    assert explanations.sweep(actor=TESTER) == 1
    assert "suspense" not in money.books()
