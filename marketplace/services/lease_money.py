"""What a lease's course means for its hold. Settlement does the moving; here stands only when and how much."""

import logging

from compliance.base.actor import Actor
from marketplace.lease_pricing import cost_so_far_minor, sla_credit_minor
from marketplace.models import Lease
from settlement.services import holds
from settlement.services.hold_terms import Credit

logger = logging.getLogger(__name__)

_TO_FREEZE = ("opening", "open", "released")
_TO_SETTLE = ("open", "released")


def freeze_money(lease: Lease, reason: str, *, actor: Actor) -> None:
    """What is left in the lease's hold cannot move."""
    if lease.hold is not None and lease.hold.state in _TO_FREEZE:
        holds.freeze_hold(lease.hold.pk, reason, actor=actor)


def unfreeze_money(lease: Lease, *, actor: Actor) -> None:
    """The lease's hold moves again."""
    if lease.hold is not None and lease.hold.state == "frozen":
        holds.unfreeze_hold(lease.hold.pk, actor=actor)


def cancel_money(lease: Lease, *, actor: Actor) -> None:
    """All of the hold goes back to the renter."""
    if lease.hold is not None and lease.hold.state in ("opening", *_TO_SETTLE):
        holds.cancel_hold(lease.hold.pk, actor=actor)


def settle_money(lease: Lease, *, actor: Actor) -> None:
    """The hold is on its way to its end: what was proven is paid, less the credit for a node that died."""
    if lease.hold is None or lease.hold.state not in _TO_SETTLE:
        return
    total = cost_so_far_minor(lease)
    words = f"{lease.gpu_count} x {lease.gpu_model.name}, {lease.billed_seconds} s on {lease.node.name}"
    credit = Credit(sla_credit_minor(lease), lease.end_reason)
    holds.settle_hold(
        lease.hold.pk, total, actor, billed_seconds=lease.billed_seconds, description=words, credit=credit
    )
