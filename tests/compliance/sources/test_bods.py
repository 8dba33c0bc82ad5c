"""BODS 0.4: the standard's own examples, and what is refused."""

import json
from datetime import date
from decimal import Decimal

import pytest

from compliance.engine.codec import Malformed
from compliance.engine.facts import OwnershipEdgeFacts
from compliance.engine.ownership import owned_by
from compliance.sources.ownership.reading import read_ownership

TODAY = date(2026, 11, 25)
D = Decimal


def read(path, **more):
    return read_ownership([path], TODAY, **more)


def open_now(told):
    """The holdings that are not over, in names: (owner, owned, interest, low, high, direct)."""
    names = {key: party.name for key, party in told.parties.items()}
    return {
        (names[each.owner], names[each.owned], each.interest, each.low, each.high, each.direct)
        for each in told.holdings
        if each.ended_on is None
    }


def shares(owner, owned, low, high=None, *, interest="shareholding", direct=True):
    return (owner, owned, interest, D(low), D(low if high is None else high), direct)


def other(owner, owned, interest, *, direct=True):
    return shares(owner, owned, 0, interest=interest, direct=direct)


# What each example says is held today, read by hand from the file.
EXAMPLES = {
    "bods-package-annotations": {other("DRILLGREAT LIMITED", "MONSOON HOLDINGS (NO.1) LIMITED", "unknownInterest")},
    "bods-package-entity-owning-entity": {shares("MVJ LIMITED", "JENEX LIMITED", 75, "99.9999")},
    "bods-package-fi-soe": {
        shares("Suomen Kaasuverkko Oy", "Gasgrid Finland Oy", "76.5"),
        shares("Valtiovarainministerio", "Suomen Kaasuverkko Oy", 100),
        shares("Valtiovarainministerio", "Gasgrid Finland Oy", "23.5"),
        other("Suomen tasavalta", "Valtiovarainministerio", "otherInfluenceOrControl"),
        shares("Suomen tasavalta", "Gasgrid Finland Oy", 100, direct=False),
    },
    "bods-package-linking-annotations": {
        # "… holds, directly or indirectly": it is not said which.
        shares("Mr Jeremy Hunt", "MARE POND PROPERTIES LIMITED", "25.0001", "49.9999"),
        shares("Mr Jeremy Hunt", "MARE POND PROPERTIES LIMITED", 0, "49.9999", direct=False),
    },
    "bods-package": {shares("Jennifer Hewitson-Smith", "Profitech Ltd", 100)},
    "fermcat": {
        shares("Patrick O'Donohue", "Fermcat Ltd", 100),
        other("Patrick O'Donohue", "Fermcat Ltd", "boardMember"),
    },
    "full-pep-declaration": {
        shares("Michael Hubbard", "Platinum Emerald and Plutonim Mining Limited", 25, "49.9999", interest=interest)
        for interest in ("shareholding", "votingRights")
    },
    "simple-pep-declaration": {
        shares("Michael Hubbard", "Platinum Emerald and Plutonim Mining Limited", 25, "49.9999", interest=interest)
        for interest in ("shareholding", "votingRights")
    },
    "indirect-ownership": {
        shares("Company B", "Company A", 60),
        other("Person 1", "Company B", "unknownInterest"),
        shares("Person 1", "Company A", 30, direct=False),
    },
    "joint-ownership": {
        shares("Joint shareholding", "CHRINON LTD", 100),
        shares("Natalie Coleman", "Joint shareholding", 50),
        shares("Roberto Lopez", "Joint shareholding", 50),
    },
    "levent": {
        other("Andrew Anderson", "Levent Trust", "trustee"),
        other("Bella Buxton", "Levent Trust", "settlor"),
        other("Bella Buxton", "Levent Trust", "trustee"),
        other("Undisclosed person", "Levent Trust", "beneficiaryOfLegalArrangement"),
    },
    "listed-company-exempt-from-disclosure": {other("Undisclosed owner", "Listed Company OS-17", "unknownInterest")},
    "mixed-direct-and-indirect-ownership": {
        shares("Company B", "Company A", 50),
        other("Person 1", "Company B", "unknownInterest"),
        shares("Person 1", "Company A", 50, direct=False),
        shares("Person 1", "Company A", 50),
    },
    "multiple-indirect-ownership": {
        shares("Company C", "Company B", 50),
        shares("Company D", "Company B", 50),
        other("Person 1", "Company C", "unknownInterest"),
        other("Person 1", "Company D", "unknownInterest"),
        shares("Person 1", "Company B", 60, direct=False),
    },
    "multiple-tax-residencies": {shares("Logan Morton", "Company A", 100)},
    "mutilple-indirect-ownership-2": {
        shares("Company B", "Company A", 40),
        shares("Company C", "Company A", 20),
        other("Person 1", "Company B", "unknownInterest"),
        other("Person 1", "Company C", "unknownInterest"),
        shares("Person 1", "Company A", 60, direct=False),
    },
    "nomination": {
        other("Silvia Teixeira Perez", "Perez-Rivero nomination", "nominator"),
        other("Vanessa Rivero", "Perez-Rivero nomination", "nominee"),
        other("Perez-Rivero nomination", "Los Corazones de Plata", "boardMember"),
        other("Silvia Teixeira Perez", "Los Corazones de Plata", "otherInfluenceOrControl", direct=False),
    },
    "plc-entity-statement": set(),
    "tecido": {
        shares("Shear Trust", "Tecido Ltd", 80),
        shares("Shear Trust", "Tecido Ltd", 80, interest="votingRights"),
    },
}


