"""A debt that nobody pays is written off by two officers, and what comes in later is recovered, once."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from compliance.base.actor import Actor, Role
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.models import AuditEvent
from compliance.services import restrictions
from compliance.services.officers import FourEyesRequired
from settlement import tasks
from settlement.models import Account, Dispute, Receipt, WriteOff
from settlement.selectors import debts
from settlement.selectors.evidence import money_for_party, money_of_party
from settlement.selectors.retention import account_clocks
from settlement.services import claims, ledger, write_offs
from settlement.services.accounts import Kind, Pot, of_platform
from settlement.services.books import verify_books
from settlement.services.claims import PartyOwes
from settlement.services.ledger import Line
from settlement.services.write_offs import NothingToWriteOff, WriteOffProposed
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_disputes import _books, _lease_by_card, _tell, impatient, ready

__all__ = ["impatient", "ready"]
OLGA = Actor("user", "1", "Olga", frozenset({Role.OFFICER.value}))
OTTO = Actor("user", "2", "Otto", frozenset({Role.OFFICER.value}))
NED = Actor("user", "3", "Ned", frozenset({Role.OPERATOR.value}))


def owe(party_id: UUID, amount: int) -> None:
    """The party owes so much."""
    costs = of_platform(Kind.CHARGEBACKS, Pot.CARD, "USD")
    ledger.post(uuid4(), "owed", [Line(claims.key_of(Kind.CLAIM, party_id), -amount), Line(costs, amount)])


def bring(money: Scene, amount: int) -> None:
    """A top-up of the renter's arrives."""
    brought = amount, "USD"
    claims.credit(money.renter.pk, *brought, transfer_id=uuid4(), cause="top_up", subject_id=uuid4())


def lost(party_id: UUID, amount: int) -> UUID:
    """So much of the party's debt was written off; returns the write-off."""
    pk = write_offs.propose(party_id, amount, "It was wound up.", actor=OLGA)
    write_offs.approve(pk, actor=OTTO)
    return pk


