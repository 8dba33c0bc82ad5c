"""A word of a name and the part it plays."""

from dataclasses import dataclass

NAME = "name"
PARTICLE = "particle"  # al, bin, van: written or left out as it pleases
INITIAL = "initial"
TITLE = "title"  # may be a given name: Amir, Sultan
PATRONYMIC = "patronymic"  # Ivanovich
TRADE = "trade"  # bank, systems
PLACE = "place"
NUMBER = "number"

GIVEN, FAMILY, FATHER = "given", "family", "father"


@dataclass(frozen=True, slots=True)
class Word:
    """`meaning` is what words of trade, places and numbers are compared by. `role` is said by whoever wrote the name:

    given or family where a comma or the fields of a form tell them apart, father after bin or ibn; else empty.
    """

    text: str
    part: str = NAME
    meaning: str = ""
    role: str = ""


def count(words: tuple[Word, ...] | list[Word], *parts: str) -> int:
    """How many of the words play one of these parts."""
    return sum(word.part in parts for word in words)
