"""Payouts: what a provider has earned leaves for its account or wallet. Here is what the database knows of it.

Planned (`plan_payout`), cleared by the gate (purpose "payout", subject the payout's id), requested, sent. From the
request on the money lies in the provider's `paying` account (frozen: in `blocked`), so it cannot be requested twice; it
leaves the books only when the rail says that it has left the platform, and goes back to `payable` when the rail says
that it never will.
`payout_deeds` speaks with the rails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, NotFound
from compliance.base.transition import transition
from compliance.selectors import travel
from compliance.selectors.restrictions import is_restricted
from compliance.services.clearances import ClearanceInvalid
from settlement.models import PaymentProfile, Payout, Transfer
from settlement.selectors.payouts import held_back, told_on_chain
from settlement.services import claims, ledger, ledger_locks, rows, travel_data
from settlement.services.accounts import Kind, Pot, clearing, of_party
from settlement.services.ledger import Line
from settlement.services.ledger_locks import Level
from settlement.services.notices import send_on_commit
from settlement.services.walls import Clearance, require_clearance, wall_named
from settlement.signals import payout_failed, payout_sent

State = Payout.State
SEND_WITHIN = timedelta(hours=1)
# For so long a payout waits until the provider that keeps the wallet has the data that must travel with it.
DATA_WITHIN = timedelta(days=7)
BLOCKED, UNBLOCKED = "payout.blocked", "payout.unblocked"
CURRENCIES = {Pot.CARD.value: "USD", Pot.ESCROW.value: "USDC"}


class PayoutNotFound(NotFound):
    """No such payout."""

    code = "payout_not_found"


class PayoutExists(Conflict):
    """The id or the idempotency key was used before with other terms."""

    code = "payout_exists"
    default_message = "There is a payout for this already, with other terms. Nothing was moved."


class NoPayoutDestination(Conflict):
    """The provider has not said where the money should go, or cannot receive it there yet."""

    code = "no_payout_destination"
    default_message = (
        "There is no account that can receive this money yet. Nothing was moved; finish the payout set-up."
    )


class PayoutOutdated(Conflict):
    """Less may be paid out than when this was planned: a chargeback came between."""

    code = "payout_outdated"
    default_message = "Less can be paid out than a moment ago. Nothing was moved; ask again."


@dataclass(frozen=True, slots=True)
class PayoutPlan:
    """What could be paid out now. `payout_id` is what the gate is asked about, and `moves_minor` for how much.

    `moves_minor` is more than `amount_minor` where the contract owes the wallet more than the books know to be due.
    """

    payout_id: UUID
    party_id: UUID
    pot: str
    currency: str
    amount_minor: int
    destination: str
    moves_minor: int = 0

    @property
    def asked_minor(self) -> int:
        """How much the gate is asked about."""
        return max(self.amount_minor, self.moves_minor)


@dataclass(frozen=True, slots=True)
class PayoutRef:
    """A payout at one moment; amounts in minor units of `currency`."""

    id: UUID
    state: str
    party_id: UUID
    pot: str
    currency: str
    amount_minor: int
    external_id: str
    failure_code: str


def ref_of(payout: Payout) -> PayoutRef:
    """The facts of a row."""
    return PayoutRef(
        payout.pk,
        payout.state,
        payout.party_id,
        payout.pot,
        payout.currency,
        payout.amount_minor,
        payout.external_id,
        payout.failure_code,
    )


def plan_payout(party_id: UUID, pot: str) -> PayoutPlan | None:
    """All that may be paid to the provider from the pot, or None when there is nothing, or nowhere to send it.

    Money that cards brought within the risk window stays, and so does what the provider owes. One payout of a pot at a
    time: while one is on its way there is no plan for another.
    """
    currency = CURRENCIES[pot]
    destination = destination_of(party_id, pot)
    under_way = Payout.objects.filter(party_id=party_id, pot=pot, state__in=(State.PENDING, State.SENDING)).exists()
    amount = _payable_now(party_id, pot)
    if amount <= 0 or not destination or under_way:
        return None
    return PayoutPlan(uuid4(), party_id, pot, currency, amount, destination)


def _payable_now(party_id: UUID, pot: str) -> int:
    """What the provider may be paid at this moment, in minor units."""
    payable = ledger.balance_of(of_party(Kind.PAYABLE, party_id, pot, CURRENCIES[pot]))
    owed = claims.owed_minor(party_id) if pot == Pot.CARD else 0
    return payable - held_back(party_id, pot).amount_minor - owed


def destination_of(party_id: UUID, pot: str) -> str:
    """The connected account or wallet that can receive the pot's money, or nothing."""
    profile = PaymentProfile.objects.filter(party_id=party_id).first()
    if profile is None:
        return ""
    if pot == Pot.ESCROW:
        return profile.payout_wallet
    return profile.stripe_account_id if profile.payouts_enabled else ""


