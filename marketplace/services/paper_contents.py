"""The PDF of one long invoice, drawn in the background."""

from collections.abc import Callable
from uuid import UUID

from marketplace.papers.documents import invoice_pdf
from marketplace.services.bundle_contents import Made
from settlement.selectors.invoices import invoice_by_id

# About so many lines stand on a page; how far the drawing is, is told in steps.
LINES_A_PAGE, STEP = 24, 10


def drawn_invoice(invoice_id: UUID, progress: Callable[[int], None]) -> Made:
    """The document as PDF, and the parties that it names. Raises NotFound."""
    found = invoice_by_id(invoice_id)
    told = [0]

    def drawn(pages: int) -> None:
        percent = min(95, 100 * pages * LINES_A_PAGE // max(1, len(found.lines)))
        if percent >= told[0] + STEP:
            told[0] = percent
            progress(percent)

    named = {found.supplier_id: found.supplier, found.customer_id: found.customer}
    subjects = tuple(sorted((party for party, side in named.items() if party and side), key=str))
    return Made(invoice_pdf(found, drawn), subjects)
