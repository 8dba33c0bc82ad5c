"""The chain's alarms as operators see them."""

from dataclasses import dataclass
from datetime import datetime

from settlement.models import ChainAlarm

_WORDS = {
    "nodes_disagree": (
        "The chain's nodes do not agree",
        "Nothing is read or concluded from the chain until they do: look at the nodes of CHAIN_RPC_URL.",
    ),
    "node_faulty": ("A node of the chain is not to be relied on", "Mend it or name another in CHAIN_RPC_URL."),
    "reorganised_too_deep": (
        "The chain changed below all that is remembered",
        "The indexer has stopped: find out which chain is the right one before anything else.",
    ),
    "transaction_stuck": (
        "A transaction of ours waits",
        "Look at the fees of the chain and at CHAIN_MAX_FEE_GWEI; later ones of the same key wait behind it.",
    ),
    "effect_failed": (
        "An event of the contract cannot be booked",
        "It and all later ones wait, and are tried again at each round: find out why the books refuse it.",
    ),
    "fee_too_high": (
        "The chain asks more for gas than is set",
        "Closings, payouts and freezes on chain wait: raise CHAIN_MAX_FEE_GWEI, or wait until the fees fall.",
    ),
    "freeze_missing": (
        "Something that must be frozen on chain is not, or not for long",
        "Its freeze or renewal was refused, or is not sent: look at the guardian's key, its role and its gas.",
    ),
    "nonce_displaced": (
        "Somebody else used a key of ours",
        "A transaction that is not ours used its nonce. If no operator sent it, the key is stolen: revoke its role.",
    ),
}


@dataclass(frozen=True, slots=True)
class ChainAlarmFacts:
    """One open alarm: what it is, what to do, what exactly was seen, since when and how often."""

    code: str
    title: str
    advice: str
    detail: str
    since: datetime
    count: int


def open_chain_alarms() -> list[ChainAlarmFacts]:
    """The alarms that are not over, oldest first."""
    found = []
    for row in ChainAlarm.objects.filter(ended_at=None).order_by("created_at"):
        title, advice = _WORDS.get(row.code, (row.code, ""))
        found.append(ChainAlarmFacts(row.code, title, advice, row.detail, row.created_at, row.count))
    return found
