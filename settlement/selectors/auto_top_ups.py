"""Automatic top-ups: how a party's rule stands, and whose card is to be charged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from compliance.base import clock
from settlement.models import Account, AutoTopUp, CardPayment, Dispute
from settlement.money import LEAST_CARD_MINOR

ON_ITS_WAY = (CardPayment.State.CREATING, CardPayment.State.PROCESSING)
CAME_TO_NOTHING = (CardPayment.State.FAILED, CardPayment.State.CANCELED)
CONTESTED = (Dispute.State.NEEDS_RESPONSE, Dispute.State.UNDER_REVIEW)


@dataclass(frozen=True, slots=True)
class AutoTopUpView:
    """A party's rule at one moment; amounts in USD cents.

    `hindrance` says why nothing would be charged although it is on: "on_its_way", "waiting", "limit", "contested", or
    nothing. `charged_minor` is what it brought, or is bringing, in this calendar month (UTC).
    """

    state: str
    threshold_minor: int
    amount_minor: int
    monthly_limit_minor: int
    payment_method: str
    card_words: str
    stopped_code: str
    wait_until_at: datetime | None
    charged_minor: int
    hindrance: str


def auto_top_up_of(party_id: UUID) -> AutoTopUpView | None:
    """How the party's rule stands; None for a party that never had one. One query."""
    row = _told().filter(party_id=party_id).first()
    if row is None:
        return None
    return AutoTopUpView(
        state=row.state,
        threshold_minor=row.threshold_minor,
        amount_minor=row.amount_minor,
        monthly_limit_minor=row.monthly_limit_minor,
        payment_method=row.payment_method,
        card_words=row.card_words,
        stopped_code=row.stopped_code,
        wait_until_at=row.wait_until_at,
        charged_minor=row.charged,
        hindrance=_hindrance(row),
    )


def due_auto_top_ups() -> QuerySet[AutoTopUp]:
    """The rules under which a card is to be charged now.

    Not for who owes the platform or whose payment is contested at the bank: the card that was taken back is no source.
    """
    return _told().filter(
        _may_begin(clock.now()),
        state=AutoTopUp.State.ON,
        party__erased_at=None,
        charging=False,
        contested=False,
        owed__gt=-LEAST_CARD_MINOR,
        free__lt=F("threshold_minor"),
        charged__lte=F("monthly_limit_minor") - F("amount_minor"),
    )


def unannounced_stops() -> QuerySet[AutoTopUp]:
    """The rules that have stopped, of which nobody was told."""
    return AutoTopUp.objects.filter(state=AutoTopUp.State.STOPPED, noticed_at=None)


def _may_begin(now: datetime) -> Q:
    return Q(wait_until_at=None) | Q(wait_until_at__lte=now)


def _told() -> QuerySet[Any]:
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    mine = CardPayment.objects.filter(auto_top_up=OuterRef("pk"))
    this_month = mine.filter(created_at__gte=month).exclude(state__in=CAME_TO_NOTHING)
    charged = this_month.values("auto_top_up").annotate(sum=Sum("amount_minor")).values("sum")
    return AutoTopUp.objects.annotate(
        free=_balance(Account.Kind.AVAILABLE),
        owed=_balance(Account.Kind.CLAIM) + _balance(Account.Kind.WRITTEN_OFF),
        charged=Coalesce(Subquery(charged, output_field=BigIntegerField()), 0, output_field=BigIntegerField()),
        charging=Exists(mine.filter(state__in=ON_ITS_WAY)),
        contested=Exists(Dispute.objects.filter(party=OuterRef("party"), state__in=CONTESTED)),
    )


def _balance(kind: str) -> Coalesce:
    pot = Account.objects.filter(party=OuterRef("party"), kind=kind, pot=Account.Pot.CARD, currency="USD")
    return Coalesce(
        Subquery(pot.values("balance_minor")[:1], output_field=BigIntegerField()), 0, output_field=BigIntegerField()
    )


def _hindrance(row: Any) -> str:
    if row.state != AutoTopUp.State.ON:
        return ""
    if row.charging:
        return "on_its_way"
    if row.contested or row.owed <= -LEAST_CARD_MINOR:
        return "contested"
    if row.charged + row.amount_minor > row.monthly_limit_minor:
        return "limit"
    return "waiting" if row.wait_until_at and row.wait_until_at > clock.now() else ""
