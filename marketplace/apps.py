from importlib import import_module

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    """The product and the composition root."""

    name = "marketplace"
    label = "marketplace"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Upward signals of the lower apps are received."""
        import_module("marketplace.receivers")
