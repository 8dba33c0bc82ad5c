"""Every address of the platform."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("marketplace.api.urls")),
    path("api/agent/v1/", include("marketplace.api.agent_urls")),
    path("webhooks/", include("settlement.urls")),
    path("", include("marketplace.views.urls")),
]
