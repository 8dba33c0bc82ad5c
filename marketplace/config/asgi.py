"""ASGI entry point."""

import base64
import os
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.config.settings.production")
application: Any = get_asgi_application()

# Only now: the applications are ready.
from compliance.services.clearances import public_keys  # noqa: E402
from marketplace.vantage.mount import mounted, stationed  # noqa: E402

if settings.GRIDCLEAR_VANTAGES:
    _keys = {row["kid"]: base64.urlsafe_b64decode(row["public_key"] + "=") for row in public_keys()}
    _reports = f"{settings.GRIDCLEAR_BASE_URL.rstrip('/')}/api/vantage/v1/reports"
    application = mounted(application, stationed(settings.GRIDCLEAR_VANTAGES, _keys, _reports))
