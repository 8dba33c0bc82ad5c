"""Leases: a renter has GPUs of an offer, under terms that were frozen when the lease was made."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.base.models import Row, StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall, update_of
from marketplace.models.nodes import Gpu, Node
from marketplace.models.offers import Offer
from marketplace.models.organizations import Organization
from marketplace.models.viewer import Viewer

# Wall 2: whatever writes the row (raw SQL too), a lease moves on only under a live clearance about it.
LEASE_NEEDS_CLEARANCE = """
IF NEW.state IN ('pending_funds', 'funded', 'starting', 'running') AND NOT EXISTS (
    SELECT 1 FROM compliance_clearance c
    WHERE c.id = NEW.clearance_id AND c.purpose = 'lease' AND c.revoked_at IS NULL
      AND c.expires_at > greatest(now(), NEW.state_changed_at)
      AND c.subject_id = NEW.id
      AND c.renter_party_id = NEW.renter_party_id AND c.provider_party_id = NEW.provider_party_id
      AND c.gpu_count >= NEW.gpu_count AND c.gpu_slug = NEW.gpu_model_id AND c.node_id = NEW.node_id
) THEN
    RAISE EXCEPTION 'a lease needs a live clearance about itself and its parties' USING ERRCODE = 'check_violation';
END IF;
IF NEW.state IN ('funded', 'starting', 'running') AND NOT EXISTS (
    SELECT 1 FROM settlement_hold h WHERE h.id = NEW.hold_id AND h.subject_id = NEW.id AND h.state = 'open'
) THEN
    RAISE EXCEPTION 'a lease runs only on an open hold' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

# Once a lease has come to its end, what names people or holds secrets may be blanked, and changed to nothing else.
TERMS_FROZEN = """
IF (NEW.offer_id, NEW.renter_id, NEW.provider_id, NEW.renter_party_id, NEW.provider_party_id, NEW.gpu_count,
    NEW.price_minor_per_gpu_hour, NEW.currency, NEW.sla_credit_bps, NEW.max_seconds, NEW.max_spend_minor, NEW.node_id,
    NEW.gpu_model_id, NEW.rail, NEW.wallet_address, NEW.requested_by_id, NEW.resumes_id, NEW.end_use_kind)
   IS DISTINCT FROM
   (OLD.offer_id, OLD.renter_id, OLD.provider_id, OLD.renter_party_id, OLD.provider_party_id, OLD.gpu_count,
    OLD.price_minor_per_gpu_hour, OLD.currency, OLD.sla_credit_bps, OLD.max_seconds, OLD.max_spend_minor, OLD.node_id,
    OLD.gpu_model_id, OLD.rail, OLD.wallet_address, OLD.requested_by_id, OLD.resumes_id, OLD.end_use_kind)
   OR (
    (NEW.image, NEW.command, NEW.environment, NEW.ports, NEW.ssh_public_key, NEW.end_use, NEW.end_user)
    IS DISTINCT FROM
    (OLD.image, OLD.command, OLD.environment, OLD.ports, OLD.ssh_public_key, OLD.end_use, OLD.end_user)
    AND NOT (
        OLD.state IN ('settled', 'failed')
        AND NEW.command IN (OLD.command, '[]'::jsonb) AND NEW.environment IN (OLD.environment, '{}'::jsonb)
        AND NEW.ports IN (OLD.ports, '[]'::jsonb) AND NEW.ssh_public_key IN (OLD.ssh_public_key, '')
        AND NEW.image IN (OLD.image, '[erased]')
        AND NEW.end_use IN (OLD.end_use, '[erased]') AND NEW.end_user IN (OLD.end_user, '{}'::jsonb)
    )
   )
THEN
    RAISE EXCEPTION 'the terms of a lease are frozen' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Leases, by who looks."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those that the viewer's organizations rent or provide; all for platform staff."""
        if viewer.is_platform_staff:
            return self
        ids = viewer.organization_ids()
        return self.filter(Q(renter_id__in=ids) | Q(provider_id__in=ids))

    def rented_by(self, viewer: Viewer) -> Self:
        """Those that the viewer's organizations rent: who may see the logs and stop them."""
        return self.filter(renter_id__in=viewer.organization_ids())

    def live(self) -> Self:
        """Those that hold GPUs or may come to."""
        return self.filter(state__in=Lease.LIVE)


