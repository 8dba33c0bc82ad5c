"""What a hold is opened and settled with, checked before anything moves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.base import clock
from compliance.base.errors import InvalidInput
from settlement.models import Hold
from settlement.money import LEAST_CARD_MINOR

Rail = Hold.Rail
# Cards hold an authorization for seven days; half a day is left for the settlement.
LONGEST_CARD_HOLD = timedelta(days=6, hours=12)
CURRENCIES = {Rail.BALANCE: "USD", Rail.CARD: "USD", Rail.ESCROW: "USDC"}


class HoldRefused(InvalidInput):
    """The terms of the hold do not fit its rail."""

    code = "hold_refused"
    default_message = "This payment cannot be set up with these terms. Nothing was changed."


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """Frozen with the hold. The rate is for all GPUs of the lease; `expires_at` ends the longest possible lease.

    `credit_bps` is the share of an hour's price that may be taken off the total at the end, and no more.
    """

    rate_minor_per_hour: int
    expires_at: datetime
    fee_bps: int | None = None
    credit_bps: int = 0


@dataclass(frozen=True, slots=True)
class Credit:
    """What is taken off a total, in minor units, and the typed reason that earned it."""

    minor: int = 0
    reason: str = ""


NO_CREDIT = Credit()


def check_terms(hold: Hold) -> None:
    """Nothing, for terms that fit the rail. Raises HoldRefused."""
    if CURRENCIES.get(Rail(hold.rail)) != hold.currency:
        raise HoldRefused(f"The rail {hold.rail} does not carry {hold.currency}. Nothing was changed.")
    if type(hold.amount_minor) is not int or not 0 < hold.amount_minor < 2**53:
        raise HoldRefused("The amount is no positive whole number of minor units. Nothing was changed.")
    if hold.expires_at <= clock.now() or hold.rate_minor_per_hour <= 0:
        raise HoldRefused
    if hold.rail == Rail.CARD:
        _check_card_terms(hold)
    if hold.rail == Rail.ESCROW and not hold.wallet_address:
        raise HoldRefused("Escrow needs the wallet that will deposit. Nothing was changed.")


def _check_card_terms(hold: Hold) -> None:
    if not hold.payment_method:
        raise HoldRefused("A card hold needs a card. Nothing was changed; choose a card.")
    if hold.amount_minor < LEAST_CARD_MINOR:
        raise HoldRefused("A card cannot hold less than $0.50. Nothing was changed; use your prepaid balance.")
    if hold.expires_at - clock.now() > LONGEST_CARD_HOLD:
        raise HoldRefused(
            "A card holds money for six and a half days at most. Nothing was changed; take a shorter lease or use your "
            "prepaid balance."
        )
