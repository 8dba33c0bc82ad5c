"""A party tells when its card fills its prepaid balance, changes that, or ends it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput
from compliance.base.transition import transition
from settlement.models import AutoTopUp
from settlement.services import profiles
from settlement.services.topups import LEAST_MINOR, MOST_MINOR

State = AutoTopUp.State
MOST_A_MONTH_MINOR = 100_000_000


class AutoTopUpRefused(InvalidInput):
    """An amount or the card does not fit."""

    code = "auto_top_up_refused"
    default_message = "Automatic top-up cannot be set so. Nothing was changed."


@dataclass(frozen=True, slots=True)
class AutoTerms:
    """Below `threshold_minor` the card brings `amount_minor`, at most `monthly_limit_minor` a month; USD cents."""

    threshold_minor: int
    amount_minor: int
    monthly_limit_minor: int
    payment_method: str


def set_auto_top_up(party_id: UUID, terms: AutoTerms, *, actor: Actor) -> None:
    """The party's card fills its balance so from now on, though nobody is there; it was off, stopped or otherwise set.

    The card is one that the party saved on the card network's own form. Asks the network. Raises AutoTopUpRefused,
    CardNetworkBusy, and Conflict when a team-mate told at the same moment.
    """
    _check_amounts(terms)
    words = _card_words(party_id, terms.payment_method)
    try:
        _store(party_id, terms, words, actor)
    except IntegrityError as error:
        raise Conflict from error


def end_auto_top_up(party_id: UUID, *, actor: Actor) -> None:
    """No card of the party is charged by itself; a charge that is on its way is still credited. Said twice, once."""
    with transaction.atomic():
        rule = AutoTopUp.objects.select_for_update(no_key=True).filter(party_id=party_id).first()
        if rule is not None and rule.state != State.OFF:
            transition(rule, State.OFF, actor=actor, event="auto_top_up.ended", stopped_code="")


def _check_amounts(terms: AutoTerms) -> None:
    amounts = (terms.threshold_minor, terms.amount_minor, terms.monthly_limit_minor)
    if any(type(each) is not int for each in amounts):
        raise AutoTopUpRefused("Amounts are whole US cents. Nothing was changed.")
    errors = {}
    if not 1 <= terms.threshold_minor <= MOST_MINOR:
        errors["threshold_minor"] = "Between $0.01 and $100,000.00."
    if not LEAST_MINOR <= terms.amount_minor <= MOST_MINOR:
        errors["amount_minor"] = "Between $5.00 and $100,000.00."
    if not terms.amount_minor <= terms.monthly_limit_minor <= MOST_A_MONTH_MINOR:
        errors["monthly_limit_minor"] = "At least one top-up, and at most $1,000,000.00."
    if errors:
        raise AutoTopUpRefused("An amount does not fit. Nothing was changed.", errors=errors)


def _card_words(party_id: UUID, payment_method: str) -> str:
    for card in profiles.saved_cards(party_id):
        if card["id"] == payment_method:
            return profiles.card_words(card)
    words = "This is no card that you saved. Save one first."
    raise AutoTopUpRefused(f"{words} Nothing was changed.", errors={"payment_method": words})


def _store(party_id: UUID, terms: AutoTerms, words: str, actor: Actor) -> None:
    # `wait_until_at` stays: to say it anew is no way round the gate's refusal.
    changes: dict[str, Any] = {
        "threshold_minor": terms.threshold_minor,
        "amount_minor": terms.amount_minor,
        "monthly_limit_minor": terms.monthly_limit_minor,
        "payment_method": terms.payment_method,
        "card_words": words,
        "stopped_code": "",
    }
    data = {name: changes[name] for name in ("threshold_minor", "amount_minor", "monthly_limit_minor")}
    with transaction.atomic():
        rule = AutoTopUp.objects.select_for_update(no_key=True).filter(party_id=party_id).first()
        if rule is not None and rule.state != State.ON:
            transition(rule, State.ON, actor=actor, event="auto_top_up.set", data=data, **changes)
            return
        if rule is None:
            rule = AutoTopUp(pk=uuid4(), party_id=party_id, state=State.ON)
        for name, value in changes.items():
            setattr(rule, name, value)
        rule.save()
        audit.record("auto_top_up.set", actor=actor, subject=rule, data=data)
