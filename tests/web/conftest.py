"""The cast at the pages: each person with a browser of their own, and no broker."""

from collections.abc import Callable

import pytest
from django.test import Client

from compliance.base import enqueue
from marketplace.models import User
from tests.cast import Cast
from tests.shared_cast import NoBroker


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enqueue, "current_app", NoBroker())


@pytest.fixture
def cast(shared_cast: Cast) -> Cast:
    """Everybody of tests/cast.py."""
    return shared_cast


@pytest.fixture
def browse() -> Callable[[User | None], Client]:
    """A browser in which the person is logged in; for None, nobody is. It checks forms' CSRF tokens not at all."""

    def browser(user: User | None = None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return browser
