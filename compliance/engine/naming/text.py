"""Names as plain text: one alphabet, one case, no ornaments, nothing that nobody sees."""

import re
import unicodedata

from compliance.engine.naming.scripts import latin

MAX_LENGTH = 300  # characters; what is longer is cut, so that nobody can make a comparison expensive
_JOINERS = "\u200c\u200d"
_JOINED_FROM = "\u0590"  # the scripts before it (Latin, Greek, Cyrillic, Armenian) join nothing
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10))))
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
    return "" if unseen(name) or not plain(name) else name


def unseen(text: str) -> bool:
    """Whether the text holds a sign that nobody sees; a joiner is one wherever its script has no use for it."""
    if text.isascii() and text.isprintable():
        return False
    for at, each in enumerate(text):
        if each in _JOINERS:
            if min(text[at - 1 : at] or " ", text[at + 1 : at + 2] or " ") < _JOINED_FROM:
                return True
        elif unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co") or each in _BLANKS:
            return True
    return False


def written_alike(text: str) -> str:
    """The text in one of the ways in which Unicode writes it: composed, letters of full or half width as others are,
    single spaces. What looks the same to a reader is then one name."""
    if not text.isascii():
        parts = (unicodedata.normalize("NFKC", each) if _wide(each) else each for each in text)
        text = unicodedata.normalize("NFC", "".join(parts))
    return " ".join(text.split())


def _wide(character: str) -> bool:
    return unicodedata.decomposition(character).startswith(("<wide>", "<narrow>"))


def _hidden(character: str) -> bool:
    """Format characters (zero width, direction) and combining marks, but for those that Indic scripts need."""
    return unicodedata.category(character) in ("Cf", "Mn") and not "\u0900" <= character <= "\u0dff"
