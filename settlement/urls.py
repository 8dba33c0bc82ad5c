"""Addresses below `/webhooks/`."""

from django.urls import URLPattern, URLResolver, path, re_path

from settlement.views import stripe_webhook, travel_answer

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^stripe/?$", stripe_webhook, name="stripe_webhook"),
    path("trp/<uuid:pk>/<str:token>", travel_answer, name="travel_answer"),
]
