"""The whole life of holds on all three rails, in any order of deeds, against a model without a database.

Opened, funded in time or too late, used (late, twice, out of order, beyond), frozen, let go, opened again, settled with
and without a credit, collected short, canceled, swept, outlived; ended by the chain whatever we thought of them,
seized, paid out, disputed; their parties restricted and let go at any moment: after every deed the books say exactly
what the model says, and at the end they verify.
"""

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from compliance.models import Restriction
from settlement.models import CardPayment, EscrowDeposit, Hold
from settlement.money import LEAST_CARD_MINOR
from settlement.rails.card_states import DisputeMovement, DisputeState
from settlement.services import blocked_property, disputes, hold_sweep, holds, payouts
from settlement.services.hold_terms import Credit
from settlement.services.usage import UsageLine, post_usage
from tests.settlement.hold_books import WALLETS, BooksMachine
from tests.settlement.hold_model import LIVING, POTS, PROVIDER, RENTER, Model, PayoutModel
from tests.settlement.scene import TESTER, clear

PICK = st.integers(0, 99)


class HoldMachine(BooksMachine):
    """Deeds of the services, and the same on the model."""

    # What the lives of one run came to, by rail: a machine that settles nothing would prove nothing.
    reached: ClassVar[set[tuple[str, str]]] = set()

    def teardown(self) -> None:
        """What lives still comes to its end, by what it has used."""
        try:
            for who in (RENTER, PROVIDER):
                self.lift(who)
            for model in self.pencil.holds:
                self._settle_hold(model, model.captured, 0)
                self._collect(model, 0)
            self.the_books_say_what_the_model_says()
            self.the_states_are_those_of_the_model()
            self.reached.update((model.rail, model.state) for model in self.pencil.holds)
        finally:
            super().teardown()

    # -- what a deed is about ------------------------------------------------------------------------------

    def hold(self, pick: int, *states: str, rail: str = "") -> Model:
        """One in such a state, and now and then any: a deed that comes at the wrong time changes nothing."""
        fitting = [each for each in self.pencil.holds if each.state in states and rail in ("", each.rail)]
        found = fitting if fitting and pick % 4 else self.pencil.holds
        return found[pick % len(found)]

    @initialize(amounts=st.tuples(*[st.integers(50, 900)] * 4))
    def begin(self, amounts: tuple[int, ...]) -> None:
        """Leases on every rail run."""
        self.top_up(1_000)
        for number, rail in enumerate(("balance", "card", "escrow", "escrow")):
            self.open(rail, amounts[number])
            self.fund(4 * number + 1)

    # -- holds ---------------------------------------------------------------------------------------------

    @rule(amount=st.integers(1, 900))
    def top_up(self, amount: int) -> None:
        self.money.credit(amount)
        self.pencil.credit += amount

    @rule(rail=st.sampled_from(["balance", "card", "escrow", "escrow"]), amount=st.integers(50, 900))
    def open(self, rail: str, amount: int) -> None:
        subject_id = uuid4()
        currency = {"currency": "USDC", "wallet": WALLETS[0]} if rail == "escrow" else {}
        now = self.manual.now()
        model = Model(uuid4(), subject_id, rail, amount, now + timedelta(hours=2), now + timedelta(hours=1))
        free, owes_too_much = self.pencil.balance("card", "available"), self.pencil.owed() >= LEAST_CARD_MINOR

        def deed() -> None:
            model.id = self.money.open_hold(amount, rail=rail, subject_id=subject_id, **currency).id

        done = self.attempt(deed)
        may = not self.pencil.restricted and not owes_too_much
        assert done == (may and (rail != "balance" or amount <= free))
        if not done:
            model.state = "refused"
        elif rail == "balance":
            model.state, model.funded = "open", True
        self.pencil.holds.append(model)

    @rule(pick=PICK)
    def fund(self, pick: int) -> None:
        """The card network has authorized, or the deposit is final, wanted still or not."""
        model = self.hold(pick, "opening")
        late = model.rail == "escrow" and model.state == "failed"
        if model.rail == "balance" or model.funded or not (late or model.state in ("opening", "frozen")):
            return
        if model.rail == "card":
            self._tell_of_card(model, "requires_capture")
        else:
            EscrowDeposit.objects.create(
                hold_id=model.id, chain_id=1, contract="0xc", token="0xd", lease_key=str(model.id), payer=WALLETS[0],
                payee=WALLETS[1], typed_data={}, signature="0x",
            )  # fmt: skip
            self._tell_of_chain(model, "Deposited", cap=model.amount)
        model.funded = True
        if model.state == "opening":
            lapsed = self.manual.now() >= model.cleared_until
            stopped = "frozen" if model.rail == "escrow" else "failed"
            model.state = stopped if self.pencil.restricted else "failed" if lapsed else "open"

    @rule(pick=PICK, sequence=st.integers(1, 6), total=st.integers(0, 1_200))
    def use(self, pick: int, sequence: int, total: int) -> None:
        model = self.hold(pick, *LIVING)
        post_usage([UsageLine(model.id, model.subject_id, sequence, total, total)])
        model.use(sequence, total, self.manual.now())

    @rule(told=st.lists(st.tuples(PICK, st.integers(1, 9), st.integers(0, 1_200)), max_size=8))
    def use_many(self, told: list[tuple[int, int, int]]) -> None:
        """One batch over several holds, out of order and with repetitions."""
        lines = [(self.hold(pick, *LIVING), sequence, total) for pick, sequence, total in told]
        # One report says one total: another under its number is a conflict, which `test_usage` looks at.
        said = {(model.id, sequence): total for model, sequence, total in lines}
        about = [(model, sequence, said[model.id, sequence]) for model, sequence, _ in lines]
        post_usage([UsageLine(model.id, model.subject_id, sequence, total, 1) for model, sequence, total in about])
        for model, sequence, total in about:
            model.use(sequence, total, self.manual.now())

    @rule(pick=PICK)
    def freeze(self, pick: int) -> None:
        model = self.hold(pick, *LIVING)
        if self.attempt(lambda: holds.freeze_hold(model.id, "listed", actor=TESTER)):
            model.state = "frozen" if model.state in ("opening", *LIVING) else model.state

    @rule(pick=PICK, again=st.booleans())
    def unfreeze(self, pick: int, again: bool) -> None:
        model = self.hold(pick, "frozen")
        clearance = self.money.lease_clearance(model.subject_id) if again else None
        done = self.attempt(lambda: holds.unfreeze_hold(model.id, actor=TESTER, clearance=clearance))
        if model.state == "frozen":
            assert done == (not self.pencil.restricted)
            if done:
                model.state = "failed" if not model.funded else "open" if again else "released"

    @rule(pick=PICK, total=st.integers(0, 1_200), credit=st.sampled_from([0, 0, 7, 600]))
    def settle(self, pick: int, total: int, credit: int) -> None:
        """The final total stands, less what is credited for a node that died; another is refused then."""
        self._settle_hold(self.hold(pick, *LIVING), total, credit)

    def _settle_hold(self, model: Model, total: int, credit: int) -> None:
        before = model.state
        done = self.attempt(lambda: holds.settle_hold(model.id, total, TESTER, credit=Credit(credit, "provider_lost")))
        if done and before in LIVING:
            self._settle(model, total, credit)
        if done and model.state != "frozen":
            total = min(total, model.amount)
            assert model.final == total - min(credit, total)

    def _settle(self, model: Model, total: int, credit: int = 0) -> None:
        """Of a restricted party's hold nothing is divided: it is frozen."""
        if self.pencil.restricted:
            model.state = "frozen"
        else:
            model.settle(total, credit)

    @rule(pick=PICK, short=st.just(0) | st.integers(0, 300))
    def collect(self, pick: int, short: int) -> None:
        """The rail yields all of the total, or less: a charge too small, a bound of the contract."""
        self._collect(self.hold(pick, "settling"), short)

    def _collect(self, model: Model, short: int) -> None:
        if model.state == "settling":
            collected = max(0, model.final - short)
            if model.rail == "card":
                self._tell_of_card(model, "succeeded", collected)
            else:
                self._tell_of_chain(model, "Closed", settled=collected)
            model.finish(collected)
            if model.rail == "card" and collected < model.final:
                self.pencil.fall_short()

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        model = self.hold(pick, "opening")
        if self.attempt(lambda: holds.cancel_hold(model.id, actor=TESTER)):
            if model.state == "opening":
                model.state = "failed"
            elif model.state in LIVING:
                self._settle(model, 0)

    @rule(minutes=st.sampled_from([1, 30, 200, 1_600, 4_000]))
    def wait(self, minutes: int) -> None:
        self.manual.advance(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        overdue = Hold.objects.filter(state_deadline_at__lte=self.manual.now()).values_list("pk", flat=True)
        late = set(overdue)
        hold_sweep.sweep_holds()
        for model in self.pencil.holds:
            if model.id in late and model.state == "opening":
                model.state = "failed"
            elif model.id in late and model.state in LIVING:
                self._settle(model, model.captured)

    # -- the chain decides ---------------------------------------------------------------------------------

    @rule(pick=PICK, reclaimed=st.booleans(), share=st.integers(0, 100))
    def end_on_chain(self, pick: int, reclaimed: bool, share: int) -> None:
        """The contract ends a lease that we did not end: frozen here, running, or a deposit that came for nothing."""
        model = self.hold(pick, "frozen", "failed", rail="escrow")
        if self._has_deposit(model):
            settled = 0 if model.stands else model.amount * share // 100
            self._tell_of_chain(model, "Reclaimed" if reclaimed else "Closed", settled=settled)
            model.close(settled)

    @rule(pick=PICK, share=st.integers(0, 100))
    def seize(self, pick: int, share: int) -> None:
        model = self.hold(pick, "frozen", "settling", "failed", rail="escrow")
        if self._has_deposit(model):
            settled = 0 if model.stands else model.amount * share // 100
            self._tell_of_chain(model, "Seized", settled=settled, amount=model.amount - settled)
            model.seize(settled)

    def _has_deposit(self, model: Model) -> bool:
        going = model.state in (*LIVING, "frozen", "settling")
        return model.rail == "escrow" and model.funded and (going or model.stands)

    # -- restrictions --------------------------------------------------------------------------------------

    @rule(who=st.sampled_from([RENTER, PROVIDER]))
    def restrict(self, who: str) -> None:
        """What the party has is blocked and its payouts stopped; the freeze of each hold may come late, or never."""
        if who in self.pencil.restricted:
            return
        party = self.parties[who]
        Restriction.objects.create(party=party, reason_code="sdn", imposed_by="test")
        payouts.freeze_payouts([party.pk], "sdn", actor=TESTER)
        blocked_property.block_property([party.pk], actor=TESTER)
        self.pencil.restricted.add(who)
        for payout in self.pencil.payouts if who == PROVIDER else []:
            self.pencil.freeze(payout)
        self.pencil.block(who)

    @rule(who=st.sampled_from([RENTER, PROVIDER]))
    def lift(self, who: str) -> None:
        lifted = {"lifted_at": self.manual.now(), "lifted_by": "test:1", "lift_proposed_by": "test:2"}
        if Restriction.objects.filter(party=self.parties[who], lifted_at=None).update(**lifted):
            blocked_property.let_go_property([self.parties[who].pk], actor=TESTER)
            self.pencil.restricted.discard(who)
            self.pencil.let_go(who)

    @rule()
    def sweep_property(self) -> None:
        """What came to a restricted party since is blocked too."""
        blocked_property.sweep_property(actor=TESTER)
        for who in self.pencil.restricted:
            self.pencil.block(who)

    # -- payouts -------------------------------------------------------------------------------------------

    @rule(pot=st.sampled_from(POTS))
    def request_payout(self, pot: str) -> None:
        plan = payouts.plan_payout(self.money.provider.pk, pot)
        assert (plan.amount_minor if plan else 0) == self.pencil.payable_now(pot)
        if plan is None:
            return
        clearance = clear("payout", plan.payout_id, renter=None, provider=self.money.provider)
        key = str(plan.payout_id)
        done = self.attempt(
            lambda: payouts.request_payout(plan, clearance=clearance, idempotency_key=key, actor=TESTER)
        )
        assert done == (PROVIDER not in self.pencil.restricted)
        if done:
            until = self.manual.now() + timedelta(hours=1)
            self.pencil.request(PayoutModel(plan.payout_id, pot, plan.amount_minor, until))

    @precondition(lambda self: self.pencil.payouts)
    @rule(pick=PICK, anew=st.booleans())
    def send_payout(self, pick: int, anew: bool) -> None:
        """The clearance is looked at once more; a payout that was frozen needs another."""
        payout = self.pencil.payouts[-1 - pick % len(self.pencil.payouts)]
        clearance = clear("payout", payout.id, renter=None, provider=self.money.provider) if anew else None
        waits = payout.state == "pending" or (payout.state == "frozen" and anew)
        done = self.attempt(lambda: payouts.begin_sending(payout.id, clearance=clearance, actor=TESTER))
        if waits:
            cleared = anew or self.manual.now() < payout.cleared_until
            assert done == (cleared and PROVIDER not in self.pencil.restricted)
        if waits and done:
            self.pencil.resume(payout)

    @precondition(lambda self: self.pencil.payouts)
    @rule(pick=PICK, arrives=st.booleans())
    def end_payout(self, pick: int, arrives: bool) -> None:
        payout = self.pencil.payouts[-1 - pick % len(self.pencil.payouts)]
        if arrives:
            assert payouts.finish_payout(payout.id, f"tr_{payout.id}", actor=TESTER) == (payout.state == "sending")
            if payout.state == "sending":
                self.pencil.end(payout, "sent")
        elif payouts.fail_payout(payout.id, "account_closed", actor=TESTER):
            self.pencil.end(payout, "failed")

    def payouts_go_on(self, pick: int, arrives: bool) -> None:
        if self.pencil.payouts:
            self.send_payout(pick, pick % 2 == 0)
            if pick % 3:
                self.end_payout(pick, arrives)

    # -- disputes ------------------------------------------------------------------------------------------

    @rule(pick=PICK, amount=st.integers(1, 900), won=st.sampled_from([None, None, True, False]))
    def dispute(self, pick: int, amount: int, won: bool | None) -> None:
        """The bank takes back what a card paid, all or a part; told again it says how that ended."""
        model = self.hold(pick, "settled", rail="card")
        if model.rail != "card" or model.state != "settled" or not model.collected:
            return
        amount = model.disputed or min(amount, model.collected)
        payment = CardPayment.objects.get(hold_id=model.id)
        moved = [DisputeMovement(f"taken_{model.id}", -amount)]
        if won or model.won:
            moved.append(DisputeMovement(f"back_{model.id}", amount))
        status = {None: "needs_response", True: "won", False: "lost"}[won]
        told = DisputeState(
            f"dp_{model.id}", status, "fraudulent", amount, "USD", payment.charge_id, "", 0, 0, tuple(moved)
        )
        disputes.apply_dispute(told, actor=TESTER)
        if not model.disputed and len(moved) == 1:
            self.pencil.dispute(model, amount)
        elif not model.disputed:
            # Both at once: debts are paid off when both stand.
            self.pencil.dispute(model, amount, paid_off=False)
            self.pencil.win(model)
        elif won and not model.won:
            self.pencil.win(model)
