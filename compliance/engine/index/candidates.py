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

from rapidfuzz.distance import OSA

from compliance.engine.index.block import Block, BlockWriter
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

SHORTLIST = 34
_BY_ONE_WORD = 10  # of those that share a single word with the asked name
_RARE = 60  # names; a term in so few is evidence by itself, others count only two together
_TELLING = 8  # of a long name, the rarest words decide which names are looked at
_MAX_POOL = 1_500
_MAX_MISSPELT = 20  # spellings of one word
_WHOLE_SAME, _WHOLE_NEAR = 200.0, 100.0
_TERMS_AT_HAND = 4096

Group = dict[str, float]  # terms that may stand for one asked word, each with its say


def write_candidates(writer: BlockWriter, names: Sequence[PreparedName]) -> None:
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

    def __init__(self, block: Block) -> None:
        self._names = block.texts("prepared")
        self._by_term = block.lists("names by term")
        self._by_half = block.lists("names by half")
        self._by_gap = block.lists("words by gap")
        self._words = block.texts("words")
        self._lengths = block.numbers("lengths", "B")
        self._bearing = lru_cache(maxsize=_TERMS_AT_HAND)(lambda term: frozenset(self._by_term.get(term)))

    def shortlist(self, wanted: Sequence[PreparedName]) -> list[int]:
        """The numbers of at most `SHORTLIST` names that may be the wanted one, in any of its readings; best first."""
        found: dict[int, float] = {}
        for whole in dict.fromkeys(each.whole for each in wanted):
            found.update(self._near_whole(whole))
        vowelless = any(each.vowelless for each in wanted)
        words = {word: misspelt for each in wanted for word, misspelt in asked_words(each)}
        groups = [self._group(word, misspelt=misspelt, vowelless=vowelless) for word, misspelt in words.items()]
        by_one, by_several = self._weighed(groups)
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

    def _group(self, word: Word, *, misspelt: bool, vowelless: bool) -> Group:
        """The terms of the block that may stand for this word, the most telling last: rare terms have more say."""
        terms = asked_terms(word, vowelless=vowelless)
        for spelling in self._misspelt(word.text) if misspelt else ():
            terms.setdefault(spelling, TYPING_ERROR_SAYS)
        says = {term: say * self._rarity(term) for term, say in terms.items() if self._bearing(term)}
        return dict(sorted(says.items(), key=lambda each: each[1]))

    def _misspelt(self, word: str) -> list[str]:
        """The listed words that are one typing error away."""
        found: dict[int, None] = {}
        for gap in gaps(word):
            found.update(dict.fromkeys(self._by_gap.get(gap)))
        return [self._words[number] for number in list(found)[:_MAX_MISSPELT]]

    def _rarity(self, term: str) -> float:
        return log(1 + len(self._names) / len(self._bearing(term)))

    def _weighed(self, groups: Sequence[Group]) -> tuple[list[tuple[float, int]], list[tuple[float, int]]]:
        """The names with a rare word of ours or two of any, those that share one word and those that share several.

        Each with what it shares, as a negative weight, so that the smallest come first.
        """
        pool = _pool([[self._bearing(term) for term in group] for group in groups])
        weights = dict.fromkeys(pool, 0.0)
        hits = dict.fromkeys(pool, 0)
        for group in groups:
            shares: dict[int, float] = {}
            for term, say in group.items():
                shares.update(dict.fromkeys(pool & self._bearing(term), say))
            for number, say in shares.items():
                weights[number] += say
                hits[number] += 1
        by_one: list[tuple[float, int]] = []
        by_several: list[tuple[float, int]] = []
        for number, weight in weights.items():
            listed = by_several if hits[number] > 1 else by_one
            listed.append((-weight / (1 + 0.15 * self._lengths[number]), number))
        return by_one, by_several


def _pool(groups: Sequence[list[frozenset[int]]]) -> set[int]:
    """The names worth weighing; at most a few thousand, whatever is asked."""
    pool: set[int] = set()
    for names in sorted((names for group in groups for names in group), key=len):
        if len(names) > _RARE or len(pool) > _MAX_POOL:
            break
        pool |= names
    bearers = sorted((frozenset[int]().union(*group) for group in groups if group), key=len)[:_TELLING]
    for first, second in combinations(bearers, 2):
        if len(pool) > _MAX_POOL:
            break
        pool |= first & second
    return pool or set(bearers[0] if bearers else ())
