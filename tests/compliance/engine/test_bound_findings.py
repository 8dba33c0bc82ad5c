"""A finding answers for exactly the state that its reason rested on: shares, owners, entries, an address."""

from dataclasses import replace

import pytest

from compliance.engine.decide import SCOPE_LENGTH, decide
from compliance.engine.facts import Facts
from compliance.engine.packs import pack_labelled
from tests.compliance.engine.world import PACK, PACKS, RTX_3090, codes, edge, entity, finding, hit, lease, person

TWO = (entity("one", "CN"), entity("two", "CN"))
SURE = {"parties": TWO, "edges": (edge("one", "renter", 26), edge("two", "renter", 26))}
OPEN = {"renter": entity("renter", ownership_complete=False), "parties": TWO[:1], "edges": (edge("one", "renter", 10),)}
LISTED = {
    "parties": (person("owner"),),
    "edges": (edge("owner", "renter", 40, 60),),
    "hits": (hit("owner", strength="weak", entry_hash="1"),),
}
ABOVE = {
    "parties": (entity("dark", "", headquarters_country="", undisclosed="NO_NAME"), entity("parent")),
    "edges": (edge("dark", "parent", 30), edge("parent", "renter", 60)),
}
ELSEWHERE = {"parties": (entity("parent", "CN", headquarters_country="SG"),), "edges": (edge("parent", "renter", 60),)}
DOUBT = {"renter": entity("renter", "UA", address="Hotel Yalta, Kyiv 01001")}


def answered(facts: Facts) -> Facts:
    """The facts once two officers released all that was open."""
    reasons = decide(facts, PACK).reasons
    assert {reason.outcome for reason in reasons} == {"REVIEW"}
    assert all(len(reason.scope) <= SCOPE_LENGTH for reason in reasons)
    return replace(facts, findings=tuple(finding(each.party_id, each.code, each.scope) for each in reasons))


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("joint_headquarters", SURE, {"edges": (edge("one", "renter", 50), edge("two", "renter", 50))}),
        ("joint_headquarters", SURE, {"edges": (edge("one", "renter", 26), edge("two", "renter", 27))}),
        ("joint_headquarters", SURE, {"parties": (TWO[0], entity("two", "RU"))}),
        ("parent_unknown", OPEN, {"edges": (edge("one", "renter", 49),)}),
        ("parent_unknown", OPEN, {"edges": (*OPEN["edges"], edge("two", "renter", 30))}),
        ("parent_unknown", ELSEWHERE, {"parties": (entity("parent", "CN", headquarters_country="JP"),)}),
        ("ofac_50_percent_unresolved", LISTED, {"edges": (edge("owner", "renter", 40, 70),)}),
        ("ofac_50_percent_unresolved", LISTED, {"hits": (hit("owner", strength="weak", entry_hash="2"),)}),
        ("region_partly_embargoed", DOUBT, {"renter": replace(DOUBT["renter"], address="Hotel Yalta 2, Kyiv 01001")}),
        ("owner_undisclosed", ABOVE, {"edges": (edge("dark", "parent", 45), edge("parent", "renter", 60))}),
    ],
)
def test_a_change_of_what_the_answer_rested_on_is_asked_anew(code, before, after):
    facts = answered(lease(**before))
    assert decide(facts, PACK).outcome == "ALLOW"
    changed = decide(replace(facts, **after), PACK)
    assert changed.outcome == "REVIEW"
    assert code in codes(changed)


@pytest.mark.parametrize(
    "unchanged",
    [
        {"edges": (edge("two", "renter", "26.00"), edge("one", "renter", "26.0000"))},  # no other share, only told so
        {"edges": (*SURE["edges"], edge("someone", "renter", 20))},  # decides nothing
        {"seconds": 60, "node_city": "Brisbane"},
    ],
)
def test_an_answer_holds_while_what_it_rested_on_stays(unchanged):
    assert decide(replace(answered(lease(**SURE)), **unchanged), PACK).outcome == "ALLOW"


def test_an_answer_about_many_owners_fits_and_tells_each_of_them_apart():
    owners = [f"{number:036d}" for number in range(9)]
    parties = tuple(entity(owner, "CN") for owner in owners)
    facts = answered(lease(parties=parties, edges=tuple(edge(owner, "renter", 10) for owner in owners)))
    assert decide(facts, PACK).outcome == "ALLOW"
    more = (*facts.edges[:-1], edge(owners[-1], "renter", 11))
    assert decide(replace(facts, edges=more), PACK).outcome == "REVIEW"


def test_an_uncontrolled_chip_is_never_asked_for_headquarters():
    assert decide(lease(RTX_3090, **SURE), PACK).outcome == "ALLOW"


def test_a_released_pack_still_gives_the_scopes_that_it_gave():
    (reason,) = decide(lease(**SURE), pack_labelled("gridclear@2026-11-24", PACKS)).reasons
    assert reason.scope == "one,two"
