"""The keys of parties: as computed, gone with what they were made of, and nobody is missed by them."""

import csv
import random
from itertools import islice

import pytest

from compliance.models import Party, PartyKeys
from compliance.services import index_files, party_keys, screening_index
from compliance.services.rescreening import parties_hit_by, parties_hit_by_few
from tests.compliance.services.lists_by_hand import screening_list

pytestmark = pytest.mark.django_db

CHANGES = (
    {"name": "Wu Mei"},
    {"aliases": ["Wu Mei"]},
    {"kind": "entity"},
    {"registration_number": "QX4471902"},
    {"lei": "529900T8BM49AURSDO55"},
)


@pytest.fixture
def known(db):
    """A party whose keys are kept."""
    party = Party.objects.create(kind="person", name="Vadrik Osterlanov", country="SG")
    assert party_keys.write_missing_keys() == 1
    return party


def kept(party):
    return PartyKeys.objects.filter(party=party).exists()


def test_what_is_kept_is_what_is_computed(known):
    Party.objects.create(
        kind="entity", name="北京 Brightwater Trading Co., Ltd.", aliases=["Mohammed bin Ali", "习近平"]
    )
    assert party_keys.write_missing_keys() == 1
    assert party_keys.write_missing_keys() == 0
    for row in PartyKeys.objects.select_related("party"):
        assert bytes(row.packed) == party_keys.keys_of(row.party) != b""


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "".join(change))
def test_a_change_ends_the_keys_whoever_makes_it(known, change):
    Party.objects.filter(pk=known.pk).update(**change)
    assert not kept(known)
    assert party_keys.touched_by(frozenset()) == [known.pk]
    assert party_keys.write_missing_keys() == 1
    known.refresh_from_db()
    assert bytes(known.keys.packed) == party_keys.keys_of(known)


def test_a_change_of_other_facts_leaves_them(known):
    Party.objects.filter(pk=known.pk).update(country="DE", birth_date="1961", address="1 Anson Road", name=known.name)
    assert kept(known)
    assert party_keys.touched_by(frozenset()) == []


def test_keys_of_other_code_count_as_none(known, monkeypatch):
    monkeypatch.setattr(party_keys, "reader", lambda: "names are read otherwise now")
    assert party_keys.touched_by(frozenset()) == [known.pk]
    assert party_keys.write_missing_keys() == 1
    assert party_keys.touched_by(frozenset()) == []
    assert PartyKeys.objects.get().reader == "names are read otherwise now" != index_files.reader()


def test_facts_that_change_while_keys_are_made_get_none(known, monkeypatch):
    """What was computed of the old name is not kept with the new one; the next sweep computes it anew."""
    PartyKeys.objects.all().delete()

    def slowly(party, compute=party_keys.keys_of):
        Party.objects.filter(pk=party.pk).update(name="Wu Mei")
        return compute(party)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(party_keys, "keys_of", slowly)
        assert party_keys.write_missing_keys() == 0
    assert not kept(known)
    assert party_keys.write_missing_keys() == 1


def test_the_erased_have_none_and_are_not_touched(known):
    Party.objects.filter(pk=known.pk).update(name="[erased]", erased_at="2026-01-01T00:00:00Z")
    assert not kept(known)
    assert party_keys.write_missing_keys() == 0
    assert party_keys.touched_by(frozenset()) == []


def test_the_queries_are_as_many_for_many_parties(known, django_assert_num_queries):
    Party.objects.bulk_create(Party(kind="person", name=f"Vadrik Osterlanov {n}", country="SG") for n in range(40))
    with django_assert_num_queries(6):  # two of them a savepoint's
        assert party_keys.write_missing_keys() == 40
    with django_assert_num_queries(1):
        assert len(party_keys.touched_by(screening_index.build([], []).keys())) == 0


def mistyped(name, chance):
    at = chance.randrange(len(name) - 1)
    return name[:at] + chance.choice([name[at + 1] + name[at] + name[at + 2 :], name[at + 1 :], f"x{name[at:]}"])


def index_over(path, names, kind):
    rows = [(number, name, {"type": kind}) for number, name in enumerate(names, 1)]
    version = screening_list(path, *rows)
    return screening_index.build([version.pk])


NAMES = (
    "Vadrik Osterlanov", "Mohammed bin Ali al-Hassan", "Иван Петрович Сидоров", "习近平", "Kim Jong Un", "Ann Smith",
    "Abd al-Rahman Yusuf", "محمد علی", "José Ángel Núñez", "O'Hara, Scarlett", "Theodore Martin", "Li",
)  # fmt: skip
FIRMS = (
    "Aurelian Compute GmbH", "Brightwater Trading Co Ltd", "ООО Ромашка", "北京科技有限公司", "I.R.G.C. Holdings",
    "Forty Four Systems", "Al Qaida Foundation", "Bank Muromskiy", "Corp", "Good Will Shipping",
)  # fmt: skip


@pytest.mark.parametrize(("names", "kind"), [(NAMES, "Individual"), (FIRMS, "Entity")], ids=["people", "firms"])
def test_those_hit_by_few_are_those_hit(tmp_path, names, kind):
    """Names as listed, misspelt, in part, in another order; as names, as aliases, of persons and of entities."""
    chance = random.Random(11)
    asked = {
        *names, *(mistyped(name, chance) for name in names for _ in range(4) if len(name) > 3),
        *(" ".join(reversed(name.split())) for name in names), *(name.split()[0] for name in names),
        *NAMES, *FIRMS, "Wu Mei", "Quillfeather Person Number", "Smyth Ann",
    }  # fmt: skip
    kinds = ("person", "entity")
    Party.objects.bulk_create(Party(kind=each, name=name, country="SG") for name in sorted(asked) for each in kinds)
    Party.objects.create(kind="entity", name="Nobody at all", aliases=[names[0]], country="SG")
    index = index_over(tmp_path / "list.csv", names, kind)
    party_keys.write_missing_keys()
    assert parties_hit_by_few(index) == parties_hit_by(index)
    assert len(parties_hit_by_few(index)) > len(names)


def test_real_people_against_real_entries(shared_data, tmp_path):
    with (shared_data / "fixtures" / "yente_negatives_us.csv").open(newline="", encoding="utf-8") as file:
        people = [row["full_name"] for row in islice(csv.DictReader(file), 0, 8000, 20)]
    Party.objects.bulk_create(Party(kind="person", name=name, country="US") for name in people)
    index = index_over(tmp_path / "list.csv", people[:60:3], "Individual")
    party_keys.write_missing_keys()
    assert len(party_keys.touched_by(index.keys())) < len(people) * 0.8
    assert parties_hit_by_few(index) == parties_hit_by(index) != set()
