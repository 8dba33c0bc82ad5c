"""A machine of one's own: every part embedded, under one ignored folder."""

import json
import os
from pathlib import Path

from marketplace.config.settings import environment

# The launcher writes where it started each part; what stands in the real environment has precedence.
_written = Path(environment.state_folder()) / "environment.json"
if _written.is_file():
    for _name, _value in json.loads(_written.read_text()).items():
        os.environ.setdefault(_name, _value)

from marketplace.config.settings.base import *  # noqa: E402, F403
from marketplace.config.settings.base import STORAGES as STORAGES  # noqa: E402

DEBUG = os.environ.get("DEBUG", "") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "development-only-" + "0" * 40)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = [os.environ.get("GRIDCLEAR_BASE_URL", "http://127.0.0.1:8000")]
DATABASES = {"default": environment.database(os.environ.get("DATABASE_URL", "postgresql://postgres@/gridclear"))}
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
# A style sheet that is built anew while the server runs is served as it is then.
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
GRIDCLEAR_ALLOW_SIMULATED = True
GRIDCLEAR_ALLOW_PROCESS_RUNTIME = True
# The story shows a payout; nobody waits a week for it.
GRIDCLEAR_CARD_RISK_SECONDS = 0
GRIDCLEAR_HEARTBEAT_TIMEOUT_SECONDS = 20
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
CHAIN_FINALITY_BLOCKS = int(os.environ.get("CHAIN_FINALITY_BLOCKS", "2"))
GRIDCLEAR_DEVELOPMENT = True
