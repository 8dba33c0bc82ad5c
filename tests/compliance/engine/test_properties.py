"""What must hold for all facts: more against a party never helps it, less known never helps it, replays are equal."""

import json
from dataclasses import replace
from decimal import Decimal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from compliance.engine import end_uses
from compliance.engine.decide import decide
from compliance.engine.facts import EndUser, Facts, GroupUse, Locations, RoundTrip
from compliance.engine.outcome import SEVERITY
from tests.compliance.engine.world import (
    BRISBANE,
    H100,
    IDLE,
    LISTS,
    NOW,
    PACK,
    RTX_3090,
    edge,
    entity,
    hit,
    lease,
    person,
)

COUNTRIES = st.sampled_from(["SG", "AU", "CN", "HK", "IR", "UA", "RU", "CH", ""])
HITS = st.builds(
    lambda party, strength, blocked, authority, programme, cleared: hit(
        party, strength=strength, blocked=blocked, authority=authority, programmes=(programme,), cleared=cleared
    ),
    st.sampled_from(["renter", "provider", "owner", "holding"]),
    st.sampled_from(["strong", "weak"]),
    st.booleans(),
    st.sampled_from(["OFAC", "UN", "BIS", "STATE", "EU", "UK", "CH"]),
    st.sampled_from(["EL", "MEU", "UVL", "SSI", "UKRAINE-EO13662", "CMIC", "RUSSIA-EO14024", "X"]),
    st.booleans(),
)


NETWORK = st.sampled_from(["", "isp", "hosting", "vpn", "tor"])
PAYS = {"rail": "escrow", "wallet": "0x1", "wallet_screened": True, "wallet_proven_at": NOW}
WALLETS = ({}, PAYS, {**PAYS, "wallet": ""}, {**PAYS, "wallet_screened": False}, {**PAYS, "wallet_proven_at": None})
USES = (
    (IDLE,),
    (),
    (GroupUse(90, 4, 30, 10**9, 0, "1e20", "2e23", "145408", 64),),
    (GroupUse(90, 4, 30, 10**9, 0, "1e20", "2e24", "1e7", 640),),
    (GroupUse(30, 1, 0, 0, 0, "0", "0"),),
)
END_USES = ("protein folding", "Training of a language model", "")
ADDRESSES = ("", "Sample Street 5, Kyiv 03151", "Hotel Yalta, Kyiv 01001", "Sevastopol")
KYIV = {"region": "UA-30", "address": "Sample Street 5, Kyiv 03151"}
LONDON = RoundTrip("London", 51.51, -0.13, 400_000, 12, NOW)
UNMEASURED = replace(BRISBANE, round_trips=())
IMPOSSIBLE = replace(BRISBANE, round_trips=(RoundTrip("Singapore", 1.35, 103.82, 9_000, 12, NOW),))


@st.composite
def any_facts(draw):
    shares = [sorted((draw(st.integers(0, 100)), draw(st.integers(0, 100)))) for _ in range(2)]
    country = draw(COUNTRIES)
    place = {"region": draw(st.sampled_from(["", "UA-30", "UA-43"])), "address": draw(st.sampled_from(ADDRESSES))}
    renter = draw(
        st.sampled_from(
            [
                entity("renter", country, **place),
                entity("renter", country, ownership_complete=False, kyc_level="individual"),
                person("renter", country),
            ]
        )
    )
    return lease(
        draw(st.sampled_from([H100, RTX_3090, None])),
        renter=renter,
        parties=(person("owner", draw(COUNTRIES)), entity("holding", draw(COUNTRIES))),
        edges=(edge("owner", "holding", *shares[0]), edge("holding", "renter", *shares[1])),
        hits=tuple(draw(st.lists(HITS, max_size=3))),
        node_country=draw(COUNTRIES),
        lists=draw(st.sampled_from([LISTS, LISTS[:1]])),
        end_user=draw(st.sampled_from([None, EndUser("self"), EndUser("undisclosed"), EndUser("other", "X", "JP")])),
        training=draw(st.sampled_from([None, True, False])),
        end_use=draw(st.sampled_from(END_USES)),
        end_use_kind=draw(st.sampled_from(["", *end_uses.KINDS])),
        group_use=draw(st.sampled_from(USES)),
        **draw(st.sampled_from(WALLETS)),
        locations=draw(
            st.builds(
                Locations, st.just("SG"), COUNTRIES, COUNTRIES, document=COUNTRIES, ip_network=NETWORK, login=COUNTRIES
            )
        ),
        node_place=draw(st.sampled_from([None, BRISBANE, UNMEASURED, IMPOSSIBLE])),
    )


