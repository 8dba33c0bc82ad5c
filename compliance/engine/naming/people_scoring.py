"""A person's names compared: what each difference costs, and why."""

from collections.abc import Iterator
from functools import lru_cache

from compliance.engine.naming.alignment import (
    APART,
    COGNATE,
    FIRST_LETTER,
    SHORT,
    SPELLING,
    Aligned,
    Likeness,
    Pair,
    align,
)
from compliance.engine.naming.likeness import (
    FAR,
    Errors,
    count_errors,
    errors_between,
    errors_from_characters,
    errors_in_romanisation,
    errors_without_vowels,
)
from compliance.engine.naming.prepare import PreparedName
from compliance.engine.naming.sounds import fold
from compliance.engine.naming.spelling import Cost, pair_cost
from compliance.engine.naming.vocabulary.people import COGNATES, SHORT_FORMS
from compliance.engine.naming.vocabulary.tables import word_set
from compliance.engine.naming.words import FAMILY, FATHER, GIVEN, INITIAL, NAME, PARTICLE, PATRONYMIC, TITLE, Word

OTHER_NAME = 0.3  # each has a name that the other lacks
ONE_NAME = 0.3  # all that agrees is a single name
MORE_NAMES, EACH_FURTHER = 0.07, 0.04  # one of them leaves names out
OTHER_FIRST = 0.05  # and the first name at that: a child's name before its father's
PATRONYMIC_MORE, INITIAL_MORE, PARTICLE_MORE, TITLE_MORE, NAME_TWICE = 0.02, 0.03, 0.004, 0.01, 0.01
SYLLABLE_MORE = 0.2  # in East Asia every syllable is the name
OTHER_ORDER = 0.015
FIRST_TWO_TURNED = 0.04
FATHER_AND_SON = 0.25  # the order of a chain of fathers is the name
OTHER_ROLE = 0.25
OTHER_SEX = 0.1
_UNSAID = (PARTICLE, TITLE)
_CHAINS = word_set("""
al el bin ibn ben bint ould
""")


def compare_people(mine: PreparedName, theirs: PreparedName, least: float = 0.0) -> Iterator[Cost]:
    """What speaks for and against the names being one person's: costs in sentences, 0 for what agrees.

    Once it is clear that less than `least` would be left of 1, the rest is not sought.
    """
    found = align(mine, theirs, _alike, _errors_for, _UNSAID if least > 1 - OTHER_NAME else ())
    if found is APART:
        yield Cost(OTHER_NAME, "Each has a name that the other lacks.")
        return
    telling = found.telling
    yield from _lacking(found, telling, mine, theirs)  # first, for it decides most often
    for pair in telling:
        yield pair_cost(pair)
    yield from _ordered(telling, mine, theirs)
    last = max((pair.at_theirs for pair in telling), default=0)
    if any(_sexes_differ(pair) for pair in telling[:-1] if pair.at_theirs < last):  # but the family names
        yield Cost(OTHER_SEX, "One is a woman's name, the other a man's.")


def _errors_for(mine: PreparedName, theirs: PreparedName) -> Errors:
    """How errors are counted between words of these two names."""
    if bool(mine.ideographs) != bool(theirs.ideographs):
        return errors_from_characters
    if mine.vowelless != theirs.vowelless:
        if mine.vowelless:
            return lambda one, other: min(errors_between(one, other), errors_without_vowels(one, other))
        return lambda one, other: min(errors_between(one, other), errors_without_vowels(other, one))
    return errors_in_romanisation if mine.east_asian and theirs.east_asian else errors_between


def _alike(mine: Word, theirs: Word, errors: Errors) -> Likeness | None:
    if mine.part == theirs.part == NAME:
        if errors is errors_between:
            return _latin_alike(mine.text, theirs.text)
        return _names_alike(mine.text, theirs.text) or _spelt(mine.text, theirs.text, errors)
    parts = {mine.part, theirs.part}
    if INITIAL in parts:
        if len(parts) == 1 or PARTICLE in parts:
            return None
        same = mine.text[0] == theirs.text[0] or fold(mine.text)[:1] == fold(theirs.text)[:1]
        return (FIRST_LETTER, 0.0) if same else None
    if parts == {PATRONYMIC}:
        return (COGNATE, 0.0) if _son_of(mine.text) == _son_of(theirs.text) else _spelt(mine.text, theirs.text, errors)
    likeness = _spelt(mine.text, theirs.text, errors)
    if likeness and (PATRONYMIC in parts or PARTICLE in parts) and likeness[1] > 1.0:
        return None  # Ivan is not Ivanovich
    return likeness


@lru_cache(maxsize=262144)
def _latin_alike(mine: str, theirs: str) -> Likeness | None:
    return _names_alike(mine, theirs) or _spelt(mine, theirs, count_errors)


