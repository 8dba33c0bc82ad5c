"""Bundles of evidence: whole, signed, proven, the same for the same state; for officers alone, and erasable."""

import io
import json
import subprocess
import sys
import zipfile
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from compliance.base import bundle as archive
from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.base.errors import Forbidden, InvalidInput, NotFound, Refusal
from compliance.base.sealing import Subject, SubjectErased
from compliance.engine.personal import ERASED, WITHHELD
from compliance.models import ListedParty
from compliance.selectors.cases import open_cases
from compliance.selectors.decisions import decision
from compliance.services import cases, parties, signing, subject_keys
from compliance.services.evidence_verification import verify_bundle
from compliance.services.parties import PartyInput
from marketplace.config.settings.environment import ROOT
from marketplace.models import Bundle, Lease
from marketplace.services import bundle_contents, bundles, leases, metering
from marketplace.services.bundle_contents import evidence_of
from tests.cast import Cast
from tests.factories import marketplace as make
from tests.marketplace.steps import again, running

pytestmark = pytest.mark.django_db


def keys() -> list[bytes]:
    return list(signing.evidence_public_keys().values())


def files_in(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as made:
        return {name: made.read(name) for name in made.namelist()}


def unsigned(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in files.items() if not name.endswith(".sig") and name != "manifest.json"}


def evidence_in(raw: bytes) -> dict:
    return json.loads(files_in(raw)["evidence.json"])


@pytest.fixture
def lease(cast: Cast, clock) -> Lease:
    """A lease that ran for ten minutes, ended and was paid for."""
    agent, offer = cast.supply()
    found = running(cast, agent, offer, gpu_count=1)
    clock.advance(seconds=600)
    agent.sync(agent.workload(found, seconds=600))
    leases.stop_lease(found.pk, viewer=cast.alice, actor=cast.alice.as_actor())
    agent.sync(agent.workload(found, "exited", 600, exit_code=0))
    metering.settle_ended_leases()
    return again(found)


@pytest.fixture
def in_review(cast: Cast) -> UUID:
    """The decision that sent Alice's request to a person: she computes for Kaya Optik."""
    _, offer = cast.supply()
    user = {"kind": "other", "name": "Kaya Optik AG", "country": "CH"}
    with pytest.raises(Refusal) as refusal:
        leases.request_lease(
            make.lease_request(offer, cast.lion, end_user=user), user=cast.alice, actor=cast.alice.as_actor()
        )
    return UUID(refusal.value.extra["decision_id"])


def test_evidence_of_a_lease_holds_all_of_it(lease: Lease):
    raw = evidence_of("lease", lease.pk).body
    report = verify_bundle(raw, keys())
    assert report.faults == []
    assert report.replayed == report.decisions == len(evidence_in(raw)["decisions"]) >= 1
    found = evidence_in(raw)
    assert found["lease"]["gpu_count"] == 1
    assert found["lease"]["usage"]["accepted_seconds"] == 600
    assert "environment" not in found["lease"]
    (hold,) = found["money"]["holds"]
    assert hold["state"] == "settled"
    moved = found["money"]["transfers"]
    assert moved
    assert all(sum(entry["amount_minor"] for entry in each["entries"]) == 0 for each in moved)
    assert found["money"]["receipts"][0]["total_minor"] == hold["final_minor"]
    told = {event["body"]["event"] for event in found["events"]}
    assert {"decision.made", "clearance.issued", "lease.settled", "hold.settled"} <= told
    assert found["decisions"][0]["clearance"]["token"]
    assert {row["pack"] for row in found["rules"]} == {row["pack"] for row in found["decisions"]}
    pack = found["rules"][0]
    assert pack["hash"] == found["decisions"][0]["pack_hash"]
    assert f"rules/{pack['pack']}/pack.toml" in files_in(raw)


def test_evidence_of_a_decision_holds_its_case(in_review: UUID, cast: Cast):
    case = open_cases().get()
    cases.add_note(case.pk, "Asked the register.", actor=cast.olga.as_actor())
    raw = evidence_of("decision", in_review).body
    assert verify_bundle(raw, keys()).faults == []
    (row,) = evidence_in(raw)["decisions"]
    assert row["facts"]["end_user"]["name"] == "Kaya Optik AG"
    assert any("Kaya Optik AG" in reason["sentence"] for reason in row["reasons"])
    (told,) = evidence_in(raw)["cases"]
    assert [note["body"] for note in told["notes"]] == ["Asked the register."]
    assert "case.opened" in {event["body"]["event"] for event in evidence_in(raw)["events"]}
    page = files_in(raw)["evidence.html"].decode()
    for words in ("Evidence of a decision", "To a person", "Kaya Optik AG", "Asked the register.", "15 CFR"):
        assert words in page
    assert "<script" not in page
    assert 'src="' not in page
    assert 'href="' not in page


def test_evidence_of_a_party_withholds_the_persons_of_others(lease: Lease, cast: Cast):
    raw = evidence_of("party", cast.lion.party_id).body
    report = verify_bundle(raw, keys())
    assert report.faults == []
    assert report.replayed == 0
    assert any("withheld" in note for note in report.notes)
    text = files_in(raw)["evidence.json"].decode() + files_in(raw)["evidence.html"].decode()
    whole = decision(lease.clearance.decision_id)
    theirs = [party for party in whole.facts["parties"] if "Brisbane" in party["name"]]
    ours = [party for party in whole.facts["parties"] if "Lion" in party["name"]]
    assert theirs
    assert ours
    assert all(person["name"] not in text for person in theirs if person["kind"] == "person")
    assert ours[0]["name"] in text
    assert WITHHELD in text
    assert "Brisbane Compute Pty Ltd" in text
    other = evidence_of("party", cast.brisbane.party_id).body
    assert ours[0]["name"] not in files_in(other)["evidence.json"].decode()


def test_matched_entries_are_there_as_they_stood(cast: Cast):
    entry = ListedParty.objects.filter(kind="entity", blocked=True).order_by("primary_name").first()
    party = cast.lion.party
    facts = PartyInput("entity", entry.primary_name, party.country, headquarters_country=party.headquarters_country)
    parties.update_party(party.pk, facts, actor=cast.alice.as_actor())
    make.verify(cast.lion, cast.olga.as_actor(), actor=cast.alice.as_actor())
    _, offer = cast.supply()
    with pytest.raises(Refusal) as refusal:
        leases.request_lease(make.lease_request(offer, cast.lion), user=cast.alice, actor=cast.alice.as_actor())
    raw = evidence_of("decision", UUID(refusal.value.extra["decision_id"])).body
    assert verify_bundle(raw, keys()).faults == []
    (row,) = evidence_in(raw)["decisions"]
    stood = {each["external_id"]: each for each in row["matched_entries"]}[entry.external_id]
    assert (stood["primary_name"], stood["entry_hash"]) == (entry.primary_name, entry.entry_hash)
    assert {each["name"] for each in stood["names"]} == set(entry.names.values_list("name", flat=True))
    assert {each["id"] for each in row["lists"]} == set(row["list_versions"].values())
    (case,) = evidence_in(raw)["cases"]
    assert case["matches"][0]["external_id"] == entry.external_id
    assert entry.primary_name in files_in(raw)["evidence.html"].decode()


def test_the_same_state_gives_the_same_bytes(lease: Lease, cast: Cast):
    first = evidence_of("lease", lease.pk).body
    # What others do, and the bundle itself, change nothing of it.
    bundles.build(bundles.request_evidence("lease", lease.pk, actor=cast.olga.as_actor()).pk)
    cast.supply(name="another")
    assert evidence_of("lease", lease.pk).body == first
    case = cases.open_case(
        kind="gate_review", summary="?", reason_codes=["x"], subject_id=lease.pk, actor=system("tests")
    )
    assert evidence_of("lease", lease.pk).body != first
    assert str(case.pk) in files_in(evidence_of("lease", lease.pk).body)["evidence.json"].decode()


def test_a_flipped_byte_in_any_file_is_found(in_review: UUID):
    raw = evidence_of("decision", in_review).body
    files = files_in(raw)
    assert len(files) >= 8
    for name, body in files.items():
        for place in {0, len(body) // 2, len(body) - 1}:
            changed = bytearray(body)
            changed[place] ^= 1
            forged = archive._zip({**files, name: bytes(changed)})
            assert verify_bundle(forged, keys()).faults, name
            in_place = bytearray(raw)
            in_place[raw.index(body) + place] ^= 1
            assert verify_bundle(bytes(in_place), keys()).faults, name


def test_a_bundle_that_another_signed_is_not_evidence(in_review: UUID):
    raw = evidence_of("decision", in_review).body
    files = {
        name: body for name, body in files_in(raw).items() if not name.endswith(".sig") and name != "manifest.json"
    }
    other = Ed25519PrivateKey.generate()
    forged = archive.write_bundle(files, ["evidence.json"], other)
    assert verify_bundle(forged, keys()).faults
    # With the forger's key trusted, what he cannot forge is the log: its checkpoint is not his.
    assert verify_bundle(forged, [other.public_key().public_bytes_raw()]).faults == [
        "the checkpoint is not signed by a key that counts"
    ]


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("events", 0, "body", "actor"), "user:nobody", "not proven"),
        (("events", 0, "sequence"), 1_000, "not proven"),
        (("events", 0, "path"), ["00" * 32], "not proven"),
        (("decisions", 0, "facts", "end_use"), "Something else", "other facts"),
        (("decisions", 0, "reasons", 0, "sentence"), "All is well.", "does not come out"),
        (("decisions", 0, "digest"), "0" * 64, "does not come out"),
        (("format",), "gridclear-evidence/9", "shape"),
        (("events",), 5, "shape"),
    ],
)
def test_even_we_cannot_sign_what_is_not_so(in_review: UUID, path, value, fault):
    files = files_in(evidence_of("decision", in_review).body)
    evidence = json.loads(files["evidence.json"])
    holder = evidence
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    plain = unsigned(files)
    plain["evidence.json"] = archive.json_bytes(evidence)
    forged = archive.write_bundle(plain, ["evidence.json"], signing.evidence_key().private)
    assert any(fault in each for each in verify_bundle(forged, keys()).faults)


