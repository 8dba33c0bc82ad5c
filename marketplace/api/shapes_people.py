"""The shapes of organizations, members and keys in the API."""

from rest_framework import serializers

from marketplace.models import ApiKey, Membership


class OrganizationShape(serializers.Serializer[object]):
    """An organization."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    is_renter = serializers.BooleanField()
    is_provider = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class MeShape(serializers.Serializer[object]):
    """Who asks, for whom, and what they may do."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    platform_role = serializers.CharField()
    organization = OrganizationShape(allow_null=True)
    role = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())
    by = serializers.ChoiceField(choices=["session", "api_key"])


class MemberShape(serializers.Serializer[object]):
    """A person's place in an organization."""

    id = serializers.UUIDField()
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    role = serializers.CharField()
    created_at = serializers.DateTimeField()


class MemberWanted(serializers.Serializer[object]):
    """A new member: somebody who has a login here."""

    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class RoleWanted(serializers.Serializer[object]):
    """Another role."""

    role = serializers.ChoiceField(choices=Membership.Role.choices)


class ApiKeyShape(serializers.Serializer[object]):
    """A key, without its secret."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_by = serializers.EmailField(source="created_by.email")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewApiKeyShape(ApiKeyShape):
    """A new key; `key` is shown this once."""

    key = serializers.CharField(source="secret")


class ApiKeyWanted(serializers.Serializer[object]):
    """A new key."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=ApiKey.Scope.choices))
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
