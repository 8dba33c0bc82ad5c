"""What a policy pack would change, before it is switched on: read from the facts as they were stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from compliance.base import clock
from compliance.engine.facts import Facts
from compliance.engine.packs import PolicyPack
from compliance.engine.policy_diff import Turn, turn
from compliance.models import Clearance, Decision
from compliance.selectors.decisions import opened_one_by_one
from compliance.selectors.policies import pack_named


@dataclass(frozen=True, slots=True)
class Turned:
    """A decision to whose facts the pack answers otherwise than the decision's own pack does."""

    decision_id: UUID
    subject_id: UUID
    purpose: str
    pack: str
    turn: Turn


def turned_by(pack: PolicyPack, decisions: QuerySet[Decision]) -> Iterator[Turned]:
    """Those of the decisions that would change, in the order given. Raises NoPackInForce when a pack of then is gone.

    The facts are taken as they were, their moment included: only the pack is another. Decisions on erased facts are
    left out: they cannot be made again.
    """
    wanted = decisions.only("id", "subject_id", "purpose", "facts", "checks", "reasons", "sealed", "pack")
    for row in opened_one_by_one(wanted):
        if row.erased:
            continue
        found = turn(Facts.from_json(row.facts), pack_named(row.pack), pack)
        if found:
            yield Turned(row.pk, row.subject_id, row.purpose, row.pack, found)


def latest_decisions_of_live_leases() -> QuerySet[Decision]:
    """Of each lease that runs on a live clearance, the decision made last; a live lease renews its clearance hourly."""
    live = Clearance.objects.filter(purpose="lease", revoked_at=None, expires_at__gt=clock.now())
    about = Decision.objects.filter(purpose="lease", subject_id__in=live.values("subject_id"))
    newest = about.order_by("subject_id", "-created_at").distinct("subject_id")
    return Decision.objects.filter(pk__in=newest.values("pk")).order_by("-created_at")


def last_decisions(count: int) -> QuerySet[Decision]:
    """The last so many decisions about anything, newest first."""
    return Decision.objects.order_by("-created_at", "-pk")[:count]
