"""What people get of themselves: whole, theirs alone, and without a word that tips off."""

import io
import json
import zipfile
from uuid import UUID, uuid4

import pytest

from compliance.base import bundle as archive
from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.base.errors import Forbidden, InvalidInput, NotFound, Refusal
from compliance.base.sealing import SubjectErased
from compliance.models import ListedParty, Match, Party, Report
from compliance.selectors.cases import open_cases
from compliance.services import cases, erasure, place_signs, report_drafts, restrictions, signing
from compliance.services.rescreening import rescreen_all
from marketplace.models import Bundle, Membership
from marketplace.services import bundles, leases
from tests.cast import Cast
from tests.factories import marketplace as make
from tests.factories import proofs

pytestmark = pytest.mark.django_db
SWEEP = system("tests")


def exported(user, cast: Cast) -> dict[str, bytes]:
    """What the person gets by its own page."""
    asked = bundles.request_own_data(user.pk, actor=user.as_actor())
    bundles.build(asked.pk)
    found, body = bundles.download_own(asked.pk, user.pk, actor=user.as_actor())
    assert found.state == "ready"
    assert archive.read_bundle(body, signing.evidence_public_keys().values()).faults == ()
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        return {name: made.read(name) for name in made.namelist()}


def data_of(files: dict[str, bytes]) -> dict:
    return json.loads(files["data.json"])


def test_an_owner_gets_the_login_and_all_of_the_organization(cast: Cast):
    _, offer = cast.supply()
    lease = cast.lease(offer, environment={"TOKEN": "s3cret"})
    place_signs.see_address(cast.lion.party_id, "203.0.113.9", "login")
    passport = proofs.hand_in(cast.lion.party_id, "passport", actor=cast.alice.as_actor())
    files = exported(cast.alice, cast)
    data = data_of(files)
    assert data["person"]["login"]["email"] == "alice@lion.example"
    assert "password" not in data["person"]["login"]
    (party,) = data["parties"]
    assert party["identity"]["party"]["name"] == "Lion City Labs Pte Ltd"
    assert [row["name"] for row in party["identity"]["named_above_it"]] == ["Lion Founder"]
    assert party["identity"]["verifications"][0]["state"] == "verified"
    assert "203.0.113.9" in {row["address"] for row in party["identity"]["places"]}
    assert party["identity"]["answers_of_the_gate"][-1]["outcome"] == "ALLOW"
    (rented,) = party["marketplace"]["leases_rented"]
    assert (rented["id"], rented["end_use"]) == (str(lease.pk), "Training a model of protein folding")
    assert any(row["kind"] == "available" for row in party["money"]["accounts"])
    assert f"documents/{passport.pk}/page-1.jpg" in files or f"documents/{passport.pk}/page-1.png" in files
    assert {row["why"] for row in data["kept"]} >= {"15 CFR 762.6"}
    page = files["data.html"].decode()
    for words in ("Lion City Labs Pte Ltd", "alice@lion.example", "15 CFR 762.6"):
        assert words in page
    assert "<script" not in page
    everything = b"".join(files.values())
    assert b"s3cret" not in everything
    # Of the other side, and of team-mates, nothing that is theirs.
    for other in (b"Brisbane Founder", b"bob@lion.example", b"pia@brisbane.example"):
        assert other not in everything


def test_each_look_at_a_document_is_on_record(cast: Cast):
    passport = proofs.hand_in(cast.lion.party_id, "passport", actor=cast.alice.as_actor())
    exported(cast.alice, cast)
    shown = AuditEvent.objects.filter(event="personal_data.shown", subject_id=str(passport.pk))
    assert {row.actor for row in shown} == {cast.alice.as_actor().ref}
    told = AuditEvent.objects.filter(subject_kind="marketplace.bundle").order_by("id").values_list("event", flat=True)
    assert list(told) == ["evidence.requested", "evidence.begun", "evidence.made", "evidence.downloaded"]


def test_a_team_mate_gets_the_own_login_alone(cast: Cast):
    data = data_of(exported(cast.bob, cast))
    assert data["person"]["memberships"][0]["organization"] == "Lion City Labs Pte Ltd"
    assert data["parties"] == []
    assert "Founder" not in json.dumps(data)


def test_a_provider_reads_nothing_of_its_renters_use(cast: Cast):
    _, offer = cast.supply()
    cast.lease(offer)
    (party,) = data_of(exported(cast.pia, cast))["parties"]
    (let,) = party["marketplace"]["leases_let"]
    assert not {"image", "end_use", "end_user", "command", "environment"} & set(let)
    assert party["marketplace"]["nodes"]
    assert party["identity"]["answers_of_the_gate"] == []


def test_nothing_in_it_tips_off(cast: Cast):
    """Lion City is matched, restricted, reported and asked a question: it learns of the question."""
    entry = ListedParty.objects.filter(kind="entity", blocked=True).order_by("primary_name").first()
    Party.objects.filter(pk=cast.lion.party_id).update(aliases=[entry.primary_name])
    rescreen_all(actor=SWEEP)
    match = Match.objects.filter(party_id=cast.lion.party_id).first()
    assert match is not None
    restrictions.impose(cast.lion.party_id, "COURT_ORDER", actor=SWEEP, kind="blocked")
    report_drafts.open_missing(actor=SWEEP)
    report = Report.objects.get(party_id=cast.lion.party_id)
    case = open_cases().filter(party_id=cast.lion.party_id).first()
    cases.add_note(case.pk, "Looks like the listed one.", actor=cast.olga.as_actor())
    cases.request_information(case.pk, "Which other names do you use?", actor=cast.olga.as_actor())
    _, offer = cast.supply()
    with pytest.raises(Refusal):
        leases.request_lease(make.lease_request(offer, cast.lion), user=cast.alice, actor=cast.alice.as_actor())
    everything = b"".join(exported(cast.alice, cast).values()).decode(errors="replace")
    assert "Which other names do you use?" in everything
    for secret in (match.external_id, match.list_code, str(match.pk), str(report.pk), str(case.pk), "COURT_ORDER",
                   "Looks like the listed one", "screening_hit", "restriction"):  # fmt: skip
        assert str(secret) not in everything, secret


