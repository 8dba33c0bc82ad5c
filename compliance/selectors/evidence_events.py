"""What the audit log says of the subjects of a bundle, each event with the proof that it is in the log."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from compliance.base.audit import AuditEvent
from compliance.selectors.audit_tree import inclusion_proofs

# Who looked at what, and what was reported to whom, is no part of what happened.
LEFT_OUT = ("personal_data.", "report.", "evidence.")


def proven_events(about: Iterable[tuple[str, str]]) -> tuple[list[dict[str, Any]], str]:
    """The events about these (kind, id), in the log's order, with proofs to one signed checkpoint; and that checkpoint.

    Raises NotFound when no checkpoint covers them all: make one first.
    """
    by_kind: dict[str, set[str]] = {}
    for kind, key in about:
        by_kind.setdefault(kind, set()).add(key)
    wanted = Q(pk__in=[])
    for kind, ids in by_kind.items():
        wanted |= Q(subject_kind=kind, subject_id__in=ids)
    found = AuditEvent.objects.filter(wanted, seal__isnull=False).select_related("seal").order_by("seal__sequence")
    events = [event for event in found if not event.event.startswith(LEFT_OUT)]
    proofs = inclusion_proofs([event.seal.sequence for event in events])
    rows = [
        {
            "sequence": event.seal.sequence,
            "event_id": event.pk,
            "previous_hash": event.seal.previous_hash,
            "hash": event.seal.hash,
            "body": event.body(),
            "path": list(proof.path),
        }
        for event, proof in zip(events, proofs, strict=True)
    ]
    return rows, proofs[0].checkpoint.note if proofs else ""
