"""The walls on compliance's side: what no service does, the database refuses to everybody."""

import logging
from datetime import timedelta
from uuid import uuid4

import pgtrigger
import pytest
from django.db import IntegrityError, connection, transaction

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import Forbidden
from compliance.base.walls import Immutable
from compliance.models import Clearance, Decision
from compliance.services import clearances, gate, restrictions, signing
from compliance.signals import clearances_revoked, party_restricted
from tests.factories.compliance import OFFICER, lease_request, verified_company

ACTOR = Actor("user", "renter")
pytestmark = pytest.mark.django_db


@pytest.fixture
def lion_city(db):
    return verified_company("Lion City Labs Pte Ltd", "SG")


@pytest.fixture
def provider(db):
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def clearance(lion_city, provider):
    return gate.require(lease_request(lion_city, provider), actor=ACTOR)


def copy_of(clearance, **changes):
    values = {field.attname: getattr(clearance, field.attname) for field in Clearance._meta.concrete_fields}
    return Clearance(**(values | {"id": uuid4()} | changes))


def insert_in_raw_sql(row):
    fields = Clearance._meta.concrete_fields
    columns = ", ".join(field.column for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO compliance_clearance ({columns}) VALUES ({marks})",
            [getattr(row, field.attname) for field in fields],
        )


@pytest.fixture
def denied(lion_city, provider):
    return gate.evaluate(lease_request(lion_city, provider, end_user={"kind": "undisclosed"}), actor=ACTOR)


def test_no_clearance_without_an_allow(clearance, denied):
    assert denied.outcome == "REVIEW"
    forged = copy_of(clearance, decision_id=denied.pk, subject_id=denied.subject_id)
    for deed in (lambda: insert_in_raw_sql(forged), lambda: forged.save(force_insert=True)):
        with pytest.raises(IntegrityError, match="ALLOW"), transaction.atomic():
            deed()


@pytest.mark.parametrize("column", ["subject_id", "renter_party_id", "provider_party_id", "purpose"])
def test_no_clearance_about_other_things_than_its_decision(clearance, lion_city, provider, column):
    other = gate.evaluate(lease_request(lion_city, provider), actor=ACTOR)
    allowed = Decision(**{f.attname: getattr(other, f.attname) for f in Decision._meta.concrete_fields})
    allowed.pk = uuid4()
    allowed.save(force_insert=True)
    wrong = {
        "subject_id": uuid4(),
        "renter_party_id": provider.pk,
        "provider_party_id": lion_city.pk,
        "purpose": "payout",
    }
    right = {"decision_id": allowed.pk, "subject_id": allowed.subject_id}
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_in_raw_sql(copy_of(clearance, **(right | {column: wrong[column]})))
    insert_in_raw_sql(copy_of(clearance, **right))


def test_pgtrigger_ignore_is_no_door(clearance, denied):
    forged = copy_of(clearance, decision_id=denied.pk, subject_id=denied.subject_id)
    with pgtrigger.ignore(), pytest.raises(IntegrityError), transaction.atomic():
        forged.save(force_insert=True)
    with pgtrigger.ignore(), pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=denied.pk).update(outcome="ALLOW")


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": clock.now() + timedelta(days=365)},
        {"gpu_count": 64},
        {"revoked_at": clock.now(), "wallet_address": "0x1"},
        {"revoked_reason": "x"},
    ],
)
def test_a_clearance_is_never_changed(clearance, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Clearance.objects.filter(pk=clearance.pk).update(**changes)


def test_a_revocation_is_for_good(clearance):
    assert clearances.revoke([clearance], "test", actor=OFFICER) == 1
    assert clearances.revoke([clearance], "again", actor=OFFICER) == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        Clearance.objects.filter(pk=clearance.pk).update(revoked_at=None)


def test_decisions_and_clearances_are_kept(clearance, denied):
    for query in (Clearance.objects.filter(pk=clearance.pk), Decision.objects.filter(pk=denied.pk)):
        with pytest.raises(IntegrityError), transaction.atomic():
            query._raw_delete(query.db)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=denied.pk).update(outcome="ALLOW")


def valid(clearance, **changes):
    asked = {"purpose": "lease", "subject_id": clearance.subject_id, "renter_party_id": clearance.renter_party_id}
    return clearances.ensure_valid(clearance.pk, **(asked | changes))


def test_a_live_clearance_is_valid_for_what_it_says(clearance, lion_city, clock):
    assert valid(clearance).pk == clearance.pk
    for changes in (
        {"purpose": "payout"},
        {"subject_id": uuid4()},
        {"renter_party_id": clearance.provider_party_id},
        {"provider_party_id": lion_city.pk},
    ):
        with pytest.raises(clearances.ClearanceInvalid):
            valid(clearance, **changes)
    with pytest.raises(clearances.ClearanceInvalid):
        clearances.ensure_valid(uuid4(), purpose="lease", subject_id=clearance.subject_id)


