"""Top-ups: a card fills the prepaid balance."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, InvalidInput, NotFound
from settlement.models import CardPayment
from settlement.services.walls import Clearance, require_clearance, wall_named

LEAST_MINOR = 500
MOST_MINOR = 10_000_000
# Stripe keeps an idempotency key for a day; until then the same request can be sent again.
ANSWER_WITHIN = timedelta(hours=12)
# The code of a top-up that was not asked for any more, since its clearance had fallen.
CLEARANCE_LAPSED = "clearance_lapsed"


class TopUpRefused(InvalidInput):
    """The amount or the card is missing or out of range."""

    code = "top_up_refused"
    default_message = "A top-up is between $5.00 and $100,000.00, by card. Nothing was changed."


class TopUpExists(Conflict):
    """The idempotency key was used before with other terms."""

    code = "top_up_exists"
    default_message = "This top-up was asked for before with another amount. Nothing was changed."


@dataclass(frozen=True, slots=True)
class TopUpRef:
    """A top-up at one moment; amounts in USD cents."""

    id: UUID
    state: str
    party_id: UUID
    amount_minor: int
    failure_code: str


def start_top_up(
    *,
    clearance: Clearance,
    top_up_id: UUID,
    party_id: UUID,
    amount_minor: int,
    payment_method: str,
    idempotency_key: str,
    actor: Actor,
    auto_top_up_id: UUID | None = None,
) -> TopUpRef:
    """The top-up stands and the card network will be asked; `top_up_succeeded` or `top_up_failed` follows.

    `clearance` is of purpose "deposit", its subject is `top_up_id`, its renter the party. Asks no network itself. The
    same key again returns the top-up that stands. `auto_top_up_id` names the rule by which nobody is there to answer
    the bank. Raises ClearanceInvalid, TopUpRefused, TopUpExists.
    """
    if type(amount_minor) is not int or not LEAST_MINOR <= amount_minor <= MOST_MINOR or not payment_method:
        raise TopUpRefused
    key = f"top-up:{party_id}:{idempotency_key}"[:120]
    with wall_named(), transaction.atomic():
        present = CardPayment.objects.filter(idempotency_key=key).first()
        if present is not None:
            if present.amount_minor != amount_minor:
                raise TopUpExists
            return ref_of(present)
        clearance_id = require_clearance(
            clearance,
            purpose="deposit",
            subject_id=top_up_id,
            renter_party_id=party_id,
            amount_minor=amount_minor,
            currency="USD",
        )
        payment = CardPayment.objects.create(
            pk=top_up_id,
            state=CardPayment.State.CREATING,
            state_deadline_at=clock.now() + ANSWER_WITHIN,
            purpose=CardPayment.Purpose.TOP_UP,
            party_id=party_id,
            clearance_id=clearance_id,
            currency="USD",
            amount_minor=amount_minor,
            payment_method=payment_method,
            idempotency_key=key,
            auto_top_up_id=auto_top_up_id,
        )
        data = {"amount_minor": amount_minor, "automatic": auto_top_up_id is not None}
        audit.record("top_up.requested", actor=actor, subject=payment, data=data)
        enqueue("settlement.charge_top_up", str(payment.pk))
    return ref_of(payment)


def top_up(top_up_id: UUID) -> TopUpRef:
    """How the top-up stands. Raises NotFound."""
    payment = CardPayment.objects.filter(pk=top_up_id, purpose=CardPayment.Purpose.TOP_UP).first()
    if payment is None:
        raise NotFound("There is no such top-up.")
    return ref_of(payment)


def is_known(party_id: UUID, top_up_id: UUID) -> bool:
    """Whether this top-up was asked for by the party before."""
    return CardPayment.objects.filter(pk=top_up_id, party_id=party_id, purpose=CardPayment.Purpose.TOP_UP).exists()


def ref_of(payment: CardPayment) -> TopUpRef:
    """The facts of a row."""
    return TopUpRef(payment.pk, payment.state, payment.party_id, payment.amount_minor, payment.failure_code)
