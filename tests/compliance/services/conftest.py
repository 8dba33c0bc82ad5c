"""People of these tests."""

import pytest

from compliance.base.actor import Actor, Role
from compliance.services import parties
from compliance.services.parties import PartyInput

ALICE = Actor("user", "alice")
OLGA = Actor("user", "olga", "Olga", frozenset({Role.OFFICER}))
OTTO = Actor("user", "otto", "Otto", frozenset({Role.OFFICER}))
OSCAR_OPERATOR = Actor("user", "oscar", "Oscar", frozenset({Role.OPERATOR}))


@pytest.fixture
def alice():
    """An owner of a renter's organization."""
    return ALICE


@pytest.fixture
def olga():
    """An officer."""
    return OLGA


@pytest.fixture
def otto():
    """Another officer."""
    return OTTO


@pytest.fixture
def operator():
    """An operator of the platform: no officer."""
    return OSCAR_OPERATOR


@pytest.fixture
def lion(db, alice):
    """A company of Singapore, registered, unverified."""
    return parties.register_party(PartyInput("entity", "Lion City Labs Pte Ltd", "SG"), actor=alice)
