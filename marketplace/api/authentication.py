"""API keys in the `Authorization` header."""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from marketplace.models import ApiKey, User
from marketplace.services import api_keys


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """The key of a request, and what it may do now."""

    key: ApiKey
    scopes: frozenset[str]


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer gck_<prefix>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[User, KeyInUse] | None:
        """The key and its maker; None without a Bearer header. Raises InvalidApiKey."""
        scheme, _, presented = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key, scopes = api_keys.authenticate(presented.strip())
        return key.created_by, KeyInUse(key, scopes)

    def authenticate_header(self, request: Request) -> str:
        """How to authenticate."""
        return 'Bearer realm="gridclear"'


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The key in the OpenAPI document."""

    target_class = "marketplace.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "gck_<prefix>_<secret>"}
