"""A transaction takes its accounts once: whatever services run beside each other, none wait in a circle."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations_with_replacement
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction

from compliance.base import clock as clocks
from compliance.base.errors import Refusal
from compliance.services import restrictions
from settlement.models import CardPayment, ChainEvent, EscrowDeposit, PaymentProfile, WriteOff
from settlement.rails.card import IntentState
from settlement.rails.card_states import DisputeMovement, DisputeState, RefundState
from settlement.services import (
    blocked_property,
    card_payments,
    chain_effects,
    claims,
    conversions,
    disputes,
    holds,
    ledger,
    ledger_locks,
    payouts,
    refund_states,
    refunds,
    unused_money,
    write_offs,
)
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party
from settlement.services.books import verify_books
from settlement.services.hold_terms import Credit
from settlement.services.ledger import Close, Line, LockedOutOfOrder, Pend, Post
from settlement.services.usage import UsageLine, post_usage
from tests.factories.compliance import OFFICER, SECOND_OFFICER
from tests.settlement.scene import TESTER, Scene, build_scene, clear

CARD, USD, ESCROW, USDC = Pot.CARD.value, "USD", Pot.ESCROW.value, "USDC"


def of(money: Scene, kind: Kind) -> AccountKey:
    return of_party(kind, money.renter.pk, CARD, USD)


def move(source: AccountKey, destination: AccountKey) -> Post:
    return Post(uuid4(), "move", [Line(source, -1), Line(destination, 1)])


# -- the rule ------------------------------------------------------------------------------------------------


@pytest.fixture
def rich(money: Scene) -> Scene:
    money.credit(100)
    ledger.submit([move(of(money, Kind.AVAILABLE), of(money, kind)) for kind in (Kind.HELD, Kind.BLOCKED)])
    return money


def test_what_was_named_first_may_be_posted_in_any_order(rich: Scene):
    available, held, blocked = (of(rich, kind) for kind in (Kind.AVAILABLE, Kind.HELD, Kind.BLOCKED))
    with transaction.atomic():
        ledger.lock([available, held, blocked])
        for source, destination in ((blocked, held), (held, available), (available, blocked)):
            ledger.submit([move(source, destination)])
    assert rich.books() == {"stripe": -100, "available": 98, "held": 1, "blocked": 1}
    assert verify_books().verified


@pytest.mark.parametrize("missing", [Kind.BLOCKED, Kind.PAYABLE])
def test_an_account_that_was_not_named_is_refused_whether_it_exists_or_not(rich: Scene, missing: Kind):
    with transaction.atomic():
        ledger.submit([move(of(rich, Kind.AVAILABLE), of(rich, Kind.HELD))])
        with pytest.raises(LockedOutOfOrder, match="accounts"):
            ledger.submit([move(of(rich, Kind.AVAILABLE), of(rich, missing))])
    assert rich.books() == {"stripe": -100, "available": 97, "held": 2, "blocked": 1}


def test_a_pending_transfer_that_was_not_named_is_refused_and_an_own_one_is_not(rich: Scene):
    available, held = of(rich, Kind.AVAILABLE), of(rich, Kind.HELD)
    theirs, own = uuid4(), uuid4()
    ledger.submit([Pend(theirs, "test", available, held, 5)])
    with transaction.atomic():
        ledger.submit([Pend(own, "test", available, held, 5)])
        ledger.submit([Close(own)])
        with pytest.raises(LockedOutOfOrder, match="pending"):
            ledger.submit([Close(theirs)])


def test_a_shared_account_is_named_with_its_cause_or_whole(rich: Scene):
    fees, available = AccountKey(Kind.FEES, CARD, USD), of(rich, Kind.AVAILABLE)
    mine = UUID(int=uuid4().int // 8 * 8)
    other = UUID(int=mine.int + 1)
    ledger.post(other, "fee", [Line(available, -1), Line(fees, 1)])
    with transaction.atomic():
        ledger.lock([available, fees], causes=[mine])
        with pytest.raises(LockedOutOfOrder):
            ledger.post(UUID(int=mine.int + 9), "fee", [Line(available, -1), Line(fees, 1)])
    with transaction.atomic():
        ledger.lock([available, fees])
        ledger.post(UUID(int=mine.int + 9), "fee", [Line(available, -1), Line(fees, 1)])


def test_a_hold_and_usage_come_before_the_accounts(rich: Scene):
    hold = rich.open_hold(50)
    with transaction.atomic():
        ledger.lock([of(rich, Kind.AVAILABLE)])
        with pytest.raises(LockedOutOfOrder, match="holds"):
            holds.settle_hold(hold.id, 0, TESTER)
        with pytest.raises(LockedOutOfOrder):
            post_usage([UsageLine(hold.id, hold.subject_id, 1, 1, 1)])


def test_what_a_rolled_back_savepoint_held_is_forgotten_with_its_locks(rich: Scene):
    available, held, blocked = (of(rich, kind) for kind in (Kind.AVAILABLE, Kind.HELD, Kind.BLOCKED))
    with transaction.atomic():
        with transaction.atomic():
            ledger.submit([move(available, held)])
            transaction.set_rollback(True)
        ledger.submit([move(blocked, available)])
        with pytest.raises(LockedOutOfOrder):
            ledger.submit([move(available, held)])


# -- the services, beside each other ---------------------------------------------------------------------------


class Street:
    """Two parties of which each rents and provides, with deeds that any thread may do at any time."""

    def __init__(self, money: Scene) -> None:
        self.parties = [money.renter, money.provider]
        self.rate = conversions.record_rate("USD", "EUR", "0.9", source="test", quoted_at=clocks.now(), actor=TESTER)
        for number, party in enumerate(self.parties):
            money.credit(100_000, party)
            PaymentProfile.objects.create(party=party, stripe_account_id=f"acct_{number}", payouts_enabled=True)

    def scene(self, dice: random.Random) -> Scene:
        renter, provider = dice.sample(self.parties, 2)
        return Scene(renter, provider, None)  # type: ignore[arg-type]

    def lease_on_balance(self, dice: random.Random) -> None:
        money = self.scene(dice)
        hold = money.open_hold(200)
        post_usage([UsageLine(hold.id, hold.subject_id, 1, 120, 60)])
        holds.freeze_hold(hold.id, "listed", actor=TESTER)
        holds.unfreeze_hold(hold.id, actor=TESTER)
        holds.settle_hold(hold.id, 150, TESTER, credit=Credit(10, "provider_lost"))
        self._refunded(hold.subject_id, money, dice)

    def lease_by_card(self, dice: random.Random) -> None:
        money = self.scene(dice)
        hold = money.open_hold(200, rail="card")
        payment = CardPayment.objects.get(hold_id=hold.id)
        card_payments.apply_intent(intent(payment, "requires_capture"), actor=TESTER)
        post_usage([UsageLine(hold.id, hold.subject_id, 1, 120, 60)])
        holds.settle_hold(hold.id, 150, TESTER)
        # All of it, a part, or nothing: what the card does not yield the renter owes.
        received = dice.choice((150, 150, 100, 0))
        card_payments.apply_intent(intent(payment, "succeeded" if received else "canceled", received), actor=TESTER)
        with suppress(Refusal):
            self._refunded(hold.subject_id, money, dice)
        if received:
            self._disputed(payment, received, dice)

    def _refunded(self, lease_id: UUID, money: Scene, dice: random.Random) -> None:
        pk = uuid4()
        plan = refunds.plan_refund(lease_id, 40, "goodwill", refund_id=pk, given_by="platform")
        clearance = clear("payout", pk, renter=None, provider=money.renter)
        if refunds.request_refund(plan, clearance=clearance, actor=TESTER).state == "requested":
            refund_states.begin_sending(pk, actor=TESTER)
            self._told(pk, 40, dice)

    def _told(self, pk: UUID, amount: int, dice: random.Random) -> None:
        """The network took the refund's money, and its bank may have sent it back."""
        done = RefundState(f"re_{pk}", "succeeded", pk, amount, f"out_{pk}", "", "")
        refund_states.apply_refund(done, actor=TESTER)
        if dice.random() < 0.5:
            failed = RefundState(f"re_{pk}", "failed", pk, amount, f"out_{pk}", f"in_{pk}", "declined")
            refund_states.apply_refund(failed, actor=TESTER)

    def top_up_and_dispute(self, dice: random.Random) -> None:
        payment = CardPayment.objects.get(pk=self.scene(dice).top_up(5_000, key=str(uuid4())).id)
        card_payments.apply_intent(intent(payment, "succeeded", 5_000), actor=TESTER)
        with suppress(Refusal):
            self._unused(payment.party_id, dice)
        self._disputed(payment, 5_000, dice)

    def _unused(self, party_id: UUID, dice: random.Random) -> None:
        plan = unused_money.ReturnPlan(uuid4(), party_id, 4_000)
        party = next(each for each in self.parties if each.pk == party_id)
        clearance = clear("payout", plan.request_id, renter=None, provider=party)
        for part in unused_money.request_return(plan, clearance=clearance, actor=TESTER):
            refund_states.begin_sending(part.id, actor=TESTER)
            self._told(part.id, part.amount_minor, dice)

    def _disputed(self, payment: CardPayment, amount: int, dice: random.Random) -> None:
        told = DisputeState(
            f"dp_{payment.pk}", "needs_response", "fraudulent", amount, USD, f"ch_{payment.pk}", "", 0, 0,
            (DisputeMovement(f"out_{payment.pk}", -amount),),
        )  # fmt: skip
        disputes.apply_dispute(told, actor=TESTER)
        if dice.random() < 0.5:
            back = DisputeMovement(f"in_{payment.pk}", amount)
            won = DisputeState(
                told.id, "won", told.reason, amount, USD, told.charge_id, "", 0, 0, (*told.movements, back)
            )
            disputes.apply_dispute(won, actor=TESTER)

    def payout(self, dice: random.Random) -> None:
        party = self.scene(dice).provider
        ledger.post(
            uuid4(), "earned", [Line(clearing(CARD, USD), -50), Line(claims.key_of(Kind.PAYABLE, party.pk), 50)]
        )
        plan = payouts.plan_payout(party.pk, CARD)
        if plan is None:
            return
        clearance = clear("payout", plan.payout_id, renter=None, provider=party)
        key = str(plan.payout_id)
        payout = payouts.request_payout(plan, clearance=clearance, idempotency_key=key, actor=TESTER)
        payouts.begin_sending(payout.id, clearance=None, actor=TESTER)
        if dice.random() < 0.5:
            payouts.finish_payout(payout.id, "tr_1", actor=TESTER)
        else:
            payouts.fail_payout(payout.id, "refused", actor=TESTER)

    def restriction(self, dice: random.Random) -> None:
        party = self.scene(dice).renter
        row = restrictions.impose(party.pk, "COURT_ORDER", actor=TESTER, kind="freeze")
        payouts.freeze_payouts([party.pk], "restricted", actor=TESTER)
        blocked_property.sweep_property(actor=TESTER)
        restrictions.propose_lift(row.pk, "The order was withdrawn.", actor=OFFICER)
        restrictions.lift(row.pk, actor=SECOND_OFFICER)
        blocked_property.sweep_property(actor=TESTER)

    def debts_and_conversion(self, dice: random.Random) -> None:
        claims.pay_off_all()
        party = self.scene(dice).renter
        ledger.post(uuid4(), "owed", [Line(clearing(CARD, USD), 9), Line(claims.key_of(Kind.CLAIM, party.pk), -9)])
        with suppress(Refusal):
            # Of both at once one proposes; what it has in the meantime pays first.
            write_off = write_offs.propose(party.pk, 1, "Gone.", actor=OFFICER)
            write_offs.approve(write_off, actor=SECOND_OFFICER)
        dollars, euros = (of_party(Kind.AVAILABLE, party.pk, CARD, currency) for currency in (USD, "EUR"))
        conversions.convert(uuid4(), self.rate, 7, source=dollars, destination=euros, actor=TESTER)
        ledger.expire_pending()

    def chain(self, dice: random.Random) -> None:
        """A deposit, its closing and the withdrawal, final; and a reorganisation that takes all of it back."""
        money = self.scene(dice)
        hold = money.open_hold(200, rail="escrow", currency=USDC, wallet="0xabc")
        wallets = {party.pk: f"0x{number}" for number, party in enumerate(self.parties)}
        lease, payee = str(hold.id), wallets[money.provider.pk]
        EscrowDeposit.objects.create(
            hold_id=hold.id, chain_id=1, contract="0xc", token="0xd", lease_key=lease,
            payer=wallets[money.renter.pk], payee=payee, typed_data={}, signature="0x",
        )  # fmt: skip
        events = [
            event("Deposited", leaseId=lease, cap=200),
            event("Closed", leaseId=lease, settled=150),
            event("Withdrawn", account=payee, amount=100),
        ]
        for each in events:
            with transaction.atomic():
                chain_effects.apply(each)
                ChainEvent.objects.filter(pk=each.pk).update(applied_at=clocks.now())
        if dice.random() < 0.5:
            with transaction.atomic():
                chain_effects.reverse(events[::-1])
                ids = [each.pk for each in events]
                ChainEvent.objects.filter(pk__in=ids).update(rolled_back_at=clocks.now())


