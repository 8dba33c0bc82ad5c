"""What the card network says of its objects, in our words: read alike from an answer and from a notice."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

# Our id of the payment, in the metadata of its PaymentIntent: how a notice finds the row before the row knows the id.
PAYMENT_KEY = "gridclear_payment"
# And our id of a refund, in its metadata.
REFUND_KEY = "gridclear_refund"


@dataclass(frozen=True, slots=True)
class IntentState:
    """A PaymentIntent at one moment; amounts in minor units. `payment_id` is ours, from the metadata.

    `capture_before` is when an authorization runs out, in unix seconds; 0 where the charge was not told.
    """

    id: str
    status: str
    amount_minor: int
    capturable_minor: int
    received_minor: int
    charge_id: str
    payment_id: str
    failure_code: str
    capture_before: int = 0


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One line of the balance at Stripe: `amount_minor` is signed, `net` = amount - fee. `created` is unix seconds.

    `charge` is the charge that its source is about, such as the one that a refund gives back; `refund_id` is our id of
    a refund that we asked for.
    """

    id: str
    kind: str
    source: str
    amount_minor: int
    fee_minor: int
    currency: str
    created: int
    charge: str = ""
    refund_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A provider's connected account."""

    id: str
    payouts_enabled: bool


def balance_line(body: dict[str, Any]) -> BalanceLine:
    """The facts of a balance transaction; with its source told in full, also what that is about."""
    source = body.get("source")
    about = source.get("charge") if isinstance(source, dict) else ""
    return BalanceLine(
        id=body["id"],
        kind=body["type"],
        source=id_of(source),
        amount_minor=body["amount"],
        fee_minor=body["fee"],
        currency=body["currency"],
        created=body["created"],
        charge=id_of(about),
        refund_id=_our_refund(source) if isinstance(source, dict) else None,
    )


def intent_state(body: dict[str, Any]) -> IntentState:
    """The facts of a PaymentIntent, from an answer or from a webhook's payload."""
    failure = body.get("last_payment_error") or {}
    charge = body.get("latest_charge")
    return IntentState(
        id=body["id"],
        status=body["status"],
        amount_minor=body["amount"],
        capturable_minor=body.get("amount_capturable") or 0,
        received_minor=body.get("amount_received") or 0,
        charge_id=charge["id"] if isinstance(charge, dict) else charge or "",
        payment_id=(body.get("metadata") or {}).get(PAYMENT_KEY, ""),
        failure_code=failure.get("decline_code") or failure.get("code") or "",
        capture_before=_capture_before(charge),
    )


def _capture_before(charge: Any) -> int:
    details = charge.get("payment_method_details") if isinstance(charge, dict) else None
    return int(((details or {}).get("card") or {}).get("capture_before") or 0)


def recipient_state(body: dict[str, Any]) -> Recipient:
    """The facts of a connected account: whether money can be moved to it."""
    active = (body.get("capabilities") or {}).get("transfers") == "active"
    return Recipient(body["id"], bool(active and body.get("payouts_enabled")))


@dataclass(frozen=True, slots=True)
class SentTransfer:
    """A transfer to a connected account, less what came back of it, in USD cents; `payout_id` is ours, where it is."""

    id: str
    payout_id: UUID | None
    amount_minor: int


def sent_transfer(body: dict[str, Any]) -> SentTransfer:
    """The facts of a transfer."""
    try:
        payout_id = UUID(body.get("transfer_group") or "")
    except ValueError:
        payout_id = None
    return SentTransfer(body["id"], payout_id, int(body["amount"]) - int(body.get("amount_reversed") or 0))


@dataclass(frozen=True, slots=True)
class DisputeMovement:
    """A line of the balance that a dispute made: below zero the money was taken, above zero it came back."""

    id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DisputeState:
    """A dispute at one moment. `due_by` is unix seconds, 0 where the bank takes no answer."""

    id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    charge_id: str
    intent_id: str
    due_by: int
    submissions: int
    movements: tuple[DisputeMovement, ...]


def dispute_state(body: dict[str, Any]) -> DisputeState:
    """The facts of a dispute, from an answer or from a webhook's payload."""
    details = body.get("evidence_details") or {}
    return DisputeState(
        id=body["id"],
        status=body["status"],
        reason=body["reason"],
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        charge_id=id_of(body.get("charge")),
        intent_id=id_of(body.get("payment_intent")),
        due_by=details.get("due_by") or 0,
        submissions=details.get("submission_count") or 0,
        movements=tuple(DisputeMovement(row["id"], row["amount"]) for row in body.get("balance_transactions") or ()),
    )


@dataclass(frozen=True, slots=True)
class RefundState:
    """A refund at one moment. `refund_id` is ours, from the metadata; the lines are of the platform's balance.

    `line_id` is there once the money has left it, `failure_line_id` once it came back.
    """

    id: str
    status: str
    refund_id: UUID | None
    amount_minor: int
    line_id: str
    failure_line_id: str
    failure_code: str


def refund_state(body: dict[str, Any]) -> RefundState:
    """The facts of a refund, from an answer or from a webhook's payload."""
    return RefundState(
        id=body["id"],
        status=body["status"] or "",
        refund_id=_our_refund(body),
        amount_minor=body["amount"],
        line_id=id_of(body.get("balance_transaction")),
        failure_line_id=id_of(body.get("failure_balance_transaction")),
        failure_code=body.get("failure_reason") or "",
    )


def _our_refund(body: dict[str, Any]) -> UUID | None:
    try:
        return UUID((body.get("metadata") or {}).get(REFUND_KEY, ""))
    except ValueError:
        return None


def id_of(value: Any) -> str:
    """The id of what may be expanded."""
    return str(value["id"]) if isinstance(value, dict) else str(value or "")
