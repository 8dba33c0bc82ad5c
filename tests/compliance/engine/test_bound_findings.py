"""A finding answers for exactly the state that its reason rested on: shares, owners, entries, an address."""

from dataclasses import replace

import pytest

from compliance.engine.cases import load_cases
from compliance.engine.decide import SCOPE_LENGTH, decide
from compliance.engine.facts import ChipRequest, EndUser, Facts, Locations, NodePlace, RoundTrip
from compliance.engine.packs import GRIDCLEAR, pack_labelled
from compliance.engine.rules import RULES
from compliance.engine.rules.base import Question
from tests.compliance.engine.world import (
    H100,
    NOW,
    PACK,
    PACKS,
    RTX_3090,
    codes,
    edge,
    entity,
    finding,
    hit,
    lease,
    person,
)

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

SYDNEY = RoundTrip("Sydney", -33.87, 151.21, 14_000, 12, NOW)
PERTH = NodePlace("Perth", -31.95, 115.86, 60, 2)


def place(*trips, label="Brisbane", asked=2):
    return NodePlace(label, -27.47, 153.03, 50, asked, trips)


def far(name, latitude, longitude, milliseconds):
    return RoundTrip(name, latitude, longitude, milliseconds * 1000, 12, NOW)


SINGAPORE = far("Singapore", 1.35, 103.82, 9)
IMPOSSIBLE = {"node_id": "n1", "node_place": place(SYDNEY, SINGAPORE)}
FAR = {"node_id": "n1", "node_place": place(far("Sydney", -33.87, 151.21, 90))}
WIDE = {"node_id": "n1", "node_place": place(far("London", 51.51, -0.13, 400))}
NOWHERE = NodePlace("Nowhere", asked=2, round_trips=(SYDNEY,))
SIGNS = Locations("SG", "SG", card="CN", document="SG", ip_network="isp", login="SG", login_network="isp")
MILITARY = {"end_use": "History of  Military uniforms"}
FROZEN = {
    "parties": (person("owner", restricted=True, restrictions=("r1",)),),
    "edges": (edge("owner", "renter", 30),),
}
BELARUS = {"figures": RTX_3090, "end_user": EndUser("self", "", "BY")}
UKRAINE = {"node_country": "UA", "node_id": "n1"}
# A reason that was answered; what was answered; and what nobody was asked about.
SEEN = [
    ("node_place_impossible", IMPOSSIBLE, {"node_id": "n2"}),
    ("node_place_impossible", IMPOSSIBLE, {"node_place": replace(PERTH, round_trips=(SINGAPORE,))}),
    ("node_place_impossible", IMPOSSIBLE, {"node_place": place(SYDNEY, far("Singapore", 1.35, 103.82, 2))}),
    ("node_place_unmeasured", {"node_id": "n1", "node_place": place()}, {"node_id": "n2"}),
    ("node_place_unmeasured", {"node_id": "n1", "node_place": place()}, {"node_place": replace(PERTH)}),
    ("node_place_far", FAR, {"node_id": "n2"}),
    ("location_conflict", {"locations": SIGNS}, {"locations": replace(SIGNS, document="CN")}),
    ("location_conflict", {"locations": SIGNS}, {"locations": replace(SIGNS, login="CN")}),
    ("location_conflict", {"locations": SIGNS}, {"locations": replace(SIGNS, ip="CN")}),
    ("location_unknown", {"locations": Locations("SG")}, {"locations": Locations("AU")}),
    ("network_masked", {"locations": replace(SIGNS, card="SG", login_network="tor")},
     {"locations": replace(SIGNS, card="SG", ip_network="tor", login_network="isp")}),
    ("end_use_sensitive", MILITARY, {"end_use": "military targeting"}),
    ("end_use_unknown", {"end_use": ""}, {"chips": (ChipRequest("chip", 64, H100),)}),
    ("end_user_undisclosed", {"end_user": EndUser("undisclosed")}, {"chips": (ChipRequest("chip", 64, H100),)}),
    ("end_user_undisclosed", {"end_user": None}, {"chips": (ChipRequest("chip", 64, H100),)}),
    ("region_unknown", UKRAINE, {"node_id": "n2"}),
    ("region_unknown", {"renter": entity("renter", "UA")}, {"end_user": EndUser("self", "", "UA")}),
    ("restricted_country", BELARUS, {"locations": Locations("SG", ip="BY")}),
    ("owner_restricted", FROZEN,
     {"parties": (person("owner", restricted=True, restrictions=("r1", "r2")),)}),
    ("node_in_licence_country", {"node_country": "AE", "node_id": "n1"}, {"node_id": "n2"}),
    ("node_country_unknown", {"node_country": "", "node_id": "n1"}, {"node_id": "n2"}),
    ("node_place_unasked", {"node_id": "n1", "node_place": place(asked=0)}, {"node_id": "n2"}),
    ("node_place_unasked", {"node_id": "n1", "node_place": place(asked=0)}, {"node_place": replace(PERTH, asked=0)}),
    ("node_place_wide", WIDE, {"node_id": "n2"}),
    ("node_place_wide", WIDE, {"node_place": place(far("London", 51.51, -0.13, 300))}),
    ("node_place_unplaced", {"node_place": NOWHERE}, {"node_place": replace(NOWHERE, label="Beyond")}),
]  # fmt: skip


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
        *SEEN,
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
        {"edges": (*SURE["edges"], edge("provider", "renter", 20))},  # decides nothing
        {"seconds": 60, "node_city": "Brisbane"},
        {"node_id": "n2"},  # no machine was asked about
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


