"""Claims: what a party owes the platform (a chargeback, a refund, a card that came short), and how it is paid off.

A claim is paid off from what the party earns, then from its prepaid money, before anything is paid out. Whoever owes
opens no hold, unless it owes less than a card can be charged. What was written off (`write_offs`) the party owes as
before: it is paid after what still stands, and what pays it is the platform's recovered loss.
"""

from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.selectors.restrictions import is_restricted, open_restrictions
from settlement.models import Account
from settlement.money import LEAST_CARD_MINOR, amount_words
from settlement.services import ledger, rows
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party
from settlement.services.ledger import Line

USD = "USD"
ACTOR = system("claims")
# In the order in which they are paid, with what a payment of each is called.
DEBTS = {Kind.CLAIM: "claim.paid_off", Kind.WRITTEN_OFF: "claim.recovered"}
PAY_FIRST = (
    "a bank took a payment back, or a card did not pay for a lease. Nothing was changed; top up your balance, which "
    "pays that first."
)


class PartyOwes(Refusal):
    """The party owes for what it used: its bank took a payment back, or its card did not yield one."""

    code = "party_owes"
    http_status = 402
    default_message = f"You owe for what you used: {PAY_FIRST}"


def key_of(kind: Kind, party_id: UUID) -> AccountKey:
    """The party's account of that kind in the card pot: debts are of cards alone."""
    return of_party(kind, party_id, Pot.CARD, USD)


def accounts_of(party_id: UUID) -> list[AccountKey]:
    """Every account that a debt of the party can touch: for whoever pays it off within a larger deed."""
    return [key_of(kind, party_id) for kind in (Kind.CLAIM, Kind.WRITTEN_OFF, Kind.PAYABLE, Kind.AVAILABLE)]


def free_minor(party_id: UUID) -> int:
    """The free prepaid money that may bear a debt, in USD cents: none of a restricted party's, which is blocked."""
    return 0 if is_restricted(party_id) else max(0, ledger.balance_of(key_of(Kind.AVAILABLE, party_id)))


def owed_minor(party_id: UUID) -> int:
    """What the party owes, written off or not, in USD cents, at or above zero."""
    return sum(_debt_minor(kind, party_id) for kind in DEBTS)


def standing_minor(party_id: UUID) -> int:
    """What the party owes that is not written off, in USD cents, at or above zero."""
    return _debt_minor(Kind.CLAIM, party_id)


def paid_lines(party_id: UUID, owed_minor: int, paid_minor: int) -> list[Line]:
    """So much of the `owed_minor` that are left is paid: what stands first, then what was written off.

    For a larger deed that pays it; several parts of one are told with what each leaves.
    """
    standing = max(0, owed_minor - _debt_minor(Kind.WRITTEN_OFF, party_id))
    first = min(paid_minor, standing)
    return [
        Line(key_of(Kind.CLAIM, party_id), first),
        Line(key_of(Kind.WRITTEN_OFF, party_id), paid_minor - first),
    ]


def require_nothing_owed(party_id: UUID) -> None:
    """Nothing, for a party without debts that a card could be charged for. Raises PartyOwes."""
    owed = owed_minor(party_id)
    if owed >= LEAST_CARD_MINOR:
        raise PartyOwes(f"You owe {amount_words(owed, USD)} for what you used: {PAY_FIRST}")


def credit(
    party_id: UUID, brought_minor: int, currency: str, *, transfer_id: UUID, cause: str, subject_id: UUID
) -> None:
    """What a card brought is the party's prepaid money, and pays first what it owes. In the caller's transaction."""
    source = clearing(Pot.CARD, currency)
    ledger.lock([source, *accounts_of(party_id)], causes=[transfer_id])
    lines = [Line(source, -brought_minor), Line(key_of(Kind.AVAILABLE, party_id), brought_minor)]
    ledger.post(transfer_id, cause, lines, subject_id=subject_id)
    pay_off(party_id)


def pay_off(party_id: UUID) -> int:
    """What the party owes is paid from what it has, as far as that goes; returns how much was.

    Nothing is paid from the property of a restricted party: it is blocked, and nobody sets off against it. Runs inside
    the caller's transaction if there is one, which has locked `accounts_of` the party if it locked any.
    """
    if is_restricted(party_id):
        return 0
    with transaction.atomic():
        ledger.lock(accounts_of(party_id))
        return sum(_pay(debt, cause, party_id) for debt, cause in DEBTS.items())


def _pay(debt: Kind, cause: str, party_id: UUID) -> int:
    owed, lines = _debt_minor(debt, party_id), list[Line]()
    if not owed:
        return 0
    left = owed
    for key in (key_of(Kind.PAYABLE, party_id), key_of(Kind.AVAILABLE, party_id)):
        part = min(left, ledger.balance_of(key))
        if part > 0:
            left -= part
            lines.append(Line(key, -part))
    if lines:
        ledger.post(uuid4(), cause, [*lines, Line(key_of(debt, party_id), owed - left)])
    return owed - left


def _debt_minor(kind: Kind, party_id: UUID) -> int:
    return -ledger.balance_of(key_of(kind, party_id))


def pay_off_all() -> int:
    """Every party that owes and has something has paid as far as that goes. Returns how many did."""
    owing = Account.objects.filter(kind__in=DEBTS, balance_minor__lt=0)
    has = Account.objects.filter(
        kind__in=(Kind.PAYABLE, Kind.AVAILABLE),
        pot=Pot.CARD,
        currency=USD,
        debits_pending=0,
        balance_minor__gt=0,
        party_id__in=owing.values("party_id"),
    ).exclude(party_id__in=open_restrictions().values("party_id"))
    parties = has.order_by("party_id").values_list(F("party_id"), flat=True).distinct()
    owe = [party_id for party_id in parties if party_id]
    return rows.each("A claim against a party", owe, lambda party_id: pay_off(party_id) > 0, actor=ACTOR)
