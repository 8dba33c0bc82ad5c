"""What the card network tells of a payment's risk becomes a fact that compliance knows about the payer."""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from compliance.base.actor import Actor
from compliance.services import payment_signs, place_signs
from compliance.services.payment_signs import Kind, PaymentSignTold
from settlement.models import CardPayment
from settlement.rails.card_risks import ChargeRisk, PaymentNamed, RiskNews
from settlement.services.disputes import PaymentNotKnownYet


def note_charge(told: ChargeRisk, *, actor: Actor) -> bool:
    """The assessment and the card's country are facts about the payer. Returns whether that was news.

    A charge that is not ours changes nothing.
    """
    payment = _payment(told.payment)
    if payment is None:
        return False
    place_signs.see_country(payment.party_id, told.card_country, "card")
    # Blocked by a rule of the platform's own, whatever the level: it says as much.
    blocked = told.outcome_type == "blocked" and told.risk_level != "highest"
    sign = PaymentSignTold(
        kind=Kind.OUTCOME,
        external_id=told.payment.charge_id,
        payment_id=payment.pk,
        happened_at=datetime.fromtimestamp(told.at, UTC),
        level="blocked" if blocked else told.risk_level,
        score=told.risk_score,
        outcome_type=told.outcome_type,
        network_status=told.network_status,
        message=told.seller_message,
    )
    return payment_signs.note(payment.party_id, sign, actor=actor)


def note_warning(told: RiskNews, *, actor: Actor) -> bool:
    """The bank's warning is a fact about the payer. Returns whether that was news. Raises PaymentNotKnownYet."""
    return _note(Kind.WARNING, told, actor)


def note_review(told: RiskNews, *, actor: Actor) -> bool:
    """The review is a fact about the payer. Returns whether that was news. Raises PaymentNotKnownYet."""
    return _note(Kind.REVIEW, told, actor)


def _note(kind: str, told: RiskNews, actor: Actor) -> bool:
    payment = _payment(told.payment)
    if payment is None:
        raise PaymentNotKnownYet
    sign = PaymentSignTold(
        kind=kind,
        external_id=told.id,
        payment_id=payment.pk,
        happened_at=datetime.fromtimestamp(told.at, UTC),
        level=told.level,
        standing=told.standing,
    )
    return payment_signs.note(payment.party_id, sign, actor=actor)


def _payment(named: PaymentNamed) -> CardPayment | None:
    known = Q()
    if named.charge_id:
        known |= Q(charge_id=named.charge_id)
    if named.intent_id:
        known |= Q(payment_intent_id=named.intent_id)
    if own := _uuid(named.payment_id):
        known |= Q(pk=own)
    return CardPayment.objects.filter(known).first() if known else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
