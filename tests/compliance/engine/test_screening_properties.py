"""What holds of all names: a score between 0 and 1, the same from either side, and more against never helps."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from compliance.engine.index.block import packed_keys, share_a_key
from compliance.engine.index.entries import entries_block
from compliance.engine.naming.prepare import ENTITY, PERSON, prepare
from compliance.engine.naming.scoring import likeness
from compliance.engine.screening import STRONG, EntryFacts, ListedEntry, NameIndex, NameQuery, judge, query_keys

PARTS = st.sampled_from(
    [
        "Ann", "Anna", "Mohammed", "Muhammad", "bin", "al", "Ivan", "Ivanovich", "Sidorov", "Kim", "Jong", "Un", "J.",
        "Smith", "Smyth", "Dr.", "Bank", "Banco", "Trading", "Ltd", "GmbH", "AG", "II", "44", "Singapore", "Martin",
        "Martina", "Ted", "Theodore", "Иван", "محمد", "习", "近平", "김", "Brightwater", "Bright", "Water",
        "de", "O'Hara",
    ]
)  # fmt: skip
NAMES = st.lists(PARTS, min_size=1, max_size=6).map(" ".join) | st.text(alphabet=st.characters(), max_size=30)
KINDS = st.sampled_from([PERSON, ENTITY])
DAYS = st.sampled_from(["1961-04-17", "1961", "1962", "1961-17-04", "1999-01-01"])
CODES = st.sampled_from(["CY", "JP", "CN"])
NUMBERS = st.sampled_from(["QX4471902", "QX-4471903", "12"])
FACTS = st.builds(
    EntryFacts,
    st.lists(DAYS, max_size=2).map(tuple),
    st.lists(CODES, max_size=2).map(tuple),
    st.lists(NUMBERS, max_size=2).map(tuple),
)
QUERIES = st.builds(
    NameQuery,
    NAMES,
    st.sampled_from([PERSON, ENTITY, ""]),
    st.lists(DAYS, max_size=2).map(tuple),
    st.lists(CODES, max_size=2).map(tuple),
    st.lists(NUMBERS, max_size=2).map(tuple),
)
LISTED = st.builds(
    lambda kind, names, facts: ListedEntry("x", kind, tuple((name, False) for name in names), facts),
    st.sampled_from([PERSON, ENTITY, "unknown"]),
    st.lists(NAMES, min_size=1, max_size=3),
    FACTS,
)


@settings(max_examples=400, deadline=None)
@given(NAMES, NAMES, KINDS)
def test_scores_lie_between_0_and_1_and_add_up(first, second, kind):
    found = likeness(prepare(first, kind), prepare(second, kind), kind)
    assert 0.0 <= found.score <= 1.0
    assert all(0.0 <= cost.cost <= 1.0 for cost in found.costs)
    assert all(sentence.endswith(".") for sentence in found.why)
    if found.costs and found.score > 0.0:
        assert found.score <= 1.0001 - sum(cost.cost for cost in found.costs)


@settings(max_examples=400, deadline=None)
@given(NAMES, NAMES, KINDS)
@example("Ann Martin", "Martina Ann", PERSON)
def test_a_likeness_is_the_same_from_either_side(first, second, kind):
    there = likeness(prepare(first, kind), prepare(second, kind), kind)
    back = likeness(prepare(second, kind), prepare(first, kind), kind)
    assert there.score == back.score
    assert there.same == back.same


@settings(max_examples=200, deadline=None)
@given(NAMES, KINDS)
def test_a_name_is_like_itself(name, kind):
    prepared = prepare(name, kind)
    assert likeness(prepared, prepared, kind).score == (1.0 if prepared.words else 0.0)


@settings(max_examples=300, deadline=None)
@given(QUERIES, LISTED)
@example(
    NameQuery("Ann Ann Ann Ann", PERSON, identifiers=("QX4471902",)),
    ListedEntry("x", PERSON, (("Ann", False), ("Ann Ann Ann Ann", False)), EntryFacts(identifiers=("QX4471902",))),
)
def test_a_search_and_a_judgement_agree(query, listed):
    """What is found among many is scored as it would be alone; nobody strong alone is missed."""
    found = NameIndex.build([listed]).search(query)
    alone = judge(query, listed)
    assert all(each == alone for each in found)
    if alone.strength == STRONG:
        assert found


@settings(max_examples=300, deadline=None)
@given(QUERIES, LISTED, NAMES)
@example(
    NameQuery("", "entity", ("1961-04-17",)),
    ListedEntry("x", PERSON, (("", False),), EntryFacts(("1961-04-17",))),
    "Ann",
)
def test_another_alias_never_hides_anybody(query, listed, alias):
    more = ListedEntry("x", listed.kind, (*listed.names, (alias, False)), listed.facts)
    before, after = judge(query, listed), judge(query, more)
    assert after.rank <= before.rank


@settings(max_examples=300, deadline=None)
@given(QUERIES, LISTED)
def test_a_fact_not_known_never_clears_more_than_a_harmless_one(query, listed):
    """Without its date, country and number the query is found at least as surely as with ones that speak against it."""
    facts = EntryFacts(("1950-01-01",), ("FR",), ("ZZ9999999",))
    known = ListedEntry("x", listed.kind, listed.names, facts)
    bare = NameQuery(query.name, query.kind)
    harmless = NameQuery(query.name, query.kind, ("1980-06-06",), ("DE",), ("YY8888888",))
    assert judge(bare, known).score >= judge(harmless, known).score


@settings(max_examples=100, deadline=None)
@given(st.lists(LISTED, max_size=4), QUERIES)
def test_an_index_gives_the_same_whatever_the_order_of_its_entries(listed, query):
    keyed = [ListedEntry(str(n), each.kind, each.names, each.facts) for n, each in enumerate(listed)]
    one, other = NameIndex.build(keyed).search(query), NameIndex.build(keyed[::-1]).search(query)
    assert json.dumps([each.entry_key for each in one]) == json.dumps([each.entry_key for each in other])


@settings(max_examples=100, deadline=None)
@given(QUERIES, LISTED, st.booleans())
@example(NameQuery("Smith"), ListedEntry("x", "unknown", (("Smith", False),)), True)
@example(
    NameQuery("Ann", PERSON, identifiers=("QX-4471902",)),
    ListedEntry("x", ENTITY, (("Brightwater", False),), EntryFacts(identifiers=("No. QX4471902 (SG)",))),
    True,
)
def test_whoever_is_found_shares_a_key(query, listed, in_a_block):
    index = NameIndex.opened(entries_block([listed])) if in_a_block else NameIndex.build([listed])
    if index.search(query, threshold=0.3) or index.shortlist(query.name, query.kind):
        assert share_a_key(packed_keys(query_keys(query)), index.keys())


def test_strangers_share_no_key():
    index = NameIndex.build([ListedEntry("x", PERSON, (("Vadrik Osterlanov", False),))])
    assert not share_a_key(packed_keys(query_keys(NameQuery("Wu Mei", PERSON))), index.keys())
    assert not share_a_key(packed_keys([]), index.keys())
