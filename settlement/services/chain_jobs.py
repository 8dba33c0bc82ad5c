"""What is to be done on chain stands in the database, posted with the deed that asks for it; a task only rings."""

from uuid import UUID

from django.db import transaction

from compliance.base import clock
from compliance.base.enqueue import enqueue
from settlement.models import ChainJob

Kind = ChainJob.Kind
DOORBELL = "settlement.work_chain"


def post(kind: ChainJob.Kind, hold_id: UUID) -> None:
    """The job stands once the present transaction does, due now; posted again while it stands, it is due again."""
    now = clock.now()
    with transaction.atomic():
        ChainJob.objects.update_or_create(
            kind=kind, hold_id=hold_id, defaults={"posted_at": now, "due_at": now, "attempts": 0}
        )
        enqueue(DOORBELL)


def post_missing(kind: ChainJob.Kind, hold_id: UUID) -> None:
    """As `post`, by a sweep: a job that stands keeps its turn, however often the sweep comes by."""
    now = clock.now()
    with transaction.atomic():
        ChainJob.objects.get_or_create(kind=kind, hold_id=hold_id, defaults={"posted_at": now, "due_at": now})
        enqueue(DOORBELL)