def test_an_officer_sees_what_the_party_would_get(cast: Cast):
    olga = cast.olga.as_actor()
    asked = bundles.request_evidence("subject", cast.lion.party_id, actor=olga)
    bundles.build(asked.pk)
    _, body = bundles.download(asked.pk, actor=olga)
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        told = json.loads(made.read("data.json"))
    assert told["person"] == {}
    assert told["parties"] == data_of(exported(cast.alice, cast))["parties"]


def test_the_owner_of_an_organization_is_a_subject_too(cast: Cast):
    founder = Party.objects.get(name="Lion Founder")
    asked = bundles.request_evidence("subject", founder.pk, actor=cast.olga.as_actor())
    bundles.build(asked.pk)
    _, body = bundles.download(asked.pk, actor=cast.olga.as_actor())
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        (about,) = json.loads(made.read("data.json"))["parties"]
    assert about["identity"]["party"]["birth_date"] == "1980-01-01"
    assert [row["owned_id"] for row in about["identity"]["holdings_of_it"]] == [str(cast.lion.party_id)]
    assert about["marketplace"] == {}


def test_nobody_gets_the_data_of_somebody_else(cast: Cast):
    asked = bundles.request_own_data(cast.alice.pk, actor=cast.alice.as_actor())
    bundles.build(asked.pk)
    for user in (cast.bob, cast.charlie, cast.pia, cast.olga, cast.ned):
        with pytest.raises(Forbidden):
            bundles.request_own_data(cast.alice.pk, actor=user.as_actor())
        with pytest.raises(NotFound):
            bundles.download_own(asked.pk, user.pk, actor=user.as_actor())
        with pytest.raises(NotFound):
            bundles.download_own(asked.pk, cast.alice.pk, actor=user.as_actor())
    for user in (cast.alice, cast.bob, cast.charlie, cast.ned):
        with pytest.raises(Forbidden):
            bundles.download(asked.pk, actor=user.as_actor())
        for kind in ("subject", "person"):
            with pytest.raises(Forbidden):
                bundles.request_evidence(kind, cast.lion.party_id, actor=user.as_actor())
    with pytest.raises(InvalidInput):
        bundles.request_evidence("everything", cast.lion.party_id, actor=cast.olga.as_actor())


def test_what_an_officer_made_is_not_downloaded_as_ones_own(cast: Cast):
    for kind, about in (("subject", cast.lion.party_id), ("person", cast.alice.pk)):
        asked = bundles.request_evidence(kind, about, actor=cast.olga.as_actor())
        bundles.build(asked.pk)
        with pytest.raises(NotFound):
            bundles.download_own(asked.pk, cast.alice.pk, actor=cast.alice.as_actor())


def test_who_owns_less_than_then_does_not_get_it(cast: Cast):
    asked = bundles.request_own_data(cast.alice.pk, actor=cast.alice.as_actor())
    bundles.build(asked.pk)
    Membership.objects.filter(user=cast.alice).update(role=Membership.Role.MEMBER)
    with pytest.raises(bundles.OwnsLess):
        bundles.download_own(asked.pk, cast.alice.pk, actor=cast.alice.as_actor())


def test_five_a_day_are_enough(cast: Cast, clock):
    alice = cast.alice.as_actor()
    for _ in range(5):
        asked = bundles.request_own_data(cast.alice.pk, actor=alice)
        assert bundles.request_own_data(cast.alice.pk, actor=alice) == asked
        bundles.build(asked.pk)
    bundles.request_evidence("person", cast.alice.pk, actor=cast.olga.as_actor())
    with pytest.raises(bundles.TooManyExports):
        bundles.request_own_data(cast.alice.pk, actor=alice)
    assert Bundle.objects.filter(requested_by=alice.ref).count() == 5
    clock.advance(days=1, seconds=1)
    bundles.request_own_data(cast.alice.pk, actor=alice)


def test_erasure_ends_an_export_at_once(cast: Cast):
    asked = bundles.request_own_data(cast.alice.pk, actor=cast.alice.as_actor())
    olga = cast.olga.as_actor()
    bundles.build(asked.pk)
    later = bundles.request_evidence("subject", cast.lion.party_id, actor=olga)
    erasure._erase([cast.lion.party_id], "test", SWEEP)
    with pytest.raises(SubjectErased):
        bundles.download(asked.pk, actor=olga)
    bundles.build(later.pk)
    later.refresh_from_db()
    assert (later.state, later.failure_code) == ("failed", "subject_erased")
    again = data_of(exported(cast.alice, cast))
    assert again["parties"] == []


def test_nobody_there_is_no_export(cast: Cast):
    for kind in ("subject", "person"):
        asked = bundles.request_evidence(kind, uuid4(), actor=cast.olga.as_actor())
        bundles.build(UUID(str(asked.pk)))
        asked.refresh_from_db()
        assert (asked.state, asked.failure_code) == ("failed", "not_found")
