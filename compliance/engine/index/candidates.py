"""The few of many names that are worth a close comparison: by word, by sound, by the whole but for one error.

The last is a guarantee, not a guess: a name of five letters or more that is one insertion, deletion, substitution or
swap away from a listed one, wherever it lies, is among the candidates.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import nsmallest
from itertools import combinations
from math import log
from typing import NamedTuple

from rapidfuzz.distance import OSA

from compliance.engine.index.block import Sections, Writer
from compliance.engine.index.names import whole_of
from compliance.engine.index.terms import (
    TYPING_ERROR_SAYS,
    asked_terms,
    asked_words,
    gaps,
    halves,
    halves_within_one,
    is_word,
    name_terms,
)
from compliance.engine.naming.prepare import PreparedName
from compliance.engine.naming.words import Word

SHORTLIST = 30
_BY_ONE_WORD = 8  # of those that share a single word with the asked name
_RARE = 60  # names; a term in so few is evidence by itself, others count only two together
_TELLING = 8  # of a long name, the rarest words decide which names are looked at
_MAX_POOL = 1_500
_MAX_MISSPELT = 20  # spellings of one word
_WHOLE_SAME, _WHOLE_NEAR = 200.0, 100.0
_SHARES = [1 + 0.15 * words for words in range(256)]  # of a longer name, what is shared says less
_GROUPS_AT_HAND = 1024  # a common name's is some hundred kilobytes


class Group(NamedTuple):
    """The names that may bear one asked word, each with how much that says; those that share a rare key, by the key."""

    says: dict[int, float]
    rare: tuple[frozenset[int], ...]


def write_candidates(writer: Writer, names: Sequence[PreparedName]) -> None:
    """The names can be looked up in the block by what they share with others."""
    by_term: dict[str, list[int]] = defaultdict(list)
    by_half: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(names):
        for term in name_terms(each):
            by_term[term].append(number)
        for half in halves(each.whole):
            by_half[half].append(number)
    words = sorted(filter(is_word, by_term))
    by_gap: dict[str, list[int]] = defaultdict(list)
    for number, word in enumerate(words):
        for gap in set(gaps(word)):
            by_gap[gap].append(number)
    writer.lists("names by term", by_term)
    writer.lists("names by half", by_half)
    writer.lists("words by gap", by_gap)
    writer.texts("words", words)
    writer.numbers("lengths", (len(each.words) for each in names), "B")


class Candidates:
    """The names of a block by what they share with an asked one."""

    def __init__(self, sections: Sections) -> None:
        self._names = sections.texts("prepared")
        self._by_term = sections.lists("names by term")
        self._by_half = sections.lists("names by half")
        self._by_gap = sections.lists("words by gap")
        self._words = sections.texts("words")
        self._lengths = bytes(sections.numbers("lengths", "B"))  # read for each name that is weighed
        self._group = lru_cache(maxsize=_GROUPS_AT_HAND)(self._found_group)

    def keys(self) -> Iterator[int]:
        """The digests of all keys under which a name stands: `asked_keys` of whatever finds one meet them."""
        for lists in (self._by_term, self._by_half, self._by_gap):
            yield from lists.keys()

    def shortlist(self, wanted: Sequence[PreparedName]) -> list[int]:
        """The numbers of at most `SHORTLIST` names that may be the wanted one, in any of its readings; best first."""
        found: dict[int, float] = {}
        for whole in dict.fromkeys(each.whole for each in wanted):
            found.update(self._near_whole(whole))
        vowelless = any(each.vowelless for each in wanted)
        words = {word: misspelt for each in wanted for word, misspelt in asked_words(each)}
        groups = [self._group(word, misspelt, vowelless) for word, misspelt in words.items()]
        by_one, by_several = self._weighed([group for group in groups if group.says])
        for weight, number in (*nsmallest(SHORTLIST, by_several), *nsmallest(_BY_ONE_WORD, by_one)):
            found[number] = found.get(number, 0.0) - weight
        return sorted(found, key=lambda number: (-found[number], number))[:SHORTLIST]

    def _near_whole(self, whole: str) -> Iterator[tuple[int, float]]:
        """The names that are the same without spaces, or one typing error apart."""
        for half in halves_within_one(whole):
            for number in self._by_half.get(half):
                distance = OSA.distance(whole, whole_of(self._names[number]), score_cutoff=1)
                if distance <= 1:
                    yield number, _WHOLE_NEAR if distance else _WHOLE_SAME

    def _found_group(self, word: Word, misspelt: bool, vowelless: bool) -> Group:
        """The names in which something stands for this word; of several such keys the rarest has its say."""
        terms = dict(asked_terms(word, vowelless=vowelless))
        for spelling in self._misspelt(word.text) if misspelt else ():
            terms.setdefault(spelling, TYPING_ERROR_SAYS)
        bearing = {term: names for term in terms if (names := self._by_term.get(term))}
        says: dict[int, float] = {}
        for say, term in sorted((terms[term] * self._rarity(len(names)), term) for term, names in bearing.items()):
            says.update(dict.fromkeys(bearing[term], say))
        rare = [frozenset(each) for each in bearing.values() if len(each) <= _RARE]
        return Group(says, tuple(sorted(rare, key=len)))

    def _misspelt(self, word: str) -> list[str]:
        """The listed words that are one typing error away."""
        found: dict[int, None] = {}
        for gap in gaps(word):
            found.update(dict.fromkeys(self._by_gap.get(gap)))
        return [self._words[number] for number in list(found)[:_MAX_MISSPELT]]

    def _rarity(self, bearers: int) -> float:
        return log(1 + len(self._names) / bearers)

    def _weighed(self, groups: Sequence[Group]) -> tuple[list[tuple[float, int]], list[tuple[float, int]]]:
        """The names with a rare word of ours or two of any, those that share one word and those that share several.

        Each with what it shares, as a negative weight, so that the smallest come first.
        """
        pool = _pool(groups)
        weights = dict.fromkeys(pool, 0.0)
        several: set[int] = set()
        met: set[int] = set()
        for group in groups:
            here = pool & group.says.keys()
            for number in here:
                weights[number] += group.says[number]
            several |= met & here
            met |= here
        lengths = self._lengths
        by_one = [(-weights[number] / _SHARES[lengths[number]], number) for number in weights.keys() - several]
        by_several = [(-weights[number] / _SHARES[lengths[number]], number) for number in several]
        return by_one, by_several


def _pool(groups: Sequence[Group]) -> set[int]:
    """The names worth weighing; at most a few thousand, whatever is asked."""
    pool: set[int] = set()
    for names in sorted((names for group in groups for names in group.rare), key=len):
        if len(pool) > _MAX_POOL:
            break
        pool |= names
    bearers = sorted((group.says.keys() for group in groups), key=len)[:_TELLING]
    for first, second in combinations(bearers, 2):
        if len(pool) > _MAX_POOL:
            break
        pool |= first & second
    return pool or set(bearers[0] if bearers else ())
