"""From when the marketplace lets a party's records go."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Max, Q
from django.db.models.functions import Coalesce

from marketplace.models import Lease

ENDED = (Lease.State.SETTLED, Lease.State.FAILED)


def lease_clocks() -> list[tuple[UUID, datetime | None]]:
    """(party, when its last lease ended) for everybody who rented or provided; None while one is not settled."""
    found: dict[UUID, datetime | None] = {}
    for side in ("renter_party_id", "provider_party_id"):
        rows = Lease.objects.values(party=F(side)).annotate(
            going=Count("pk", filter=~Q(state__in=ENDED)), last=Max(Coalesce("ended_at", "state_changed_at"))
        )
        for row in rows:
            party, last = row["party"], None if row["going"] else row["last"]
            before = found.get(party, last)
            found[party] = None if last is None or before is None else max(before, last)
    return list(found.items())