@st.composite
def honest_facts(draw):
    """A lease that is allowed, for a controlled chip or another, with an owner above a holding above the renter."""
    country = draw(st.sampled_from(["SG", "CH", "JP", "UA"]))
    place = KYIV if country == "UA" else {}
    share = draw(st.integers(51, 100))
    signs = Locations(country, country, country, document=country, ip_network="isp", login=country)
    return lease(
        draw(st.sampled_from([H100, RTX_3090])),
        renter=entity("renter", country, **place),
        provider=entity("provider", draw(st.sampled_from(["AU", "JP"]))),
        parties=(
            person("owner", draw(st.sampled_from(["SG", "CH"]))),
            entity("holding", draw(st.sampled_from(["SG"]))),
        ),
        edges=(edge("owner", "holding", 100), edge("holding", "renter", share)),
        hits=tuple(replace(each, cleared=True) for each in draw(st.lists(HITS, max_size=2))),
        end_use=draw(st.sampled_from(END_USES[:2])),
        training=draw(st.sampled_from([None, True, False])),
        locations=replace(signs, login_network="isp", ip_region=place.get("region", ""), login_region=""),
        node_place=BRISBANE,
        **draw(st.sampled_from(WALLETS[:2])),
    )


def severity(facts: Facts) -> int:
    return SEVERITY[decide(facts, PACK).outcome]


# Facts at random are nearly never allowed, so half of them are honest ones (test_every_fact.py goes on from there).
EITHER = st.one_of(honest_facts(), any_facts())


@settings(max_examples=150, deadline=None)
@given(EITHER, HITS)
def test_another_hit_never_helps(facts, more):
    before = severity(facts)
    event(f"severity before: {before}")
    assert severity(replace(facts, hits=(*facts.hits, more))) >= before


@settings(max_examples=30, deadline=None)
@given(EITHER)
def test_what_is_not_known_never_helps_against_a_harmless_fact(facts):
    """Each fact present and harmless, against the same fact missing."""
    harmless = replace(
        facts,
        hits=(),  # else both sides are refused, and nothing is compared
        node_country="AU",
        end_user=EndUser("self"),
        end_use="research",
        lists=LISTS,
        **PAYS,
        training=False,
        end_use_kind=end_uses.NO_MODEL,
        group_use=(IDLE,),
        renter=replace(facts.renter, **(KYIV if facts.renter.country == "UA" else {"region": "", "address": ""})),
        locations=Locations("SG", "SG", "SG", document="SG", ip_network="isp", login="SG", login_network="isp"),
        node_place=BRISBANE,
    )
    signs = harmless.locations
    missing = [
        replace(harmless, node_country=""),
        replace(harmless, end_user=None),
        replace(harmless, end_use=""),
        replace(harmless, lists=()),
        replace(harmless, screened=()),
        replace(harmless, provider=None),
        replace(harmless, locations=Locations("SG")),
        *(replace(harmless, locations=replace(signs, **{name: ""})) for name in ("ip", "card", "document", "login")),
        *(replace(harmless, locations=replace(signs, **{name: ""})) for name in ("ip_network", "login_network")),
        replace(harmless, node_place=UNMEASURED),
        replace(harmless, training=None),
        replace(harmless, training=None, end_use=END_USES[1]),
        replace(harmless, end_use_kind=""),
        replace(harmless, training=None, end_use_kind=""),
        replace(harmless, group_use=(replace(IDLE, tpp_at_once=""),)),
        replace(harmless, group_use=()),
        *(replace(harmless, **less) for less in WALLETS[2:]),
        replace(harmless, renter=replace(harmless.renter, address="")),
        replace(harmless, renter=replace(harmless.renter, region="")),
        replace(harmless, renter=replace(harmless.renter, region="", address="")),
        replace(harmless, chips=(replace(harmless.chips[0], figures=None),)),
    ]
    base = replace(harmless, chips=(replace(harmless.chips[0], figures=RTX_3090),))
    for poorer in missing[:-1]:
        assert severity(poorer) >= severity(harmless)
    assert severity(missing[-1]) >= severity(base)


@settings(max_examples=60, deadline=None)
@given(any_facts())
def test_who_does_not_say_what_it_computes_gets_no_more_than_who_gives_any_harmless_answer(facts):
    """Whatever its group has and had: no answer allows as little as each answer under which nothing is trained."""
    untold = replace(facts, training=None, end_use_kind="")
    for kind in (end_uses.NO_MODEL, end_uses.INFERENCE):
        assert severity(untold) >= severity(replace(facts, training=end_uses.trains(kind), end_use_kind=kind))


@settings(max_examples=60, deadline=None)
@given(any_facts(), st.sampled_from(USES[:1] + USES[2:4]), st.sampled_from(USES[:1] + USES[2:4]))
def test_more_in_the_group_never_helps(facts, one, other):
    less, more = sorted((one, other), key=lambda each: Decimal(each[0].operations))
    assert severity(replace(facts, group_use=more)) >= severity(replace(facts, group_use=less))


