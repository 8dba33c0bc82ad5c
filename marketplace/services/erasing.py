"""Erasure because somebody asks for it: who owns the organization, or an officer for who asked by letter."""

from uuid import UUID

from compliance.base.actor import Actor
from compliance.base.errors import Conflict
from compliance.services import erasure
from compliance.services.erasure import StillKept
from compliance.services.officers import require_officer
from marketplace.models import User
from marketplace.permissions import OWN, require_role
from marketplace.selectors.organizations import organization_for
from marketplace.services import retention


class KeptForNow(Conflict):
    """Something keeps the records; what it is may not be told to whom they are about."""

    code = "kept_for_now"
    default_message = (
        "Some of these records must be kept for now, so nothing was erased. What is kept, for how long and by which "
        "law, stands on the page “Your data”. What nothing keeps any more is erased by itself, without asking again."
    )


def erase_organization(organization_id: UUID, *, user: User, actor: Actor) -> None:
    """The organization's data, its party's and its people's logins are gone, as far as they belong to nobody else.

    Raises NotFound for strangers, Forbidden for anybody but its owners, SubjectErased, and KeptForNow, which names
    neither a class of records nor a hold: both could tip off.
    """
    organization = organization_for(user, organization_id)
    require_role(user, organization, *OWN)
    retention.tell_clocks()
    try:
        erasure.erase_on_request(organization.party_id, actor=actor)
    except StillKept as kept:
        raise KeptForNow from kept
    retention.follow_erasures()


def erase_for(party_id: UUID, *, actor: Actor) -> None:
    """The same for any party, by an officer. Raises Forbidden, NotFound, SubjectErased, StillKept saying by what."""
    require_officer(actor)
    retention.tell_clocks()
    erasure.erase_on_request(party_id, actor=actor)
    retention.follow_erasures()
