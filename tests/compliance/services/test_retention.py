"""What is kept, what is held, what is erased: and what stands afterwards."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base import clock as platform_clock
from compliance.base.actor import Actor, system
from compliance.base.audit import AuditEvent
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.base.sealing import Subject, SubjectErased
from compliance.engine.personal import ERASED
from compliance.models import (
    DomainProof,
    LegalHold,
    Match,
    Party,
    PartyWallet,
    Report,
    RetentionClock,
    SubjectKey,
    WalletChallenge,
)
from compliance.selectors import decisions
from compliance.selectors.retention import kept, legal_holds, told_to_party
from compliance.services import (
    cases,
    erasure,
    gate,
    parties,
    report_drafts,
    restrictions,
    retention_clocks,
    subject_keys,
)
from compliance.services import legal_holds as holds
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import make_checkpoint
from compliance.services.erasure import StillKept, erase_due, erase_on_request
from compliance.services.officers import FourEyesRequired
from compliance.services.rescreening import rescreen_all
from tests.factories.compliance import (
    OFFICER,
    OPERATOR,
    RENTER_OWNER,
    SECOND_OFFICER,
    company,
    lease_request,
    load_sample_lists,
    owner,
    person,
    verified_company,
)

pytestmark = pytest.mark.django_db

SWEEP = system("retention")
YEAR = 366


@pytest.fixture
def provider(clock) -> Party:
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def lion(clock) -> Party:
    owners = (owner(person("Tan Mei Ling", birth_date="1984-03-02"), 100),)
    return verified_company(
        "Lion City Labs Pte Ltd", "SG", owners, address="1 Quay Street", registration_number="REG-77-LION"
    )


def sweep() -> int:
    retention_clocks.refresh_clocks()
    return erase_due(actor=SWEEP)


def until(party: Party):
    retention_clocks.refresh_clocks()
    (found,) = kept([party.pk])
    return found


def everything_stored() -> str:
    tables = (
        "party",
        "partywallet",
        "walletchallenge",
        "domainproof",
        "match",
        "screening",
        "finding",
        "case",
        "casenote",
        "decision",
        "identityverification",
        "ownershipedge",
        "ownershipdeclaration",
        "report",
        "auditevent",
    )
    with connection.cursor() as cursor:
        found = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM compliance_{table} t")
            found.append(cursor.fetchone()[0])
    return " ".join(found)


def test_a_party_that_never_dealt_goes_after_a_year(clock):
    dormant = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    clock.advance(days=360)
    assert sweep() == 0
    clock.advance(days=10)
    assert sweep() == 1
    assert sweep() == 0
    dormant.refresh_from_db()
    assert (dormant.name, dormant.country) == (ERASED, "SG")
    assert dormant.erased_at == clock.now()


def test_each_class_keeps_as_long_as_it_says(lion: Party, provider: Party, clock):
    assert until(lion).record_class == "identity"
    asked_at = clock.now()
    gate.evaluate(lease_request(lion, provider), actor=RENTER_OWNER)
    found = until(lion)
    # The verification is good for a year, and the relation ends with it.
    assert found.record_class == "identity"
    assert found.until >= asked_at + timedelta(days=6 * 365)
    refused = verified_company("Merlion Cloud Pte Ltd", "SG", headquarters_country="CN")
    gate.evaluate(lease_request(refused, provider), actor=RENTER_OWNER)
    assert until(refused).record_class == "sanctions"
    assert until(refused).until.year == asked_at.year + 10


def test_owners_are_kept_as_long_as_what_they_own(lion: Party, provider: Party, clock):
    gate.evaluate(lease_request(lion, provider), actor=RENTER_OWNER)
    tan = Party.objects.get(name="Tan Mei Ling")
    retention_clocks.refresh_clocks()
    assert [row.record_class for row in RetentionClock.objects.filter(party=tan)] == ["dormant"]
    (mine,), (theirs,) = kept([tan.pk]), kept([lion.pk])
    assert (mine.until, mine.record_class) == (theirs.until, theirs.record_class)
    clock.advance(days=2 * YEAR)
    assert sweep() == 0
    clock.advance(days=6 * YEAR)
    assert sweep() == Party.objects.filter(erased_at=clock.now()).count() >= 4
    assert Party.objects.filter(erased_at=None).count() == 0


def test_what_runs_or_is_restricted_does_not_end(lion: Party, clock):
    retention_clocks.refresh_clocks()
    retention_clocks.set_clocks("accounts", "settlement", [(lion.pk, None)])
    assert kept([lion.pk])[0].until is None
    clock.advance(days=30 * YEAR)
    assert erase_due(actor=SWEEP) == 0
    assert not Party.objects.filter(name="Tan Mei Ling", erased_at__isnull=False).exists()
    retention_clocks.set_clocks("accounts", "settlement", [])
    assert sweep() == 2


def test_a_class_that_the_schedule_does_not_know_keeps_for_ever(lion: Party, clock):
    retention_clocks.set_clocks("unheard_of", "somebody", [(lion.pk, clock.now())])
    clock.advance(days=30 * YEAR)
    assert sweep() == 0
    assert until(lion).until is None


def test_clocks_told_again_are_the_same_and_of_one_source_only(lion: Party, clock):
    for _ in range(2):
        retention_clocks.refresh_clocks()
        retention_clocks.set_clocks("dealings", "marketplace", [(lion.pk, clock.now()), (uuid4(), clock.now())])
    before = RetentionClock.objects.count()
    assert RetentionClock.objects.filter(record_class="dealings").count() == 1
    retention_clocks.set_clocks("dealings", "another", [])
    assert RetentionClock.objects.count() == before
    retention_clocks.set_clocks("dealings", "marketplace", [])
    assert RetentionClock.objects.count() == before - 1


# -- what is erased and what stands ------------------------------------------------------------------------------


def test_after_erasure_no_name_stands_anywhere_and_the_log_still_holds(lion: Party, provider: Party, clock):
    parties.link_wallet(lion.pk, "0x52908400098527886E0F7030069857D2E4169EE7", actor=RENTER_OWNER)
    user = {"kind": "other", "name": "Kaya Optik AG", "country": "CH"}
    decision = gate.evaluate(lease_request(lion, provider, end_user=user), actor=RENTER_OWNER)
    case = lion.cases.get(kind="gate_review")
    cases.add_note(case.pk, "Tan Mei Ling called.", actor=OFFICER)
    cases.propose_disposition(case.pk, "release", "end_user_known", "Kaya Optik is known.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Yes.", actor=SECOND_OFFICER)
    WalletChallenge.objects.create(
        party=lion, address="0x5290", chain_id=1, nonce="n", message="Lion City Labs signs", expires_at=clock.now()
    )
    DomainProof.objects.create(party=lion, domain="lion-city.example", method="dns", state="pending")
    checkpoint = make_checkpoint()
    digests = (decision.digest, decision.facts_digest)
    secrets = (
        "Lion City",
        "lion-city",
        "Tan Mei",
        "1984-03-02",
        "Quay Street",
        "Kaya Optik",
        "kaya optik",
        "0x529084",
        "REG-77",
        "X-ray",
    )
    assert [each for each in secrets if each in everything_stored()]
    clock.advance(days=9 * YEAR)
    assert sweep() >= 2
    assert [each for each in secrets if each in everything_stored()] == []
    found = decisions.decision(decision.pk)
    assert (found.digest, found.facts_digest) == digests
    assert found.facts["renter"]["name"] == ERASED
    assert {reason["sentence"] for reason in found.reasons} == {ERASED}
    assert [reason["code"] for reason in found.reasons] == ["end_user_other"]
    with pytest.raises(gate.DecisionErased):
        gate.replay(decision.pk)
    report = verify_log()
    assert report.holds
    assert report.covered == checkpoint.size
    assert AuditEvent.objects.filter(event="party.erased", subject_id=str(lion.pk)).get().data == {
        "reason": "retention_ended"
    }


def test_a_match_tells_no_more_who_the_party_was(clock):
    load_sample_lists()
    entry = Match._meta.get_field("listed_party").related_model.objects
    name = entry.filter(kind="entity", blocked=True).order_by("primary_name").first().primary_name
    party = verified_company(name, "SG")
    rescreen_all(actor=SWEEP)
    assert Match.objects.filter(party=party).exists()
    with transaction.atomic():
        erasure._erase([party.pk], "test", SWEEP)
    match = Match.objects.filter(party=party).first()
    assert (match.listed_name, match.external_id, match.features) == (ERASED, ERASED, [])
    assert not PartyWallet.objects.filter(party=party).exists()


def test_nothing_is_done_with_an_erased_party_any_more(lion: Party, provider: Party, clock):
    clock.advance(days=9 * YEAR)
    sweep()
    for deed in (
        lambda: gate.evaluate(lease_request(lion, provider), actor=RENTER_OWNER),
        lambda: parties.update_party(lion.pk, company("Again Ltd", "SG"), actor=RENTER_OWNER),
        lambda: parties.declare_ownership(lion.pk, (), True, actor=RENTER_OWNER),
        lambda: subject_keys.seal(Subject.party(lion.pk), b"x", erasure_context()),
        lambda: erase_on_request(lion.pk, actor=SWEEP),
        lambda: holds.place_hold(lion.pk, "Too late", "", actor=OFFICER),
    ):
        with pytest.raises(SubjectErased):
            deed()


def erasure_context():
    return subject_keys.Context("compliance.test:1", "test")


def test_many_are_erased_in_a_fixed_number_of_statements(clock):
    counts = []
    for number in (3, 60):
        for n in range(number):
            parties.register_party(company(f"Dormant {number} {n}", "SG"), actor=RENTER_OWNER)
        clock.advance(days=400)
        with CaptureQueriesContext(connection) as captured:
            assert sweep() == number
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert AuditEvent.objects.filter(event="party.erased").count() == 63
    assert SubjectKey.objects.filter(destroyed_at__isnull=False).count() == 63
    make_checkpoint()
    assert verify_log().holds


# -- on request --------------------------------------------------------------------------------------------------


def test_what_only_our_policy_keeps_goes_on_request(clock):
    dormant = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    erase_on_request(dormant.pk, actor=SWEEP)
    dormant.refresh_from_db()
    assert dormant.name == ERASED


def test_what_the_law_keeps_does_not_go_on_request(lion: Party, clock):
    with pytest.raises(StillKept, match="identity"):
        erase_on_request(lion.pk, actor=SWEEP)
    tan = Party.objects.get(name="Tan Mei Ling")
    with pytest.raises(StillKept):
        erase_on_request(tan.pk, actor=SWEEP)
    with pytest.raises(NotFound):
        erase_on_request(uuid4(), actor=SWEEP)
    assert not Party.objects.filter(erased_at__isnull=False).exists()


# -- legal holds -------------------------------------------------------------------------------------------------


def test_a_held_party_is_never_erased_nor_whom_its_records_name(lion: Party, provider: Party, clock):
    gate.evaluate(lease_request(lion, provider), actor=RENTER_OWNER)
    stranger = verified_company("Stranger Systems Oy", "FI", ())
    holds.place_hold(lion.pk, "Court order", "12-cv-345", actor=OFFICER)
    clock.advance(days=30 * YEAR)
    assert sweep() == 1
    stranger.refresh_from_db()
    assert stranger.name == ERASED
    # The owner of the held one, and the other side of its decision with its owners, stay too.
    assert Party.objects.filter(erased_at=None).count() == 4
    with pytest.raises(StillKept, match="legal hold"):
        erase_on_request(lion.pk, actor=SWEEP)


def test_the_database_too_keeps_the_key_of_a_held_party(lion: Party, clock):
    subject_keys.seal(Subject.party(lion.pk), b"x", erasure_context())
    holds.place_hold(lion.pk, "Court order", "", actor=OFFICER)
    with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
        subject_keys.destroy(Subject.party(lion.pk), actor=SWEEP, reason="test")
    with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic():
        SubjectKey.objects.filter(subject_id=str(lion.pk)).update(wrapped=None, destroyed_at=platform_clock.now())


def test_a_hold_is_lifted_by_two(lion: Party, clock):
    hold = holds.place_hold(lion.pk, "Court order", "12-cv-345", actor=OFFICER)
    with pytest.raises(Conflict):
        holds.approve_lift(hold.pk, actor=SECOND_OFFICER)
    holds.propose_lift(hold.pk, "The case is closed.", actor=OFFICER)
    with pytest.raises(FourEyesRequired):
        holds.approve_lift(hold.pk, actor=OFFICER)
    holds.keep(hold.pk, actor=SECOND_OFFICER)
    assert LegalHold.objects.get().lift_proposed_by == ""
    holds.propose_lift(hold.pk, "The case is closed.", actor=OFFICER)
    clock.advance(days=30 * YEAR)
    assert sweep() == 0
    holds.approve_lift(hold.pk, actor=SECOND_OFFICER)
    assert not legal_holds().exists()
    assert sweep() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.all()._raw_delete("default")


def test_one_of_two_holds_is_enough(lion: Party, clock):
    first = holds.place_hold(lion.pk, "One", "", actor=OFFICER)
    holds.place_hold(lion.pk, "Two", "", actor=OFFICER)
    holds.propose_lift(first.pk, "Over.", actor=OFFICER)
    holds.approve_lift(first.pk, actor=SECOND_OFFICER)
    clock.advance(days=30 * YEAR)
    assert sweep() == 0


def test_only_officers_hold_and_lift_and_say_why(lion: Party, clock):
    hold = holds.place_hold(lion.pk, "Court order", "", actor=OFFICER)
    for actor in (OPERATOR, RENTER_OWNER, SWEEP, Actor("api_key", "x")):
        for deed in (
            lambda who: holds.place_hold(lion.pk, "x", "", actor=who),
            lambda who: holds.propose_lift(hold.pk, "x", actor=who),
            lambda who: holds.keep(hold.pk, actor=who),
            lambda who: holds.approve_lift(hold.pk, actor=who),
        ):
            with pytest.raises(Forbidden):
                deed(actor)
    for reason, reference in (("", ""), ("x" * 401, ""), ("x", "y" * 81)):
        with pytest.raises(InvalidInput):
            holds.place_hold(lion.pk, reason, reference, actor=OFFICER)
    with pytest.raises(InvalidInput):
        holds.propose_lift(hold.pk, " ", actor=OFFICER)
    with pytest.raises(NotFound):
        holds.place_hold(uuid4(), "x", "", actor=OFFICER)
    with pytest.raises(NotFound):
        holds.approve_lift(uuid4(), actor=OFFICER)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.filter(pk=hold.pk).update(state="lifted", lift_proposed_by="a", lift_approved_by="a")


def test_a_hold_placed_between_the_look_and_the_deed_is_seen(lion: Party, clock):
    clock.advance(days=30 * YEAR)
    retention_clocks.refresh_clocks()
    holds.place_hold(lion.pk, "Just in time", "", actor=OFFICER)
    assert erasure._erase_if_due([lion.pk], SWEEP) == 0


# -- the periods, to the day -------------------------------------------------------------------------------------


def at(clock, moment) -> None:
    """It is that moment."""
    clock.advance(seconds=(moment - platform_clock.now()).total_seconds())


def test_identity_is_kept_for_five_years_after_the_relation_and_no_day_less(lion: Party, clock):
    ends = lion.verifications.get().expires_at
    due = ends.replace(year=ends.year + 5)
    assert until(lion).until == due
    for moment in (ends, due - timedelta(days=1)):
        at(clock, moment)
        with pytest.raises(StillKept, match=rf"until {due:%Y-%m-%d} \(identity\)"):
            erase_on_request(lion.pk, actor=SWEEP)
        assert sweep() == 0
    at(clock, due + timedelta(seconds=1))
    erase_on_request(lion.pk, actor=SWEEP)
    assert Party.objects.get(pk=lion.pk).name == ERASED


def test_blocked_property_is_kept_for_ten_years_after_its_unblocking_and_no_day_less(clock):
    party = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    blocked = restrictions.impose(party.pk, "COURT_ORDER", actor=OFFICER, kind="blocked")
    clock.advance(days=12 * YEAR)
    with pytest.raises(StillKept, match=r"while it goes on \(sanctions\)"):
        erase_on_request(party.pk, actor=SWEEP)
    assert sweep() == 0
    restrictions.propose_lift(blocked.pk, "The order ended.", actor=OFFICER)
    restrictions.lift(blocked.pk, actor=SECOND_OFFICER)
    lifted = platform_clock.now()
    due = lifted.replace(year=lifted.year + 10)
    at(clock, due - timedelta(days=1))
    with pytest.raises(StillKept, match=rf"until {due:%Y-%m-%d} \(sanctions\)"):
        erase_on_request(party.pk, actor=SWEEP)
    assert sweep() == 0
    at(clock, due + timedelta(seconds=1))
    assert sweep() == 1


def test_a_refusal_is_kept_for_ten_years(provider: Party, clock):
    refused = verified_company("Merlion Cloud Pte Ltd", "SG", headquarters_country="CN")
    gate.evaluate(lease_request(refused, provider), actor=RENTER_OWNER)
    asked = platform_clock.now()
    at(clock, asked.replace(year=asked.year + 10) - timedelta(days=1))
    assert sweep() == 0
    for party in (refused, provider):
        with pytest.raises(StillKept, match="sanctions"):
            erase_on_request(party.pk, actor=SWEEP)


def test_an_annual_report_keeps_whom_it_is_about(clock):
    party = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    blocked = restrictions.impose(party.pk, "COURT_ORDER", actor=OFFICER, kind="blocked")
    now = platform_clock.now()
    at(clock, now.replace(year=now.year + 1, month=7, day=2))
    report_drafts.open_missing(actor=SWEEP)
    restrictions.propose_lift(blocked.pk, "The order ended.", actor=OFFICER)
    restrictions.lift(blocked.pk, actor=SECOND_OFFICER)
    Report.objects.exclude(kind="annual_blocked").update(
        state="not_required", proposed_by="a", approved_by="b", reason="x", state_changed_at=platform_clock.now()
    )
    assert Report.objects.filter(kind="annual_blocked", state="draft").exists()
    clock.advance(days=20 * YEAR)
    assert sweep() == 0
    assert until(party).until is None


@pytest.mark.parametrize(("kind", "record_class"), [("gate_review", "identity"), ("delisting", "sanctions")])
def test_while_an_officer_asks_nothing_goes(clock, kind: str, record_class: str):
    party = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    cases.open_case(kind=kind, summary="?", reason_codes=["x"], party=party, actor=SWEEP)
    clock.advance(days=30 * YEAR)
    assert sweep() == 0
    assert (until(party).until, until(party).record_class) == (None, record_class)
    told = [found.code for found, _ in told_to_party(party.pk)]
    assert "sanctions" not in told
