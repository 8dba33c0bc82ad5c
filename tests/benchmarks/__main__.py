"""`make bench`: measures, prints, and writes docs/benchmarks.md."""

import argparse
import logging
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.database import open_database

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--leases", type=int, default=100, help="how many leases are opened")
    parser.add_argument("--no-write", action="store_true", help="print only")
    given = parser.parse_args()
    server = open_database()
    logging.disable(logging.WARNING)
    # Django's models can be imported only once it is set up.
    from tests.benchmarks.report import measure_all, render  # noqa: PLC0415

    text = render(measure_all(given.leases), server, datetime.now(UTC))
    print(text)
    if not given.no_write:
        REPORT.write_text(text)
        print(f"written to {REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
