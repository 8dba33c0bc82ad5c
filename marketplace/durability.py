"""Whether the database keeps what it has confirmed: money and audit rest on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

# What each setting must not be, and what is lost where it is.
UNSAFE = {
    "fsync": ("off", "a machine that loses power loses the books, or leaves them torn"),
    "synchronous_commit": ("off", "a server that is killed forgets half a second of what it had confirmed"),
}


@register(Tags.database)
def keeps_what_it_confirmed(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """No production begins on a server that may forget: `migrate` and `check --database default` stop with an error."""
    if settings.GRIDCLEAR_DEVELOPMENT or "default" not in (databases or ()):
        return []
    with connections["default"].cursor() as cursor:
        told = {}
        for name in UNSAFE:
            cursor.execute(f"SHOW {name}")
            told[name] = str(cursor.fetchone()[0])
    return errors_of(told)


def errors_of(told: Mapping[str, str]) -> list[CheckMessage]:
    """An error for each setting of the server, as `SHOW` tells it, that lets confirmed rows go."""
    return [
        Error(
            f"PostgreSQL runs with {name} = {told[name]}: {lost}.",
            hint=f"ALTER SYSTEM RESET {name}, and reload the server; see the operators' guide.",
            id=f"gridclear.{name}",
        )
        for name, (unsafe, lost) in UNSAFE.items()
        if told[name] == unsafe
    ]
