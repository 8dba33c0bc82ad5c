"""What OFAC, BIS, the EU and the UK ask differently; beneficial owners and headquarters along chains."""

from decimal import Decimal

import pytest

from compliance.engine.ownership import (
    EU,
    EU_BEFORE_2024,
    MORE_THAN_QUARTER,
    OFAC,
    UK,
    beneficial_owners,
    describe,
    headquartered_in,
    owned_by,
    ultimate_parents,
)
from tests.compliance.engine.world import edge, entity, person

VOTES, CONTROL = "votingRights", "otherInfluenceOrControl"


def answers(edges, seeds, target="A", **more):
    tests = (OFAC, EU_BEFORE_2024, EU, UK)
    return [owned_by(edges, set(seeds), target, test, **more).answer for test in tests]


@pytest.mark.parametrize(
    ("edges", "seeds", "expected"),
    [
        # OFAC, EU until 2024-07-02, EU since, UK
        ([edge("X", "A", 50)], "X", ["YES", "NO", "YES", "NO"]),
        ([edge("X", "A", "50.0001")], "X", ["YES"] * 4),
        ([edge("X", "A", 30), edge("Y", "A", 25)], "XY", ["YES", "YES", "YES", "NO"]),
        ([edge("X", "A", 25), edge("Y", "A", 25)], "XY", ["YES", "NO", "YES", "NO"]),
        ([edge("X", "A", 0, interest=CONTROL)], "X", ["NO", "YES", "YES", "YES"]),
        ([edge("X", "A", 0, interest="appointmentOfBoard")], "X", ["NO", "YES", "YES", "YES"]),
        ([edge("X", "A", 0, interest="boardMember")], "X", ["NO"] * 4),
        ([edge("X", "A", 0, interest="nominee")], "X", ["NO"] * 4),
        ([edge("X", "A", 51, interest=VOTES)], "X", ["NO", "YES", "YES", "YES"]),
        ([edge("X", "A", 50, interest=VOTES)], "X", ["NO"] * 4),
        ([edge("X", "B", 60), edge("B", "A", 0, interest=CONTROL)], "X", ["NO", "YES", "YES", "YES"]),
        ([edge("X", "B", 0, interest=CONTROL), edge("B", "A", 100)], "X", ["NO", "YES", "YES", "YES"]),
        # What one listed person holds through a company it controls counts as its own, in the UK too.
        ([edge("X", "B", 60), edge("B", "A", 30), edge("X", "A", 21)], "X", ["YES"] * 4),
        # A trust has no shares, and an interest that nobody names may be anything.
        ([edge("X", "A", 0, interest="beneficiaryOfLegalArrangement")], "X", ["UNRESOLVED"] * 4),
        ([edge("X", "A", 0, interest="unknownInterest")], "X", ["UNRESOLVED"] * 4),
        ([edge("X", "A", 0, interest="unknownInterest"), edge("Z", "A", 60)], "X", ["NO"] + ["UNRESOLVED"] * 3),
        ([edge("X", "A", 40, 60)], "X", ["UNRESOLVED"] * 4),
    ],
)
def test_each_authority_has_its_own_test(edges, seeds, expected):
    assert answers(edges, seeds) == expected


def test_the_uk_adds_up_those_who_act_jointly():
    edges = [edge("X", "A", 30), edge("Y", "A", 25)]
    assert owned_by(edges, {"X", "Y"}, "A", UK, together=[{"X", "Y"}]).answer == "YES"
    assert owned_by(edges, {"X"}, "A", UK, together=[{"X", "Y"}]).answer == "NO"


def test_an_indirect_share_alone_leaves_the_question_open():
    """60 % in the end may come through chains that the rule follows, or through ones that it does not."""
    indirect = [edge("X", "A", 60, direct=False)]
    assert answers(indirect, "X") == ["UNRESOLVED"] * 4
    assert owned_by([*indirect, edge("Z", "A", "50.01")], {"X"}, "A").answer == "NO"


def test_own_shares_never_make_an_entity_owned_and_count_as_others():
    assert answers([edge("X", "A", 30), edge("A", "A", 40)], "X") == ["NO"] * 4
    assert owned_by([edge("X", "A", 0, 60), edge("A", "A", 55)], {"X"}, "A").answer == "NO"


def test_control_and_votes_are_told_as_such():
    edges = [edge("X", "B", 0, interest=CONTROL), edge("B", "A", 51, interest=VOTES)]
    path = owned_by(edges, {"X"}, "A", EU).path
    assert describe(path, {}) == ["X controls B", "B holds 51 % of the votes of A"]
    trust = owned_by([edge("X", "A", 0, interest="trustee")], {"X"}, "A", UK)
    assert describe(trust.path, {}) == ["X may control A", "X holds 0 to 100 % of A"]


def test_a_share_is_told_with_all_its_decimals():
    (path,) = (owned_by([edge("X", "A", "49.99999")], {"X"}, "A").path,)
    assert describe(path, {}) == ["X holds 49.99999 % of A"]


PEOPLE = {each.id: each for each in (person("p"), person("q"), entity("H"), entity("G"), entity("A"))}


def owners(edges, **more):
    return {each.party_id: each for each in beneficial_owners(edges, PEOPLE, "A", **more)}


