"""Refunds in the API: of leases, and of prepaid money that was not used."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.base import IDEMPOTENCY_KEY, OnceView, Scope, checked
from marketplace.api.shapes_money import RefundShape, RefundWanted, UnusedMoneyShape, UnusedMoneyWanted
from marketplace.selectors.leases import lease_for
from marketplace.services import refunds, unused_money
from settlement.selectors.refunds import refunds_of_lease, view_of
from settlement.selectors.unused_money import refunds_of_unused, returnable_minor

SHOWN = 100


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


class UnusedMoney(OnceView):
    """The organization's prepaid money that no lease used."""

    scopes = {"POST": Scope.PAYMENTS}

    @extend_schema(operation_id="unused_money", responses=UnusedMoneyShape)
    def get(self, request: Request) -> Response:
        """What of it can go back to the cards that brought it, and the last hundred refunds of it."""
        party_id = self.principal.organization.party_id
        found = {
            "currency": "USD",
            "returnable_minor": returnable_minor(party_id),
            "refunds": [view_of(row) for row in refunds_of_unused(party_id)[:SHOWN]],
        }
        return Response(UnusedMoneyShape(found).data)

    @extend_schema(
        operation_id="unused_money_back",
        parameters=[IDEMPOTENCY_KEY],
        request=UnusedMoneyWanted,
        responses={201: RefundShape(many=True)},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """It is on its way to the cards, the newest top-up first; asked for by owners. One refund a charge."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One request for each key; its id is the deed's."""
        acting, wanted = self.principal, checked(UnusedMoneyWanted, request)
        made = unused_money.give_back(
            acting.organization, **wanted, request_id=deed_id, user=acting.user, actor=acting.actor
        )
        return Response(RefundShape(made, many=True).data, status=201)
