"""Holdings over time: as of a day, corrected, ended, taken back; and imported from files."""

import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction

from compliance.base.actor import Actor
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput
from compliance.models import Clearance, OwnershipDeclaration, OwnershipEdge, Party
from compliance.selectors.ownership import past_edges, upstream
from compliance.services import gate, parties
from compliance.services.ownership import ChangedSince, NothingToUndo
from compliance.services.ownership_import import AnotherCompany, import_ownership, preview_import
from compliance.services.parties import OwnerInput, PartyInput
from compliance.sources.ownership.reading import read_ownership
from tests.compliance.sources.test_bods import EXAMPLES, SUBJECTS, package, written
from tests.compliance.sources.test_gleif import CHILD, PARENT, TOP, entity, exception, relation, table
from tests.factories import compliance as make

ALICE = Actor("user", "alice")
BOB = Actor("user", "bob")
MEI = PartyInput("person", "Tan Mei Ling", "SG", birth_date="1984-03-02")
ONG = PartyInput("person", "Ong Wei", "SG")

pytestmark = pytest.mark.django_db


@pytest.fixture
def lion():
    return parties.register_party(PartyInput("entity", "Lion City Labs", "SG", headquarters_country="SG"), actor=ALICE)


def share(party, percent, **more):
    return OwnerInput(party, Decimal(percent), Decimal(percent), **more)


def declare(party, *owners, complete=True, about=None):
    return parties.declare_ownership(party.pk, owners, complete, actor=ALICE, about=about)


def held(party, day=None):
    """Who holds what of the party on the day: name and least share."""
    above = upstream([party.pk], day)
    edges = [edge for edge in above.edges if edge.owned_id == party.pk]
    return {(above.parties[edge.owner_id].name, edge.interest, edge.share_min) for edge in edges}


def stake(name, percent, interest="shareholding"):
    return (name, interest, Decimal(percent))


def test_ownership_is_read_as_of_a_day(lion, clock):
    declare(lion, share(MEI, 60, started_on=date(2020, 1, 1)), share(ONG, 40))
    assert held(lion, date(2019, 12, 31)) == {stake("Ong Wei", 40)}  # since an unknown day
    assert held(lion, date(2020, 1, 1)) == {stake("Tan Mei Ling", 60), stake("Ong Wei", 40)}
    day = clock.now().date()
    declare(lion, share(MEI, 70), share(ONG, 30))
    assert held(lion, day - timedelta(days=1)) == {stake("Tan Mei Ling", 60), stake("Ong Wei", 40)}
    assert held(lion) == {stake("Tan Mei Ling", 70), stake("Ong Wei", 30)}


def test_a_changed_share_ends_and_begins_on_the_day_that_is_told(lion):
    declare(lion, share(MEI, 60, started_on=date(2020, 1, 1)))
    declare(lion, share(MEI, 80, started_on=date(2023, 5, 1)))
    assert held(lion, date(2023, 4, 30)) == {stake("Tan Mei Ling", 60)}
    assert held(lion, date(2023, 5, 1)) == {stake("Tan Mei Ling", 80)}


def test_an_end_ends_and_a_better_source_replaces(lion):
    declare(lion, share(MEI, 60, started_on=date(2020, 1, 1)), share(ONG, 40))
    declare(lion, share(MEI, 60, ended_on=date(2024, 2, 1)), share(ONG, 40, source="Register extract"))
    assert held(lion) == {stake("Ong Wei", 40)}
    assert held(lion, date(2024, 1, 31)) == {stake("Tan Mei Ling", 60), stake("Ong Wei", 40)}
    (ong,) = OwnershipEdge.objects.filter(owner__name="Ong Wei", withdrawn_at=None)
    assert ong.source == "Register extract"
    assert {edge.owner.name for edge in past_edges([lion.pk])} == {"Tan Mei Ling", "Ong Wei"}


@pytest.mark.parametrize(
    "days",
    [
        {"started_on": date(2999, 1, 1)},
        {"ended_on": date(2999, 1, 1)},
        {"started_on": date(2021, 1, 2), "ended_on": date(2021, 1, 1)},
    ],
)
def test_days_that_cannot_be_change_nothing(lion, days):
    with pytest.raises(InvalidInput):
        declare(lion, share(MEI, 60, **days))
    assert not OwnershipEdge.objects.exists()