# One example tells who is owned by its subject, not who owns it.
SUBJECTS = {"bods-package-annotations": "22e8a31863ee"}


def test_every_example_of_the_standard_gives_the_shares_that_it_says(shared_data):
    files = {path.stem: path for path in (shared_data / "bods_examples").glob("*.json")}
    assert set(files) == set(EXAMPLES)
    for name, path in files.items():
        assert open_now(read(path, subject=SUBJECTS.get(name, ""))) == EXAMPLES[name], name


def test_replaced_and_closed_records_are_kept_as_holdings_that_are_over(shared_data):
    told = read(shared_data / "bods_examples" / "tecido.json")
    maria = next(key for key, party in told.parties.items() if party.name == "Maria Esteves")
    over = [
        (each.low, each.started_on, each.ended_on)
        for each in told.holdings
        if each.owner == maria and each.interest == "shareholding"
    ]
    assert over == [
        (D(100), date(2002, 3, 9), date(2021, 9, 24)),
        (D(40), date(2021, 9, 24), date(2022, 9, 21)),
        (D(30), date(2022, 9, 21), date(2023, 3, 3)),
    ]
    fermcat = read(shared_data / "bods_examples" / "fermcat.json")
    ends = {each.ended_on for each in fermcat.holdings if fermcat.parties[each.owner].name == "Riyadh Byrne-Amin"}
    assert ends == {date(2021, 4, 3)}  # the interest's own end, not the day of the statement


def test_parties_are_read_and_nationality_is_not(shared_data):
    examples = shared_data / "bods_examples"
    finland = read(examples / "bods-package-fi-soe.json").parties.values()
    assert {party.entity_type for party in finland} == {"registeredEntity", "stateBody", "state"}
    (listed,) = read(examples / "plc-entity-statement.json").parties.values()
    assert (listed.country, listed.publicly_traded, listed.registration_number) == ("GB", True, "02723534")
    person = next(p for p in read(examples / "bods-package.json").parties.values() if p.kind == "person")
    assert (person.birth_date, person.aliases, person.country) == ("1978-07", ("Jenny Hewitson-Smith",), "")
    patrick = next(p for p in read(examples / "fermcat.json").parties.values() if p.name == "Patrick O'Donohue")
    assert patrick.birth_date == "1987-02-27"  # withheld later, and still the same man
    hidden = next(p for p in read(examples / "levent.json").parties.values() if p.undisclosed)
    assert (hidden.kind, hidden.undisclosed) == ("person", "interestedPartyExemptFromDisclosure")


DIRECT = {"directOrIndirect": "direct"}


def package(*interests, details=None, **relationship):
    """A person holds interests in a company, directly unless told."""
    base = {"statementDate": "2020-01-01", "recordStatus": "new", "publicationDetails": {"bodsVersion": "0.4"}}
    return [
        {
            **base,
            "statementId": "s1",
            "recordId": "a",
            "recordType": "entity",
            "declarationSubject": "a",
            "recordDetails": {"entityType": {"type": "registeredEntity"}, "name": "Aster Ltd"},
        },
        {
            **base,
            "statementId": "s2",
            "recordId": "p",
            "recordType": "person",
            "recordDetails": details or {"personType": "knownPerson", "names": [{"fullName": "Pia"}]},
        },
        {
            **base,
            "statementId": "s3",
            "recordId": "r",
            "recordType": "relationship",
            "recordDetails": {
                "subject": "a",
                "interestedParty": "p",
                "interests": [DIRECT | each for each in interests],
            },
            **relationship,
        },
    ]


def written(tmp_path, content, name="told.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        ({"exact": 33.333333}, "33.3333", "33.3334"),
        ({"minimum": 25, "maximum": 50}, "25", "50"),
        ({"exclusiveMinimum": 50}, "50.0001", "100"),
        ({"exclusiveMaximum": 25}, "0", "24.9999"),
        ({"exclusiveMinimum": 25, "minimum": 30, "maximum": 40}, "30", "40"),
        ({}, "0", "100"),
        (None, "0", "100"),
    ],
)
def test_shares_are_intervals(tmp_path, share, low, high):
    told = read(written(tmp_path, package({"type": "shareholding", "share": share})))
    (held,) = told.holdings
    assert (held.low, held.high) == (D(low), D(high))


