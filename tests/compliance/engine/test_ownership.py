"""Blocked by ownership, beneficial owners, ultimate parents."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.ownership import beneficial_owners, describe, owned_by, ultimate_parents
from tests.compliance.engine.world import edge, entity, person


def blocked(edges, seeds, target):
    return owned_by(edges, set(seeds), target).answer


def test_the_answers_of_ofac(shared_data):
    cases = json.loads((shared_data / "cases" / "ofac_50_percent.json").read_text())["cases"]
    for case in cases:
        edges = [edge(each["owner"], each["owned"], each["pct"]) for each in case["edges"]]
        for target, expected in case["expected_blocked"].items():
            assert (blocked(edges, case["listed"], target) == "YES") is expected, (case["id"], target)


def test_shares_are_added_up_and_never_multiplied():
    chain = [edge("X", "A", 50), edge("A", "B", 50), edge("B", "C", 50)]
    assert blocked(chain, "X", "C") == "YES"
    assert blocked([edge("X", "A", "49.99"), edge("A", "B", 100)], "X", "B") == "NO"
    assert blocked([edge("X", "A", 25), edge("Y", "A", 25)], "XY", "A") == "YES"


def test_control_is_not_ownership():
    assert blocked([edge("X", "A", 49), edge("X", "A", 100, interest="otherInfluenceOrControl")], "X", "A") == "NO"


def test_intervals_leave_it_open_unless_the_rest_is_known():
    unclear = [edge("X", "A", 40, 60)]
    assert blocked(unclear, "X", "A") == "UNRESOLVED"
    assert blocked([*unclear, edge("Z", "A", 51)], "X", "A") == "NO"
    assert blocked([edge("X", "A", 50, 60)], "X", "A") == "YES"


def test_circles_end_and_stay_clean_without_a_listed_owner():
    circle = [edge("A", "B", 60), edge("B", "A", 60)]
    assert blocked(circle, "", "A") == "NO"
    assert blocked([*circle, edge("X", "A", 50)], "X", "B") == "YES"


def test_the_deciding_path_is_told_with_names():
    edges = [edge("X", "H", 55), edge("H", "A", 30), edge("Y", "A", 25), edge("Z", "A", 45)]
    path = owned_by(edges, {"X", "Y"}, "A").path
    told = describe(path, {"X": "Xerxes", "H": "Holding", "A": "Aster", "Y": "Ypsilon"}, {"X": "listed", "Y": "listed"})
    assert told == [
        "Xerxes (listed) holds 55 % of Holding",
        "Ypsilon (listed) holds 25 % of Aster",
        "Holding holds 30 % of Aster",
    ]


SHARES = st.lists(
    st.tuples(st.sampled_from("XABC"), st.sampled_from("ABCD"), st.integers(0, 100)), min_size=1, max_size=10
)


@settings(max_examples=200, deadline=None)
@given(SHARES, st.tuples(st.sampled_from("XABC"), st.sampled_from("ABCD"), st.integers(1, 100)))
def test_one_more_listed_owner_never_unblocks(shares, more):
    edges = [edge(*each) for each in shares if each[0] != each[1]]
    before = {target: owned_by(edges, {"X"}, target).answer for target in "ABCD"}
    after = {target: owned_by(edges, {"X", more[0]}, target).answer for target in "ABCD"}
    assert all(after[target] == "YES" for target, answer in before.items() if answer == "YES")


@settings(max_examples=200, deadline=None)
@given(SHARES, st.integers(0, 100))
def test_a_wider_interval_never_settles_what_was_open(shares, widen):
    edges = [edge(*each) for each in shares if each[0] != each[1]]
    wider = [edge(e.owner_id, e.owned_id, max(0, int(e.share_min) - widen), e.share_max) for e in edges]
    for target in "ABCD":
        if owned_by(edges, {"X"}, target).answer == "NO":
            assert owned_by(wider, {"X"}, target).answer in ("NO", "UNRESOLVED")


PEOPLE = {each.id: each for each in (person("p"), person("q"), entity("H"), entity("A"))}


def test_a_beneficial_owner_is_found_by_multiplying_along_all_chains():
    edges = [edge("p", "H", 50), edge("H", "A", 40), edge("p", "A", 5), edge("q", "A", "24.99")]
    (owner,) = beneficial_owners(edges, PEOPLE, "A")
    assert (owner.party_id, owner.low, owner.certain, owner.by_control) == ("p", Decimal(25), True, False)


def test_a_beneficial_owner_may_be_possible_only_or_by_control():
    (owner,) = beneficial_owners([edge("p", "A", 20, 30)], PEOPLE, "A")
    assert not owner.certain
    (owner,) = beneficial_owners([edge("q", "A", 0, interest="otherInfluenceOrControl")], PEOPLE, "A")
    assert (owner.party_id, owner.by_control) == ("q", True)


def test_beneficial_owners_through_a_circle_come_to_a_limit():
    edges = [edge("p", "A", 50), edge("H", "A", 50), edge("A", "H", 100)]
    (owner,) = beneficial_owners(edges, PEOPLE, "A")
    assert owner.low == pytest.approx(Decimal(100), abs=Decimal("0.01"))


def test_the_ultimate_parent_stands_at_the_top_of_majority_control():
    known = {key: entity(key) for key in "ABCD"}
    parents = ultimate_parents([edge("B", "A", 51), edge("C", "B", 100), edge("D", "A", 49)], known, "A")
    assert (parents.ultimate, parents.open_at) == (("C",), ())


def test_half_is_no_majority_but_votes_and_control_make_a_parent():
    known = {key: entity(key) for key in "AB"}
    assert ultimate_parents([edge("B", "A", 50)], known, "A").ultimate == ("A",)
    assert ultimate_parents([edge("B", "A", 51, interest="votingRights")], known, "A").ultimate == ("B",)
    assert ultimate_parents([edge("B", "A", 0, interest="otherInfluenceOrControl")], known, "A").ultimate == ("B",)
    assert ultimate_parents([edge("B", "A", 0, interest="seniorManagingOfficial")], known, "A").ultimate == ("A",)


def test_a_person_at_the_top_has_no_headquarters():
    known = {"A": entity("A", ownership_complete=False), "p": person("p")}
    parents = ultimate_parents([edge("p", "A", 100)], known, "A")
    assert (parents.ultimate, parents.open_at) == (("A",), ())


def test_unknown_owners_and_circles_leave_the_parent_open():
    unknown = {"A": entity("A", ownership_complete=False), "B": entity("B", ownership_complete=False)}
    assert ultimate_parents([], unknown, "A").open_at == ("A",)
    assert ultimate_parents([edge("B", "A", 60)], unknown, "A").open_at == ("B",)
    assert ultimate_parents([edge("B", "A", 40, 60)], {**unknown, "A": entity("A")}, "A").open_at == ("A",)
    assert ultimate_parents([edge("B", "A", 60), edge("A", "B", 60)], unknown, "A").open_at == ("A",)
