"""Which words of one name stand for which of the other: the surest first, each word once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from compliance.engine.naming.likeness import Errors, errors_between
from compliance.engine.naming.prepare import PreparedName
from compliance.engine.naming.words import NAME, PARTICLE, Word

SAME, SPELLING, COGNATE, SHORT, FIRST_LETTER, MEANING, ACRONYM = (
    "same", "spelling", "cognate", "short", "first letter", "meaning", "acronym",
)  # fmt: skip
_UNLIKELY = {SAME: 0.0, ACRONYM: 0.03, COGNATE: 0.04, MEANING: 0.05, SPELLING: 0.1, SHORT: 0.5, FIRST_LETTER: 3.0}
_LONGEST_RUN = 3  # words written apart that may be one elsewhere
_JOINED = 0.15
_JOINED_ERRORS = 1.0
_SHORTEST_JOINED = 4  # letters
_ACRONYM = range(3, 7)  # letters


class _Beginnings(dict[str, str]):
    """The first sound by the first letter, roughly: enough to see that two words are not one."""

    def __missing__(self, letter: str) -> str:
        self[letter] = letter
        return letter


_BEGINNINGS = _Beginnings(
    (letter, sounds[0]) for sounds in ("cjqzxskgh", "fvw", "bp", "td", "iye", "uo") for letter in sounds
)

Likeness = tuple[str, float]  # in what way the words are alike, and by how many errors they differ
Compare = Callable[[Word, Word, Errors], Likeness | None]
ErrorsFor = Callable[[PreparedName, PreparedName], Errors]  # how errors are counted between words of these names


class Pair(NamedTuple):
    """Words of the one that stand for words of the other; several on a side only where the other has them in one."""

    mine: tuple[Word, ...]
    theirs: tuple[Word, ...]
    how: str
    errors: float
    at_mine: int
    at_theirs: int

    @property
    def letters(self) -> int:
        """Of the shorter side."""
        return min(sum(len(word.text) for word in self.mine), sum(len(word.text) for word in self.theirs))

    def between(self, part: str) -> bool:
        """Whether both sides play this part."""
        return self.mine[-1].part == part == self.theirs[-1].part

    @property
    def joined(self) -> bool:
        """Whether it is written together on one side only."""
        return len(self.mine) != len(self.theirs)

    def turned(self) -> "Pair":
        """The same, seen from the other name."""
        return Pair(self.theirs, self.mine, self.how, self.errors, self.at_theirs, self.at_mine)


class Aligned:
    """The pairs, and the words of each name that have no counterpart, by their places."""

    def __init__(self, mine: Sequence[Word], theirs: Sequence[Word]) -> None:
        self.free_mine = dict(enumerate(mine))
        self.free_theirs = dict(enumerate(theirs))
        self.pairs: list[Pair] = []

    @property
    def telling(self) -> list[Pair]:
        """The pairs but for those of particles, in the first name's order."""
        return sorted((pair for pair in self.pairs if not pair.between(PARTICLE)), key=_place)

    def turned(self) -> "Aligned":
        """The same, seen from the other name."""
        found = Aligned((), ())
        found.free_mine, found.free_theirs = self.free_theirs, self.free_mine
        found.pairs = [pair.turned() for pair in self.pairs]
        return found

    def take(self, pair: Pair) -> None:
        """The pair stands, if none of its words is taken yet."""
        mine = range(pair.at_mine, pair.at_mine + len(pair.mine))
        theirs = range(pair.at_theirs, pair.at_theirs + len(pair.theirs))
        if all(at in self.free_mine for at in mine) and all(at in self.free_theirs for at in theirs):
            for at in mine:
                del self.free_mine[at]
            for at in theirs:
                del self.free_theirs[at]
            self.pairs.append(pair)


APART = Aligned((), ())  # of two names: no pairs were sought


def align(
    mine: PreparedName, theirs: PreparedName, compare: Compare, errors_for: ErrorsFor, unsaid: Collection[str] = ()
) -> Aligned:
    """Equal words first; then words that are alike and runs that are one word elsewhere, the likeliest first.

    Where two ways are as likely, the same one is taken from whichever side it is seen. With `unsaid`, the parts that
    may be left out of a name, it is `APART` when each name has another word that the other lacks.
    """
    if theirs.text < mine.text:
        found = align(theirs, mine, compare, errors_for, unsaid)
        return found if found is APART else found.turned()
    errors = errors_for(mine, theirs)
    if unsaid and _apart(mine.words, theirs.words, compare, errors, unsaid):
        return APART
    found = Aligned(mine.words, theirs.words)
    _take_equal(found, mine.words, theirs.words)
    if found.free_mine and found.free_theirs:
        pairs = [*_alike(found, compare, errors), *_acronyms(found), *_runs(found.free_mine, found.free_theirs, errors)]
        for pair in sorted(pairs, key=_unlikely):
            found.take(pair)
    return found


def _apart(
    mine: Sequence[Word], theirs: Sequence[Word], compare: Compare, errors: Errors, unsaid: Collection[str]
) -> bool:
    """Whether each name surely has a word that tells and that nothing in the other is like: most names that are met."""
    here, there = {word.text for word in mine}, {word.text for word in theirs}
    if len(here) < len(mine) or len(there) < len(theirs):
        return False  # which of equal words is left over has to be found out
    left = {at: word for at, word in enumerate(mine) if word.text not in there}
    right = {at: word for at, word in enumerate(theirs) if word.text not in here}
    return (
        _lack_each(left, right, compare, errors, unsaid)
        and not _runs(left, right, errors)
        and not (len(left) < len(mine) and (_spelt_out(left, right) or _spelt_out(right, left)))
    )


