"""Thresholds of the travel rule to the cent, and the message in the fields of IVMS101.2023."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine import ivms101, travel
from compliance.engine.ivms101 import Somebody, Transfer
from compliance.engine.travel import CASP, SELF_HOSTED, TravelRulesInvalid, load_rules, rules_in_force

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LEAST = Fraction("825.20")
CENT = Fraction(1, 100)
LION = Somebody(
    True, "Lion City Labs Pte Ltd", "SG", "1 Sample Road", registration_number="201912345A", lei="5493001KJTIIGC8Y1R12",
    customer_id="c-1",
)  # fmt: skip
ADA = Somebody(False, "Ada Tan", "SG", "1 Sample Road", "1980-01-01", customer_id="c-2")
BRISBANE = Somebody(True, "Brisbane Compute Pty Ltd", "AU")
PAID = Transfer(LION, BRISBANE, "0xA", "0xB")


def codes(amount: Fraction | int, wallet: str) -> list[str]:
    return [rule.code for rule in rules_in_force(NOW).that_apply(Fraction(amount), wallet)]


def test_between_providers_the_first_cent_counts():
    assert codes(CENT, CASP) == ["eu_between_casps"]
    assert "pass_on" in travel.demanded(rules_in_force(NOW).that_apply(CENT, CASP))


@pytest.mark.parametrize(
    ("amount", "wallet", "expected"),
    [
        (CENT, SELF_HOSTED, ["eu_self_hosted"]),
        # EUR 1,000 counts as USD 825.20, the least that it ever was, and only what is above it is meant.
        (LEAST, SELF_HOSTED, ["eu_self_hosted"]),
        (LEAST + CENT, SELF_HOSTED, ["eu_self_hosted", "eu_self_hosted_above_1000"]),
        (3000 - CENT, SELF_HOSTED, ["eu_self_hosted", "eu_self_hosted_above_1000"]),
        (Fraction(3000), SELF_HOSTED, ["eu_self_hosted", "eu_self_hosted_above_1000", "us_record"]),
        (1000 - CENT, CASP, ["eu_between_casps"]),
        (Fraction(1000), CASP, ["eu_between_casps", "fatf"]),
        (3000 - CENT, CASP, ["eu_between_casps", "fatf"]),
        (Fraction(3000), CASP, ["eu_between_casps", "us_record", "us_travel", "fatf"]),
    ],
)
def test_each_threshold_and_its_neighbour(amount: Fraction, wallet: str, expected: list[str]):
    assert codes(amount, wallet) == expected


def test_whose_a_self_hosted_wallet_is_must_be_proven_above_a_thousand_euros():
    rules = rules_in_force(NOW)
    below, above = (rules.that_apply(Fraction(amount), SELF_HOSTED) for amount in (825, 826))
    assert travel.refused(below, [], proven=False) == travel.lacking(below, [], proven=False) == ()
    assert travel.refused(above, [], proven=False) == ("ownership",)
    assert travel.refused(above, [], proven=True) == ()


def test_below_it_what_is_missing_is_on_record_and_stops_nothing():
    rules = rules_in_force(NOW)
    below, above = (rules.that_apply(Fraction(amount), SELF_HOSTED) for amount in (825, 826))
    gaps = ["originator.geographicAddress"]
    assert travel.lacking(below, gaps, proven=True) == tuple(gaps)
    assert travel.refused(below, gaps, proven=True) == ()
    assert travel.refused(above, gaps, proven=True) == tuple(gaps)


@given(amount=st.fractions(min_value=CENT, max_value=10**9), wallet=st.sampled_from(travel.WALLETS))
def test_more_money_never_asks_for_less(amount: Fraction, wallet: str):
    rules = rules_in_force(NOW)
    smaller, larger = rules.that_apply(amount, wallet), rules.that_apply(amount + 1, wallet)
    assert set(smaller) <= set(larger)
    assert "collect" in travel.demanded(smaller)


@pytest.mark.parametrize(("amount", "wallet"), [(0, CASP), (-1, CASP), (1, "bank")])
def test_what_is_no_transfer_has_no_rules(amount: int, wallet: str):
    with pytest.raises(ValueError, match="above zero"):
        rules_in_force(NOW).that_apply(Fraction(amount), wallet)


def test_each_rule_says_whom_it_binds_and_where_it_stands():
    for rule in rules_in_force(NOW).rules:
        assert rule.binds
        assert rule.source_url.startswith("https://")
        assert (rule.kind == "POLICY") == rule.citation.startswith("Gridclear policy")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "LAW"', 'kind = "CUSTOM"'),
        ("threshold = 1000", "threshold = -1"),
        ('wallets = ["casp"]', "wallets = []"),
        ('code = "us_travel"', 'code = "us_record"'),
        ('usd_least = "0.8252"', 'usd_least = "nan"'),
        ("within_hours = 24", "within_hours = 0"),
        ("observed_on = 2000-10-26", 'observed_on = "lately"'),
        ("refuse = true\nhold = true", 'refuse = true\nhold = "yes"'),
    ],
)
def test_rules_that_cannot_be_read_are_none(tmp_path, old: str, new: str):
    text = (travel.POLICIES / "travel" / "2026-11-26" / "travel.toml").read_text()
    assert old in text
    (tmp_path / "travel.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(TravelRulesInvalid):
        load_rules(tmp_path)


# -- the message ---------------------------------------------------------------------------------------------------


def test_a_legal_person_stands_in_the_fields_of_the_standard():
    assert ivms101.message(PAID) == {
        "originator": {
            "originatorPerson": [
                {
                    "legalPerson": {
                        "name": {
                            "nameIdentifier": [
                                {
                                    "legalPersonName": "Lion City Labs Pte Ltd",
                                    "legalPersonNameIdentifierType": "LEGL",
                                }
                            ]
                        },
                        "geographicAddress": [
                            {"addressType": "GEOG", "addressLine": ["1 Sample Road"], "country": "SG"}
                        ],
                        "customerIdentification": "c-1",
                        "nationalIdentification": {
                            "nationalIdentifier": "5493001KJTIIGC8Y1R12",
                            "nationalIdentifierType": "LEIX",
                        },
                        "countryOfRegistration": "SG",
                    }
                }
            ],
            "accountNumber": ["0xA"],
        },
        "beneficiary": {
            "beneficiaryPerson": [
                {
                    "legalPerson": {
                        "name": {
                            "nameIdentifier": [
                                {
                                    "legalPersonName": "Brisbane Compute Pty Ltd",
                                    "legalPersonNameIdentifierType": "LEGL",
                                }
                            ]
                        },
                        "countryOfRegistration": "AU",
                    }
                }
            ],
            "accountNumber": ["0xB"],
        },
        "payloadMetadata": {"payloadVersion": "101.2023"},
    }


def test_a_natural_person_stands_in_the_fields_of_the_standard():
    body = ivms101.person(ADA)["naturalPerson"]
    assert body["name"] == {
        "nameIdentifier": [{"primaryIdentifier": "Ada Tan", "naturalPersonNameIdentifierType": "LEGL"}]
    }
    assert (body["countryOfResidence"], body["customerIdentification"]) == ("SG", "c-2")
    assert body["geographicAddress"][0]["addressType"] == "HOME"


def test_providers_at_the_ends_are_named_where_there_are_any():
    said = ivms101.message(Transfer(LION, BRISBANE, "0xA", "0xB", beneficiary_vasp=Somebody(True, "Exchange")))
    assert said["beneficiaryVASP"]["legalPerson"]["name"]["nameIdentifier"][0]["legalPersonName"] == "Exchange"
    assert "originatingVASP" not in said


@given(st.text(max_size=900))
def test_an_address_is_cut_into_lines_that_the_standard_takes(address: str):
    body = ivms101.person(Somebody(True, "N", "SG", address or "x"))["legalPerson"]
    lines = body["geographicAddress"][0]["addressLine"]
    assert len(lines) <= 7
    assert all(0 < len(line) <= 70 for line in lines)


@pytest.mark.parametrize(
    ("originator", "expected"),
    [
        (LION, []),
        (ADA, []),
        (Somebody(True, "Lion", "SG", "1 Sample Road"), ["originator.nationalIdentification"]),
        (Somebody(True, "Lion", "SG", lei="L"), ["originator.geographicAddress"]),
        (Somebody(True, "Lion", "", "1 Sample Road", lei="L"), ["originator.geographicAddress"]),
        (Somebody(False, "Ada", "SG", "1 Sample Road", "1980"), ["originator.dateOfBirth"]),
        (Somebody(False, " ", "SG", "1 Sample Road", "1980-01-01"), ["originator.name"]),
    ],
)
def test_what_is_missing_is_named_by_its_field(originator: Somebody, expected: list[str]):
    assert ivms101.missing(Transfer(originator, BRISBANE, "0xA", "0xB")) == expected
