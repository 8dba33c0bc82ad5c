"""Free text as a reader takes it, however it is written: what words stand in it, hidden or disguised."""

import re
import unicodedata
from collections.abc import Iterable

# Cyrillic and Greek letters that pass for Latin ones (after Unicode UTS 39), in small letters.
_LOOKS_LIKE = str.maketrans("аеіјорсухѕԁԛԝһӏαορνικτ", "aeijopcyxsdqwhlaopvikt")
_FOR_LETTERS = str.maketrans("0134578@$!", "oieastbasi")
# Single letters set apart, as in O.F.A.C. and s-a-n-c-t-i-o-n-s.
_SPELLED = re.compile(r"(?<!\w)(?:[^\W\d_][\W_]{1,2}){2,}[^\W\d_](?!\w)")
_WORD = re.compile(r"[\w@$!]+")
_BETWEEN = re.compile(r"[\W_]+")


def seen(text: str) -> str:
    """The text with one form of each letter, nothing that nobody sees, and single blanks."""
    shown = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join(shown.split())


def begun_in(words: Iterable[str], said: str) -> list[str]:
    """Which of the words stand at the start of a word of what is said, both in small letters."""
    return [word for word in words if re.search(rf"\b{re.escape(word)}", said)]


def readings(text: str) -> tuple[str, str]:
    """The text twice, in small letters with single blanks: as it stands, and with each disguise undone.

    Undone are: signs that nobody sees, accents, look-alikes of other alphabets, digits for letters inside a word, words
    spelled letter by letter, and what joins words. The second reading alone would lose what is really Russian or Greek.
    """
    written = seen(text).casefold()
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", written) if unicodedata.category(sign) != "Mn")
    joined = _SPELLED.sub(lambda found: _BETWEEN.sub("", found.group()), bare.translate(_LOOKS_LIKE))
    undone = _WORD.sub(lambda found: _lettered(found.group()), joined)
    return written, _BETWEEN.sub(" ", undone).strip()


def words_in(
    text: str, *, starts: Iterable[str] = (), parts: Iterable[str] = (), exact: Iterable[str] = ()
) -> list[str]:
    """Which of the words stand in the text: at the start of a word, anywhere, or whole and as written; each once."""
    both = readings(text)
    found = (word for word in starts if any(begun_in([word], said) for said in both))
    within = (word for word in parts if any(word in said for said in both))
    whole = (word for word in exact if re.search(rf"\b{re.escape(word)}\b", text))
    return list(dict.fromkeys([*found, *within, *whole]))


def _lettered(word: str) -> str:
    """The word with its digits read as letters, where letters stand on both sides of one."""
    return word.translate(_FOR_LETTERS) if re.search(r"[^\W\d_][\d@$!]+[^\W\d_]", word) else word
