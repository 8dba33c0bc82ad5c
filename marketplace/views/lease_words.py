"""A lease in words: how it ended, how it went, what its state means for the reader."""

from typing import Any

from compliance.selectors.audit import EventFilters, events
from marketplace.models import Lease

RAIL_WORDS = {"balance": "Prepaid balance", "card": "Card", "escrow": "Escrow on chain"}
EVENTS = {
    "lease.requested": ("Requested and cleared", "shield", "allowed"),
    "lease.funded": ("Money set aside", "card", "allowed"),
    "lease.starting": ("Sent to the node", "server", "neutral"),
    "lease.running": ("Running", "play", "allowed"),
    "lease.stopping": ("Stopping", "stop", "neutral"),
    "lease.suspended": ("Suspended", "snow", "frozen"),
    "lease.ended": ("Ended", "stop", "neutral"),
    "lease.settled": ("Settled", "check", "allowed"),
    "lease.failed": ("Did not start", "cross", "refused"),
}
NOTICES = {
    "pending_funds": "We are waiting for the money. Nothing runs and nothing is billed yet.",
    "funded": "The money is set aside. The node fetches the job now.",
    "starting": "The node is starting your workload. Billing begins when it is proven usable.",
    "stopping": "The workload is being ended. No further time is billed.",
    "suspended": "The lease is suspended while a person looks at it. The workload is stopped, and the money that is "
    "left stays where it is. You need to do nothing now; if we have a question, it stands under Verification.",
    "ended": "The workload has ended. The bill is being settled.",
}


def end_words(lease: Lease, *, for_renter: bool) -> str:
    """Why the lease ended, from the reader's side."""
    if lease.end_reason == Lease.EndReason.RENTER_STOPPED and not for_renter:
        return "Stopped by the renter"
    return lease.get_end_reason_display() if lease.end_reason else ""


def timeline(lease: Lease) -> list[dict[str, Any]]:
    """What happened, oldest first, from the audit log."""
    found = events(EventFilters(event="lease.", subject_kind="marketplace.lease", subject_id=str(lease.pk)))
    lines = []
    for event in reversed(found[:60]):
        if event.event not in EVENTS:
            continue
        title, icon, tone = EVENTS[event.event]
        lines.append({"title": title, "icon": icon, "tone": tone, "at": event.at})
    return lines
