"""The environment for programs that tests start as a stranger would."""

import os

# What the test suite's own settings put into the environment, and what would lead away from the embedded parts.
FOREIGN = ("DJANGO_", "GRIDCLEAR_", "DATABASE_URL", "REDIS_URL", "STRIPE_", "CHAIN_", "PYTEST_")


def own_environment() -> dict[str, str]:
    """This process's environment without what belongs to the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
