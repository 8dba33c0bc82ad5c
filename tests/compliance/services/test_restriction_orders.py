"""Restrictions that an officer orders: at once, confirmed by another, and over on the day that both agreed on."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.base.clock import ManualClock, now
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.base.sealing import SubjectErased
from compliance.models import Case, Party, Restriction
from compliance.selectors.restrictions import RestrictionFilters, is_restricted, restrictions_found, state_of
from compliance.services import restrictions
from compliance.services.officers import FourEyesRequired
from compliance.services.restriction_orders import AlreadyRestricted, Order, confirm, order, sweep_orders
from tests.factories.compliance import OFFICER, SECOND_OFFICER

SWEEPER = system("tests")
FREEZING = Order(
    reason_code="COURT_ORDER", basis="LAW", reason="The court froze its assets.", citation="Order 12-cv-3, 2026-11-20"
)


def register(name: str, country: str) -> Party:
    return Party.objects.create(kind=Party.Kind.ENTITY, name=name, country=country)


@pytest.fixture
def party(db, clock: ManualClock) -> Party:
    return register("Lion City Labs Pte Ltd", "SG")


def reloaded(row: Restriction) -> Restriction:
    return Restriction.objects.get(pk=row.pk)


def test_an_order_freezes_at_once_and_another_officer_confirms_it(party: Party):
    row = order(party.pk, FREEZING, actor=OFFICER)
    assert is_restricted(party.pk)
    assert (state_of(row), row.citation, row.target_kind) == ("to_confirm", "Order 12-cv-3, 2026-11-20", "party")
    with pytest.raises(FourEyesRequired):
        confirm(row.pk, actor=OFFICER)
    assert state_of(confirm(row.pk, actor=SECOND_OFFICER)) == "live"
    with pytest.raises(Conflict, match="confirmed it already"):
        confirm(row.pk, actor=SECOND_OFFICER)
    told = AuditEvent.objects.filter(subject_id=str(row.pk)).order_by("id")
    assert [event.event for event in told] == ["party.restricted", "restriction.ordered", "restriction.confirmed"]
    assert "froze" not in str([event.data for event in told]), "the words stay out of the log"


def test_only_officers_order_and_only_about_whom_there_is(party: Party):
    for nobody in (SWEEPER, replace(OFFICER, roles=frozenset())):
        with pytest.raises(Forbidden):
            order(party.pk, FREEZING, actor=nobody)
    with pytest.raises(NotFound):
        order(uuid4(), FREEZING, actor=OFFICER)
    Party.objects.filter(pk=party.pk).update(erased_at=now())
    with pytest.raises(SubjectErased):
        order(party.pk, FREEZING, actor=OFFICER)
    assert not Restriction.objects.exists()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("reason", {"reason": " "}),
        ("reason", {"reason": "x" * 401}),
        ("citation", {"citation": ""}),
        ("reason_code", {"reason_code": "BECAUSE"}),
        ("basis", {"basis": "RUMOUR"}),
        ("kind", {"kind": "melt"}),
        ("basis", {"kind": "blocked", "basis": "POLICY"}),
        ("target_ref", {"target_kind": "galaxy"}),
    ],
)
def test_an_order_that_does_not_say_on_what_it_rests_is_refused(party: Party, field: str, changes: dict[str, str]):
    with pytest.raises(InvalidInput) as refused:
        order(party.pk, replace(FREEZING, **changes), actor=OFFICER)
    assert field in refused.value.extra["errors"]
    assert not Restriction.objects.exists()


def test_an_end_lies_ahead_and_never_bounds_blocked_property(party: Party):
    for changes in ({"ends_at": now()}, {"kind": "blocked", "ends_at": now() + timedelta(days=1)}):
        with pytest.raises(InvalidInput) as refused:
            order(party.pk, replace(FREEZING, **changes), actor=OFFICER)
        assert "ends_at" in refused.value.extra["errors"]


def test_the_same_again_is_refused_and_another_reason_is_not(party: Party):
    order(party.pk, FREEZING, actor=OFFICER)
    with pytest.raises(AlreadyRestricted):
        order(party.pk, FREEZING, actor=SECOND_OFFICER)
    order(party.pk, replace(FREEZING, reason_code="FRAUD", basis="POLICY"), actor=SECOND_OFFICER)
    assert Restriction.objects.count() == 2


def test_it_ends_on_its_day_once_confirmed_and_not_before(party: Party, clock: ManualClock):
    row = order(party.pk, replace(FREEZING, ends_at=now() + timedelta(days=10)), actor=OFFICER)
    confirm(row.pk, actor=SECOND_OFFICER)
    clock.advance(days=9)
    sweep_orders(actor=SWEEPER)
    assert is_restricted(party.pk)
    clock.advance(days=2)
    assert [sweep_orders(actor=SWEEPER) for _ in range(2)] == [1, 0]
    assert not is_restricted(party.pk)
    assert state_of(reloaded(row)) == "expired"
    assert AuditEvent.objects.get(event="party.restriction_expired").actor == SWEEPER.ref


def test_what_nobody_confirmed_has_no_end_but_a_case(party: Party, clock: ManualClock):
    row = order(party.pk, replace(FREEZING, ends_at=now() + timedelta(hours=30)), actor=OFFICER)
    clock.advance(hours=23)
    assert sweep_orders(actor=SWEEPER) == 0
    clock.advance(hours=24)
    assert [sweep_orders(actor=SWEEPER) for _ in range(2)] == [1, 0]
    assert is_restricted(party.pk)
    alarm = Case.objects.get(kind=Case.Kind.RESTRICTION_DUE)
    assert (alarm.subject_id, alarm.party) == (row.pk, None)
    confirm(row.pk, actor=SECOND_OFFICER)
    alarm.refresh_from_db()
    assert alarm.state == Case.State.CLOSED
    assert sweep_orders(actor=SWEEPER) == 1
    assert state_of(reloaded(row)) == "expired"


def test_it_falls_before_its_day_by_two_and_a_proposal_can_be_taken_back(party: Party):
    row = order(party.pk, FREEZING, actor=OFFICER)
    with pytest.raises(restrictions.LiftNotProposed):
        restrictions.keep(row.pk, actor=OFFICER)
    restrictions.propose_lift(row.pk, "The order was withdrawn.", actor=OFFICER)
    assert state_of(reloaded(row)) == "to_lift"
    restrictions.keep(row.pk, actor=SECOND_OFFICER)
    assert state_of(reloaded(row)) == "to_confirm"
    restrictions.propose_lift(row.pk, "The order was withdrawn.", actor=OFFICER)
    with pytest.raises(FourEyesRequired):
        restrictions.lift(row.pk, actor=OFFICER)
    restrictions.lift(row.pk, actor=SECOND_OFFICER)
    assert state_of(reloaded(row)) == "lifted"
    with pytest.raises(NotFound):
        confirm(row.pk, actor=SECOND_OFFICER)


@pytest.mark.parametrize(
    "changes",
    [
        {"confirmed_by": OFFICER.ref},
        {"expired": True},
        {"expired": True, "lifted_by": SECOND_OFFICER.ref, "lift_proposed_by": OFFICER.ref},
    ],
)
def test_the_database_refuses_what_two_did_not_agree_to(party: Party, changes: dict[str, object]):
    row = order(party.pk, replace(FREEZING, ends_at=now() + timedelta(days=1)), actor=OFFICER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Restriction.objects.filter(pk=row.pk).update(lifted_at=now() + timedelta(days=2), **changes)
    assert is_restricted(party.pk)


def test_restrictions_are_found_by_state_kind_origin_and_words(party: Party):
    other = register("Tiger Systems Ltd", "GB")
    mine = order(party.pk, FREEZING, actor=OFFICER)
    theirs = restrictions.impose(other.pk, "STRONG_MATCH", actor=SWEEPER, kind="blocked")
    found = {
        (state, kind, text): {row.pk for row in restrictions_found(RestrictionFilters(state, kind, "", text))}
        for state, kind, text in (("live", "", ""), ("lifted", "", ""), ("", "blocked", ""), ("", "", "12-CV"),
                                  ("", "", "tiger"), ("", "", str(party.pk)), ("", "", str(theirs.pk)))
    }  # fmt: skip
    assert list(found.values()) == [
        {mine.pk, theirs.pk}, set(), {theirs.pk}, {mine.pk}, {theirs.pk}, {mine.pk}, {theirs.pk},
    ]  # fmt: skip
    assert not restrictions_found(RestrictionFilters(origin="case")).exists()