def request_payout(plan: PayoutPlan, *, clearance: Clearance, idempotency_key: str, actor: Actor) -> PayoutRef:
    """The payout stands, its money is on its way out of `payable`, and the rail will be asked.

    Runs inside the caller's transaction if there is one; asks no network. The same key again returns the payout that
    stands. Raises ClearanceInvalid, PayoutExists, NoPayoutDestination, PayoutOutdated, TravelDataMissing,
    InsufficientFunds.
    """
    with wall_named(), transaction.atomic():
        present = Payout.objects.filter(idempotency_key=idempotency_key).first()
        if present is not None:
            if (present.party_id, present.pot, present.amount_minor) != (plan.party_id, plan.pot, plan.amount_minor):
                raise PayoutExists
            return ref_of(present)
        clearance_id = require_clearance(
            clearance,
            purpose="payout",
            subject_id=plan.payout_id,
            provider_party_id=plan.party_id,
            amount_minor=plan.asked_minor,
            currency=plan.currency,
        )
        if not plan.destination or destination_of(plan.party_id, plan.pot) != plan.destination:
            raise NoPayoutDestination
        if plan.pot == Pot.CARD:
            ledger.lock([*claims.accounts_of(plan.party_id), claims.key_of(Kind.PAYING, plan.party_id)])
            claims.pay_off(plan.party_id)
            if _payable_now(plan.party_id, plan.pot) < plan.amount_minor:
                raise PayoutOutdated
        payout = Payout.objects.create(
            pk=plan.payout_id,
            state=State.PENDING,
            state_deadline_at=clock.now() + SEND_WITHIN,
            party_id=plan.party_id,
            clearance_id=clearance_id,
            pot=plan.pot,
            currency=plan.currency,
            amount_minor=plan.amount_minor,
            destination=plan.destination,
            idempotency_key=idempotency_key,
        )
        if payout.pot == Pot.ESCROW:
            travel_data.collect_for_payout(payout, actor=actor)
            _wait_for_data(payout)
        _move(payout, "payout.requested", Kind.PAYABLE, Kind.PAYING)
        audit.record("payout.requested", actor=actor, subject=payout, data=_facts(payout))
        enqueue("settlement.send_payout", str(payout.pk))
    return ref_of(payout)


def _wait_for_data(payout: Payout) -> None:
    if travel.is_awaited(payout.pk):
        payout.state_deadline_at = clock.now() + DATA_WITHIN
        payout.save(update_fields=["state_deadline_at"])


def _facts(payout: Payout) -> dict[str, object]:
    return {"amount_minor": payout.amount_minor, "currency": payout.currency, "pot": payout.pot}


def locked_payout(payout_id: UUID) -> Payout:
    """The payout's row, locked until the transaction ends. Raises PayoutNotFound."""
    payout = Payout.objects.select_for_update(no_key=True).filter(pk=payout_id).first()
    if payout is None:
        raise PayoutNotFound
    ledger_locks.note(Level.DEEDS, {payout_id})
    return payout


