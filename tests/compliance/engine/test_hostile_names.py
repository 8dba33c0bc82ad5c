"""Names made to cost much, or to hide: the work is bounded, and nothing fails."""

import itertools
import time

import pytest

from compliance.engine.index import candidates
from compliance.engine.naming import likeness as words
from compliance.engine.naming.prepare import MAX_WORDS, prepare_uncached
from compliance.engine.naming.text import MAX_LENGTH, plain
from compliance.engine.screening import ListedEntry, NameIndex, NameQuery

COMMON = ("mohammed", "mohammad", "ahmed", "ahmad", "ali", "hassan", "hussein", "ibrahim", "khalil", "omar", "saleh")
# Thirty thousand names of few words: what every word of a query is common to.
LISTED = [
    ListedEntry(str(number), "person", ((" ".join(name), False),))
    for number, name in enumerate(itertools.islice(itertools.product(COMMON, repeat=5), 30_000))
]
HOSTILE = {
    "ten thousand letters": "a" * 10_000,
    "a million letters": "Aurelian " * 120_000,
    "two hundred words": " ".join(chr(97 + n % 26) * (n % 7 + 1) for n in range(200)),
    "common words only": " ".join(COMMON * 4),
    "one word again and again": "mohammed " * 30,
    "initials only": " ".join("abcdefghijklmnopqrstuvwxyz" * 3),
    "zero-width marks": "\u200b".join("Ahmed Ali") * 400,
    "direction overrides": "\u202e" * 3000 + "demhA",
    "punctuation": "-._'" * 1000,
    "combining marks": "".join(f"{letter}{chr(0x300 + n % 100) * 90}" for n, letter in enumerate("AhmedAli")),
    "compatibility forms": "\ufdfa" * 300,  # each becomes eighteen letters
    "surrogates": "\ud800\udfff" * 100 + "Ahmed",
    "every script": "Ahmed Ахмед أحمد 阿哈迈德 아흐메드 אחמד अहमद ახმედ " * 10,
    "no vowels": "محمد " * 60,
    "long characters": "习近平" * 200,
    "digits": "1234567890" * 50,
    "apostrophes": "'" * 5000 + "Ahmed",
    "near repeats": " ".join(f"mohamme{letter}" for letter in "abcdefghijklmnop"),
}


@pytest.fixture(scope="module")
def index():
    return NameIndex.build(LISTED)


@pytest.mark.parametrize("kind", ["person", "entity", ""])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_costs_no_more_than_it_may(name, kind, index, monkeypatch):
    compared = []
    measured = words.errors_between.__wrapped__
    monkeypatch.setattr(words, "errors_between", lambda *pair: compared.append(pair) or measured(*pair))
    began = time.process_time()
    index.search(NameQuery(HOSTILE[name], kind))
    spent = time.process_time() - began
    # Each of the shortlist's words with each of the asked ones, alone and in runs of up to three, from either side.
    assert len(compared) <= candidates.SHORTLIST * MAX_WORDS * MAX_WORDS * 5
    assert spent < 1.5


def test_preparing_is_bounded():
    for name in HOSTILE.values():
        began = time.process_time()
        for kind in ("person", "entity"):
            prepared = prepare_uncached(name, kind)
            assert len(prepared.words) <= MAX_WORDS
            assert sum(len(word.text) for word in prepared.words) <= MAX_LENGTH * 5
        assert time.process_time() - began < 0.5
        assert len(plain(name)) <= MAX_LENGTH * 5  # a letter of another script may be a few in ours


def test_the_shortlist_is_short_whatever_is_asked(index):
    for name in HOSTILE.values():
        assert len(index.shortlist(name)) <= candidates.SHORTLIST


def test_what_hides_is_compared_as_it_is_seen(index):
    (clear, *_) = index.search(NameQuery("mohammed mohammed mohammed mohammed mohammed", "person"))
    (hidden, *_) = index.search(NameQuery("mo\u200bhammed moham\u202emed mohammed mohammed mohammed", "person"))
    assert (hidden.entry_key, hidden.score) == (clear.entry_key, clear.score)
