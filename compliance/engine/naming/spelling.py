"""What it costs that a pair of words is not quite the same."""

from collections.abc import Sequence
from typing import NamedTuple

from compliance.engine.naming.alignment import ACRONYM, COGNATE, FIRST_LETTER, MEANING, SAME, SHORT, Pair
from compliance.engine.naming.likeness import SOUNDS_SAME
from compliance.engine.naming.words import Word

JOINED = 0.01
SOUND, SOUND_ERROR = 0.01, 0.15  # spelt otherwise, sounding the same
ERROR, EACH_ERROR = 0.03, 0.3  # each error as a share of the word
_SHORTEST = 3  # letters
_COSTS = {
    SAME: (0.0, "{mine} stands in both."),
    COGNATE: (0.03, "{mine} is {theirs} in a neighbour's spelling."),
    MEANING: (0.01, "{mine} means {theirs}."),
    ACRONYM: (0.03, "{mine} and {theirs}: one is short for the other."),
    SHORT: (0.12, "{mine} and {theirs} are forms of one given name."),
    FIRST_LETTER: (0.05, "{mine} may stand for {theirs}."),
}


class Cost(NamedTuple):
    """What a difference takes from 1, and why; 0 for what agrees."""

    cost: float
    said: str
    mine: Sequence[Word] = ()
    theirs: Sequence[Word] = ()
    slight: bool = False  # of writing only: with nothing else the names are the same

    @property
    def sentence(self) -> str:
        """Why, with the cost at the end."""
        said = self.said.format(mine=_written(self.mine), theirs=_written(self.theirs))
        return said if self.cost < 0.005 else f"{said.removesuffix('.')} (-{self.cost:.2f})."


def pair_cost(pair: Pair) -> Cost:
    """What the pair costs."""
    if pair.how == SAME and pair.joined:
        return Cost(JOINED, "{mine} is {theirs}, written together.", pair.mine, pair.theirs, slight=True)
    if pair.how in _COSTS:
        return Cost(*_COSTS[pair.how], pair.mine, pair.theirs)
    share = pair.errors / max(pair.letters, _SHORTEST)
    if pair.errors <= SOUNDS_SAME:
        return Cost(SOUND + SOUND_ERROR * share, "{mine} sounds like {theirs}.", pair.mine, pair.theirs)
    return Cost(ERROR + EACH_ERROR * share, "{mine} is like {theirs}.", pair.mine, pair.theirs)


def _written(words: Sequence[Word]) -> str:
    return "'" + " ".join(word.text for word in words) + "'"
