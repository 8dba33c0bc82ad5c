"""The double-entry book: the one way in which money moves. `settlement.services.accounts` draws the chart.

A transfer is posted whole or not at all. Its id is made by the caller from what caused it (`transfer_id_for`), so the
same cause posts once, however often it is told. Accounts are locked in order of their ids, so two transfers never wait
for each other in a circle. The database refuses what does not sum to zero, crosses an account's sign, or is changed
afterwards.

The platform's own accounts are shared by all, and a row that every transfer updates makes every transfer wait for
every other. So nothing is posted per slice of usage: a lease touches the fee account once, when it is settled.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import ClassVar
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q

from compliance.base import clock
from compliance.base.canonical import digest
from compliance.base.errors import Conflict, InvalidInput, Refusal
from settlement.models import Account, Entry, Transfer
from settlement.services.accounts import AccountKey

_CAUSES = UUID("2c1b6f0a-54a1-5d39-9a3e-3f1f5a0a7c11")
MAX_MINOR = 2**62


class Unbalanced(InvalidInput):
    """The lines do not sum to zero, are none, or are no whole numbers."""

    code = "unbalanced_transfer"
    default_message = "The lines of this transfer do not balance. Nothing was posted."


class TransferConflict(Conflict):
    """The id was posted before with other lines."""

    code = "transfer_conflict"
    default_message = "A transfer with this id and other lines was posted before. Nothing was posted."


class InsufficientFunds(Refusal):
    """An account would cross zero."""

    code = "insufficient_funds"
    http_status: ClassVar[int] = 402
    default_message = "There is not enough money for this. Nothing was moved; top up the balance or ask for less."


@dataclass(frozen=True, slots=True)
class Line:
    """One leg: signed minor units, positive is a credit to the account."""

    account: AccountKey
    amount_minor: int


def transfer_id_for(cause: str, *parts: object) -> UUID:
    """The id of the transfer that this cause makes, the same each time."""
    return uuid5(_CAUSES, ":".join([cause, *(str(part) for part in parts)]))


def post(
    transfer_id: UUID, kind: str, lines: Sequence[Line], *, subject_id: UUID | None = None, memo: str = ""
) -> Transfer:
    """The transfer stands with its entries, and every balance agrees. A replay returns what stands and moves nothing.

    Lines of one account are added up and zeros dropped. Raises Unbalanced, TransferConflict, InsufficientFunds.
    """
    merged = _merged(lines)
    fingerprint = _fingerprint(kind, merged)
    with transaction.atomic():
        accounts = _locked(merged)
        # Under the locks: whoever posts the same at this moment waits for them, and then finds it here.
        present = _present(transfer_id, fingerprint)
        if present is not None:
            return present
        return _write(transfer_id, kind, merged, accounts, fingerprint, subject_id, memo)


def _merged(lines: Iterable[Line]) -> dict[AccountKey, int]:
    sums: dict[AccountKey, int] = defaultdict(int)
    per_currency: dict[str, int] = defaultdict(int)
    for line in lines:
        if type(line.amount_minor) is not int or abs(line.amount_minor) > MAX_MINOR:
            raise Unbalanced("An amount is no whole number of minor units, or is out of range. Nothing was posted.")
        sums[line.account] += line.amount_minor
        per_currency[line.account.currency] += line.amount_minor
    merged = {key: amount for key, amount in sums.items() if amount}
    if not merged or any(per_currency.values()):
        raise Unbalanced
    return merged


def _fingerprint(kind: str, merged: dict[AccountKey, int]) -> str:
    legs = sorted([key.kind, key.pot, key.currency, str(key.party_id or ""), amount] for key, amount in merged.items())
    return digest([kind, legs])


def _present(transfer_id: UUID, fingerprint: str) -> Transfer | None:
    row = Transfer.objects.filter(pk=transfer_id).first()
    if row is not None and row.lines_digest != fingerprint:
        raise TransferConflict
    return row


def _locked(merged: dict[AccountKey, int]) -> dict[AccountKey, Account]:
    """The accounts, made where they are new, locked in order of id."""
    found = _lock(merged)
    missing = [key for key in merged if key not in found]
    if missing:
        # Made first and locked then, all together, so that the order of the locks holds for the new ones too.
        made = [
            Account(kind=key.kind, pot=key.pot, currency=key.currency, party_id=key.party_id, sign=key.sign)
            for key in sorted(missing, key=str)
        ]
        Account.objects.bulk_create(made, ignore_conflicts=True)
        found = _lock(merged)
    return found


def _lock(merged: dict[AccountKey, int]) -> dict[AccountKey, Account]:
    wanted = reduce(or_, (Q(kind=k.kind, pot=k.pot, currency=k.currency, party=k.party_id) for k in merged))
    rows = Account.objects.select_for_update(no_key=True).filter(wanted).order_by("pk")
    return {_key_of(account): account for account in rows}


def _key_of(account: Account) -> AccountKey:
    return AccountKey(account.kind, account.pot, account.currency, account.party_id)


def _write(
    transfer_id: UUID,
    kind: str,
    merged: dict[AccountKey, int],
    accounts: dict[AccountKey, Account],
    fingerprint: str,
    subject_id: UUID | None,
    memo: str,
) -> Transfer:
    now = clock.now()
    for key, amount in merged.items():
        account = accounts[key]
        account.balance_minor += amount
        _check_sign(account)
    row = Transfer(
        pk=transfer_id, kind=kind, subject_id=subject_id, memo=memo[:200], lines_digest=fingerprint, created_at=now
    )
    row.save(force_insert=True)
    Account.objects.bulk_update(accounts.values(), ["balance_minor"])
    Entry.objects.bulk_create(
        Entry(transfer=row, account=accounts[key], amount_minor=amount, at=now) for key, amount in merged.items()
    )
    return row


def _check_sign(account: Account) -> None:
    below = account.sign == Account.Sign.CREDIT and account.balance_minor < 0
    above = account.sign == Account.Sign.DEBIT and account.balance_minor > 0
    if below or above:
        raise InsufficientFunds(account_kind=account.kind)


def balance_of(key: AccountKey) -> int:
    """The account's balance in signed minor units; 0 for an account that has no entry yet."""
    found = Account.objects.filter(kind=key.kind, pot=key.pot, currency=key.currency, party=key.party_id).first()
    return found.balance_minor if found else 0
