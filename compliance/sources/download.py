"""Lists from their authorities' servers: https only, from public addresses only, within limits of size and time."""

import hashlib
import ipaddress
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin, urlsplit

import httpx

MAX_BYTES = 400 * 1024 * 1024
MAX_SECONDS = 300
MAX_REDIRECTS = 5
MAX_ETAG = 300
MAX_DATE = 64
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class DownloadRefused(ValueError):
    """The address may not be asked, or did not answer with a file within the limits."""


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a server knows again the content that it gave (RFC 9110, 8.8); empty where it said nothing."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """What asks for the content only if it is another."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content of an address as a file; `path` is None when the server says that it has not changed."""

    path: Path | None
    validators: Validators = Validators()


@contextmanager
def downloaded(url: str, known: Validators | None = None) -> Iterator[Fetched]:
    """Within the block, the content of the address lies in the file given, unless it is the known one still.

    Each hop is resolved once, checked, and asked at the very address that was checked: a name that answers
    differently the second time gains nothing. Raises DownloadRefused.
    """
    with TemporaryDirectory(prefix="gridclear-list-") as folder:
        yield _fetched(url, Path(folder) / "list", time.monotonic(), known)


@contextmanager
def downloaded_set(urls: Mapping[str, str]) -> Iterator[Fetched]:
    """Within the block, the files of a list that is published in several lie side by side; `path` is the first one's.

    `urls` are by the name that a file gets. The first is asked again at the end: files of two editions are no list.
    Nothing is conditional, for one file may have changed where another has not. Raises DownloadRefused.
    """
    with TemporaryDirectory(prefix="gridclear-list-") as folder:
        started = time.monotonic()
        first, *_ = (_fetched(url, Path(folder) / name, started) for name, url in urls.items())
        again = _fetched(next(iter(urls.values())), Path(folder) / "again", started, first.validators)
        if again.path is not None and first.path is not None and sha256_of(again.path) != sha256_of(first.path):
            raise DownloadRefused("the files changed while they were fetched; the next fetch takes them anew")
        yield Fetched(first.path)


def sha256_of(path: Path, *beside: Path) -> str:
    """SHA-256 of the file, in hex; with files beside it, of all their digests."""
    digests = []
    for each in (path, *beside):
        with each.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if not beside else hashlib.sha256(" ".join(digests).encode()).hexdigest()


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


def _fetched(url: str, target: Path, started: float, known: Validators | None = None) -> Fetched:
    try:
        return _fetch(url, target, started, known or Validators())
    except httpx.HTTPError as error:
        raise DownloadRefused(f"{urlsplit(url).hostname} could not be read: {type(error).__name__}") from error


def _fetch(url: str, target: Path, started: float, known: Validators) -> Fetched:
    conditions = known.headers()
    # No proxy from the environment: the address that was checked is the one that is asked.
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
        for _ in range(MAX_REDIRECTS + 1):
            with _ask(client, url, conditions) as response:
                if response.has_redirect_location:
                    url = urljoin(url, response.headers["location"])
                    continue
                if response.status_code == httpx.codes.NOT_MODIFIED and conditions:
                    return Fetched(None, known)
                if response.status_code != httpx.codes.OK:
                    raise DownloadRefused(f"{urlsplit(url).hostname} answered {response.status_code}")
                _keep(response, target, started)
                return Fetched(target, _validators(response))
    raise DownloadRefused("the address redirects too often")


@contextmanager
def _ask(client: httpx.Client, url: str, conditions: dict[str, str]) -> Iterator[httpx.Response]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or parts.username or parts.port not in (None, 443):
        raise DownloadRefused("a list comes from an https address without a login or a port of its own")
    address = public_address(host)
    at = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=at, fragment="").geturl()
    headers = {"Host": host, "User-Agent": "Gridclear watchlist loader", **conditions}
    with client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as response:
        yield response


def _validators(response: httpx.Response) -> Validators:
    """What the answer bears, unless it is longer than any honest one."""
    etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
    return Validators(etag if len(etag) <= MAX_ETAG else "", modified if len(modified) <= MAX_DATE else "")


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
