"""What is so everywhere."""

import json
import os
from pathlib import Path
from typing import Any

from celery.schedules import schedule
from csp.constants import NONE, SELF

from marketplace.config import recursion  # noqa: F401 - before anything else imports web3
from marketplace.config.settings.environment import ROOT, state_folder

BASE_DIR = ROOT
STATE_DIR: Path = state_folder()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "pgtrigger",
    "django_cotton",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "compliance",
    "settlement",
    "marketplace",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.views.base.RefusalPages",
]

ROOT_URLCONF = "marketplace.config.urls"
ASGI_APPLICATION = "marketplace.config.asgi.application"
WSGI_APPLICATION = "marketplace.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.views.context.shell",
            ],
        },
    }
]

AUTH_USER_MODEL = "marketplace.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "allauth.account.adapter.DefaultAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"signup": "marketplace.forms.accounts.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True

EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Gridclear <noreply@localhost>")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "marketplace" / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    # Sealed documents. It has no address: pages are opened by the server for those who may see them.
    "documents": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": STATE_DIR / "documents",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
MEDIA_ROOT = STATE_DIR / "media"

REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# What people upload stays in memory, so that no passport lies in a temporary folder.
FILE_UPLOAD_HANDLERS = ["marketplace.uploads.MemoryUpload"]

# How many proxies of one's own stand before the server; each adds the address that it saw to X-Forwarded-For.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "marketplace.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["marketplace.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "marketplace.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api": "600/min", "enrol": "30/min", "agent": "6000/min"},
    # No X-Forwarded-For is believed but a trusted proxy's: who writes it himself has no more attempts than others.
    "NUM_PROXIES": TRUSTED_PROXIES,
    "EXCEPTION_HANDLER": "marketplace.api.problems.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gridclear API",
    "DESCRIPTION": "Lease GPUs by program. Errors are problem+json (RFC 9457); lists are paged by cursor.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# The beat. Intervals in seconds; each task is a sweep that may run twice or late without harm. One that waited for
# twice its interval is dropped, so that a queue that nobody works off does not grow without end; but never before it
# has waited for two minutes. With less, the shortest sweeps (those that suspend leases, meter and settle) would be the
# first to be lost whenever all workers are held up, as by a request to a rail that times out and is repeated (46 s).
SWEEP_WAITS_AT_LEAST_SECONDS = 120
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "marketplace.config.beat:SturdyScheduler"
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": name,
        "schedule": schedule(seconds),
        "options": {"expires": max(seconds * 2, SWEEP_WAITS_AT_LEAST_SECONDS)},
    }
    for name, seconds in {
        "marketplace.mark_stale_nodes": 2,
        "marketplace.sweep_leases": 2,
        "marketplace.meter_leases": 5,
        "marketplace.renew_clearances": 10,
        "marketplace.reassess_leases": 60,
        "marketplace.settle_ended_leases": 3,
        "marketplace.sweep_restrictions": 3,
        "marketplace.pay_providers": 10,
        "marketplace.start_auto_top_ups": 30,
        "marketplace.remind_of_expiry": 600,
        "marketplace.write_about_questions": 30,
        "marketplace.write_money_letters": 30,
        "marketplace.answer_disputes": 600,
        "marketplace.forget_old_answers": 3600,
        "marketplace.sweep_bundles": 60,
        "marketplace.run_retention": 86_400,
        "marketplace.follow_erasures": 600,
        "settlement.sweep_holds": 5,
        "settlement.follow_chain": 2,
        "settlement.charge_leases": 10,
        "settlement.read_payout_accounts": 600,
        "settlement.deliver_payouts": 5,
        "settlement.deliver_refunds": 10,
        "settlement.pay_off_claims": 30,
        "settlement.renew_cards": 600,
        "settlement.follow_disputes": 3600,
        "settlement.reconcile_card": 60,
        "settlement.sweep_explanations": 60,
        "settlement.reconcile_chain": 60,
        "settlement.process_inbox": 10,
        "settlement.anchor_audit_log": 600,
        "settlement.fill_property_reports": 60,
        "settlement.screen_wallets": 600,
        "settlement.issue_invoices": 3600,
        "settlement.amend_invoices": 3600,
        "compliance.rescreen_after_list_changes": 5,
        "compliance.write_party_keys": 60,
        "compliance.expire_identities": 60,
        "compliance.follow_identity_checks": 20,
        "compliance.escalate_cases": 60,
        "compliance.sweep_case_batches": 15,
        "compliance.sweep_restriction_orders": 30,
        "compliance.deliver_travel_data": 10,
        "compliance.sweep_documents": 300,
        "compliance.look_at_domains": 3600,
        "compliance.check_list_staleness": 60,
        "compliance.fetch_due_lists": 60,
        "compliance.follow_wallet_oracle": 60,
        "compliance.seal_audit_events": 5,
        "compliance.checkpoint_audit_log": 300,
        "compliance.open_reports": 600,
        "compliance.alarm_due_reports": 600,
        "compliance.verify_audit_log": 86_400,
        "compliance.forget_addresses": 3600,
        "compliance.sweep_place_tickets": 600,
    }.items()
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}

