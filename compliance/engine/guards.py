"""What keeps a high score from being taken for proof: each guard says in a sentence why a match is only possible."""

import re

from compliance.engine.naming.prepare import ENTITY, PERSON, PreparedName
from compliance.engine.naming.scoring import Likeness
from compliance.engine.naming.vocabulary.people import EAST_ASIAN_FAMILIES
from compliance.engine.naming.words import PARTICLE, TITLE
from compliance.engine.second_facts import Weighed

_SYLLABLES = re.compile(r"[aeiouy]+")
_MOST_SYLLABLES = 3
_UNLIKE = 0.6  # so little alike, two names are two people's even with one number


def doubt(
    kinds: tuple[str, str],
    asked: PreparedName,
    listed: PreparedName,
    names: Likeness,
    facts: Weighed,
    *,
    weak_alias: bool,
) -> str:
    """Why even a high score is only a possible match; "" when there is no such reason. `kinds`: asked and listed."""
    if facts.identified:
        return "An identifier is the same, but the names are not." if names.score < _UNLIKE else ""
    if facts.conflicts:
        return "Another date of birth speaks against it."
    if not asked.distinctive or not listed.distinctive:
        return "The name is made of generic words only."
    if set(kinds) == {PERSON, ENTITY}:
        return "One is a person, the other an entity."
    if facts.agrees:
        return ""
    if facts.elsewhere and asked.forms and listed.forms and asked.forms.isdisjoint(listed.forms):
        return "Another company form in another country speaks against it."
    return _doubt_of_the_name(kinds[0], asked, names, weak_alias=weak_alias)


def _doubt_of_the_name(kind: str, asked: PreparedName, names: Likeness, *, weak_alias: bool) -> str:
    """Why the name alone does not do, when no second fact agrees."""
    if weak_alias:
        return "The list itself calls this alias weak."
    if kind == PERSON and short_east_asian(asked):
        return "Very many people bear so short a name, and no second fact agrees."
    if kind == PERSON and len(_telling(asked)) < 2:
        return "A single name, and no second fact agrees."
    return "" if names.same else "The names are not quite the same, and no second fact agrees."


def short_east_asian(name: PreparedName) -> bool:
    """Whether it is an East Asian name of so few syllables that very many people bear it."""
    words = _telling(name)
    if not 2 <= len(words) <= _MOST_SYLLABLES or EAST_ASIAN_FAMILIES.isdisjoint(words):
        return False
    return sum(len(_SYLLABLES.findall(word)) for word in words) <= _MOST_SYLLABLES


def _telling(name: PreparedName) -> list[str]:
    return [word.text for word in name.words if word.part not in (PARTICLE, TITLE)]