def _names_alike(mine: str, theirs: str) -> Likeness | None:
    """Whether they are forms of one name, or but misspelt."""
    cognate = COGNATES.get(mine)
    if cognate and cognate == COGNATES.get(theirs):
        return COGNATE, 0.0
    short, long = SHORT_FORMS.get(mine), SHORT_FORMS.get(theirs)
    if short and long and short & long:
        return SHORT, 0.0
    if len(mine) > 4 and mine == theirs[::-1]:
        return SPELLING, 1.0  # written backwards
    return None


def _spelt(mine: str, theirs: str, errors: Errors) -> Likeness | None:
    count = errors(mine, theirs)
    return (SPELLING, count) if count < FAR else None


def _son_of(patronymic: str) -> str:
    """Whose son or daughter the patronymic says, in any neighbour's spelling: Mikalaevich is Nikolaevich."""
    for length in range(len(patronymic) - 3, 3, -1):
        for stem in (patronymic[:length], patronymic[:length] + "i", patronymic[:length] + "y"):
            if stem in COGNATES:
                return COGNATES[stem] + patronymic[-1]
    return patronymic


def _lacking(found: Aligned, telling: list[Pair], mine: PreparedName, theirs: PreparedName) -> Iterator[Cost]:
    """What one name has and the other lacks."""
    left, right = list(found.free_mine.values()), list(found.free_theirs.values())
    loose = [word for word in (*left, *right) if word.part in (PARTICLE, TITLE)]
    if loose:
        left, right = ([word for word in side if word not in loose] for side in (left, right))
    if left and right:
        yield Cost(OTHER_NAME, "{mine} stands against {theirs}.", left, right)
    if loose:
        cost = sum(TITLE_MORE if word.part == TITLE else PARTICLE_MORE for word in loose)
        yield Cost(cost, "Only one has {mine}.", loose, slight=True)
    full = sum(pair.how != FIRST_LETTER and pair.mine[-1].text != "abdul" for pair in telling)
    if bool(left) != bool(right):
        longer = mine if left else theirs
        yield from _more(left or right, longer, found, alone=full < 2, syllables=mine.east_asian and theirs.east_asian)
    if not telling:
        yield Cost(1.0, "Nothing agrees.")
    elif full < 1:
        yield Cost(ONE_NAME, "No whole name agrees.")


def _more(words: list[Word], longer: PreparedName, found: Aligned, *, alone: bool, syllables: bool) -> Iterator[Cost]:
    """The names that only the longer one has."""
    matched = {fold(word.text) for pair in found.pairs for word in (*pair.mine, *pair.theirs)}
    twice = [word for word in words if word.part == NAME and fold(word.text) in matched]
    names = [word for word in words if word.part == NAME and word not in twice]
    cost = NAME_TWICE * len(twice)
    cost += sum({PATRONYMIC: PATRONYMIC_MORE, INITIAL: INITIAL_MORE}.get(word.part, 0.0) for word in words)
    if names:
        cost += SYLLABLE_MORE if syllables else MORE_NAMES + EACH_FURTHER * (len(names) - 1)
        cost += OTHER_FIRST if longer.words[0] in names else 0.0
    yield Cost(cost, "Only one has {mine}.", words)
    if names and alone:
        yield Cost(ONE_NAME, "Only a single name agrees.")


def _ordered(telling: list[Pair], mine: PreparedName, theirs: PreparedName) -> Iterator[Cost]:
    """The order of the names, and the parts that they play."""
    roles = [(pair.mine[-1].role, pair.theirs[-1].role) for pair in telling]
    if any({one, other} == {GIVEN, FAMILY} for one, other in roles):
        yield Cost(OTHER_ROLE, "The given name of one is the family name of the other.")
    fathers = [(one == FATHER, other == FATHER) for one, other in roles]
    if (True, False) in fathers and (False, True) in fathers:
        yield Cost(FATHER_AND_SON, "The father of one is the child of the other.")
        return
    places = [pair.at_theirs for pair in telling]
    if places == sorted(places):
        return
    if not _first_two_turned([pair for pair in telling if pair.between(NAME)]):
        yield Cost(OTHER_ORDER, "The names stand in another order.", slight=True)
    elif any(word.text in _CHAINS for word in (*mine.words, *theirs.words)):
        yield Cost(FATHER_AND_SON, "The first two names have changed places, as a father's and a son's would.")
    else:
        yield Cost(FIRST_TWO_TURNED, "The first two names have changed places.")


def _first_two_turned(names: list[Pair]) -> bool:
    """Whether of three names or more the first two, and only they, have changed places."""
    places = [pair.at_theirs for pair in names]
    if len(places) < 3:
        return False
    return places[1] < places[0] < min(places[2:]) and places[2:] == sorted(places[2:])


def _sexes_differ(pair: Pair) -> bool:
    """Martin and Martina: an a at the end and nothing else."""
    mine, theirs = sorted((pair.mine[-1].text, pair.theirs[-1].text), key=len)
    return len(mine) > 4 and theirs == f"{mine}a"
