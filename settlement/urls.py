"""Addresses below `/webhooks/`."""

from django.urls import URLPattern, URLResolver, re_path

from settlement.views import stripe_webhook

urlpatterns: list[URLPattern | URLResolver] = [re_path(r"^stripe/?$", stripe_webhook, name="stripe_webhook")]
