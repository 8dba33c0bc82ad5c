"""`make bench`: measures, prints, and writes docs/benchmarks.md; `make bench ARGS=audit` measures one section."""

import argparse
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.database import open_database
from tests.benchmarks.page import SECTIONS, with_sections

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all unless named")
    parser.add_argument("--leases", type=int, default=100, help="how many leases are opened")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many events the audit log has")
    parser.add_argument("--no-write", action="store_true", help="print only")
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    server = open_database()
    logging.disable(logging.WARNING)
    # Django's models can be imported only once it is set up.
    from tests.benchmarks.report import measure_section  # noqa: PLC0415

    page, missed = REPORT.read_text() if REPORT.exists() else "", 0
    for name in SECTIONS:
        if not given.sections or name in given.sections:
            text = measure_section(name, given, server, datetime.now(UTC))
            print(text)
            page = with_sections(page, {name: text})
            missed += text.lower().count("**missed**")
    if not given.no_write:
        REPORT.write_text(page)
        print(f"written to {REPORT.relative_to(ROOT)}")
    if missed:
        sys.exit(f"{missed} of what the benchmarks have to reach was missed.")


if __name__ == "__main__":
    main()
