"""From questions that are allowed, with one thing taken away or added at a time, for every field that facts have."""

from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from compliance.engine import end_uses
from compliance.engine.decide import decide
from compliance.engine.facts import EndUser, Facts, Locations
from compliance.engine.outcome import SEVERITY
from tests.compliance.engine.schema import every_field, missing, said, told, without
from tests.compliance.engine.troubles import HITS, TROUBLES, with_hit
from tests.compliance.engine.world import (
    H100,
    NOW,
    PACK,
    RTX_3090,
    edge,
    entity,
    finding,
    hit,
    lease,
    person,
)

SIGNS = Locations(
    "SG", ip="SG", card="SG", document="SG", ip_region="SG-01", ip_network="isp", login="SG", login_region="SG-01",
    login_network="isp",
)  # fmt: skip
ABOVE = {
    "parties": (person("owner", birth_date="1980-01-01"), entity("holding", aliases=("Holding Two",))),
    "edges": (edge("owner", "holding", 100), edge("holding", "renter", 60)),
}
PAYS = {"rail": "escrow", "wallet": "0x1", "wallet_screened": True, "wallet_proven_at": NOW}
USE = {
    "end_use_kind": end_uses.NO_MODEL, "training": False, "end_user": EndUser("other", "A Lab", "JP"),
    "seconds": 3600, "amount_minor": 500, "currency": "USD",
}  # fmt: skip
WHERE = {"node_id": "n1", "node_region": "AU-QLD", "node_city": "Brisbane", "locations": SIGNS}
KYIV = entity("renter", "UA", region="UA-30", address="Sample Street 5, Kyiv 03151")
UNDISCLOSED = lease(RTX_3090, end_user=EndUser("undisclosed"))
(QUESTION,) = decide(UNDISCLOSED, PACK).reasons
ANSWER = finding(QUESTION.party_id, QUESTION.code, QUESTION.scope)
CLEARED = hit("owner", cleared=True, programmes=("EL",), features=("name",), entry_hash="e1")
# Questions that are allowed, and between them say something in each field in which it does no harm.
ALLOWED = {
    "controlled chips by card": lease(H100, **ABOVE, **WHERE, **(USE | {"end_user": EndUser("self")})),
    "controlled chips from the chain": lease(H100, **ABOVE, **WHERE, **PAYS),
    "other chips by a renter of Kyiv": lease(RTX_3090, renter=KYIV, **ABOVE, **WHERE),
    "a renewal": lease(H100, purpose="renewal", **ABOVE, **WHERE),
    "a deposit": lease(purpose="deposit", chips=(), **ABOVE, **PAYS),
    "an answered question": replace(UNDISCLOSED, findings=(ANSWER,)),
    "a match of another": lease(RTX_3090, hits=(CLEARED,), **ABOVE),
    "a payout": lease(purpose="payout", chips=(), renter=None, provider_locations=SIGNS, **PAYS),
}
STRICTEST = "controlled chips by card"
GAPS = [(name, path, blank) for name, facts in ALLOWED.items() for path, blank in missing(facts)]

