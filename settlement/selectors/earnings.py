"""A provider's earnings statement, from the ledger: what stood, what came and went, what stands.

It is of three accounts together, what is owed to the provider (`payable`) and what it owes (`claim`, after a
chargeback; `written_off`, which it owes as before): every entry of them is in one of its lines, so it closes at what
the ledger says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from settlement.models import Account
from settlement.selectors.statements import balance_at

CHUNK = 500
COLUMNS = (
    "at",
    "what",
    "lease_or_payout",
    "seconds",
    "gross_minor",
    "sla_credit_minor",
    "fee_minor",
    "amount_minor",
    "currency",
)
# Transfers that move neither account's money are left out; a receipt is there for each settled lease.
_MOVES = """
SELECT t.id, min(e.at) AS at, t.kind, t.subject_id, sum(e.amount_minor) AS amount
FROM settlement_entry e JOIN settlement_transfer t ON t.id = e.transfer_id
WHERE e.account_id = ANY(%(accounts)s::uuid[]) AND e.at >= %(since)s AND e.at < %(until)s
GROUP BY t.id HAVING sum(e.amount_minor) <> 0
"""
# Leases of which the contract had charged all before they were settled: their end moved nothing, and is a line still.
_CLOSINGS = """
SELECT r.id, r.created_at AS at, 'hold.settled' AS kind, r.subject_id, 0 AS amount
FROM settlement_receipt r JOIN settlement_hold h ON h.id = r.hold_id
WHERE r.payee_party_id = %(party)s AND r.currency = %(currency)s AND (h.rail = 'escrow') = (%(pot)s = 'escrow')
  AND r.created_at >= %(since)s AND r.created_at < %(until)s AND r.total_minor > 0 AND h.charged_minor > 0
  AND NOT EXISTS (
    SELECT FROM settlement_transfer t JOIN settlement_entry e ON e.transfer_id = t.id
    WHERE t.subject_id = r.subject_id AND t.kind = 'hold.settled' AND e.account_id = ANY(%(accounts)s::uuid[])
      AND e.amount_minor <> 0
  )
"""
# What of them a lease earned: in one sum at its end, or in parts while it ran where the escrow contract charged it.
_OF_LEASES = "('hold.settled', 'chain.settled', 'chain.settled.reversed')"
# Each with its lease's receipt and with the fee that it brought the platform; the gross is what the renter paid for it.
_FIGURES = f"""
SELECT m.id, m.at, m.kind, m.subject_id, m.amount, r.billed_seconds AS seconds, r.credit_minor AS credit,
       CASE WHEN m.kind IN {_OF_LEASES} THEN m.amount + coalesce(f.fee, 0) + coalesce(r.credit_minor, 0) END AS gross,
       CASE WHEN m.kind IN {_OF_LEASES} THEN coalesce(f.fee, 0) END AS fee
FROM ({_MOVES} UNION ALL {_CLOSINGS}) m
LEFT JOIN settlement_receipt r ON r.subject_id = m.subject_id AND m.kind = 'hold.settled'
LEFT JOIN LATERAL (
    SELECT sum(e.amount_minor) AS fee FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id
    WHERE m.kind IN {_OF_LEASES} AND e.transfer_id = m.id AND a.kind = 'fees'
) f ON true
"""  # noqa: S608 - only constants
_LINES = f"""
SELECT at, kind, subject_id, seconds, gross::bigint, credit, fee::bigint, amount::bigint FROM ({_FIGURES}) g
ORDER BY at, id
"""  # noqa: S608 - only constants
_SUMS = f"""
SELECT CASE WHEN kind IN {_OF_LEASES} THEN 'hold.settled' ELSE kind END, count(*) FILTER (WHERE kind = 'hold.settled'),
       sum(amount), coalesce(sum(seconds), 0), coalesce(sum(gross), 0), coalesce(sum(credit), 0), coalesce(sum(fee), 0)
