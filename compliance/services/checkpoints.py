"""Checkpoints of the audit log: its Merkle root, signed with a key that is not in the database.

Somebody who owns the database can rewrite the log and chain it anew; he cannot sign. What was signed before no longer
fits, and copies of it lie where he does not reach: in the operator's log, with auditors, on chain.
"""

import logging
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from compliance.base import audit, clock, notes
from compliance.base.audit import AuditSeal
from compliance.base.errors import Conflict
from compliance.models import AuditCheckpoint, AuditNode
from compliance.selectors.audit_tree import KEPT_LEVELS, newest_checkpoint, subtree_hash, tree
from compliance.services import signing

logger = logging.getLogger(__name__)

_LOCK = 0x6772_6964_636B_7074  # "gridckpt"
_BATCH = 1000


class LogRewritten(Conflict):
    """The log no longer has the root that was signed before."""

    code = "audit_log_rewritten"
    http_status: ClassVar[int] = 500
    default_message = (
        "The audit log differs from its last checkpoint, so no new one was signed. Run `manage.py audit verify`."
    )


def origin() -> str:
    """The name of this installation's log in its checkpoints."""
    return f"{urlsplit(settings.GRIDCLEAR_BASE_URL).netloc or 'gridclear'}/audit"


def make_checkpoint() -> AuditCheckpoint | None:
    """Everything recorded so far is sealed and covered by a signed checkpoint, which is returned; None for no events.

    Without new events it is the last one. Safe to run in parallel and to repeat.
    Raises LogRewritten when the log no longer leads on from the last checkpoint: nothing is signed then.
    """
    while audit.seal_events():
        pass
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        size = AuditSeal.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        last = newest_checkpoint()
        _require_unchanged(last, size)
        if last is not None and last.size == size:
            return last
        if not size:
            return None
        _keep_nodes(size)
        row = _signed(size)
    # The log of the process goes where the database's owner does not reach: a copy to hold against it later.
    logger.info("audit checkpoint %s %s key %s", row.size, row.root, row.key_id)
    return row


def _require_unchanged(last: AuditCheckpoint | None, size: int) -> None:
    if last is None:
        return
    try:
        unchanged = last.size <= size and tree().root(last.size).hex() == last.root
    except LookupError:
        unchanged = False
    if not unchanged:
        logger.error("the audit log differs from its checkpoint at %s; nothing is signed", last.size)
        raise LogRewritten


def _keep_nodes(size: int) -> None:
    """Every complete subtree of a kept level within the first `size` links has its row."""
    for level in KEPT_LEVELS:
        newest = AuditNode.objects.filter(level=level).order_by("-index").values_list("index", flat=True).first()
        wanted = range(0 if newest is None else newest + 1, size >> level)
        for start in range(wanted.start, wanted.stop, _BATCH):
            AuditNode.objects.bulk_create(
                AuditNode(level=level, index=index, hash=subtree_hash(level, index).hex())
                for index in range(start, min(start + _BATCH, wanted.stop))
            )


def _signed(size: int) -> AuditCheckpoint:
    key = signing.evidence_key()
    root = tree().root(size)
    note = notes.sign(notes.Checkpoint(origin(), size, root), key.private)
    return AuditCheckpoint.objects.create(size=size, root=root.hex(), signed_at=clock.now(), key_id=key.kid, note=note)
