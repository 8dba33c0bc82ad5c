"""Identifiers that check themselves."""

import re

_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


def is_lei(text: str) -> bool:
    """Whether the text is a legal entity identifier: ISO 17442, its last two digits by ISO 7064 mod 97-10."""
    return bool(_LEI.fullmatch(text)) and int("".join(str(int(each, 36)) for each in text)) % 97 == 1
