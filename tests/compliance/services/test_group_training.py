"""Training by a group: what a sister holds beside the lease counts with it, and what is declared is held against it."""

from dataclasses import replace

import pytest

from compliance.base.actor import Actor
from compliance.selectors.groups import group_of
from compliance.services import clearances, gate, parties
from tests.factories.compliance import company, lease_request, owner, verified_company

pytestmark = pytest.mark.django_db
ACTOR = Actor("user", "renter", "A renter")
NUMBER = "91110108MA01 23456X"
LEI = "549300SAMPLEHOLDIN30"  # made up; only its check digits are right


@pytest.fixture
def provider():
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def sisters(alice):
    """Two companies of Singapore under one parent in Beijing."""
    parent = parties.register_party(company("Jingchu Deep Systems Co Ltd", "CN"), actor=alice)
    parties.declare_ownership(parent.pk, [owner(company("Founder Co", "CN"), 40)], True, actor=alice)
    return [verified_company(f"Sister {n} Pte Ltd", "SG", (owner(parent.pk, 100),)) for n in "AB"]


def asked(renter, provider, count, **more):
    request = lease_request(renter, provider, "rtx-3090", gpu_count=count, **{"end_use": "Films", **more})
    return gate.evaluate(request, actor=ACTOR)


def reasons(decision):
    return {each["code"]: each for each in decision.reasons if each["code"] != "list_stale"}


def test_what_a_sister_holds_now_counts_at_once_with_the_lease(sisters, provider, clock):
    one, other = sisters
    assert asked(one, provider, 30, end_use_kind="training").outcome == "ALLOW"  # a total TPP of 68,160
    assert asked(other, provider, 14, end_use_kind="training").outcome == "ALLOW"  # 99,968 with it
    clock.advance(minutes=5)
    last = asked(other, provider, 1, end_use_kind="training")
    reason = reasons(last)["training_at_scale"]
    assert (last.outcome, reason["kind"]) == ("REVIEW", "RED_FLAG")
    assert "a total TPP of 102240" in reason["sentence"]
    assert "group_gpus_at_once=44" in reason["evidence"]
    (used,) = last.facts["group_use"]
    assert (used["gpus_at_once"], used["tpp_at_once"], last.facts["training"]) == (44, "99968", True)
    assert gate.replay(last.pk)


def test_a_sisters_lease_that_ended_counts_no_more_at_once(sisters, provider, clock):
    one, other = sisters
    stopped = gate.require(lease_request(one, provider, "rtx-3090", gpu_count=30, end_use_kind="training"), actor=ACTOR)
    assert asked(other, provider, 30, end_use_kind="training").outcome == "REVIEW"
    clock.advance(minutes=1)
    clearances.revoke([stopped], "test", actor=ACTOR)
    clock.advance(minutes=1)
    assert asked(other, provider, 30, end_use_kind="training").outcome == "ALLOW"


def test_an_answer_that_is_missing_is_asked_for_only_where_a_rule_needs_it(sisters, provider, alice):
    one, _ = sisters
    honest = verified_company("Tanglin Labs Pte Ltd", "SG")
    assert asked(honest, provider, 64).outcome == "ALLOW"  # whoever is headquartered elsewhere need not tell
    assert asked(one, provider, 44).outcome == "ALLOW"  # below the scale nobody need
    untold = asked(honest, provider, 1)
    assert "end_use_kind" not in untold.facts  # as before there was the question
    assert untold.facts["training"] is None
    last = asked(one, provider, 64)
    assert last.outcome == "REVIEW"
    reason = reasons(last)["training_at_scale"]
    assert "does not tell whether it trains a model" in reason["sentence"]
    assert "whether an AI model is trained" in reason["next_step"]
    assert next(each for each in last.checks if each["code"] == "training_at_scale")["state"] == "unknown"


@pytest.mark.parametrize(
    ("kind", "words", "outcome"),
    [
        ("no_model", "Rendering of films", "ALLOW"),
        ("inference", "Answering questions", "ALLOW"),
        ("no_model", "Training of a language model", "REVIEW"),
        ("fine_tuning", "Rendering of films", "REVIEW"),
        ("training", "Rendering of films", "REVIEW"),
        ("", "Training of a language model", "REVIEW"),
    ],
)
def test_what_is_declared_and_what_is_written_have_to_agree(sisters, provider, kind, words, outcome):
    assert asked(sisters[0], provider, 64, end_use_kind=kind, end_use=words).outcome == outcome


def test_a_renewal_is_asked_with_the_same_answer(sisters, provider, clock):
    one, other = sisters
    request = lease_request(one, provider, "rtx-3090", gpu_count=30, end_use_kind="training", end_use="Films")
    first = gate.evaluate(request, actor=ACTOR)
    assert gate.request_of(first, node_id=request.node_id).end_use_kind == "training"
    assert asked(other, provider, 14, end_use_kind="training").outcome == "ALLOW"
    clock.advance(minutes=30)
    assert gate.evaluate(replace(request, purpose="renewal"), actor=ACTOR).outcome == "ALLOW"


def test_a_parent_that_two_sisters_named_each_for_itself_is_one(alice, provider):
    """By the number in its register, however it is written; by its LEI; and never by its name."""

    def sister(title, **parent):
        above = company(**{"name": "Jingchu Co Ltd", "country": "CN", **parent})
        return verified_company(title, "SG", (owner(above, 100),))

    one = sister("Sister A Pte Ltd", registration_number=NUMBER)
    other = sister("Sister B Pte Ltd", name="Jingchu Systems", registration_number="91110108-ma0123456x", lei=LEI)
    third = sister("Sister C Pte Ltd", name="Jing Chu", lei=LEI)
    strangers = [
        sister("Sister D Pte Ltd"),
        sister("Sister E Pte Ltd", country="TW", registration_number=NUMBER),
        sister("Sister F Pte Ltd", registration_number="--"),
        sister("Sister G Pte Ltd", registration_number="- -"),
    ]
    group = set(group_of(one.pk))
    assert {one.pk, other.pk, third.pk} <= group
    assert not group & {each.pk for each in strangers}
    assert all(len(group_of(each.pk)) == 2 for each in strangers)
    assert asked(one, provider, 30, end_use_kind="training").outcome == "ALLOW"
    assert asked(third, provider, 30, end_use_kind="training").outcome == "REVIEW"
