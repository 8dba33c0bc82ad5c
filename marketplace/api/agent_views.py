"""The agent protocol: four addresses, outbound from the agent only."""

from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.services import clearances
from marketplace.api.agent_shapes import EnrolWanted, InventoryReported, LogsReported, SyncReported
from marketplace.api.base import checked
from marketplace.models import Node
from marketplace.services import agent_auth, agent_sync, logs, nodes
from marketplace.services.agent_auth import AgentRequest, Proof
from marketplace.services.usage import WorkloadReport


class AgentUser:
    """A node as the framework's `user`: authenticated, and nobody's account."""

    is_authenticated = True

    def __init__(self, node: Node) -> None:
        self.node = node
        self.pk = node.pk


class AgentAuthentication(BaseAuthentication):
    """`Authorization: GridclearAgent <jwt>`: a proof for this request alone (ADR 0006)."""

    def authenticate(self, request: Request) -> tuple[AgentUser, Proof]:
        """The node, and its proof. Raises BadSignature, StaleRequest, BodyMismatch, ReplayedRequest."""
        raw = request._request
        arrived = AgentRequest(raw.headers.get("Authorization", ""), raw.method or "", raw.path, raw.body)
        node, proof = agent_auth.authenticate_agent(arrived)
        return AgentUser(node), proof

    def authenticate_header(self, request: Request) -> str:
        """How to authenticate."""
        return agent_auth.SCHEME


class AgentView(APIView):
    """A view for enrolled nodes."""

    authentication_classes = [AgentAuthentication]
    throttle_scope = "agent"
    schema = None

    @property
    def node(self) -> Node:
        """Which node asks."""
        user: Any = self.request.user
        node: Node = user.node
        return node

    @property
    def proof(self) -> Proof:
        """What the node signed."""
        proof: Proof = self.request.auth  # type: ignore[assignment]
        return proof


class Enrol(APIView):
    """The first word of an agent, by a single-use token."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]
    throttle_scope = "enrol"
    schema = None

    def post(self, request: Request) -> Response:
        """The node exists, and knows by which keys it will know a clearance."""
        wanted = checked(EnrolWanted, request)
        node = nodes.enrol_node(wanted["token"], wanted["public_key"], wanted["proof"], wanted["agent_version"])
        answer = {
            "node_id": str(node.pk),
            "clearance_keys": clearances.public_keys(),
            "poll_seconds": settings.GRIDCLEAR_AGENT_POLL_SECONDS,
            "heartbeat_timeout_seconds": settings.GRIDCLEAR_HEARTBEAT_TIMEOUT_SECONDS,
        }
        return Response(answer, status=201)


class Inventory(AgentView):
    """What the machine has."""

    def post(self, request: Request) -> Response:
        """The node's GPUs are those reported."""
        said = checked(InventoryReported, request)
        inventory = nodes.Inventory(
            gpus=tuple(nodes.GpuReport(**gpu) for gpu in said["gpus"]),
            cpu_count=said["cpu_count"],
            ram_mib=said["ram_mib"],
            disk_gib=said["disk_gib"],
            network_mbps=said["network_mbps"] or 0,
            docker=said["docker"],
        )
        matched = nodes.report_inventory(self.node, inventory)
        return Response({"accepted": True, "gpus": [{"uuid": uuid, "slug": slug} for uuid, slug in matched]})


class Sync(AgentView):
    """Heartbeat and poll in one."""

    def post(self, request: Request) -> Response:
        """Everything that the node shall run or stop."""
        said = checked(SyncReported, request)
        body = agent_sync.SyncBody(
            workloads=tuple(_workload(each) for each in said["workloads"]),
            gpu_metrics=tuple(agent_sync.GpuMetric(**metric) for metric in said.get("gpu_metrics", ())),
        )
        return Response(agent_sync.sync(self.node, body, self.proof))


class Logs(AgentView):
    """What workloads write."""

    def post(self, request: Request) -> Response:
        """The lines stand, each once."""
        said = checked(LogsReported, request)
        chunks = [logs.LogChunk(**chunk) for chunk in said["chunks"]]
        return Response({"next_sequence": logs.store_logs(self.node, said["lease_id"], chunks)})


def _workload(said: dict[str, Any]) -> WorkloadReport:
    return WorkloadReport(
        lease_id=str(said["lease_id"]),
        state=said["state"],
        usage_seconds=said["usage_seconds"],
        usage_sequence=said["usage_sequence"],
        usage_signature=said["usage_signature"],
        exit_code=said["exit_code"],
        error=said["error"] or "",
        runtime=said["runtime"] or "",
    )