def test_a_quarter_or_more_than_a_quarter():
    edges = [edge("p", "A", 25), edge("q", "A", "25.0001")]
    assert set(owners(edges)) == {"p", "q"}
    assert set(owners(edges, bar=MORE_THAN_QUARTER)) == {"q"}


def test_whoever_controls_the_holder_of_a_quarter_is_an_owner_too():
    """60 % of 40 % is 24 %, but the 40 % follow one will (Regulation (EU) 2024/1624, article 54)."""
    found = owners([edge("p", "H", 60), edge("H", "A", 40), edge("q", "H", 40)])
    assert set(found) == {"p"}
    assert (found["p"].low, found["p"].by_control, found["p"].certain) == (Decimal(24), True, True)
    assert describe(found["p"].path, {}) == ["p holds 60 % of H", "H holds 40 % of A"]


def test_votes_count_where_they_are_more_than_the_shares():
    found = owners([edge("p", "A", 10), edge("p", "A", 30, interest=VOTES)])
    assert found["p"].low == 30


def test_a_stated_indirect_share_stands_for_a_chain_that_is_not_told():
    chain = [edge("H", "A", 60), edge("p", "H", 0, interest="unknownInterest")]
    assert not owners(chain)["p"].certain
    found = owners([*chain, edge("p", "A", 30, direct=False)])["p"]
    assert (found.low, found.certain) == (Decimal(30), True)
    both = owners([edge("p", "A", 50), edge("H", "A", 50), edge("p", "A", 50, direct=False)])["p"]
    assert both.low == 100


def test_an_unknown_share_makes_a_possible_owner_and_a_small_one_none():
    found = owners([edge("p", "H", 0, 100), edge("H", "A", 60), edge("q", "A", "24.9999")])
    assert {key: each.certain for key, each in found.items()} == {"p": False}
    assert (found["p"].low, found["p"].high) == (0, 60)


def test_a_circle_without_a_limit_leaves_everybody_possible():
    found = owners([edge("H", "A", 0, 100), edge("A", "H", 0, 100), edge("p", "H", 1)])
    assert not found["p"].certain
    assert found["p"].high == 100


def test_treasury_shares_belong_to_the_others():
    assert owners([edge("p", "A", 15), edge("q", "A", 45), edge("A", "A", 40)])["p"].low == 25


def where(edges, **parties):
    known = {key: entity(key, country) if isinstance(country, str) else country for key, country in parties.items()}
    found = headquartered_in(edges, known, "A", {"CN", "MO"})
    return found.answer, found.where, describe(found.path, {})


def test_headquarters_follow_the_chain_of_majorities():
    edges = [edge("B", "A", 51), edge("C", "B", 100)]
    told = ["C holds 100 % of B", "B holds 51 % of A"]
    assert where(edges, A="SG", B="VG", C="CN") == ("YES", ("C",), told)
    assert where(edges, A="SG", B="CN", C="SG") == ("NO", (), told)  # B is no ultimate parent
    assert where(edges, A="CN", B="SG", C="SG") == ("YES", ("A",), [])
    assert where([edge("B", "A", 50)], A="SG", B="CN")[0] == "NO"


def test_headquarters_are_open_where_owners_or_places_are():
    assert where([edge("B", "A", 40, 60)], A="SG", B="CN")[:2] == ("UNRESOLVED", ("A",))
    unsure = entity("B", "SG", ownership_complete=False)
    assert where([edge("B", "A", 60)], A="SG", B=unsure)[:2] == ("UNRESOLVED", ("B",))
    dark = entity("B", "SG", headquarters_country="")
    assert where([edge("B", "A", 60)], A="SG", B=dark)[:2] == ("UNRESOLVED", ("B",))
    shell = entity("B", "MO", headquarters_country="")  # incorporation stands in while nothing else is known
    assert where([edge("B", "A", 60)], A="SG", B=shell)[:2] == ("YES", ("B",))
    assert where([edge("B", "A", 60)], A="SG")[:2] == ("UNRESOLVED", ("B",))


def test_a_circle_at_the_top_has_no_parent_and_each_of_its_members_counts():
    edges = [edge("B", "A", 60), edge("C", "B", 60), edge("B", "C", 60)]
    known = {key: entity(key) for key in "ABC"}
    parents = ultimate_parents(edges, known, "A")
    assert (parents.ultimate, parents.circle, parents.open_at) == ((), ("B", "C"), ("A",))
    assert where(edges, A="SG", B="SG", C="CN")[:2] == ("YES", ("C",))
    assert where(edges, A="SG", B="SG", C="SG")[:2] == ("UNRESOLVED", ("A",))
    below = [*edges, edge("D", "B", 0, interest=CONTROL)]  # somebody above the circle ends it
    assert ultimate_parents(below, {**known, "D": entity("D")}, "A").ultimate == ("D",)
    assert ultimate_parents(below, {**known, "D": entity("D")}, "A").circle == ()


def test_a_very_long_chain_is_walked_without_recursion():
    edges = [edge(str(n), str(n + 1), 60) for n in range(5000)] + [edge("5000", "0", 60)]
    assert len(ultimate_parents(edges, {}, "5000").circle) == 5001
    assert owned_by(edges, {"0"}, "5000").answer == "YES"
