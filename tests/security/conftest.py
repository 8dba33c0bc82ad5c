"""The marketplace's cast, under attack."""

from tests.marketplace.conftest import cast, doorbell, real_cast

__all__ = ["cast", "doorbell", "real_cast"]
