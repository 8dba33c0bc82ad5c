"""One decision, for the party that it is about and for officers."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.base.errors import NotFound
from compliance.selectors import decisions as selectors
from compliance.selectors.identity import kyc_status
from marketplace.models import Lease, Organization, User
from marketplace.views.base import crumb, person
from marketplace.views.case_view import evidence_links
from marketplace.views.decision_card import DecisionCard, card_for_officer, card_for_party

LEADS = {
    "ALLOW": "The lease was cleared.",
    "REVIEW": "Your request is kept. A person looks at it; then you can ask again.",
    "DENY": "No lease was opened.",
}


def card_of_lease(lease: Lease, user: User) -> DecisionCard:
    """The decision on which the lease rests, as far as the person may read it."""
    found = selectors.decision(lease.clearance.decision_id)
    return card_for_officer(found) if user.is_platform_staff else card_for_party(found)


@login_required
def decision(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the gate answered, in words for its reader; 404 for anybody whom it is not about."""
    user = person(request)
    found = selectors.decision(pk)
    if user.is_platform_staff:
        card = card_for_officer(found)
    elif found.renter_party_id in set(Organization.objects.visible_to(user).values_list("party_id", flat=True)):
        card = card_for_party(found)
    else:
        raise NotFound
    context = {
        "card": card,
        "heading": card.title,
        "lead": LEADS[found.outcome],
        "evidence_of": evidence_links(decision=found.pk) if user.is_officer else [],
        "wizard": "wizard" in request.GET,
        "unverified": found.renter_party_id is not None and not kyc_status(found.renter_party_id).in_force,
        "crumbs": [crumb("Catalogue", "/catalogue"), crumb("Decision")],
    }
    return render(request, "marketplace/decision.html", context)
