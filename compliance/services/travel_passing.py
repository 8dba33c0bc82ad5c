"""A record is marked: the other provider has the data, or for a deposit, we have theirs. Once, whoever says so."""

from uuid import UUID

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound
from compliance.models import TravelRecord


def passed(record_id: UUID, to: str, reference: str, *, by: Actor) -> TravelRecord:
    """The record says with whom the data were exchanged, under which reference. Raises NotFound, Conflict.

    The caller is in a transaction.
    """
    given = TravelRecord.objects.filter(pk=record_id, passed_at=None).update(
        passed_at=clock.now(), passed_to=to.strip()[:120], passed_by=by.ref, reference=reference.strip()[:120]
    )
    row = TravelRecord.objects.filter(pk=record_id).first()
    if row is None:
        raise NotFound("There is no such travel record. Nothing was changed.")
    if not given:
        raise Conflict("This was passed on before. Nothing was changed.")
    audit.record("travel.passed_on", actor=by, subject=row)
    return row