def test_declaring_the_same_again_stores_nothing(lion):
    declare(lion, share(MEI, 60, started_on=date(2020, 1, 1), source="Register"))
    before = AuditEvent.objects.count()
    declare(lion, share(MEI, 60, started_on=date(2020, 1, 1), source="Register"))
    declare(lion, share(MEI, 60))
    assert OwnershipDeclaration.objects.count() == 1
    assert AuditEvent.objects.count() == before


def test_the_newest_change_is_taken_back_step_by_step(lion):
    declare(lion, share(MEI, 60), share(ONG, 40))
    declare(lion, share(MEI, 100))
    undone = parties.undo_ownership(lion.pk, actor=BOB)
    assert held(lion) == {stake("Tan Mei Ling", 60), stake("Ong Wei", 40)}
    assert (undone.undone_by, undone.declared_by) == ("user:bob", "user:alice")
    parties.undo_ownership(lion.pk, actor=BOB)
    assert held(lion) == set()
    lion.refresh_from_db()
    assert lion.ownership_complete is False
    with pytest.raises(NothingToUndo):
        parties.undo_ownership(lion.pk, actor=BOB)
    assert OwnershipEdge.objects.count() == 3  # nothing is deleted
    assert not OwnershipEdge.objects.filter(withdrawn_at=None).exists()
    assert AuditEvent.objects.filter(event="party.ownership_undone").count() == 2


def test_a_taken_back_change_can_be_made_again(lion):
    declare(lion, share(MEI, 60))
    parties.undo_ownership(lion.pk, actor=BOB)
    declare(lion, share(MEI, 60))
    assert held(lion) == {stake("Tan Mei Ling", 60)}


def test_what_was_changed_in_another_tree_since_is_not_taken_back(lion):
    holding = parties.register_party(PartyInput("entity", "Straits Holdings", "SG"), actor=ALICE)
    declare(lion, share(holding.pk, 100))
    declare(holding, share(MEI, 60), about=lion.pk)
    declare(holding, share(ONG, 60))  # about the holding itself
    with pytest.raises(ChangedSince):
        parties.undo_ownership(lion.pk, actor=BOB)
    assert held(holding) == {stake("Ong Wei", 60)}


