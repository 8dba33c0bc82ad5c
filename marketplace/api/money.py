"""Balances, top-ups and payouts in the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base.errors import NotFound
from marketplace.api.base import IDEMPOTENCY_KEY, ApiView, OnceView, Scope, checked
from marketplace.api.shapes_money import BalanceShape, PayoutShape, PayoutWanted, TopUpShape, TopUpWanted
from marketplace.services import provider_payouts, top_ups
from settlement.selectors.balances import balances_of
from settlement.selectors.payouts import payouts_of
from settlement.services import topups


class Balance(ApiView):
    """The organization's money."""

    @extend_schema(operation_id="balance", responses=BalanceShape(many=True))
    def get(self, request: Request) -> Response:
        """One line for each pot and currency."""
        return Response(BalanceShape(balances_of(self.principal.organization.party_id), many=True).data)


class TopUps(OnceView):
    """Charges of a card for the prepaid balance."""

    scopes = {"POST": Scope.PAYMENTS}

    @extend_schema(
        operation_id="top_ups_start", parameters=[IDEMPOTENCY_KEY], request=TopUpWanted, responses={201: TopUpShape}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """The card is being charged; the balance follows once the card network confirms."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One charge for each key."""
        wanted = checked(TopUpWanted, request)
        acting = self.principal
        started = top_ups.start_top_up(
            acting.organization, **wanted, top_up_id=deed_id, user=acting.user, actor=acting.actor
        )
        return Response(TopUpShape(started).data, status=201)


class OneTopUp(ApiView):
    """One top-up."""

    @extend_schema(operation_id="top_ups_read", responses=TopUpShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """How it stands."""
        found = topups.top_up(pk)
        if found.party_id != self.principal.organization.party_id:
            raise NotFound
        return Response(TopUpShape(found).data)


class Payouts(OnceView):
    """What a provider was paid."""

    scopes = {"POST": Scope.PAYMENTS}

    @extend_schema(operation_id="payouts_list", responses=PayoutShape(many=True))
    def get(self, request: Request) -> Response:
        """The newest hundred."""
        return Response(PayoutShape(payouts_of(self.principal.organization.party_id), many=True).data)

    @extend_schema(
        operation_id="payouts_request", parameters=[IDEMPOTENCY_KEY], request=PayoutWanted, responses={201: PayoutShape}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """All that is owed of the pot is on its way, once the gate has cleared it."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One payout for each key."""
        acting = self.principal
        wanted = checked(PayoutWanted, request)
        paid = provider_payouts.pay_out(acting.organization, wanted["pot"], user=acting.user, actor=acting.actor)
        return Response(PayoutShape(paid).data, status=201)
