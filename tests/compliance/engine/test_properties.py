"""What must hold for all facts: more against a party never helps it, less known never helps it, replays are equal."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.decide import decide
from compliance.engine.facts import EndUser, Facts, Locations, NodePlace, RoundTrip
from compliance.engine.outcome import SEVERITY
from tests.compliance.engine.world import H100, LISTS, NOW, PACK, RTX_3090, edge, entity, hit, lease, person

COUNTRIES = st.sampled_from(["SG", "AU", "CN", "HK", "IR", "UA", "RU", "CH", ""])
HITS = st.builds(
    lambda party, strength, blocked, authority, programme, cleared: hit(
        party, strength=strength, blocked=blocked, authority=authority, programmes=(programme,), cleared=cleared
    ),
    st.sampled_from(["renter", "provider", "owner", "holding"]),
    st.sampled_from(["strong", "weak"]),
    st.booleans(),
    st.sampled_from(["OFAC", "UN", "BIS", "STATE"]),
    st.sampled_from(["EL", "MEU", "UVL", "X"]),
    st.booleans(),
)


NETWORK = st.sampled_from(["", "isp", "hosting", "vpn", "tor"])
SYDNEY = RoundTrip("Sydney", -33.87, 151.21, 14_000, 12, NOW)
BRISBANE = NodePlace("Brisbane", -27.47, 153.03, 50, 2, (SYDNEY,))
UNMEASURED = replace(BRISBANE, round_trips=())
IMPOSSIBLE = replace(BRISBANE, round_trips=(RoundTrip("Singapore", 1.35, 103.82, 9_000, 12, NOW),))


@st.composite
def any_facts(draw):
    shares = [sorted((draw(st.integers(0, 100)), draw(st.integers(0, 100)))) for _ in range(2)]
    country = draw(COUNTRIES)
    renter = draw(
        st.sampled_from(
            [
                entity("renter", country),
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
        locations=draw(
            st.builds(
                Locations, st.just("SG"), COUNTRIES, COUNTRIES, document=COUNTRIES, ip_network=NETWORK, login=COUNTRIES
            )
        ),
        node_place=draw(st.sampled_from([None, BRISBANE, UNMEASURED, IMPOSSIBLE])),
    )


def severity(facts: Facts) -> int:
    return SEVERITY[decide(facts, PACK).outcome]


@settings(max_examples=150, deadline=None)
@given(any_facts(), HITS)
def test_another_hit_never_helps(facts, more):
    assert severity(replace(facts, hits=(*facts.hits, more))) >= severity(facts)


@settings(max_examples=80, deadline=None)
@given(any_facts())
def test_what_is_not_known_never_helps_against_a_harmless_fact(facts):
    """Each fact present and harmless, against the same fact missing."""
    harmless = replace(
        facts,
        node_country="AU",
        end_user=EndUser("self"),
        end_use="research",
        lists=LISTS,
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
        replace(harmless, chips=(replace(harmless.chips[0], figures=None),)),
    ]
    base = replace(harmless, chips=(replace(harmless.chips[0], figures=RTX_3090),))
    for poorer in missing[:-1]:
        assert severity(poorer) >= severity(harmless)
    assert severity(missing[-1]) >= severity(base)


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
