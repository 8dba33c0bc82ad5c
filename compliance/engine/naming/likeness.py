"""How far two words are apart, in errors: in writing, in sound, and in consonants alone."""

from collections.abc import Callable
from functools import lru_cache

from rapidfuzz.distance import OSA

from compliance.engine.naming.sounds import abjad, consonants, fold, syllables

Errors = Callable[[str, str], float]
_distance = OSA.distance
FAR = 9.9  # different words
SOUNDS_SAME = 0.67  # up to here the words differ in spelling only
# How many errors a word of so many letters may hold. A wrong consonant is one error; an unusual vowel two thirds of
# one; a spelling that sounds the same, a third.
_BUDGET = (0.0, 0.0, 0.0, 0.67, 1.0, 1.67, 1.67, 1.67, 1.67, 2.0)
_BUDGETS = tuple((each, int(each * 3)) for each in _BUDGET)
_LONG_VOWELS = {"i": frozenset("iyej"), "u": frozenset("uowv")}  # written also where short ones are not


@lru_cache(maxsize=262144)
def errors_between(first: str, second: str) -> float:
    """Errors by which the words differ, or `FAR`."""
    return count_errors(first, second)


def count_errors(first: str, second: str) -> float:
    """As `errors_between`, for whoever keeps what it made of them."""
    if first == second:
        return 0.0
    mine, theirs = len(first), len(second)
    shorter, apart = (mine, theirs - mine) if mine < theirs else (theirs, mine - theirs)
    budget, most = _BUDGETS[shorter] if shorter < len(_BUDGETS) else _BUDGETS[-1]
    if apart > most:
        return FAR
    written = _distance(first, second, score_cutoff=most)
    if written > most:
        return FAR
    sounded = _distance(fold(first), fold(second), score_cutoff=most)
    if written + sounded > most:
        return FAR
    bones = _distance(consonants(first), consonants(second), score_cutoff=most)
    errors = (written + sounded + bones) / 3
    return errors if errors <= budget + 0.01 else FAR


@lru_cache(maxsize=65536)
def errors_without_vowels(bare: str, word: str) -> float:
    """As `errors_between`, when the first word comes from a script that leaves short vowels out."""
    mine, theirs = abjad(bare), abjad(word)
    if mine[0] == theirs[0] or mine[1] == theirs[1] != "":
        told = all(which not in bare or not vowels.isdisjoint(word) for which, vowels in _LONG_VOWELS.items())
        if len(mine[0]) > 1:
            return 0.34 if told and mine[0] == theirs[0] else SOUNDS_SAME if told else 1.0
        return SOUNDS_SAME if bare[:1] == word[:1] and told else FAR
    if len(mine[0]) > 1 and mine[0].replace("h", "") == theirs[0].replace("h", ""):
        return 1.0
    shorter, longer = sorted((len(mine[0]), len(theirs[0])))
    if shorter < 4 or (shorter != longer and shorter < 5):
        return FAR
    return 1.34 if OSA.distance(mine[0], theirs[0], score_cutoff=1) <= 1 else FAR


@lru_cache(maxsize=65536)
def errors_in_romanisation(first: str, second: str) -> float:
    """As `errors_between`, when both are East Asian and may have been romanised by different rules."""
    if first == second:
        return 0.0
    if syllables(first) == syllables(second):
        return 0.5
    return errors_between(first, second) if min(len(first), len(second)) > 4 else FAR


@lru_cache(maxsize=65536)
def errors_from_characters(first: str, second: str) -> float:
    """As `errors_between`, when one is written in Chinese characters or Hangul, which hold no misspelling."""
    return 0.0 if first == second else 0.5 if syllables(first) == syllables(second) else FAR
