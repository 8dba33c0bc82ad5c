"""Names as plain text: one alphabet, one case, no ornaments, nothing that nobody sees."""

import re
import unicodedata

from compliance.engine.naming.scripts import latin

MAX_LENGTH = 300  # characters; what is longer is cut, so that nobody can make a comparison expensive
_JOINERS = "\u200c\u200d"
_APOSTROPHES = re.compile(r"['`´’‘ʼʻʿʾʹ]")
_OTHER = re.compile(r"[^a-z0-9]+")


def plain(text: str) -> str:
    """The text in lower-case ASCII letters, digits and single spaces; invisible and direction marks are gone."""
    return " ".join(_OTHER.sub(" ", latin(_APOSTROPHES.sub("", shown(text))).replace("'", "")).split())


def shown(text: str) -> str:
    """What a reader sees of the text, compatibility forms made one; at most `MAX_LENGTH` characters."""
    text = text[: MAX_LENGTH * 2]
    if text.isascii() and text.isprintable():
        return text[:MAX_LENGTH]
    folded = unicodedata.normalize("NFKC", text)
    seen = (" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in folded if not _hidden(each))
    return "".join(seen)[:MAX_LENGTH]


def readable(text: str) -> str:
    """The name with single spaces; empty when it holds nothing to compare, or signs that nobody sees.

    Zero-width, direction and control characters let one name pass for another, before the lists and before an officer.
    The joiners stay: Persian and Indic scripts are written with them.
    """
    name = " ".join(text.split())
    unseen = any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co") and each not in _JOINERS for each in name)
    return "" if unseen or not plain(name) else name


def _hidden(character: str) -> bool:
    """Format characters (zero width, direction) and combining marks, but for those that Indic scripts need."""
    return unicodedata.category(character) in ("Cf", "Mn") and not "\u0900" <= character <= "\u0dff"
