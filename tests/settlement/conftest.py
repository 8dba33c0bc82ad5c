"""A scene with real books, and one beside a stand-in card network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance.base import enqueue
from compliance.base.clock import ManualClock
from settlement.rails.standin.server import StandinServer
from tests.settlement.scene import Doorbell, Scene, build_scene


@pytest.fixture
def doorbell(monkeypatch: pytest.MonkeyPatch) -> Doorbell:
    """What is enqueued on commit waits here until it is rung."""
    bell = Doorbell()
    monkeypatch.setattr(enqueue, "current_app", bell)
    return bell


@pytest.fixture
def money(transactional_db: None, clock: ManualClock, doorbell: Doorbell) -> Scene:
    """Renter, provider, empty books; commits are real."""
    return build_scene(lambda: doorbell)


@pytest.fixture
def card(money: Scene, settings, tmp_path: Path) -> Iterator[Scene]:
    """The scene beside a card network; its webhooks are delivered by hand."""
    network = StandinServer(
        port=0,
        state=str(tmp_path / "card.sqlite"),
        webhook_url="http://127.0.0.1:9/",
        webhook_secret=settings.STRIPE_WEBHOOK_SECRET,
    )
    network.start()
    settings.STRIPE_API_BASE = network.url
    money.network = network
    yield money
    network.close()
