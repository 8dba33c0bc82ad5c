"""Signals upward, sent only once the transaction stands."""

import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

logger = logging.getLogger(__name__)


def send_on_commit(signal: Signal, **payload: Any) -> None:
    """When the present transaction commits, every receiver is told; what a receiver raises is logged and not raised."""

    def send() -> None:
        for receiver, answer in signal.send_robust(sender=None, **payload):
            if isinstance(answer, Exception):
                logger.error("%s failed; the sweep does its work", receiver, exc_info=answer)

    transaction.on_commit(send)
