"""Signals upward, sent only once the transaction stands; a receiver that fails costs minutes, never correctness."""

import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

logger = logging.getLogger(__name__)


def send_on_commit(signal: Signal, **payload: Any) -> None:
    """When the present transaction commits, every receiver is told; what a receiver raises is logged."""

    def send() -> None:
        for receiver, answer in signal.send_robust(sender=None, **payload):
            if isinstance(answer, Exception):
                logger.error("%s failed; the sweep does its work: %s", receiver, type(answer).__name__)

    transaction.on_commit(send)
