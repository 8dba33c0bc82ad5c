"""Entities' names compared: what each difference costs, and why."""

from collections.abc import Iterator

from compliance.engine.naming.alignment import APART, MEANING, SPELLING, Aligned, Likeness, Pair, align
from compliance.engine.naming.likeness import FAR, Errors, errors_between, errors_without_vowels
from compliance.engine.naming.prepare import PreparedName
from compliance.engine.naming.spelling import Cost, pair_cost
from compliance.engine.naming.words import INITIAL, NAME, NUMBER, PARTICLE, PLACE, TRADE, Word

OTHER_WORD = 0.3  # each has a word that the other lacks: siblings, or strangers
OTHER_NUMBER, NUMBER_MORE = 0.18, 0.13  # Fund I and Fund II: to be looked at
ONLY_NUMBER = 0.3  # when nothing but the number tells
NAME_MORE, NAME_MORE_IN_LONG = 0.25, 0.17
TRADE_MORE, TRADE_MORE_IN_LONG = 0.22, 0.14
GROUP_MORE = 0.12
PLACE_MORE = 0.13  # the branch of a place
INITIAL_MORE = 0.15
EACH_FURTHER = 0.5  # of its cost
IN_VERY_LONG = 0.6  # of its cost
VERY_LONG = 4  # words
NOTHING_TELLING = 0.15
OTHER_FORM, FORM_MORE = 0.08, 0.01
OTHER_ORDER = 0.015
ALONE = 0.6  # more, for an error in the only telling word
ALONE_ERRORS, ALONE_LETTERS = 1.05, 5
_UNSAID = (PARTICLE, NUMBER)
_AS_WRITTEN = (NUMBER, PLACE, PARTICLE, INITIAL)
_LIGHT = ("group", "holding", "international")


def compare_entities(mine: PreparedName, theirs: PreparedName, least: float = 0.0) -> Iterator[Cost]:
    """What speaks for and against the names being one entity's: costs in sentences, 0 for what agrees.

    Once it is clear that less than `least` would be left of 1, the rest is not sought.
    """
    found = align(mine, theirs, _alike, _errors_for, _UNSAID if least > 1 - OTHER_WORD else ())
    if found is APART:
        yield Cost(OTHER_WORD, "Each has a word that the other lacks.")
        return
    telling = found.telling
    names = [pair for pair in telling if NAME in (pair.mine[-1].part, pair.theirs[-1].part)]
    yield from _lacking(found, telling, len(names))  # first, for it decides most often
    for pair in telling:
        yield pair_cost(pair)
    if len(names) == 1:
        yield from _only_name(names[0])
    yield form_cost(mine, theirs)
    places = [pair.at_theirs for pair in telling]
    if places != sorted(places):
        yield Cost(OTHER_ORDER, "The words stand in another order.", slight=True)


def form_cost(mine: PreparedName, theirs: PreparedName) -> Cost:
    """What company forms of different classes cost; "company" goes with any."""
    both = mine.forms | theirs.forms
    if mine.forms and theirs.forms and not mine.forms & theirs.forms and "company" not in both:
        return Cost(OTHER_FORM, "The company forms are of different kinds.")
    return (
        Cost(FORM_MORE, "Only one has a company form.", slight=True)
        if bool(mine.forms) != bool(theirs.forms)
        else Cost(0.0, "")
    )


def _errors_for(mine: PreparedName, theirs: PreparedName) -> Errors:
    if mine.vowelless and not theirs.vowelless:
        return lambda one, other: min(errors_between(one, other), errors_without_vowels(one, other))
    if theirs.vowelless and not mine.vowelless:
        return lambda one, other: min(errors_between(one, other), errors_without_vowels(other, one))
    return errors_between


def _alike(mine: Word, theirs: Word, errors: Errors) -> Likeness | None:
    meaning = mine.meaning and mine.meaning in (theirs.meaning, theirs.text)
    if meaning or (theirs.meaning and theirs.meaning == mine.text):
        return MEANING, 0.0
    if mine.part in _AS_WRITTEN or theirs.part in _AS_WRITTEN or (mine.part != NAME and theirs.part != NAME):
        return None  # trades, places and numbers with other meanings
    count = errors(mine.text, theirs.text)
    return (SPELLING, count) if count < FAR else None


def _only_name(pair: Pair) -> Iterator[Cost]:
    """A misspelling of the one word that tells has nothing beside it to confirm it."""
    if pair.how != SPELLING or pair.errors <= 0.7:
        return
    if pair.errors > ALONE_ERRORS or pair.letters < ALONE_LETTERS:
        yield Cost(OTHER_WORD, "No other word confirms it.")
    else:
        yield Cost(pair_cost(pair).cost * ALONE, "No other word confirms it.")


def _lacking(found: Aligned, telling: list[Pair], names: int) -> Iterator[Cost]:
    """What one name has and the other lacks."""
    left, right = (
        [word for word in side if word.part != PARTICLE]
        for side in (found.free_mine.values(), found.free_theirs.values())
    )
    placed = any(pair.between(PLACE) for pair in telling) and len(telling) > 1
    numbers = [bool([word for word in side if word.part == NUMBER]) for side in (left, right)]
    left, right = ([word for word in side if word.part != NUMBER] for side in (left, right))
    if left and right:
        yield Cost(OTHER_WORD, "{mine} stands against {theirs}.", left, right)
    elif left or right:
        yield Cost(_more(left or right, names, len(telling)), "Only one has {mine}.", left or right)
    if any(numbers):
        cost = OTHER_NUMBER if all(numbers) else NUMBER_MORE
        yield Cost(cost if names or placed else ONLY_NUMBER, "The numbers differ.")
    if not telling:
        yield Cost(1.0, "Nothing agrees.")
    elif not names and not placed and (left or right):
        yield Cost(NOTHING_TELLING, "What agrees says nothing of who it is.")


def _more(words: list[Word], names: int, telling: int) -> float:
    costs = sorted((_word_more(word, names, telling) for word in words), reverse=True)
    cost = costs[0] + EACH_FURTHER * sum(costs[1:])
    return cost * IN_VERY_LONG if telling >= VERY_LONG else cost


def _word_more(word: Word, names: int, telling: int) -> float:
    if word.part == TRADE and word.meaning in _LIGHT and telling > 1:
        return GROUP_MORE
    if word.part == TRADE:
        return TRADE_MORE_IN_LONG if names > 1 or telling > 2 else TRADE_MORE
    if word.part in (PLACE, INITIAL):
        return PLACE_MORE if word.part == PLACE else INITIAL_MORE
    return NAME_MORE_IN_LONG if names > 1 else NAME_MORE
