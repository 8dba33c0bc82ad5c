"""Retention from above: who tells when records end, and what of the erased is blanked in the open."""

from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base.actor import system
from compliance.engine.personal import ERASED
from compliance.models import Party, RetentionClock
from compliance.selectors.retention import kept
from compliance.services import legal_holds
from compliance.services.erasure import StillKept, erase_on_request
from marketplace.models import ApiKey, Lease, Organization, User, WorkloadLog
from marketplace.selectors.retention import lease_clocks
from marketplace.services import accounts, api_keys, leases, metering, retention
from settlement.models import InboundEvent, PaymentProfile
from settlement.selectors.retention import account_clocks
from settlement.services import erasure as settlement_erasure
from tests.cast import Cast
from tests.factories import marketplace as make
from tests.marketplace.steps import again, running

pytestmark = pytest.mark.django_db

SWEEP = system("retention")
KEY = (
    Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    + " alice@laptop"
)
SECRETS = {"environment": {"TOKEN": "s3cret"}, "ssh_public_key": KEY}


@pytest.fixture
def lease(cast: Cast, clock) -> Lease:
    """A lease that ran for ten minutes, ended and was paid for."""
    agent, offer = cast.supply()
    found = running(cast, agent, offer, gpu_count=1, **SECRETS)
    clock.advance(seconds=600)
    agent.sync(agent.workload(found, seconds=600))
    WorkloadLog.objects.create(lease=found, sequence=77, stream="stdout", at=clock.now(), line="loss 0.1")
    leases.stop_lease(found.pk, viewer=cast.alice, actor=cast.alice.as_actor())
    agent.sync(agent.workload(found, "exited", 600, exit_code=0))
    metering.settle_ended_leases()
    return again(found)


@pytest.fixture
def newcomer(clock) -> User:
    """Dora signed up a year ago or so, and nothing came of it."""
    user = accounts.sign_up("dora@dormant.example", make.PASSWORD, "Dormant Ltd", "SG", True, False)
    user.name = "Dora"
    user.save(update_fields=["name"])
    return user


def organization_of(user: User) -> Organization:
    return user.memberships.get().organization


def test_the_marketplace_tells_when_the_last_lease_ended(lease: Lease, cast: Cast):
    told = dict(lease_clocks())
    assert told == {cast.lion.party_id: lease.ended_at, cast.brisbane.party_id: lease.ended_at}


def test_a_lease_that_runs_keeps_both_sides(cast: Cast, clock):
    agent, offer = cast.supply()
    running(cast, agent, offer)
    assert dict(lease_clocks()) == {cast.lion.party_id: None, cast.brisbane.party_id: None}
    retention.tell_clocks()
    clock.advance(days=30 * 366)
    for party in (cast.lion.party_id, cast.brisbane.party_id):
        # What runs stands against a request too, although only a policy of ours keeps what has ended.
        for law_only in (False, True):
            assert [row.until for row in kept([party], law_only=law_only)] == [None]
        with pytest.raises(StillKept):
            erase_on_request(party, actor=SWEEP)


def test_the_books_tell_when_the_last_money_went(cast: Cast):
    told = dict(account_clocks())
    # Alice has money on account: nothing runs yet.
    assert told[cast.lion.party_id] is None
    assert cast.brisbane.party_id not in told


def test_money_on_account_is_never_erased_away(cast: Cast, clock):
    clock.advance(days=30 * 366)
    retention.run_retention()
    cast.lion.party.refresh_from_db()
    assert cast.lion.party.erased_at is None


