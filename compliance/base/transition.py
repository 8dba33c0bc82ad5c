"""The one way in which a state changes."""

from datetime import datetime
from typing import Any

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import IllegalTransition, StaleState
from compliance.base.models import StatefulRow


def transition(
    row: StatefulRow,
    to: str,
    *,
    actor: Actor,
    event: str,
    data: dict[str, Any] | None = None,
    deadline_at: datetime | None = None,
    **changes: Any,
) -> None:
    """The row stands in state `to`, with `changes`, and the audit event is in the same transaction.

    Compare-and-set: it holds only if the database still has the state that `row` was read with. `row` is updated in
    memory too. `data` must hold no personal data.

    Raises IllegalTransition when the state machine has no such edge, StaleState when another process was first.
    """
    before = row.state
    if to not in row.TRANSITIONS.get(before, frozenset()):
        raise IllegalTransition(
            f"This {row._meta.verbose_name} is {before}; it cannot become {to}. Nothing was changed."
        )
    now = clock.now()
    values = {"state": to, "state_changed_at": now, "state_deadline_at": deadline_at, **changes}
    with transaction.atomic():
        updated = type(row)._base_manager.filter(pk=row.pk, state=before).update(**values)
        if not updated:
            raise StaleState(
                f"This {row._meta.verbose_name} is no longer {before}. Nothing was changed; reload and try again."
            )
        audit.record(event, actor=actor, subject=row, data={"from": before, "to": to, **(data or {})})
    for name, value in values.items():
        setattr(row, name, value)
