"""Leases in the API."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base.errors import InvalidInput, NotFound
from marketplace.api.base import IDEMPOTENCY_KEY, ApiView, OnceView, Scope, checked
from marketplace.api.shapes_compliance import DecisionShape, decisions_for
from marketplace.api.shapes_leases import (
    DepositShape,
    LeaseShape,
    LeaseWanted,
    LogsShape,
    ReceiptShape,
    RelayedDepositShape,
    ResumptionWanted,
    SignedDepositShape,
)
from marketplace.client_address import client_address
from marketplace.selectors.leases import lease_for, leases_visible_to, logs_after, rented_lease_for
from marketplace.services import leases, resumption
from marketplace.services.lease_terms import LeaseRequest
from settlement.selectors.receipts import receipt_for
from settlement.services import chain_deposits, deposit_relays

AFTER = OpenApiParameter("after", OpenApiTypes.INT, description="Only lines after this sequence")
LINES = 500


class Leases(OnceView):
    """The organization's leases, and new ones."""

    scopes = {"POST": Scope.LEASES}

    @extend_schema(operation_id="leases_list", responses=LeaseShape(many=True))
    def get(self, request: Request) -> Response:
        """Rented or provided, newest first."""
        return self.page(leases_visible_to(self.principal.viewer), LeaseShape)

    @extend_schema(
        operation_id="leases_open", parameters=[IDEMPOTENCY_KEY], request=LeaseWanted, responses={201: LeaseShape}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """The lease waits for its funds; the gate has cleared it. A refusal says why, and where the decision is."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One lease for each key; its id is the deed's, so a repetition finds it."""
        acting = self.principal
        wanted = checked(LeaseWanted, request)
        for name in ("command", "ports"):
            wanted[name] = tuple(wanted[name])
        wanted["end_user"] = {name: value for name, value in wanted["end_user"].items() if value}
        address = client_address(request._request)
        asked = LeaseRequest(organization_id=acting.organization.pk, lease_id=deed_id, address=address, **wanted)
        lease = leases.request_lease(asked, user=acting.user, actor=acting.actor)
        return Response(self.shown(LeaseShape, lease_for(acting.viewer, lease.pk)), status=201)


class OneLease(ApiView):
    """One lease."""

    @extend_schema(operation_id="leases_read", responses=LeaseShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """The lease as it stands."""
        return Response(self.shown(LeaseShape, lease_for(self.principal.viewer, pk)))


class StopLease(OnceView):
    """A lease's end on the renter's word."""

    scopes = {"POST": Scope.LEASES}

    @extend_schema(operation_id="leases_stop", parameters=[IDEMPOTENCY_KEY], request=None, responses=LeaseShape)
    def post(self, request: Request, **kwargs: Any) -> Response:
        """The lease is being stopped; time counts no further than now."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """Stopped once."""
        acting = self.principal
        leases.stop_lease(kwargs["pk"], acting.viewer, user=acting.user, actor=acting.actor)
        return Response(self.shown(LeaseShape, lease_for(acting.viewer, kwargs["pk"])))


class ResumeLease(OnceView):
    """What was left of a lease that compliance ended."""

    scopes = {"POST": Scope.LEASES}

    @extend_schema(
        operation_id="leases_resume",
        parameters=[IDEMPOTENCY_KEY],
        request=ResumptionWanted,
        responses={201: LeaseShape},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """A new lease on the same terms, for the time and the money that were left; the gate is asked as for any."""
        return super().post(request, **kwargs)

    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """One new lease, whose id is the deed's."""
        acting = self.principal
        resumed = resumption.resume_lease(
            kwargs["pk"],
            acting.viewer,
            user=acting.user,
            actor=acting.actor,
            new_id=deed_id,
            address=client_address(request._request),
            **checked(ResumptionWanted, request),
        )
        return Response(self.shown(LeaseShape, lease_for(acting.viewer, resumed.pk)), status=201)


class LeaseLogs(ApiView):
    """What a workload wrote."""

    @extend_schema(operation_id="leases_logs", parameters=[AFTER], responses=LogsShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """Lines in order, for the renter only."""
        lease = rented_lease_for(self.principal.viewer, pk)
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            raise InvalidInput("`after` is the sequence of a line. Nothing was changed.")
        lines = logs_after(lease, int(after), LINES)
        return Response(LogsShape({"lines": lines, "after": lines[-1].sequence if lines else int(after)}).data)


class LeaseReceipt(ApiView):
    """The receipt of a lease."""

    @extend_schema(operation_id="leases_receipt", responses=ReceiptShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """For the renter and the provider, each as it may see it, once the lease is settled."""
        acting = self.principal
        lease = lease_for(acting.viewer, pk)
        ids = acting.viewer.organization_ids()
        party = lease.renter_party_id if lease.renter_id in ids else lease.provider_party_id
        receipt = receipt_for(lease.pk, party)
        if receipt is None:
            raise NotFound("There is no receipt yet: the lease is not settled.")
        return Response(ReceiptShape(receipt).data)


class LeaseDecisions(ApiView):
    """What the gate decided about a lease."""

    @extend_schema(operation_id="leases_decision", responses=DecisionShape(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """Newest first, for the renter and the platform's staff; a refused request has decisions but no lease."""
        found = decisions_for(self.principal.viewer).filter(subject_id=pk)
        if not found.exists():
            raise NotFound
        return Response(DecisionShape(found, many=True).data)


class LeaseDeposit(ApiView):
    """The escrow deposit that a lease waits for."""

    scopes = {"GET": Scope.LEASES, "POST": Scope.LEASES}

    @extend_schema(operation_id="leases_deposit", responses=DepositShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """The signed clearance for the deposit, and the transactions for the renter's wallet."""
        lease = rented_lease_for(self.principal.viewer, pk)
        if lease.hold is None:
            raise NotFound
        asked = chain_deposits.prepare_deposit(lease.hold.pk)
        offered = asdict(asked) | {"authorization": deposit_relays.authorization_of(asked)}
        return Response(DepositShape(offered).data)

    @extend_schema(
        operation_id="leases_deposit_relay",
        request=SignedDepositShape,
        responses={202: RelayedDepositShape},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """The wallet only signed: our sender brings its authorization to the contract, once, and pays the gas."""
        lease = rented_lease_for(self.principal.viewer, pk)
        signed = checked(SignedDepositShape, request)
        if lease.hold is None:
            raise NotFound
        sent = deposit_relays.relay_deposit(lease.hold.pk, signed["signature"])
        return Response(RelayedDepositShape({"hash": sent.hash, "state": sent.state}).data, status=202)
