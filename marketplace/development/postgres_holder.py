"""Keeps the embedded PostgreSQL in use for as long as this process lives.

Run as `python -m marketplace.development.postgres_holder STATE`. The server itself is a daemon under another
account, so this small process stands for it among the launcher's parts.
"""

import signal
import sys
from pathlib import Path

from marketplace.development.postgres import release_postgres, start_postgres

if __name__ == "__main__":
    state_folder = Path(sys.argv[1])
    # Blocked first, so that a signal in the middle of the start waits for its turn.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    start_postgres(state_folder)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    release_postgres(state_folder)
