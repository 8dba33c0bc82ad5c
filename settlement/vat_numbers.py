"""VAT numbers of the EU's member states, by their form alone.

Forms as the European Commission's table of structures has them (VIES), compared on 2026-11-25 with copies of it that
traders publish. That a number of this form exists, and whose it is, is not looked up here: VIES tells it, and whoever
relies on it asks there.
"""

import re

# Member states by the country code of ISO 3166-1; Greece writes EL before its numbers.
_FORMS = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-Z0-9]{2}\d{9}",
    "GR": r"\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]|\d{7}[A-Z]{2}",
    "IT": r"\d{11}",
    "LT": r"\d{9}|\d{12}",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{12}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
}
MEMBER_STATES = frozenset(_FORMS)


def prefix_of(country: str) -> str:
    """The letters before a member state's numbers."""
    return "EL" if country == "GR" else country


def tidy(number: str) -> str:
    """The number without spaces, points and dashes, in capitals."""
    return re.sub(r"[\s.\-]", "", number).upper()


def fits(number: str, country: str) -> bool:
    """Whether a tidied number has the form of that member state's numbers, prefix included."""
    prefix, form = prefix_of(country), _FORMS.get(country)
    if form is None or not number.startswith(prefix):
        return False
    return re.fullmatch(form, number[len(prefix) :], re.ASCII) is not None