# Gridclear's own settings. None of them turns a compliance wall off.
GRIDCLEAR_FEE_BPS = 500
# Of what the affected hour cost, when a provider's node ends a lease; frozen in each lease as it is made.
GRIDCLEAR_SLA_CREDIT_BPS = 1_000
# Earnings that cards brought are paid out after so long: most chargebacks for fraud come within it.
GRIDCLEAR_CARD_RISK_SECONDS = int(os.environ.get("GRIDCLEAR_CARD_RISK_SECONDS", str(7 * 86_400)))
GRIDCLEAR_CLEARANCE_SECONDS = 3600
GRIDCLEAR_CLEARANCE_RENEW_BEFORE_SECONDS = 900
GRIDCLEAR_FUNDING_TIMEOUT_SECONDS = 900
GRIDCLEAR_START_TIMEOUT_SECONDS = 300
GRIDCLEAR_STOP_TIMEOUT_SECONDS = 30
GRIDCLEAR_HEARTBEAT_TIMEOUT_SECONDS = 30
GRIDCLEAR_AGENT_POLL_SECONDS = 1
GRIDCLEAR_ENROLMENT_TOKEN_SECONDS = 3600
GRIDCLEAR_ALLOW_SIMULATED = False
GRIDCLEAR_ALLOW_PROCESS_RUNTIME = False
GRIDCLEAR_BASE_URL = os.environ.get("GRIDCLEAR_BASE_URL", "http://127.0.0.1:8000")
# The screening index of the loaded lists, mapped by all processes of a machine; None keeps one in each process.
GRIDCLEAR_INDEX_DIR: Path | None = STATE_DIR / "index"
GRIDCLEAR_POLICY_DIR = BASE_DIR / "compliance" / "policies"
# What tells where an internet address is: local files, none of which comes with Gridclear (docs/guides/operators.md).
# Without them the places of connections are unknown, and controlled chips go to review.
GEOIP_PLACES_FILE = os.environ.get("GEOIP_PLACES_FILE", "")
GEOIP_ASNS_FILE = os.environ.get("GEOIP_ASNS_FILE", "")
GEOIP_VPN_RANGES_FILE = os.environ.get("GEOIP_VPN_RANGES_FILE", "")
GEOIP_HOSTING_RANGES_FILE = os.environ.get("GEOIP_HOSTING_RANGES_FILE", "")
GEOIP_TOR_EXITS_FILE = os.environ.get("GEOIP_TOR_EXITS_FILE", "")
# Vantage points that this very server is, as JSON: [{"code", "latitude", "longitude", "key"}], the key a file.
GRIDCLEAR_VANTAGES: list[dict[str, Any]] = json.loads(os.environ.get("GRIDCLEAR_VANTAGES", "[]"))
# For so many days the last internet address behind a sign of place is kept, sealed under the party's key.
GRIDCLEAR_ADDRESS_DAYS = int(os.environ.get("GRIDCLEAR_ADDRESS_DAYS", "30"))
GRIDCLEAR_CLEARANCE_KEY_FILE = os.environ.get("GRIDCLEAR_CLEARANCE_KEY_FILE", str(STATE_DIR / "keys/clearance.pem"))
# Who checks that people are who they say, the preferred one first; each is a callable that gives an IdentityVendor.
GRIDCLEAR_IDENTITY_VENDORS = [
    "settlement.rails.identity.stripe_identity",
    "compliance.services.identity_vendors.officer_review",
]
# The resolver that is asked for TXT records, as address or address:port; empty for the machine's own.
GRIDCLEAR_DNS_SERVER = os.environ.get("GRIDCLEAR_DNS_SERVER", "")
# The keys that wrap the keys of subjects: a file, or a dotted path to a callable that gives a Keyring (a key service).
GRIDCLEAR_MASTER_KEY_FILE = os.environ.get("GRIDCLEAR_MASTER_KEY_FILE", str(STATE_DIR / "keys/master.keys"))
GRIDCLEAR_KEYRING = os.environ.get("GRIDCLEAR_KEYRING", "")
# How other providers name what is transferred on chain, and its decimals: {"USDC": {"dti": "…", "decimals": 6}}.
# Without a name nothing is sent by itself: officers pass the data on by hand.
GRIDCLEAR_TRAVEL_ASSETS = json.loads(os.environ.get("GRIDCLEAR_TRAVEL_ASSETS", "{}"))
# Certificate and key for TLS on both sides, as the Travel Rule Protocol has it: "certificate.pem:key.pem".
_travel_certificate = os.environ.get("GRIDCLEAR_TRAVEL_CERTIFICATE", "").partition(":")
GRIDCLEAR_TRAVEL_CERTIFICATE = (_travel_certificate[0], _travel_certificate[2]) if _travel_certificate[0] else None
# Who files reports to authorities: what every draft begins with.
GRIDCLEAR_FILER = {
    "filer_name": os.environ.get("GRIDCLEAR_FILER_NAME", ""),
    "filer_address": os.environ.get("GRIDCLEAR_FILER_ADDRESS", ""),
    "contact_name": os.environ.get("GRIDCLEAR_FILER_CONTACT", ""),
    "contact_email": os.environ.get("GRIDCLEAR_FILER_EMAIL", ""),
    "contact_phone": os.environ.get("GRIDCLEAR_FILER_PHONE", ""),
}
# Who invoices the platform's fee. Without a scheme ("none" or "eu_vat") no such invoice is issued; the note is printed
# on each, as it is. What these should say is for a tax adviser to tell (docs/guides/operators.md).
GRIDCLEAR_SELLER = {
    "name": os.environ.get("GRIDCLEAR_SELLER_NAME", ""),
    "address": os.environ.get("GRIDCLEAR_SELLER_ADDRESS", ""),
    "country": os.environ.get("GRIDCLEAR_SELLER_COUNTRY", ""),
    "vat_number": os.environ.get("GRIDCLEAR_SELLER_VAT_NUMBER", ""),
    "registration": os.environ.get("GRIDCLEAR_SELLER_REGISTRATION", ""),
    "scheme": os.environ.get("GRIDCLEAR_SELLER_SCHEME", ""),
    "note": os.environ.get("GRIDCLEAR_SELLER_NOTE", ""),
}
# Signs checkpoints of the audit log and evidence bundles; former public keys lie beside it as *.pub.pem.
GRIDCLEAR_EVIDENCE_KEY_FILE = os.environ.get("GRIDCLEAR_EVIDENCE_KEY_FILE", str(STATE_DIR / "keys/evidence.pem"))
GRIDCLEAR_CHAIN_KEY_DIR = os.environ.get("GRIDCLEAR_CHAIN_KEY_DIR", str(STATE_DIR / "keys/chain"))
STRIPE_API_KEY = os.environ.get("STRIPE_API_KEY", "")
STRIPE_API_BASE = ""
STRIPE_WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
# One node, or several with commas between: then so many must say the same before it is believed (more than half).
CHAIN_RPC_URL = os.environ.get("CHAIN_RPC_URL", "")
CHAIN_RPC_QUORUM = int(os.environ.get("CHAIN_RPC_QUORUM", "0"))
CHAIN_ESCROW_ADDRESS = os.environ.get("CHAIN_ESCROW_ADDRESS", "")
CHAIN_TOKEN_ADDRESS = os.environ.get("CHAIN_TOKEN_ADDRESS", "")
# Off unless named: the audit log's root is anchored there, at most once in so many seconds.
CHAIN_ANCHOR_ADDRESS = os.environ.get("CHAIN_ANCHOR_ADDRESS", "")
CHAIN_ANCHOR_SECONDS = int(os.environ.get("CHAIN_ANCHOR_SECONDS", "86400"))
# No transaction of ours ever offers more for its gas; one that waits at it is an alarm.
CHAIN_MAX_FEE_GWEI = int(os.environ.get("CHAIN_MAX_FEE_GWEI", "500"))
CHAIN_FINALITY_BLOCKS = int(os.environ.get("CHAIN_FINALITY_BLOCKS", "12"))
# A running lease is charged in the escrow contract when so long has passed and at least so much is uncharged, or at
# once when so much is; in millionths of a USDC. What a charge costs is in docs/escrow.md.
GRIDCLEAR_ESCROW_CHARGE_SECONDS = int(os.environ.get("GRIDCLEAR_ESCROW_CHARGE_SECONDS", "3600"))
GRIDCLEAR_ESCROW_CHARGE_LEAST_MINOR = int(os.environ.get("GRIDCLEAR_ESCROW_CHARGE_LEAST_MINOR", "1000000"))
GRIDCLEAR_ESCROW_CHARGE_AT_MINOR = int(os.environ.get("GRIDCLEAR_ESCROW_CHARGE_AT_MINOR", "100000000"))
# The block in which the contract was made; the indexer begins there.
CHAIN_START_BLOCK = int(os.environ.get("CHAIN_START_BLOCK", "0"))
# A signer over HTTP that speaks eth_signTransaction and eth_signTypedData, and whose address each role has:
# "clearance_signer=0x…,settler=0x…,guardian=0x…,treasurer=0x…".
GRIDCLEAR_CHAIN_SIGNER_URL = os.environ.get("GRIDCLEAR_CHAIN_SIGNER_URL", "")
# A dotted path to a callable that gives the signer of a role, such as one that asks a KMS; else key files are read.
GRIDCLEAR_CHAIN_SIGNERS = os.environ.get(
    "GRIDCLEAR_CHAIN_SIGNERS",
    "settlement.rails.chain_signer_http.http_signer" if GRIDCLEAR_CHAIN_SIGNER_URL else "",
)
GRIDCLEAR_CHAIN_SIGNER_ADDRESSES = os.environ.get("GRIDCLEAR_CHAIN_SIGNER_ADDRESSES", "")
# A second source about wallets, off unless a node to ask it through is named: Chainalysis' sanctions oracle, which lies
# at one address on Ethereum and seven other chains. Configured and silent, it sends decisions to review.
WALLET_ORACLE_RPC_URL = os.environ.get("WALLET_ORACLE_RPC_URL", "")
WALLET_ORACLE_ADDRESS = os.environ.get("WALLET_ORACLE_ADDRESS", "0x40C57923924B5c5c5455c48D93317139ADDaC8fb")
