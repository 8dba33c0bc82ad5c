"""The rows of the settlement app, one module per aggregate."""

from settlement.models.auto_top_ups import AutoTopUp
from settlement.models.blocked import BlockedProperty
from settlement.models.chain import (
    ChainAlarm,
    ChainAttempt,
    ChainBlock,
    ChainCursor,
    ChainEvent,
    ChainJob,
    ChainTransaction,
    EscrowDeposit,
)
from settlement.models.disputes import Dispute, DisputeShare
from settlement.models.documents import Receipt, ReconciliationDifference, ReconciliationRun
from settlement.models.explanations import Explanation
from settlement.models.holds import Hold
from settlement.models.invoices import BillingProfile, DocumentSeries, Invoice, InvoiceLine, ReferenceRate, TaxRate
from settlement.models.ledger import Account, DoubtfulTransfer, Entry, PendingTransfer, Transfer
from settlement.models.letters import MoneyLetter
from settlement.models.payments import CardPayment, InboundEvent, LooseAuthorization, PaymentProfile
from settlement.models.payouts import Payout
from settlement.models.rates import Conversion, ExchangeRate
from settlement.models.refunds import Refund
from settlement.models.write_offs import WriteOff

__all__ = [
    "Account",
    "AutoTopUp",
    "BillingProfile",
    "BlockedProperty",
    "CardPayment",
    "ChainAlarm",
    "ChainAttempt",
    "ChainBlock",
    "ChainCursor",
    "ChainEvent",
    "ChainJob",
    "ChainTransaction",
    "Conversion",
    "Dispute",
    "DisputeShare",
    "DocumentSeries",
    "DoubtfulTransfer",
    "Entry",
    "EscrowDeposit",
    "ExchangeRate",
    "Explanation",
    "Hold",
    "InboundEvent",
    "Invoice",
    "InvoiceLine",
    "LooseAuthorization",
    "MoneyLetter",
    "PaymentProfile",
    "Payout",
    "PendingTransfer",
    "Receipt",
    "ReconciliationDifference",
    "ReconciliationRun",
    "ReferenceRate",
    "Refund",
    "TaxRate",
    "Transfer",
    "WriteOff",
]
