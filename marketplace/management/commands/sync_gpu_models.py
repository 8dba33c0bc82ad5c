"""`manage.py sync_gpu_models`: the catalogue of GPU models follows compliance's."""

from typing import Any

from django.core.management.base import BaseCommand

from marketplace.services.catalogue import sync_catalogue


class Command(BaseCommand):
    help = "Fills the catalogue of GPU models from compliance's catalogue of accelerators. May run twice."

    def handle(self, *args: Any, **options: Any) -> None:
        """The catalogue stands; says how many models it has."""
        self.stdout.write(f"{sync_catalogue()} GPU models in the catalogue")
