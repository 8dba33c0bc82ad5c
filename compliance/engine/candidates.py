"""The few of many names that are worth a close comparison: by token, by sound, and by the whole but for one typing
error.

The last is a guarantee, not a guess: a name of five letters or more that is one insertion, deletion, substitution or
swap away from a listed one, wherever it lies, is among the candidates.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from math import log

from rapidfuzz.distance import OSA

from compliance.engine.names import PreparedName, generic, skeleton

SHORTLIST = 40
MIN_WHOLE = 5  # letters; shorter names are one error away from too many others
_RARE = 200  # names; a token in so few is evidence by itself, others count only two together
_TELLING = 8  # of a long name, the rarest tokens decide which names are looked at
_MAX_POOL = 6_000
_WHOLE_SAME, _WHOLE_NEAR = 200.0, 100.0


class CandidateIndex:
    """Names by their tokens, by those with one letter left out, by sound, and by the halves of the whole."""

    def __init__(self, names: Sequence[PreparedName]) -> None:
        self._names = names
        self._by_token: dict[str, set[int]] = defaultdict(set)
        self._by_half: dict[tuple[int, int, str], list[int]] = defaultdict(list)
        for number, each in enumerate(names):
            for token in each.core:
                self._by_token[token].add(number)
            for half in _halves(each.whole):
                self._by_half[half].append(number)
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._by_gap: dict[str, list[str]] = defaultdict(list)
        for token in self._by_token:
            self._by_sound[skeleton(token)].append(token)
            for gap in _gaps(token):
                self._by_gap[gap].append(token)

    def shortlist(self, wanted: Sequence[PreparedName]) -> list[int]:
        """The numbers of at most `SHORTLIST` names that may be the wanted one, in any of its readings; best first."""
        found: dict[int, float] = {}
        for whole in {each.whole for each in wanted}:
            found.update(self._near_whole(whole))
        groups = [dict(self._terms(token)) for token in dict.fromkeys(token for each in wanted for token in each.core)]
        say = {term: weight for group in groups for term, weight in group.items()}
        for number in self._pool([group for group in groups if group]):
            core = self._names[number].core
            weight = sum(say.get(token, 0.0) for token in core) / (1 + 0.15 * len(core))
            found[number] = found.get(number, 0.0) + weight
        return sorted(found, key=lambda number: (-found[number], number))[:SHORTLIST]

    def _near_whole(self, whole: str) -> Iterator[tuple[int, float]]:
        """The names that are the same without spaces, or one typing error apart."""
        for half in _halves_within_one(whole):
            for number in self._by_half.get(half, ()):
                distance = OSA.distance(whole, self._names[number].whole, score_cutoff=1)
                if distance <= 1:
                    yield number, _WHOLE_NEAR if distance else _WHOLE_SAME

    def _pool(self, groups: list[dict[str, float]]) -> set[int]:
        """The names with a rare token of ours, or with two of any; sets, so that common tokens cost little."""
        pool: set[int] = set()
        postings = sorted((set().union(*(self._by_token[term] for term in group)) for group in groups), key=len)
        for first, second in combinations(postings[:_TELLING], 2):
            pool |= first & second
        terms = sorted({term for group in groups for term in group}, key=lambda term: (len(self._by_token[term]), term))
        for term in terms:
            names = self._by_token[term]
            if pool and (len(names) > _RARE or len(pool) > _MAX_POOL):
                break
            pool |= names
        return pool

    def _terms(self, token: str) -> Iterable[tuple[str, float]]:
        """The index's tokens that may stand for this one, with their say: rare tokens have more."""
        alike = {token} if token in self._by_token else set()
        if len(token) >= 4:
            alike.update(self._by_sound.get(skeleton(token), ()))
            for gap in _gaps(token):
                alike.update(self._by_gap.get(gap, ()))
        for each in alike:
            rarity = log(1 + len(self._names) / len(self._by_token[each]))
            yield each, rarity * (1.0 if each == token else 0.7) * (0.3 if generic(each) else 1.0)


def _gaps(token: str) -> set[str]:
    """The token with each one letter left out, and itself: two tokens one typing error apart share one of them."""
    if len(token) < 4:
        return {token}
    return {token, *(token[:at] + token[at + 1 :] for at in range(len(token)))}


def _halves(whole: str) -> Iterator[tuple[int, int, str]]:
    """The beginning and the end, with the length; the two letters between belong to neither.

    One error leaves one of them as it was: a swap of two letters reaches over a gap of none, never over one of two.
    """
    length = len(whole)
    yield length, 0, whole[: length // 2 - 1]
    yield length, 1, whole[length // 2 + 1 :]


def _halves_within_one(whole: str) -> Iterator[tuple[int, int, str]]:
    """The halves under which a name one error away from this one may stand, at its own length, one less or more."""
    if len(whole) < MIN_WHOLE:
        return
    for length in (len(whole) - 1, len(whole), len(whole) + 1):
        yield length, 0, whole[: length // 2 - 1]
        yield length, 1, whole[len(whole) - (length - length // 2 - 1) :]
