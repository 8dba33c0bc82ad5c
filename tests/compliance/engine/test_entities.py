"""Whom an object in FollowTheMoney's words describes: countries, wallets, ships, and companies of another form."""

from datetime import date

import pytest

from compliance.engine.batch.pairs import compared
from compliance.engine.codec import Malformed
from compliance.engine.entities import described
from compliance.engine.screening import STRONG, EntryFacts, ListedEntry, NameIndex, NameQuery

TODAY = date(2026, 11, 26)
SURE = "Taken for the same party."
SHIP = "Ocean Glory Star"


def pair(query, candidate):
    return compared({"query": query, "candidate": candidate}, TODAY)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("ru", "RU"), ("RU", "RU"), ("Russia", "RU"), ("Russian Federation", "RU"), ("South Korea", "KR"), ("uk", "GB"),
        ("gb-sct", "GB"), ("ge-ab", "GE"), ("cy-trnc", "CY"), ("us-ca", "US"), ("Iran", "IR"), ("suhh", "SUHH"),
        ("eu", "EU"),
    ],
)  # fmt: skip
def test_countries_are_codes_or_names(told, code):
    assert described({"name": "Ann Lee", "country": told}, TODAY).countries == (code,)


@pytest.mark.parametrize("told", ["Atlantis", "r", "xyz", "12", "gb-", "cy-trncx", "ru;ua"])
def test_what_is_no_country_is_refused_by_its_word(told):
    with pytest.raises(Malformed, match=f"'{told}' is no country"):
        described({"name": "Ann Lee", "country": told}, TODAY)


def test_wallets_alone_are_the_same_or_not():
    mine, other = {"schema": "CryptoWallet", "publicKey": "abc123456"}, {"publicKey": "abc123457"}
    assert pair(mine, dict(mine))["score"] == 1.0
    assert pair(mine, other) == {"score": 0.0, "match": False, "why": ["No wallet is the same."]}
    with pytest.raises(Malformed, match="no two names and no two wallets"):
        pair(mine, {"schema": "CryptoWallet", "name": "Ann Lee"})


@pytest.mark.parametrize("other", ["Person", "Company", "Organization", "Airplane"])
def test_a_ship_is_no_party_of_its_name(other):
    found = pair({"schema": "Vessel", "name": SHIP}, {"schema": other, "name": SHIP})
    assert (found["score"], found["match"]) == (0.0, False)


@pytest.mark.parametrize("other", ["Vessel", "Vehicle", "Thing"])
def test_a_ship_may_be_what_is_named_alike(other):
    assert pair({"schema": "Vessel", "name": SHIP}, {"schema": other, "name": SHIP})["match"]


@pytest.mark.parametrize(
    ("schema", "found"),
    [("Vessel", True), ("Vehicle", True), ("Asset", True), ("Thing", True)]
    + [(each, False) for each in ("Airplane", "Company", "Person", "LegalEntity", None)],
)
def test_ships_are_found_by_whoever_asks_for_things(schema, found):
    index = NameIndex.build([ListedEntry("ship", "vessel", ((SHIP, False),))])
    asked = described({"name": SHIP} if schema is None else {"schema": schema, "name": SHIP}, TODAY)
    assert any(index.search(query) for query in asked.queries()) is found


@pytest.mark.parametrize(
    ("name", "country", "sure"),
    [
        ("Northern Shipping Pte Ltd", "SG", False),
        ("Northern Shipping Pte Ltd", "RU", True),
        ("Northern Shipping Pte Ltd", "", True),
        ("Northern Shipping JSC", "SG", True),
        ("Northern Shipping", "SG", True),
    ],
)
def test_another_form_in_another_country_is_only_possible(name, country, sure):
    facts = EntryFacts((), ("RU",))
    index = NameIndex.build(
        [ListedEntry("jsc", "entity", (("Joint Stock Company Northern Shipping Company", False),), facts)]
    )
    (found,) = index.search(NameQuery(name, "entity", countries=(country,) if country else ()))
    assert (found.strength == STRONG) is sure
    assert ("Another company form in another country" in found.features[-1]) is not sure


def test_an_equal_number_outweighs_form_and_country():
    numbered = {"registrationNumber": "1027700000001"}
    mine = {"schema": "Company", "name": "Northern Shipping Pte Ltd", "country": "sg", **numbered}
    other = {"schema": "Company", "name": "Northern Shipping JSC", "country": "ru", **numbered}
    assert pair(mine, other)["why"][-1] == SURE
