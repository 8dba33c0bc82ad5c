"""The shapes of leases in the API. Money is minor units of the lease's own currency."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from compliance.engine.end_uses import KINDS
from marketplace.api.money_fields import MinorField
from marketplace.api.shapes_supply import OrganizationNameShape
from marketplace.models import Lease
from marketplace.models.viewer import Viewer
from marketplace.selectors.leases import cost_so_far, seconds_left, sla_credit


class EndUserWanted(serializers.Serializer[object]):
    """For whom is computed."""

    kind = serializers.ChoiceField(choices=["self", "other", "undisclosed"])
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    country = serializers.CharField(required=False, default="", allow_blank=True, max_length=2)


class LeaseWanted(serializers.Serializer[object]):
    """A request for a lease."""

    offer_id = serializers.UUIDField()
    gpu_count = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="The longest that it may run")
    rail = serializers.ChoiceField(choices=["balance", "card", "escrow"])
    max_spend_minor = MinorField(required=False, allow_null=True, default=None, help_text="USD cents")
    image = serializers.CharField(max_length=300)
    # Words and values are the renter's as they are: a blank one and a space at either end mean something.
    command = serializers.ListField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False), required=False, default=list
    )
    environment = serializers.DictField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False), required=False, default=dict
    )
    ports = serializers.ListField(child=serializers.IntegerField(), required=False, default=list)
    ssh_public_key = serializers.CharField(required=False, default="", allow_blank=True)
    end_use = serializers.CharField()
    end_use_kind = serializers.ChoiceField(
        choices=KINDS,
        required=False,
        default="",
        allow_blank=True,
        help_text="What is computed, and so whether an AI model is trained; `large_training` from 1e23 operations in "
        "all. Left out, it is not told: then a person looks where a rule needs the answer",
    )
    end_user = EndUserWanted()
    payment_method = serializers.CharField(required=False, default="", allow_blank=True)
    wallet = serializers.CharField(required=False, default="", allow_blank=True)
    price_minor_per_gpu_hour = MinorField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The offer's price that you saw, in USD cents; 409 `price_changed` when it is another by now",
    )


class ResumptionWanted(serializers.Serializer[object]):
    """A request to go on with a lease that compliance ended."""

    price_minor_per_gpu_hour = MinorField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The offer's price that you saw, in USD cents; 409 `price_changed` when it is another by now",
    )


class LeaseClearanceShape(serializers.Serializer[object]):
    """The clearance under which the lease stands."""

    id = serializers.UUIDField()
    decision_id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class LeaseShape(serializers.Serializer[Lease]):
    """A lease. The workload is the renter's alone to see; its variables are never shown again."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Lease.State.choices)
    end_reason = serializers.CharField()
    offer_id = serializers.UUIDField()
    node_id = serializers.UUIDField()
    renter = OrganizationNameShape()
    provider = OrganizationNameShape()
    gpu_model = serializers.CharField(source="gpu_model_id")
    gpu_count = serializers.IntegerField()
    simulated = serializers.BooleanField(source="node.simulated")
    price_minor_per_gpu_hour = serializers.IntegerField()
    currency = serializers.CharField()
    rail = serializers.CharField()
    max_seconds = serializers.IntegerField()
    max_spend_minor = serializers.IntegerField()
    sla_credit_bps = serializers.IntegerField(help_text="Of the affected hour, when the provider's node ends the lease")
    cost_so_far_minor = serializers.SerializerMethodField()
    sla_credit_minor = serializers.SerializerMethodField()
    billed_seconds = serializers.IntegerField()
    seconds_left = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    workload_state = serializers.CharField()
    workload_error = serializers.CharField()
    exit_code = serializers.IntegerField(allow_null=True)
    runtime = serializers.CharField()
    clearance = LeaseClearanceShape()
    resumes_id = serializers.UUIDField(
        allow_null=True, help_text="The lease that compliance ended and that this one goes on with"
    )
    workload = serializers.SerializerMethodField()

    def get_cost_so_far_minor(self, lease: Lease) -> int:
        """The cost of the seconds proven so far."""
        return cost_so_far(lease).minor

    def get_sla_credit_minor(self, lease: Lease) -> int:
        """What comes back of that cost because the provider's node ended the lease."""
        return sla_credit(lease).minor

    def get_seconds_left(self, lease: Lease) -> int | None:
        """Until the lease ends by itself."""
        return seconds_left(lease)

    def get_workload(self, lease: Lease) -> dict[str, Any] | None:
        """What runs; null for anybody but the renter."""
        viewer = self.context.get("viewer")
        if viewer is None or lease.renter_id not in _ids(self.context, viewer):
            return None
        return {
            "image": lease.image,
            "command": lease.command,
            "ports": lease.ports,
            "environment_names": sorted(lease.environment),
            "end_use": lease.end_use,
            "end_use_kind": lease.end_use_kind,
            "end_user": lease.end_user,
        }


