"""Where the command keeps the address and the API key."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from gridclear.errors import AgentError
from gridclear.files import read_json, write_json
from gridclear.urls import safe_base_url


@dataclass(frozen=True)
class Credentials:
    """An address and a key for it."""

    url: str
    api_key: str

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r}, api_key=<hidden>)"


def credentials_file() -> Path:
    """The file in the user's configuration folder."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "gridclear" / "credentials.json"


def store(credentials: Credentials) -> Path:
    """The credentials lie in the file, mode 0600; returns it."""
    path = credentials_file()
    write_json(path, asdict(credentials))
    return path


def forget() -> bool:
    """No credentials are stored; says whether there were any."""
    path = credentials_file()
    known = path.exists()
    path.unlink(missing_ok=True)
    return known


def find() -> Credentials:
    """From GRIDCLEAR_URL and GRIDCLEAR_API_KEY, else from the file. Raises AgentError `not_logged_in`.

    The stored key is never sent to another address than the one it was stored for.
    """
    url, key = os.environ.get("GRIDCLEAR_URL", ""), os.environ.get("GRIDCLEAR_API_KEY", "")
    if url and key:
        return Credentials(safe_base_url(url), key)
    known = _stored()
    if known is None:
        raise AgentError("not_logged_in", "Run `gridclear login`, or set GRIDCLEAR_URL and GRIDCLEAR_API_KEY.")
    if key:
        return Credentials(known.url, key)
    if url and safe_base_url(url) != known.url:
        raise AgentError("not_logged_in", f"No key is stored for {url}. Run `gridclear login --url {url}`.")
    return known


def _stored() -> Credentials | None:
    path = credentials_file()
    try:
        found = read_json(path)
        credentials = None if found is None else Credentials(str(found["url"]), str(found["api_key"]))
    except (ValueError, TypeError, KeyError):
        raise AgentError("credentials_unreadable", f"{path} is damaged. Run `gridclear login` again.") from None
    if credentials is not None and path.stat().st_mode & 0o077:
        raise AgentError("credentials_readable", f"Others may read {path}. Run `chmod 600 {path}`, then try again.")
    return credentials
