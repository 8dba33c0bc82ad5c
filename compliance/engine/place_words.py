"""Names of places as people write them, made comparable."""

import re
import unicodedata
from collections.abc import Iterator


def place_words(text: str) -> list[str]:
    """Words without case, accents, apostrophes and soft signs written as such."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in parted if not unicodedata.combining(each) and each not in "'`’ʹʼ\"")
    return re.findall(r"\w+", bare)


def one_word(text: str) -> str:
    """The words in one: UA-14, ua 14 and UA14 are the same."""
    return "".join(place_words(text))


def ends_of(words: list[str], wanted: list[str]) -> Iterator[int]:
    """Where the wanted words, one after another, end among these: the place of the word after them."""
    size = len(wanted)
    return (at + size for at in range(len(words) - size + 1) if words[at : at + size] == wanted)
