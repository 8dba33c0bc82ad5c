"""The least that a card may be charged, by currency, in minor units.

Stripe's table (https://docs.stripe.com/currencies, as others copy it; read on 2026-11-26). Stripe applies that of the
currency in which the account settles; here it is the charge's own. Currencies that it does not name have none.
"""

from settlement.rails.standin.errors import invalid

MINIMUMS = {
    **dict.fromkeys(("usd", "aud", "brl", "cad", "chf", "eur", "inr", "jpy", "nzd", "sgd"), 50),
    **dict.fromkeys(("aed", "myr", "pln", "ron"), 200),
    **dict.fromkeys(("nok", "sek"), 300),
    "bgn": 100,
    "czk": 1_500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17_500,
    "mxn": 1_000,
}
WITHOUT_MINOR_UNITS = frozenset({"jpy"})


def require_least(amount: int, currency: str, param: str) -> None:
    """Nothing, for an amount that a card can be charged. Raises Stripe's `amount_too_small`."""
    least = MINIMUMS.get(currency, 1)
    if amount < least:
        words = str(least) if currency in WITHOUT_MINOR_UNITS else f"{least / 100:.2f}"
        raise invalid(f"Amount must be at least {words} {currency}", param=param, code="amount_too_small")
