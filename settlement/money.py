"""Money: an integer of minor units and a currency."""

from dataclasses import dataclass
from typing import ClassVar

from compliance.base.errors import InvalidInput

# Digits after the point of the currencies that books are kept in; USDC is the token's own six decimals.
DECIMALS: dict[str, int] = {"USD": 2, "EUR": 2, "USDC": 6}
# Besides, of those in which an amount may have to be named (ISO 4217): no book is kept in them.
PRINTED: dict[str, int] = {
    **DECIMALS,
    **dict.fromkeys(("CZK", "DKK", "GBP", "HUF", "PLN", "RON", "SEK"), 2),
    **dict.fromkeys(("JPY", "KRW"), 0),
    **dict.fromkeys(("BHD", "KWD", "TND"), 3),
}
# More digits than a currency of a state has are a token's: zeros at their end say nothing.
_LONGEST = 3
_SYMBOLS = {"USD": "$", "EUR": "€"}


# The least that Stripe charges a card in US dollars. Nobody can be asked for less, so a smaller debt stops nobody.
LEAST_CARD_MINOR = 50
# Ten billion dollars: no amount that a person or a program states here is larger.
MOST_MINOR = 10**12


class AmountInvalid(InvalidInput):
    """What was stated is no amount: no number, not above zero, too large, or finer than its currency."""

    code = "amount_invalid"
    words: ClassVar[str] = "An amount is above zero, in whole minor units (cents)."
    default_message = f"{words} Nothing was changed."


class UnknownCurrency(InvalidInput):
    """The currency is none that this platform keeps books in."""

    code = "unknown_currency"


def require_currency(currency: str) -> None:
    """Nothing, for a currency that books are kept in. Raises UnknownCurrency."""
    if currency not in DECIMALS:
        shown = currency if currency.isascii() and currency.isalnum() and len(currency) <= 8 else "That"
        raise UnknownCurrency(f"{shown} is not a currency that is traded here. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency, fit to be printed. Sums across currencies are refused."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in PRINTED:
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
        return amount_words(self.minor, self.currency)


def amount_words(minor: int, currency: str, minus: str = "-") -> str:
    """`$2.10`, `2.10 USDC`, `1,234 JPY` or `0.250 KWD`, exact, from minor units; unknown currencies have two digits."""
    places = PRINTED.get(currency, 2)
    whole, part = divmod(abs(minor), 10**places)
    digits = f"{part:0{places}d}" if places else ""
    if places > _LONGEST:
        digits = digits.rstrip("0").ljust(2, "0")
    number = f"{whole:,}.{digits}" if digits else f"{whole:,}"
    sign, symbol = minus if minor < 0 else "", _SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency}"


def cost_minor(rate_minor_per_hour: int, seconds: int) -> int:
    """The cost of cumulative seconds in minor units, rounded down once, on the total."""
    return rate_minor_per_hour * seconds // 3600


def fee_minor(total_minor: int, fee_bps: int) -> int:
    """The platform's part of a total, rounded down once; the payee gets the rest."""
    return total_minor * fee_bps // 10_000
