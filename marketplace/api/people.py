"""Who asks, their organizations, members and keys."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base.errors import Forbidden, NotFound
from marketplace.api.authentication import KeyInUse
from marketplace.api.base import ApiView, checked
from marketplace.api.shapes_people import (
    ApiKeyShape,
    ApiKeyWanted,
    MemberShape,
    MemberWanted,
    MeShape,
    NewApiKeyShape,
    OrganizationShape,
    RoleWanted,
)
from marketplace.models import Organization
from marketplace.permissions import ANY, SCOPES_OF_ROLE, require_role, role_of
from marketplace.selectors.organizations import (
    api_keys_of,
    members_of,
    organization_for,
    organizations_visible_to,
)
from marketplace.services import api_keys, organizations


class KeysCannotManage(Forbidden):
    """People and keys are managed by people: a stolen key must not make itself at home."""

    code = "person_needed"
    default_message = "This takes a person who is logged in, not an API key. Nothing was changed."


class PeopleView(ApiView):
    """What only people may change."""

    def require_person(self) -> None:
        """Nothing, for a session. Raises KeysCannotManage for a key."""
        if isinstance(self.request.auth, KeyInUse):
            raise KeysCannotManage

    def organization(self, pk: UUID) -> Organization:
        """The organization of which the person is a member. Raises NotFound."""
        acting = self.principal
        found = organization_for(acting.viewer, pk)
        acting.own(found.pk)
        return found


class Me(ApiView):
    """Who asks."""

    @extend_schema(operation_id="me", responses=MeShape)
    def get(self, request: Request) -> Response:
        """The person, the organization for which the request acts, and what it may do."""
        acting = self.principal
        organization = acting.acts_for
        role = role_of(acting.user, organization) if organization else None
        by_key = isinstance(request.auth, KeyInUse)
        scopes = request.auth.scopes if isinstance(request.auth, KeyInUse) else SCOPES_OF_ROLE.get(role or "", ())
        answer = {
            "id": acting.user.pk,
            "email": acting.user.email,
            "name": acting.user.name,
            "platform_role": "" if by_key else acting.user.platform_role,
            "organization": organization,
            "role": role,
            "scopes": sorted(scopes),
            "by": "api_key" if by_key else "session",
        }
        return Response(MeShape(answer).data)


class Organizations(ApiView):
    """The asker's organizations."""

    @extend_schema(operation_id="organizations_list", responses=OrganizationShape(many=True))
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(organizations_visible_to(self.principal.viewer), OrganizationShape)


class OneOrganization(ApiView):
    """One organization."""

    @extend_schema(operation_id="organizations_read", responses=OrganizationShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """The organization."""
        return Response(self.shown(OrganizationShape, organization_for(self.principal.viewer, pk)))


class Members(PeopleView):
    """An organization's people."""

    @extend_schema(operation_id="members_list", responses=MemberShape(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """Newest first."""
        return self.page(members_of(self.organization(pk)), MemberShape)

    @extend_schema(operation_id="members_add", request=MemberWanted, responses={201: MemberShape})
    def post(self, request: Request, pk: UUID) -> Response:
        """The person is a member."""
        self.require_person()
        acting = self.principal
        wanted = checked(MemberWanted, request)
        found = organizations.add_member(self.organization(pk), **wanted, user=acting.user, actor=acting.actor)
        return Response(self.shown(MemberShape, found), status=201)


class OneMember(PeopleView):
    """One member."""

    @extend_schema(operation_id="members_change", request=RoleWanted, responses=MemberShape)
    def patch(self, request: Request, pk: UUID, member: UUID) -> Response:
        """The member has the role."""
        self.require_person()
        acting = self.principal
        self._must_be_of(pk, member)
        role = checked(RoleWanted, request)["role"]
        changed = organizations.change_role(member, role, user=acting.user, actor=acting.actor)
        return Response(self.shown(MemberShape, changed))

    @extend_schema(operation_id="members_remove", responses={204: None})
    def delete(self, request: Request, pk: UUID, member: UUID) -> Response:
        """The person is no member, and the keys that they made are revoked."""
        self.require_person()
        acting = self.principal
        self._must_be_of(pk, member)
        organizations.remove_member(member, user=acting.user, actor=acting.actor)
        return Response(status=204)

    def _must_be_of(self, pk: UUID, member: UUID) -> None:
        if not members_of(self.organization(pk)).filter(pk=member).exists():
            raise NotFound


class ApiKeys(PeopleView):
    """The organization's keys."""

    @extend_schema(operation_id="api_keys_list", responses=ApiKeyShape(many=True))
    def get(self, request: Request) -> Response:
        """Newest first; revoked ones stay to be seen."""
        return self.page(api_keys_of(self.principal.organization), ApiKeyShape)

    @extend_schema(operation_id="api_keys_create", request=ApiKeyWanted, responses={201: NewApiKeyShape})
    def post(self, request: Request) -> Response:
        """The key stands, and is shown this once."""
        self.require_person()
        acting = self.principal
        wanted = checked(ApiKeyWanted, request)
        require_role(acting.user, acting.organization, *ANY)
        key, secret = api_keys.create_api_key(acting.organization, **wanted, user=acting.user)
        key.secret = secret  # type: ignore[attr-defined]
        return Response(self.shown(NewApiKeyShape, key), status=201)


class OneApiKey(PeopleView):
    """One key."""

    @extend_schema(operation_id="api_keys_revoke", responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """The key works no more."""
        self.require_person()
        acting = self.principal
        api_keys.revoke_api_key(pk, user=acting.user, actor=acting.actor)
        return Response(status=204)
