"""Names of places as people write them, made comparable."""

import re
import unicodedata


def place_words(text: str) -> list[str]:
    """Words without case, accents, apostrophes and soft signs written as such."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in parted if not unicodedata.combining(each) and each not in "'`’ʹʼ\"")
    return re.findall(r"\w+", bare)


def one_word(text: str) -> str:
    """The words in one: UA-14, ua 14 and UA14 are the same."""
    return "".join(place_words(text))


def holds_words(words: list[str], wanted: list[str]) -> bool:
    """Whether the wanted words stand there, one after another."""
    size = len(wanted)
    return any(words[at : at + size] == wanted for at in range(len(words) - size + 1))
