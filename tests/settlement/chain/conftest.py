"""A chain with the contracts deployed by our own command's code, undone after each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as live_settings

from compliance.base.clock import ManualClock
from settlement.rails.chain import Deployment
from settlement.rails.chain_deploy import deploy
from tests.contracts.anvil import Anvil, anvil, running_anvil
from tests.settlement.chain.scene import Scene, build_scene

__all__ = ["anvil"]

FINALITY = 3


@pytest.fixture(scope="session")
def deployment(anvil: Anvil, tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Path]:
    """The contracts, and the folder of the keys of their roles."""
    keys = tmp_path_factory.mktemp("chain-keys")
    before = live_settings.GRIDCLEAR_CHAIN_KEY_DIR
    live_settings.GRIDCLEAR_CHAIN_KEY_DIR = str(keys)
    try:
        return deploy(anvil.web3), keys
    finally:
        live_settings.GRIDCLEAR_CHAIN_KEY_DIR = before


def _point_at(node: Anvil, contracts: Deployment, keys: Path, settings) -> None:
    settings.CHAIN_RPC_URL = node.url
    settings.CHAIN_ESCROW_ADDRESS = contracts.escrow
    settings.CHAIN_TOKEN_ADDRESS = contracts.token
    settings.CHAIN_FINALITY_BLOCKS = FINALITY
    settings.GRIDCLEAR_CHAIN_KEY_DIR = str(keys)


@pytest.fixture
def chain_settings(anvil: Anvil, deployment: tuple[Deployment, Path], settings) -> Iterator[None]:
    """The settings point at the chain; what the test does there is undone."""
    _point_at(anvil, *deployment, settings)
    with anvil.undone():
        yield


@pytest.fixture
def scene(anvil: Anvil, chain_settings: None, db: None, clock: ManualClock) -> Scene:
    """Renter, provider, full wallet."""
    return build_scene(anvil)


@pytest.fixture
def forking_scene(deployment: tuple[Deployment, Path], settings, db: None, clock: ManualClock) -> Iterator[Scene]:
    """As `scene`, on a node of its own: anvil reorganises reliably only a past that it never took back."""
    settings.GRIDCLEAR_CHAIN_KEY_DIR = str(deployment[1])
    with running_anvil() as node:
        _point_at(node, deploy(node.web3), deployment[1], settings)
        yield build_scene(node)
