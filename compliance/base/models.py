"""Abstract rows: an id that tells nothing, a creation time from the clock, and a state with a deadline."""

import uuid
from typing import ClassVar

from django.db import models

from compliance.base import clock


class Row(models.Model):
    """A row with a random UUID and its creation time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False, db_index=True)

    class Meta:
        abstract = True


class StatefulRow(Row):
    """A row whose `state` moves only through `transition()`.

    `TRANSITIONS` maps each state to those it may lead to; a state that leads nowhere is terminal. Every other state
    has a `state_deadline_at` (a sweeper ends what outlives it) unless its class documents why not.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {}

    state = models.CharField(max_length=32, db_index=True)
    state_changed_at = models.DateTimeField(default=clock.now)
    state_deadline_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        abstract = True

    @property
    def is_terminal(self) -> bool:
        """Whether no further state can follow."""
        return not self.TRANSITIONS.get(self.state)
