"""Which accounts there are, and on which side of zero each may stand.

The chart. Positive is a credit: what the platform owes or has earned. Every account exists per pot (`card`: money that
came by card, in USD cents; `escrow`: tokens that came by chain, in units of 1e-6) and per currency; pots never mix,
so money is refunded only to where it came from.

| kind | whose | stands | what it is |
|---|---|---|---|
| available | a party | >= 0 | prepaid, free to use (escrow: withdrawable from the contract) |
| held | a renter | >= 0 | set aside for open leases |
| uncollected | a renter | <= 0 | used by leases that are not settled, to be collected from a card |
| accrued | a provider | >= 0 | earned by leases that are not settled |
| blocked | a party | >= 0 | what compliance froze: held, free, owed, or stopped on its way |
| payable | a provider | >= 0 | earned, not yet paid out |
| paying | a provider | >= 0 | on its way to the provider |
| refunding | a renter | >= 0 | on its way back to the card that paid |
| claim | a party | <= 0 | what it owes the platform: a chargeback, a refund, a lease that its card did not pay |
| written_off | a party | <= 0 | the platform's loss: what of its claims was given up, less what came in for it since |
| fees | the platform | >= 0 | fees earned |
| stripe_clearing | the platform | any | money at the card network (negative: it is there) |
| chain_clearing | the platform | <= 0 | tokens in the escrow contract |
| bank | the platform | any | money that the card network paid to the platform's bank |
| processing | the platform | <= 0 | what payments cost: the card network's fees |
| chargebacks | the platform | any | its fees of leases that were charged back or refunded, and what disputes cost |
| exchange | the platform | any | its position in a currency, from conversions |
| rounding | the platform | >= 0 | what conversions left over, below one minor unit each |
| suspense | the platform | any | not yet explained |

`stripe_clearing` may cross zero: the network takes its fees before the books learn of them. `chain_clearing` may not:
the contract cannot pay out what it does not hold.

A row that every transfer updates makes every transfer wait for every other. So the platform's busy accounts are spread
over `SHARDS` rows, and the id of a transfer says which of them it touches (ADR 0020).
"""

from dataclasses import dataclass
from uuid import UUID

from settlement.models import Account
from settlement.money import require_currency

Kind = Account.Kind
Pot = Account.Pot

_SIGNS = {
    Kind.CHAIN_CLEARING: Account.Sign.DEBIT,
    Kind.PROCESSING: Account.Sign.DEBIT,
    Kind.UNCOLLECTED: Account.Sign.DEBIT,
    Kind.CLAIM: Account.Sign.DEBIT,
    Kind.WRITTEN_OFF: Account.Sign.DEBIT,
    Kind.CHARGEBACKS: Account.Sign.ANY,
    Kind.STRIPE_CLEARING: Account.Sign.ANY,
    Kind.BANK: Account.Sign.ANY,
    Kind.EXCHANGE: Account.Sign.ANY,
    Kind.SUSPENSE: Account.Sign.ANY,
}
_OF_A_PARTY = frozenset(
    {
        Kind.AVAILABLE,
        Kind.HELD,
        Kind.UNCOLLECTED,
        Kind.ACCRUED,
        Kind.BLOCKED,
        Kind.PAYABLE,
        Kind.PAYING,
        Kind.REFUNDING,
        Kind.CLAIM,
        Kind.WRITTEN_OFF,
    }
)
# The escrow contract's account is not among them: one indexer follows the chain, block by block.
_SHARED = frozenset({Kind.FEES, Kind.STRIPE_CLEARING, Kind.PROCESSING, Kind.EXCHANGE, Kind.ROUNDING})
SHARDS = 8


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """What names an account: it is made at its first entry. Raises UnknownCurrency."""

    kind: str
    pot: str
    currency: str
    party_id: UUID | None = None

    def __post_init__(self) -> None:
        if (self.party_id is not None) != (self.kind in _OF_A_PARTY):
            raise ValueError(f"account {self.kind}: the party is given exactly for accounts of parties")
        require_currency(self.currency)

    @property
    def sign(self) -> str:
        """On which side of zero the account may stand."""
        return _SIGNS.get(Kind(self.kind), Account.Sign.CREDIT)

    @property
    def shards(self) -> int:
        """Over how many rows the account is spread."""
        return SHARDS if self.kind in _SHARED else 1


def clearing(pot: str, currency: str) -> AccountKey:
    """Where the money of the pot lies: at the card network, or in the contract."""
    kind = Kind.CHAIN_CLEARING if pot == Pot.ESCROW else Kind.STRIPE_CLEARING
    return AccountKey(kind, pot, currency)


def of_party(kind: str, party_id: UUID, pot: str, currency: str) -> AccountKey:
    """The party's account of that kind."""
    return AccountKey(kind, pot, currency, party_id)


def of_platform(kind: str, pot: str, currency: str) -> AccountKey:
    """The platform's account of that kind."""
    return AccountKey(kind, pot, currency)
