"""What a receipt says of its lease in words, on the page and on the PDF."""

from marketplace.models import Lease
from marketplace.papers.documents import LeaseWords
from marketplace.views.lease_words import end_words
from settlement.selectors.receipts import ReceiptView


def credit_words(receipt: ReceiptView) -> str:
    """Why something was credited."""
    return str(Lease.EndReason(receipt.credit_reason).label) if receipt.credit_reason else ""


def words_of(lease: Lease, receipt: ReceiptView, *, for_renter: bool) -> LeaseWords:
    """The lease in the receipt's words."""
    return LeaseWords(
        renter=lease.renter.name,
        provider=lease.provider.name,
        leased=f"{lease.gpu_count} × {lease.gpu_model.name}",
        ending=f"{end_words(lease, for_renter=for_renter)}." if lease.end_reason else "",
        credit=credit_words(receipt),
    )
