"""Blocks: what was written is read, in place; what is damaged is not."""

from array import array
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.index.block import Block, DamagedIndex, Lists, Writer
from compliance.engine.index.names import packed, unpacked, whole_of
from compliance.engine.index.terms import halves, halves_within_one
from compliance.engine.naming.prepare import prepare_uncached

TEXTS = st.lists(st.text(alphabet=st.characters(), max_size=20), max_size=8)


@settings(max_examples=100, deadline=None)
@given(
    TEXTS,
    st.lists(st.integers(0, 2**32 - 1), max_size=8),
    st.dictionaries(st.text(max_size=6), st.lists(st.integers(0, 2**32 - 1), max_size=4), max_size=8),
)
def test_what_is_written_is_read(texts, numbers, lists):
    writer = Writer()
    writer.texts("texts", texts)
    writer.numbers("small", [number % 256 for number in numbers], "B")
    writer.lists("lists", lists)
    writer.numbers("numbers", numbers)
    for kept in (Block(writer.block()), writer.held()):
        assert [kept.texts("texts")[number] for number in range(len(texts))] == texts
        assert len(kept.texts("texts")) == len(texts)
        assert list(kept.numbers("numbers")) == numbers
        assert list(kept.numbers("small", "B")) == [number % 256 for number in numbers]
        assert {key: list(kept.lists("lists").get(key)) for key in lists} == lists
        assert not kept.lists("lists").get("a key that is not there")


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 2**64 - 2) | st.integers(0, 500) | st.integers(2**64 - 500, 2**64 - 2), max_size=200))
def test_a_key_is_found_wherever_its_digest_lies(digests):
    keys = array("Q", sorted(digests))
    lists = Lists(
        *(memoryview(each) for each in (keys, array("I", range(len(keys) + 1)), array("I", range(len(keys)))))
    )
    with patch("compliance.engine.index.block.key_of", int):
        assert [lists.get(str(key)) for key in keys] == [[number] for number in range(len(keys))]
        assert not any(lists.get(str(key + 1)) for key in digests if key + 1 not in digests)


def test_a_damaged_block_is_refused():
    writer = Writer()
    writer.texts("texts", ["one", "two"])
    whole = writer.block()
    for damaged in (b"", b"nothing", whole[:-1], whole[:40] + b"x" + whole[41:], whole + b"\0"):
        with pytest.raises(DamagedIndex):
            Block(damaged)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["person", "entity"]))
def test_prepared_names_are_kept_as_they_are(text, kind):
    name = prepare_uncached(text, kind)
    assert unpacked(packed(name)) == name
    assert whole_of(packed(name)) == name.whole


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def one_error_away(word):
    for at in range(len(word) + 1):
        for letter in "aqz":
            yield word[:at] + letter + word[at:]
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        for letter in "aqz":
            yield word[:at] + letter + word[at + 1 :]
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=LETTERS, min_size=6, max_size=30))
def test_a_word_one_error_away_shares_a_half(word):
    listed = set(halves(word))
    for typed in one_error_away(word):
        assert listed & set(halves_within_one(typed)), typed
