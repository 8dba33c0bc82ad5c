"""The environment for programs that tests start as a stranger would."""

import os
from typing import NoReturn

import pytest

# What the test suite's own settings put into the environment, and what would lead away from the embedded parts.
FOREIGN = ("DJANGO_", "GRIDCLEAR_", "DATABASE_URL", "REDIS_URL", "STRIPE_", "CHAIN_", "PYTEST_")


def own_environment() -> dict[str, str]:
    """This process's environment without what belongs to the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}


def is_continuous_integration() -> bool:
    """Whether this is a run whose word others take: there a check that cannot be made has failed."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def cannot_check(why: str) -> NoReturn:
    """The test is skipped on somebody's own machine, and has failed in continuous integration."""
    if is_continuous_integration():
        pytest.fail(f"{why} Nothing is skipped where CI is set.", pytrace=False)
    pytest.skip(why)
