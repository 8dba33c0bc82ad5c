import gc
from importlib import import_module

from django.apps import AppConfig

# Containers made, less those gone, before the collector looks: the youngest, then how many such looks before an older
# generation's. Python's own 700 stop one screening in nine, and one in a hundred for longer than it takes (ADR 127).
COLLECT_AFTER = (50_000, 20, 20)


class MarketplaceConfig(AppConfig):
    """The product and the composition root."""

    name = "marketplace"
    label = "marketplace"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Signals of the lower apps are received, the database is checked; the collector of cycles looks seldom."""
        import_module("marketplace.receivers")
        import_module("marketplace.durability")
        gc.freeze()  # code and tables stay: nobody has to look through them again, and forks share them
        gc.set_threshold(*COLLECT_AFTER)
