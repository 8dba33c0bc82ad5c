"""What each deed costs stays within its bound, so that a change that makes one dearer is seen."""

from dataclasses import asdict

import pytest

from tests.contracts.gas import BOUNDS, COMMERCE_PAYMENTS, measure_gas
from tests.contracts.world import World

pytestmark = pytest.mark.chain


def test_gas_stays_within_its_bounds(world: World, record_property):
    figures = asdict(measure_gas(world))
    for name, gas in figures.items():
        record_property(name, gas)
    print(figures)
    assert {name: figures[name] for name, most in BOUNDS.items() if figures[name] > most} == {}
    assert figures["deposit_authorization"] < COMMERCE_PAYMENTS["authorize"]
    assert figures["settle_warm"] < COMMERCE_PAYMENTS["capture"]
