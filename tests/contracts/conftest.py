"""The escrow's world for each contract test: a real node, undone after each."""

from collections.abc import Iterator

import pytest

from tests.contracts.anvil import Anvil, anvil
from tests.contracts.world import World, build_world

__all__ = ["anvil"]


@pytest.fixture(scope="session")
def shared_world(anvil: Anvil) -> World:
    """Deployed once; use `world`."""
    return build_world(anvil)


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The escrow as it was deployed, whatever other tests did."""
    with shared_world.node.undone():
        yield shared_world
