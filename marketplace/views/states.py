"""How each state looks: its word, its tone and its icon. Never colour alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """A tone of the brand sheet, an icon of the sprite and a word."""

    word: str
    tone: str
    icon: str


LOOKS: dict[str, Look] = {
    # decisions
    "ALLOW": Look("Allowed", "allowed", "check"),
    "REVIEW": Look("In review", "waiting", "clock"),
    "DENY": Look("Refused", "refused", "cross"),
    # tests of ownership
    "YES": Look("Yes", "refused", "cross"),
    "NO": Look("No", "allowed", "check"),
    "UNRESOLVED": Look("Unresolved", "waiting", "clock"),
    # leases
    "pending_funds": Look("Waiting for funds", "waiting", "clock"),
    "funded": Look("Funded", "allowed", "check"),
    "starting": Look("Starting", "waiting", "clock"),
    "running": Look("Running", "allowed", "play"),
    "stopping": Look("Stopping", "waiting", "stop"),
    "ended": Look("Ended", "neutral", "stop"),
    "settled": Look("Settled", "allowed", "check"),
    "suspended": Look("Suspended", "frozen", "snow"),
    "failed": Look("Failed", "refused", "cross"),
    # refunds
    "refund_requested": Look("On its way", "waiting", "clock"),
    "refund_sending": Look("On its way", "waiting", "clock"),
    "refund_done": Look("Given back", "allowed", "check"),
    "refund_failed": Look("Failed, nothing went back", "refused", "cross"),
    # nodes and offers
    "online": Look("Online", "allowed", "check"),
    "offline": Look("Offline", "neutral", "ring"),
    "pending": Look("Waiting", "waiting", "clock"),
    "enrolled": Look("Enrolled", "allowed", "check"),
    "retired": Look("Retired", "neutral", "stop"),
    "draft": Look("Draft", "neutral", "ring"),
    "active": Look("Active", "allowed", "check"),
    "paused": Look("Paused", "neutral", "pause"),
    "withdrawn": Look("Withdrawn", "neutral", "stop"),
    # identity
    "submitted": Look("Submitted", "waiting", "clock"),
    "verified": Look("Verified", "allowed", "check"),
    "rejected": Look("Rejected", "refused", "cross"),
    "changed": Look("Changed", "waiting", "clock"),
    "expired": Look("Expired", "waiting", "clock"),
    "none": Look("Not started", "neutral", "ring"),
    "need_met": Look("There", "allowed", "check"),
    "need_pending": Look("Being checked", "waiting", "clock"),
    "need_open": Look("Missing", "neutral", "ring"),
    "processing": Look("Being checked", "waiting", "clock"),
    "canceled": Look("Not finished", "neutral", "stop"),
    "proven": Look("Proven", "allowed", "check"),
    "claimed": Look("Not proven", "waiting", "clock"),
    "stored": Look("Kept", "allowed", "check"),
    # cases and matches
    "open": Look("Open", "waiting", "ring"),
    "awaiting_party": Look("Waiting for the party", "waiting", "mail"),
    "awaiting_approval": Look("Waiting for a second officer", "waiting", "user"),
    "closed": Look("Closed", "neutral", "check"),
    "match_open": Look("Not decided", "waiting", "ring"),
    "match_confirmed": Look("Same party", "refused", "flag"),
    "match_outdated": Look("Entry changed or gone", "neutral", "clock"),
    "match_false_positive": Look("Another party", "allowed", "check"),
    "answer_holds": Look("Holds", "allowed", "check"),
    "answer_ended": Look("Ended", "neutral", "ring"),
    # batches of cases
    "batch_preparing": Look("Being proposed", "waiting", "clock"),
    "batch_proposed": Look("Waiting for a second officer", "waiting", "user"),
    "batch_approved": Look("Approved, not sealed yet", "waiting", "clock"),
    "batch_sealing": Look("Being sealed", "waiting", "clock"),
    "batch_sealed": Look("Sealed", "allowed", "check"),
    "batch_undoing": Look("Being undone", "waiting", "clock"),
    "batch_undone": Look("Undone", "neutral", "stop"),
    "item_waiting": Look("Waiting", "waiting", "ring"),
    "item_proposed": Look("Proposed", "waiting", "user"),
    "item_released": Look("Released", "allowed", "check"),
    "item_skipped": Look("Left out", "neutral", "cross"),
    "item_returned": Look("Open again", "waiting", "ring"),
    # holds and payouts
    "opening": Look("Being set aside", "waiting", "clock"),
    "settling": Look("Being settled", "waiting", "clock"),
    "sending": Look("On its way", "waiting", "up"),
    "sent": Look("Sent", "allowed", "check"),
    "frozen": Look("Frozen", "frozen", "snow"),
    "refused": Look("Refused", "refused", "cross"),
    # automatic top-up
    "auto_on": Look("On", "allowed", "check"),
    "auto_stopped": Look("Stopped", "refused", "warn"),
    "auto_off": Look("Off", "neutral", "ring"),
    # debts
    "write_off_proposed": Look("Waiting for a second officer", "waiting", "user"),
    "write_off_written_off": Look("Written off", "neutral", "stop"),
    "write_off_withdrawn": Look("Withdrawn", "neutral", "ring"),
    # what the card network told of payments
    "risk_normal": Look("Normal", "allowed", "check"),
    "risk_elevated": Look("Elevated", "waiting", "up"),
    "risk_highest": Look("Highest", "refused", "warn"),
    "risk_unknown": Look("Not judged", "neutral", "ring"),
    "warning_standing": Look("Warned", "refused", "flag"),
    "warning_over": Look("Refunded or disputed since", "neutral", "flag"),
    "review_open": Look("Under review", "waiting", "clock"),
    "review_closed": Look("Review closed", "neutral", "check"),
    # disputes
    "needs_response": Look("To answer", "waiting", "clock"),
    "under_review": Look("At the bank", "waiting", "building"),
    "won": Look("Won", "allowed", "check"),
    "lost": Look("Lost", "refused", "cross"),
    # watchlist versions
    "loading": Look("Loading", "waiting", "clock"),
    "current": Look("Current", "allowed", "check"),
    "superseded": Look("Superseded", "neutral", "ring"),
    "missing": Look("Missing", "refused", "warn"),
    "stale": Look("Stale", "refused", "warn"),
    "unused": Look("Not in use", "neutral", "ring"),
    "entry_added": Look("Added", "waiting", "plus"),
    "entry_changed": Look("Changed", "neutral", "dot"),
    "entry_removed": Look("Removed", "allowed", "cross"),
    "fetch_loaded": Look("A new version", "allowed", "plus"),
    "fetch_confirmed": Look("The same content", "allowed", "check"),
    "fetch_not_modified": Look("Not modified", "allowed", "check"),
    "fetch_refused": Look("Refused", "refused", "cross"),
    "fetch_failed": Look("Not reached", "refused", "warn"),
    # restrictions
    "restriction_live": Look("Stands", "frozen", "snow"),
    "restriction_to_confirm": Look("Stands, to be confirmed", "waiting", "user"),
    "restriction_to_lift": Look("Stands, to be lifted", "waiting", "user"),
    "restriction_lifted": Look("Lifted", "neutral", "check"),
    "restriction_expired": Look("Ended on its day", "neutral", "clock"),
    # travel data
    "travel_waiting": Look("Waiting", "waiting", "clock"),
    "travel_failed": Look("Not delivered", "refused", "warn"),
    "travel_passed": Look("Exchanged", "allowed", "check"),
    "travel_kept": Look("Kept here", "neutral", "check"),
    "provider_new": Look("To be confirmed", "waiting", "user"),
    "provider_confirmed": Look("Confirmed", "allowed", "check"),
    "provider_retired": Look("Retired", "neutral", "stop"),
    # retention
    "hold_standing": Look("Stands", "frozen", "snow"),
    "hold_lift_proposed": Look("To be lifted", "waiting", "user"),
    "hold_lifted": Look("Lifted", "neutral", "check"),
    "erased": Look("Erased", "neutral", "ring"),
    "bundle_requested": Look("Asked for", "waiting", "clock"),
    "bundle_building": Look("Being made", "waiting", "clock"),
    "bundle_ready": Look("Ready", "allowed", "check"),
    "bundle_failed": Look("Failed", "refused", "cross"),
    "bundle_expired": Look("Gone", "neutral", "ring"),
    # reports
    "report_draft": Look("Draft", "waiting", "ring"),
    "report_awaiting_approval": Look("Waiting for a second officer", "waiting", "user"),
    "report_filed": Look("Filed", "allowed", "check"),
    "report_not_required": Look("Not required", "neutral", "ring"),
    # books and chains
    "ok": Look("In order", "allowed", "check"),
    "broken": Look("Broken", "refused", "warn"),
    "revoked": Look("Revoked", "neutral", "cross"),
}


def look(state: str) -> Look:
    """The look of a state; an unknown one is shown in words, neutrally."""
    return LOOKS.get(state) or LOOKS.get(state.lower()) or Look(state.replace("_", " ").capitalize(), "neutral", "dot")
