"""Lists as files: what is read from them, and what is refused."""

import bz2
import csv
import json
import tracemalloc
from datetime import date

import pytest

from compliance.engine.country_codes import ISO_COUNTRIES
from compliance.engine.country_names import _BY_NAME, country_code
from compliance.sources.base import ListedName, ListEntry, NotAList, sound
from compliance.sources.catalogue import KNOWN_LISTS, SAMPLE_SDN_GROWN, SAMPLE_SDN_SHRUNKEN, SAMPLES, read_list
from compliance.sources.dates import birth_dates

SDN = SAMPLES / "ofac_sdn_advanced.xml"
UN = SAMPLES / "un_consolidated.xml"
CSL = SAMPLES / "us_csl.csv"
CONS = SAMPLES / "ofac_cons_prim.csv"


def entries(path, format):
    return {each.external_id: each for each in read_list(path, format)}


def test_every_known_list_has_a_sample_in_its_own_format():
    for known in KNOWN_LISTS:
        assert entries(known.sample, known.format), known.code


def test_the_advanced_format_gives_names_scripts_dates_documents_and_wallets():
    found = entries(SDN, "ofac_advanced_xml")
    person, collective = found["900001"], found["900004"]
    assert person.kind == "person"
    assert person.names[0] == ListedName("Vadrik Osterlanov", "strong", "Latn", True)
    assert ListedName("Вадрик Остерланов", "strong", "Cyrl") in person.names
    assert (person.birth_dates, person.countries, person.blocked) == (("1961-04-17",), ("CY",), True)
    assert person.identifiers == ("Passport QX4471902 (CY)",)
    assert found["900005"].birth_dates == ("1974",)
    assert collective.wallets == (("ETH", "0xf146cEcE05e6695b7E55ab9A2B93DaAae5ddadF9"),)
    assert ListedName("Dusk Bird", "weak", "Latn") in collective.names
    assert collective.programmes == ("CYBER2",)


def test_the_grown_sample_has_one_party_more_and_the_shrunken_one_few():
    first = entries(SDN, "ofac_advanced_xml")
    grown = entries(SAMPLE_SDN_GROWN, "ofac_advanced_xml")
    (added,) = grown.keys() - first.keys()
    assert grown[added].primary_name == "Aurelian Compute GmbH"
    assert {key: grown[key] for key in first} == first
    assert len(entries(SAMPLE_SDN_SHRUNKEN, "ofac_advanced_xml")) < len(first) * 0.95


def test_the_un_format():
    found = entries(UN, "un_xml")
    person = found["SPi.001"]
    assert (person.kind, person.authority, person.birth_dates) == ("person", "UN", ("1959-07-08",))
    assert [each.strength for each in person.names] == ["strong", "strong", "weak"]
    assert person.identifiers == ("Passport ZK 0093317 (MC)",)
    assert found["SPe.001"].countries == ("CY",)


