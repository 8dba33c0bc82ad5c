"""Lists from their authorities' servers: https only, from public addresses only, within limits of size and time."""

import hashlib
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin, urlsplit

import httpx

MAX_BYTES = 400 * 1024 * 1024
MAX_SECONDS = 300
MAX_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class DownloadRefused(ValueError):
    """The address may not be asked, or did not answer with a file within the limits."""


@contextmanager
def downloaded(url: str) -> Iterator[Path]:
    """Within the block, the content of the address lies in the file given. Raises DownloadRefused.

    Each hop is resolved once, checked, and asked at the very address that was checked: a name that answers
    differently the second time gains nothing.
    """
    with TemporaryDirectory(prefix="gridclear-list-") as folder:
        target = Path(folder) / "list"
        try:
            _fetch(url, target)
        except httpx.HTTPError as error:
            raise DownloadRefused(f"{urlsplit(url).hostname} could not be read: {type(error).__name__}") from error
        yield target


def sha256_of(path: Path) -> str:
    """SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def public_address(host: str) -> str:
    """An address of the host, all of whose addresses are public. Raises DownloadRefused."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise DownloadRefused(f"{host} has no address") from error
    private = [each for each in found if not ipaddress.ip_address(each).is_global]
    if private or not found:
        raise DownloadRefused(f"{host} lies in a private network, which no list comes from")
    return sorted(found)[0]


def _fetch(url: str, target: Path) -> None:
    started = time.monotonic()
    # No proxy from the environment: the address that was checked is the one that is asked.
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
        for _ in range(MAX_REDIRECTS + 1):
            with _ask(client, url) as response:
                if response.is_redirect:
                    url = urljoin(url, response.headers["location"])
                    continue
                if response.status_code != httpx.codes.OK:
                    raise DownloadRefused(f"{urlsplit(url).hostname} answered {response.status_code}")
                _keep(response, target, started)
                return
    raise DownloadRefused("the address redirects too often")


@contextmanager
def _ask(client: httpx.Client, url: str) -> Iterator[httpx.Response]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or parts.username or parts.port not in (None, 443):
        raise DownloadRefused("a list comes from an https address without a login or a port of its own")
    address = public_address(host)
    at = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=at, fragment="").geturl()
    headers = {"Host": host, "User-Agent": "Gridclear watchlist loader"}
    with client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as response:
        yield response


def _keep(response: httpx.Response, target: Path, started: float) -> None:
    size = 0
    with target.open("wb") as file:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MAX_BYTES:
                raise DownloadRefused(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
            if time.monotonic() - started > MAX_SECONDS:
                raise DownloadRefused(f"the file took longer than {MAX_SECONDS} seconds")
            file.write(chunk)
