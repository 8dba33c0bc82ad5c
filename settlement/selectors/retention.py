"""From when the books let a party's records go."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q

from settlement.models import Account

# Something is on account, or reserved on its way in or out. What was written off is expected no more.
_HOLDS_MONEY = ~Q(kind=Account.Kind.WRITTEN_OFF) & (
    ~Q(balance_minor=0) | Q(debits_pending__gt=0) | Q(credits_pending__gt=0)
)


def account_clocks() -> list[tuple[UUID, datetime | None]]:
    """(party, when its last entry was made) for every party with an account; None while any of them holds money."""
    rows = (
        Account.objects.filter(party_id__isnull=False)
        .values("party_id")
        .annotate(holding=Count("pk", filter=_HOLDS_MONEY), last=Max("entered_at"), opened=Max("created_at"))
    )
    return [(row["party_id"], None if row["holding"] else row["last"] or row["opened"]) for row in rows]
