"""No network call inside a database transaction: a slow rail would hold locks, a rollback would forget what it did."""

from django.db import connection


class NetworkInTransaction(RuntimeError):
    """A rail was asked inside a transaction: a fault of ours, never of the user."""


def require_no_transaction() -> None:
    """No transaction is open on this thread (the wrapper of a test case does not count).

    Raises NetworkInTransaction.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise NetworkInTransaction("A rail was asked inside a database transaction; ask it before or after.")
