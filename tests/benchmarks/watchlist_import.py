"""A process of its own that imports one list and tells how long it took and how much memory it came to, as JSON.

`python -m tests.benchmarks.watchlist_import CODE FILE` on the database that DATABASE_URL and BENCHMARK_DATABASE name.
"""

import json
import logging
import os
import resource
import sys
import time
from pathlib import Path

import django
from django.conf import settings

from marketplace.config.settings.environment import database


def main() -> None:
    code, source = sys.argv[1:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.config.settings.test")
    settings.DATABASES["default"] = database(os.environ["DATABASE_URL"]) | {"NAME": os.environ["BENCHMARK_DATABASE"]}
    django.setup()
    logging.disable(logging.WARNING)
    # Django's models can be imported only once it is set up.
    from compliance.base.actor import system  # noqa: PLC0415
    from compliance.services.watchlists import load_watchlist  # noqa: PLC0415
    from compliance.sources.catalogue import format_of, known_list, read_list  # noqa: PLC0415

    began, known = time.perf_counter(), known_list(code)
    read = sum(1 for _ in read_list(Path(source), format_of(known, Path(source))))
    read_seconds, read_mib = time.perf_counter() - began, peak_mib()
    began = time.perf_counter()
    version = load_watchlist(code, source, actor=system("benchmark"))
    found = {
        "entries": read,
        "names": version.counts["names"],
        "read_seconds": read_seconds,
        "read_mib": read_mib,
        "load_seconds": time.perf_counter() - began,
        "load_mib": peak_mib(),
    }
    print(json.dumps(found))


def peak_mib() -> float:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024 / 1024


if __name__ == "__main__":
    main()
