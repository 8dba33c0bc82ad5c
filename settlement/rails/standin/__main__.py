"""`python -m settlement.rails.standin --port N --state FILE --webhook-url URL --webhook-secret whsec_…`."""

import argparse
import contextlib
import signal
import sys

from settlement.rails.standin.server import StandinServer


def main() -> None:
    """The stand-in serves until it is told to end."""
    parser = argparse.ArgumentParser(prog="standin", description="A stand-in card network for development and tests.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", required=True, help="the SQLite file that keeps its books")
    parser.add_argument("--webhook-url", required=True)
    parser.add_argument("--webhook-secret", required=True)
    parser.add_argument("--available-after", type=int, default=0, help="seconds until captured money is available")
    given = parser.parse_args()
    server = StandinServer(
        port=given.port,
        state=given.state,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
        available_after=given.available_after,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"stand-in card network on {server.url}", flush=True)
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.serve()


if __name__ == "__main__":
    main()