def test_who_never_dealt_goes_after_a_year_with_login_and_keys(newcomer: User, cast: Cast, clock):
    organization = organization_of(newcomer)
    api_keys.create_api_key(organization, "doras-laptop", ["read"], user=newcomer)
    PaymentProfile.objects.create(party_id=organization.party_id, stripe_customer_id="cus_dora")
    clock.advance(days=360)
    assert retention.run_retention().erased == 0
    clock.advance(days=10)
    assert retention.run_retention().erased == 1
    assert retention.run_retention().erased == 0
    newcomer.refresh_from_db()
    organization.refresh_from_db()
    assert (organization.name, organization.slug) == (ERASED, f"erased-{organization.pk}")
    assert (newcomer.email, newcomer.name, newcomer.is_active) == (f"{newcomer.pk}@erased.invalid", "", False)
    assert not newcomer.has_usable_password()
    assert not EmailAddress.objects.filter(user=newcomer).exists()
    key = ApiKey.objects.get(organization=organization)
    assert (key.name, key.revoked_at) == ("", clock.now())
    assert PaymentProfile.objects.get(party_id=organization.party_id).stripe_customer_id == ""
    # Nobody else was touched.
    assert User.objects.filter(email="alice@lion.example", is_active=True).exists()
    with connection.cursor() as cursor:
        for table in ("marketplace_user", "marketplace_organization", "marketplace_apikey", "compliance_party",
                      "account_emailaddress", "compliance_auditevent"):  # fmt: skip
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            stored = cursor.fetchone()[0]
            assert not [word for word in ("Dora", "dora", "Dormant") if word in stored], table


def test_whoever_calls_itself_erased_loses_nothing(newcomer: User, clock):
    organization = organization_of(newcomer)
    Organization.objects.filter(pk=organization.pk).update(name=ERASED)
    retention.follow_erasures()
    newcomer.refresh_from_db()
    assert newcomer.is_active
    assert newcomer.email == "dora@dormant.example"


def test_who_still_belongs_somewhere_keeps_the_login(newcomer: User, cast: Cast, clock):
    staff = make.member(organization_of(newcomer), "staff@gridclear.example")
    newcomer.memberships.create(organization=cast.strange)
    User.objects.filter(pk=staff.pk).update(platform_role="operator")
    clock.advance(days=370)
    assert retention.run_retention().erased == 1
    for user in (newcomer, staff):
        user.refresh_from_db()
        assert user.is_active
        assert "@erased.invalid" not in user.email


def test_many_are_followed_in_a_fixed_number_of_statements(cast: Cast, clock):
    counts = []
    for number in (2, 12):
        for n in range(number):
            accounts.sign_up(f"d{number}-{n}@dormant.example", make.PASSWORD, f"Dormant {n}", "SG", True, False)
        clock.advance(days=370)
        with CaptureQueriesContext(connection) as captured:
            assert retention.run_retention().erased == number
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert User.objects.filter(email__endswith="@erased.invalid", is_active=False).count() == 14


def test_secrets_of_a_workload_go_two_months_after_its_end(lease: Lease, clock):
    clock.advance(days=58)
    retention.run_retention()
    assert again(lease).environment == {"TOKEN": "s3cret"}
    clock.advance(days=5)
    swept = retention.run_retention()
    assert (swept.leases, swept.log_lines > 0) == (1, True)
    found = again(lease)
    assert (found.environment, found.command, found.ports, found.ssh_public_key) == ({}, [], [], "")
    assert found.end_use == "Training a model of protein folding"
    assert not WorkloadLog.objects.filter(lease=lease).exists()
    assert retention.run_retention().leases == 0


def test_the_database_blanks_terms_after_the_end_and_changes_them_never(lease: Lease, cast: Cast):
    agent, offer = cast.supply(name="another")
    live = running(cast, agent, offer, **SECRETS)
    for row, values in (
        (live, {"environment": {}}),
        (live, {"end_use": ERASED}),
        (lease, {"environment": {"TOKEN": "other"}}),
        (lease, {"end_use": "Something else"}),
        (lease, {"end_user": {"kind": "other", "name": "Somebody"}}),
        (lease, {"command": ["rm"]}),
        (lease, {"image": ""}),
        (lease, {"price_minor_per_gpu_hour": 1}),
    ):
        with pytest.raises(IntegrityError, match="terms of a lease"), transaction.atomic():
            Lease.objects.filter(pk=row.pk).update(**values)


