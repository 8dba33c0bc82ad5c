"""Decisions and verifications in the API."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base.errors import NotFound
from compliance.selectors.identity import kyc_status
from compliance.services.parties import PartyInput
from marketplace.api.base import ApiView, checked
from marketplace.api.shapes_compliance import (
    DecisionShape,
    OwnerWanted,
    VerificationShape,
    VerificationWanted,
    decisions_for,
)
from marketplace.models import ApiKey
from marketplace.services import verification
from marketplace.services.verification import Declaration, OwnerDeclared


class Decisions(ApiView):
    """What the gate decided about the organization."""

    @extend_schema(operation_id="decisions_list", responses=DecisionShape(many=True))
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(decisions_for(self.principal.viewer), DecisionShape)


class OneDecision(ApiView):
    """One decision."""

    @extend_schema(operation_id="decisions_read", responses=DecisionShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """The decision in words for the party."""
        found = decisions_for(self.principal.viewer).filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(self.shown(DecisionShape, found))


class Verification(ApiView):
    """The organization's identity."""

    scopes = {"POST": ApiKey.Scope.LEASES}

    @extend_schema(operation_id="verification_read", responses=VerificationShape)
    def get(self, request: Request) -> Response:
        """How it stands."""
        return Response(VerificationShape(kyc_status(self.principal.organization.party_id)).data)

    @extend_schema(operation_id="verification_submit", request=VerificationWanted, responses={201: VerificationShape})
    def post(self, request: Request) -> Response:
        """Declared and submitted; an officer looks at it."""
        wanted = checked(VerificationWanted, request)
        acting = self.principal
        declared = Declaration(
            level=wanted["level"],
            declaration=wanted["declaration"],
            party=_party(wanted["party"]) if "party" in wanted else None,
            owners=tuple(_owners(wanted["owners"])) if "owners" in wanted else None,
            complete=wanted["ownership_complete"],
        )
        verification.submit(acting.organization, declared, user=acting.user, actor=acting.actor)
        return Response(VerificationShape(kyc_status(acting.organization.party_id)).data, status=201)


def _party(wanted: dict[str, Any]) -> PartyInput:
    return PartyInput(**{**wanted, "aliases": tuple(wanted["aliases"])})


def _owners(wanted: Iterable[dict[str, Any]], depth: int = 1) -> Iterable[OwnerDeclared]:
    if depth > verification.DEEPEST:
        raise ValidationError({"owners": f"At most {verification.DEEPEST} levels of holders can be declared."})
    for each in wanted:
        below = OwnerWanted(data=each["owners"], many=True)
        below.is_valid(raise_exception=True)
        yield OwnerDeclared(
            _party(each["party"]),
            each["share_min"],
            each["share_max"],
            each["interest"],
            tuple(_owners(below.validated_data, depth + 1)),
            each["ownership_complete"],
        )
