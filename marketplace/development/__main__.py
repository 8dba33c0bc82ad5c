"""`python -m marketplace.development run|demo`: what `make run` and `make demo` call."""

import argparse
import sys

from marketplace.development.launcher import launch

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="marketplace.development", description=__doc__)
    parser.add_argument("mode", choices=["run", "demo"], help="serve until Ctrl-C, or play the story and end")
    sys.exit(launch(keep_serving=parser.parse_args().mode == "run"))