# What no harmless question says: it speaks against somebody, or it is a time, without which facts cannot be read.
ONLY_AGAINST = {
    "Facts.wallet_hits", "Facts.payment_risks", "Facts.suspensions", "ListState.stale", "Locations.older_cards",
    "PartyFacts.restricted", "PartyFacts.restrictions", "PartyFacts.undisclosed", "EndUser.country", "EndUser.name",
    "EndUser.hits",
    "ChipFigures.is_informed", "OwnershipEdgeFacts.direct", "GroupUse.controlled_gpu_seconds",
    "GroupUse.unknown_gpu_seconds", "GroupUse.leases", "GroupUse.gpus_at_once",
}  # fmt: skip
KINDS_AGAINST = ("WalletHit.", "PaymentRisk.", "SuspensionFacts.")
ALWAYS_TOLD = {
    "Facts.as_of", "RoundTrip.measured_at", "FindingFacts.expires_at", "OwnershipEdgeFacts.interest",
}  # fmt: skip
# Of a lease of controlled chips, what may lack without a word, each with why.
MAY_LACK = {
    "another fact tells it": {
        "locations.ip", "locations.card", "locations.document", "locations.login", "locations.declared",
        "locations.ip_network", "locations.ip_region", "locations.login_network", "locations.login_region",
        "end_use_kind", "training", "provider.headquarters_country", "node_region", "chips.slug",
    },
    "unknown chips count as controlled ones, and these are": {
        "chips.figures", "chips.figures.name", "chips.figures.dense_tops", "chips.figures.die_area_mm2",
        "chips.figures.datacenter", "chips.figures.dram_gbps",
    },
    "the owners that are told are all, or hold the half": {
        "edges", "edges.owned_id", "renter.ownership_complete", "provider.ownership_complete",
        "parties.ownership_complete",
    },
    "nobody who only stands above is verified": {"parties.kyc_level", "parties.kyc_expires_at"},
    "that it was screened is a fact of its own": {
        "renter.name", "provider.name", "parties.name", "parties.aliases", "parties.birth_date", "lists.fetched_at",
    },
    "it only binds officers' answers": {
        "renter.subject_hash", "provider.subject_hash", "parties.subject_hash", "node_id",
    },
    "it names or narrows, and what is left is stricter": {
        "node_city", "node_place.label", "node_place.radius_km", "node_place.round_trips.vantage",
        "group_use.parties", "group_use.tpp_at_once",
    },
    "no rule of the gate asks": {"amount_minor", "currency", "seconds"},
}  # fmt: skip


def severity(facts: Facts) -> int:
    return SEVERITY[decide(facts, PACK).outcome]


@pytest.mark.parametrize("name", ALLOWED)
def test_the_harmless_questions_are_allowed(name):
    assert decide(ALLOWED[name], PACK).outcome == "ALLOW"


def test_between_them_they_say_something_in_every_field_that_facts_have():
    """A new field of the facts fails here until a harmless question says it, or it is named as one that never is."""
    silent = every_field() - set().union(*map(told, ALLOWED.values()))
    assert {name for name in silent if not name.startswith(KINDS_AGAINST)} == ONLY_AGAINST | ALWAYS_TOLD


@pytest.mark.parametrize("name", TROUBLES)
def test_each_trouble_stops_a_lease_of_controlled_chips(name):
    least, laid_over = TROUBLES[name]
    assert severity(laid_over(ALLOWED[STRICTEST])) >= SEVERITY[least]


def test_of_a_lease_of_controlled_chips_only_what_is_named_may_lack():
    facts = ALLOWED[STRICTEST]
    lacking = set()
    for path, blank in missing(facts):
        less = without(facts, path, blank)
        if less is not None and severity(less) == SEVERITY["ALLOW"]:
            lacking.add(".".join(step for step in path if isinstance(step, str)))
    assert lacking == set().union(*MAY_LACK.values())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GAPS), st.sampled_from(sorted(TROUBLES)))
def test_a_missing_fact_never_allows_more_than_the_harmless_one(gap, trouble):
    """With something else against the question, or nothing: what the trouble is about is left alone."""
    name, path, blank = gap
    facts = TROUBLES[trouble][1](ALLOWED[name])
    matched = {each.party_id for each in facts.hits}
    if said(facts, path) != said(ALLOWED[name], path) or getattr(said(facts, path), "id", "") in matched:
        return
    less = without(facts, path, blank)
    before = decide(facts, PACK).outcome
    event(f"{before} -> {'refused' if less is None else decide(less, PACK).outcome}")
    assert less is None or severity(less) >= SEVERITY[before]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(ALLOWED)), st.sampled_from(sorted(TROUBLES)), HITS)
def test_another_match_never_helps_whatever_was_answered_before(name, trouble, more):
    facts = TROUBLES[trouble][1](ALLOWED[name])
    before, after = severity(facts), severity(with_hit(facts, more))
    event(f"{before} -> {after}")
    assert after >= max(before, SEVERITY["REVIEW"])
