"""Every address of the platform."""

from django.urls import include, path

from marketplace.api import vantage_views

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("marketplace.api.urls")),
    path("api/agent/v1/", include("marketplace.api.agent_urls")),
    path("api/vantage/v1/reports", vantage_views.Reports.as_view(), name="vantage_reports"),
    path("webhooks/", include("settlement.urls")),
    path("", include("marketplace.views.urls")),
]
