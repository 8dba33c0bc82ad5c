"""Long invoices as PDF: drawn once in the background, kept sealed for a week, for the two sides of the document."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from compliance.base.sealing import SubjectErased
from marketplace.models import Bundle
from marketplace.services import bundles
from settlement.selectors.invoices import invoices_of, lines_on

# So many lines are drawn while somebody waits: a third of a second of work, with nothing else to do.
DRAWN_AT_ONCE = 200
TRY_AGAIN_AFTER = timedelta(minutes=10)
State = Bundle.State


@dataclass(frozen=True, slots=True)
class Paper:
    """How far the drawing is; `progress` in percent."""

    number: str
    state: str
    progress: int

    @property
    def ready(self) -> bool:
        """Whether it can be taken."""
        return self.state == State.READY

    @property
    def failed(self) -> bool:
        """Whether it has to be asked for again."""
        return self.state == State.FAILED


def is_long(party_id: UUID, invoice_id: UUID) -> bool:
    """Whether the document, of which the party is a side, has to be drawn in the background."""
    return lines_on(party_id, invoice_id) > DRAWN_AT_ONCE


def paper_of(party_id: UUID, invoice_id: UUID, *, actor: Actor) -> Paper:
    """The document's PDF is there, or on its way; one that is being drawn already is that one.

    Raises NotFound for whoever is no side of it.
    """
    number = _number(party_id, invoice_id)
    bundle = _newest(invoice_id) or bundles.request_once(Bundle.Kind.INVOICE, invoice_id, actor)
    return Paper(number, bundle.state, bundle.progress)


def take_paper(party_id: UUID, invoice_id: UUID, *, actor: Actor) -> tuple[str, bytes]:
    """The document's number and PDF, on record. One whose party was erased since is drawn anew, without its name.

    Raises NotFound for whoever is no side of it, BundleNotReady.
    """
    number = _number(party_id, invoice_id)
    bundle = _newest(invoice_id)
    if bundle is None:
        raise bundles.BundleNotReady
    try:
        return number, bundles.take_file(bundle, actor)[1]
    except SubjectErased as error:
        bundles.expire(bundle)
        bundles.request_once(Bundle.Kind.INVOICE, invoice_id, actor)
        raise bundles.BundleNotReady from error


def _number(party_id: UUID, invoice_id: UUID) -> str:
    number = invoices_of(party_id).filter(pk=invoice_id).values_list("number", flat=True).first()
    if number is None:
        raise NotFound
    return number


def _newest(invoice_id: UUID) -> Bundle | None:
    """The drawing that can be taken or waited for; or one that failed just now, which is not tried all the time."""
    standing = Q(state__in=Bundle.OPEN, file_gone_at=None)
    failed = Q(state=State.FAILED, state_changed_at__gt=clock.now() - TRY_AGAIN_AFTER)
    rows = Bundle.objects.filter(standing | failed, kind=Bundle.Kind.INVOICE, about_id=invoice_id)
    return rows.order_by("-created_at").first()
