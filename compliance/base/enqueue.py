"""Work for the background is handed over only once the transaction stands."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)


def enqueue(task_name: str, *args: Any, countdown: float | None = None) -> None:
    """When the present transaction commits, the named task is sent to the broker.

    A broker that cannot be reached is logged and not raised: the deed stands, and the periodic sweep finds its work
    in the database. Arguments are ids only.
    """

    def send() -> None:
        try:
            current_app.send_task(task_name, args=args, countdown=countdown)
        except Exception:  # the sweep re-derives the work
            logger.warning("broker unreachable; %s is left to the sweep", task_name)

    transaction.on_commit(send)
