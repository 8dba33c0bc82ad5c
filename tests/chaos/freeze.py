"""Two officers freeze a party under load and let it go again: `python -m tests.chaos.freeze SEED`, until both are done.

Run in the house's environment. Each deed is tried again until the database took it, as an officer would press the
button again: another fault may strike at any line of it.
"""

import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import django

django.setup()

from django.db import close_old_connections  # noqa: E402
from django.db.utils import InterfaceError, OperationalError  # noqa: E402

from compliance.base.errors import NotFound  # noqa: E402
from compliance.models import Restriction  # noqa: E402
from compliance.services import restriction_orders, restrictions  # noqa: E402
from marketplace.development.seeding.people import officer_actor  # noqa: E402
from marketplace.models import Lease  # noqa: E402

Found = TypeVar("Found")
LONGEST_FREEZE_SECONDS = 30.0
ATTEMPTS = 300
ORDER = restriction_orders.Order(
    reason_code=restriction_orders.OrderReason.SUSPICION.value,
    basis=Restriction.Basis.RED_FLAG.value,
    reason="A freeze under load",
    citation="tests/chaos, 2026-11-26",
)


def _patiently(deed: Callable[[], Found]) -> Found:
    """What the deed returned, as soon as the database was there for all of it."""
    for _ in range(ATTEMPTS):
        close_old_connections()
        try:
            return deed()
        except (OperationalError, InterfaceError):
            time.sleep(1)
    return deed()


def _someone(dice: random.Random) -> UUID | None:
    """A party of a lease that is under way, renter or provider; None when there is none."""
    under_way = Lease.objects.exclude(state__in=(Lease.State.SETTLED, Lease.State.FAILED))
    sides = [each for pair in under_way.values_list("renter_party_id", "provider_party_id") for each in pair]
    return dice.choice(sorted(sides)) if sides else None


def _freeze(party_id: UUID) -> UUID:
    standing = Restriction.objects.filter(party_id=party_id, case=None, lifted_at=None).first()
    row = standing or restriction_orders.order(party_id, ORDER, actor=officer_actor(0))
    return row.pk


def _release(restriction_id: UUID) -> None:
    try:
        restrictions.propose_lift(restriction_id, "The freeze under load is over", actor=officer_actor(0))
        restrictions.lift(restriction_id, actor=officer_actor(1))
    except NotFound:
        # The connection broke after the commit: it has fallen.
        return


def main() -> None:
    """One party was frozen for some seconds and is free again."""
    dice = random.Random(sys.argv[1])
    party_id = _patiently(lambda: _someone(dice))
    if party_id is None:
        return
    restriction_id = _patiently(lambda: _freeze(party_id))
    time.sleep(dice.uniform(1, LONGEST_FREEZE_SECONDS))
    _patiently(lambda: _release(restriction_id))


if __name__ == "__main__":
    main()
