"""The whole life of holds on all three rails, in any order of deeds, against a model without a database.

Opened, funded, used (late, twice, out of order, beyond), frozen, let go, opened again, settled with and without a
credit, collected short, canceled, swept, outlived: after every deed the books say exactly what the model says, and at
the end they verify.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from compliance.base import clock
from compliance.base.errors import Refusal
from compliance.models import Party
from settlement.models import CardPayment, EscrowDeposit, Hold, Receipt
from settlement.money import LEAST_CARD_MINOR
from settlement.rails.card import IntentState
from settlement.services import card_payments, chain_deposits, hold_states, hold_sweep, holds, ledger
from settlement.services.accounts import Kind, Pot, clearing, of_party, of_platform
from settlement.services.books import verify_books
from settlement.services.hold_terms import Credit
from settlement.services.ledger import Line
from settlement.services.usage import UsageLine, post_usage
from tests.database import undone
from tests.settlement.scene import RATE, TESTER, Doorbell, Scene

FEE_BPS = 500
LIVING = ("open", "released")


@dataclass
class Model:
    """One hold, as a person with a pencil would keep it."""

    id: UUID
    subject_id: UUID
    rail: str
    amount: int
    expires_at: datetime
    cleared_until: datetime
    state: str = "opening"
    funded: bool = False
    captured: int = 0
    final: int = 0
    collected: int = 0
    lines: set[int] = field(default_factory=set)

    @property
    def total(self) -> int:
        return self.collected if self.rail == "escrow" else self.final

    def use(self, sequence: int, total: int, now: datetime) -> None:
        reserved = self.state in LIVING and now < self.expires_at + timedelta(days=2)
        total = min(total, self.amount)
        if reserved and sequence not in self.lines and total > self.captured:
            self.lines.add(sequence)
            self.captured = total

    def settle(self, total: int, credit: int = 0) -> None:
        total = min(total, self.amount)
        self.final = total - min(credit, total)
        self.state = "settling"
        if self.rail == "balance":
            self.finish(self.final)

    def finish(self, collected: int) -> None:
        self.state, self.collected = "settled", collected

    def books(self) -> dict[str, int]:
        """What this hold adds to the balances of its pot; empty accounts left out by the reader."""
        used = self.captured if self.state in LIVING else self.final if self.state == "settling" else 0
        going = self.state in (*LIVING, "settling")
        fee = self.total * FEE_BPS // 10_000
        found = {"accrued": used}
        if self.state == "settled":
            found |= {"payable": self.total - fee, "fees": fee}
        if self.rail == "card":
            found["uncollected"] = -used
            if self.state == "settled":
                found |= {"clearing": -self.collected, "claim": self.collected - self.final}
            return found
        if self.funded:
            found["held"] = self.amount - used if going else 0
            found["blocked"] = self.amount if self.state == "frozen" else 0
            # What came after its clearance had lapsed goes back whole.
            kept = self.amount - self.total if self.state == "settled" else self.amount if self.state == "failed" else 0
            found |= {"available": kept - self.amount, "clearing": 0}
            if self.rail == "escrow":
                found |= {"available": kept, "clearing": -self.amount}
        return found


class HoldMachine(RuleBasedStateMachine):
    """Deeds of the services, and the same on the model."""

    opened = Bundle("opened")
    # What the lives of one run came to, by rail: a machine that settles nothing would prove nothing.
    reached: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.undone = undone()
        self.undone.__enter__()
        self.manual = clock.ManualClock(clock.now() + timedelta(seconds=1))
        self.using = clock.use_clock(self.manual)
        self.using.__enter__()
        parties = [Party.objects.create(kind="entity", name=f"Party {uuid4()}", country="SG") for _ in range(2)]
        self.money = Scene(parties[0], parties[1], Doorbell())
        self.credit = 0
        # What of what cards did not yield the renter's prepaid money has paid.
        self.paid = 0
        self.models: list[Model] = []

    def teardown(self) -> None:
        try:
            for model in self.models:
                # What lives still comes to its end, by what it has used.
                self.settle(model, model.captured, 0)
                self.collect(model, 0)
            self.the_books_say_what_the_model_says()
            report = verify_books()
            assert report.verified, report.faults
            self.reached.update((model.rail, model.state) for model in self.models)
            assert Receipt.objects.count() == sum(model.state == "settled" for model in self.models)
        finally:
            self.using.__exit__(None, None, None)
            self.undone.__exit__(None, None, None)

    def attempt(self, deed) -> bool:
        """Whether the deed was done; a refusal changes nothing, as the invariants will tell."""
        try:
            with transaction.atomic():
                deed()
        except Refusal:
            return False
        return True

    # -- deeds ---------------------------------------------------------------------------------------------

    @initialize(target=opened, amounts=st.tuples(*[st.integers(50, 900)] * 3))
    def begin(self, amounts: tuple[int, ...]) -> MultipleResults[Model]:
        """A lease runs on every rail and has used something: most deeds are about those."""
        self.top_up(1_000)
        models = [self.open(rail, amount) for rail, amount in zip(("balance", "card", "escrow"), amounts, strict=True)]
        for model in models:
            self.fund(model)
            self.use(model, 1, model.amount // 2)
        return multiple(*models)

    @rule(amount=st.integers(1, 900))
    def top_up(self, amount: int) -> None:
        self.money.credit(amount)
        self.credit += amount

    @rule(target=opened, rail=st.sampled_from(["balance", "balance", "card", "escrow"]), amount=st.integers(50, 900))
    def open(self, rail: str, amount: int) -> Model:
        subject_id = uuid4()
        currency = {"currency": "USDC", "wallet": "0xabc"} if rail == "escrow" else {}
        now = self.manual.now()
        model = Model(uuid4(), subject_id, rail, amount, now + timedelta(hours=2), now + timedelta(hours=1))
        owes_too_much = self.owed() >= LEAST_CARD_MINOR

        def deed() -> None:
            model.id = self.money.open_hold(amount, rail=rail, subject_id=subject_id, **currency).id

        done = self.attempt(deed)
        assert done == (not owes_too_much and (rail != "balance" or amount <= self.free()))
        if not done:
            model.state = "refused"
        elif rail == "balance":
            model.state, model.funded = "open", True
        self.models.append(model)
        return model

    @rule(model=opened)
    def fund(self, model: Model) -> None:
        """The card network has authorized, or the deposit is final; without a live clearance the hold fails by it."""
        if model.rail == "balance" or model.funded or model.state not in ("opening", "frozen"):
            return
        hold = hold_states.locked_hold(model.id)
        if model.rail == "card":
            card_payments.apply_intent(self._authorized(CardPayment.objects.get(hold=hold)), actor=TESTER)
        else:
            self._deposit(hold)
        model.funded = True
        if model.state == "opening":
            model.state = "open" if self.manual.now() < model.cleared_until else "failed"

    def free(self) -> int:
        """The renter's free prepaid money."""
        used = sum(each.books().get("available", 0) for each in self.models if each.rail == "balance")
        return self.credit + used - self.paid

    def owed(self) -> int:
        """What its cards did not yield and its prepaid money has not paid."""
        return -sum(each.books().get("claim", 0) for each in self.models) - self.paid

    def _authorized(self, payment: CardPayment) -> IntentState:
        amount = payment.amount_minor
        return IntentState(f"pi_{payment.pk}", "requires_capture", amount, amount, 0, "ch_1", str(payment.pk), "")

    def _deposit(self, hold: Hold) -> None:
        deposit = EscrowDeposit.objects.create(
            hold=hold, chain_id=1, contract="0xc", token="0xd", lease_key=str(hold.pk), payer="0xa", payee="0xb",
            typed_data={}, signature="0x",
        )  # fmt: skip
        held, free = (of_party(kind, hold.party_id, Pot.ESCROW, "USDC") for kind in (Kind.HELD, Kind.AVAILABLE))
        amount = hold.amount_minor
        ledger.post(uuid4(), "chain.deposited", [Line(clearing(Pot.ESCROW, "USDC"), -amount), Line(held, amount)])
        if not chain_deposits.confirm_deposit(deposit, amount, "0xe"):
            # The contract is closed at zero, as the indexer would see.
            ledger.post(uuid4(), "chain.closed", [Line(held, -amount), Line(free, amount)])

    @rule(model=opened, sequence=st.integers(1, 6), total=st.integers(0, 1_200))
    def use(self, model: Model, sequence: int, total: int) -> None:
        post_usage([UsageLine(model.id, model.subject_id, sequence, total, total)])
        model.use(sequence, total, self.manual.now())

    @rule(told=st.lists(st.tuples(opened, st.integers(1, 9), st.integers(0, 1_200)), max_size=8))
    def use_many(self, told: list[tuple[Model, int, int]]) -> None:
        """One batch over several holds, out of order and with repetitions."""
        post_usage([UsageLine(model.id, model.subject_id, sequence, total, 1) for model, sequence, total in told])
        for model, sequence, total in told:
            model.use(sequence, total, self.manual.now())

    @rule(model=opened)
    def freeze(self, model: Model) -> None:
        if self.attempt(lambda: holds.freeze_hold(model.id, "listed", actor=TESTER)):
            model.state = "frozen" if model.state in ("opening", *LIVING) else model.state

    @rule(model=opened, again=st.booleans())
    def unfreeze(self, model: Model, again: bool) -> None:
        clearance = self.money.lease_clearance(model.subject_id) if again else None
        done = self.attempt(lambda: holds.unfreeze_hold(model.id, actor=TESTER, clearance=clearance))
        if done and model.state == "frozen":
            model.state = "failed" if not model.funded else "open" if again else "released"

    @rule(model=opened, total=st.integers(0, 1_200), credit=st.sampled_from([0, 0, 7, 600]))
    def settle(self, model: Model, total: int, credit: int) -> None:
        """The final total stands, less what is credited for a node that died; another is refused then."""
        before = model.state
        if self.attempt(lambda: holds.settle_hold(model.id, total, TESTER, credit=Credit(credit, "provider_lost"))):
            if before in LIVING:
                model.settle(total, credit)
            total = min(total, model.amount)
            assert model.final == total - min(credit, total)

    @rule(model=opened, short=st.integers(0, 300))
    def collect(self, model: Model, short: int) -> None:
        """The rail yields all of the total, or less: a charge too small, a bound of the contract."""
        if model.state == "settling":
            collected = max(0, model.final - short)
            assert hold_states.finish_by_id(model.id, collected_minor=collected, actor=TESTER)
            model.finish(collected)
            if collected < model.final and model.rail == "card":
                self.paid += min(self.owed(), self.free())

    @rule(model=opened)
    def cancel(self, model: Model) -> None:
        if self.attempt(lambda: holds.cancel_hold(model.id, actor=TESTER)):
            if model.state == "opening":
                model.state = "failed"
            elif model.state in LIVING:
                model.settle(0)

    @rule(minutes=st.sampled_from([1, 30, 200, 1_600, 4_000]))
    def wait(self, minutes: int) -> None:
        self.manual.advance(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        overdue = Hold.objects.filter(state_deadline_at__lte=self.manual.now()).values_list("pk", flat=True)
        late = set(overdue)
        hold_sweep.sweep_holds()
        for model in self.models:
            if model.id in late and model.state == "opening":
                model.state = "failed"
            elif model.id in late and model.state in LIVING:
                model.settle(model.captured)

    # -- what must be true at every moment -----------------------------------------------------------------

    @invariant()
    def the_books_say_what_the_model_says(self) -> None:
        paid = {"available": self.credit - self.paid, "clearing": -self.credit, "claim": self.paid}
        expected = {"card": paid, "escrow": {}}
        for model in self.models:
            pot = expected["escrow" if model.rail == "escrow" else "card"]
            for name, amount in model.books().items():
                pot[name] = pot.get(name, 0) + amount
        for pot, currency in (("card", "USD"), ("escrow", "USDC")):
            found = {name: ledger.balance_of(key) for name, key in self._keys(pot, currency).items()}
            assert {name: amount for name, amount in found.items() if amount} == {
                name: amount for name, amount in expected[pot].items() if amount
            }
            assert sum(found.values()) == 0

    @invariant()
    def the_states_are_those_of_the_model(self) -> None:
        found = dict(Hold.objects.values_list("pk", "state"))
        assert {model.id: model.state for model in self.models if model.state != "refused"} == found

    def _keys(self, pot: str, currency: str) -> dict[str, object]:
        renter, provider = self.money.renter.pk, self.money.provider.pk
        renters = ("available", "held", "blocked", "uncollected", "claim")
        return {
            "clearing": clearing(pot, currency),
            **{name: of_party(name, renter, pot, currency) for name in renters},
            **{name: of_party(name, provider, pot, currency) for name in ("accrued", "payable")},
            **{name: of_platform(name, pot, currency) for name in ("fees",)},
        }


@pytest.mark.django_db
def test_no_life_of_holds_makes_or_loses_a_unit(db, settings):
    assert settings.GRIDCLEAR_FEE_BPS == FEE_BPS
    assert RATE
    HoldMachine.reached.clear()
    run_state_machine_as_test(HoldMachine, settings=LONG)
    assert {("balance", "settled"), ("card", "settled"), ("escrow", "settled")} <= HoldMachine.reached


LONG = settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
