"""What the card network tells of payments is taken in as facts about who paid."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.engine.payment_risk import HARMLESS
from compliance.models import PaymentSign
from compliance.services.notices import send_on_commit
from compliance.signals import facts_moved

Kind = PaymentSign.Kind
_MAY_CHANGE = ("level", "score", "outcome_type", "network_status", "message", "standing")


@dataclass(frozen=True, slots=True)
class PaymentSignTold:
    """One assessment, warning or review of one payment; see the model for its words."""

    kind: str
    external_id: str
    payment_id: UUID
    happened_at: datetime
    level: str = ""
    score: int | None = None
    outcome_type: str = ""
    network_status: str = ""
    message: str = ""
    standing: bool = True


def note(party_id: UUID, told: PaymentSignTold, *, actor: Actor) -> bool:
    """It stands on record about the party. Returns whether that was news; told twice, late or out of order, it is once.

    Whoever is being served is looked at again when the news speaks against the party, or no longer does.
    """
    with transaction.atomic():
        row, fresh = PaymentSign.objects.select_for_update().get_or_create(
            kind=told.kind, external_id=told.external_id, defaults=_columns(party_id, told)
        )
        if row.party_id != party_id or not (fresh or _learn(row, told)):
            return False
        data = {"kind": row.kind, "level": row.level, "standing": row.standing}
        audit.record("payment_sign.noted", actor=actor, subject=row, data=data)
        if row.kind != Kind.OUTCOME or row.level not in HARMLESS:
            send_on_commit(facts_moved, party_ids=[party_id], what="payment")
    return True


def forget_signs(before: datetime) -> int:
    """No sign stays that is older than that moment; returns how many went."""
    return PaymentSign.objects.filter(happened_at__lt=before).delete()[0]


def _columns(party_id: UUID, told: PaymentSignTold) -> dict[str, Any]:
    return {
        "party_id": party_id,
        "payment_id": told.payment_id,
        "level": told.level[:32],
        "score": told.score,
        "outcome_type": told.outcome_type[:32],
        "network_status": told.network_status[:32],
        "message": told.message[:200],
        "standing": told.standing,
        "happened_at": told.happened_at,
        "changed_at": clock.now(),
    }


def _learn(row: PaymentSign, told: PaymentSignTold) -> bool:
    """What is told besides what is known is on record; says whether there was anything."""
    wanted = _columns(row.party_id, told)
    # News may come in any order: an old one opens nothing again, and takes nothing back that was told.
    wanted["standing"] = row.standing and told.standing
    news = {name: wanted[name] for name in _MAY_CHANGE if wanted[name] not in ("", None, getattr(row, name))}
    if not news:
        return False
    for name, value in {**news, "changed_at": wanted["changed_at"]}.items():
        setattr(row, name, value)
    row.save(update_fields=[*news, "changed_at"])
    return True
