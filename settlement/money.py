"""Money: an integer of minor units and a currency."""

from dataclasses import dataclass

from compliance.base.errors import InvalidInput

# Digits after the point; USDC is the token's own six decimals.
DECIMALS: dict[str, int] = {"USD": 2, "EUR": 2, "USDC": 6}
_SYMBOLS = {"USD": "$", "EUR": "€"}


class UnknownCurrency(InvalidInput):
    """The currency is none that this platform keeps books in."""

    code = "unknown_currency"


def require_currency(currency: str) -> None:
    """Nothing, for a currency that books are kept in. Raises UnknownCurrency."""
    if currency not in DECIMALS:
        raise UnknownCurrency(f"{currency!r} is not a currency that is traded here. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency. Sums across currencies are refused."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        require_currency(self.currency)
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise InvalidInput("An amount is an integer of minor units. Nothing was changed.")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def _same(self, other: "Money") -> None:
        if other.currency != self.currency:
            raise InvalidInput("Amounts of different currencies cannot be added. Nothing was changed.")

    def __str__(self) -> str:
        places = DECIMALS[self.currency]
        sign = "-" if self.minor < 0 else ""
        whole, part = divmod(abs(self.minor), 10**places)
        digits = f"{part:0{places}d}"
        if places > 2:
            digits = digits.rstrip("0").ljust(2, "0")
        symbol = _SYMBOLS.get(self.currency)
        number = f"{whole:,}.{digits}"
        return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {self.currency}"


def cost_minor(rate_minor_per_hour: int, seconds: int) -> int:
    """The cost of cumulative seconds in minor units, rounded down once, on the total."""
    return rate_minor_per_hour * seconds // 3600


def fee_minor(total_minor: int, fee_bps: int) -> int:
    """The platform's part of a total, rounded down once; the payee gets the rest."""
    return total_minor * fee_bps // 10_000
