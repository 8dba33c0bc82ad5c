"""Nodes: machines of providers on which an agent runs, and their GPUs."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from compliance.base.models import Row, StatefulRow
from marketplace.models.gpu_models import GpuModel
from marketplace.models.organizations import Organization
from marketplace.models.viewer import Viewer


class EnrolmentToken(Row):
    """A secret that lets one agent enrol one node, once, until it expires; only its hash is kept."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="enrolment_tokens")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    node_name = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=80, blank=True)
    city = models.CharField(max_length=80, blank=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class NodeQuerySet(models.QuerySet["Node"]):
    """Nodes, by who looks."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of the viewer's organizations; all for platform staff."""
        if viewer.is_platform_staff:
            return self
        return self.filter(organization_id__in=viewer.organization_ids())


class Node(StatefulRow):
    """A machine. ONLINE and OFFLINE follow its heartbeats; the stale-heartbeat sweep is the deadline of ONLINE."""

    class State(models.TextChoices):
        ENROLLED = "enrolled", "Enrolled"
        ONLINE = "online", "Online"
        OFFLINE = "offline", "Offline"
        RETIRED = "retired", "Retired"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.ENROLLED: frozenset({State.ONLINE, State.RETIRED}),
        State.ONLINE: frozenset({State.OFFLINE, State.RETIRED}),
        State.OFFLINE: frozenset({State.ONLINE, State.RETIRED}),
    }

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="nodes")
    name = models.CharField(max_length=80)
    public_key = models.CharField(max_length=64, unique=True, help_text="Ed25519, raw, base64url")
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=80, blank=True)
    city = models.CharField(max_length=80, blank=True)
    agent_version = models.CharField(max_length=32, blank=True)
    last_sequence = models.BigIntegerField(default=0, help_text="Of signed requests; a replay is not above it")
    last_heartbeat_at = models.DateTimeField(null=True, blank=True, db_index=True)
    cpu_count = models.PositiveIntegerField(default=0)
    ram_mib = models.PositiveIntegerField(default=0)
    disk_gib = models.PositiveIntegerField(default=0)
    network_mbps = models.PositiveIntegerField(default=0)
    docker = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)

    objects = NodeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Gpu(Row):
    """One device of a node, as its agent reports it."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="gpus")
    uuid = models.CharField(max_length=80)
    index = models.PositiveSmallIntegerField()
    device_name = models.CharField(max_length=120)
    gpu_model = models.ForeignKey(GpuModel, null=True, blank=True, on_delete=models.PROTECT, related_name="gpus")
    memory_mib = models.PositiveIntegerField()
    pci_device_id = models.CharField(max_length=16, blank=True)
    driver_version = models.CharField(max_length=40, blank=True)
    simulated = models.BooleanField(default=False)
    present = models.BooleanField(default=True, help_text="Named in the newest inventory")
    utilization = models.PositiveSmallIntegerField(null=True, blank=True)
    temperature = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["node", "index"]
        constraints = [models.UniqueConstraint(fields=["node", "uuid"], name="one_gpu_per_device")]
        indexes = [models.Index(fields=["node", "gpu_model"])]
