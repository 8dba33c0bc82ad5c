"""How the word tables are written: a meaning, a colon, the words that have it."""

from collections.abc import Iterator


def meanings(text: str) -> dict[str, str]:
    """Each word with its meaning. A line without a colon has words that mean themselves.

    Raises ValueError for a word with two meanings.
    """
    found: dict[str, str] = {}
    for meaning, word in _rows(text):
        if found.setdefault(word, meaning) != meaning:
            raise ValueError(f"{word} means both {found[word]} and {meaning}")
    return found


def all_meanings(text: str) -> dict[str, frozenset[str]]:
    """Each word with all its meanings, and each meaning with itself."""
    found: dict[str, frozenset[str]] = {}
    for meaning, word in _rows(text):
        for each in (word, meaning):
            found[each] = found.get(each, frozenset()) | {meaning}
    return found


def _rows(text: str) -> Iterator[tuple[str, str]]:
    for line in text.strip().splitlines():
        meaning, colon, words = line.partition(":")
        for word in (words if colon else line).split():
            yield (meaning.strip() if colon else word), word


def phrases(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs "what stands there = what is read instead", longest first, so that no part hides the whole."""
    pairs = [line.split("=") for line in text.strip().splitlines()]
    return tuple(sorted(((old.strip(), new.strip()) for old, new in pairs), key=lambda pair: -len(pair[0])))


def word_set(text: str) -> frozenset[str]:
    """The words of the text."""
    return frozenset(text.split())


def letters(text: str) -> dict[str, str]:
    """Each letter with how it is read. A line is the reading, a colon, the letters."""
    rows = (line.partition(":") for line in text.strip().splitlines())
    return {letter: reading.strip() for reading, _, found in rows for letter in found.split()}
