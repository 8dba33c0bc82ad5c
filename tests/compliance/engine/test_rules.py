"""Each rule with what trips it, and beside it what just does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from compliance.engine.decide import decide
from compliance.engine.facts import ChipRequest, EndUser, ListState, Locations
from tests.compliance.engine.world import (
    H100,
    LISTS,
    NOW,
    PACK,
    RTX_3090,
    codes,
    edge,
    entity,
    finding,
    hit,
    lease,
    person,
    wallet_hit,
)


def ask(facts):
    return decide(facts, PACK)


def test_an_honest_lease_is_allowed_and_every_check_is_told():
    outcome = ask(lease())
    assert outcome.outcome == "ALLOW"
    assert outcome.reasons == ()
    assert {check.state for check in outcome.checks} == {"passed"}
    chips = next(check for check in outcome.checks if check.code == "chips")
    assert "TPP = 1979 dense TOPS x 8 bit = 15832" in chips.detail


BAD = {
    "facts_incomplete": (lease(chips=()), lease(), "DENY"),
    "same_party": (lease(provider=entity("renter")), lease(), "DENY"),
    "list_missing": (lease(lists=LISTS[:2]), lease(), "DENY"),
    "list_stale": (lease(lists=(*LISTS[:2], replace(LISTS[2], stale=True))), lease(), "REVIEW"),
    "party_not_screened": (lease(screened=("renter",)), lease(), "REVIEW"),
    "identity_level": (
        lease(RTX_3090, renter=entity("renter", kyc_level="individual")),
        lease(RTX_3090, renter=person("renter")),
        "DENY",
    ),
    "identity_expired": (
        lease(renter=entity("renter", kyc_expires_at=NOW)),
        lease(renter=entity("renter", kyc_expires_at=NOW + timedelta(seconds=1))),
        "DENY",
    ),
    "party_restricted": (lease(provider=entity("provider", "AU", restricted=True)), lease(), "DENY"),
    "owner_restricted": (
        lease(parties=(person("owner", restricted=True),)),
        lease(parties=(person("owner"),)),
        "REVIEW",
    ),
    "sanctions_listed": (lease(hits=(hit("renter"),)), lease(hits=(hit("renter", cleared=True),)), "DENY"),
    "un_listed": (lease(hits=(hit("provider", authority="UN"),)), lease(), "DENY"),
    "sanctions_possible_match": (
        lease(hits=(hit("renter", strength="weak"),)),
        lease(hits=(hit("renter", strength="weak", cleared=True),)),
        "REVIEW",
    ),
    "owner_listed": (
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 10),), hits=(hit("owner"),)),
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 10),)),
        "REVIEW",
    ),
    "ofac_50_percent": (
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 50),), hits=(hit("owner"),)),
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 50),)),
        "DENY",
    ),
    "ofac_50_percent_unresolved": (
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 40, 60),), hits=(hit("owner"),)),
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 40, 60),)),
        "REVIEW",
    ),
    "un_50_percent": (
        lease(parties=(person("owner"),), edges=(edge("owner", "renter", 50),), hits=(hit("owner", authority="UN"),)),
        lease(),
        "DENY",
    ),
    "export_list": (lease(hits=(hit("renter", blocked=False, authority="BIS", programmes=("EL",)),)), lease(), "DENY"),
    "unverified_list": (
        lease(hits=(hit("renter", blocked=False, authority="BIS", programmes=("UVL",)),)),
        lease(),
        "REVIEW",
    ),
    "other_list": (
        lease(hits=(hit("renter", blocked=False, authority="STATE", programmes=("DTC",)),)),
        lease(),
        "REVIEW",
    ),
    "wallet_listed": (
        lease(rail="escrow", wallet="0x1", wallet_screened=True, wallet_hits=(wallet_hit(),)),
        lease(rail="escrow", wallet="0x1", wallet_screened=True),
        "DENY",
    ),
    "wallet_missing": (lease(rail="escrow"), lease(rail="card"), "DENY"),
    "embargoed_country": (
        lease(RTX_3090, renter=entity("renter", "IR")),
        lease(RTX_3090, renter=entity("renter", "IQ")),
        "DENY",
    ),
    "embargoed_country_owner": (
        lease(parties=(person("owner", "KP"),)),
        lease(parties=(person("owner", "KR"),)),
        "REVIEW",
    ),
    "restricted_country": (
        lease(RTX_3090, renter=entity("renter", "RU")),
        lease(RTX_3090, renter=entity("renter", "RS")),
        "REVIEW",
    ),
    "embargoed_region": (
        lease(renter=entity("renter", "UA", region=" crimea ")),
        lease(renter=entity("renter", "UA", region="UA-30")),
        "DENY",
    ),
    "region_partly_embargoed": (
        lease(renter=entity("renter", "UA", region="UA-14")),
        lease(renter=entity("renter", "UA", region="UA-12")),
        "REVIEW",
    ),
    "region_unknown": (
        lease(renter=entity("renter", "UA")),
        lease(renter=entity("renter", "UA", region="UA-46")),
        "REVIEW",
    ),
    "headquarters": (lease(renter=entity("renter", "CN")), lease(RTX_3090, renter=entity("renter", "CN")), "DENY"),
    "parent_unknown": (
        lease(renter=entity("renter", ownership_complete=False)),
        lease(RTX_3090, renter=entity("renter", ownership_complete=False)),
        "REVIEW",
    ),
    "joint_headquarters": (
        lease(
            parties=(entity("one", "CN"), entity("two", "RU")),
            edges=(edge("one", "renter", 25), edge("two", "renter", 25)),
        ),
        lease(
            parties=(entity("one", "CN"), entity("two", "TW")),
            edges=(edge("one", "renter", 25), edge("two", "renter", 25)),
        ),
        "REVIEW",
    ),
    "end_user_place": (
        lease(end_user=EndUser("other", "Sample Institute", "CN")),
        lease(end_user=EndUser("other", "Sample Institute", "JP")),
        "DENY",
    ),
    "node_in_d5": (lease(node_country="CN"), lease(RTX_3090, node_country="CN"), "DENY"),
    "node_in_licence_country": (lease(node_country="AE"), lease(node_country="SG"), "REVIEW"),
    "end_user_undisclosed": (lease(end_user=None), lease(end_user=EndUser("self")), "REVIEW"),
    "end_user_other": (lease(end_user=EndUser("other", "Sample Institute", "JP")), lease(), "REVIEW"),
    "end_use_sensitive": (lease(end_use="Missile guidance"), lease(end_use="dismissiles"), "REVIEW"),
    "end_use_unknown": (lease(end_use=" "), lease(RTX_3090, end_use=" "), "REVIEW"),
    "training_at_scale": (
        lease(RTX_3090, renter=entity("renter", "CN"), training=True, chips=(ChipRequest("rtx-3090", 64, RTX_3090),)),
        lease(RTX_3090, renter=entity("renter", "CN"), training=True),
        "REVIEW",
    ),
    "location_unknown": (lease(locations=Locations("SG")), lease(locations=Locations("SG", card="SG")), "REVIEW"),
    "location_conflict": (
        lease(locations=Locations("SG", ip="CN")),
        lease(RTX_3090, locations=Locations("SG", ip="CN")),
        "REVIEW",
    ),
}


def test_an_older_card_points_where_a_newer_one_does_not_and_tells_nothing_good():
    bad = lease(locations=Locations("SG", ip="SG", card="SG", older_cards=("CN", "MY")))
    (reason,) = [reason for reason in ask(bad).reasons if reason.code == "location_conflict"]
    assert (reason.sentence[:13], reason.scope.partition(",")[0]) == ("An older card", "location:CN")
    assert "location_conflict" not in codes(ask(lease(RTX_3090, locations=bad.locations)))
    unknown = lease(locations=Locations("SG", older_cards=("SG",)))
    assert "location_unknown" in codes(ask(unknown))


@pytest.mark.parametrize("code", BAD)
def test_a_rule_trips_and_its_neighbour_does_not(code):
    bad, good, expected = BAD[code]
    tripped = ask(bad)
    reason = next(reason for reason in tripped.reasons if reason.code == code)
    assert reason.outcome == expected
    assert reason.sentence
    assert reason.renter_words
    assert reason.citation
    assert next(check for check in tripped.checks if check.code == code).state in ("failed", "unknown")
    assert code not in codes(ask(good))


def test_the_headquarters_refusal_cites_the_test_and_shows_its_working():
    facts = lease(
        parties=(entity("holding", "VG"), entity("parent", "CN")),
        edges=(edge("holding", "renter", 100), edge("parent", "holding", 100)),
    )
    (reason,) = ask(facts).reasons
    assert (reason.code, reason.outcome, reason.kind) == ("headquarters", "DENY", "POLICY")
    assert "15 CFR 742.6(a)(6)(iii)" in reason.citation
    assert "Parent Ltd, the ultimate parent of Renter Ltd, has its headquarters in China" in reason.sentence
    assert "Performance density = 15832 / 814 mm2 = 19.45" in reason.evidence
    assert "Parent Ltd holds 100 % of Holding Ltd" in reason.evidence
    assert any("case by case (91 FR 1684)" in line for line in reason.evidence)
    assert ask(replace(facts, chips=(ChipRequest("rtx-3090", 2, RTX_3090),))).outcome == "ALLOW"


def test_an_unknown_chip_counts_as_controlled():
    assert codes(ask(lease(None, renter=entity("renter", "CN")))) == {"headquarters"}
    assert ask(lease(None)).outcome == "ALLOW"


def test_a_person_is_never_asked_for_headquarters():
    assert codes(ask(lease(renter=person("renter", "CN")))) == {"identity_level"}
    assert ask(lease(RTX_3090, renter=person("renter", "CN"))).outcome == "ALLOW"


def test_hong_kong_counts_as_china():
    assert codes(ask(lease(renter=entity("renter", "HK")))) == {"headquarters"}


def test_a_company_of_a_watched_country_with_headquarters_elsewhere_is_looked_at():
    assert codes(ask(lease(renter=entity("renter", "CN", headquarters_country="SG")))) == {"parent_unknown"}


def test_grace_after_expiry_only_outside_controlled_chips():
    late = entity("renter", kyc_expires_at=NOW - timedelta(days=29))
    assert ask(lease(RTX_3090, renter=late)).outcome == "ALLOW"
    assert codes(ask(lease(renter=late))) == {"identity_expired"}
    too_late = entity("renter", kyc_expires_at=NOW - timedelta(days=30))
    assert codes(ask(lease(RTX_3090, renter=too_late))) == {"identity_expired"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2025, 9, 28, 23, 59, tzinfo=UTC), False),
        (datetime(2025, 9, 29, tzinfo=UTC), True),
        (datetime(2025, 11, 9, 23, 59, tzinfo=UTC), True),
        (datetime(2025, 11, 10, tzinfo=UTC), False),
        (datetime(2026, 11, 9, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 10, tzinfo=UTC), True),
    ],
)
def test_the_affiliates_rule_follows_its_dates(at, expected):
    facts = lease(
        RTX_3090,
        as_of=at,
        parties=(entity("owner"),),
        edges=(edge("owner", "renter", 50),),
        hits=(hit("owner", blocked=False, authority="BIS", programmes=("EL",)),),
    )
    assert ("bis_affiliate" in codes(ask(facts))) is expected


def test_syria_by_date():
    before = lease(RTX_3090, as_of=datetime(2025, 6, 30, 12, tzinfo=UTC), renter=entity("renter", "SY"))
    after = replace(before, as_of=datetime(2025, 7, 1, tzinfo=UTC))
    assert "embargoed_country" in codes(ask(before))
    assert codes(ask(after)) == {"restricted_country"}


def test_a_possible_match_above_leaves_the_fifty_percent_question_open():
    facts = lease(
        parties=(person("owner"),), edges=(edge("owner", "renter", 60),), hits=(hit("owner", strength="weak"),)
    )
    assert codes(ask(facts)) == {"owner_possible_match", "ofac_50_percent_unresolved"}


def test_a_finding_answers_one_review_reason_of_one_party_while_it_lasts():
    open_question = lease(end_user=EndUser("undisclosed"))
    (reason,) = ask(open_question).reasons
    good = finding("renter", "end_user_undisclosed", reason.scope)
    assert ask(replace(open_question, findings=(good,))).outcome == "ALLOW"
    for wrong in (
        replace(good, expires_at=NOW),
        replace(good, subject_hash="another"),
        replace(good, scope="end_user:unknown"),
        replace(good, party_id="provider"),
        replace(good, code="end_user_other"),
    ):
        assert ask(replace(open_question, findings=(wrong,))).outcome == "REVIEW"


def test_who_is_on_the_unverified_list_and_another_is_refused_for_the_other():
    for programmes, expected in ((("UVL",), "REVIEW"), (("UVL", "EL"), "DENY"), (("EL",), "DENY")):
        named = hit("renter", blocked=False, authority="BIS", programmes=programmes)
        assert ask(lease(RTX_3090, hits=(named,))).outcome == expected


def test_a_finding_for_a_party_without_a_hash_answers_nothing():
    facts = lease(renter=entity("renter", subject_hash=""), end_user=EndUser("undisclosed"))
    blank = finding("renter", "end_user_undisclosed", "end_user:undisclosed", subject_hash="")
    assert ask(replace(facts, findings=(blank,))).outcome == "REVIEW"


def test_a_finding_never_lifts_a_refusal():
    refused = lease(hits=(hit("renter"),))
    (reason,) = ask(refused).reasons
    lifted = replace(refused, findings=(finding("renter", reason.code, reason.scope),))
    assert ask(lifted).outcome == "DENY"


def test_a_payout_asks_about_the_provider_and_not_about_chips():
    payout = lease(purpose="payout", renter=None, chips=(), end_user=None, end_use="")
    assert ask(payout).outcome == "ALLOW"
    assert codes(ask(replace(payout, hits=(hit("provider"),)))) == {"sanctions_listed"}
    assert codes(ask(replace(payout, provider=None))) == {"payee_missing"}


def test_a_deposit_needs_its_payer_and_its_wallet():
    wallet = {"wallet": "0x1", "wallet_screened": True, "wallet_proven_at": NOW}
    deposit = lease(purpose="deposit", rail="escrow", provider=None, chips=(), **wallet)
    assert ask(deposit).outcome == "ALLOW"
    assert codes(ask(replace(deposit, wallet=""))) == {"wallet_missing"}
    assert codes(ask(replace(deposit, wallet_screened=False))) == {"wallet_missing"}
    assert codes(ask(replace(deposit, wallet_proven_at=None))) == {"wallet_unproven"}
    assert codes(ask(replace(deposit, renter=None))) >= {"payer_missing"}


def test_a_list_that_was_never_loaded_has_no_version():
    assert "list_missing" in codes(ask(lease(lists=(*LISTS[:2], ListState("us_csl", "")))))


def test_h100_is_what_the_honest_lease_asks_for():
    assert lease().chips[0].figures == H100


def test_an_owner_of_whom_nothing_is_known_is_looked_at_whatever_is_held():
    known = lease(RTX_3090, parties=(person("owner"),), edges=(edge("owner", "renter", 100),))
    assert decide(known, PACK).outcome == "ALLOW"
    nobody = replace(known, parties=(), screened=("owner", "provider", "renter"))
    for share in (1, 100):
        outcome = decide(replace(nobody, edges=(edge("owner", "renter", share),)), PACK)
        assert (outcome.outcome, codes(outcome)) == ("REVIEW", {"party_not_screened"})
    (reason,) = outcome.reasons
    assert reason.party_id == ""  # so no finding about another party answers it


def test_a_place_that_the_renter_only_declares_is_a_place_of_the_deal():
    iran, china = Locations("IR", ip="SG", login="IR", card="IR", document="IR"), Locations("CN", ip="SG", login="CN")
    assert "embargoed_country" in codes(decide(lease(RTX_3090, locations=iran), PACK))
    assert codes(decide(lease(locations=china), PACK)) == {"location_conflict"}
    assert codes(decide(lease(RTX_3090, locations=china), PACK)) == set()


def test_a_strength_that_no_rule_knows_counts_as_strong():
    found = hit("renter")
    object.__setattr__(found, "strength", "certain")  # as if a later version had stored it
    assert "sanctions_listed" in codes(decide(lease(RTX_3090, hits=(found,)), PACK))


def test_a_rail_that_is_not_told_is_taken_for_the_chain():
    assert codes(decide(lease(RTX_3090, rail=""), PACK)) == {"wallet_missing"}