def test_a_third_party_verifies_with_python_and_openssl_alone(in_review: UUID, tmp_path):
    raw = evidence_of("decision", in_review).body
    good, bad, key = tmp_path / "good.zip", tmp_path / "bad.zip", tmp_path / "key.pem"
    good.write_bytes(raw)
    files = files_in(raw)
    files["evidence.json"] = files["evidence.json"].replace(b"Kaya", b"Maya")
    bad.write_bytes(archive._zip(files))
    key.write_text(signing.evidence_key().public_pem)
    program = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "verify_evidence.py")]
    done = subprocess.run([*program, str(good), str(key)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*program, str(bad), str(key)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "evidence.json is not signed" in done.stderr
    # The readme's own commands, on the files as unpacked.
    with zipfile.ZipFile(good) as made:
        made.extractall(tmp_path)
    kid = signing.evidence_key().kid
    for name in ("manifest.json", "evidence.json"):
        command = f"openssl pkeyutl -verify -pubin -inkey keys/{kid}.pem -rawin -in {name} -sigfile {name}.sig"
        assert command in (tmp_path / "readme.txt").read_text()
        assert subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_what_was_erased_reads_so_and_still_verifies(in_review: UUID):
    owner = decision(in_review).facts["parties"][0]
    subject_keys.destroy(Subject.party(UUID(owner["id"])), actor=system("tests"), reason="test")
    raw = evidence_of("decision", in_review).body
    report = verify_bundle(raw, keys())
    assert report.faults == []
    assert any("erased" in note for note in report.notes)
    text = files_in(raw)["evidence.json"].decode()
    assert owner["name"] not in text
    assert ERASED in text
    assert "was erased when its retention ended" in files_in(raw)["evidence.html"].decode()


# -- as background work -----------------------------------------------------------------------------------------


def test_a_bundle_is_asked_for_made_and_downloaded_on_record(lease: Lease, cast: Cast, doorbell, clock):
    olga = cast.olga.as_actor()
    asked = bundles.request_evidence("lease", lease.pk, actor=olga)
    assert bundles.request_evidence("lease", lease.pk, actor=olga) == asked
    with pytest.raises(bundles.BundleNotReady):
        bundles.download(asked.pk, actor=olga)
    bundles.build(asked.pk)
    bundles.build(asked.pk)
    found, body = bundles.download(asked.pk, actor=olga)
    assert (found.state, found.progress, found.byte_size) == ("ready", 100, len(body))
    assert body == evidence_of("lease", lease.pk).body
    told = AuditEvent.objects.filter(subject_id=str(asked.pk)).order_by("id").values_list("event", "actor")
    assert list(told) == [
        ("evidence.requested", olga.ref),
        ("evidence.begun", "system:bundles"),
        ("evidence.made", "system:bundles"),
        ("evidence.downloaded", olga.ref),
    ]


def test_the_file_lies_sealed_and_goes_with_any_of_its_subjects(lease: Lease, cast: Cast, settings):
    olga = cast.olga.as_actor()
    asked = bundles.request_evidence("lease", lease.pk, actor=olga)
    bundles.build(asked.pk)
    _, body = bundles.download(asked.pk, actor=olga)
    with bundles.sealed_files._storage().open(f"bundles/{asked.pk}.sealed") as file:
        stored = file.read()
    assert b"Lion City" not in stored
    assert body[:4] not in stored[:64]
    subject_keys.destroy(Subject.party(cast.brisbane.party_id), actor=system("tests"), reason="test")
    with pytest.raises(SubjectErased):
        bundles.download(asked.pk, actor=olga)


@pytest.mark.parametrize("who", ["alice", "pia", "ned"])
def test_only_officers_ask_for_evidence_and_get_it(lease: Lease, cast: Cast, who: str):
    actor = getattr(cast, who).as_actor()
    with pytest.raises(Forbidden):
        bundles.request_evidence("lease", lease.pk, actor=actor)
    asked = bundles.request_evidence("lease", lease.pk, actor=cast.olga.as_actor())
    bundles.build(asked.pk)
    with pytest.raises(Forbidden):
        bundles.download(asked.pk, actor=actor)


def test_what_cannot_be_made_fails_with_its_reason(cast: Cast, monkeypatch):
    olga = cast.olga.as_actor()
    nothing = bundles.request_evidence("lease", uuid4(), actor=olga)
    bundles.build(nothing.pk)
    nothing.refresh_from_db()
    assert (nothing.state, nothing.failure_code) == ("failed", "not_found")
    broken = bundles.request_evidence("party", cast.lion.party_id, actor=olga)
    monkeypatch.setattr(bundle_contents, "page_of", lambda body: 1 / 0)
    bundles.build(broken.pk)
    broken.refresh_from_db()
    assert (broken.state, broken.failure_code) == ("failed", "internal_error")
    with pytest.raises(NotFound):
        bundles.download(uuid4(), actor=olga)
    with pytest.raises(InvalidInput):
        bundles.request_evidence("everything", uuid4(), actor=olga)


def test_nothing_is_made_for_ever_and_no_file_outlives_its_week(lease: Lease, cast: Cast, clock, doorbell):
    olga = cast.olga.as_actor()
    kept = bundles.request_evidence("lease", lease.pk, actor=olga)
    bundles.build(kept.pk)
    lost = bundles.request_evidence("party", cast.lion.party_id, actor=olga)
    doorbell.names.clear()
    clock.advance(minutes=2)
    bundles.sweep_bundles()
    clock.advance(minutes=30)
    bundles.sweep_bundles()
    lost.refresh_from_db()
    assert (lost.state, lost.failure_code) == ("failed", "timed_out")
    bundles.build(lost.pk)
    clock.advance(days=7)
    bundles.sweep_bundles()
    bundles.sweep_bundles()
    kept.refresh_from_db()
    assert kept.state == Bundle.State.EXPIRED
    assert kept.file_gone_at is not None
    assert not bundles.sealed_files._storage().exists(f"bundles/{kept.pk}.sealed")
    with pytest.raises(bundles.BundleNotReady):
        bundles.download(kept.pk, actor=olga)


# -- by the command ---------------------------------------------------------------------------------------------


def test_the_command_writes_a_bundle_and_verifies_it(in_review: UUID, tmp_path, capsys):
    path = tmp_path / "out.zip"
    call_command("evidence", "bundle", "--decision", str(in_review), "--output", str(path))
    assert path.stat().st_mode & 0o077 == 0
    call_command("evidence", "verify", str(path))
    assert "1 of 1 decisions come out to the same bytes again" in capsys.readouterr().out
    with pytest.raises(CommandError, match="exists already"):
        call_command("evidence", "bundle", "--decision", str(in_review), "--output", str(path))
    with pytest.raises(CommandError, match="no such decision"):
        call_command("evidence", "bundle", "--decision", str(uuid4()), "--output", str(tmp_path / "none.zip"))
    assert not (tmp_path / "none.zip").exists()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(SystemExit) as caught:
        call_command("evidence", "verify", str(path))
    assert caught.value.code == 1


def test_the_command_trusts_the_key_that_it_is_given(in_review: UUID, tmp_path):
    path, key, other = tmp_path / "out.zip", tmp_path / "key.pem", tmp_path / "other.pem"
    path.write_bytes(evidence_of("decision", in_review).body)
    key.write_text(signing.evidence_key().public_pem)
    other.write_text(signing.signing_key().public_pem)
    call_command("evidence", "verify", str(path), "--key", str(key))
    with pytest.raises(SystemExit):
        call_command("evidence", "verify", str(path), "--key", str(other))
    (tmp_path / "none.pem").write_text("none")
    for wrong in ("none.pem", "absent.pem"):
        with pytest.raises(CommandError, match="no public key"):
            call_command("evidence", "verify", str(path), "--key", str(tmp_path / wrong))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("evidence", "verify", str(tmp_path / "absent.zip"))
