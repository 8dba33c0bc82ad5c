"""What every rail keeps: no network call inside a database transaction."""

from compliance.base.outside import NetworkInTransaction, require_no_transaction

__all__ = ["NetworkInTransaction", "require_no_transaction"]
