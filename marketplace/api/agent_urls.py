"""Addresses of the agent protocol."""

from django.urls import URLPattern, URLResolver, path

from marketplace.api import agent_views

app_name = "agent"

urlpatterns: list[URLPattern | URLResolver] = [
    path("enrol", agent_views.Enrol.as_view(), name="enrol"),
    path("inventory", agent_views.Inventory.as_view(), name="inventory"),
    path("sync", agent_views.Sync.as_view(), name="sync"),
    path("logs", agent_views.Logs.as_view(), name="logs"),
]
