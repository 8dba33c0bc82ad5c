"""Letters to people: plain text, never with a reason that would tip off, never inside a transaction."""

import logging
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from compliance.base.outside import require_no_transaction
from marketplace.models import Membership, Organization

logger = logging.getLogger(__name__)


def owners_of(organization: Organization) -> list[str]:
    """The addresses of the organization's owners."""
    rows = Membership.objects.filter(organization=organization, role=Membership.Role.OWNER, user__is_active=True)
    return list(rows.order_by("created_at").values_list("user__email", flat=True))


def tell_owners(party_id: UUID, subject: str, body: str, **facts: str) -> bool:
    """The owners of the party's organization have the letter; False for "try later".

    `body` has a place for each of the facts, and may have one for the organization's `name`.

    What the mail server does not take is logged, without a word of it.
    """
    try:
        for organization in Organization.objects.filter(party_id=party_id):
            send(owners_of(organization), subject, body.format(name=organization.name, **facts))
    except OSError:
        logger.warning("a letter to the owners of party %s was not sent; it is tried again", party_id)
        return False
    return True


def send(to: Sequence[str], subject: str, body: str) -> None:
    """The letter is with the mail server, one copy a person, so that nobody learns another's address.

    Raises OSError (and smtplib's) when the server does not take it.
    """
    require_no_transaction()
    for address in to:
        EmailMessage(subject, f"{body}\n\n{settings.GRIDCLEAR_BASE_URL}\n", to=[address]).send()
