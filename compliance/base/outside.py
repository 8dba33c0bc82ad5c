"""No network call inside a database transaction: a slow server holds locks, a rollback forgets its deed."""

from django.db import connection


class NetworkInTransaction(RuntimeError):
    """Somebody outside was asked inside a transaction: a fault of ours, never of the user."""


def require_no_transaction() -> None:
    """No transaction is open on this thread (the wrapper of a test case does not count).

    Raises NetworkInTransaction.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise NetworkInTransaction("Somebody outside was asked inside a database transaction; ask before or after.")
