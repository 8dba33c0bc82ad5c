"""Wallets as the Treasury writes them into running text."""

import re

_WALLET = re.compile(r"Digital Currency Address - (\w+)\s+([A-Za-z0-9]+)")


def wallets_in(*texts: str) -> tuple[tuple[str, str], ...]:
    """(currency, address) of each, once, its letter case kept."""
    return tuple(dict.fromkeys(found for text in texts for found in _WALLET.findall(text)))