class Lease(StatefulRow):
    """GPUs, a workload, money: from the request to the settlement."""

    class State(models.TextChoices):
        PENDING_FUNDS = "pending_funds", "Waiting for funds"
        FUNDED = "funded", "Funded"
        STARTING = "starting", "Starting"
        RUNNING = "running", "Running"
        STOPPING = "stopping", "Stopping"
        SUSPENDED = "suspended", "Suspended"
        ENDED = "ended", "Ended"
        SETTLED = "settled", "Settled"
        FAILED = "failed", "Failed"

    class EndReason(models.TextChoices):
        RENTER_STOPPED = "renter_stopped", "Stopped by you"
        EXPIRED = "expired", "Reached its end"
        SPEND_LIMIT = "spend_limit", "Reached its spend limit"
        COMPLIANCE_SUSPENDED = "compliance_suspended", "Suspended by compliance"
        CLEARANCE_LAPSED = "clearance_lapsed", "Clearance lapsed"
        PROVIDER_LOST = "provider_lost", "The node was lost"
        WORKLOAD_EXITED = "workload_exited", "The workload ended"
        WORKLOAD_FAILED = "workload_failed", "The workload failed"
        FUNDING_FAILED = "funding_failed", "The payment was refused"
        FUNDING_TIMEOUT = "funding_timeout", "The payment did not arrive in time"
        START_TIMEOUT = "start_timeout", "The node did not start it in time"
        NODE_FAILED = "node_failed", "The node could not run it"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PENDING_FUNDS: frozenset({State.FUNDED, State.FAILED}),
        State.FUNDED: frozenset({State.STARTING, State.STOPPING, State.SUSPENDED, State.ENDED}),
        State.STARTING: frozenset({State.RUNNING, State.STOPPING, State.SUSPENDED, State.ENDED}),
        State.RUNNING: frozenset({State.STOPPING, State.SUSPENDED, State.ENDED}),
        State.STOPPING: frozenset({State.ENDED, State.SUSPENDED}),
        State.SUSPENDED: frozenset({State.ENDED}),
        State.ENDED: frozenset({State.SETTLED}),
    }
    LIVE: ClassVar[tuple[str, ...]] = (
        State.PENDING_FUNDS,
        State.FUNDED,
        State.STARTING,
        State.RUNNING,
        State.STOPPING,
    )

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="leases")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="leases")
    renter = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="leases_rented")
    provider = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="leases_provided")
    renter_party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="+")
    provider_party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="+")
    resumes = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="resumed_by",
        help_text="The lease that compliance ended and that this one goes on with",
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    clearance = models.ForeignKey("compliance.Clearance", on_delete=models.PROTECT, related_name="+")
    hold = models.ForeignKey("settlement.Hold", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    # Terms, frozen.
    gpu_model = models.ForeignKey("marketplace.GpuModel", on_delete=models.PROTECT, related_name="+")
    gpu_count = models.PositiveSmallIntegerField()
    price_minor_per_gpu_hour = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    rail = models.CharField(max_length=8)
    max_seconds = models.PositiveIntegerField()
    max_spend_minor = models.BigIntegerField()
    sla_credit_bps = models.PositiveSmallIntegerField(
        default=0, help_text="Of the affected hour, when the provider's node ends the lease"
    )
    wallet_address = models.CharField(max_length=64, blank=True)

    # The workload.
    image = models.CharField(max_length=300)
    command = models.JSONField(default=list)
    environment = models.JSONField(default=dict)
    ports = models.JSONField(default=list)
    ssh_public_key = models.CharField(max_length=1000, blank=True)

    # Its end use, as declared.
    end_use = models.CharField(max_length=400)
    end_use_kind = models.CharField(
        max_length=16, blank=True, help_text="In the field's terms, and so whether a model is trained; empty: not told"
    )
    end_user = models.JSONField(default=dict, help_text="kind: self, other or undisclosed; name; country")

    # Its course.
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="start + max_seconds")
    end_reason = models.CharField(max_length=24, choices=EndReason, blank=True)
    billed_seconds = models.BigIntegerField(default=0)
    usage_sequence = models.BigIntegerField(default=0)
    workload_state = models.CharField(max_length=12, blank=True)
    workload_error = models.CharField(max_length=200, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    runtime = models.CharField(max_length=12, blank=True, help_text="docker, or process (development only)")

    objects = LeaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["renter", "-created_at"]),
            models.Index(fields=["provider", "-created_at"]),
            models.Index(fields=["node", "state"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(max_spend_minor__gt=0), name="lease_spend_is_positive"),
            models.CheckConstraint(condition=Q(gpu_count__gt=0), name="lease_has_gpus"),
            models.CheckConstraint(condition=Q(sla_credit_bps__lte=10_000), name="credit_within_the_hour"),
        ]
        triggers = [
            Wall(
                name="lease_needs_clearance",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | update_of(
                    "state",
                    "clearance_id",
                    "renter_party_id",
                    "provider_party_id",
                    "hold_id",
                    "node_id",
                    "gpu_model_id",
                ),
                func=LEASE_NEEDS_CLEARANCE,
            ),
            Wall(
                name="lease_terms_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=TERMS_FROZEN,
            ),
            Immutable(name="lease_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="lease_never_emptied"),
        ]

    @property
    def rate_minor_per_hour(self) -> int:
        """For all GPUs of the lease, in minor units of its currency."""
        return self.price_minor_per_gpu_hour * self.gpu_count


class Allocation(Row):
    """A GPU is held by a lease; a GPU has at most one open allocation."""

    gpu = models.ForeignKey(Gpu, on_delete=models.PROTECT, related_name="allocations")
    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="allocations")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gpu"], condition=Q(closed_at=None), name="one_open_allocation_per_gpu")
        ]
