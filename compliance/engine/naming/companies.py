"""An entity's name in words: the company form apart, words of trade, places and numbers known by what they mean."""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

from compliance.engine.naming.text import plain
from compliance.engine.naming.vocabulary.companies import ABBREVIATED, FORMS, IN_CHARACTERS, PHRASES, STOPS, TRADES
from compliance.engine.naming.vocabulary.numbers import NUMBERS, ROMAN, ROMAN_LETTERS, TENS
from compliance.engine.naming.vocabulary.places import PLACE_PHRASES, PLACES
from compliance.engine.naming.words import INITIAL, NAME, NUMBER, PARTICLE, PLACE, TRADE, Word

_DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![^\W_]))?")
_SINGLES = re.compile(r"\b(?:[a-z] ){1,5}[a-z]\b(?! ?$)")
_GLUED_FORM = re.compile(r"(?<=[a-z])([A-Z][A-Za-z]{1,3})\b")
_ADJECTIVE = re.compile(r"(?:sk|)(?:iy|ii|ij|yy|aya|aia|oe|oye|ogo|oy)$|sk(?:y|i)$")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)$")
_FORM_ANYWHERE = 3  # letters; shorter ones are forms at the ends of a name only
_LONG_FORMS = tuple(form for form in FORMS if len(form) >= 9)
_READ = (*PHRASES, *PLACE_PHRASES, *ABBREVIATED)


def entity_words(shown: str) -> tuple[list[Word], frozenset[str], str]:
    """The words of the entity's name, the classes of its company forms, and the name as it was read."""
    read = _read(shown)
    tokens = read.split()
    first, last = _inner(tokens)
    forms = frozenset(
        FORMS[token] for token in map(_as_form, tokens) if token and _is_outside(token, tokens, first, last)
    )
    kept = [
        token
        for at, token in enumerate(tokens)
        if first <= at < last and not (len(token) >= _FORM_ANYWHERE and _as_form(token))
    ]
    words = _numbered([_word(token) for token in kept or tokens])
    return words if any(word.part != PARTICLE for word in words) else [Word(word.text) for word in words], forms, read


def _is_outside(token: str, tokens: list[str], first: int, last: int) -> bool:
    return len(token) >= _FORM_ANYWHERE or token in tokens[:first] or token in tokens[last:]


def _read(shown: str) -> str:
    """Plain, with each known phrase in one word: A.B.C. G.m.b.H. becomes abc gmbh."""
    text = _GLUED_FORM.sub(
        lambda found: f" {found.group()}" if found.group().lower() in FORMS else found.group(), shown
    )
    for old, new in () if text.isascii() else IN_CHARACTERS:
        text = text.replace(old, f" {new} ")
    text = _DOTTED.sub(lambda found: found.group().replace(".", "") + " ", text)
    text = plain(text.replace("%", " percent ").replace("&", " and ").replace("+", " and "))
    padded = f" {_SINGLES.sub(lambda found: found.group().replace(' ', ''), text.replace(' and ', ' '))} "
    for phrase, meaning in _READ:
        if phrase in padded:
            padded = padded.replace(f" {phrase} ", f" {meaning} ")
    return " ".join(padded.split())


def _inner(tokens: list[str]) -> tuple[int, int]:
    """Where the name begins and ends, company forms before and after it left out; the whole if nothing remains."""
    first, last = 0, len(tokens)
    while last > first and (_as_form(tokens[last - 1])):
        last -= 1
    while first < last and (_as_form(tokens[first]) or tokens[first] == "the"):
        first += 1
    return (first, last) if any(token not in STOPS for token in tokens[first:last]) else (0, len(tokens))


@lru_cache(maxsize=65536)
def _as_form(token: str) -> str:
    """The company form that the token is, long ones also when misspelt by a letter; else empty."""
    if token in FORMS:
        return token
    if len(token) < 9:
        return ""
    return next((form for form in _LONG_FORMS if OSA.distance(token, form, score_cutoff=1) <= 1), "")


def _word(token: str) -> Word:
    if token[0].isdigit() and (number := _ORDINAL.sub("", token)).isdigit():
        return Word(token, NUMBER, number.lstrip("0") or "0")
    for table, part in ((NUMBERS, NUMBER), (TRADES, TRADE), (PLACES, PLACE)):
        meaning = table.get(token) or (table.get(token[:-1]) if token.endswith("s") and part == TRADE else None)
        if meaning:
            return Word(token, part, meaning)
    if token in FORMS:  # of a name that is nothing but a form
        return Word(token, TRADE, FORMS[token])
    if token in ROMAN:
        return Word(token, NUMBER, ROMAN[token])
    if token in STOPS:
        return Word(token, PARTICLE)
    return Word(token, INITIAL) if len(token) == 1 else Word(token, NAME, _stem(token))


def _stem(token: str) -> str:
    """What a Slavic adjective is made of: Muromskiy of Murom; else empty."""
    stem = _ADJECTIVE.sub("", token)
    return stem if stem != token and len(stem) >= 4 else ""


def _numbered(words: list[Word]) -> list[Word]:
    """Forty Four and Forty 4 are 44; a last I, V or X is a number."""
    found: list[Word] = []
    for word in words:
        before = found[-1] if found else None
        if (
            word.part == NUMBER
            and len(word.meaning) == 1
            and before
            and before.meaning in TENS
            and before.part == NUMBER
        ):
            found[-1] = Word(before.text + word.text, NUMBER, str(int(before.meaning) + int(word.meaning)))
        else:
            found.append(word)
    if len(found) > 1 and found[-1].text in ROMAN_LETTERS:
        found[-1] = Word(found[-1].text, NUMBER, ROMAN_LETTERS[found[-1].text])
    return found
