"""Automatic top-ups: when free prepaid money runs low, the saved card brings more, once, and never after a refusal.

The rule of a party counts the charges that were begun. A charge has its number in its id and in its idempotency key,
and only who holds the rule's lock with that number begins it; so whoever races, repeats or dies half-way makes one.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.transition import transition
from settlement.models import AutoTopUp, CardPayment
from settlement.selectors.auto_top_ups import due_auto_top_ups
from settlement.services import topups
from settlement.services.topups import TopUpRef
from settlement.services.walls import Clearance

State = AutoTopUp.State
# Nobody asks the gate or a silent network over and over.
AFTER_A_REFUSAL = timedelta(days=1)
AFTER_SILENCE = timedelta(hours=1)
CLAIM_LASTS = timedelta(minutes=10)
# Failures that say nothing about the card.
NOT_THE_CARDS = frozenset({"never_asked", topups.CLEARANCE_LAPSED})


@dataclass(frozen=True, slots=True)
class AutoPlan:
    """The next charge of a party's card, before the gate was asked; USD cents."""

    rule_id: UUID
    sequence: int
    top_up_id: UUID
    party_id: UUID
    amount_minor: int
    payment_method: str


def plan_auto_top_up(party_id: UUID) -> AutoPlan | None:
    """What is to be charged now, or None. Planned again before it was begun, it is the same."""
    row = due_auto_top_ups().filter(party_id=party_id).first()
    if row is None:
        return None
    top_up_id = uuid5(row.pk, str(row.sequence + 1))
    return AutoPlan(row.pk, row.sequence + 1, top_up_id, row.party_id, row.amount_minor, row.payment_method)


def start_auto_top_up(plan: AutoPlan, *, clearance: Clearance, actor: Actor) -> TopUpRef | None:
    """The top-up stands and the card network will be asked; None when the plan no longer holds.

    `clearance` is of purpose "deposit" about `plan.top_up_id`. Raises ClearanceInvalid, TopUpRefused.
    """
    with transaction.atomic():
        rule = _held(plan)
        if rule is None:
            return None
        begun = topups.start_top_up(
            clearance=clearance,
            top_up_id=plan.top_up_id,
            party_id=rule.party_id,
            amount_minor=rule.amount_minor,
            payment_method=rule.payment_method,
            idempotency_key=f"auto:{rule.pk}:{plan.sequence}",
            actor=actor,
            auto_top_up_id=rule.pk,
        )
        rule.sequence = plan.sequence
        rule.save(update_fields=["sequence"])
        return begun


def hold_off(plan: AutoPlan, decision_id: UUID, *, actor: Actor) -> None:
    """The gate did not clear the charge: nothing is begun for a day. The rule stays on, for its owner did no wrong."""
    with transaction.atomic():
        rule = _held(plan)
        if rule is not None:
            rule.wait_until_at = clock.now() + AFTER_A_REFUSAL
            rule.save(update_fields=["wait_until_at"])
            audit.record("auto_top_up.held_off", actor=actor, subject=rule, data={"decision": str(decision_id)})


def _held(plan: AutoPlan) -> AutoTopUp | None:
    """The rule, locked, if the plan is still what it asks for."""
    rule = AutoTopUp.objects.select_for_update(no_key=True).get(pk=plan.rule_id)
    same = (rule.sequence + 1, rule.amount_minor, rule.payment_method) == (
        plan.sequence,
        plan.amount_minor,
        plan.payment_method,
    )
    # Asked anew, now that nobody else can begin one.
    return rule if same and due_auto_top_ups().filter(pk=rule.pk).exists() else None


def follow_failure(payment: CardPayment, *, actor: Actor) -> None:
    """A charge came to nothing: the rule has stopped until its owner says otherwise, unless nobody asked the card."""
    rule = AutoTopUp.objects.select_for_update(no_key=True).filter(charges=payment).first()
    if rule is None or rule.state != State.ON:
        return
    code = payment.failure_code or payment.state
    if code in NOT_THE_CARDS:
        rule.wait_until_at = clock.now() + AFTER_SILENCE
        rule.save(update_fields=["wait_until_at"])
        return
    data = {"code": code, "top_up": str(payment.pk)}
    transition(
        rule,
        State.STOPPED,
        actor=actor,
        event="auto_top_up.stopped",
        data=data,
        stopped_code=code,
        noticed_at=None,
        notice_claimed_at=None,
    )


def claim_notice(rule_id: UUID) -> str | None:
    """Why the rule stopped, for the caller that writes to its owners now; None when nothing is to be written.

    A writer that dies is followed by another after ten minutes: a letter may come twice and is never lost.
    """
    now = clock.now()
    with transaction.atomic():
        rule = AutoTopUp.objects.select_for_update(skip_locked=True).filter(pk=rule_id).first()
        if rule is None or rule.state != State.STOPPED or rule.noticed_at:
            return None
        if rule.notice_claimed_at and rule.notice_claimed_at > now - CLAIM_LASTS:
            return None
        rule.notice_claimed_at = now
        rule.save(update_fields=["notice_claimed_at"])
        return rule.stopped_code


def note_noticed(rule_id: UUID, *, actor: Actor) -> None:
    """The owners know; doing it again changes nothing."""
    with transaction.atomic():
        rule = AutoTopUp.objects.select_for_update().get(pk=rule_id)
        if rule.state == State.STOPPED and rule.noticed_at is None:
            rule.noticed_at = clock.now()
            rule.save(update_fields=["noticed_at"])
            audit.record("auto_top_up.owners_told", actor=actor, subject=rule, data={"code": rule.stopped_code})