def _ids(context: Mapping[str, Any], viewer: Viewer) -> Collection[UUID]:
    """The viewer's organizations: asked for once per answer by the view, which puts them there."""
    found: Collection[UUID] | None = context.get("organization_ids")
    return viewer.organization_ids() if found is None else found


class LogLineShape(serializers.Serializer[object]):
    """One line of a workload."""

    sequence = serializers.IntegerField()
    stream = serializers.CharField()
    at = serializers.DateTimeField()
    line = serializers.CharField()


class LogsShape(serializers.Serializer[object]):
    """Lines, and after which sequence to go on."""

    lines = LogLineShape(many=True)
    after = serializers.IntegerField()


class ReceiptShape(serializers.Serializer[object]):
    """The receipt of a lease; the fee and what the provider got are the provider's to see."""

    number = serializers.IntegerField()
    issued_at = serializers.DateTimeField()
    lease_id = serializers.UUIDField(source="subject_id")
    currency = serializers.CharField()
    description = serializers.CharField()
    billed_seconds = serializers.IntegerField()
    rate_minor_per_hour = serializers.IntegerField()
    used_minor = serializers.IntegerField()
    credit_minor = serializers.IntegerField(help_text="Taken off what the use cost")
    credit_reason = serializers.CharField()
    total_minor = serializers.IntegerField()
    returned_minor = serializers.IntegerField()
    refunded_minor = serializers.IntegerField(help_text="Of the total, given back since")
    owed_minor = serializers.IntegerField(help_text="Of the total, what the renter's card did not yield: it was owed")
    fee_minor = serializers.IntegerField(allow_null=True)
    payee_minor = serializers.IntegerField(allow_null=True)


class WalletTransactionShape(serializers.Serializer[object]):
    """One transaction for the renter's wallet."""

    to = serializers.CharField()
    data = serializers.CharField()  # type: ignore[assignment]
    says = serializers.CharField()


class DepositShape(serializers.Serializer[object]):
    """What the renter's wallet signs and sends, in order."""

    chain_id = serializers.IntegerField()
    escrow = serializers.CharField()
    token = serializers.CharField()
    lease_key = serializers.CharField()
    payer = serializers.CharField()
    payee = serializers.CharField()
    amount_minor = serializers.IntegerField()
    valid_until = serializers.DateTimeField()
    typed_data = serializers.JSONField()
    signature = serializers.CharField()
    transactions = WalletTransactionShape(many=True)
    authorization = serializers.JSONField(help_text="Typed data to sign instead: POST the signature, and we send it")


class SignedDepositShape(serializers.Serializer[object]):
    """The depositing wallet's signature of the deposit's `authorization`."""

    signature = serializers.RegexField(r"^0x[0-9a-fA-F]{130}$", help_text="65 bytes: r, s, v")


class RelayedDepositShape(serializers.Serializer[object]):
    """The transaction that brings a signed deposit to the contract."""

    hash = serializers.CharField()
    state = serializers.CharField()
