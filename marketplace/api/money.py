"""Balances, top-ups and payouts in the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base.errors import NotFound
from marketplace.api.base import IDEMPOTENCY_KEY, ApiView, OnceView, Scope, checked
from marketplace.api.shapes_money import (
    AutoTopUpShape,
    AutoTopUpWanted,
    BalanceShape,
    PayoutShape,
    PayoutWanted,
    TopUpShape,
    TopUpWanted,
)
from marketplace.services import auto_top_ups, provider_payouts, top_ups
from settlement.selectors.auto_top_ups import auto_top_up_of
from settlement.selectors.balances import balances_of
from settlement.selectors.payouts import payouts_of
from settlement.services import topups
from settlement.services.auto_top_up_rules import AutoTerms


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


class AutomaticTopUp(ApiView):
    """The rule by which a saved card fills the prepaid balance."""

    scopes = {"PUT": Scope.PAYMENTS, "DELETE": Scope.PAYMENTS}

    @extend_schema(operation_id="auto_top_up_read", responses=AutoTopUpShape)
    def get(self, request: Request) -> Response:
        """As it stands; not found where none was ever set."""
        return self._shown()

    @extend_schema(operation_id="auto_top_up_set", request=AutoTopUpWanted, responses=AutoTopUpShape)
    def put(self, request: Request) -> Response:
        """It is on from now, with these terms; the card's owner agrees to be charged without being there."""
        wanted, acting = checked(AutoTopUpWanted, request), self.principal
        auto_top_ups.set_up(acting.organization, AutoTerms(**wanted), user=acting.user, actor=acting.actor)
        return self._shown()

    @extend_schema(operation_id="auto_top_up_end", responses={204: None})
    def delete(self, request: Request) -> Response:
        """It is off; a charge that is on its way is still credited."""
        acting = self.principal
        auto_top_ups.turn_off(acting.organization, user=acting.user, actor=acting.actor)
        return Response(status=204)

    def _shown(self) -> Response:
        found = auto_top_up_of(self.principal.organization.party_id)
        if found is None:
            raise NotFound
        return Response(AutoTopUpShape(found).data)


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
