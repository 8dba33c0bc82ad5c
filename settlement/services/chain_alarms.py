"""Alarms of the chain: sounded when something is wrong, ended when it is over, each one row for as long as it lasts."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from compliance.base import actor, audit, clock
from settlement.models import ChainAlarm
from settlement.rails.chain import ChainDisagrees
from settlement.rails.chain_quorum import Fault
from settlement.services.notices import send_on_commit
from settlement.signals import chain_alarmed

logger = logging.getLogger(__name__)

ACTOR = actor.system("chain_alarms")
NODES_DISAGREE = "nodes_disagree"
NODE_FAULTY = "node_faulty"
REORGANISED_TOO_DEEP = "reorganised_too_deep"
TRANSACTION_STUCK = "transaction_stuck"
NONCE_DISPLACED = "nonce_displaced"
EFFECT_FAILED = "effect_failed"
FEE_TOO_HIGH = "fee_too_high"
FREEZE_MISSING = "freeze_missing"
# A node that was well for so long is taken for well.
WELL_AFTER = timedelta(minutes=10)


def sound(code: str, detail: str) -> None:
    """The alarm is open; `chain_alarmed` goes out and the audit log has it when it was not open before."""
    now = clock.now()
    with transaction.atomic():
        row, is_new = ChainAlarm.objects.get_or_create(
            code=code, ended_at=None, defaults={"detail": detail[:300], "last_at": now}
        )
        if not is_new:
            ChainAlarm.objects.filter(pk=row.pk).update(detail=detail[:300], last_at=now, count=F("count") + 1)
            return
        audit.record("chain.alarm", actor=ACTOR, subject=row, data={"code": code, "detail": detail[:300]})
        send_on_commit(chain_alarmed, alarm_id=row.pk, code=code)
    logger.error("chain alarm %s: %s", code, detail)


def end(code: str) -> None:
    """The alarm is over, if it was open."""
    ChainAlarm.objects.filter(code=code, ended_at=None).update(ended_at=clock.now())


def note_faults(faults: Iterable[Fault]) -> None:
    """What was wrong with single nodes is an alarm, until none was wrong for ten minutes."""
    said = sorted({f"{fault.node}: {fault.what}" for fault in faults})
    if said:
        sound(NODE_FAULTY, "; ".join(said))
    else:
        quiet = ChainAlarm.objects.filter(code=NODE_FAULTY, ended_at=None, last_at__lte=clock.now() - WELL_AFTER)
        quiet.update(ended_at=clock.now())


def note_disagreement(refusal: ChainDisagrees | None) -> None:
    """The nodes' disagreement is an alarm for as long as it lasts; None says that they agreed."""
    if refusal is None:
        end(NODES_DISAGREE)
    else:
        sound(NODES_DISAGREE, str(refusal))
