"""Owners at the pages: edited with days and sources, read as of a day, taken back, imported; each in one's own tree."""

import json
import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from compliance.base.actor import system
from compliance.base.clock import now as clock_now
from compliance.models import OwnershipDeclaration, OwnershipEdge, Party
from compliance.selectors.ownership import upstream
from compliance.services import cases, parties
from compliance.services.parties import OwnerInput, PartyInput
from tests.cast import Cast
from tests.compliance.sources.test_bods import package
from tests.compliance.sources.test_gleif import CHILD, PARENT, entity, exception, relation, table

HOME, IMPORT, UNDO = "/verification/ownership", "/verification/ownership/import", "/verification/ownership/undo"


def text(response) -> str:
    """The page as people read it."""
    return unescape(response.content.decode())


def form_of(*rows: dict[str, str]) -> dict[str, str]:
    """The owners' form for these rows."""
    fields = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        whole = {"kind": "person", "country": "SG", "interest": "shareholding", **row}
        fields |= {f"form-{number}-{key}": value for key, value in whole.items()}
    return fields


def held(cast: Cast, day: date | None = None) -> dict[str, str]:
    """Who holds how much of Lion City Labs on the day."""
    above = upstream([cast.lion.party_id], day)
    return {
        above.parties[edge.owner_id].name: f"{edge.share_min.normalize():f}"
        for edge in above.edges
        if edge.owned_id == cast.lion.party_id
    }


def test_a_holder_has_days_a_source_and_an_interest_and_is_ended_not_deleted(cast: Cast, browse):
    client, page = browse(cast.alice), f"/verification/owners/{cast.lion.party_id}"
    row = {
        "name": "Ann Lee",
        "share": "40",
        "share_max": "60",
        "started_on": "2024-01-01",
        "source": "An extract",
    }
    client.post(page, form_of(row, {"name": "Bo Tan", "interest": "trustee", "indirect": "on"}))
    ann = OwnershipEdge.objects.get(owner__name="Ann Lee")
    bo = OwnershipEdge.objects.get(owner__name="Bo Tan")
    assert (str(ann.share_max), ann.started_on, ann.source) == ("60.0000", date(2024, 1, 1), "An extract")
    assert (bo.interest, bo.direct) == ("trustee", False)
    shown = text(client.get(page))
    assert 'value="2024-01-01"' in shown
    assert "An extract" in shown
    known = {"party_id": str(ann.owner_id), **row, "ended_on": "2025-06-01"}
    client.post(
        page, form_of(known, {"name": "Bo Tan", "party_id": str(bo.owner_id), "interest": "trustee", "indirect": "on"})
    )
    ann.refresh_from_db()
    assert ann.ended_on == date(2025, 6, 1)
    assert "Ann Lee" not in held(cast)
    assert held(cast, date(2025, 5, 31))["Ann Lee"] == "40"
    past = text(client.get(HOME))
    assert "1 Jan 2024 – 1 Jun 2025" in past
    assert (cast.alice.name or cast.alice.email) in past  # who declared it


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"name": "Ann", "share": "10", "started_on": "2999-01-01"}, "This day has not come"),
        ({"name": "Ann", "share": "10", "ended_on": "2999-01-01"}, "This day has not come"),
        ({"name": "Ann", "share": "10", "started_on": "2024-02-02", "ended_on": "2024-02-01"}, "ends before it starts"),
        ({"name": "Ann", "share": "10", "interest": "friendship"}, "not one of the available choices"),
        ({"name": "Ann", "share": "60", "share_max": "50"}, "below the lower one"),
        ({"name": "Ann", "share": "10", "country": ""}, "Choose the country"),
    ],
)
def test_what_cannot_be_stands_beside_its_field_and_changes_nothing(cast: Cast, browse, row, words):
    before = OwnershipEdge.objects.count()
    page = text(browse(cast.alice).post(f"/verification/owners/{cast.lion.party_id}", form_of(row)))
    assert words in page
    assert OwnershipEdge.objects.count() == before


