"""What a refund does in the books: who bears it, and what is undone when it comes to nothing.

| step | provider | platform | renter |
|---|---|---|---|
| to the balance | `claim`, paid off at once from what it has | `chargebacks` | `available` |
| to a card, requested | the same | the same | `refunding` |
| the network took it | | | `refunding` to `stripe_clearing` |
| it came to nothing | a debt first, the rest `payable` | `chargebacks` | out of `refunding`, or of `stripe_clearing` |

Each side gives back what it had of the amount, as the receipt divided it. Unused money of a top-up its owner bears
alone: out of `available`, and back into it.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Sum

from settlement.models import Receipt, Refund
from settlement.selectors.refunds import State
from settlement.services import claims, dispute_money, ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_platform
from settlement.services.ledger import Line, Post

USD = claims.USD
GIVEN, REQUESTED, SENT = "refund.given", "refund.requested", "refund.sent"
TURNED_BACK, RETURNED, LATE = "refund.turned_back", "refund.returned", "refund.late"
# Transfers whose memo is the line of the network's balance that they answer to.
LINES = (SENT, RETURNED, LATE)
COSTS = of_platform(Kind.CHARGEBACKS, Pot.CARD, USD)
STRIPE = clearing(Pot.CARD, USD)


def fee_of(receipt: Receipt, amount_minor: int) -> int:
    """The platform's part of the amount: over all refunds of a receipt each side gives back what it had."""
    before = Refund.objects.filter(receipt=receipt).exclude(state=State.FAILED)
    sums = before.aggregate(amount=Sum("amount_minor"), fee=Sum("fee_minor"))
    amount, fee = sums["amount"] or 0, sums["fee"] or 0
    of_provider = (amount + amount_minor) * receipt.payee_minor // receipt.total_minor - (amount - fee)
    return max(0, amount_minor - of_provider)


def lock(refund_id: UUID, party_id: UUID, payee_party_id: UUID) -> None:
    """All that the refund can touch is locked; a dispute about the same waits, as it touches the same."""
    parties = (party_id, payee_party_id)
    keys = [COSTS, STRIPE, _refunding(party_id), *(key for each in parties for key in claims.accounts_of(each))]
    causes = (GIVEN, REQUESTED, SENT, TURNED_BACK, RETURNED, LATE)
    ledger.lock(keys, causes=[ledger.transfer_id_for(cause, refund_id) for cause in causes])


def lock_unused(party_id: UUID) -> None:
    """All that unused money touches on its way out of its owner's balance is locked, and the owner's debts with it."""
    ledger.lock([*claims.accounts_of(party_id), _refunding(party_id)])


def take(row: Refund, *, to_card: bool) -> None:
    """The amount is the renter's, or on its way to its card; the provider owes its part and paid what it could."""
    destination = _refunding(row.party_id) if to_card else claims.key_of(Kind.AVAILABLE, row.party_id)
    _post(row, REQUESTED if to_card else GIVEN, [*_borne(row), Line(destination, row.amount_minor)])
    claims.pay_off(row.payee_party_id)
    if not to_card:
        claims.pay_off(row.party_id)


def take_unused(rows: Iterable[Refund]) -> None:
    """The amounts left their owner's balance for its cards. The caller holds its accounts (`lock_unused`)."""
    ledger.submit(
        [
            Post(
                ledger.transfer_id_for(REQUESTED, row.pk),
                REQUESTED,
                [
                    Line(claims.key_of(Kind.AVAILABLE, row.party_id), -row.amount_minor),
                    Line(_refunding(row.party_id), row.amount_minor),
                ],
                row.top_up_id,
            )
            for row in rows
        ]
    )


def send(row: Refund, line_id: str) -> None:
    """The network took the amount out of the platform's balance, by that line."""
    _post(row, SENT, [Line(_refunding(row.party_id), -row.amount_minor), Line(STRIPE, row.amount_minor)], line_id)


def send_late(row: Refund, line_id: str) -> None:
    """The network took it after the refund was given up and all of it undone: it is borne again."""
    _post(row, LATE, [*_borne(row), Line(STRIPE, row.amount_minor)], line_id)
    claims.pay_off(row.payee_party_id)


def turn_back(row: Refund) -> None:
    """It never left: each side has again what it gave."""
    _post(row, TURNED_BACK, [Line(_refunding(row.party_id), -row.amount_minor), *_relieved(row)])


def bring_back(row: Refund, line_id: str) -> None:
    """It left and came back by that line. A dispute that the renter owed because of it is borne by the sides again."""
    again = dispute_money.bear_again(row.receipt, row.amount_minor, line_id) if row.receipt else []
    _post(row, RETURNED, [Line(STRIPE, -row.amount_minor), *_relieved(row), *again], line_id)
    claims.pay_off(row.payee_party_id)


def _borne(row: Refund) -> list[Line]:
    part = row.amount_minor - row.fee_minor
    # A provider's part is paid off from what it earned; unused money comes from where it lies.
    free = 0 if row.receipt_id else min(part, claims.free_minor(row.payee_party_id))
    return [
        Line(claims.key_of(Kind.AVAILABLE, row.payee_party_id), -free),
        Line(claims.key_of(Kind.CLAIM, row.payee_party_id), free - part),
        Line(COSTS, -row.fee_minor),
    ]


def _relieved(row: Refund) -> list[Line]:
    part = row.amount_minor - row.fee_minor
    owed = claims.owed_minor(row.payee_party_id)
    debt = min(part, owed)
    return [
        *claims.paid_lines(row.payee_party_id, owed, debt),
        Line(claims.key_of(Kind.PAYABLE if row.receipt_id else Kind.AVAILABLE, row.payee_party_id), part - debt),
        Line(COSTS, row.fee_minor),
    ]


def _refunding(party_id: UUID) -> AccountKey:
    return claims.key_of(Kind.REFUNDING, party_id)


def _post(row: Refund, cause: str, lines: list[Line], memo: str = "") -> None:
    subject_id = row.receipt.subject_id if row.receipt else row.top_up_id
    ledger.post(ledger.transfer_id_for(cause, row.pk), cause, lines, subject_id=subject_id, memo=memo)