def test_holdings_and_declarations_cannot_be_deleted(lion):
    declare(lion, share(MEI, 60))
    for rows in (OwnershipEdge.objects.all(), OwnershipDeclaration.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows._raw_delete(rows.db)


def test_shares_rounded_up_are_no_more_than_the_whole(lion):
    thirds = [share(PartyInput("person", f"Owner {n}", "SG"), "33.34") for n in range(3)]
    assert len(declare(lion, *thirds)) == 3
    with pytest.raises(parties.OwnershipAboveHundred):
        declare(lion, share(MEI, 60), share(ONG, 41))


def test_a_change_takes_few_queries_however_many_holders(lion, django_assert_max_num_queries):
    holders = [parties.register_party(PartyInput("person", f"Holder {n}", "SG"), actor=ALICE) for n in range(40)]
    with django_assert_max_num_queries(23):
        declare(lion, *(share(each.pk, 2) for each in holders))
    with django_assert_max_num_queries(23):
        declare(lion, *(share(each.pk, 1) for each in holders))
    with django_assert_max_num_queries(23):
        parties.undo_ownership(lion.pk, actor=ALICE)


def test_a_better_source_keeps_clearances_and_another_share_ends_them():
    company = make.verified_company("Tiger City", "SG")
    provider = make.verified_company("Wattle Compute", "AU")
    founder = upstream([company.pk]).edges[0].owner_id
    for owners, live in (
        ((share(founder, 100, source="Extract"),), True),
        ((share(founder, 90), share(ONG, 10)), False),
    ):
        given = gate.require(make.lease_request(company, provider), actor=ALICE)
        parties.declare_ownership(company.pk, owners, True, actor=ALICE)
        assert (Clearance.objects.get(pk=given.id).revoked_at is None) is live


TODAY = date(2026, 11, 25)


def test_every_example_of_the_standard_is_imported(shared_data, clock):
    for name, expected in EXAMPLES.items():
        path = shared_data / "bods_examples" / f"{name}.json"
        told = read_ownership([path], clock.now().date(), subject=SUBJECTS.get(name, ""))
        subject = told.parties[told.subject]
        about = parties.register_party(PartyInput("entity", subject.name, subject.country or "GB"), actor=ALICE)
        preview = preview_import(about.pk, told)
        assert preview.changes is bool(told.holdings), name
        import_ownership(about.pk, told, actor=ALICE)
        above = upstream([about.pk])
        names = {key: party.name for key, party in above.parties.items()}
        stored = {
            (names[e.owner_id], names[e.owned_id], e.interest, e.share_min, e.share_max, e.direct) for e in above.edges
        }
        assert stored == expected, name
        assert not preview_import(about.pk, told).changes, name  # the same file again changes nothing


def test_an_import_is_one_declaration_and_can_be_taken_back(lion, tmp_path, clock):
    declare(lion, share(MEI, 100))
    path = written(tmp_path, package({"type": "shareholding", "share": {"exact": 50}}))
    told = read_ownership([path], clock.now().date())
    preview = preview_import(lion.pk, told)
    assert [row[0] for row in preview.added] == ["Pia"]
    assert [row[0] for row in preview.ended] == ["Tan Mei Ling"]
    assert "The file calls it Aster Ltd; here it is Lion City Labs." in preview.notes
    assert any("no country of Pia" in note for note in preview.notes)
    import_ownership(lion.pk, told, actor=ALICE)
    assert held(lion) == {stake("Pia", 50)}
    parties.undo_ownership(lion.pk, actor=ALICE)
    assert held(lion) == {stake("Tan Mei Ling", 100)}


def test_known_parties_are_met_again_and_filled_up_but_never_overwritten(lion, tmp_path, clock):
    declare(lion, share(PartyInput("person", "Pia", "SG"), 100))
    pia = upstream([lion.pk]).edges[0].owner_id
    details = {"personType": "knownPerson", "names": [{"fullName": "PIA"}], "birthDate": "1990-01-01"}
    path = written(tmp_path, package({"type": "shareholding", "share": {"exact": 60}}, details=details))
    import_ownership(lion.pk, read_ownership([path], clock.now().date()), actor=ALICE)
    row = Party.objects.get(pk=pia)
    assert (row.name, row.country, row.birth_date) == ("Pia", "SG", "1990-01-01")
    assert held(lion) == {stake("Pia", 60)}
    assert Party.objects.filter(kind="person").count() == 1
    (told,) = AuditEvent.objects.filter(event="party.updated", subject_id=str(pia))
    assert told.data == {"fields": ["birth_date"], "material": True}


def test_a_party_of_another_tree_is_never_taken_for_the_files(lion, tmp_path, clock):
    stranger = parties.register_party(PartyInput("person", "Pia", "SG"), actor=BOB)
    path = written(tmp_path, package({"type": "shareholding", "share": {"exact": 60}}))
    import_ownership(lion.pk, read_ownership([path], clock.now().date()), actor=ALICE)
    assert stranger.pk not in upstream([lion.pk]).parties


def test_a_file_about_another_company_is_refused(lion, tmp_path, clock):
    rows = package({"type": "shareholding", "share": {"exact": 60}})
    rows[0]["recordDetails"]["identifiers"] = [{"scheme": "SG-ACRA", "id": "2019-99999-Z"}]
    told = read_ownership([written(tmp_path, rows)], clock.now().date())
    Party.objects.filter(pk=lion.pk).update(registration_number="201912345K")
    for call in (preview_import, lambda pk, told: import_ownership(pk, told, actor=ALICE)):
        with pytest.raises(AnotherCompany):
            call(lion.pk, told)
    Party.objects.filter(pk=lion.pk).update(registration_number="2019-99999z")
    assert preview_import(lion.pk, told).changes


@pytest.mark.parametrize(
    "name", ["N" * 301, "Pi\u202ea", "\u200b\u200b"], ids=["too long", "turned about", "nothing to be seen"]
)
def test_a_name_that_cannot_be_imports_nothing(lion, tmp_path, clock, name):
    rows = package(
        {"type": "shareholding", "share": {"exact": 60}},
        details={"personType": "knownPerson", "names": [{"fullName": name}]},
    )
    told = read_ownership([written(tmp_path, rows)], clock.now().date())
    with pytest.raises(InvalidInput):
        import_ownership(lion.pk, told, actor=ALICE)
    assert Party.objects.count() == 1
    assert not OwnershipDeclaration.objects.exists()


def test_more_than_the_whole_imports_nothing(lion, tmp_path, clock):
    rows = package({"type": "shareholding", "share": {"exact": 60}})
    rows.append({**rows[1], "statementId": "s4", "recordId": "q", "recordDetails": {"names": [{"fullName": "Quy"}]}})
    rows.append(
        {
            **rows[2],
            "statementId": "s5",
            "recordId": "r2",
            "recordDetails": {**rows[2]["recordDetails"], "interestedParty": "q"},
        }
    )
    told = read_ownership([written(tmp_path, rows)], clock.now().date())
    with pytest.raises(parties.OwnershipAboveHundred):
        import_ownership(lion.pk, told, actor=ALICE)
    assert Party.objects.count() == 1


def test_gleif_adds_the_parents_and_leaves_declared_shares_alone(lion, tmp_path, clock):
    Party.objects.filter(pk=lion.pk).update(lei=CHILD)
    parent = PartyInput("entity", "Parent Co", "KY", lei=PARENT)
    declare(lion, share(parent, 60), share(MEI, 40))
    files = [
        table(tmp_path, "rr.csv", [relation(CHILD, PARENT), relation(PARENT, TOP)]),
        table(tmp_path, "repex.csv", [exception(TOP, "NO_KNOWN_PERSON")]),
        table(tmp_path, "lei2.csv", [entity(TOP, "Top Co", "KY", "CN")]),
    ]
    told = read_ownership(files, clock.now().date(), lei=CHILD)
    import_ownership(lion.pk, told, actor=ALICE)
    assert held(lion) == {
        stake("Parent Co", 60),
        stake("Tan Mei Ling", 40),
        stake("Parent Co", 0, "otherInfluenceOrControl"),
    }
    above = upstream([lion.pk])
    names = {party.name: party for party in above.parties.values()}
    assert names["Top Co"].headquarters_country == "CN"
    assert names["Undisclosed owner"].undisclosed == "NO_KNOWN_PERSON"
    lion.refresh_from_db()
    assert lion.ownership_complete is True
    assert names["Top Co"].ownership_complete is False
    assert not preview_import(lion.pk, told).changes
    # A newer file that knows of no parent ends what the older one said, and nothing else.
    newer = read_ownership(
        [table(tmp_path, "repex.csv", [exception(CHILD, "NON_PUBLIC")])], clock.now().date(), lei=CHILD
    )
    import_ownership(lion.pk, newer, actor=ALICE)
    assert {name for name, *_ in held(lion)} == {"Parent Co", "Tan Mei Ling", "Undisclosed owner"}
    assert stake("Parent Co", 0, "otherInfluenceOrControl") not in held(lion)


def imported(*arguments):
    out = StringIO()
    call_command("import_ownership", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_command_tells_what_it_does_and_may_only_tell(lion, tmp_path):
    path = written(tmp_path, package({"type": "shareholding", "share": {"minimum": 25, "maximum": 50}}))
    told = imported(path, "--about", lion.pk, "--dry-run")
    assert "would be added: Pia of Aster Ltd: Shares 25 to 50 %" in told.replace("Lion City Labs", "Aster Ltd")
    assert not OwnershipEdge.objects.exists()
    assert "1 added, 0 ended, 0 as before." in imported(path, "--about", lion.pk)
    assert held(lion) == {stake("Pia", 25)}
    assert OwnershipDeclaration.objects.get().declared_by == "system:import_ownership"


@pytest.mark.parametrize("content", ["", "{", json.dumps([{"statementId": "1"}]), "a,b\n1,2\n"])
def test_the_command_refuses_in_one_sentence_and_changes_nothing(lion, tmp_path, content):
    path = written(tmp_path, content)
    with pytest.raises(CommandError, match="Nothing was imported: "):
        imported(path, "--about", lion.pk)
    with pytest.raises(CommandError, match="Nothing was imported: "):
        imported(tmp_path / "absent.json", "--about", lion.pk)
    assert Party.objects.count() == 1
