"""Nodes in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.base import ApiView, Scope, checked
from marketplace.api.shapes_supply import EnrolmentTokenShape, EnrolmentTokenWanted, NodeInFullShape, NodeShape
from marketplace.selectors.nodes import gpus_of, node_for, nodes_visible_to
from marketplace.services import nodes


class Nodes(ApiView):
    """The organization's nodes."""

    @extend_schema(operation_id="nodes_list", responses=NodeShape(many=True))
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(nodes_visible_to(self.principal.viewer), NodeShape)


class OneNode(ApiView):
    """One node."""

    @extend_schema(operation_id="nodes_read", responses=NodeInFullShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """The node with its devices."""
        node = node_for(self.principal.viewer, pk)
        node.devices = list(gpus_of(node))  # type: ignore[attr-defined]
        return Response(self.shown(NodeInFullShape, node))


class RetireNode(ApiView):
    """A node's end."""

    scopes = {"POST": Scope.OFFERS}

    @extend_schema(operation_id="nodes_retire", request=None, responses=NodeShape)
    def post(self, request: Request, pk: UUID) -> Response:
        """The node takes no more part."""
        acting = self.principal
        acting.own(node_for(acting.viewer, pk).organization_id)
        nodes.retire_node(pk, user=acting.user, actor=acting.actor)
        return Response(self.shown(NodeShape, node_for(acting.viewer, pk)))


class EnrolmentTokens(ApiView):
    """Tokens for new nodes."""

    scopes = {"POST": Scope.OFFERS}

    @extend_schema(
        operation_id="enrolment_tokens_create", request=EnrolmentTokenWanted, responses={201: EnrolmentTokenShape}
    )
    def post(self, request: Request) -> Response:
        """One agent may enrol one node; the token is shown this once. Moves no capacity until an agent uses it."""
        acting = self.principal
        wanted = checked(EnrolmentTokenWanted, request)
        token, secret = nodes.create_enrolment_token(acting.organization, **wanted, user=acting.user)
        answer = {"id": token.pk, "node_name": token.node_name, "expires_at": token.expires_at, "token": secret}
        return Response(EnrolmentTokenShape(answer).data, status=201)