def test_end_use_and_end_user_go_with_the_renter(lease: Lease, cast: Cast, clock):
    Party.objects.filter(pk=cast.brisbane.party_id).update(erased_at=clock.now())
    retention.follow_erasures()
    assert again(lease).end_use != ERASED
    Party.objects.filter(pk=cast.lion.party_id).update(erased_at=clock.now())
    retention.follow_erasures()
    found = again(lease)
    assert (found.end_use, found.end_user) == (ERASED, {})


def test_what_networks_sent_is_forgotten_once_processed_and_old(clock):
    made = [
        InboundEvent.objects.create(source="stripe", external_id=name, type="x", payload={"name": "Tan"}, **extra)
        for name, extra in (("old", {"processed_at": clock.now()}), ("stuck", {}))
    ]
    clock.advance(days=500)
    made.append(
        InboundEvent.objects.create(
            source="stripe", external_id="new", type="x", payload={"name": "Tan"}, processed_at=clock.now()
        )
    )
    assert retention.run_retention().notices == 1
    assert retention.run_retention().notices == 0
    payloads = [InboundEvent.objects.get(pk=row.pk).payload for row in made]
    assert payloads == [settlement_erasure.FORGOTTEN, {"name": "Tan"}, {"name": "Tan"}]


def test_a_signal_that_was_lost_costs_nothing(newcomer: User, clock):
    organization = organization_of(newcomer)
    retention.tell_clocks()
    erase_on_request(organization.party_id, actor=SWEEP)
    organization.refresh_from_db()
    assert organization.name == "Dormant Ltd"
    retention.follow_erasures()
    organization.refresh_from_db()
    assert organization.name == ERASED


def test_the_command_reports_sweeps_and_erases(newcomer: User, cast: Cast, capsys):
    party_id = organization_of(newcomer).party_id
    legal_holds.place_hold(cast.strange.party_id, "Court order", "1", actor=cast.olga.as_actor())
    call_command("retention", "report")
    told = capsys.readouterr().out
    assert "31 CFR 501.601" in told
    assert "120 months  LAW" in told
    assert f"on party {cast.strange.party_id}" in told
    assert "Lion City" not in told
    for party, words in (
        (cast.lion.party_id, "law keeps"),
        (cast.strange.party_id, "legal hold"),
        (uuid4(), "no such"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("retention", "erase", str(party))
    call_command("retention", "sweep")
    assert "Erased 0 parties" in capsys.readouterr().out
    call_command("retention", "erase", str(party_id))
    assert Party.objects.get(pk=party_id).name == ERASED
    assert organization_of(newcomer).name == ERASED
    with pytest.raises(CommandError, match="destroyed"):
        call_command("retention", "erase", str(party_id))


def test_a_schedule_that_cannot_be_read_erases_nobody(newcomer: User, clock, monkeypatch):
    def broken(*_: object) -> None:
        raise retention.RetentionInvalid("no retention schedule is in force")

    monkeypatch.setattr("compliance.selectors.retention.retention_for", broken)
    clock.advance(days=3650)
    for deed in ("report", "sweep"):
        with pytest.raises(CommandError, match="Nothing was erased"):
            call_command("retention", deed)
    assert not Party.objects.filter(erased_at__isnull=False).exists()


def test_clocks_are_told_by_everybody_who_knows(lease: Lease, cast: Cast, clock):
    retention.tell_clocks()
    classes = set(RetentionClock.objects.filter(party_id=cast.lion.party_id).values_list("record_class", "source"))
    assert classes == {
        ("accounts", "settlement"),
        ("dealings", "marketplace"),
        ("dormant", "compliance"),
        ("export", "compliance"),
        ("identity", "compliance"),
    }
    (mine,) = kept([cast.lion.party_id])
    assert mine.until is None  # money on account
    (theirs,) = kept([cast.brisbane.party_id])
    assert theirs.until is None or theirs.until > clock.now() + timedelta(days=5 * 365)
