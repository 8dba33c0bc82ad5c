"""Gridclear's client: the SDK, the command line and the provider's agent."""

__version__ = "0.1.0"
