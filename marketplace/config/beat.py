"""The beat's memory of what ran when, which outlives a beat that was killed while writing it."""

import logging
from typing import Any

from celery.beat import PersistentScheduler

logger = logging.getLogger(__name__)


class SturdyScheduler(PersistentScheduler):  # type: ignore[misc]  # Celery ships no types
    """Celery's own scheduler, but a file that cannot be read is begun anew instead of ending the beat at each start.

    Celery looks only whether the file opens; what a killed beat leaves opens and does not unpickle. What is lost is
    when each task ran last: every sweep may come once more or a little later, which each of them bears.
    """

    def _open_schedule(self) -> Any:
        store = super()._open_schedule()
        try:
            for key in store:
                store[key]
        except Exception as error:  # whatever pickle makes of arbitrary bytes
            logger.warning("the beat's schedule could not be read (%s) and is begun anew", type(error).__name__)
            store.dict.close()
            self._remove_db()
            return super()._open_schedule()
        return store
