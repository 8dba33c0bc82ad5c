"""How alike two names are, from 0 to 1, and why: 1 less what each difference costs."""

from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz.distance import OSA

from compliance.engine.naming.company_scoring import compare_entities, form_cost
from compliance.engine.naming.people_scoring import compare_people
from compliance.engine.naming.prepare import PERSON, PreparedName
from compliance.engine.naming.spelling import Cost
from compliance.engine.naming.words import INITIAL

WRITTEN_TOGETHER = 0.03
ONE_ERROR = 0.15  # the whole name but for one typing error: to be looked at, unless a fact speaks against it
_MIN_WHOLE = 5  # letters
_ROUNDED = 0.0001
_MOST = 0.99  # for names that are not quite the same


class Likeness(NamedTuple):
    """A score from 0 to 1, and the differences that it is made of."""

    score: float
    costs: tuple[Cost, ...]

    @property
    def why(self) -> list[str]:
        """A sentence for each, with what it costs."""
        return [cost.sentence for cost in self.costs if cost.said]

    @property
    def same(self) -> bool:
        """Whether they differ at most in how they are written: order, spaces, particles, titles, a form left out."""
        return all(cost.slight or not cost.cost for cost in self.costs)


_UNLIKE = Likeness(0.0, ())


def likeness(mine: PreparedName, theirs: PreparedName, kind: str, least: float = 0.0) -> Likeness:
    """How alike the names are, as those of a person or of an entity; what is less alike than `least` has 0."""
    if not mine.words or not theirs.words:
        return Likeness(0.0, ())
    if mine.text == theirs.text and mine.ideographs == theirs.ideographs:
        return Likeness(1.0, (Cost(0.0, "The names are the same."),))
    if _other_characters(mine, theirs):
        alike: float = OSA.normalized_similarity(mine.ideographs, theirs.ideographs)
        return Likeness(alike, (Cost(1.0 - alike, "The characters differ."),))
    found = _told((compare_people if kind == PERSON else compare_entities)(mine, theirs, least), least)
    whole = _whole(mine, theirs, kind)
    return max(found, _told(whole, least), key=lambda each: each.score) if whole else found


def _told(costs: Iterable[Cost], least: float) -> Likeness:
    """The score, and what it is made of: what agrees, then what differs."""
    listed, score = [], 1.0
    for each in costs:
        listed.append(each)
        score -= each.cost
        if least and score < least - _ROUNDED:
            return _UNLIKE
    listed.sort(key=lambda each: (each.cost > 0, not each.theirs))
    return Likeness(max(0.0, min(round(score, 4), _MOST)), tuple(listed))


def _other_characters(mine: PreparedName, theirs: PreparedName) -> bool:
    """Whether both are written in characters, and in different ones: read aloud they may be the same."""
    return bool(mine.ideographs and theirs.ideographs) and sorted(mine.ideographs) != sorted(theirs.ideographs)


def _other_initials(mine: PreparedName, theirs: PreparedName) -> bool:
    """Whether each has initials, and not the same ones: William G. is not William W."""
    initials = [[word.text for word in name.words if word.part == INITIAL] for name in (mine, theirs)]
    return bool(initials[0] and initials[1]) and initials[0] != initials[1]


def _whole(mine: PreparedName, theirs: PreparedName, kind: str) -> list[Cost]:
    """The names without spaces: Al Qaida and Alqaida; or but for one typing error, wherever it lies."""
    if min(len(mine.squeezed), len(theirs.squeezed)) < _MIN_WHOLE or bool(mine.ideographs) != bool(theirs.ideographs):
        return []
    forms = [] if kind == PERSON else [form_cost(mine, theirs)]
    if mine.squeezed == theirs.squeezed or mine.whole == theirs.whole:
        return [Cost(WRITTEN_TOGETHER, "Written together, the names are the same.", slight=True), *forms]
    if kind == PERSON:
        near = OSA.distance(mine.whole, theirs.whole, score_cutoff=1) <= 1 and not _other_initials(mine, theirs)
    else:
        resplit = len(mine.words) != len(theirs.words)
        near = resplit and OSA.distance(mine.squeezed, theirs.squeezed, score_cutoff=1) <= 1
    return (
        [Cost(ONE_ERROR, "Written together, the names are the same but for one typing error."), *forms] if near else []
    )
