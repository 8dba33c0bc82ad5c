"""What the lines of a deed come to before any row is looked at: checked, added up, and given to their shards."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from settlement.models import Account
from settlement.models.ledger import MAX_MINOR
from settlement.services.accounts import AccountKey
from settlement.services.ledger_ops import (
    AmountOutOfRange,
    CurrenciesMixed,
    Line,
    Pend,
    PostPart,
    PotsMixed,
    Unbalanced,
)

Lines = Mapping[AccountKey, int]
# An account and which of its rows.
Place = tuple[AccountKey, int]


def merged(lines: Iterable[Line], *, may_convert: bool = False) -> dict[AccountKey, int]:
    """The lines added up per account, without zeros.

    Raises Unbalanced, AmountOutOfRange, PotsMixed, CurrenciesMixed.
    """
    sums: dict[AccountKey, int] = defaultdict(int)
    per_currency: dict[str, int] = defaultdict(int)
    for line in lines:
        if type(line.amount_minor) is not int or abs(line.amount_minor) >= MAX_MINOR:
            raise AmountOutOfRange
        sums[line.account] += line.amount_minor
        per_currency[line.account.currency] += line.amount_minor
    found = {key: amount for key, amount in sums.items() if amount}
    if not found or any(per_currency.values()):
        raise Unbalanced
    if len({key.pot for key in found}) > 1:
        raise PotsMixed
    if len({key.currency for key in found}) > 1 and not may_convert:
        raise CurrenciesMixed
    return found


def check_pend(op: Pend) -> None:
    """Nothing, for a reservation that can be. Raises AmountOutOfRange, Unbalanced, PotsMixed."""
    if type(op.amount_minor) is not int or not 0 < op.amount_minor < MAX_MINOR:
        raise AmountOutOfRange
    if op.debit == op.credit or op.debit.currency != op.credit.currency:
        raise Unbalanced
    if op.debit.pot != op.credit.pot:
        raise PotsMixed


def check_part(op: PostPart) -> None:
    """Nothing, for a part that can be. Raises AmountOutOfRange."""
    least = 0 if op.close else 1
    if type(op.amount_minor) is not int or not least <= op.amount_minor < MAX_MINOR or op.quantity < 0:
        raise AmountOutOfRange


def place_of(key: AccountKey, cause: UUID) -> Place:
    """The row of the account that a transfer touches: its id says which."""
    return key, cause.int % key.shards


def against_the_grain(key: AccountKey, amount: int) -> bool:
    """Whether the line takes from a shared account that has a side of zero to respect."""
    if key.shards == 1:
        return False
    return amount < 0 if key.sign == Account.Sign.CREDIT else key.sign == Account.Sign.DEBIT and amount > 0


def shards_to_take_from(lines: Iterable[Lines]) -> set[Place]:
    """Every row of each shared account that a line takes from: one shard alone may not have enough."""
    against = {key for found in lines for key, amount in found.items() if against_the_grain(key, amount)}
    return {(key, shard) for key in against for shard in range(key.shards)}
