"""What can be asked of the ledger, and the names of its refusals.

After TigerBeetle's model: a transfer is posted at once (`Post`), or reserved (`Pend`) and then posted in parts
(`PostPart`), suspended, resumed or closed. Every id is made by the caller, so that the same cause happens once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from compliance.base.errors import Conflict, InvalidInput, NotFound, Refusal
from settlement.models import PendingTransfer
from settlement.services.accounts import AccountKey


class Unbalanced(InvalidInput):
    """The lines do not sum to zero, are none, or are no whole numbers."""

    code = "unbalanced_transfer"
    default_message = "The lines of this transfer do not balance. Nothing was posted."


class AmountOutOfRange(Unbalanced):
    """An amount is no positive whole number of minor units, or beyond what an account can count."""

    code = "amount_out_of_range"
    default_message = "An amount is no whole number of minor units within range. Nothing was posted."


class PotsMixed(InvalidInput):
    """Card-funded and crypto-funded money would mix: each goes back only to where it came from."""

    code = "pots_mixed"
    default_message = "Money that came by card and money that came by chain do not mix. Nothing was posted."


class CurrenciesMixed(InvalidInput):
    """A transfer would touch two currencies, and be no conversion that names its rate."""

    code = "currencies_mixed"
    default_message = "Money changes its currency only by a conversion at a rate on record. Nothing was posted."


class TransferConflict(Conflict):
    """The id was used before for something else."""

    code = "transfer_conflict"
    default_message = "A transfer with this id and other lines was posted before. Nothing was posted."


class InsufficientFunds(Refusal):
    """An account would cross zero."""

    code = "insufficient_funds"
    http_status: ClassVar[int] = 402
    default_message = "There is not enough money for this. Nothing was moved; top up the balance or ask for less."


class PendingNotFound(NotFound):
    """No such pending transfer."""

    code = "pending_not_found"


class PendingNotOpen(Conflict):
    """The pending transfer is suspended, closed, or past its time."""

    code = "pending_not_open"
    default_message = "This money is not reserved any more. Nothing was posted."


class PendingExceeded(Refusal):
    """More than is left of the pending transfer."""

    code = "pending_exceeded"
    http_status: ClassVar[int] = 402
    default_message = "Less than this is left of what was reserved. Nothing was posted."


@dataclass(frozen=True, slots=True)
class Line:
    """One leg: signed minor units, positive is a credit to the account."""

    account: AccountKey
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Post:
    """The lines are posted. Lines of one account are added up and zeros dropped.

    Of two currencies only as a conversion, whose record the same transaction makes.
    """

    id: UUID
    kind: str
    lines: Sequence[Line]
    subject_id: UUID | None = None
    memo: str = ""
    is_conversion: bool = False


@dataclass(frozen=True, slots=True)
class Pend:
    """`amount_minor` is reserved from `debit` to `credit`, until it is closed or expires."""

    id: UUID
    kind: str
    debit: AccountKey
    credit: AccountKey
    amount_minor: int
    subject_id: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PostPart:
    """`amount_minor` of the pending transfer is posted as transfer `id`; with `close` the rest is released.

    A part of nothing that closes only releases. `quantity` is the new total of what the posted part is for.
    """

    id: UUID
    pending_id: UUID
    amount_minor: int
    quantity: int = 0
    kind: str = ""
    memo: str = ""
    close: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """What is left of the pending transfer is released (VOIDED, EXPIRED) or put aside until resumed (SUSPENDED)."""

    pending_id: UUID
    state: PendingTransfer.State = PendingTransfer.State.VOIDED


@dataclass(frozen=True, slots=True)
class Resume:
    """What was left of the suspended pending transfer is reserved again."""

    pending_id: UUID
    expires_at: datetime | None = None


Op = Post | Pend | PostPart | Close | Resume
