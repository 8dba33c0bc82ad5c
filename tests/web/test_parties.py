"""The officers find anybody who is known here."""

from html import unescape

from compliance.base.actor import system
from compliance.models import Party
from compliance.services import parties, restrictions
from tests.cast import Cast
from tests.factories import marketplace as make

WALLET = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def found(client, **asked: str) -> str:
    """The page of parties as people read it."""
    return unescape(client.get("/records/parties", asked).content.decode())


def test_a_party_is_found_by_name_number_wallet_and_id(cast: Cast, browse):
    olga, party = browse(cast.olga), Party.objects.get(pk=cast.lion.party_id)
    Party.objects.filter(pk=party.pk).update(registration_number="UEN 201912345K")
    parties.link_wallet(party.pk, WALLET, actor=system("tests"))
    for asked in ("lion CITY", "uen 201912345k", WALLET.lower(), str(party.pk)):
        page = found(olga, q=asked)
        assert "Lion City Labs Pte Ltd" in page, asked
        assert f"/records/parties/{party.pk}" in page
        assert "Stranger Systems Oy" not in page, asked
    assert "Stranger Systems Oy" in found(olga)
    assert "Nobody fits" in found(olga, q="\0nobody'%")


def test_the_register_says_what_stands_against_a_party(cast: Cast, browse):
    olga = browse(cast.olga)
    assert "Nobody fits" in found(olga, restricted="1")
    restrictions.impose(cast.strange.party_id, "X", actor=cast.olga.as_actor(), kind="blocked")
    page = found(olga, restricted="1")
    assert "Stranger Systems Oy" in page
    assert "</svg>Restricted</span>" in page
    assert "Lion City Labs" not in page


def test_an_erased_party_is_found_by_its_id_alone(cast: Cast, browse):
    party = Party.objects.get(pk=cast.strange.party_id)
    Party.objects.filter(pk=party.pk).update(erased_at=party.created_at)
    olga, address = browse(cast.olga), f"/records/parties/{party.pk}"
    assert address not in found(olga)
    assert address not in found(olga, q=party.name)
    assert address in found(olga, q=str(party.pk))


def test_the_register_asks_as_much_for_many_parties_as_for_few(cast: Cast, browse, django_assert_max_num_queries):
    for number in range(12):
        make.organization(f"owner{number}@many.example", f"Many {number} GmbH", "DE")
    olga = browse(cast.olga)
    with django_assert_max_num_queries(9):
        assert "Many 11 GmbH" in found(olga, q="many")


def test_a_partys_page_leads_to_its_evidence_cases_and_log(cast: Cast, browse):
    page = unescape(browse(cast.olga).get(f"/records/parties/{cast.lion.party_id}").content.decode())
    for way in ("/cases?q=Lion+City+Labs", f"/audit?subject={cast.lion.party_id}", 'action="/records/evidence"'):
        assert way in page, way
