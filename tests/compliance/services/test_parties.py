"""Parties, their owners and their wallets."""

import itertools
from decimal import Decimal
from uuid import uuid4

import pytest

from compliance.base.actor import Actor
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput, NotFound
from compliance.models import OwnershipEdge, Party
from compliance.selectors.ownership import upstream
from compliance.services import parties
from compliance.services.parties import OwnerInput, PartyInput

ALICE = Actor("user", "alice")
LION = PartyInput("entity", "Lion City Labs Pte Ltd", "SG", registration_number="201912345K")
MEI = PartyInput("person", "Tan Mei Ling", "SG", birth_date="1984-03-02")

pytestmark = pytest.mark.django_db


def share(party, percent, interest="shareholding"):
    return OwnerInput(party, Decimal(percent), Decimal(percent), interest)


def test_register_keeps_personal_data_out_of_the_audit_log():
    party = parties.register_party(MEI, actor=ALICE)
    event = AuditEvent.objects.get(event="party.registered")
    assert event.subject_id == str(party.pk)
    assert "Tan" not in str(event.body())
    assert "1984" not in str(event.body())


@pytest.mark.parametrize(
    "details",
    [
        PartyInput("company", "X", "SG"),
        PartyInput("entity", "   ", "SG"),
        PartyInput("entity", "X", "Singapore"),
        PartyInput("entity", "X", "ZZ"),
        PartyInput("person", "X", "SG", birth_date="1984-13-01"),
        PartyInput("entity", "X" * 301, "SG"),
        PartyInput("entity", "Lion\u200d City", "SG"),
        PartyInput("entity", "Lion\u3164City", "SG"),
        PartyInput("entity", "Lion\u2800City", "SG"),
        PartyInput("entity", "\ufe0fLion City", "SG"),
        PartyInput("person", "Tan Mei Ling", "SG", aliases=("Mei\u200c Ling",)),
        PartyInput("entity", "X", "SG", registration_number="9" * 65),
    ],
)
def test_register_refuses_what_is_malformed(details):
    with pytest.raises(InvalidInput):
        parties.register_party(details, actor=ALICE)
    assert not Party.objects.exists()


def test_update_tells_material_changes_from_others():
    party = parties.register_party(LION, actor=ALICE)
    before = party.subject_hash
    moved = PartyInput("entity", LION.name, "SG", registration_number="201912345K", address="1 Fusionopolis Way")
    assert parties.update_party(party.pk, moved, actor=ALICE).subject_hash == before
    renamed = PartyInput("entity", "Tiger City Labs", "SG", registration_number="201912345K")
    assert parties.update_party(party.pk, renamed, actor=ALICE).subject_hash != before
    flags = list(AuditEvent.objects.filter(event="party.updated").values_list("data__material", flat=True))
    assert flags == [False, True]


def test_declaring_again_ends_what_went_and_keeps_what_stayed():
    lion = parties.register_party(LION, actor=ALICE)
    other = PartyInput("person", "Ong Wei", "SG")
    parties.declare_ownership(lion.pk, [share(MEI, 60), share(other, 40)], True, actor=ALICE)
    parties.declare_ownership(lion.pk, [share(MEI, 60)], False, actor=ALICE)
    edges = OwnershipEdge.objects.filter(owned=lion)
    assert [(e.owner.name, e.ended_on is None) for e in edges.order_by("owner__name")] == [
        ("Ong Wei", False),
        ("Tan Mei Ling", True),
    ]
    assert Party.objects.filter(name="Tan Mei Ling").count() == 1
    lion.refresh_from_db()
    assert lion.ownership_complete is False


def test_circles_are_facts_and_end():
    a = parties.register_party(PartyInput("entity", "A Holdings", "SG"), actor=ALICE)
    b = parties.register_party(PartyInput("entity", "B Holdings", "SG"), actor=ALICE)
    parties.declare_ownership(a.pk, [share(b.pk, 50)], True, actor=ALICE)
    parties.declare_ownership(b.pk, [share(a.pk, 50)], True, actor=ALICE)
    above = upstream([a.pk])
    assert above.above(a.pk) == {a.pk, b.pk}
    assert len(above.edges) == 2


def test_upstream_takes_three_queries_however_deep(django_assert_num_queries):
    chain = [parties.register_party(PartyInput("entity", f"Level {n}", "SG"), actor=ALICE) for n in range(12)]
    for owned, owner in itertools.pairwise(chain):
        parties.declare_ownership(owned.pk, [share(owner.pk, 100)], True, actor=ALICE)
    with django_assert_num_queries(3):
        assert len(upstream([chain[0].pk]).parties) == 12


@pytest.mark.parametrize("shares", [(60, 41), (100, 1)])
def test_more_than_the_whole_is_refused(shares):
    lion = parties.register_party(LION, actor=ALICE)
    owners = [share(PartyInput("person", f"Owner {n}", "SG"), part) for n, part in enumerate(shares)]
    with pytest.raises(parties.OwnershipAboveHundred):
        parties.declare_ownership(lion.pk, owners, True, actor=ALICE)
    assert not OwnershipEdge.objects.exists()
    assert Party.objects.count() == 1


def test_unknown_shares_are_an_interval():
    lion = parties.register_party(LION, actor=ALICE)
    unknown = OwnerInput(MEI, Decimal(0), Decimal(100))
    edge = parties.declare_ownership(
        lion.pk, [unknown, share(PartyInput("person", "Ong", "SG"), 60)], False, actor=ALICE
    )
    assert len(edge) == 2


def test_ownership_refuses_itself_strangers_and_doubles():
    lion = parties.register_party(LION, actor=ALICE)
    with pytest.raises(InvalidInput):
        parties.declare_ownership(lion.pk, [share(lion.pk, 10)], True, actor=ALICE)
    with pytest.raises(NotFound):
        parties.declare_ownership(lion.pk, [share(uuid4(), 10)], True, actor=ALICE)
    with pytest.raises(InvalidInput):
        parties.declare_ownership(lion.pk, [share(MEI, 10), share(MEI, 20)], True, actor=ALICE)
    assert not OwnershipEdge.objects.exists()


GOOD = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.mark.parametrize("address", ["", "0x12", GOOD.lower(), GOOD.replace("aA", "AA"), GOOD[2:], "0x" + "g" * 40])
def test_a_wallet_without_its_checksum_is_refused(address):
    lion = parties.register_party(LION, actor=ALICE)
    with pytest.raises(parties.MalformedWallet):
        parties.link_wallet(lion.pk, address, actor=ALICE)
    assert not lion.wallets.exists()


def test_a_wallet_belongs_to_one_party():
    lion = parties.register_party(LION, actor=ALICE)
    mei = parties.register_party(MEI, actor=ALICE)
    first = parties.link_wallet(lion.pk, GOOD, actor=ALICE)
    assert parties.link_wallet(lion.pk, GOOD, actor=ALICE).pk == first.pk
    with pytest.raises(parties.WalletTaken):
        parties.link_wallet(mei.pk, GOOD, actor=ALICE)
