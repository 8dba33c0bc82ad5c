"""The `gridclear` command."""

from gridclear.cli.main import app

__all__ = ["app"]
