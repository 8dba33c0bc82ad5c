"""Refunds of leases in the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.base import IDEMPOTENCY_KEY, OnceView, Scope, checked
from marketplace.api.shapes_money import RefundShape, RefundWanted
from marketplace.selectors.leases import lease_for
from marketplace.services import refunds
from settlement.selectors.refunds import refunds_of_lease


class LeaseRefunds(OnceView):
    """What goes back of a settled lease."""

    scopes = {"POST": Scope.PAYMENTS}

    @extend_schema(operation_id="leases_refunds", responses=RefundShape(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """For the renter and the provider, oldest first."""
        lease = lease_for(self.principal.viewer, pk)
        return Response(RefundShape(refunds_of_lease(lease.pk), many=True).data)

    @extend_schema(
        operation_id="leases_refund", parameters=[IDEMPOTENCY_KEY], request=RefundWanted, responses={201: RefundShape}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Money goes back to the balance or the card that paid; given by owners and finance of the provider."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One refund for each key; its id is the deed's."""
        acting, wanted = self.principal, checked(RefundWanted, request)
        given = refunds.give_back(
            kwargs["pk"], **wanted, refund_id=deed_id, viewer=acting.viewer, user=acting.user, actor=acting.actor
        )
        return Response(RefundShape(given).data, status=201)
