"""Under which keys names stand, so that misspelt and differently written ones meet."""

from collections.abc import Iterator
from itertools import pairwise

from compliance.engine.naming.prepare import PreparedName
from compliance.engine.naming.sounds import abjad, consonants, syllables
from compliance.engine.naming.vocabulary.people import COGNATES, SHORT_FORMS
from compliance.engine.naming.words import INITIAL, NAME, PARTICLE, PATRONYMIC, TITLE, Word

MIN_WHOLE = 5  # letters; shorter names are one error away from too many others
_MIN_SOUND = 4  # letters
_MAX_SYLLABLE = 6  # letters; longer words are not East Asian
# What stands before a key of each sort; words themselves have nothing before them.
_SOUND, _SYLLABLE, _MEANT, _BONES, _BARE = ">", "~", "=", "#", "@"
# How much it says that two names share such a key, the very word saying 1.
_SAY = {_SOUND: 0.7, _SYLLABLE: 0.5, _MEANT: 0.5, _BONES: 0.5, _BARE: 0.5}
TYPING_ERROR_SAYS = 0.6
_PATRONYMIC_SAYS = 0.4  # of what another word would
_TOLD = (NAME, PATRONYMIC, TITLE)


def name_terms(name: PreparedName) -> set[str]:
    """The keys under which a listed name stands."""
    found = {term for word in _single(name) for term in _terms(word)}
    found.update(f"{_BARE if name.vowelless else _BONES}{each}" for word in _single(name) for each in _bones(word))
    if name.ideographs:  # written in Latin letters, the syllables of a given name are one word
        letters = [word.text for word in name.words]
        found.update(first + second for first, second in pairwise(letters))
    return found


def asked_words(name: PreparedName) -> Iterator[tuple[Word, bool]]:
    """The words to look for, each with whether it may be misspelt: the name's own, and each two neighbours in one."""
    for word in _single(name):
        yield word._replace(role=""), word.part in _TOLD
    for one, two in pairwise(name.words):
        if len(one.text) + len(two.text) >= MIN_WHOLE:
            yield Word(one.text + two.text), False


def asked_terms(word: Word, *, vowelless: bool) -> dict[str, float]:
    """The keys under which names with this word may stand, each with how much it says."""
    share = _PATRONYMIC_SAYS if word.part == PATRONYMIC else 1.0
    found = {term: _SAY.get(term[0], 1.0) * share for term in _terms(word)}
    for each in _bones(word):
        found[_BARE + each] = _SAY[_BARE]
        if vowelless:
            found[_BONES + each] = _SAY[_BONES]
    return found


def asked_keys(name: PreparedName) -> Iterator[str]:
    """Every key by which a search for the name finds others; a name that stands under none of them is not found."""
    yield from halves_within_one(name.whole)
    for word, misspelt in asked_words(name):
        yield from asked_terms(word, vowelless=name.vowelless)
        if misspelt:
            yield from gaps(word.text)


def is_word(term: str) -> bool:
    """Whether the key is a word itself."""
    return term[0] not in _SAY


def gaps(word: str) -> Iterator[str]:
    """The word with each one letter left out, and itself: two words one typing error apart share one of them."""
    yield word
    for at in range(len(word) if len(word) >= _MIN_SOUND else 0):
        yield word[:at] + word[at + 1 :]


def halves(whole: str) -> Iterator[str]:
    """The beginning and the end, with the length; the two letters between belong to neither.

    One error leaves one of them as it was: a swap of two letters reaches over a gap of none, never over one of two.
    """
    length = len(whole)
    yield f"{length}<{whole[: length // 2 - 1]}"
    yield f"{length}>{whole[length // 2 + 1 :]}"


def halves_within_one(whole: str) -> Iterator[str]:
    """The halves under which a name one error away from this one may stand, at its own length, one less or more."""
    if len(whole) < MIN_WHOLE:
        return
    for length in (len(whole) - 1, len(whole), len(whole) + 1):
        yield f"{length}<{whole[: length // 2 - 1]}"
        yield f"{length}>{whole[len(whole) - (length - length // 2 - 1) :]}"


def _single(name: PreparedName) -> list[Word]:
    return [word for word in name.words if word.part not in (PARTICLE, INITIAL)]


def _terms(word: Word) -> Iterator[str]:
    """The word itself if it tells somebody, how it sounds, and what it means."""
    if word.part in _TOLD:
        yield word.text
        if len(word.text) >= _MIN_SOUND:
            yield _SOUND + consonants(word.text)
        if len(word.text) <= _MAX_SYLLABLE:
            yield _SYLLABLE + syllables(word.text)
    meanings = (word.meaning, COGNATES.get(word.text, ""), *sorted(SHORT_FORMS.get(word.text, ())))
    yield from (_MEANT + meaning for meaning in meanings if meaning)


def _bones(word: Word) -> set[str]:
    """Its consonants, for scripts without vowels; one letter would say too little."""
    return {each for each in abjad(word.text) if len(each) > 1} if word.part == NAME else set()
