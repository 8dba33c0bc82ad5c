"""A person's name in words: titles gone, initials apart, patronymics and fathers' names known as such."""

import re
from collections.abc import Sequence

from compliance.engine.naming.scripts import syllables_apart
from compliance.engine.naming.text import plain
from compliance.engine.naming.vocabulary.people import COMPANY_TAILS, FATHER_OF, PARTICLES, SOMETIMES_TITLES, TITLES
from compliance.engine.naming.vocabulary.tables import word_set
from compliance.engine.naming.words import FAMILY, FATHER, GIVEN, INITIAL, NAME, PARTICLE, PATRONYMIC, TITLE, Word

_LOOKALIKES = str.maketrans("01345789", "oieastbg")
_CAPITALS = re.compile(r"(?<![A-Za-z])([A-Z]{2,3})(?![A-Za-z])")
_CAPITALS_THAT_ARE_NAMES = word_set("NG MD")
_PATRONYMIC = re.compile(
    r".{2,}(?:vich|vych|vitch|yich|iich|[oea]vna|auna|euna|ivna|yivna|ichna|ichna|oglu|ogly|oghlu|qizi|kyzy|uulu)$"
)
# Servant of: Abd al-Rahman, Abdul Rahman, Abdel Rahman
_ABD = re.compile(r"\babd(?:[aeiou]+[lrsnztd]?)? (?:[aeu][lrsnztd] )?(?=[a-z]{3})")
_LEADING_NAMES = word_set("""
al ben san don e
""")


def person_words(shown: str) -> list[Word]:
    """The words of the person's name, in the order given, family, where a comma tells."""
    family, comma, given = shown.partition(",")
    if comma and "," not in given and plain(family) and _is_name(plain(given)):
        words = [*_with_role(_words(given), GIVEN), *_with_role(_words(family), FAMILY)]
    else:
        words = _words(shown)
    return _with_patronymic(_without_titles(words))


def _is_name(text: str) -> bool:
    return bool(text) and not all(word in TITLES or word in COMPANY_TAILS for word in text.split())


def _words(shown: str) -> list[Word]:
    apart = shown if shown.isupper() else _CAPITALS.sub(_spread, shown)
    tokens = [_unmasked(token) for token in _ABD.sub("abdul ", plain(syllables_apart(apart))).split()]
    found: list[Word] = []
    after = ""
    for token in tokens:
        role = FATHER if after in FATHER_OF and any(word.part == NAME for word in found) else ""
        if token in PARTICLES:
            found.append(Word(token, PARTICLE))
        else:
            found.append(Word(token, INITIAL if len(token) == 1 else NAME, role=role))
        if token not in ("al", "el"):  # bin al-Hassan
            after = token
    if found and found[-1].part == PARTICLE:
        found[-1] = found[-1]._replace(part=NAME)
    return _with_leading_name(found)


def _spread(found: re.Match[str]) -> str:
    """JC Juncker: two initials. Vowels make it a name: AL, LI."""
    capitals = found.group()
    if capitals in _CAPITALS_THAT_ARE_NAMES or capitals.lower() in COMPANY_TAILS or set(capitals) & set("AEIOUY"):
        return capitals
    return " ".join(capitals)


def _with_leading_name(words: list[Word]) -> list[Word]:
    """Al Gore and Ben Carson: what is a particle elsewhere is a given name when only a family name is left."""
    if len(words) == 2 and words[0].text in _LEADING_NAMES and words[1].part == NAME:
        return [words[0]._replace(part=NAME), words[1]]
    return words


def _without_titles(words: list[Word]) -> list[Word]:
    """Sure titles and company forms left out; words that may be titles or given names marked, but for the last."""
    kept = list(words)
    while len(kept) > 2 and kept[-1].text in COMPANY_TAILS:
        kept.pop()
    sure = [word for word in kept if word.text not in TITLES or word.text in SOMETIMES_TITLES] or kept
    return [
        word._replace(part=TITLE) if word.text in SOMETIMES_TITLES and word is not sure[-1] else word for word in sure
    ]


def _with_patronymic(words: list[Word]) -> list[Word]:
    """Of three words or more, the first but one that ends as patronymics do is one."""
    if sum(word.part in (NAME, INITIAL) for word in words) < 3:
        return words
    for at, word in enumerate(words[1:], 1):
        if word.part == NAME and _PATRONYMIC.match(word.text):
            return [*words[:at], word._replace(part=PATRONYMIC), *words[at + 1 :]]
    return words


def _with_role(words: Sequence[Word], role: str) -> list[Word]:
    return [word if word.role or word.part != NAME else word._replace(role=role) for word in words]


def _unmasked(token: str) -> str:
    """Written with digits for letters, undone: Ig0r Sech1n."""
    if token.isalpha():
        return token
    has_both = any(each.isdigit() for each in token) and any(each.isalpha() for each in token)
    return token.translate(_LOOKALIKES) if has_both else token
