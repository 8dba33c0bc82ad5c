"""The permission matrix: for each address, what each kind of person gets.

A URL test calls `matrix(client_for, "name", ...)`; the registry that it leaves is what the architecture test holds
against all URL names, so that no address is without its matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from tests.cast import Cast

PEOPLE = ("owner", "team_mate", "finance", "stranger", "anonymous")


@dataclass
class Registry:
    """The names of URLs that a matrix was asked about."""

    names: set[str] = field(default_factory=set)


REGISTRY = Registry()


def covers(*names: str) -> Callable[[Any], Any]:
    """A test proves who may use these addresses. Read by the architecture test without running anything."""
    REGISTRY.names.update(names)

    def mark(test: Any) -> Any:
        test.covers = names
        return test

    return mark


def clients(cast: Cast, *, side: str = "renter") -> dict[str, Client]:
    """A logged-in browser for each kind of person, as seen from the renter's or the provider's side."""
    people = {
        "owner": cast.alice if side == "renter" else cast.pia,
        "team_mate": cast.bob if side == "renter" else None,
        "finance": cast.fay if side == "renter" else None,
        "stranger": cast.charlie,
    }
    found = {"anonymous": Client()}
    for name, user in people.items():
        if user is not None:
            found[name] = Client()
            found[name].force_login(user)
    return found


def answers(
    by: dict[str, Client], method: str, url: str, body: Any = None, *, headers: dict[str, str] | None = None
) -> dict[str, int]:
    """The status that each person gets. Bodies are JSON; a fresh idempotency key is sent each time."""
    found = {}
    for number, (name, client) in enumerate(by.items()):
        given = {"Idempotency-Key": f"{url}-{name}-{number}", **(headers or {})}
        call = getattr(client, method)
        if method == "get":
            found[name] = call(url, headers=given).status_code
        else:
            found[name] = call(url, body or {}, "application/json", headers=given).status_code
    return found
