"""TXT records of a domain, asked of the resolver that the machine or the settings name, and of nobody else.

What is asked is one fixed label below a registrable domain with a known public suffix, so no name inside a private
network can be asked for; and the answer is only compared, never followed or shown.
"""

import dns.exception
import dns.resolver
from django.conf import settings

from compliance.base.errors import Refusal
from compliance.base.outside import require_no_transaction

LIFETIME_SECONDS = 6.0
MOST_RECORDS = 50
MOST_CHARACTERS = 1024


class DnsUnavailable(Refusal):
    """The resolver does not answer; nobody knows what the record says."""

    code = "dns_unavailable"
    http_status = 503
    default_message = "The domain's records could not be read just now. Nothing was changed; try again in a minute."


def txt_records(name: str) -> list[str]:
    """The TXT records of the name, each as one string; none when there is no such name or no such record.

    Raises DnsUnavailable when the resolver does not say. Not inside a transaction.
    """
    require_no_transaction()
    try:
        answer = _resolver().resolve(name, "TXT", lifetime=LIFETIME_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise DnsUnavailable from error
    found = []
    for record in list(answer)[:MOST_RECORDS]:
        text = b"".join(record.strings)[:MOST_CHARACTERS]
        found.append(text.decode("ascii", errors="replace"))
    return found


def _resolver() -> dns.resolver.Resolver:
    """The machine's resolver, or the one that GRIDCLEAR_DNS_SERVER names as `address` or `address:port`."""
    if not settings.GRIDCLEAR_DNS_SERVER:
        return dns.resolver.Resolver()
    address, _, port = settings.GRIDCLEAR_DNS_SERVER.rpartition(":") if _has_port() else (
        settings.GRIDCLEAR_DNS_SERVER, "", "53",
    )  # fmt: skip
    made = dns.resolver.Resolver(configure=False)
    made.nameservers = [address.strip("[]")]
    made.port = int(port)
    return made


def _has_port() -> bool:
    text: str = settings.GRIDCLEAR_DNS_SERVER
    return text.count(":") == 1 or "]:" in text
