"""What is erased and what stands, at whose request, and what a legal hold keeps."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base import clock as platform_clock
from compliance.base.actor import Actor
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
    SubjectKey,
    WalletChallenge,
)
from compliance.selectors import decisions
from compliance.selectors.retention import legal_holds
from compliance.services import (
    cases,
    erasure,
    gate,
    parties,
    retention_clocks,
    subject_keys,
)
from compliance.services import legal_holds as holds
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import make_checkpoint
from compliance.services.erasure import StillKept, erase_on_request
from compliance.services.officers import FourEyesRequired
from compliance.services.rescreening import rescreen_all
from tests.compliance.services.keeping import SWEEP, YEAR, lion, provider, sweep
from tests.factories.compliance import (
    OFFICER,
    OPERATOR,
    RENTER_OWNER,
    SECOND_OFFICER,
    company,
    lease_request,
    load_sample_lists,
    verified_company,
)

__all__ = ["lion", "provider"]
pytestmark = pytest.mark.django_db


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