def test_the_page_reads_ownership_as_of_a_day(cast: Cast, browse):
    client = browse(cast.alice)
    parties.declare_ownership(
        cast.lion.party_id,
        [OwnerInput(PartyInput("person", "Cleo Day", "SG"), 100, 100, started_on=clock_now().date())],
        True,
        actor=cast.alice.as_actor(),
    )
    yesterday = clock_now().date() - timedelta(days=1)
    assert "Cleo Day holds 100 %" in text(client.get(HOME))
    assert "Cleo Day holds 100 %" not in text(client.get(HOME, {"on": yesterday.isoformat()}))
    assert "This day has not come" in text(client.get(HOME, {"on": "2999-01-01"}))
    assert "Enter a valid date" in text(client.get(HOME, {"on": "soon"}))


def test_the_newest_change_is_taken_back_after_a_question(cast: Cast, browse):
    client, before = browse(cast.alice), held(cast)
    client.post(f"/verification/owners/{cast.lion.party_id}", form_of({"name": "Ann Lee", "share": "100"}))
    assert held(cast) == {"Ann Lee": "100"}
    assert "Take back the newest change" in text(client.get(HOME))
    assert "it added 1 and ended" in text(client.get(UNDO))
    assert held(cast) == {"Ann Lee": "100"}  # a question changes nothing
    assert "is taken back" in text(client.post(UNDO, follow=True))
    assert held(cast) == before
    assert browse(cast.bob).post(UNDO).status_code == 403
    assert "Take back" not in text(browse(cast.bob).get(HOME))


def bods(**more) -> SimpleUploadedFile:
    rows = package({"type": "shareholding", "share": {"exact": 62.5}, "startDate": "2020-05-01"}, **more)
    rows[0]["recordDetails"]["name"] = "Lion City Labs"
    return SimpleUploadedFile("owners.json", json.dumps(rows).encode(), "application/json")


def shown_in(page: str) -> str:
    return re.search(r'name="shown" value="([^"]+)"', page).group(1)


def test_a_file_is_shown_first_and_stored_when_confirmed(cast: Cast, browse):
    client, before = browse(cast.alice), held(cast)
    page = text(client.post(IMPORT, {"file": bods()}))
    assert "62.5 %" in page
    assert "Pia" in page
    assert "no country of Pia" in page
    assert held(cast) == before
    done = text(client.post(IMPORT, {"shown": shown_in(page)}, follow=True))
    assert "1 holdings were added" in done
    assert held(cast) == {"Pia": "62.5"}
    assert OwnershipDeclaration.objects.filter(kind="import", declared_by=cast.alice.as_actor().ref).exists()
    again = text(client.post(IMPORT, {"file": bods()}))
    assert "Nothing would change" in again


def test_an_imported_holder_without_a_country_can_be_completed(cast: Cast, browse):
    client = browse(cast.alice)
    client.post(IMPORT, {"shown": shown_in(text(client.post(IMPORT, {"file": bods()})))})
    pia = Party.objects.get(name="Pia")
    page = f"/verification/owners/{cast.lion.party_id}"
    row = {"name": "Pia", "party_id": str(pia.pk), "share": "62.5"}
    client.post(page, form_of({**row, "country": ""}))
    pia.refresh_from_db()
    assert (pia.country, held(cast)) == ("", {"Pia": "62.5"})
    client.post(page, form_of({**row, "country": "NO"}))
    pia.refresh_from_db()
    assert pia.country == "NO"
    assert "Choose the country" in text(client.post(page, form_of({**row, "country": ""})))