def test_two_officers_write_it_off_once_and_the_books_say_so(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    pk = write_offs.propose(renter, 950, " It was wound up. ", actor=OLGA)
    assert money.books() == {"owed": -950, "chargebacks": 950}, "nothing moves by one word"
    with pytest.raises(FourEyesRequired):
        write_offs.approve(pk, actor=OLGA)
    assert write_offs.approve(pk, actor=OTTO) == 950
    assert money.books() == {"lost_of_renter": -950, "chargebacks": 950}
    row = WriteOff.objects.get()
    assert (row.state, row.booked_minor, row.proposed_by, row.approved_by) == ("written_off", 950, OLGA.ref, OTTO.ref)
    assert row.is_terminal
    told = AuditEvent.objects.get(event="write_off.booked").data
    assert (told["booked_minor"], told["to"], told["proposed_by"]) == (950, "written_off", OLGA.ref)
    assert "wound up" not in str(
        AuditEvent.objects.filter(event__startswith="write_off").values_list("data", flat=True)
    )
    for again in (write_offs.approve, write_offs.withdraw):
        with pytest.raises(Conflict):
            again(pk, actor=OTTO)
    with pytest.raises(NothingToWriteOff):
        write_offs.propose(renter, 1, "Again.", actor=OLGA)
    assert money.books()["lost_of_renter"] == -950
    assert verify_books().verified


def test_what_comes_in_later_is_recovered_once_and_only_the_rest_is_the_partys(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    lost(renter, 950)
    with pytest.raises(PartyOwes, match=r"You owe \$9\.50"):
        claims.require_nothing_owed(renter)
    bring(money, 400)
    assert money.books() == {"stripe": -400, "lost_of_renter": -550, "chargebacks": 950}
    owe(renter, 100)
    bring(money, 750)
    # The 100 that stand are paid first, then the 550 that were given up; 100 are left.
    assert money.books() == {"stripe": -1_150, "available": 100, "chargebacks": 1_050}
    assert (claims.owed_minor(renter), claims.pay_off_all()) == (0, 0)
    claims.require_nothing_owed(renter)
    moved = [(each.words, each.account, each.amount_minor) for each in debts.movements_of(renter)]
    assert moved[:3] == [
        ("Came in after it was written off", "written_off", 550),
        ("Paid", "claim", 100),
        ("owed", "claim", -100),
    ]
    assert verify_books().verified


def test_a_dispute_that_is_won_after_its_claim_was_written_off_pays_nobody_twice(ready: Scene):
    """The provider was paid out, never gave its part back, and keeps what it had: no second payment."""
    charge = _lease_by_card(ready)
    ready.request_payout()
    ready.doorbell.ring()
    before = _books(ready)
    dispute = ready.control("dispute", charge=charge)
    _tell(ready)
    lost(ready.provider.pk, 950)
    assert _books(ready) == {"stripe": 950, "lost": -950, "fees": 50, "chargebacks": -50}
    ready.control("decide", dispute=dispute["id"], outcome="won")
    _tell(ready)
    assert _books(ready) == before, "the loss is recovered, and nothing is payable again"
    assert (Dispute.objects.get().state, claims.owed_minor(ready.provider.pk)) == ("won", 0)


def test_earnings_after_a_write_off_recover_it_before_anything_is_paid_out(ready: Scene):
    owe(ready.provider.pk, 300)
    lost(ready.provider.pk, 300)
    _lease_by_card(ready, 1_000)
    assert tasks.pay_off_claims.name == "settlement.pay_off_claims"
    tasks.pay_off_claims()
    tasks.pay_off_claims()
    books = _books(ready)
    assert (books["payable"], books.get("lost", 0), Receipt.objects.count()) == (650, 0, 1)


def test_what_the_party_has_pays_first_and_no_more_is_lost_than_is_left(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    pk = write_offs.propose(renter, 900, "Gone.", actor=OLGA)
    bring(money, 500)
    assert write_offs.approve(pk, actor=OTTO) == 450
    assert money.books() == {"stripe": -500, "lost_of_renter": -450, "chargebacks": 950}
    owe(renter, 60)
    pk = write_offs.propose(renter, 60, "Gone.", actor=OLGA)
    bring(money, 60)
    with pytest.raises(NothingToWriteOff):
        write_offs.approve(pk, actor=OTTO)
    assert WriteOff.objects.get(pk=pk).state == "proposed"
    write_offs.withdraw(pk, actor=OLGA)
    assert WriteOff.objects.get(pk=pk).state == "withdrawn"
    assert money.books()["lost_of_renter"] == -450


def test_nothing_of_a_restricted_party_is_set_off_against_what_was_written_off(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    lost(renter, 950)
    restrictions.impose(renter, "STRONG_MATCH", actor=OLGA, kind="blocked")
    bring(money, 400)
    assert (claims.pay_off(renter), claims.owed_minor(renter)) == (0, 950)


def test_what_nobody_decides_in_two_weeks_is_withdrawn(money: Scene, clock):
    owe(money.renter.pk, 950)
    write_offs.propose(money.renter.pk, 950, "Gone.", actor=OLGA)
    assert write_offs.sweep(actor=TESTER) == 0
    clock.advance(seconds=write_offs.DECIDE_WITHIN.total_seconds())
    assert (write_offs.sweep(actor=TESTER), write_offs.sweep(actor=TESTER)) == (1, 0)
    assert AuditEvent.objects.get(event="write_off.withdrawn").data["code"] == "overdue"
    assert money.books() == {"owed": -950, "chargebacks": 950}


@pytest.mark.parametrize(("amount", "why"), [(0, "x"), (-1, "x"), (951, "x"), (True, "x"), (1.5, "x"), (1, " ")])
def test_what_does_not_fit_is_refused_by_its_field(money: Scene, amount: int, why: str):
    owe(money.renter.pk, 950)
    with pytest.raises(InvalidInput) as refused:
        write_offs.propose(money.renter.pk, amount, why, actor=OLGA)
    assert set(refused.value.extra["errors"]) == ({"amount_minor"} if why == "x" else {"why"})
    assert not WriteOff.objects.exists()


def test_who_is_no_officer_says_nothing_and_the_database_wants_four_eyes(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    for actor in (NED, TESTER):
        with pytest.raises(Forbidden):
            write_offs.propose(renter, 1, "x", actor=actor)
    with pytest.raises(NotFound):
        write_offs.propose(uuid4(), 1, "x", actor=OLGA)
    pk = write_offs.propose(renter, 900, "x", actor=OLGA)
    with pytest.raises(WriteOffProposed):
        write_offs.propose(renter, 1, "x", actor=OTTO)
    for actor in (NED, TESTER):
        for deed in (write_offs.approve, write_offs.withdraw):
            with pytest.raises(Forbidden):
                deed(pk, actor=actor)
    rows = WriteOff.objects.filter(pk=pk)
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        rows.update(state="written_off", booked_minor=1, approved_by=OLGA.ref)
    with pytest.raises(IntegrityError, match="keeps what was proposed"), transaction.atomic():
        rows.update(amount_minor=1)


def test_a_debt_that_was_given_up_keeps_no_records_for_ever(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    assert dict(account_clocks())[renter] is None
    lost(renter, 950)
    account = Account.objects.get(party=renter, kind="written_off")
    assert dict(account_clocks())[renter] == account.entered_at


def test_the_record_of_a_party_has_all_of_it_and_the_party_itself_what_stands(money: Scene):
    renter = money.renter.pk
    owe(renter, 950)
    done = lost(renter, 500)
    asked = write_offs.propose(renter, 450, "Gone too.", actor=OTTO)
    full = money_of_party(renter)
    assert {each["id"] for each in full.body["write_offs"]} == {str(done), str(asked)}
    assert ("settlement.writeoff", str(done)) in full.about
    (told,) = money_for_party(renter)["write_offs"]
    assert (told["booked_minor"], told["state"]) == (500, "written_off")
    assert not {"why", "proposed_by", "approved_by"} & set(told)


def test_debts_are_found_by_one_query_however_many_there_are(money: Scene, django_assert_num_queries):
    owe(money.renter.pk, 150)
    owe(money.provider.pk, 300)
    lost(money.provider.pk, 200)
    write_offs.propose(money.renter.pk, 100, "Gone.", actor=OLGA)
    with django_assert_num_queries(1):
        found = [(row["party_id"], row["standing"], row["written_off"], row["waiting"]) for row in debts.debts()]
    assert found == [(money.renter.pk, 150, 0, True), (money.provider.pk, 100, 200, False)]
    assert [row["party_id"] for row in debts.debts("waiting")] == [money.renter.pk]
    assert [row["party_id"] for row in debts.debts("written_off")] == [money.provider.pk]