def begin_sending(payout_id: UUID, *, clearance: Clearance | None, actor: Actor) -> bool:
    """The rail may be asked now: the clearance was looked at once more.

    Returns False when the payout is past that, or waits for data to reach the provider that keeps the wallet.

    `clearance` replaces the one that the payout was requested with; a frozen payout needs one. Raises PayoutNotFound,
    ClearanceInvalid.
    """
    with wall_named(), transaction.atomic():
        payout = locked_payout(payout_id)
        if travel.is_awaited(payout.pk):
            return False
        if payout.state == State.FROZEN and clearance is not None:
            clearance_id = _cleared(payout, clearance)
            if _where(payout) == Kind.BLOCKED:
                _move(payout, UNBLOCKED, Kind.BLOCKED, Kind.PAYING)
            transition(payout, State.PENDING, actor=actor, event="payout.unfrozen", clearance_id=clearance_id)
        if payout.state != State.PENDING:
            return False
        clearance_id = _cleared(payout, clearance) if clearance else _cleared(payout, _Known(payout.clearance_id))
        deadline = clock.now() + SEND_WITHIN
        transition(
            payout,
            State.SENDING,
            actor=actor,
            event="payout.sending",
            deadline_at=deadline,
            clearance_id=clearance_id,
        )
    return True


@dataclass(frozen=True, slots=True)
class _Known:
    """A clearance known by its id alone."""

    id: UUID


def _cleared(payout: Payout, clearance: Clearance) -> UUID:
    return require_clearance(
        clearance,
        purpose="payout",
        subject_id=payout.pk,
        provider_party_id=payout.party_id,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
    )


def require_sending(payout_id: UUID) -> None:
    """The payout may be told to the chain now, and cannot be frozen until the caller's transaction ends.

    Raises PayoutNotFound, ClearanceInvalid: its clearance or its party's standing fell, or it was stopped.
    """
    payout = locked_payout(payout_id)
    if payout.state != State.SENDING or is_restricted(payout.party_id):
        raise ClearanceInvalid
    still_cleared(payout)


def still_cleared(payout: Payout) -> None:
    """The payout's clearance is live at this moment. Raises ClearanceInvalid."""
    _cleared(payout, _Known(payout.clearance_id))


def finish_payout(payout_id: UUID, external_id: str, *, actor: Actor, moved_minor: int | None = None) -> bool:
    """The money has left the platform: the books follow and `payout_sent` goes out. Told twice, once.

    `external_id` is the transfer's id or the transaction's hash; `moved_minor` all that the transaction moved, where
    that can be more than the payout. Raises PayoutNotFound.
    """
    with transaction.atomic():
        payout = locked_payout(payout_id)
        if payout.state != State.SENDING:
            return False
        data = {**_facts(payout), "external_id": external_id}
        if moved_minor is not None:
            data["moved_minor"] = moved_minor
        transition(payout, State.SENT, actor=actor, event="payout.sent", data=data, external_id=external_id[:120])
        ledger.post(
            ledger.transfer_id_for("payout.sent", payout.pk),
            "payout.sent",
            [
                Line(of_party(Kind.PAYING, payout.party_id, payout.pot, payout.currency), -payout.amount_minor),
                Line(clearing(payout.pot, payout.currency), payout.amount_minor),
            ],
            subject_id=payout.pk,
        )
        send_on_commit(payout_sent, payout_id=payout.pk, party_id=payout.party_id)
    return True


def fail_payout(payout_id: UUID, code: str, *, actor: Actor) -> bool:
    """The money never left and is payable again; `payout_failed` goes out. Told twice, once. Raises PayoutNotFound."""
    with transaction.atomic():
        payout = locked_payout(payout_id)
        if State.FAILED not in Payout.TRANSITIONS.get(payout.state, frozenset()):
            return False
        code, lies_in = code[:64], _where(payout)
        transition(payout, State.FAILED, actor=actor, event="payout.failed", data={"code": code}, failure_code=code)
        _move(payout, "payout.failed", lies_in, Kind.PAYABLE)
        send_on_commit(payout_failed, payout_id=payout.pk, party_id=payout.party_id, code=code)
    return True


