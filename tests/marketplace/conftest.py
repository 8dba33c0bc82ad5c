"""The cast, with the broker's place taken by a doorbell: what is enqueued waits until a test runs its sweep."""

import pytest

from compliance.base import enqueue
from tests.cast import Cast, build_cast


class Doorbell:
    """Remembers which tasks were sent."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def send_task(self, name: str, **_: object) -> None:
        self.names.append(name)


@pytest.fixture(autouse=True)
def doorbell(monkeypatch: pytest.MonkeyPatch) -> Doorbell:
    """What was enqueued on commit."""
    bell = Doorbell()
    monkeypatch.setattr(enqueue, "current_app", bell)
    return bell


@pytest.fixture
def cast(shared_cast: Cast) -> Cast:
    """Alice, Bob, Charlie, Pia, Olga, Otto, Ned."""
    return shared_cast


@pytest.fixture
def real_cast(transactional_db: None) -> Cast:
    """As `cast`, with real commits and the real clock, for what needs two connections or signals."""
    return build_cast()
