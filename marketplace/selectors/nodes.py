"""Nodes and GPUs as providers see them."""

from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from compliance.base.errors import NotFound
from marketplace.models import Allocation, EnrolmentToken, Gpu, Node, Organization
from marketplace.models.viewer import Viewer


def nodes_visible_to(viewer: Viewer) -> QuerySet[Node]:
    """The viewer's nodes, newest first, each with `gpus_present` and `gpus_taken`."""
    return _counted(Node.objects.visible_to(viewer)).order_by("-created_at", "id")


def nodes_of(organization: Organization) -> QuerySet[Node]:
    """The organization's nodes, newest first, each with `gpus_present` and `gpus_taken`."""
    return _counted(Node.objects.filter(organization=organization)).order_by("-created_at", "id")


def node_for(viewer: Viewer, node_id: UUID) -> Node:
    """The node with its counts. Raises NotFound for a stranger."""
    node = _counted(Node.objects.visible_to(viewer)).filter(pk=node_id).first()
    if node is None:
        raise NotFound
    return node


def gpus_of(node: Node) -> QuerySet[Gpu]:
    """The node's devices in order, each with its model and `taken`."""
    held = Allocation.objects.filter(gpu=OuterRef("pk"), closed_at=None)
    return node.gpus.select_related("gpu_model").annotate(taken=Exists(held)).order_by("-present", "index")


def open_enrolment_tokens(organization: Organization) -> QuerySet[EnrolmentToken]:
    """Tokens that no agent has used, newest first; some may have expired."""
    return EnrolmentToken.objects.filter(organization=organization, used_at=None).order_by("-created_at")


def _counted(nodes: QuerySet[Node]) -> QuerySet[Node]:
    present = Count("gpus", filter=Q(gpus__present=True), distinct=True)
    taken = Count("gpus__allocations", filter=Q(gpus__allocations__closed_at=None), distinct=True)
    return nodes.select_related("organization").annotate(gpus_present=present, gpus_taken=taken)