@pytest.mark.parametrize(
    ("before", "unchanged"),
    [
        (IMPOSSIBLE, {"node_place": place(SYDNEY, far("Singapore", 1.35, 103.82, 8))}),  # as good as the same time
        (FAR, {"seconds": 60}),
        (MILITARY, {"end_use": "history of military UNIFORMS"}),
        ({"locations": SIGNS}, {"purpose": "renewal"}),
        (FROZEN, {"end_use": "another"}),
    ],
)
def test_an_answer_holds_for_the_same_machine_sign_and_text(before, unchanged):
    assert decide(replace(answered(lease(**before)), **unchanged), PACK).outcome == "ALLOW"


# Rules whose scope alone says what was looked at, each with why.
BY_SCOPE = {
    "listed_party": "the scope is the entry with its hash; the finding carries the party's hash",
    "card_payments_harmless": "the scope is the payment, or all of one level together as ADR 94 has it",
}


@pytest.mark.parametrize("pack", [each for each in PACKS if each.binds_seen], ids=lambda pack: pack.label)
def test_every_question_that_a_finding_can_answer_says_what_was_looked_at(pack):
    asked = [case.facts for case in load_cases(GRIDCLEAR / pack.version)] + [lease(**before) for _, before, _ in SEEN]
    met, silent = set(), set()
    for facts in asked:
        question = Question(facts, pack.countries)
        for rule in pack.rules:
            if rule.outcome != "REVIEW" or facts.purpose not in rule.purposes:
                continue
            for problem in RULES[rule.function](question, rule).problems:
                met.add(rule.code)
                if problem.party_id and not (problem.state or problem.seen) and rule.function not in BY_SCOPE:
                    silent.add(rule.code)
    assert silent == set()
    assert met == {rule.code for rule in pack.rules if rule.outcome == "REVIEW"} - {"chips"}


def test_nobody_answers_for_a_party_that_was_not_screened():
    """There is nothing to find: it is screened instead. Under the pack of the day before, a finding stood for it."""
    facts = lease(screened=("provider",))
    before = pack_labelled("gridclear@2026-11-26", PACKS)
    (old,), (new,) = decide(facts, before).reasons, decide(facts, PACK).reasons
    assert (old.code, old.party_id) == ("party_not_screened", "renter")
    assert (new.code, new.party_id, new.evidence) == ("party_not_screened", "", ("renter",))
    findings = tuple(finding("renter", new.code, scope) for scope in ("", old.scope, new.scope))
    assert decide(replace(facts, findings=findings), before).outcome == "ALLOW"
    assert codes(decide(replace(facts, findings=findings), PACK)) == {"party_not_screened"}


def test_an_answer_about_a_login_of_who_is_paid_is_none_about_another():
    """The country, the network and the kind of sign were looked at."""
    paid = lease(purpose="payout", renter=None, chips=(), provider_locations=Locations("AU", login="IR"))
    facts = answered(paid)
    assert decide(facts, PACK).outcome == "ALLOW"
    for other in (
        Locations("AU", login="CU"),
        Locations("AU", ip="IR"),
        Locations("AU", login="IR", login_network="tor"),
    ):
        assert codes(decide(replace(facts, provider_locations=other), PACK)) == {"provider_seen_in_embargo"}
