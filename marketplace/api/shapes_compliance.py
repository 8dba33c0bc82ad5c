"""The shapes of decisions and verifications in the API: what a party may read of them."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework import serializers

from compliance.selectors import decisions
from compliance.services.gate import party_safe_reasons
from marketplace.models.viewer import Viewer
from marketplace.selectors.organizations import organizations_visible_to

NOBODY = UUID(int=0)
INTERESTS = ["shareholding", "votingRights", "otherInfluenceOrControl", "seniorManagingOfficial"]


def decisions_for(viewer: Viewer) -> QuerySet[Any]:
    """What was decided about the viewer's own parties, newest first.

    A provider does not see what was found about its renters: of a lease's decisions only the renter's side reads the
    reasons. The platform's staff reads the cases instead.
    """
    parties = list(organizations_visible_to(viewer).values_list("party_id", flat=True))
    mine = Q(renter_party_id__in=parties) | Q(renter_party_id=None, provider_party_id__in=parties)
    found = decisions.decisions_of_party(parties[0] if parties else NOBODY)
    for party_id in parties[1:]:
        found = found | decisions.decisions_of_party(party_id)
    return found.filter(mine).order_by("-created_at", "-id")


class ReasonShape(serializers.Serializer[object]):
    """Words for the party, and what it can do."""

    message = serializers.CharField()
    next_step = serializers.CharField()


class DecisionShape(serializers.Serializer[Any]):
    """An answer of the gate."""

    id = serializers.UUIDField()
    purpose = serializers.CharField()
    subject_id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=["ALLOW", "REVIEW", "DENY"])
    reasons = serializers.SerializerMethodField()
    pack = serializers.CharField(help_text="The policy pack that was in force: id@version")
    digest = serializers.CharField(help_text="SHA-256 by which the decision can be replayed")
    created_at = serializers.DateTimeField()

    def get_reasons(self, decision: Any) -> list[dict[str, str]]:
        """Each reason in words that do not tip off."""
        return party_safe_reasons(decision)


class PartyWanted(serializers.Serializer[object]):
    """A person or an entity as declared."""

    kind = serializers.ChoiceField(choices=["person", "entity"])
    name = serializers.CharField(max_length=300)
    country = serializers.CharField(max_length=2)
    region = serializers.CharField(required=False, default="", allow_blank=True)
    headquarters_country = serializers.CharField(required=False, default="", allow_blank=True)
    address = serializers.CharField(required=False, default="", allow_blank=True)
    registration_number = serializers.CharField(required=False, default="", allow_blank=True)
    birth_date = serializers.CharField(required=False, default="", allow_blank=True)
    aliases = serializers.ListField(child=serializers.CharField(), required=False, default=list)


class OwnerWanted(serializers.Serializer[object]):
    """A direct holder, and optionally its own holders. Percent, an interval when not known exactly."""

    party = PartyWanted()
    share_min = serializers.DecimalField(max_digits=7, decimal_places=4)
    share_max = serializers.DecimalField(max_digits=7, decimal_places=4)
    interest = serializers.ChoiceField(choices=INTERESTS, required=False, default="shareholding")
    owners = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    ownership_complete = serializers.BooleanField(required=False, default=True)


class VerificationWanted(serializers.Serializer[object]):
    """What a party submits to be verified; parts that are left out stay as declared before."""

    level = serializers.ChoiceField(choices=["individual", "business", "enhanced"])
    declaration = serializers.DictField(required=False, default=dict)
    party = PartyWanted(required=False)
    owners = OwnerWanted(many=True, required=False)
    ownership_complete = serializers.BooleanField(required=False, default=True)


class VerificationShape(serializers.Serializer[object]):
    """How the organization's identity stands."""

    state = serializers.CharField(help_text="none, submitted, verified, changed, expired or rejected")
    level = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
