"""The permission matrix: for each address, what each kind of person gets.

A test that proves who may use an address says so with `@covers("api:lease")`; the architecture test reads these words
in the source (`covered_names`) and holds them against all URL names, so that no address is without its matrix.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import Client

from tests.cast import Cast

TESTS = Path(__file__).parent


def covers(*names: str) -> Callable[[Any], Any]:
    """The test proves who may use these addresses, as `reverse()` names them."""
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("names of URLs, written out: they are read in the source")
    return lambda test: test


def covered_names() -> set[str]:
    """The URL names of every `@covers` under tests/, read without running anything."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "covers":
                found.update(arg.value for arg in node.args if isinstance(arg, ast.Constant))
    return found


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
