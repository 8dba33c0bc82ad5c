"""What is personal is taken out of facts and answers, and comes back to the same bytes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.codec import canonical_bytes
from compliance.engine.decide import decide
from compliance.engine.facts import EndUser, Facts, FindingFacts, Locations, PartyFacts, WalletHit
from compliance.engine.personal import ERASED, OPEN_FACTS, join, split_answer, split_facts
from tests.compliance.engine.world import LATER, PACK, hit, lease

NAMES = ("Mikhail Orlov", "Orlova, Mikhaila", "Quiet Water Holdings", "Selma Brandt", "Nobody In Particular")


def facts_full_of_names() -> Facts:
    said = hit("renter", strength="weak", features=(f"{NAMES[0]} sounds the same",))
    facts = lease(hits=(replace(said, listed_name=NAMES[1]),))
    return replace(
        facts,
        renter=replace(facts.renter, name=NAMES[0], aliases=(NAMES[1],), birth_date="1962-08-07"),
        parties=(PartyFacts("owner", "person", NAMES[3], birth_date="1971-01-02", subject_hash="f" * 64),),
        screened=(*facts.screened, "owner"),
        wallet="0x" + "a" * 40,
        wallet_hits=(WalletHit("0x" + "a" * 40, "ofac_sdn", "OFAC", "12345", NAMES[2]),),
        end_use=f"Reads the letters of {NAMES[4]}",
        end_user=EndUser("other", NAMES[4], "SG"),
        locations=Locations("SG", "SG", "DE"),
        findings=(FindingFacts("renter", "end_user_other", f"end_user:{NAMES[4].casefold()}:SG", "e" * 64, LATER),),
    )


def test_no_name_stays_in_the_open_and_every_byte_comes_back():
    facts = facts_full_of_names()
    plain = facts.to_json()
    split = split_facts(plain)
    told = str(split.open)
    for secret in (*NAMES, NAMES[4].casefold(), "1962", "1971", "0xaaa", "12345", "f" * 64, "e" * 64):
        assert secret not in told
    assert set(split.personal) == {"renter", "owner", "provider"}
    whole = join(split.open, split.personal.values())
    assert whole == plain
    assert Facts.from_json(whole).digest() == facts.digest()


def test_sentences_of_an_answer_are_personal_and_its_codes_are_not():
    outcome = decide(facts_full_of_names(), PACK)
    told = outcome.to_json()
    split = split_answer(told["checks"], told["reasons"])
    assert not [name for name in NAMES if name in str(split.open)]
    assert [row["code"] for row in split.open["reasons"]] == [reason.code for reason in outcome.reasons]
    assert all(row["renter_words"] and row["citation"] for row in split.open["reasons"])
    again = join(split.open, split.personal.values())
    assert canonical_bytes(again) == canonical_bytes({"checks": told["checks"], "reasons": told["reasons"]})


def test_a_fact_that_nobody_has_named_here_is_sealed():
    plain = lease().to_json()
    plain["renter"]["mother"] = "Ada"
    plain["favourite_place"] = "Lisbon"
    plain["locations"]["street"] = "Rua Augusta"
    split = split_facts(plain)
    assert split.personal["renter"]["/renter/mother"] == "Ada"
    assert split.personal["renter"]["/favourite_place"] == "Lisbon"
    assert split.personal["renter"]["/locations/street"] == "Rua Augusta"
    assert join(split.open, split.personal.values()) == plain


def test_what_is_erased_says_so_and_the_rest_stands():
    plain = facts_full_of_names().to_json()
    split = split_facts(plain)
    rest = [leaves for party, leaves in split.personal.items() if party != "owner"]
    whole = join(split.open, rest, dict.fromkeys(split.personal["owner"], ERASED))
    assert whole["parties"][0]["name"] == ERASED
    assert whole["renter"]["name"] == NAMES[0]
    assert whole["parties"][0]["kind"] == "person"


def test_facts_about_nobody_are_left_alone():
    for plain in ({}, {"purpose": "lease", "renter": None}):
        assert split_facts(plain).open == plain
        assert split_facts(plain).personal == {}


def test_splitting_changes_nothing_that_it_was_given():
    plain = facts_full_of_names().to_json()
    before = canonical_bytes(plain)
    split_facts(plain)
    assert canonical_bytes(plain) == before


@given(
    name=st.text(max_size=20),
    aliases=st.lists(st.text(max_size=8), max_size=3),
    birth=st.sampled_from(["", "1980", "1980-02-03"]),
    wallet=st.text(max_size=10),
    end_use=st.text(max_size=30),
)
def test_any_text_comes_back(name, aliases, birth, wallet, end_use):
    facts = lease()
    renter = replace(facts.renter, name=name, aliases=tuple(aliases), birth_date=birth)
    plain = replace(facts, renter=renter, wallet=wallet, end_use=end_use).to_json()
    split = split_facts(plain)
    assert join(split.open, split.personal.values()) == plain


@pytest.mark.parametrize("name", sorted(OPEN_FACTS))
def test_what_is_named_as_open_is_a_fact(name):
    assert name in Facts.__dataclass_fields__


def test_where_the_provider_was_seen_is_sealed_under_its_own_key():
    signs = Locations("AU", login="AU", login_region="AU-QLD")
    plain = lease(purpose="payout", provider_locations=signs).to_json()
    split = split_facts(plain)
    assert split.personal["provider"]["/provider_locations/login_region"] == "AU-QLD"
    assert split.open["provider_locations"]["login"] == "AU"
    assert join(split.open, split.personal.values()) == plain