@pytest.mark.parametrize("directness", ["unknown", None])
def test_a_share_of_unknown_directness_is_kept_as_both_and_settles_only_what_it_is_large_enough_for(
    tmp_path, directness
):
    def answer(percent, *others):
        how = {"directOrIndirect": directness, "share": {"exact": percent}}
        told = read(written(tmp_path, package({"type": "shareholding", **how})))
        assert open_now(told) == {
            shares("Pia", "Aster Ltd", percent),
            shares("Pia", "Aster Ltd", 0, percent, direct=False),
        }
        edges = [
            OwnershipEdgeFacts(each.owner, each.owned, str(each.low), str(each.high), each.interest, each.direct)
            for each in told.holdings
        ]
        rest = [OwnershipEdgeFacts(owner, "a", str(share), str(share)) for owner, share in others]
        return owned_by([*edges, *rest], {"p"}, "a").answer

    assert answer(60) == "YES", "as a direct one it would be"
    assert answer(40) == "UNRESOLVED", "half of a company that holds eighty would bring as much, and count whole"
    assert answer(40, ("q", "50.01")) == "NO", "whatever lies between, no half is left"


def test_a_post_is_one_whether_it_is_held_directly_or_not(tmp_path):
    told = read(written(tmp_path, package({"type": "boardMember", "directOrIndirect": "unknown"})))
    assert open_now(told) == {other("Pia", "Aster Ltd", "boardMember")}


def test_one_statement_a_line_is_read_too(tmp_path):
    lines = "\n".join(json.dumps(row) for row in package({"type": "shareholding", "share": {"exact": 5}}))
    assert open_now(read(written(tmp_path, lines, "told.jsonl"))) == {shares("Pia", "Aster Ltd", 5)}


def test_what_is_held_of_oneself_and_by_strangers_to_the_subject_is_left_out_with_a_note(tmp_path):
    rows = package({"type": "shareholding", "share": {"exact": 5}})
    rows[2]["recordDetails"]["interestedParty"] = "a"
    told = read(written(tmp_path, rows))
    assert told.holdings == ()
    assert "Aster Ltd holds of itself" in told.notes[0]
    assert "Left out: 1" in told.notes[1]


def damaged(change):
    rows = package({"type": "shareholding", "share": {"exact": 50}})
    change(rows)
    return rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r[2]["recordDetails"]["interests"][0].update(share={"exact": 101}), "between 0 and 100"),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(share={"minimum": 60, "maximum": 50}), "interval"),
        (
            lambda r: r[2]["recordDetails"]["interests"][0].update(
                share={"exclusiveMinimum": 50, "exclusiveMaximum": 50}
            ),
            "no room",
        ),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(share={"exact": "50"}), "must be a number"),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(startDate="2999-01-01"), "future"),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(endDate="2027-01-01"), "future"),
        (
            lambda r: r[2]["recordDetails"]["interests"][0].update(startDate="2020-02-02", endDate="2020-02-01"),
            "before",
        ),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(startDate="soon"), "YYYY-MM-DD"),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(type="friendship"), "does not know: friendship"),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(directOrIndirect="both"), "direct, indirect, unknown"),
        (lambda r: r[2]["recordDetails"]["interests"][0].update(directOrIndirect=[]), "direct, indirect, unknown"),
        (lambda r: r[2]["recordDetails"].update(interestedParty=None), "no interestedParty"),
        (lambda r: r[2]["recordDetails"].update(subject="p", interestedParty="a"), "a person is owned"),
        (lambda r: r[0].update(publicationDetails={"bodsVersion": "0.2"}), "BODS 0.2; only BODS 0.4"),
        (lambda r: r[0].update(statementDate="2999-01-01"), "future"),
        (lambda r: r[1].update(statementId="s1"), "stands twice"),
        (lambda r: r[1].update(recordId="a"), "two types"),
        (lambda r: r[0].pop("recordStatus"), "no recordStatus"),
        (lambda r: r[0].update(recordType="ownershipOrControlStatement"), "does not know"),
        (lambda r: r.append("x"), "no object"),
        (lambda r: r.clear(), "no statements"),
    ],
)
def test_a_file_that_cannot_be_taken_names_the_statement_and_the_reason(tmp_path, change, words):
    with pytest.raises(Malformed, match=words):
        read(written(tmp_path, damaged(change)))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html></html>",
        "nope",
        '{"a": 1}',
        "[1, 2",
        "[" * 100_000,
        '[{"a": 1, "a": 2}]',
        "PK\x03\x04",
        "name,share\nA,5",
    ],
)
def test_a_file_that_is_something_else_is_refused(tmp_path, content):
    with pytest.raises(Malformed) as refused:
        read(written(tmp_path, content))
    assert len(str(refused.value)) < 200
    assert "list was not loaded" not in str(refused.value)


def test_a_file_about_several_entities_needs_a_subject(tmp_path):
    rows = package({"type": "shareholding", "share": {"exact": 5}})
    rows.append({**rows[0], "statementId": "s4", "recordId": "b", "declarationSubject": "b"})
    path = written(tmp_path, rows)
    with pytest.raises(Malformed, match="say which one: a, b"):
        read(path)
    assert read(path, subject="a").subject == "a"
    with pytest.raises(Malformed, match="no entity p"):
        read(path, subject="p")
