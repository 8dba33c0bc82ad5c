"""Which addresses a secret or a proof may be sent to."""

import ipaddress
from urllib.parse import urlsplit

from gridclear.errors import AgentError


def safe_base_url(url: str) -> str:
    """The address without a trailing slash. Raises AgentError unless it is https, or http on loopback.

    Plain http would show an API key, an enrolment token or a job ticket to everyone on the way.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AgentError("bad_url", f"{url!r} is no http(s) address.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise AgentError("bad_url", "Give only scheme, host, port and path: no user, query or fragment.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise AgentError("insecure_url", f"{url} is plain http to another machine. Use https.")
    return url.strip().rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
