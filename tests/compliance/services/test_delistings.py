"""An entry changes or goes: what rested on it is looked at again, and only four eyes lift what it froze."""

import pytest

from compliance.base.actor import Actor, system
from compliance.base.audit import AuditEvent
from compliance.models import Case, Match, PartyWallet, Restriction, Screening, WatchlistVersion
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, gate, parties, rescreening, screening, screening_index
from compliance.services.officers import FourEyesRequired
from tests.compliance.services.lists_by_hand import SDN, screening_list, wallet_list
from tests.factories import proofs
from tests.factories.compliance import (
    OFFICER,
    SECOND_OFFICER,
    company,
    lease_request,
    load_sample_lists,
    owner,
    person,
    verified_company,
)

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "renter")
SWEEP = system("rescreening")
NAME = "Kestrel Harrow Logistics GmbH"
LISTED = (1, "KESTREL HARROW LOGISTICS GMBH", {"addresses": "Hamburg, DE"})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "us_csl.csv"


@pytest.fixture
def renter(path):
    """A verified company, held against lists that do not name it yet."""
    load_sample_lists()
    # The sample has six entries; this one replaces it as the first of its kind.
    WatchlistVersion.objects.filter(watchlist="us_csl").update(state="superseded")
    screening_list(path)
    party = verified_company(NAME, "DE")
    settle()
    screening.screen_party(party.pk, trigger="gate")
    return party


@pytest.fixture
def provider(renter):
    return verified_company("Brisbane Compute Pty Ltd", "AU")


GONE = "No longer on us_csl: the entry changed or left its list."


def settle():
    return rescreening.rescreen_after_list_changes(actor=SWEEP)


def change(path, *rows):
    screening_list(path, *rows)
    return settle()


def open_case(kind="screening_hit"):
    return Case.objects.exclude(state="closed").get(kind=kind)


