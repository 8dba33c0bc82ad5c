"""What the card network told of a party's payments."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from compliance.engine.packs import PolicyPack
from compliance.engine.payment_risk import HARMLESS, PaymentRisk
from compliance.models import PaymentSign

Kind = PaymentSign.Kind
# A decision keeps what it rests on; the newest so many say enough.
MOST = 50
SHOWN = 20


def payment_risks_of(party_id: UUID, as_of: datetime, pack: PolicyPack) -> tuple[PaymentRisk, ...]:
    """What speaks against the party, newest first, as far back as the pack's rules look; one query."""
    days = [int(rule.params["max_age_days"]) for rule in pack.rules if rule.function == "card_payments_harmless"]
    if not days:
        return ()
    speaks = Q(kind=Kind.WARNING) | Q(kind=Kind.REVIEW, standing=True) | Q(kind=Kind.OUTCOME) & ~Q(level__in=HARMLESS)
    found = PaymentSign.objects.filter(speaks, party_id=party_id, happened_at__gt=as_of - timedelta(days=max(days)))
    return tuple(
        PaymentRisk(
            party_id=str(party_id),
            kind=row.kind,
            source=row.external_id,
            level=row.level,
            at=row.happened_at,
            score=row.score,
        )
        for row in found.order_by("-happened_at", "pk")[:MOST]
    )


def newest_payment_signs(party_id: UUID) -> list[PaymentSign]:
    """What was told of the party's payments, harmless or not, the newest first."""
    return list(PaymentSign.objects.filter(party_id=party_id).order_by("-happened_at", "kind")[:SHOWN])
