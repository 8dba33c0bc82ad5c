"""Rows of a sweep stand alone: whatever goes wrong with one stops no other, and officers hear of what is stuck."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import OperationalError

from compliance.base import faults
from compliance.base.actor import Actor
from compliance.base.errors import StaleState
from compliance.services import money_alarms
from settlement.rails.card import CardError

logger = logging.getLogger(__name__)
# Another process was first, or a rail is away: the next round is not likely to meet it.
PASSING = (OperationalError, StaleState, CardError)


def each(work: str, ids: Iterable[UUID], act: Callable[[UUID], object], *, actor: Actor) -> int:
    """The deed was tried on every row; returns of how many it returned something true.

    `act` opens its own transaction. What it raises is logged, and is a case for officers unless it passes by itself:
    one for each kind of work and cause, however often it comes back.
    """
    done = 0
    for row_id in list(ids):
        try:
            done += bool(act(row_id))
        except PASSING as error:
            logger.warning("%s %s waits: %s", work, row_id, faults.place_of(error))
        except Exception as error:
            logger.error("%s %s is stuck: %s", work, row_id, faults.place_of(error))
            money_alarms.open_case_of_stuck(work, faults.code_of(error), str(row_id), row_id, actor=actor)
    return done
