"""What every view of the API shares: who acts for whom, scopes, and deeds that are done once."""

import hashlib
import json
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.pagination import BasePagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from compliance.base.actor import Actor
from compliance.base.canonical import canonical_bytes
from compliance.base.errors import Forbidden, NotFound, Refusal
from marketplace.api.authentication import KeyInUse
from marketplace.api.pagination import NewestFirst
from marketplace.api.problems import as_response, problem_of
from marketplace.models import ApiKey, Organization, User
from marketplace.models.viewer import Viewer
from marketplace.permissions import active_membership
from marketplace.services import idempotency
from marketplace.services.turns import TooOften

Scope = ApiKey.Scope

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 128 characters of your choice. The same key with the same body gets the same answer.",
)


class ScopeMissing(Forbidden):
    """The key was not given this scope."""

    code = "scope_missing"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a person by session or by a key, for which organization."""

    user: User
    viewer: Viewer
    actor: Actor
    acts_for: Organization | None

    @property
    def organization(self) -> Organization:
        """The organization for which the request acts. Raises NotFound for a person who belongs to none."""
        if self.acts_for is None:
            raise NotFound("You belong to no organization. Create one first.")
        return self.acts_for

    def own(self, organization_id: UUID) -> None:
        """Nothing, when the object is of an organization that this request may act for. Raises NotFound otherwise."""
        if organization_id not in self.viewer.organization_ids():
            raise NotFound


class ApiView(APIView):
    """A view with scopes: `scopes` names the scope that each unsafe method needs; reading needs `read`."""

    throttle_scope = "api"
    scopes: ClassVar[dict[str, str]] = {}
    pagination_class: ClassVar[type[BasePagination]] = NewestFirst

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticated, allowed, within the rate, and with the scope."""
        super().initial(request, *args, **kwargs)
        needed = self.scopes.get(request.method or "", Scope.READ)
        if isinstance(request.auth, KeyInUse) and needed not in request.auth.scopes:
            raise ScopeMissing(f"This API key has no scope `{needed}`. Nothing was changed.")

    @property
    def principal(self) -> Principal:
        """Who acts in this request."""
        user = self.request.user
        if not isinstance(user, User):
            raise NotFound
        if isinstance(self.request.auth, KeyInUse):
            key = self.request.auth.key
            return Principal(user, key, key.as_actor(), key.organization)
        membership = active_membership(self.request._request)
        return Principal(user, user, user.as_actor(), membership.organization if membership else None)

    def page(self, rows: Any, serializer: type[BaseSerializer[Any]]) -> Response:
        """One page of the rows."""
        paginator = self.pagination_class()
        found: Any = paginator.paginate_queryset(rows, self.request, view=self)
        return paginator.get_paginated_response(serializer(found, many=True, context=self._context()).data)

    def shown(self, serializer: type[BaseSerializer[Any]], row: Any) -> dict[str, Any]:
        """One object."""
        return dict(serializer(row, context=self._context()).data)

    def _context(self) -> dict[str, Any]:
        viewer = self.principal.viewer
        return {"viewer": viewer, "organization_ids": set(viewer.organization_ids())}


def checked(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """The body in the serializer's shape. Raises ValidationError, and ParseError for what is no JSON object."""
    read = serializer(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


class OnceView(ApiView):
    """A POST that moves money or capacity: done once for each `Idempotency-Key`."""

    def post(self, request: Request, **kwargs: Any) -> Response:
        """What the deed answered, now or before."""
        key = request.headers.get("Idempotency-Key", "")
        fingerprint = hashlib.sha256(canonical_bytes([request.path, request.data])).hexdigest()
        begun = idempotency.begin(self.principal.organization.pk, key, fingerprint)
        if isinstance(begun, idempotency.Answer):
            return _repeated(begun)
        try:
            response = self.once(request, begun.id, **kwargs)
        except Refusal as refusal:
            # What only has to wait is no answer: the same key may be asked again.
            if refusal.http_status >= 500 or isinstance(refusal, TooOften):
                idempotency.abandon(begun)
                raise
            response = as_response(problem_of(refusal))
        except Exception:
            idempotency.abandon(begun)
            raise
        idempotency.complete(begun, response.status_code, _plain(response.data))
        return response

    @abstractmethod
    def once(self, request: Request, deed_id: UUID, **kwargs: Any) -> Response:
        """The deed is done; `deed_id` is the id of what it makes, so that a repetition after a crash finds it."""


def _repeated(answer: idempotency.Answer) -> Response:
    if isinstance(answer.body, dict) and "code" in answer.body and answer.status >= 400:
        response = as_response(answer.body)
    else:
        response = Response(answer.body, status=answer.status)
    response["Idempotent-Replayed"] = "true"
    return response


def _plain(data: Any) -> Any:
    return json.loads(JSONRenderer().render(data))