def test_the_consolidated_screening_list_says_who_blocks_and_who_restricts():
    found = {each.programmes[0]: each for each in read_list(CSL, "us_csl_csv")}
    assert {tag: each.authority for tag, each in found.items()} == {
        "EL": "BIS",
        "MEU": "BIS",
        "DPL": "BIS",
        "UVL": "BIS",
        "DTC": "STATE",
        "MBS": "OFAC",
    }
    assert not any(each.blocked for each in found.values())
    assert found["EL"].countries == ("CN",)
    assert len(found["EL"].names) == 3


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_the_consolidated_screening_list_has_wallets_among_its_papers(tmp_path, ending):
    wallet = "0xAbCdEf0123456789aBcDeF0123456789abcdef01"
    if ending == "csv":
        rows = list(csv.reader(CSL.open(encoding="utf-8", newline="")))
        rows[1][rows[0].index("ids")] = f"Passport, P123456, IR; Digital Currency Address - ETH, {wallet}"
        with (tmp_path / "us_csl.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    else:
        told = json.loads((SAMPLES / "us_csl.json").read_text())
        told["results"][0]["ids"] = [{"type": "Digital Currency Address - ETH", "number": wallet, "country": None}]
        (tmp_path / "us_csl.json").write_text(json.dumps(told))
    entry = next(read_list(tmp_path / f"us_csl.{ending}", f"us_csl_{ending}"))
    assert entry.wallets == (("ETH", wallet),)


def test_the_legacy_csv_takes_names_and_addresses_from_the_files_beside_it():
    found = entries(CONS, "ofac_cons_csv")
    assert [each.name for each in found["990001"].names] == ["FERROWICK SECTORAL BANK", "FERROWICK BANK", "FSB-SAMPLE"]
    assert found["990001"].countries == ("CY",)
    person = found["990002"]
    assert person.primary_name == "Ansel MARDOLEK"
    assert (person.birth_dates, person.countries, person.blocked) == (("1966-05-12",), ("CY",), False)
    assert entries(CONS, "ofac_csv")["990002"].blocked


def test_a_packed_list_is_unpacked(tmp_path):
    packed = tmp_path / "sdn.xml.bz2"
    packed.write_bytes(bz2.compress(SDN.read_bytes()))
    assert entries(packed, "ofac_advanced_xml") == entries(SDN, "ofac_advanced_xml")


FORMATS = {
    "ofac_advanced_xml": SDN,
    "un_xml": UN,
    "us_csl_csv": CSL,
    "us_csl_json": SAMPLES / "us_csl.json",
    "ofac_cons_csv": CONS,
    "bis_dpl_txt": SAMPLES / "bis_dpl.txt",
    "eu_fsf_xml": SAMPLES / "eu_fsf.xml",
    "uk_sl_xml": SAMPLES / "uk_sanctions_list.xml",
    "uk_sl_csv": SAMPLES / "uk_sanctions_list.csv",
    "ftm_json": SAMPLES / "opensanctions_nested.jsonl",
}
NOT_LISTS = {
    "empty": b"",
    "blank": b" \n\n ",
    "web page": b"<!DOCTYPE html><html><body>Service unavailable</body></html>",
    "other xml": b"<?xml version='1.0'?><feed><entry/></feed>",
    "json": b'{"error": "not found"}',
    "prose": b"The list is being updated. Please come back later.",
    "binary": bytes(range(256)) * 8,
    "bad bz2": b"BZh91AY&SY broken",
}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("what", NOT_LISTS)
def test_what_is_no_list_is_refused(tmp_path, format, what):
    path = tmp_path / "list"
    path.write_bytes(NOT_LISTS[what])
    with pytest.raises(NotAList) as refused:
        list(read_list(path, format))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("left", [0.35, 0.9])
def test_a_truncated_list_is_refused(tmp_path, format, left):
    whole = FORMATS[format].read_bytes()
    path = tmp_path / FORMATS[format].name
    path.write_bytes(whole[: int(len(whole) * left)])
    with pytest.raises(NotAList):
        list(read_list(path, format))


@pytest.mark.parametrize(("format", "other"), [(a, b) for a in FORMATS for b in FORMATS if a != b])
def test_one_format_is_not_taken_for_another(format, other):
    with pytest.raises(NotAList):
        list(read_list(FORMATS[other], format))


def test_a_missing_file_and_an_unknown_format_are_refused(tmp_path):
    with pytest.raises(NotAList, match="cannot be read"):
        list(read_list(tmp_path / "nowhere.xml", "un_xml"))
    with pytest.raises(NotAList, match="no list format"):
        list(read_list(UN, "pdf"))


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE CONSOLIDATED_LIST [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><FIRST_NAME>&b;</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"""


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        b'<!DOCTYPE CONSOLIDATED_LIST SYSTEM "file:///etc/passwd"><CONSOLIDATED_LIST/>',
        b'<!DOCTYPE CONSOLIDATED_LIST [<!ENTITY x SYSTEM "file:///etc/passwd">]><CONSOLIDATED_LIST>&x;</CONSOLIDATED_LIST>',
    ],
)
def test_entities_and_document_types_are_refused(tmp_path, content):
    path = tmp_path / "list.xml"
    path.write_bytes(content)
    with pytest.raises(NotAList, match="document type or entities"):
        list(read_list(path, "un_xml"))


def test_an_id_that_stands_twice_and_a_party_without_a_name_are_refused(tmp_path):
    twice = tmp_path / "sdn.csv"
    row = b'1,"SAMPLE ONE",-0- ,"X",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    twice.write_bytes(row + row)
    with pytest.raises(NotAList, match="stands twice"):
        list(read_list(twice, "ofac_csv"))
    with pytest.raises(NotAList, match="no name"):
        list(sound(iter([ListEntry("1", "entity", (), "OFAC", True)]), date(2026, 1, 1)))


def test_a_row_of_a_list_that_is_not_known_is_refused(tmp_path):
    path = tmp_path / "csl.csv"
    path.write_text(CSL.read_text().replace("Unverified List (UVL)", "Some New List (SNL)"))
    with pytest.raises(NotAList, match="Some New List"):
        list(read_list(path, "us_csl_csv"))


def test_countries_are_known_by_name_and_code():
    assert country_code("Iran (Islamic Republic of)") == country_code("Iran") == country_code(" ir ") == "IR"
    assert country_code("Atlantis") == ""


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("Cameroon", "CM"), ("cm", "CM"), ("Burundi", "BI"), ("Chad", "TD"), ("Nepal", "NP"), ("Réunion", "RE"),
        ("Congo", "CG"), ("Congo, Democratic Republic of the", "CD"), ("USA", "US"), ("UK", "GB"), ("PRC", "CN"),
        ("St. Lucia", "LC"), ("Côte d\u2019Ivoire", "CI"), ("Macedonia, The Former Yugoslav Republic of", "MK"),
    ],
)  # fmt: skip
def test_countries_are_known_by_what_lists_call_them(told, code):
    assert country_code(told) == code


def test_every_country_has_a_code_and_a_name():
    assert {country_code(code) for code in ISO_COUNTRIES} == ISO_COUNTRIES == set(_BY_NAME.values())


def test_the_full_sdn_list_is_read_whole_with_the_wallets_that_others_found_in_it(shared_data):
    path = shared_data / "lists" / "ofac_sdn_advanced_2025-12-04.xml.bz2"
    parties = names = persons = 0
    wallets = []
    for each in read_list(path, "ofac_advanced_xml"):
        parties += 1
        names += len(each.names)
        wallets.extend(address for _, address in each.wallets)
        persons += each.kind == "person"
    assert (parties, len(wallets), persons) == (18_367, 761, 7_303)
    assert names > 48_000
    extract = (shared_data / "crypto" / "brave_2025-12-04").glob("sanctioned_addresses_*.txt")
    assert {line for file in extract for line in file.read_text().split()} <= set(wallets)


def test_the_full_un_list_streams_in_less_memory_than_half_the_file(shared_data):
    path = shared_data / "lists" / "un_consolidated_watchman.xml"
    tracemalloc.start()
    counted = {"person": 0, "entity": 0}
    for each in read_list(path, "un_xml"):
        counted[each.kind] += 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counted == {"person": 730, "entity": 273}
    assert peak < path.stat().st_size / 2


@pytest.mark.parametrize(
    ("name", "format", "parties"),
    [
        ("ofac_sdn_2022.csv", "ofac_csv", 8976),
        ("ofac_nonsdn_cons_prim.csv", "ofac_cons_csv", 442),
        ("us_csl_sample.csv", "us_csl_csv", 115),
        ("us_csl_watchman_test.csv", "us_csl_csv", 13),
    ],
)
def test_real_tables_are_read_whole(shared_data, name, format, parties):
    found = entries(shared_data / "lists" / name, format)
    assert len(found) == parties
    if format == "ofac_csv":
        assert sum(len(each.names) for each in found.values()) > 8976 + 11_000
        assert sum(len(each.wallets) for each in found.values()) > 70


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("1960 to 1962", ("1960", "1961", "1962")),
        ("circa 1960 to 1962", ("1960", "1961", "1962")),
        ("01 Jan 1977 to 31 Dec 1985", ("1977/1985",)),
        ("26 Sep 1946 to 07 Dec 1946", ("1946",)),
        ("between 1958 and 1963", ("1958/1963",)),
        ("1958-1963", ("1958/1963",)),
        ("1958/1963", ("1958/1963",)),
        ("1963 to 1958", ("1958/1963",)),
        ("1958 or 1963", ("1958", "1963")),
        ("1958", ("1958",)),
    ],
)
def test_a_birth_between_two_years_may_be_in_any_of_them(told, expected):
    assert birth_dates(told) == expected


@pytest.mark.parametrize(
    ("format", "before", "after", "who"),
    [
        ("un_xml", "<DATE>1959-07-08</DATE>", "<FROM_YEAR>1957</FROM_YEAR><TO_YEAR>1962</TO_YEAR>", "SPi.001"),
        ("ofac_advanced_xml", "<Year>1974</Year><Month>12</Month>", "<Year>1979</Year><Month>12</Month>", "900005"),
        ("eu_fsf_xml", 'yearRangeTo="1972"', 'yearRangeTo="1975"', "EU.9903.03"),
        ("ftm_json", "1980-02-11", "1978/1984", "NK-sample-1"),
    ],
)
def test_each_format_tells_a_span_of_years_as_one(tmp_path, format, before, after, who):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, after), encoding="utf-8")
    (span,) = (each for each in entries(path, format)[who].birth_dates if "/" in each)
    assert span in ("1957/1962", "1974/1979", "1969/1975", "1978/1984")