def freeze_payouts(party_ids: Iterable[UUID], reason: str, *, actor: Actor) -> int:
    """No payout of the parties that no rail was told of yet will leave, and its money is blocked. How many."""
    early = Q(state=State.PENDING) | Q(state=State.SENDING, pot=Pot.ESCROW)
    ids = Payout.objects.filter(early, party_id__in=list(party_ids)).order_by("pk").values_list("pk", flat=True)
    return rows.each("The freeze of a payout", ids, lambda pk: freeze_payout(pk, reason, actor=actor), actor=actor)


def freeze_payout(payout_id: UUID, reason: str, *, actor: Actor) -> bool:
    """The payout is frozen and its money blocked, unless its rail was told: the contract by a stored withdrawal.

    The withdrawal is stored under the same row's lock (`require_sending`). Raises PayoutNotFound.
    """
    with transaction.atomic():
        payout = locked_payout(payout_id)
        untold = payout.state == State.SENDING and payout.pot == Pot.ESCROW and not told_on_chain(payout.pk)
        early = untold or payout.state == State.PENDING
        if early:
            transition(payout, State.FROZEN, actor=actor, event="payout.frozen", data={"reason": reason})
            _move(payout, BLOCKED, Kind.PAYING, Kind.BLOCKED)
    return early


def _where(payout: Payout) -> Kind:
    """In which account the payout's money lies: a payout that was frozen before money was blocked left it there."""
    blocked = payout.state == State.FROZEN and _times(payout, BLOCKED) > _times(payout, UNBLOCKED)
    return Kind.BLOCKED if blocked else Kind.PAYING


def _times(payout: Payout, cause: str) -> int:
    """How often that has moved the payout's money; the caller holds the row's lock."""
    return Transfer.objects.filter(subject_id=payout.pk, kind=cause).count()


def waits_for_clearance(payout_id: UUID) -> bool:
    """Whether the payout waited so long for data that its clearance lapsed: the gate is asked anew."""
    return Payout.objects.filter(pk=payout_id, state=State.PENDING).exists() and travel.was_held(payout_id)


def fail_overdue(*, actor: Actor) -> int:
    """No payout waits for ever for data that nobody passed on: it has failed, and its money is payable again."""
    late = Payout.objects.filter(state=State.PENDING, state_deadline_at__lte=clock.now())
    late = late.filter(pk__in=travel.awaited().values("subject_id"))
    ids = late.order_by("pk").values_list("pk", flat=True)
    work = "The end of a payout that waited for data"
    return rows.each(work, ids, lambda pk: fail_payout(pk, "travel_data_not_passed", actor=actor), actor=actor)


def stopped_payouts() -> list[PayoutPlan]:
    """The payouts that the gate has to be asked about before they can go on, oldest first.

    They were frozen, or their clearance lapsed while data had to be passed on. Those that still wait for that are not
    among them.
    """
    lapsed = Q(state=State.PENDING, clearance__expires_at__lte=clock.now(), pk__in=travel.held().values("subject_id"))
    found = Payout.objects.filter(Q(state=State.FROZEN) | lapsed).order_by("created_at")
    found = found.exclude(pk__in=travel.awaited().values("subject_id"))
    return [PayoutPlan(row.pk, row.party_id, row.pot, row.currency, row.amount_minor, row.destination) for row in found]


def _move(payout: Payout, cause: str, source: Kind, destination: Kind) -> None:
    before = _times(payout, cause)
    ledger.post(
        # A payout may be frozen and let go more than once.
        ledger.transfer_id_for(cause, payout.pk, *([before] if before else [])),
        cause,
        [
            Line(of_party(source, payout.party_id, payout.pot, payout.currency), -payout.amount_minor),
            Line(of_party(destination, payout.party_id, payout.pot, payout.currency), payout.amount_minor),
        ],
        subject_id=payout.pk,
    )