def test_it_lapses(lion_city, provider, clock):
    clearance = gate.require(lease_request(lion_city, provider), actor=ACTOR)
    clock.advance(seconds=3599)
    assert valid(clearance)
    clock.advance(seconds=1)
    with pytest.raises(clearances.ClearanceInvalid, match="lapsed"):
        valid(clearance)
    with pytest.raises(clearances.ClearanceInvalid, match="lapsed"):
        clearances.verify_token(clearance.token)


def test_a_token_signed_by_another_key_is_worth_nothing(lion_city, provider, settings, tmp_path):
    clearance = gate.require(lease_request(lion_city, provider), actor=ACTOR)
    settings.GRIDCLEAR_CLEARANCE_KEY_FILE = str(tmp_path / "other.pem")
    with pytest.raises(clearances.ClearanceInvalid, match="signature"):
        valid(clearance)
    for token in ("", "a.b.c", clearance.token[:-4] + "AAAA"):
        with pytest.raises(clearances.ClearanceInvalid):
            clearances.verify_token(token)


def test_restricting_a_party_revokes_and_tells(clearance, lion_city, django_capture_on_commit_callbacks, caplog):
    heard = []

    def hear(**told):
        heard.append(told)
        raise RuntimeError("a receiver that fails")

    clearances_revoked.connect(hear, dispatch_uid="t1")
    party_restricted.connect(hear, dispatch_uid="t2")
    try:
        with caplog.at_level(logging.ERROR), django_capture_on_commit_callbacks(execute=True):
            restrictions.impose(lion_city.pk, "SCREENING_HIT", actor=OFFICER)
    finally:
        clearances_revoked.disconnect(dispatch_uid="t1")
        party_restricted.disconnect(dispatch_uid="t2")
    assert [told["reason"] for told in heard] == ["SCREENING_HIT", "SCREENING_HIT"]
    assert heard[0]["clearance_ids"] == [clearance.pk]
    assert heard[0]["subject_ids"] == [clearance.subject_id]
    assert heard[1]["party_id"] == lion_city.pk
    with pytest.raises(clearances.ClearanceInvalid):
        valid(clearance)
    assert caplog.records


def test_no_table_whose_rows_are_kept_can_be_emptied():
    kept = {model for model, trigger in pgtrigger.registered() if isinstance(trigger, Immutable)}
    assert len(kept) > 40
    for model in kept:
        table = connection.ops.quote_name(model._meta.db_table)
        with pytest.raises(IntegrityError, match="TRUNCATE is refused"), transaction.atomic():
            connection.cursor().execute(f"TRUNCATE {table} CASCADE")
    # What nothing rests on may be emptied.
    connection.cursor().execute("TRUNCATE django_session")


def test_nobody_but_an_officer_lifts(lion_city):
    row = restrictions.impose(lion_city.pk, "COURT_ORDER", actor=OFFICER)
    for deed in (
        lambda: restrictions.propose_lift(row.pk, "Mine.", actor=ACTOR),
        lambda: restrictions.lift(row.pk, actor=ACTOR),
    ):
        with pytest.raises(Forbidden):
            deed()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_stands_whatever_the_caller_does():
    lion_city = verified_company("Lion City Labs Pte Ltd", "SG")
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    request = lease_request(lion_city, provider, end_user={"kind": "undisclosed"})
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        gate.require(request, actor=ACTOR)
    assert not Decision.objects.exists()
    with pytest.raises(gate.ClearanceInReview):
        gate.require(request, actor=ACTOR)
    assert Decision.objects.get().outcome == "REVIEW"


def test_the_development_key_is_made_once_for_its_owner_alone(settings, tmp_path):
    path = tmp_path / "keys" / "clearance.pem"
    settings.GRIDCLEAR_CLEARANCE_KEY_FILE = str(path)
    first = signing.signing_key()
    assert path.stat().st_mode & 0o777 == 0o600
    signing._load.cache_clear()
    assert signing.signing_key().kid == first.kid
    assert [each.name for each in path.parent.iterdir()] == ["clearance.pem"]


def test_production_demands_the_key(settings, tmp_path):
    settings.GRIDCLEAR_CLEARANCE_KEY_FILE = str(tmp_path / "none.pem")
    settings.GRIDCLEAR_DEVELOPMENT = False
    with pytest.raises(Exception, match="does not exist"):
        signing.signing_key()
    assert not (tmp_path / "none.pem").exists()
