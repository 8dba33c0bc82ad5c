"""The cast, built once for a worker in a database of its own: a test that asks for it begins where it stands.

Building it loads lists, hands in papers and has four people verified, which takes longer than most tests. So the tests
that use it run in that database, each in its transaction that is rolled back; all others run in the plain one and see
nobody.
"""

import copy
from contextlib import closing

from django.db import connections
from pytest_django import DjangoDbBlocker

from compliance.base import enqueue
from tests.cast import Cast, build_cast
from tests.database import administration, around


class NoBroker:
    """Takes every task and runs none: nobody waits for one."""

    def send_task(self, name: str, **_: object) -> None:
        """Nothing happens."""


class SharedCast:
    """Which of the two databases the tests of this worker meet."""

    def __init__(self) -> None:
        self.plain = ""
        self.template = ""
        self.blocker: DjangoDbBlocker | None = None
        self._kept: Cast | None = None

    @property
    def is_there(self) -> bool:
        """Whether the present test runs beside the cast."""
        return self._kept is not None and connections["default"].settings_dict["NAME"] == self._own

    def choose(self, *, beside: bool) -> None:
        """The next test runs beside the cast, or without; nothing happens before the databases are set up."""
        if self.blocker is None:
            return
        if beside and self._kept is None:
            self._build(self.blocker)
        _meet(self._own if beside else self.plain)

    def copied(self) -> Cast:
        """People and organizations that the test may change at will."""
        return copy.deepcopy(self._kept)  # type: ignore[return-value]

    def end(self) -> None:
        """The plain database is met, and the other is gone."""
        _meet(self.plain)
        if self._kept is not None:
            with closing(administration()) as link:
                link.execute(f'DROP DATABASE IF EXISTS "{self._own}" WITH (FORCE)'.encode())

    @property
    def _own(self) -> str:
        return f"{self.plain}_cast"

    def _build(self, blocker: DjangoDbBlocker) -> None:
        with closing(administration()) as link:
            link.execute(f'DROP DATABASE IF EXISTS "{self._own}" WITH (FORCE)'.encode())
            link.execute(f'CREATE DATABASE "{self._own}" TEMPLATE "{self.template}"'.encode())
        _meet(self._own)
        broker, enqueue.current_app = enqueue.current_app, NoBroker()
        try:
            with blocker.unblock(), around():
                self._kept = build_cast()
                # As in a test, whose transaction never ends well: what would follow a commit does not.
                connections["default"].run_on_commit = []
        finally:
            enqueue.current_app = broker
            connections["default"].close()


def _meet(name: str) -> None:
    connection = connections["default"]
    if connection.settings_dict["NAME"] != name:
        connection.close()
        connection.settings_dict["NAME"] = name


shared = SharedCast()
