"""TCP ports of this checkout's parts: chosen free once, then remembered.

Two checkouts run side by side because each remembers its own ports in its own state folder. A port
that another program took meanwhile is exchanged for a free one at the next start.
"""

import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """This process alone is inside the block, among all that name the same lock file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def is_listening(port: int) -> bool:
    """Whether something accepts connections on the port of this machine's loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def is_free(port: int) -> bool:
    """Whether a server could bind the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_free() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def remembered_port(state: Path, part: str, *, renew_if_taken: bool = True) -> int:
    """The port of `part` is settled and written down in `ports.json` of the state folder."""
    book = state / "ports.json"
    with exclusive(state / "ports.lock"):
        ports: dict[str, int] = json.loads(book.read_text()) if book.exists() else {}
        port = ports.get(part)
        if port is None or (renew_if_taken and not is_free(port)):
            port = choose_free()
            while port in ports.values():
                port = choose_free()
            ports[part] = port
            book.write_text(json.dumps(ports, indent=2, sort_keys=True) + "\n")
    return port
