"""What a machine of deeds about holds stands on: a scene, a model, and the same said of both after every deed."""

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Sum
from hypothesis.stateful import RuleBasedStateMachine, invariant

from compliance.base import clock
from compliance.base.errors import Refusal
from compliance.models import Party
from settlement.models import Account, CardPayment, ChainEvent, Hold, PaymentProfile, Payout, Receipt
from settlement.rails.card_states import IntentState
from settlement.services import card_payments, chain_effects
from settlement.services.books import verify_books
from tests.database import undone
from tests.settlement.hold_model import BLOCKED, POTS, PROVIDER, RENTER, Model, Pencil
from tests.settlement.scene import TESTER, Doorbell, Scene

WALLETS = ("0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77")


class BooksMachine(RuleBasedStateMachine):
    """One renter and one provider, with real books; what it did is undone at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = undone()
        self.undone.__enter__()
        self.manual = clock.ManualClock(clock.now() + timedelta(seconds=1))
        self.using = clock.use_clock(self.manual)
        self.using.__enter__()
        parties = [Party.objects.create(kind="entity", name=f"Party {uuid4()}", country="SG") for _ in range(2)]
        self.money = Scene(parties[0], parties[1], Doorbell())
        PaymentProfile.objects.create(
            party=parties[1], stripe_account_id="acct_1", payouts_enabled=True, payout_wallet=WALLETS[1]
        )
        self.parties = {RENTER: parties[0], PROVIDER: parties[1]}
        self.pencil = Pencil()
        self.blocks = 0

    def teardown(self) -> None:
        try:
            report = verify_books()
            assert report.verified, report.faults
            assert Receipt.objects.count() == sum(model.state == "settled" for model in self.pencil.holds)
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

    def _tell_of_card(self, model: Model, status: str, received: int = 0) -> None:
        payment, amount = CardPayment.objects.get(hold_id=model.id), model.amount
        names = f"pi_{payment.pk}", f"ch_{payment.pk}"
        told = IntentState(names[0], status, amount, amount, received, names[1], str(payment.pk), "")
        assert card_payments.apply_intent(told, actor=TESTER)

    def _tell_of_chain(self, model: Model, name: str, **args: object) -> None:
        """The event is final, as the indexer tells the books."""
        self.blocks += 1
        with transaction.atomic():
            event = ChainEvent.objects.create(
                chain_id=1, contract="0xc", block_number=self.blocks, block_hash=f"0xb{self.blocks}", log_index=0,
                transaction_hash=f"0x{self.blocks}", name=name, args={"leaseId": str(model.id), **args},
            )  # fmt: skip
            chain_effects.apply(event)
            event.applied_at = self.manual.now()
            event.save()

    # -- what must be true at every moment -----------------------------------------------------------------

    @invariant()
    def the_books_say_what_the_model_says(self) -> None:
        expected, found = self.pencil.books(), {pot: Counter() for pot in POTS}
        balances = Account.objects.values_list("kind", "pot", "party_id").annotate(sum=Sum("balance_minor"))
        for kind, pot, party_id, amount in balances:
            found[pot][self._name(kind, party_id)] += amount
        for pot in POTS:
            told = {name: amount for name, amount in found[pot].items() if amount}
            assert told == expected[pot], f"{pot}: {told} in the books, {expected[pot]} by the model"
            assert sum(found[pot].values()) == 0

    @invariant()
    def the_states_are_those_of_the_model(self) -> None:
        found = dict(Hold.objects.values_list("pk", "state"))
        assert {model.id: model.state for model in self.pencil.holds if model.state != "refused"} == found
        assert {each.id: each.state for each in self.pencil.payouts} == dict(Payout.objects.values_list("pk", "state"))

    def _name(self, kind: str, party_id: UUID | None) -> str:
        """What the model calls the account."""
        if kind == "blocked" and party_id == self.parties[PROVIDER].pk:
            return BLOCKED[PROVIDER]
        if kind == "claim" and party_id == self.parties[RENTER].pk:
            return "renter_claim"
        return "clearing" if kind.endswith("_clearing") else kind
