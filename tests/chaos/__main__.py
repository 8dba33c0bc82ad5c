"""`make chaos`: kills, pauses and confuses the parts of a house under load, then proves that nothing is lost."""

import argparse
import random
import sys
from pathlib import Path

from marketplace.config.settings.environment import ROOT
from tests.chaos.rounds import play


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how many faults happen")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="repeats the order")
    parser.add_argument("--state", type=Path, default=ROOT / ".gridclear" / "chaos", help="where everything is written")
    parser.add_argument("--migrated", type=Path, help="a file of pg_dump: what to migrate is restored from it")
    given = parser.parse_args()
    return play(given.state, given.rounds, given.seed, given.migrated)


if __name__ == "__main__":
    sys.exit(main())
