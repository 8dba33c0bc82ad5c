"""From which internet address a request comes, as far as the house's own proxies can be believed."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that the outermost of the trusted proxies saw, or that of the peer where there are none.

    Each trusted proxy adds the address that it saw to the end of X-Forwarded-For; what stands before those anybody may
    have written. "" when there is none.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    trusted = int(settings.TRUSTED_PROXIES)
    if trusted < 1:
        return peer
    told = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
    return told[-trusted] if len(told) >= trusted else (told[0] if told else peer)
