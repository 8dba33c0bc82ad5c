"""When two wallet addresses are one."""


def wallet_key(address: str) -> str:
    """What is compared: addresses whose letter case carries nothing but a checksum (0x…, bech32) without it."""
    plain = address.strip()
    lowered = plain.lower()
    return lowered if lowered.startswith(("0x", "bc1", "ltc1")) else plain
