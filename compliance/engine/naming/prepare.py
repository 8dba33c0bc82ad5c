"""Names ready to be compared: words in order, each with its part in the name and what it means."""

import re
from dataclasses import dataclass
from functools import lru_cache

from compliance.engine.naming.companies import entity_words
from compliance.engine.naming.people import person_words
from compliance.engine.naming.scripts import ideographs, vowelless
from compliance.engine.naming.text import plain, shown
from compliance.engine.naming.vocabulary.people import EAST_ASIAN_FAMILIES
from compliance.engine.naming.words import NAME, PARTICLE, PATRONYMIC, PLACE, Word

_SYLLABLES = re.compile(
    r"(?:(?:[bcdfghjklmnpqrstwxyz]|ch|zh|sh|hs|ts|tz|kw|ph|th|kh|ss|sz|tr|nh)?h?[aeiouy]{1,3}(?:ng|rk|[nklmpthrw])?){1,2}"
)
PERSON, ENTITY = "person", "entity"
MAX_WORDS = 16


@dataclass(frozen=True, slots=True)
class PreparedName:
    """A name as a person's or as an entity's.

    `words` lacks titles and company forms; `forms` has the classes of the latter. `text` is the plain name, `whole`
    the same without spaces, `squeezed` the words without spaces. `ideographs` holds its Chinese characters or Hangul.
    """

    words: tuple[Word, ...]
    forms: frozenset[str]
    text: str
    whole: str
    squeezed: str
    ideographs: str = ""
    vowelless: bool = False

    @property
    def east_asian(self) -> bool:
        """Whether every word may be Chinese, Korean or Vietnamese, and one of them is a family name there."""
        words = [word.text for word in self.words if word.part != PARTICLE]
        return (
            2 <= len(words) <= 4
            and all(map(_SYLLABLES.fullmatch, words))
            and any(word in EAST_ASIAN_FAMILIES for word in words)
        )

    @property
    def distinctive(self) -> bool:
        """Whether it tells somebody apart: by a name, or by a place together with another word."""
        return any(
            (word.part in (NAME, PATRONYMIC) and len(word.text) > 1) or (word.part == PLACE and len(self.words) > 1)
            for word in self.words
        )


@lru_cache(maxsize=4096)
def prepare(name: str, kind: str) -> PreparedName:
    """The name ready to be compared, as that of a person or of an entity."""
    return prepare_uncached(name, kind)


def prepare_uncached(name: str, kind: str) -> PreparedName:
    """As `prepare`, for a whole list whose names are seen once."""
    text = shown(name)
    letters = plain(text)
    if kind == PERSON:
        words, forms, read = person_words(text), frozenset[str](), letters
    else:
        words, forms, read = entity_words(text)
    words = words[:MAX_WORDS]
    return PreparedName(
        words=tuple(words),
        forms=forms,
        text=read,
        whole=letters.replace(" ", ""),
        squeezed="".join(word.text for word in words),
        ideographs="" if text.isascii() else ideographs(text),
        vowelless=not text.isascii() and vowelless(text),
    )