FROM ({_FIGURES}) g GROUP BY 1
"""  # noqa: S608 - only constants
WORDS = {
    "hold.settled": "Lease",
    "chain.settled": "Lease, as far as it was charged",
    "chain.settled.reversed": "Charge that the chain took back",
    "payout.requested": "Payout",
    "payout.failed": "Payout that came back",
    "dispute.withdrawn": "Chargeback",
    "dispute.reinstated": "Chargeback won",
    "refund.given": "Refund to the renter",
    "refund.requested": "Refund to the renter's card",
    "refund.late": "Refund to the renter's card",
    "refund.turned_back": "Refund that could not be made",
    "refund.returned": "Refund that came back",
    "claim.paid_off": "Debt paid from your prepaid balance",
    "claim.recovered": "Debt paid from your prepaid balance",
    "hold.fell_short": "Lease of yours that your card did not pay",
}


@dataclass(frozen=True, slots=True)
class EarningsLine:
    """One transfer; the figures of a lease are None for what is none. Signed minor units, positive is yours."""

    at: datetime
    kind: str
    subject_id: UUID | None
    seconds: int | None
    gross_minor: int | None
    credit_minor: int | None
    fee_minor: int | None
    amount_minor: int

    @property
    def words(self) -> str:
        """What it was."""
        return WORDS.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Earnings:
    """A period's statement: from `since` up to, not including, `until`. Minor units of `currency`.

    `opening + earned + payouts + chargebacks + refunds + other = closing`, and `earned = gross - credits - fees`.
    Payouts that left what is owed and did not arrive yet are `under_way` at the end.
    """

    pot: str
    currency: str
    since: datetime
    until: datetime
    opening_minor: int
    closing_minor: int
    leases: int
    seconds: int
    gross_minor: int
    credits_minor: int
    fees_minor: int
    earned_minor: int
    payouts_minor: int
    chargebacks_minor: int
    refunds_minor: int
    other_minor: int
    under_way_minor: int


def earnings(party_id: UUID, *, pot: str, currency: str, since: datetime, until: datetime) -> Earnings:
    """The statement's figures, by five queries however many leases there were."""
    ids = _accounts(party_id, pot, currency)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, _span(ids, party_id, pot, currency, since, until))
        rows = {row[0]: tuple(int(figure) for figure in row[1:]) for row in cursor.fetchall()}
    leases, earned, seconds, gross, credits, fees = rows.pop("hold.settled", (0, 0, 0, 0, 0, 0))

    def moved_by(deeds: str) -> int:
        return sum(row[1] for kind, row in rows.items() if kind.startswith(deeds))

    payouts, chargebacks, refunds = moved_by("payout."), moved_by("dispute."), moved_by("refund.")
    return Earnings(
        pot=pot,
        currency=currency,
        since=since,
        until=until,
        opening_minor=balance_at(ids, since),
        closing_minor=balance_at(ids, until),
        leases=leases,
        seconds=seconds,
        gross_minor=gross,
        credits_minor=credits,
        fees_minor=fees,
        earned_minor=earned,
        payouts_minor=payouts,
        chargebacks_minor=chargebacks,
        refunds_minor=refunds,
        other_minor=moved_by("") - payouts - chargebacks - refunds,
        under_way_minor=balance_at(_accounts(party_id, pot, currency, Account.Kind.PAYING), until),
    )


def earnings_lines(
    party_id: UUID, *, pot: str, currency: str, since: datetime, until: datetime, limit: int | None = None
) -> Iterator[EarningsLine]:
    """The statement's transfers, oldest first, some at a time."""
    ids = _accounts(party_id, pot, currency)
    sql = f"{_LINES} LIMIT {int(limit)}" if limit is not None else _LINES
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, _span(ids, party_id, pot, currency, since, until))
        while rows := cursor.fetchmany(CHUNK):
            for at, kind, subject_id, seconds, gross, credit, fee, amount in rows:
                yield EarningsLine(at, kind, subject_id, seconds, gross, credit, fee, amount)


def _span(
    accounts: list[UUID], party_id: UUID, pot: str, currency: str, since: datetime, until: datetime
) -> dict[str, Any]:
    """What the statement's SQL is asked with."""
    whose = {"accounts": accounts, "party": party_id, "pot": pot, "currency": currency}
    return {**whose, "since": since, "until": until}


def _accounts(party_id: UUID, pot: str, currency: str, *kinds: str) -> list[UUID]:
    wanted = kinds or (Account.Kind.PAYABLE, Account.Kind.CLAIM, Account.Kind.WRITTEN_OFF)
    rows = Account.objects.filter(party_id=party_id, pot=pot, currency=currency, kind__in=wanted)
    return list(rows.order_by("pk").values_list("pk", flat=True))