def test_what_is_confirmed_is_what_was_shown_to_this_organization(cast: Cast, browse, clock):
    signed = shown_in(text(browse(cast.alice).post(IMPORT, {"file": bods()})))
    for client, value in (
        (browse(cast.charlie), signed),
        (browse(cast.alice), signed[:-2] + "xx"),
        (browse(cast.alice), "nonsense"),
    ):
        assert "Nothing was imported" in text(client.post(IMPORT, {"shown": value}, follow=True))
    assert not Party.objects.filter(name="Pia").exists()
    assert browse(cast.bob).post(IMPORT, {"shown": signed}).status_code == 403


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 nothing", "neither JSON of BODS 0.4 nor"),
        (b"\x00\x01\x02", "neither JSON of BODS 0.4 nor"),
        (b'[{"a": 1, "a": 2}]', "A key stands twice"),
        (b"[" * 50_000, "nested too deeply"),
        (b'[{"statementId": "1", "recordId": "\xff"}]', "no UTF-8"),
        (b"x" * (1024 * 1024 + 1), "larger than 1 MB"),
        (b"<html></html>", "web page"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_sentence(cast: Cast, browse, content, words):
    before = Party.objects.count()
    page = text(browse(cast.alice).post(IMPORT, {"file": SimpleUploadedFile("owners.json", content)}))
    assert words in page
    assert Party.objects.count() == before


def test_gleif_needs_the_lei_and_then_shows_the_parents(cast: Cast, browse, tmp_path):
    client = browse(cast.alice)
    file = lambda: SimpleUploadedFile("rr.csv", table(tmp_path, "rr.csv", [relation(CHILD, PARENT)]).read_bytes())  # noqa: E731
    assert "needs the LEI" in text(client.post(IMPORT, {"file": file()}))
    party = Party.objects.get(pk=cast.lion.party_id)
    facts = {"name": party.name, "kind": "entity", "country": party.country, "part": "party", "lei": "X"}
    facts["headquarters_country"] = party.country
    assert "This is no LEI" in text(client.post("/verification", facts))
    client.post("/verification", {**facts, "lei": CHILD, "registration_number": party.registration_number})
    page = text(client.post(IMPORT, {"file": file()}))
    assert f"The entity with the LEI {PARENT}" in page
    assert "share not known" in page


def test_an_officer_sees_every_answer_and_the_history(cast: Cast, browse, tmp_path):
    party = Party.objects.get(pk=cast.lion.party_id)
    case = cases.open_case(kind="gate_review", summary="?", reason_codes=["X"], party=party, actor=system("tests"))
    page = text(browse(cast.olga).get(f"/cases/{case.pk}/ownership"))
    for words in ("Not owned to half or more by blocked persons", "UK-listed", "Beneficial owners", "Ultimate parent"):
        assert words in page
    assert "11623/24" in page
    for stranger in (cast.alice, cast.charlie, cast.ned):
        assert browse(stranger).get(f"/cases/{case.pk}/ownership").status_code == 404


def test_what_a_register_does_not_disclose_is_told_as_such(cast: Cast, browse, tmp_path):
    Party.objects.filter(pk=cast.lion.party_id).update(lei=CHILD)
    client = browse(cast.alice)
    rows = [exception(CHILD, "NO_KNOWN_PERSON")]
    file = SimpleUploadedFile("repex.csv", table(tmp_path, "repex.csv", rows).read_bytes())
    client.post(IMPORT, {"shown": shown_in(text(client.post(IMPORT, {"file": file})))})
    page = text(client.get(HOME))
    assert "Undisclosed owner" in page
    assert "not disclosed" in page
    hidden = Party.objects.get(undisclosed="NO_KNOWN_PERSON")
    row = {"name": "Harbour Trust", "party_id": str(hidden.pk), "kind": "entity", "interest": "unknownInterest"}
    client.post(f"/verification/owners/{cast.lion.party_id}", form_of({**row, "country": "SG"}))
    hidden.refresh_from_db()
    assert (hidden.name, hidden.undisclosed) == ("Harbour Trust", "")  # whoever is named is disclosed
    assert entity(CHILD, "Lion", "SG")["LEI"] == CHILD
