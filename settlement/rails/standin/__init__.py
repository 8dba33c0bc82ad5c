"""A stand-in card network for development and tests: Stripe's HTTP API, as far as Gridclear uses it.

The real `stripe` library talks to it over HTTP. It keeps its own books in a file, honours idempotency keys, signs its
webhooks and misbehaves when told to. It is a program of its own (`python -m settlement.rails.standin`) and shares no
code with the rail under test. Production settings cannot import it.
"""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def _refuse_production() -> None:
    """Nothing happens, unless settings are in force that do not allow stand-ins: then ImproperlyConfigured."""
    if not (settings.configured or os.environ.get("DJANGO_SETTINGS_MODULE")):
        return
    if not getattr(settings, "GRIDCLEAR_ALLOW_SIMULATED", False):
        raise ImproperlyConfigured("The stand-in card network cannot be imported under production settings.")


_refuse_production()