def _lack_each(
    mine: dict[int, Word], theirs: dict[int, Word], compare: Compare, errors: Errors, unsaid: Collection[str]
) -> bool:
    for at, word in mine.items():
        if word.part not in unsaid and not _met(word, theirs.values(), compare, errors):
            others = [each for place, each in mine.items() if place != at]
            for other in theirs.values():
                if other.part not in unsaid and not _met(other, others, compare, errors):
                    return True
            return False
    return False


def _met(word: Word, others: Iterable[Word], compare: Compare, errors: Errors) -> bool:
    """Whether one of the others is like the word, from whichever side it is seen."""
    for other in others:  # noqa: SIM110 (this is where a search spends its time)
        if compare(word, other, errors):
            return True
    return False


def _take_equal(found: Aligned, mine: Sequence[Word], theirs: Sequence[Word]) -> None:
    places: dict[str, list[int]] = {}
    for at, word in enumerate(theirs):
        places.setdefault(word.text, []).append(at)
    for at, word in enumerate(mine):
        if same := places.get(word.text):
            there = same[0] if len(same) == 1 else min(same, key=lambda place: abs(place - at))
            same.remove(there)
            found.pairs.append(Pair((word,), (theirs[there],), SAME, 0.0, at, there))
            del found.free_mine[at], found.free_theirs[there]


def _alike(found: Aligned, compare: Compare, errors: Errors) -> list[Pair]:
    return [
        Pair((mine,), (theirs,), *likeness, at, there)
        for at, mine in found.free_mine.items()
        for there, theirs in found.free_theirs.items()
        if (likeness := compare(mine, theirs, errors))
    ]


def _runs(mine: dict[int, Word], theirs: dict[int, Word], errors: Errors) -> list[Pair]:
    """Words written apart that are one word on the other side: Good Will and Goodwill."""
    return _joined(mine, theirs, errors) + [pair.turned() for pair in _joined(theirs, mine, errors)]


def _unlikely(pair: Pair) -> tuple[float, int]:
    return _UNLIKELY[pair.how] + pair.errors + (_JOINED if pair.joined else 0.0), abs(pair.at_mine - pair.at_theirs)


def _place(pair: Pair) -> int:
    return pair.at_mine


def _joined(apart: dict[int, Word], whole: dict[int, Word], errors: Errors) -> list[Pair]:
    """The runs of two or three words that begin as the one word does and have about as many letters."""
    if len(apart) < 2 or not whole:
        return []
    _, longest = _letters_of_runs(max([len(word.text) for word in whole.values()]), errors)
    runs = [
        (start, letters)
        for start, word in apart.items()
        if (following := apart.get(start + 1)) and (letters := len(word.text) + len(following.text)) <= longest
    ]
    return _joined_in(runs, apart, whole, errors) if runs else []


def _joined_in(
    runs: Sequence[tuple[int, int]], apart: dict[int, Word], whole: dict[int, Word], errors: Errors
) -> list[Pair]:
    """As `_joined`, of the runs that start there with two words of so many letters."""
    beginnings: dict[str, list[tuple[int, int]]] = {}
    for start, letters in runs:
        beginnings.setdefault(_BEGINNINGS[apart[start].text[0]], []).append((start, letters))
    found: list[Pair] = []
    for at, word in whole.items():
        starts = beginnings.get(_BEGINNINGS[word.text[0]])
        if starts and len(word.text) >= _SHORTEST_JOINED:
            least, most = _letters_of_runs(len(word.text), errors)
            for start, letters in starts:
                if letters <= most and (letters >= least or start + 2 in apart):
                    found.extend(_spelt_as_one(_runs_from(start, apart, least, most), word, errors, start, at))
    return found


def _spelt_as_one(runs: Iterable[tuple[Word, ...]], word: Word, errors: Errors, start: int, at: int) -> Iterator[Pair]:
    for run in runs:
        count = errors("".join([each.text for each in run]), word.text)
        if count <= _JOINED_ERRORS:
            yield Pair(run, (word,), SPELLING if count else SAME, count, start, at)


def _letters_of_runs(letters: int, errors: Errors) -> tuple[int, int]:
    """How many letters a run may have that is so long a word: each letter more or less is a third of an error."""
    if errors is errors_between:
        return letters - 3, letters + 3
    return letters // 2 + 1, 2 * letters


def _runs_from(start: int, words: dict[int, Word], least: int, most: int) -> Iterator[tuple[Word, ...]]:
    """The runs from there on, of at least and at most so many letters."""
    run: tuple[Word, ...] = (words[start],)
    letters = len(words[start].text)
    for place in range(start + 1, start + _LONGEST_RUN):
        following = words.get(place)
        letters += len(following.text) if following else most
        if following is None or letters > most:
            return
        run = (*run, following)
        if letters >= least:
            yield run


def _acronyms(found: Aligned) -> list[Pair]:
    """IRGC and Islamic Revolutionary Guard Corps; only beside another pair: alone an acronym stands for too much."""
    if not found.pairs:
        return []
    turned = [pair.turned() for pair in _spelt_out(found.free_theirs, found.free_mine)]
    return [*_spelt_out(found.free_mine, found.free_theirs), *turned]


def _spelt_out(long: dict[int, Word], short: dict[int, Word]) -> list[Pair]:
    if len(long) < _ACRONYM.start:
        return []
    initials = "".join(word.text[0] for word in long.values())
    places, pairs = list(long), []
    for at, word in short.items():
        length = len(word.text)
        start = initials.find(word.text) if word.part == NAME and length in _ACRONYM else -1
        if start >= 0 and places[start + length - 1] == places[start] + length - 1:
            run = tuple(long[place] for place in places[start : start + length])
            pairs.append(Pair(run, (word,), ACRONYM, 0.0, places[start], at))
    return pairs
