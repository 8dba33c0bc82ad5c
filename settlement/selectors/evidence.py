"""Money as evidence: what moved for one lease, and what stands for one party, in plain JSON values."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from compliance.selectors.evidence_rows import all_columns, columns
from settlement.models import (
    Account,
    CardPayment,
    ChainTransaction,
    EscrowDeposit,
    Hold,
    PaymentProfile,
    Payout,
    PendingTransfer,
    Receipt,
    Refund,
    Transfer,
    WriteOff,
)
from settlement.selectors.document_records import billing_record, documents_about, documents_of
from settlement.selectors.refunds import refunds_about


@dataclass(slots=True)
class MoneyRecord:
    """`body` for the JSON; `about` whom the audit log speaks of."""

    body: dict[str, Any]
    about: set[tuple[str, str]] = field(default_factory=set)


def money_of_lease(subject_id: UUID) -> MoneyRecord:
    """The hold of the lease with its payment or deposit, every transfer with its entries, what went on chain, receipts,
    refunds, and the lines about it on invoices and notes.

    Amounts in minor units of the currency that stands beside them; positive entries are credits.
    """
    holds = list(Hold.objects.filter(subject_id=subject_id).order_by("created_at", "id"))
    transfers = Transfer.objects.filter(subject_id=subject_id).order_by("created_at", "id")
    sent = list(ChainTransaction.objects.filter(subject_id=subject_id).order_by("created_at", "id"))
    payments = list(CardPayment.objects.filter(hold__in=holds).order_by("created_at", "id"))
    refunds = list(Refund.objects.filter(receipt__subject_id=subject_id).order_by("created_at", "id"))
    invoices, about_invoices = documents_about(subject_id)
    record = MoneyRecord(
        {
            "holds": all_columns(holds),
            "card_payments": all_columns(payments, "payment_method"),
            "escrow_deposits": all_columns(EscrowDeposit.objects.filter(hold__in=holds).order_by("created_at", "id")),
            "reservations": all_columns(
                PendingTransfer.objects.filter(subject_id=subject_id).order_by("created_at", "id")
            ),
            "transfers": [_transfer(each) for each in transfers.prefetch_related("entries__account")],
            "chain_transactions": all_columns(sent, "raw"),
            "receipts": all_columns(Receipt.objects.filter(subject_id=subject_id).order_by("number")),
            "refunds": all_columns(refunds),
            "invoices": invoices,
        }
    )
    parts = (*holds, *sent, *payments, *refunds)
    record.about = {(each._meta.label_lower, str(each.pk)) for each in parts} | about_invoices
    return record


def money_of_party(party_id: UUID) -> MoneyRecord:
    """The party's accounts with their balances, receipts, refunds, invoices, payouts, its name on documents, and what
    of its debts was proposed to be written off.
    """
    payouts = list(Payout.objects.filter(party_id=party_id).order_by("created_at", "id"))
    receipts = Receipt.objects.filter(Q(party_id=party_id) | Q(payee_party_id=party_id)).order_by("number")
    refunds = list(refunds_about(party_id))
    write_offs = list(WriteOff.objects.filter(party_id=party_id).order_by("created_at", "id"))
    invoices, about_invoices = documents_of(party_id)
    billing = billing_record(party_id)
    record = MoneyRecord(
        {
            "accounts": all_columns(
                Account.objects.filter(party_id=party_id).order_by("kind", "pot", "currency", "id")
            ),
            "billing_profile": billing,
            "receipts": all_columns(receipts),
            "invoices": invoices,
            "refunds": all_columns(refunds),
            "payouts": all_columns(payouts),
            "write_offs": all_columns(write_offs),
        }
    )
    record.about = {
        (each._meta.label_lower, str(each.pk)) for each in (*payouts, *refunds, *write_offs)
    } | about_invoices
    record.about |= {("settlement.billingprofile", each["id"]) for each in billing}
    return record


def money_for_party(party_id: UUID) -> dict[str, Any]:
    """What settlement holds about the party, for the party itself: with its names on the rails and its cards.

    Of write-offs those that stand: what officers proposed, and who did, is theirs.
    """
    written_off = WriteOff.objects.filter(party_id=party_id, state=WriteOff.State.WRITTEN_OFF)
    return money_of_party(party_id).body | {
        "write_offs": all_columns(written_off.order_by("created_at", "id"), "why", "proposed_by", "approved_by"),
        "names_on_rails": all_columns(PaymentProfile.objects.filter(party_id=party_id)),
        "card_payments": all_columns(CardPayment.objects.filter(party_id=party_id).order_by("created_at", "id")),
    }


def _transfer(row: Transfer) -> dict[str, Any]:
    entries = sorted(row.entries.all(), key=lambda each: each.pk)
    return columns(row) | {
        "entries": [
            {
                "account": entry.account.kind,
                "pot": entry.account.pot,
                "party_id": str(entry.account.party_id) if entry.account.party_id else None,
                "currency": entry.account.currency,
                "amount_minor": entry.amount_minor,
                "at": entry.at.isoformat(),
            }
            for entry in entries
        ]
    }
