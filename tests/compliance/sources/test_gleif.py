"""GLEIF's levels 1 and 2: tables with the golden copy's headers, its JSON, and its API's answers."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest

from compliance.engine.codec import Malformed
from compliance.engine.identifiers import is_lei
from compliance.engine.ownership import Fixpoint
from compliance.sources.ownership.reading import read_ownership
from tests.compliance.engine.world import edge

TODAY = date(2026, 11, 25)


def lei(stem):
    """A made-up LEI whose last two digits check."""
    body = stem.ljust(18, "0")
    digits = "".join(str(int(each, 36)) for each in f"{body}00")
    return f"{body}{98 - int(digits) % 97:02d}"


CHILD, PARENT, TOP, FUND = lei("CHILD"), lei("PARENT"), lei("TOP"), lei("FUND")


def test_an_lei_checks_itself():
    assert is_lei("5493001KJTIIGC8Y1R12")  # Bloomberg Finance L.P., as published
    assert is_lei(CHILD)
    assert not is_lei(CHILD[:-1] + str((int(CHILD[-1]) + 1) % 10))
    assert not is_lei(CHILD.lower())
    assert not is_lei("")


def relation(
    child, parent, kind="IS_DIRECTLY_CONSOLIDATED_BY", start="", end="", status="ACTIVE", registered="PUBLISHED"
):
    return {
        "Relationship.StartNode.NodeID": child,
        "Relationship.StartNode.NodeIDType": "LEI",
        "Relationship.EndNode.NodeID": parent,
        "Relationship.EndNode.NodeIDType": "LEI",
        "Relationship.RelationshipType": kind,
        "Relationship.RelationshipStatus": status,
        "Relationship.Period.1.startDate": "2019-01-01T00:00:00Z",
        "Relationship.Period.1.endDate": "2019-12-31T00:00:00Z",
        "Relationship.Period.1.periodType": "ACCOUNTING_PERIOD",
        "Relationship.Period.2.startDate": start,
        "Relationship.Period.2.endDate": end,
        "Relationship.Period.2.periodType": "RELATIONSHIP_PERIOD",
        "Registration.RegistrationStatus": registered,
    }


def exception(of, reason, category="ULTIMATE_ACCOUNTING_CONSOLIDATION_PARENT"):
    return {"LEI": of, "Exception.Category": category, "Exception.Reason.1": reason, "Exception.Reference.1": ""}


def entity(of, name, country, headquarters=""):
    return {
        "LEI": of,
        "Entity.LegalName": name,
        "Entity.OtherEntityNames.OtherEntityName.1": f"{name} Group",
        "Entity.LegalAddress.Country": country,
        "Entity.HeadquartersAddress.Country": headquarters or country,
        "Entity.RegistrationAuthority.RegistrationAuthorityEntityID": "7",
        "Entity.LegalJurisdiction": country,
        "Entity.EntityCategory": "GENERAL",
    }


def table(tmp_path, name, rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / name
    path.write_text(out.getvalue())
    return path


def read(*paths, of=CHILD):
    return read_ownership(list(paths), TODAY, lei=of)


def held(told):
    return sorted(
        (
            told.parties[h.owner].lei or told.parties[h.owner].undisclosed,
            told.parties[h.owned].lei,
            h.interest,
            h.direct,
        )
        for h in told.holdings
        if h.ended_on is None
    )


def test_a_consolidating_parent_controls_and_holds_an_unknown_share(tmp_path):
    relations = table(
        tmp_path,
        "rr.csv",
        [
            relation(CHILD, PARENT, start="2015-03-01T00:00:00Z"),
            relation(PARENT, TOP),
            relation(CHILD, TOP, "IS_ULTIMATELY_CONSOLIDATED_BY"),
            relation(lei("OTHER"), TOP),
        ],
    )
    entities = table(
        tmp_path,
        "lei2.csv",
        [entity(CHILD, "Child Ltd", "SG"), entity(TOP, "Top Co", "KY", "CN"), entity(lei("OTHER"), "Other", "FR")],
    )
    told = read(entities, relations)  # whatever the order of the files
    assert held(told) == sorted(
        [
            (PARENT, CHILD, "otherInfluenceOrControl", True),
            (PARENT, CHILD, "shareholding", True),
            (TOP, CHILD, "otherInfluenceOrControl", False),
            (TOP, CHILD, "shareholding", False),
            (TOP, PARENT, "otherInfluenceOrControl", True),
            (TOP, PARENT, "shareholding", True),
        ]
    )
    assert not told.whole
    assert {h.started_on for h in told.holdings if h.owned == CHILD and h.direct} == {date(2015, 3, 1)}
    top = told.parties[TOP]
    assert (top.name, top.country, top.headquarters_country, top.aliases) == ("Top Co", "KY", "CN", ("Top Co Group",))
    assert told.parties[PARENT].name == f"The entity with the LEI {PARENT}"  # no level 1 record
    assert lei("OTHER") not in told.parties
    edges = [edge(h.owner, h.owned, h.low, h.high, h.interest, direct=h.direct) for h in told.holdings]
    assert Fixpoint(edges, {TOP}).unresolved == {PARENT, CHILD}  # consolidation is no percentage


@pytest.mark.parametrize("reason", ["NO_KNOWN_PERSON", "NON_CONSOLIDATING", "NO_LEI", "NON_PUBLIC", "NATURAL_PERSONS"])
def test_a_reporting_exception_means_unknown_and_not_none(tmp_path, reason):
    told = read(table(tmp_path, "repex.csv", [exception(CHILD, reason)]))
    (hidden,) = (party for party in told.parties.values() if party.undisclosed)
    assert (hidden.undisclosed, hidden.kind) == (reason, "person" if reason == "NATURAL_PERSONS" else "entity")
    assert held(told) == [(reason, CHILD, "unknownInterest", True)]
    assert reason in told.notes[0]


def test_two_exceptions_of_one_entity_are_one_unknown_holder(tmp_path):
    rows = [exception(CHILD, "NON_PUBLIC"), exception(CHILD, "NO_LEI", "DIRECT_ACCOUNTING_CONSOLIDATION_PARENT")]
    told = read(table(tmp_path, "repex.csv", rows))
    assert held(told) == [("NON_PUBLIC NO_LEI", CHILD, "unknownInterest", True)]


def test_ended_branch_fund_and_annulled_relations(tmp_path):
    rows = [
        relation(CHILD, PARENT, status="INACTIVE", start="2010-01-01", end="2018-05-05"),
        relation(CHILD, lei("GONE"), status="INACTIVE"),
        relation(CHILD, lei("NULL"), registered="ANNULLED"),
        relation(CHILD, TOP, "IS_INTERNATIONAL_BRANCH_OF"),
        relation(CHILD, FUND, "IS_FUND-MANAGED_BY"),
        relation(CHILD, FUND, "IS_COUSIN_OF"),
        relation(CHILD, CHILD),
    ]
    told = read(table(tmp_path, "rr.csv", rows))
    over = {(h.owner, h.ended_on) for h in told.holdings if h.ended_on}
    assert over == {(PARENT, date(2018, 5, 5))}
    branch = next(h for h in told.holdings if h.owner == TOP)
    assert (branch.low, branch.interest) == (Decimal(100), "shareholding")
    assert next(h for h in told.holdings if h.owner == FUND).interest == "rightsGrantedByContract"
    assert {lei("GONE"), lei("NULL")}.isdisjoint(told.parties)
    assert told.notes == ("Relations of the type IS_COUSIN_OF are not read.",)


def dollars(value):
    """As the golden copies in JSON write texts."""
    if isinstance(value, dict):
        return {key: dollars(each) for key, each in value.items()}
    return [dollars(each) for each in value] if isinstance(value, list) else {"$": value}


def golden(tmp_path, key, items):
    path = tmp_path / f"{key}.json"
    path.write_text(json.dumps({key: items}))
    return path


def test_the_golden_copy_in_json_says_the_same_as_its_table(tmp_path):
    record = {
        "Relationship": {
            "StartNode": {"NodeID": CHILD, "NodeIDType": "LEI"},
            "EndNode": {"NodeID": PARENT, "NodeIDType": "LEI"},
            "RelationshipPeriods": {
                "RelationshipPeriod": [
                    {"StartDate": "2019-01-01T00:00:00Z", "PeriodType": "ACCOUNTING_PERIOD"},
                    {"StartDate": "2015-03-01T00:00:00Z", "PeriodType": "RELATIONSHIP_PERIOD"},
                ]
            },
            "RelationshipType": "IS_DIRECTLY_CONSOLIDATED_BY",
            "RelationshipStatus": "ACTIVE",
        },
        "Registration": {"RegistrationStatus": "PUBLISHED"},
    }
    level1 = {
        "LEI": PARENT,
        "Entity": {
            "LegalName": "Parent Co",
            "LegalAddress": {"Country": "KY"},
            "HeadquartersAddress": {"Country": "CN"},
            "LegalJurisdiction": "KY",
        },
    }
    silence = {
        "LEI": PARENT,
        "ExceptionCategory": "ULTIMATE_ACCOUNTING_CONSOLIDATION_PARENT",
        "ExceptionReason": ["NON_PUBLIC"],
    }
    told = read(
        golden(tmp_path, "records", [dollars(level1)]),
        golden(tmp_path, "relations", [{"RelationshipRecord": dollars(record)}]),
        golden(tmp_path, "exceptions", [dollars(silence)]),
    )
    rows = [relation(CHILD, PARENT, start="2015-03-01")]
    plain = read(
        table(tmp_path, "rr.csv", rows),
        table(tmp_path, "repex.csv", [exception(PARENT, "NON_PUBLIC")]),
        table(tmp_path, "lei2.csv", [entity(PARENT, "Parent Co", "KY", "CN")]),
    )
    assert held(told) == held(plain)
    assert set(told.holdings) == set(plain.holdings)
    assert told.parties[PARENT].headquarters_country == plain.parties[PARENT].headquarters_country == "CN"


def test_answers_of_the_api_are_read(tmp_path):
    answers = {
        "relation": {
            "type": "relationship-records",
            "attributes": {
                "relationship": {
                    "startNode": {"id": CHILD, "type": "LEI"},
                    "endNode": {"id": PARENT, "type": "LEI"},
                    "type": "IS_DIRECTLY_CONSOLIDATED_BY",
                    "status": "ACTIVE",
                    "periods": [{"startDate": "2015-03-01T00:00:00Z", "endDate": None, "type": "RELATIONSHIP_PERIOD"}],
                },
                "registration": {"status": "PUBLISHED"},
            },
        },
        "entity": {
            "type": "lei-records",
            "attributes": {
                "lei": PARENT,
                "entity": {
                    "legalName": {"name": "Parent Co"},
                    "jurisdiction": "KY",
                    "headquartersAddress": {"country": "CN"},
                    "otherNames": [{"name": "Parent Group"}],
                },
            },
        },
        "silence": {"type": "reporting-exceptions", "attributes": {"lei": PARENT, "category": "X", "reason": "NO_LEI"}},
    }
    paths = []
    for name, item in answers.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps({"meta": {}, "data": [item]}))
    told = read(*paths)
    assert (PARENT, CHILD, "otherInfluenceOrControl", True) in held(told)
    assert ("NO_LEI", PARENT, "unknownInterest", True) in held(told)
    assert (told.parties[PARENT].country, told.parties[PARENT].aliases) == ("KY", ("Parent Group",))


def test_what_cannot_be_is_refused(tmp_path):
    fine = table(tmp_path, "rr.csv", [relation(CHILD, PARENT)])
    with pytest.raises(Malformed, match="needs the LEI"):
        read(fine, of="")
    with pytest.raises(Malformed, match="says nothing about"):
        read(fine, of=TOP)
    with pytest.raises(Malformed, match="is no LEI"):
        read(table(tmp_path, "bad.csv", [relation("CHILD", PARENT)]))
    with pytest.raises(Malformed, match="future"):
        read(table(tmp_path, "late.csv", [relation(CHILD, PARENT, start="2999-01-01")]))
    broken = tmp_path / "short.csv"
    broken.write_text("LEI,Exception.Category,Exception.Reason.1\nX,Y\n")
    with pytest.raises(Malformed, match="columns"):
        read(broken)
    bods = tmp_path / "bods.json"
    bods.write_text("[]")
    with pytest.raises(Malformed, match="by itself"):
        read(fine, bods)


def test_circles_of_relations_end(tmp_path):
    told = read(table(tmp_path, "rr.csv", [relation(CHILD, PARENT), relation(PARENT, CHILD)]))
    assert {(h.owner, h.owned) for h in told.holdings} == {(PARENT, CHILD), (CHILD, PARENT)}