@settings(max_examples=40, deadline=None)
@given(any_facts())
def test_owners_who_are_not_known_never_help_against_harmless_ones(facts):
    """Holdings of unlisted people of Singapore, against the same with their shares, or themselves, not told."""
    harmless = replace(
        facts,
        parties=(person("owner"), entity("holding")),
        edges=(edge("owner", "holding", 100), edge("holding", "renter", 100)),
        hits=tuple(each for each in facts.hits if each.party_id in ("renter", "provider")),
        renter=replace(facts.renter, ownership_complete=True),
    )
    for poorer in without_owners(harmless):
        assert severity(poorer) >= severity(harmless)


def without_owners(facts: Facts) -> list[Facts]:
    """The facts with less known of who stands above the renter."""
    top, lower = facts.edges
    open_above = replace(facts.renter, ownership_complete=False)
    placeless = tuple(replace(party, country="", headquarters_country="") for party in facts.parties)
    return [
        replace(facts, edges=(top, replace(lower, share_min="0", share_max="100"))),
        replace(facts, edges=(replace(top, share_min="0"), replace(lower, share_min="0", share_max="100"))),
        replace(facts, edges=(), parties=(), renter=open_above),
        replace(facts, edges=(top,), renter=open_above),
        replace(facts, parties=placeless),
        replace(facts, parties=(replace(facts.parties[0], undisclosed="NO_NAME"), *facts.parties[1:])),
    ]


@settings(max_examples=25, deadline=None)
@given(honest_facts())
def test_an_honest_lease_is_allowed_and_nothing_that_a_rule_needs_may_lack(facts):
    assert severity(facts) == SEVERITY["ALLOW"]
    renter, provider = facts.renter, facts.provider
    lacking = {
        "end_user": replace(facts, end_user=None),
        "lists": replace(facts, lists=()),
        "screened": replace(facts, screened=()),
        "one screened": replace(facts, screened=facts.screened[1:]),
        "provider": replace(facts, provider=None),
        "renter": replace(facts, renter=None),
        "chips": replace(facts, chips=()),
        "group_use": replace(facts, group_use=()),
        "level": replace(facts, renter=replace(renter, kyc_level="")),
        "expiry": replace(facts, provider=replace(provider, kyc_expires_at=None)),
        "renter's country": replace(facts, renter=replace(renter, country="", headquarters_country="")),
        "provider's country": replace(facts, provider=replace(provider, country="", headquarters_country="")),
        "owners' countries": without_owners(facts)[4],
        "owner's name": without_owners(facts)[5],
        "node_country": replace(facts, node_country=""),
    }
    if facts.wallet:
        lacking |= {str(less): replace(facts, **less) for less in WALLETS[2:]}
    if renter.country == "UA":
        lacking["region"] = replace(facts, renter=replace(renter, region="", address=""))
    if facts.chips[0].figures == H100:
        lacking |= {
            "headquarters": replace(facts, renter=replace(renter, headquarters_country="")),
            "end_use": replace(facts, end_use=""),
            "every sign of place": replace(facts, locations=Locations("SG")),
            "node_place": replace(facts, node_place=None),
            "a measurement": replace(facts, node_place=UNMEASURED),
            "vantage points": replace(facts, node_place=replace(UNMEASURED, asked=0)),
            "a near vantage point": replace(facts, node_place=replace(BRISBANE, round_trips=(LONDON,))),
            "a known place": replace(facts, node_place=replace(BRISBANE, latitude=None, longitude=None)),
            **{f"owners {at}": each for at, each in enumerate(without_owners(facts)[:4])},
        }
    assert [name for name, poorer in lacking.items() if severity(poorer) == SEVERITY["ALLOW"]] == []


@settings(max_examples=40, deadline=None)
@given(honest_facts(), HITS.filter(lambda each: not each.cleared))
def test_any_open_match_of_anybody_stops_an_honest_lease(facts, more):
    assert severity(replace(facts, hits=(*facts.hits, more))) > SEVERITY["ALLOW"]


@settings(max_examples=80, deadline=None)
@given(any_facts(), st.sampled_from(["kyc_level", "headquarters_country", "kyc_expires_at"]))
def test_a_renter_about_whom_less_is_known_gets_no_more(facts, name):
    known = replace(entity("renter"), kind=facts.renter.kind)
    blank = None if name == "kyc_expires_at" else ""
    less = replace(known, **{name: blank})
    assert severity(replace(facts, renter=less)) >= severity(replace(facts, renter=known))


@settings(max_examples=100, deadline=None)
@given(any_facts())
def test_a_stored_decision_replays_to_the_same_bytes(facts):
    first = decide(facts, PACK)
    stored = json.loads(json.dumps(facts.to_json()))
    again = Facts.from_json(stored)
    assert again == facts
    assert again.digest() == facts.digest()
    assert decide(again, PACK).canonical() == first.canonical()