def decide(case, disposition, reason):
    cases.propose_disposition(case.pk, disposition, reason, "What the lists say.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)


def notes(case):
    return " ".join(note.body for note in opened_notes(case.notes.all()))


def test_an_entry_that_went_leaves_the_freeze_and_tells_the_case(renter, provider, path):
    change(path, LISTED)
    case = open_case()
    assert is_restricted(renter.pk)
    done = change(path)
    assert (done.hits, done.frozen, done.reopened) == (0, 0, 1)
    assert set(Match.objects.filter(party=renter).values_list("state", flat=True)) == {"outdated"}
    case.refresh_from_db()
    assert (case.state, case.summary) == ("open", GONE)
    assert "KESTREL HARROW LOGISTICS GMBH (us_csl SDN:1) left its list" in notes(case)
    assert is_restricted(renter.pk), "nobody is let go without officers"
    with pytest.raises(gate.ClearanceDenied):
        gate.require(lease_request(renter, provider), actor=ACTOR)
    decide(case, "release", "listing_removed")
    assert not is_restricted(renter.pk)
    assert gate.require(lease_request(renter, provider), actor=ACTOR)
    assert set(Match.objects.filter(party=renter).values_list("state", flat=True)) == {"outdated"}


def test_run_again_nothing_is_left_to_do(renter, path):
    change(path, LISTED)
    change(path)
    events = AuditEvent.objects.exclude(event="watchlist.rescreened").count()
    assert settle() == rescreening.Rescreened(0, 0, 0)
    # A run that died before it could note its end is repeated whole.
    WatchlistVersion.objects.filter(state="current", watchlist="us_csl").update(rescreened_at=None)
    settle()
    assert AuditEvent.objects.exclude(event="watchlist.rescreened").count() == events
    assert open_case().notes.count() == 1


def test_a_proposal_that_rested_on_the_entry_as_it_was_is_withdrawn(renter, path):
    change(path, LISTED)
    case = open_case()
    cases.propose_disposition(case.pk, "confirm", "same_party", "The same address.", actor=OFFICER)
    change(path)
    case.refresh_from_db()
    assert (case.state, case.proposed_disposition, case.proposed_by) == ("open", "", "")
    assert is_restricted(renter.pk)


def test_an_entry_that_changed_and_still_means_the_party_goes_on_in_the_same_case(renter, path):
    change(path, LISTED)
    case = open_case()
    number, name, more = LISTED
    done = change(path, (number, name, more | {"alt_names": "KESTREL HARROW"}))
    assert (done.hits, done.frozen, done.reopened) == (1, 1, 1)
    case.refresh_from_db()
    assert open_case() == case
    assert Restriction.objects.get(lifted_at=None).case == case
    newest = Screening.objects.filter(party=renter).latest("created_at")
    assert case.screening == newest
    assert "as it stands now" in notes(case)
    decide(case, "release", "different_party")
    assert not is_restricted(renter.pk)
    assert Match.objects.get(screening=newest).state == "false_positive"


def test_an_entry_that_changed_and_means_somebody_else_counts_as_gone(renter, path):
    change(path, LISTED)
    case = open_case()
    change(path, (1, "ZWEIBRUECKEN ORCHARD SOCIETY", {}))
    case.refresh_from_db()
    assert case.summary == GONE
    assert is_restricted(renter.pk)


def test_the_case_that_the_gate_opened_meanwhile_is_pointed_to(renter, provider, path):
    change(path, LISTED)
    case = open_case()
    number, name, more = LISTED
    screening_list(path, (number, name, more | {"remarks": "Moved."}))
    with pytest.raises(gate.ClearanceDenied):
        gate.require(lease_request(renter, provider), actor=ACTOR)
    newer = Case.objects.exclude(state="closed").filter(kind="screening_hit").exclude(pk=case.pk).get()
    settle()
    case.refresh_from_db()
    assert f"See case {newer.number}" in case.summary
    assert {row.case for row in Restriction.objects.filter(lifted_at=None)} == {case, newer}


def confirmed_then_gone(path):
    change(path, LISTED)
    decide(open_case(), "confirm", "same_party")
    change(path)
    return open_case("delisting")


def test_a_confirmed_match_whose_entry_went_asks_whether_the_freeze_shall_end(renter, provider, path):
    confirmed = confirmed_then_gone(path)
    earlier = Case.objects.get(kind="screening_hit")
    assert (confirmed.party, confirmed.subject_id, confirmed.priority) == (renter, earlier.pk, Case.Priority.HIGH)
    assert f"case {earlier.number} froze the party" in confirmed.summary
    assert is_restricted(renter.pk)
    decide(confirmed, "release", "listing_removed")
    assert not is_restricted(renter.pk)
    assert gate.require(lease_request(renter, provider), actor=ACTOR)


@pytest.mark.parametrize("source", [SDN, "Entity List (EL) - Bureau of Industry and Security"])
def test_a_possible_match_freezes_once_officers_confirm_it_and_is_refused_as_a_sure_one(renter, provider, path, source):
    change(path, (1, "KESTRAL HARROV LOGISTIK", {"source": source}))
    assert Match.objects.get(party=renter).strength == "weak"
    assert not is_restricted(renter.pk)
    with pytest.raises(gate.ClearanceInReview):
        gate.require(lease_request(renter, provider), actor=ACTOR)
    case = open_case()
    decide(case, "confirm", "same_party")
    assert Restriction.objects.get(kind="freeze", lifted_at=None).case == case
    assert Restriction.objects.filter(kind="blocked").exists() == (source == SDN), "where OFAC blocks its property"
    codes = {"sanctions_listed", "export_list"}
    refused = {each.code for each in gate.preview(lease_request(renter, provider)).reasons if each.outcome == "DENY"}
    assert len(refused & codes) == 1, refused
    change(path)
    decide(open_case("delisting"), "release", "listing_removed")
    assert not is_restricted(renter.pk)
    assert gate.require(lease_request(renter, provider), actor=ACTOR)


def test_officers_may_keep_the_freeze(renter, path):
    case = confirmed_then_gone(path)
    decide(case, "confirm", "not_plausible")
    assert is_restricted(renter.pk)


def test_one_officer_cannot_let_go(renter, path):
    case = confirmed_then_gone(path)
    cases.propose_disposition(case.pk, "release", "listing_removed", "Gone.", actor=OFFICER)
    with pytest.raises(FourEyesRequired):
        cases.approve_disposition(case.pk, "Gone.", actor=OFFICER)
    assert is_restricted(renter.pk)


def test_an_entry_that_comes_back_as_it_was_freezes_again(renter, path):
    decide(confirmed_then_gone(path), "release", "listing_removed")
    done = change(path, LISTED)
    assert (done.hits, done.frozen) == (1, 1)
    assert is_restricted(renter.pk)
    assert open_case().priority == Case.Priority.URGENT


def test_an_open_match_that_went_and_came_back_is_open_again(renter, path):
    change(path, LISTED)
    change(path)
    done = change(path, LISTED)
    assert (done.hits, done.frozen) == (1, 1)
    newest = Screening.objects.filter(party=renter).latest("created_at")
    assert newest.matches.get().state == "open"


def test_who_is_listed_elsewhere_too_is_not_said_to_be_gone(renter, path):
    both = (LISTED, (2, "KESTREL HARROW LOGISTICS GMBH", {"addresses": "Bremen, DE"}))
    change(path, *both)
    case = open_case()
    change(path, both[1])
    case.refresh_from_db()
    assert open_case() == case
    assert case.summary != GONE
    assert case.screening.matches.get(state="open").external_id == "SDN:2"


def test_what_the_hit_party_owned_is_let_go_with_it(renter, provider, path):
    parent = parties.register_party(company("Ostwick Harbour Holdings SE", "DE"), actor=ACTOR)
    owners = (owner(parent.pk, 60), owner(person("Ng Hui Min"), 40))
    below = verified_company("Straits Render Farm Pte Ltd", "SG", owners)
    gate.require(lease_request(below, provider, "rtx-3090"), actor=ACTOR)
    change(path, (7, "OSTWICK HARBOUR HOLDINGS SE", {}))
    assert is_restricted(parent.pk)
    assert is_restricted(below.pk)
    decide(open_case(), "confirm", "same_party")
    change(path)
    decide(open_case("delisting"), "release", "listing_removed")
    assert not is_restricted(parent.pk)
    assert not is_restricted(below.pk)


def test_a_case_about_a_wallet_says_that_its_entry_went(renter, provider, tmp_path):
    wallet = "0x52908400098527886E0F7030069857D2E4169EE7"
    others = [("ETH", f"0x{number:040x}") for number in range(1, 40)]
    WatchlistVersion.objects.filter(watchlist="opensanctions").update(state="superseded")
    wallet_list(tmp_path / "w.json", others)
    settle()
    proofs.wallet(renter.pk, wallet)
    gate.require(lease_request(renter, provider, rail="escrow", wallet=wallet), actor=ACTOR)
    PartyWallet.objects.all().delete()  # it is no longer this party's, and the clearance for it is live
    wallet_list(tmp_path / "w.json", [*others, ("ETH", wallet)])
    settle()
    case = open_case()
    assert (case.screening, is_restricted(renter.pk)) == (None, True)
    wallet_list(tmp_path / "w.json", others)
    assert settle().reopened == 1
    assert "changed or left its list" in notes(case)
    assert is_restricted(renter.pk)


def signature(row):
    return sorted(
        (each.list_code, each.external_id, each.entry_hash, each.score, each.strength, each.state, each.listed_name)
        for each in row.matches.all()
    )


def test_a_screening_by_the_change_finds_what_a_whole_one_finds_without_the_whole_index(renter, path, monkeypatch):
    others = [
        verified_company(name, "DE") for name in ("Kestrel Harrow Logistik GmbH", "Zvyxolt Qurmbeq Works Number 7")
    ]
    everybody = [renter, *others]
    for each in everybody:
        screening.screen_party(each.pk, trigger="gate")
    screening_list(path, LISTED, (2, "KESTREL HARROW LOGISTIK GMBH", {}))

    def never(*_):
        raise AssertionError("the whole index was asked for")

    with monkeypatch.context() as patched:
        patched.setattr(screening_index, "current", never)
        settle()
    by_change = {each.pk: Screening.objects.filter(party=each).latest("created_at") for each in everybody[:2]}
    assert all(signature(row) for row in by_change.values())
    for pk, row in by_change.items():
        found = signature(row)
        Match.objects.filter(screening=row).update(listed_name="not this one")
        Screening.objects.filter(pk=row.pk).update(list_versions={})
        assert signature(screening.screen_party(pk, trigger="gate")) == found
    # Whom the change cannot touch was not screened again.
    untouched = Screening.objects.filter(party=others[1])
    assert untouched.count() == 1


def test_a_party_whose_facts_changed_since_is_screened_whole(renter, path):
    party = parties.update_party(renter.pk, company("Kestrel Harrow Logistics AG", "DE"), actor=ACTOR)
    screening_list(path, LISTED)
    settle()
    row = Screening.objects.filter(party=party).latest("created_at")
    assert row.subject_hash == party.subject_hash
    assert row.trigger == "list_change"


def test_a_party_that_was_another_for_a_while_is_screened_whole(renter, path):
    """Its last screening is of the same facts, but what came while it bore another name never met it."""
    parties.update_party(renter.pk, company("Quite Another Name GmbH", "DE"), actor=ACTOR)
    change(path, LISTED)
    parties.update_party(renter.pk, company(NAME, "DE"), actor=ACTOR)
    change(path, LISTED, (2, "KESTREL HARROW LOGISTICS UNITED", {}))
    newest = Screening.objects.filter(party=renter).latest("created_at")
    assert "SDN:1" in set(newest.matches.values_list("external_id", flat=True))
    assert is_restricted(renter.pk)


def test_a_change_that_passed_a_party_by_does_not_cost_it_the_short_way(renter, path, monkeypatch):
    change(path, (5, "ZWEIBRUECKEN ORCHARD SOCIETY", {}))
    screening_list(path, (5, "ZWEIBRUECKEN ORCHARD SOCIETY", {}), LISTED)

    def never(*_):
        raise AssertionError("the whole index was asked for")

    monkeypatch.setattr(screening_index, "current", never)
    assert settle().frozen == 1


def test_a_match_that_officers_settled_goes_with_its_entry(renter, path):
    change(path, LISTED)
    decide(open_case(), "release", "different_party")
    change(path)
    change(path, (2, "KESTREL HARROW LOGISTICS GMBH", {}))
    newest = Screening.objects.filter(party=renter).latest("created_at")
    assert list(newest.matches.values_list("external_id", "state")) == [("SDN:2", "open")]
