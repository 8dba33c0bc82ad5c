"""Run in its own environment: transfers a second of django-hordak on the server of DATABASE_URL, printed as JSON.

Never imported by the product or its tests; `tests.benchmarks.hordak_run` starts it.
"""

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings


def configure(url: str) -> None:
    parts = urlsplit(url)
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": unquote(parts.username or ""),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": parts.hostname,
                "PORT": parts.port,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        DEFAULT_CURRENCY="USD",
        CURRENCIES=["USD"],
    )
    django.setup()


def main() -> None:
    configure(os.environ["DATABASE_URL"])
    # Django's models can be imported only once it is set up.
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from hordak.models import Account, AccountType, Transaction  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    given, kind = int(sys.argv[1]), AccountType.liability
    renter = Account.objects.create(name="Renter", type=kind, code="1", currencies=["USD"])
    provider = Account.objects.create(name="Provider", type=kind, code="2", currencies=["USD"])
    cent = Money("0.01", "USD")
    for _ in range(20):
        renter.transfer_to(provider, cent)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    began, spent = time.perf_counter(), processor(stat)
    for _ in range(given):
        renter.transfer_to(provider, cent)
    seconds = time.perf_counter() - began
    spent = processor(stat) - spent or seconds
    assert Transaction.objects.count() == given + 20
    print(json.dumps({"transfers": given, "seconds": seconds, "processor_seconds": spent}))


def processor(stat: Path) -> float:
    """Seconds of processor of this process and of the server's for its connection; 0 where the server is elsewhere."""
    return time.process_time() + int(stat.read_text().split()[0]) / 1e9 if stat.exists() else 0.0


if __name__ == "__main__":
    main()
