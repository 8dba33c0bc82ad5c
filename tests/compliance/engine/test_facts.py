"""Facts go into JSON and back, and nothing else passes for them."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from compliance.engine.facts import Facts, Malformed, OwnershipEdgeFacts
from tests.compliance.engine.world import BRISBANE, NOW, edge, entity, finding, hit, lease, wallet_hit


def full() -> Facts:
    return lease(
        parties=(entity("owner"),),
        edges=(edge("owner", "renter", 10, 20),),
        hits=(hit("owner", features=("a", "b")),),
        wallet_hits=(wallet_hit(),),
        findings=(finding("renter", "x", "y"),),
        training=True,
        amount_minor=5,
    )


def test_facts_survive_json():
    facts = full()
    assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts
    assert Facts.from_json(json.loads(facts.canonical())).canonical() == facts.canonical()


def test_every_fact_changes_the_digest():
    facts = full()
    assert replace(facts, node_region="x").digest() != facts.digest()
    assert replace(facts, hits=()).digest() != facts.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "party"},
        {"as_of": "2026-11-24T00:00:00"},
        {"as_of": "yesterday"},
        {"as_of": 3},
        {"surprise": 1},
        {"hits": {}},
        {"hits": [{"party_id": "x"}]},
        {"renter": "someone"},
        {"wallet_screened": "yes"},
        {"amount_minor": True},
        {"end_use_kind": "mining"},
        {"edges": [{"owner_id": "a", "owned_id": "b", "share_min": "60", "share_max": "50"}]},
    ],
)
def test_malformed_facts_are_refused(change):
    with pytest.raises(Malformed):
        Facts.from_json({**full().to_json(), **change})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: hit("renter", strength="Strong"), "strong or weak"),
        (lambda: hit("renter", strength=""), "strong or weak"),
        (lambda: entity("renter", "ir"), "country must be a two-letter code"),
        (lambda: entity("renter", "IRN"), "country must be a two-letter code"),
        (lambda: entity("renter", "ZZ"), "country must be a two-letter code"),
        (lambda: entity("renter", headquarters_country="cn"), "headquarters_country"),
        (lambda: lease(node_country="Iran"), "node_country"),
        (lambda: lease(rail="chain"), "balance, card, escrow"),
        (lambda: entity(" "), "must have an id"),
        (lambda: replace(entity("renter"), kind="robot"), "person or entity"),
        (lambda: replace(entity("renter"), kind=""), "person or entity"),
        (lambda: replace(BRISBANE, radius_km=20_000), "a wider circle is no place"),
        (lambda: replace(BRISBANE, radius_km=float("nan")), "between 0 and 5000 km"),
        (lambda: replace(BRISBANE, latitude=None), "a latitude and a longitude, or neither"),
        (lambda: replace(BRISBANE.round_trips[0], rounds=0), "at least one round"),
        (lambda: replace(BRISBANE.round_trips[0], microseconds=0), "takes some time"),
        (lambda: lease(parties=(entity("owner"), entity("owner", "IR"))), "owner stands twice"),
        (lambda: lease(parties=(entity("renter", "IR"),)), "renter stands twice"),
    ],
)
def test_words_that_no_rule_knows_are_refused(make, told):
    with pytest.raises(Malformed, match=told):
        make()


def test_kosovo_and_nothing_at_all_are_countries_that_facts_may_have():
    assert lease(renter=entity("renter", "XK"), node_country="").renter.country == "XK"


@pytest.mark.parametrize("shares", [("x", "1"), ("-1", "1"), ("0", "101"), ("NaN", "NaN"), ("0", "Infinity")])
def test_a_share_is_an_interval_of_percent(shares):
    with pytest.raises(Malformed):
        OwnershipEdgeFacts("a", "b", *shares)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(Malformed):
        Facts("lease", datetime(2026, 1, 1))
    assert Facts("lease", NOW).lists == ()
