"""Holds: the renter's money is set aside before a GPU runs, earned by usage, and divided at the end.

Usage is posted line by line while the lease runs (`usage`), from what was reserved when the hold opened.

| rail | opening | settling |
|---|---|---|
| balance | prepaid money moves from available to held, at once | divided at once |
| card | a PaymentIntent with manual capture; the task asks the card network | one capture, the rest is released |
| escrow | the renter deposits into the contract under an EIP-712 clearance | the contract is closed at the total |

Only compliance freezes and only compliance lets go; nothing here turns a freeze into somebody's money.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict
from compliance.base.transition import transition
from compliance.selectors.restrictions import open_restrictions
from settlement.models import CardPayment, EscrowDeposit, Hold
from settlement.selectors.holds import HoldRef, find_hold, ref_of
from settlement.services import chain_jobs, claims, hold_money, hold_states, usage
from settlement.services.hold_states import HoldFrozen, HoldNotOpen, locked_hold
from settlement.services.hold_terms import NO_CREDIT, Credit, HoldRefused, HoldTerms, check_terms
from settlement.services.notices import send_on_commit
from settlement.services.walls import Clearance, require_clearance, wall_named
from settlement.signals import balance_used

State, Rail = Hold.State, Hold.Rail


class HoldExists(Conflict):
    """The idempotency key or the lease was used before with other terms."""

    code = "hold_exists"
    default_message = "There is a hold for this already, with other terms. Nothing was changed."


class SettledOtherwise(Conflict):
    """The final total was stated before, and was another."""

    code = "settled_otherwise"
    default_message = "This hold is being settled with another total. Nothing was changed."


def open_hold(
    *,
    clearance: Clearance,
    rail: str,
    renter_party_id: UUID,
    payee_party_id: UUID,
    subject_id: UUID,
    amount_minor: int,
    currency: str,
    terms: HoldTerms,
    idempotency_key: str,
    actor: Actor,
    payment_method: str = "",
    wallet: str = "",
) -> HoldRef:
    """The money is set aside (balance) or asked for (card, escrow); `hold_confirmed` or `hold_failed` follows.

    Runs inside the caller's transaction and asks no network. The same key again returns the hold that stands. Raises
    ClearanceInvalid, HoldRefused, HoldExists, PartyOwes, InsufficientFunds.
    """
    clearance_id = require_clearance(
        clearance,
        purpose="lease",
        subject_id=subject_id,
        renter_party_id=renter_party_id,
        provider_party_id=payee_party_id,
        amount_minor=amount_minor,
        currency=currency,
    )
    hold = Hold(
        state=State.OPENING,
        state_changed_at=clock.now(),
        state_deadline_at=clock.now() + timedelta(seconds=hold_states.funding_deadline_seconds()),
        rail=rail,
        clearance_id=clearance_id,
        party_id=renter_party_id,
        payee_party_id=payee_party_id,
        subject_id=subject_id,
        currency=currency,
        amount_minor=amount_minor,
        fee_bps=settings.GRIDCLEAR_FEE_BPS if terms.fee_bps is None else terms.fee_bps,
        rate_minor_per_hour=terms.rate_minor_per_hour,
        credit_bps=terms.credit_bps,
        expires_at=terms.expires_at,
        idempotency_key=idempotency_key,
        payment_method=payment_method,
        wallet_address=wallet,
    )
    check_terms(hold)
    with wall_named(), transaction.atomic():
        present = _present(hold)
        if present is not None:
            return ref_of(present)
        claims.require_nothing_owed(renter_party_id)
        hold.save(force_insert=True)
        audit.record("hold.requested", actor=actor, subject=hold, data={"rail": rail, "amount_minor": amount_minor})
        _ask_rail(hold, actor)
    return ref_of(hold)


def _present(wanted: Hold) -> Hold | None:
    found = Hold.objects.filter(idempotency_key=wanted.idempotency_key) | Hold.objects.filter(
        subject_id=wanted.subject_id
    )
    present = found.first()
    same = ("idempotency_key", "subject_id", "rail", "party_id", "payee_party_id", "currency", "amount_minor")
    if present is not None and any(getattr(present, name) != getattr(wanted, name) for name in same):
        raise HoldExists
    return present


def _ask_rail(hold: Hold, actor: Actor) -> None:
    if hold.rail == Rail.BALANCE:
        hold_money.lock_to_open(hold)
        hold_money.set_aside(hold)
        hold_states.confirm(hold, actor=actor)
        send_on_commit(balance_used, party_id=hold.party_id)
        return
    if hold.rail == Rail.CARD:
        CardPayment.objects.create(
            state=CardPayment.State.CREATING,
            state_deadline_at=hold.state_deadline_at,
            purpose=CardPayment.Purpose.HOLD,
            party_id=hold.party_id,
            hold=hold,
            currency=hold.currency,
            amount_minor=hold.amount_minor,
            payment_method=hold.payment_method,
            idempotency_key=f"hold:{hold.pk}",
        )
        enqueue("settlement.confirm_hold", str(hold.pk))
    # Escrow: the renter's wallet deposits, see `chain_deposits.prepare_deposit`; the indexer confirms.


def capture(hold_id: UUID, cumulative_minor: int, sequence: int, *, billed_seconds: int = 0) -> HoldRef:
    """At least `cumulative_minor` is earned under the hold by usage report `sequence`, and posted in the ledger.

    One line of `usage.post_usage`, whose rules hold: told late or twice it does nothing, it is cut to the hold, and a
    hold that is frozen or settled takes none. Raises HoldNotFound, HoldNotOpen (no money was ever held), and
    UsageInvalid for a bad line.
    """
    hold = find_hold(hold_id)
    if hold is None:
        raise hold_states.HoldNotFound
    if hold.state in (State.OPENING, State.FAILED):
        raise HoldNotOpen
    line = usage.UsageLine(hold_id, hold.subject_id, sequence, cumulative_minor, billed_seconds)
    for refused in usage.post_usage([line]):
        if refused.code == usage.INVALID:
            raise usage.UsageInvalid
    return find_hold(hold_id) or hold


def settle_hold(
    hold_id: UUID,
    total_minor: int,
    actor: Actor,
    *,
    billed_seconds: int = 0,
    description: str = "",
    credit: Credit = NO_CREDIT,
) -> HoldRef:
    """The lease's final total stands: it goes to the provider, less the fee, and the rest back to where it came from.

    A credit is taken off the total first: the renter pays less, and the provider earns less. Balance: done at once.
    Card and escrow: the rail is told, and `hold_settled` follows. Told twice with the same total and credit, it happens
    once. The total is cut to the hold, the credit to the total; what the contract has charged stands. A hold of a
    restricted party is frozen instead, as if the restriction had come before. Raises HoldNotFound, HoldFrozen,
    HoldNotOpen, SettledOtherwise.
    """
    if any(type(amount) is not int or amount < 0 for amount in (total_minor, credit.minor)):
        raise HoldRefused("The total is no whole number of minor units. Nothing was moved.")
    with transaction.atomic():
        hold = locked_hold(hold_id)
        total = max(min(total_minor, hold.amount_minor), hold.charged_minor)
        credit_minor = min(credit.minor, total - hold.charged_minor)
        if hold.final_minor is not None:
            if (hold.final_minor, hold.credit_minor) != (total - credit_minor, credit_minor):
                raise SettledOtherwise
            return ref_of(hold)
        if hold.state == State.FROZEN:
            raise HoldFrozen
        if hold.state not in (State.OPEN, State.RELEASED):
            raise HoldNotOpen
        if _is_questioned(hold):
            return freeze_hold(hold_id, "restricted", actor=actor)
        hold_states.begin_settling(
            hold,
            total,
            billed_seconds,
            description,
            actor=actor,
            credit_minor=credit_minor,
            credit_reason=credit.reason[:32],
        )
        if hold.rail == Rail.BALANCE:
            hold_states.finish_settling(hold, collected_minor=total - credit_minor, actor=actor)
        elif hold.rail == Rail.ESCROW:
            chain_jobs.post(chain_jobs.Kind.SETTLE, hold.pk)
        else:
            enqueue("settlement.settle_hold", str(hold.pk))
    return ref_of(hold)


def cancel_hold(hold_id: UUID, *, actor: Actor, code: str = "canceled") -> HoldRef:
    """All of the hold goes back to the renter: one that was opening has failed with `code`, an open one settles at 0.

    Told for a hold that has ended, it does nothing. Raises HoldNotFound, HoldFrozen, SettledOtherwise.
    """
    with transaction.atomic():
        hold = locked_hold(hold_id)
        if hold.state in (State.FAILED, State.SETTLED):
            return ref_of(hold)
        if hold.state != State.OPENING:
            return settle_hold(hold_id, 0, actor)
        hold_states.fail(hold, code, actor=actor)
        if hold.rail == Rail.CARD:
            enqueue("settlement.release_card", str(hold_id))
    return ref_of(hold)


def freeze_hold(hold_id: UUID, reason: str, *, actor: Actor) -> HoldRef:
    """Nothing of the hold moves until compliance lets go; held money lies in the renter's blocked account.

    A hold that is being settled is past freezing: what it yields is stopped at the payout, which asks the gate. Told
    twice, or for a hold that has ended, it does nothing. Raises HoldNotFound.
    """
    with transaction.atomic():
        hold = locked_hold(hold_id)
        if hold.state not in (State.OPENING, State.OPEN, State.RELEASED):
            return ref_of(hold)
        funded = _is_funded(hold) and hold.rail != Rail.CARD
        transition(
            hold,
            State.FROZEN,
            actor=actor,
            event="hold.frozen",
            data={"reason": reason},
            frozen_reason=reason[:64],
            freeze_count=hold.freeze_count + 1,
            blocked_minor=hold.uncharged_minor if funded else 0,
        )
        hold_money.lock(hold)
        hold_money.suspend(hold)
        if funded:
            hold_money.block(hold)
        if hold.rail == Rail.ESCROW:
            chain_jobs.post(chain_jobs.Kind.FREEZE, hold.pk)
    return ref_of(hold)


def unfreeze_hold(hold_id: UUID, *, actor: Actor, clearance: Clearance | None = None) -> HoldRef:
    """Compliance let go. With a fresh lease clearance the hold is open again; without one it can only be settled.

    A hold that was frozen before its money came has failed. Told for a hold that is not frozen, it does nothing.
    Raises HoldNotFound, ClearanceInvalid, HoldFrozen (a party is restricted still).
    """
    with wall_named(), transaction.atomic():
        hold = locked_hold(hold_id)
        if hold.state != State.FROZEN:
            return ref_of(hold)
        if _is_questioned(hold):
            raise HoldFrozen
        if not _is_funded(hold):
            hold_states.fail(hold, "frozen_before_funding", actor=actor)
            return ref_of(hold)
        let_go(hold, clearance, actor=actor)
        if hold.rail == Rail.ESCROW:
            chain_jobs.post(chain_jobs.Kind.UNFREEZE, hold.pk)
    return ref_of(hold)


def _is_questioned(hold: Hold) -> bool:
    """Whether a party of the hold is restricted at this moment."""
    return open_restrictions([hold.party_id, hold.payee_party_id]).exists()


def let_go(hold: Hold, clearance: Clearance | None, *, actor: Actor) -> None:
    """The frozen, funded hold's money is held for its lease again. The caller holds the row's lock and has judged.

    Raises ClearanceInvalid.
    """
    hold_money.lock(hold)
    if hold.blocked_minor:
        hold_money.unblock(hold)
    pending_id = hold_money.reopen(hold)
    if clearance is None:
        deadline = clock.now() + hold_states.SETTLEMENT_GRACE
        transition(
            hold,
            State.RELEASED,
            actor=actor,
            event="hold.released",
            deadline_at=deadline,
            pending_id=pending_id,
            frozen_reason="",
            blocked_minor=0,
        )
        return
    clearance_id = require_clearance(
        clearance,
        purpose="lease",
        subject_id=hold.subject_id,
        renter_party_id=hold.party_id,
        provider_party_id=hold.payee_party_id,
    )
    transition(
        hold,
        State.OPEN,
        actor=actor,
        event="hold.unfrozen",
        deadline_at=hold.expires_at + hold_states.SETTLEMENT_GRACE,
        clearance_id=clearance_id,
        pending_id=pending_id,
        frozen_reason="",
        blocked_minor=0,
    )


def _is_funded(hold: Hold) -> bool:
    """Whether money stands behind the hold."""
    if hold.rail == Rail.BALANCE:
        return True
    if hold.rail == Rail.CARD:
        # An authorization that ran out during the freeze had stood: its charge id tells. One that was captured by hand
        # meanwhile has brought its money.
        ended = CardPayment.State.CANCELED
        stood = (CardPayment.State.AUTHORIZED, CardPayment.State.SUCCEEDED, ended)
        return CardPayment.objects.filter(hold=hold, state__in=stood).exclude(state=ended, charge_id="").exists()
    return EscrowDeposit.objects.filter(hold=hold, deposited_minor__gt=0).exists()


def renew_clearance(hold_id: UUID, clearance: Clearance) -> HoldRef:
    """The open hold stands on the fresh clearance. Raises HoldNotFound, HoldNotOpen, ClearanceInvalid."""
    with transaction.atomic():
        hold = locked_hold(hold_id)
        if hold.state != State.OPEN:
            raise HoldNotOpen
        hold.clearance_id = require_clearance(
            clearance,
            purpose="lease",
            subject_id=hold.subject_id,
            renter_party_id=hold.party_id,
            provider_party_id=hold.payee_party_id,
        )
        hold.save(update_fields=["clearance_id"])
    return ref_of(hold)
