"""The test suite: real PostgreSQL and Redis, started by tests/conftest.py."""

import os

from marketplace.config.settings import environment

_state = environment.state_folder() / "test"
os.environ.setdefault("REDIS_URL", f"unix://{_state / 'redis.sock'}")

from marketplace.config.settings.base import *  # noqa: E402, F403
from marketplace.config.settings.base import STORAGES as STORAGES  # noqa: E402

STATE_DIR = _state
# Workers of one run write keys and ranges at once, so each has files of its own.
_own = _state / os.environ.get("PYTEST_XDIST_WORKER", "alone")
SECRET_KEY = "test-only-" + "0" * 40
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
DATABASES = {"default": environment.database(os.environ.get("DATABASE_URL", "postgresql://postgres@/postgres"))}
DATABASES["default"]["TEST"] = {"NAME": "gridclear_test"}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
GRIDCLEAR_INDEX_DIR = None
GRIDCLEAR_ALLOW_SIMULATED = True
# Tests of the risk window set it.
GRIDCLEAR_CARD_RISK_SECONDS = 0
GRIDCLEAR_ALLOW_PROCESS_RUNTIME = True
GRIDCLEAR_CLEARANCE_KEY_FILE = str(_own / "keys/clearance.pem")
GRIDCLEAR_MASTER_KEY_FILE = str(_own / "keys/master.keys")
GRIDCLEAR_EVIDENCE_KEY_FILE = str(_own / "keys/evidence.pem")
GRIDCLEAR_CHAIN_KEY_DIR = str(_own / "keys/chain")
STRIPE_API_KEY = "sk_test_gridclear"
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
STRIPE_WEBHOOK_SECRET = "whsec_test_gridclear"  # noqa: S105
GRIDCLEAR_DEVELOPMENT = True
# Written by tests/conftest.py.
GEOIP_PLACES_FILE = str(_own / "geography/places.mmdb")
GEOIP_ASNS_FILE = str(_own / "geography/asns.mmdb")
GEOIP_VPN_RANGES_FILE = str(_own / "geography/vpn.txt")
GEOIP_HOSTING_RANGES_FILE = str(_own / "geography/hosting.txt")
GEOIP_TOR_EXITS_FILE = str(_own / "geography/tor.txt")
