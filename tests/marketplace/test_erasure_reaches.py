"""After erasure nothing of the subject stands in any column of any table, but where it is declared and said why.

A mark is written into each column that erasure is declared to blank, around the database's triggers; then the parties
are erased, and the whole database is searched for it. A column that is declared and not marked fails the test first.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from compliance.base.actor import system
from compliance.base.canonical import digest
from compliance.engine.personal import ERASED
from compliance.models import (
    Case,
    CaseBatch,
    CaseBatchItem,
    DomainProof,
    Finding,
    HostedWallet,
    IdentityCheck,
    LegalHold,
    ListedParty,
    LivenessCode,
    Match,
    OwnershipDeclaration,
    Party,
    PartyKeys,
    PartyWallet,
    PaymentSign,
    PlaceSign,
    Report,
    Restriction,
    RetentionClock,
    Screening,
    TravelRecord,
    WalletChallenge,
)
from compliance.services import erasure
from marketplace.models import ApiKey, EnrolmentToken, Lease, User, WorkloadLog
from marketplace.services import retention
from settlement.models import AutoTopUp, PaymentProfile
from tests.architecture.personal_data import BLANKED, GONE, columns
from tests.cast import Cast
from tests.factories import namesakes, travels

pytestmark = pytest.mark.django_db
SWEEP = system("retention")
MARK = "qzxvjk"
SHORTEST = len(MARK)


def marked(field: Any, number: int) -> Any:
    """The mark as the column takes it, another for each row: some columns want that."""
    if isinstance(field, models.JSONField):
        return {"x": [MARK]}
    if isinstance(field, models.BinaryField):
        return f"{MARK}{number}".encode()
    return f"{MARK}{number}"[: field.max_length]


def fields_of(table: dict[str, str]) -> Iterator[tuple[type[models.Model], list[Any]]]:
    """Each model with its declared fields that are long enough for the mark."""
    for name, names in table.items():
        model = apps.get_model(name)
        found = [model._meta.get_field(each) for each in names.split()]
        yield model, [each for each in found if each.max_length is None or each.max_length > SHORTEST]


def where_it_stands() -> set[str]:
    """`app.Model.field` of every column of ours in which the mark stands, in words or in bytes."""
    found = set()
    for app in ("compliance", "settlement", "marketplace"):
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.concrete_fields:
                text = f"encode({field.column}, 'escape')" if isinstance(field, models.BinaryField) else field.column
                with connection.cursor() as cursor:
                    table = model._meta.db_table
                    cursor.execute(f'SELECT 1 FROM "{table}" WHERE ({text})::text ILIKE %s LIMIT 1', [f"%{MARK}%"])
                    if cursor.fetchone():
                        found.add(f"{app}.{model.__name__}.{field.name}")
    return found


@pytest.fixture
def everything(cast: Cast, clock) -> Cast:
    """Alice's organization and Pia's, with a row of every kind that erasure is declared to reach."""
    _, offer = cast.supply()
    lease = cast.lease(offer)
    party, by, now = cast.lion.party, cast.olga.as_actor(), clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
    Lease.objects.filter(pk=lease.pk).update(state="settled")
    WorkloadLog.objects.create(lease=lease, sequence=7, stream="stdout", at=now, line="loss 0.1")
    keeper, batch = travels.travel_keeper(by), namesakes.proposed(by)
    case = Case.objects.create(state="closed", number=999, kind="screening_hit", party=party, summary="x")
    CaseBatchItem.objects.create(batch=batch, case=case)
    screening = Screening.objects.first()
    listed = ListedParty.objects.first()
    travel = travels.travel_record(cast.lion)
    TravelRecord.objects.filter(pk=travel.pk).update(passed_at=now, passed_by="user:x", passed_to="x")
    rows: dict[type[models.Model], dict[str, Any]] = {
        Match: {"screening": screening, "listed_party": listed, "score": 1, "threshold": 1, "state": "confirmed"},
        Finding: {"case": case, "expires_at": now},
        Restriction: {"lifted_at": now, "lift_proposed_by": "a", "lifted_by": "b"},
        IdentityCheck: {"state": "canceled", "vendor": "x"},
        OwnershipDeclaration: {"number": 99},
        Report: {"kind": "blocked_property", "state": "not_required", "event_on": now.date(), "due_on": now.date(),
                 "scope_key": digest("x"), "proposed_by": "a", "approved_by": "b"},
        LegalHold: {"state": "lifted", "lift_proposed_by": "a", "lift_approved_by": "b"},
        PartyKeys: {"reader": "x", "packed": b"x"},
        PartyWallet: {"address": "0x1"},
        PlaceSign: {"kind": "ip", "first_seen_at": now, "seen_at": now},
        PaymentSign: {"kind": "outcome", "payment_id": lease.pk, "happened_at": now, "changed_at": now},
        WalletChallenge: {"address": "0x1", "chain_id": 1, "nonce": "n", "message": "m", "expires_at": now},
        DomainProof: {"domain": "x", "state": "pending"},
        LivenessCode: {"code": "x", "expires_at": now},
        RetentionClock: {"record_class": "x", "source": "x"},
        AutoTopUp: {"state": "on", "threshold_minor": 1, "amount_minor": 1, "monthly_limit_minor": 1},
        PaymentProfile: {},
    }  # fmt: skip
    for model, values in rows.items():
        if not model._default_manager.filter(party=party).exists():
            model._default_manager.bulk_create([model(party=party, **values)])
    HostedWallet.objects.create(counterparty=keeper, address=f"{MARK}1", told_by="x")
    ApiKey.objects.create(organization=cast.lion, created_by=cast.alice, name="x", prefix="p", secret_hash="h")
    EnrolmentToken.objects.create(
        organization=cast.lion, created_by=cast.alice, node_name="x", country="SG", secret_hash="s", expires_at=now
    )
    return cast


def write_the_mark() -> None:
    for table in (BLANKED, GONE):
        for model, fields in fields_of(table):
            rows = model._default_manager.all()
            # The platform's own people are nobody's subjects here: they stay.
            subjects = rows.filter(platform_role="") if model is User else rows
            for number, row in enumerate(subjects):
                values = {field.name: marked(field, number) for field in fields}
                model._default_manager.filter(pk=row.pk).update(**values)


def test_nothing_of_the_erased_stands_anywhere(everything: Cast, clock):
    write_the_mark()
    wanted = {
        f"{model._meta.app_label}.{model.__name__}.{field.name}"
        for table in (BLANKED, GONE)
        for model, fields in fields_of(table)
        for field in fields
    }
    assert sorted(wanted - where_it_stands()) == [], "a row of these is to be made above"
    assert wanted <= columns(BLANKED) | columns(GONE)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'origin'")
    erasure._erase(list(Party.objects.values_list("pk", flat=True)), "test", SWEEP)
    retention.follow_erasures()
    assert sorted(where_it_stands()) == []


def test_the_words_of_a_batch_go_with_the_first_of_its_parties_and_not_before(cast: Cast, clock):
    batch = namesakes.proposed(cast.olga.as_actor())
    CaseBatch.objects.filter(pk=batch.pk).update(why="It is another Ivan.", approval="So I see it.")
    erasure._erase([cast.lion.party_id], "test", SWEEP)
    batch.refresh_from_db()
    assert batch.why == "It is another Ivan."
    erasure._erase([CaseBatchItem.objects.filter(batch=batch).first().case.party_id], "test", SWEEP)
    batch.refresh_from_db()
    assert (batch.why, batch.approval) == (ERASED, ERASED)