def intent(payment: CardPayment, status: str, received: int = 0) -> IntentState:
    amount = payment.amount_minor
    return IntentState(
        f"pi_{payment.pk}", status, amount, amount - received, received, f"ch_{payment.pk}", str(payment.pk), ""
    )


def event(name: str, **args: object) -> ChainEvent:
    return ChainEvent.objects.create(
        chain_id=1, contract="0xc", block_number=1, block_hash=f"0x{uuid4().hex}", log_index=0,
        transaction_hash=f"0x{uuid4().hex}", name=name, args=args,
    )  # fmt: skip


DEEDS = (
    "lease_on_balance",
    "lease_by_card",
    "top_up_and_dispute",
    "payout",
    "restriction",
    "debts_and_conversion",
    "chain",
)


@pytest.fixture
def slow_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has just locked something dawdles a moment: whoever waits in a circle will meet."""
    dice, note = random.Random(1), ledger_locks.note

    def dawdle(level: ledger_locks.Level, ids: object) -> None:
        note(level, ids)  # type: ignore[arg-type]
        time.sleep(dice.uniform(0, 0.004))

    monkeypatch.setattr(ledger_locks, "note", dawdle)


def together(deeds: list[Callable[[random.Random], None]], seed: str, at: clocks.Clock) -> list[Exception]:
    """Each deed in a thread of its own, what went wrong besides refusals."""
    start, wrong = threading.Barrier(len(deeds)), list[Exception]()

    def run(number: int) -> None:
        dice = random.Random(f"{seed}{number}")
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET deadlock_timeout = '20ms'")
            start.wait()
            with clocks.use_clock(at), suppress(Refusal):
                deeds[number](dice)
        except Exception as error:
            # Revoked between the look and the deed: the database's own wall stands.
            if "needs a live clearance" not in str(error):
                wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_no_two_services_wait_for_each_other_in_a_circle(money: Scene, slow_locks: None, clock):
    """Every pair, twice beside itself, on parties whose accounts do not exist yet."""
    for first, second in combinations_with_replacement(DEEDS, 2):
        street = Street(build_scene(lambda: money.doorbell))
        deeds = [getattr(street, name) for name in (first, second) * 2]
        assert together(deeds, first + second, clock) == [], (first, second)
    assert WriteOff.objects.filter(state="written_off").exists()
    assert verify_books().verified


def test_all_services_at_once_in_random_order(money: Scene, slow_locks: None, clock):
    street = Street(money)
    dice = random.Random(7)
    deeds = [getattr(street, name) for name in DEEDS * 3]
    dice.shuffle(deeds)
    assert together(deeds, "all", clock) == []
    report = verify_books()
    assert report.verified, report.faults
