"""Every address has its row in the permission matrix: a test that says who may use it and who may not."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.permissions import covered_names

# Libraries' own addresses, tested by them: log-in and second factors.
FOREIGN = ("account_", "mfa_")
# Pages stand in the tables of tests/web/test_access.py, which asks of each page itself whether it is there.
PAGES = "web:"
# No person asks here: the card network does, and its signature is what tests/settlement/test_inbox.py is about.
# For a provider's later word the address itself is the proof: tests/compliance/services/test_travel_delivery.py.
SIGNED = {"stripe_webhook", "travel_answer"}


def names(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            below = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names(pattern.url_patterns, below)
        else:
            yield f"{prefix}{pattern.name}" if pattern.name else f"{prefix}{pattern.pattern} has no name"


def ours() -> set[str]:
    found = {name for name in names(get_resolver().url_patterns) if not name.startswith((*FOREIGN, PAGES))}
    return found - SIGNED


def test_every_address_is_in_the_permission_matrix():
    assert sorted(ours() - covered_names()) == []


def test_the_permission_matrix_names_no_address_that_is_gone():
    assert sorted(covered_names() - set(names(get_resolver().url_patterns))) == []
