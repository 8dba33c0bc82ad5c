"""The OpenAPI document, and pages to browse it, served from here alone (ADR 0033)."""

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import BaseAuthentication


class Schema(SpectacularJSONAPIView):
    """OpenAPI 3.1, as JSON; the same for everybody."""

    authentication_classes: list[type[BaseAuthentication]] = []
    throttle_scope = "api"


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI under the strict Content-Security-Policy: its script is an address of its own, its style a file."""

    authentication_classes: list[type[BaseAuthentication]] = []
    url_name = "api:schema"
    template_name = "marketplace/api_docs.html"
    throttle_scope = "api"
