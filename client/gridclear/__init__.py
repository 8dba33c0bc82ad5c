"""Gridclear's client: the SDK, the command line and the provider's agent."""

from gridclear.client import Client
from gridclear.errors import GridclearError
from gridclear.types import EndUser, Lease, LeaseRequest, LogLine, Me, Money, Offer, Receipt, Refund, UnusedMoney
from gridclear.version import __version__

__all__ = [
    "Client",
    "EndUser",
    "GridclearError",
    "Lease",
    "LeaseRequest",
    "LogLine",
    "Me",
    "Money",
    "Offer",
    "Receipt",
    "Refund",
    "UnusedMoney",
    "__version__",
]
