"""Prepared names as texts, and back: what a listed name was found to be need not be found again."""

from functools import lru_cache

from compliance.engine.naming.prepare import PreparedName
from compliance.engine.naming.words import Word

_WORDS, _FIELDS, _IN_WORD = "\x1e", "\x1d", "\x1f"


def packed(name: PreparedName) -> str:
    """The prepared name in one text."""
    words = _WORDS.join(_IN_WORD.join((each.text, each.part, each.meaning, each.role)) for each in name.words)
    flags = "v" if name.vowelless else ""
    return _FIELDS.join((words, " ".join(sorted(name.forms)), name.text, name.whole, name.ideographs, flags))


def unpacked(text: str) -> PreparedName:
    """The prepared name that was packed."""
    words, forms, read, whole, ideographs, flags = text.split(_FIELDS)
    found = tuple(map(_word, words.split(_WORDS))) if words else ()
    return PreparedName(
        words=found,
        forms=_forms(forms),
        text=read,
        whole=whole,
        squeezed="".join([word.text for word in found]),
        ideographs=ideographs,
        vowelless=flags == "v",
    )


def whole_of(text: str) -> str:
    """Only the letters of the packed name, without spaces."""
    return text.split(_FIELDS)[3]


@lru_cache(maxsize=65536)
def _word(text: str) -> Word:
    """Names share their words, so that most are at hand."""
    return Word(*text.split(_IN_WORD))


@lru_cache(maxsize=1024)
def _forms(text: str) -> frozenset[str]:
    return frozenset(text.split())
