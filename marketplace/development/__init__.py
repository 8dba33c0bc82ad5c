"""What a developer's machine needs and production must never see: the launcher, the seeds, the story.

Importing this package under production settings raises ImproperlyConfigured.
"""

import os

from django.core.exceptions import ImproperlyConfigured

if os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".production"):
    raise ImproperlyConfigured("marketplace.development is not importable under production settings.")
