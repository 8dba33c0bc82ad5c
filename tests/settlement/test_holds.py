"""Holds on the prepaid balance: opened only under a clearance, divided once, frozen and let go; no cent is lost."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.base import clock
from compliance.models import Party
from compliance.services import clearances, restrictions
from compliance.services.clearances import ClearanceInvalid
from settlement.models import Hold, Receipt, Transfer
from settlement.selectors.balances import earnings_per_day
from settlement.selectors.holds import hold_of_subject
from settlement.selectors.receipts import receipt_for
from settlement.services import hold_sweep, holds
from settlement.services.books import verify_books
from settlement.services.hold_states import HoldFrozen, HoldNotOpen
from settlement.services.hold_terms import HoldRefused, HoldTerms
from settlement.services.holds import HoldExists, SettledOtherwise
from settlement.services.ledger import InsufficientFunds
from settlement.services.usage import usage_id
from settlement.signals import hold_confirmed, hold_failed, hold_settled
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_ledger import race


@pytest.fixture
def heard():
    """The signals that went out, in order."""
    told: list[tuple[str, dict]] = []
    names = {"confirmed": hold_confirmed, "failed": hold_failed, "settled": hold_settled}
    receivers = {}
    for name, signal in names.items():

        def receiver(name=name, **payload):
            payload.pop("signal")
            payload.pop("sender")
            told.append((name, payload))

        receivers[name] = receiver
        signal.connect(receiver, weak=False)
    yield told
    for name, signal in names.items():
        signal.disconnect(receivers[name])


def test_an_opened_hold_sets_prepaid_money_aside_and_says_so(money: Scene, heard):
    money.credit(1_500)
    ref = money.open_hold(1_000)
    assert (ref.state, ref.is_open) == ("open", True)
    assert money.books() == {"stripe": -1_500, "available": 500, "held": 1_000}
    assert heard == [("confirmed", {"hold_id": ref.id, "subject_id": ref.subject_id})]
    assert hold_of_subject(ref.subject_id) == ref


def test_a_hold_that_is_rolled_back_is_never_heard_of(money: Scene, heard):
    money.credit(1_000)
    with transaction.atomic():
        money.open_hold(1_000)
        transaction.set_rollback(True)
    assert heard == []
    assert money.books() == {"stripe": -1_000, "available": 1_000}


def test_the_same_request_again_returns_the_hold_that_stands(money: Scene):
    money.credit(1_000)
    subject_id = uuid4()
    clearance = money.lease_clearance(subject_id)
    first = money.open_hold(600, subject_id=subject_id, clearance=clearance)
    assert money.open_hold(600, subject_id=subject_id, clearance=clearance).id == first.id
    with pytest.raises(HoldExists):
        money.open_hold(601, subject_id=subject_id, clearance=clearance)
    assert money.books() == {"stripe": -1_000, "available": 400, "held": 600}


def test_more_than_there_is_cannot_be_held(money: Scene):
    money.credit(999)
    with pytest.raises(InsufficientFunds):
        money.open_hold(1_000)
    assert Hold.objects.count() == 0
    assert money.books() == {"stripe": -999, "available": 999}


def test_of_many_leases_that_race_for_the_last_money_one_gets_it(money: Scene):
    money.credit(1_000)
    cleared = [(subject_id := uuid4(), money.lease_clearance(subject_id)) for _ in range(8)]
    outcomes = race(8, lambda n: money.open_hold(1_000, subject_id=cleared[n][0], clearance=cleared[n][1]))
    assert sum(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == 7
    assert Hold.objects.filter(state="open").count() == 1
    assert money.books() == {"stripe": -1_000, "held": 1_000}


# -- wall 1 and wall 2 -------------------------------------------------------------------------------------


def test_no_hold_without_a_live_clearance_about_just_this(money: Scene):
    money.credit(5_000)
    stranger = Party.objects.create(kind="entity", name="Somebody Else", country="SG")
    subject_id = uuid4()
    lapsed = money.lease_clearance(subject_id, expires_at=clock.now() + timedelta(seconds=30))
    revoked = money.lease_clearance(subject_id)
    clearances.revoke([revoked], "test", actor=TESTER)
    small = money.lease_clearance(subject_id, max_amount_minor=999, currency="USD")
    wrong = [
        {"clearance": money.lease_clearance(uuid4())},
        {"clearance": revoked},
        {"clearance": small},
        {"renter_party_id": stranger.pk},
        {"payee_party_id": stranger.pk},
    ]
    for changes in wrong:
        with pytest.raises(ClearanceInvalid):
            money.open_hold(1_000, subject_id=subject_id, **changes)
    with clock.use_clock(clock.ManualClock(clock.now() + timedelta(minutes=1))), pytest.raises(ClearanceInvalid):
        money.open_hold(1_000, subject_id=subject_id, clearance=lapsed)
    assert money.books() == {"stripe": -5_000, "available": 5_000}


def test_a_restricted_party_opens_nothing(money: Scene):
    money.credit(1_000)
    subject_id = uuid4()
    restrictions.impose(money.renter.pk, "listed", actor=TESTER)
    with pytest.raises(ClearanceInvalid):
        money.open_hold(1_000, subject_id=subject_id)
    assert Hold.objects.count() == 0


def test_raw_sql_opens_no_hold_past_the_wall(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    other = money.lease_clearance(uuid4())
    with pytest.raises(IntegrityError, match="needs a live clearance"), transaction.atomic():
        connection.cursor().execute("UPDATE settlement_hold SET clearance_id = %s", [other.pk])
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute("DELETE FROM settlement_hold WHERE id = %s", [ref.id])


def _terms(rate: int, days: float) -> HoldTerms:
    return HoldTerms(rate_minor_per_hour=rate, expires_at=clock.now() + timedelta(days=days))


UNFIT = {
    "nothing": {"amount_minor": 0},
    "negative": {"amount_minor": -5},
    "beyond all bounds": {"amount_minor": 2**60},
    "a fraction": {"amount_minor": 1.5},
    "a token on the balance": {"currency": "USDC"},
    "an unknown currency": {"currency": "EUR"},
    "no card": {"rail": "card", "payment_method": ""},
    "too little for a card": {"rail": "card", "amount_minor": 49},
    "no wallet": {"rail": "escrow", "currency": "USDC"},
    "no price": {"terms": _terms(0, 1)},
    "over before it began": {"terms": _terms(5, -1)},
    "too long for a card": {"rail": "card", "terms": _terms(5, 7)},
}


@pytest.mark.parametrize("changes", UNFIT.values(), ids=UNFIT.keys())
def test_terms_that_do_not_fit_are_refused(money: Scene, changes: dict):
    money.credit(1_000)
    with pytest.raises(HoldRefused):
        money.open_hold(1_000, **changes)
    assert Hold.objects.count() == 0


# -- earning and dividing ----------------------------------------------------------------------------------


def test_the_total_goes_to_the_provider_less_the_fee_and_the_rest_comes_back(money: Scene, heard):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    settled = holds.settle_hold(ref.id, 333, TESTER, billed_seconds=2_400, description="2 x H100")
    assert settled.state == "settled"
    # 5 % of 333 is 16.65: the fee is rounded down, the provider has the rest.
    assert money.books() == {"stripe": -1_000, "available": 667, "payable": 317, "fees": 16}
    assert [name for name, _ in heard] == ["confirmed", "settled"]
    assert earnings_per_day(money.provider.pk)[0].amount_minor == 317
    mine, theirs = (receipt_for(ref.subject_id, party.pk) for party in (money.renter, money.provider))
    assert (mine.number, mine.total_minor, mine.returned_minor, mine.fee_minor) == (1, 333, 667, None)
    assert (theirs.fee_minor, theirs.payee_minor, theirs.billed_seconds) == (16, 317, 2_400)
    assert receipt_for(ref.subject_id, uuid4()) is None


def test_a_settlement_told_twice_happens_once_and_another_total_is_refused(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    for _ in range(3):
        holds.settle_hold(ref.id, 400, TESTER)
    with pytest.raises(SettledOtherwise):
        holds.settle_hold(ref.id, 401, TESTER)
    assert money.books() == {"stripe": -1_000, "available": 600, "payable": 380, "fees": 20}
    assert Receipt.objects.count() == 1


def test_many_who_settle_at_once_settle_once(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    outcomes = race(8, lambda number: holds.settle_hold(ref.id, 400, TESTER))
    assert {outcome.state for outcome in outcomes} == {"settled"}
    assert money.books() == {"stripe": -1_000, "available": 600, "payable": 380, "fees": 20}


def test_usage_is_cumulative_and_never_more_than_the_hold(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    for sequence, total in ((1, 100), (3, 250), (3, 250), (2, 180)):
        holds.capture(ref.id, total, sequence)
    assert Hold.objects.get(pk=ref.id).captured_minor == 250
    assert money.books() == {"stripe": -1_000, "held": 750, "accrued": 250}
    assert holds.capture(ref.id, 5_000, 4).captured_minor == 1_000
    assert holds.settle_hold(ref.id, 5_000, TESTER).final_minor == 1_000
    assert money.books() == {"stripe": -1_000, "payable": 950, "fees": 50}
    holds.capture(ref.id, 9_000, 5)
    lines = Transfer.objects.filter(kind="usage", subject_id=ref.subject_id).order_by("created_at")
    assert [(line.pk, line.memo) for line in lines] == [
        (usage_id(ref.subject_id, 1), "report 1: 0 s, 100 in all"),
        (usage_id(ref.subject_id, 3), "report 3: 0 s, 250 in all"),
        (usage_id(ref.subject_id, 4), "report 4: 0 s, 1000 in all"),
    ]


def test_a_hold_that_failed_earns_nothing(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000, rail="card")
    holds.cancel_hold(ref.id, actor=TESTER)
    with pytest.raises(HoldNotOpen):
        holds.capture(ref.id, 1, 1)


def test_a_canceled_hold_gives_everything_back(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    for _ in range(2):
        holds.cancel_hold(ref.id, actor=TESTER)
    assert money.books() == {"stripe": -1_000, "available": 1_000}


def test_receipts_are_numbered_without_gaps(money: Scene):
    money.credit(900)
    refs = [money.open_hold(100) for _ in range(9)]
    race(9, lambda number: holds.settle_hold(refs[number].id, 10 * number, TESTER))
    assert sorted(Receipt.objects.values_list("number", flat=True)) == list(range(1, 10))


def test_a_hold_that_nobody_settles_is_settled_as_metered(money: Scene, clock):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    holds.capture(ref.id, 200, 1, billed_seconds=1_440)
    clock.advance(days=2)
    assert hold_sweep.sweep_holds() >= 1
    assert money.books() == {"stripe": -1_000, "available": 800, "payable": 190, "fees": 10}
    assert Receipt.objects.get().billed_seconds == 1_440
    assert hold_sweep.sweep_holds() == 0


# -- freezing ----------------------------------------------------------------------------------------------


def test_a_frozen_hold_lies_in_the_blocked_account_and_nothing_moves_it(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    for _ in range(2):
        holds.freeze_hold(ref.id, "party_restricted", actor=TESTER)
    assert money.books() == {"stripe": -1_000, "blocked": 1_000}
    for deed in (holds.settle_hold, lambda *args: holds.cancel_hold(ref.id, actor=TESTER)):
        with pytest.raises(HoldFrozen):
            deed(ref.id, 10, TESTER)
    assert holds.capture(ref.id, 120, 1).captured_minor == 0
    assert money.books() == {"stripe": -1_000, "blocked": 1_000}


def test_what_was_earned_before_a_freeze_is_blocked_with_the_rest_and_earned_again_when_it_ends(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    holds.capture(ref.id, 100, 1)
    for count in (1, 2):
        holds.freeze_hold(ref.id, "listed", actor=TESTER)
        assert money.books() == {"stripe": -1_000, "blocked": 1_000}
        holds.unfreeze_hold(ref.id, actor=TESTER, clearance=money.lease_clearance(ref.subject_id))
        assert money.books() == {"stripe": -1_000, "held": 1_000 - 100 * count, "accrued": 100 * count}
        # Ran before the freeze, told after it.
        assert holds.capture(ref.id, 100 * (count + 1), count + 1).captured_minor == 100 * (count + 1)
    assert verify_books().verified


def test_a_freeze_is_not_let_go_while_a_party_is_restricted(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    restrictions.impose(money.renter.pk, "listed", actor=TESTER)
    holds.freeze_hold(ref.id, "listed", actor=TESTER)
    with pytest.raises(HoldFrozen):
        holds.unfreeze_hold(ref.id, actor=TESTER)
    assert money.books() == {"stripe": -1_000, "blocked": 1_000}


def test_a_released_hold_can_be_settled_and_nothing_else(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    holds.freeze_hold(ref.id, "listed", actor=TESTER)
    assert holds.unfreeze_hold(ref.id, actor=TESTER).state == "released"
    assert money.books() == {"stripe": -1_000, "held": 1_000}
    assert holds.settle_hold(ref.id, 100, TESTER).state == "settled"
    assert money.books() == {"stripe": -1_000, "available": 900, "payable": 95, "fees": 5}


def test_a_fresh_clearance_opens_a_frozen_hold_again_as_often_as_it_takes(money: Scene):
    money.credit(1_000)
    ref = money.open_hold(1_000)
    for _ in range(3):
        holds.freeze_hold(ref.id, "listed", actor=TESTER)
        fresh = money.lease_clearance(ref.subject_id)
        assert holds.unfreeze_hold(ref.id, actor=TESTER, clearance=fresh).is_open
        assert money.hold(ref).clearance_id == fresh.pk
    assert money.books() == {"stripe": -1_000, "held": 1_000}
    assert verify_books().verified
