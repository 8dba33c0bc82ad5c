"""The real thing. Every secret and address is named in the environment, or nothing starts."""

import os

from marketplace.config.settings import environment
from marketplace.config.settings.base import *  # noqa: F403
from marketplace.config.settings.base import GRIDCLEAR_CHAIN_SIGNERS as GRIDCLEAR_CHAIN_SIGNERS
from marketplace.config.settings.base import MIDDLEWARE as MIDDLEWARE
from marketplace.config.settings.base import REST_FRAMEWORK as REST_FRAMEWORK

DEBUG = False
SECRET_KEY = environment.required("SECRET_KEY")
ALLOWED_HOSTS = environment.required("ALLOWED_HOSTS").split(",")
GRIDCLEAR_BASE_URL = environment.required("GRIDCLEAR_BASE_URL")
CSRF_TRUSTED_ORIGINS = [GRIDCLEAR_BASE_URL]
DATABASES = {"default": environment.database(environment.required("DATABASE_URL"))}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
REDIS_URL = environment.required("REDIS_URL")
STRIPE_API_KEY = environment.required("STRIPE_API_KEY")
STRIPE_WEBHOOK_SECRET = environment.required("STRIPE_WEBHOOK_SECRET")
CHAIN_RPC_URL = environment.chain_nodes()
CHAIN_ESCROW_ADDRESS = environment.required("CHAIN_ESCROW_ADDRESS")
CHAIN_TOKEN_ADDRESS = environment.required("CHAIN_TOKEN_ADDRESS")
GRIDCLEAR_CLEARANCE_KEY_FILE = environment.required("GRIDCLEAR_CLEARANCE_KEY_FILE")
GRIDCLEAR_KEYRING = os.environ.get("GRIDCLEAR_KEYRING", "")
GRIDCLEAR_MASTER_KEY_FILE = "" if GRIDCLEAR_KEYRING else environment.key_file("GRIDCLEAR_MASTER_KEY_FILE")
GRIDCLEAR_EVIDENCE_KEY_FILE = environment.required("GRIDCLEAR_EVIDENCE_KEY_FILE")
if not GRIDCLEAR_CHAIN_SIGNERS:
    GRIDCLEAR_CHAIN_KEY_DIR = environment.required("GRIDCLEAR_CHAIN_KEY_DIR")
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "1"))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
REST_FRAMEWORK = REST_FRAMEWORK | {"NUM_PROXIES": TRUSTED_PROXIES}
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
GRIDCLEAR_DEVELOPMENT = False
