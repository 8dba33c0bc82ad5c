"""A word of a name and the part it plays."""

from typing import NamedTuple

NAME = "name"
PARTICLE = "particle"  # al, bin, van: written or left out as it pleases
INITIAL = "initial"
TITLE = "title"  # may be a given name: Amir, Sultan
PATRONYMIC = "patronymic"  # Ivanovich
TRADE = "trade"  # bank, systems
PLACE = "place"
NUMBER = "number"

GIVEN, FAMILY, FATHER = "given", "family", "father"


class Word(NamedTuple):
    """`meaning` is what words of trade, places and numbers are compared by. `role` is said by whoever wrote the name:

    given or family where a comma or the fields of a form tell them apart, father after bin or ibn; else empty.
    """

    text: str
    part: str = NAME
    meaning: str = ""
    role: str = ""
