"""Each format beside its own: what an entry says, and that two formats of one list say the same."""

import csv
import json
from dataclasses import replace

import pytest

from compliance.services.listing import entry_hash
from compliance.sources.base import ListedName, NotAList
from compliance.sources.catalogue import FORMATS, KNOWN_LISTS, SAMPLES, format_of, published, read_list

EU, UK, UK_CSV, DPL = "eu_fsf.xml", "uk_sanctions_list.xml", "uk_sanctions_list.csv", "bis_dpl.txt"


def entries(name, format):
    return {each.external_id: each for each in read_list(SAMPLES / name, format)}


def test_every_format_belongs_to_a_list_and_is_told_by_its_content(tmp_path):
    samples = {
        "ofac_csv": "ofac_cons_prim.csv",
        "ofac_cons_csv": "ofac_cons_prim.csv",
        "us_csl_json": "us_csl.json",
        "uk_sl_csv": UK_CSV,
    }
    told = {}
    for known in KNOWN_LISTS:
        told[known.format] = format_of(known, known.sample)
        for format in known.also:
            disguised = tmp_path / "content-without-a-name"
            disguised.write_bytes((SAMPLES / samples[format]).read_bytes())
            told[format] = format_of(known, disguised)
    assert told == {format: format for format in FORMATS}


def test_a_format_that_its_list_does_not_have_is_refused():
    un = next(known for known in KNOWN_LISTS if known.code == "un_sc")
    with pytest.raises(NotAList, match="is no XML, in which UN Security Council Consolidated List is read"):
        format_of(un, SAMPLES / "us_csl.json")


def test_the_eu_list():
    found = entries(EU, "eu_fsf_xml")
    person, concern, vague = found["EU.9901.01"], found["EU.9902.02"], found["EU.9903.03"]
    assert person.names == (
        ListedName("Teodrik Vaskalenno", "strong", "", True),
        ListedName("Теодрик Васкаленно", "strong"),
        ListedName("The Tollkeeper", "weak"),
    )
    assert (person.kind, person.authority, person.blocked) == ("person", "EU", True)
    assert (person.birth_dates, person.countries) == (("1957-03-21",), ("MC",))
    assert person.identifiers == ("National passport MQ5520173 (MC)",)
    assert person.programmes == ("SAMPLE",)
    assert [each.strength for each in concern.names] == ["strong", "weak"], "the remark says low quality"
    assert concern.identifiers == ("Registration Number HE990220",)
    assert (vague.birth_dates, vague.countries) == (("1971-06", "1969/1972"), ())


def test_the_uk_list_blocks_only_where_assets_are_frozen():
    found = entries(UK, "uk_sl_xml")
    person, broker, ship = found["SMP0001"], found["SMP0002"], found["SMP0003"]
    assert person.names == (
        ListedName("Aldous Remigio THORNBRACKEN", "strong", "", True),
        ListedName("The Ferry Clerk", "weak"),
        ListedName("Олдоус Торнбракен", "strong"),
    )
    assert (person.birth_dates, person.countries, person.authority) == (("1955",), ("MC",), "UK")
    assert (person.identifiers, broker.identifiers) == (("Passport LW7740218",), ("Registration ID HE880112",))
    assert [each.blocked for each in (person, broker, ship)] == [True, True, False]
    assert (ship.kind, ship.countries, ship.identifiers) == ("vessel", ("PA",), ("IMO 9900010",))


@pytest.mark.parametrize(
    ("one", "format", "other", "other_format"),
    [
        (UK, "uk_sl_xml", UK_CSV, "uk_sl_csv"),
        ("us_csl.csv", "us_csl_csv", "us_csl.json", "us_csl_json"),
        ("opensanctions_nested.jsonl", "ftm_json", "opensanctions_entities.jsonl", "ftm_json"),
    ],
)
def test_two_formats_of_one_list_give_the_same_entries(one, format, other, other_format):
    first, second = entries(one, format), entries(other, other_format)
    assert {key: entry_hash(each) for key, each in first.items()} == {
        key: entry_hash(each) for key, each in second.items()
    }
    assert {key: each.source_url for key, each in first.items()} == {
        key: each.source_url for key, each in second.items()
    }


def test_ofacs_two_formats_agree_on_who_is_restricted():
    advanced, legacy = (
        entries("ofac_cons_advanced.xml", "ofac_advanced_xml"),
        entries("ofac_cons_prim.csv", "ofac_cons_csv"),
    )
    assert advanced.keys() == legacy.keys()
    for key, entry in advanced.items():
        other = legacy[key]
        assert [each.name for each in entry.names] == [each.name for each in other.names]
        assert (entry.blocked, entry.birth_dates, entry.countries) == (False, other.birth_dates, other.countries)
        assert entry.programmes == other.programmes


def test_the_screening_list_gives_each_row_its_authority_programme_and_address():
    found = entries("us_csl.json", "us_csl_json")
    by_list = {each.programmes[0]: each for each in found.values()}
    assert {code: each.authority for code, each in by_list.items()} == {
        "EL": "BIS",
        "MEU": "BIS",
        "DPL": "BIS",
        "UVL": "BIS",
        "DTC": "STATE",
        "MBS": "OFAC",
    }
    assert by_list["EL"].source_url == "https://www.bis.gov/regulations/ear/744#supplement-4-744"
    menu = by_list["MBS"]
    assert (menu.external_id, menu.primary_name, menu.blocked) == ("MBS:990006", "Bastien QUILLAMORE", False)
    assert menu.identifiers == ("Passport PB6610394 (CY)",)


@pytest.mark.parametrize(
    ("source", "authority", "blocked", "programme"),
    [
        ("Specially Designated Nationals (SDN) - Treasury Department", "OFAC", True, "SDN"),
        ("Sectoral Sanctions Identifications List (SSI) - Treasury Department", "OFAC", False, "SSI"),
        ("Foreign Sanctions Evaders (FSE) - Treasury Department", "OFAC", False, "FSE"),
        ("Palestinian Legislative Council List (PLC) - Treasury Department", "OFAC", False, "PLC"),
        ("Palestinian Legislative Council List (NS-PLC List) - Treasury Department", "OFAC", False, "PLC"),
        ("Capta List (CAP) - Treasury Department", "OFAC", False, "CAP"),
        ("Non-SDN Menu-Based Sanctions List (NS-MBS List) - Treasury Department", "OFAC", False, "MBS"),
        (
            "Non-SDN Chinese Military-Industrial Complex Companies List (CMIC) - Treasury Department",
            "OFAC",
            False,
            "CMIC",
        ),
        ("Entity List (EL) - Bureau of Industry and Security", "BIS", False, "EL"),
        ("Military End User (MEU) List - Bureau of Industry and Security", "BIS", False, "MEU"),
        ("Denied Persons List (DPL) - Bureau of Industry and Security", "BIS", False, "DPL"),
        ("Unverified List (UVL) - Bureau of Industry and Security", "BIS", False, "UVL"),
        ("Nonproliferation Sanctions (ISN) - State Department", "STATE", False, "ISN"),
        ("ITAR Debarred (DTC) - State Department", "STATE", False, "DTC"),
        ("AECA Debarred List (AECA) - Department of State", "STATE", False, "AECA"),
    ],
)
def test_every_sub_list_is_known_by_the_name_that_it_bears(tmp_path, source, authority, blocked, programme):
    path = tmp_path / "csl.csv"
    text = (
        (SAMPLES / "us_csl.csv").read_text().replace("Unverified List (UVL) - Bureau of Industry and Security", source)
    )
    path.write_text(text)
    (entry,) = (
        each for each in read_list(path, "us_csl_csv") if each.primary_name == "Lanternfish Optics Trading FZCO"
    )
    assert (entry.authority, entry.blocked, entry.programmes[0]) == (authority, blocked, programme)


def test_a_row_without_a_number_that_stands_twice_word_for_word_is_one_entry(tmp_path):
    path = tmp_path / "csl.csv"
    lines = (SAMPLES / "us_csl.csv").read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1].replace("sample-1", "sample-1b")]))
    assert len(list(read_list(path, "us_csl_csv"))) == len(lines) - 1
    path.write_text("".join([*lines, lines[-1]]))
    with pytest.raises(NotAList, match="MBS:990006 stands twice"):
        list(read_list(path, "us_csl_csv"))


def test_the_denied_persons_list_gathers_the_addresses_of_an_order(tmp_path):
    found = {each.primary_name: each for each in read_list(SAMPLES / DPL, "bis_dpl_txt")}
    exporter = found["ORVANE TESSERACT EXPORTS"]
    assert (exporter.countries, exporter.authority, exporter.blocked) == (("US", "AE"), "BIS", False)
    assert exporter.programmes == ("DPL",)
    assert "until 08/24/2034" in exporter.remarks
    assert "without an end" in found["CORVIN ASHDALE-THRUPP"].remarks
    # Another address does not make it another entry.
    moved = tmp_path / DPL
    moved.write_text((SAMPLES / DPL).read_text().replace("UNIT 9, SAMPLE DOCKS", "UNIT 10, SAMPLE DOCKS"))
    assert {each.external_id for each in read_list(moved, "bis_dpl_txt")} == {
        each.external_id for each in found.values()
    }


def test_follow_the_money_takes_listed_parties_with_their_wallets_and_no_others():
    found = entries("opensanctions_nested.jsonl", "ftm_json")
    assert "NK-sample-4" not in found, "a politically exposed person is on no list of this kind"
    person, company, works = (found[f"NK-sample-{number}"] for number in (1, 2, 3))
    assert [(each.name, each.strength) for each in person.names] == [
        ("Ferelith Moncastor", "strong"),
        ("Ферелит Монкастор", "strong"),
        ("Fermo", "weak"),
    ]
    assert (person.authority, person.blocked, person.countries) == ("OTHER", True, ("MC",))
    assert {"xx_sample_sanctions", "XX-SAMPLE", "sanction"} <= set(person.programmes)
    assert person.source_url == "https://authority.example/list"
    ((currency, address),) = company.wallets
    assert (company.authority, currency, address[:4]) == ("OFAC", "ETH", "0x44")
    assert (works.blocked, works.authority) == (False, "BIS")


FREEZES, TRAVEL = {"provisions": ["Asset freeze", "Travel Ban"]}, {"provisions": ["Travel Ban"]}
ENTITY_LIST = {"programId": ["US-BIS-EL"], "authority": ["Entity List (EL) - Bureau of Industry and Security"]}


@pytest.mark.parametrize(
    ("datasets", "topics", "sanction", "authority", "blocked", "programme"),
    [
        (["us_ofac_sdn", "us_ofac_cons"], ["sanction"], {}, "OFAC", True, "us_ofac_sdn"),
        (["us_ofac_cons"], ["sanction"], {}, "OFAC", False, "us_ofac_cons"),
        (["us_ofac_cons", "wikidata"], ["sanction"], {}, "OFAC", False, "us_ofac_cons"),
        (["us_ofac_cons", "ch_seco_sanctions"], ["sanction"], {}, "OTHER", True, "ch_seco_sanctions"),
        (["gb_fcdo_sanctions"], ["sanction"], TRAVEL, "UK", False, "gb_fcdo_sanctions"),
        (["gb_fcdo_sanctions"], ["sanction"], FREEZES, "UK", True, "gb_fcdo_sanctions"),
        (["gb_hmt_sanctions"], ["sanction"], {}, "UK", True, "gb_hmt_sanctions"),
        (["gb_hmt_invbans"], ["sanction"], {}, "UK", False, "gb_hmt_invbans"),
        (["us_trade_csl"], ["sanction", "export.control"], ENTITY_LIST, "BIS", False, "EL"),
        (["us_trade_csl"], ["sanction"], ENTITY_LIST, "BIS", False, "EL"),
        (["us_trade_csl", "us_ofac_sdn"], ["sanction", "export.control"], ENTITY_LIST, "OFAC", True, "EL"),
        (["us_bis_denied"], ["export.control"], {}, "BIS", False, "DPL"),
        (["us_trade_csl"], ["export.risk"], {}, "BIS", False, "UVL"),
        (["us_trade_csl"], ["export.control"], {"programId": ["US-BIS-UVL", "US-BIS-MEU"]}, "BIS", False, "MEU"),
        (["us_trade_csl"], ["sanction"], {"programId": ["US-DOS-ISN"]}, "STATE", False, "ISN"),
        (["us_trade_csl"], ["sanction"], {}, "OTHER", True, "sanction"),
        (["xx_sample_sanctions"], ["sanction"], {}, "OTHER", True, "sanction"),
    ],
)
def test_what_blocks_is_said_by_the_list_and_not_by_the_topic(
    tmp_path, datasets, topics, sanction, authority, blocked, programme
):
    path = tmp_path / "targets.jsonl"
    nested = [{"id": "s", "schema": "Sanction", "properties": sanction}]
    properties = {"name": ["Acme"], "topics": topics, "sanctions": nested}
    line = {"id": "a", "schema": "Company", "datasets": datasets, "properties": properties}
    path.write_text(json.dumps(line) + "\n")
    (entry,) = read_list(path, "ftm_json")
    assert (entry.authority, entry.blocked) == (authority, blocked)
    assert programme in entry.programmes
    assert not {"UVL"} & set(entry.programmes) or programme == "UVL"


def test_a_wallet_that_is_listed_by_itself_is_an_entry(tmp_path):
    path = tmp_path / "targets.json"
    path.write_text(
        '{"id": "w1", "schema": "CryptoWallet", "datasets": [], '
        '"properties": {"publicKey": ["TXsample"], "currency": ["USDT"], "topics": ["sanction"]}}\n'
    )
    (entry,) = read_list(path, "ftm_json")
    assert (entry.wallets, entry.primary_name, entry.blocked) == ((("USDT", "TXsample"),), "TXsample", True)


def test_the_day_of_publication_is_read_where_a_list_bears_one():
    days = {known.code: published(known.sample) for known in KNOWN_LISTS}
    assert {code for code, day in days.items() if day is None} == {"us_csl", "bis_dpl", "opensanctions"}
    assert {day.isoformat() for day in days.values() if day} == {"2026-11-20"}
    assert published(SAMPLES / UK_CSV).isoformat() == "2026-11-20"


def test_the_hash_of_an_entry_changes_with_what_it_says_and_not_with_where_it_was_read():
    entry = entries(EU, "eu_fsf_xml")["EU.9901.01"]
    assert entry_hash(replace(entry, source_url="https://elsewhere.example")) == entry_hash(entry)
    assert entry_hash(replace(entry, blocked=False)) != entry_hash(entry)


def test_the_real_denied_persons_list_has_an_entry_for_every_order(shared_data):
    path = shared_data / "lists" / "bis_dpl_2022.txt"
    with path.open(newline="", encoding="cp1252") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 581
    orders = {(" ".join(row["Name"].split()).casefold(), row["Effective_Date"]) for row in rows}
    found = list(read_list(path, "bis_dpl_txt"))
    assert {(each.primary_name.casefold(), each.remarks.split()[2].rstrip(",.")) for each in found} == orders
    assert {(each.authority, each.blocked, each.programmes) for each in found} == {("BIS", False, ("DPL",))}
    assert {"US", "IR", "CA"} <= {code for each in found for code in each.countries}


def test_the_real_screening_list_says_who_keeps_each_row(shared_data):
    path = shared_data / "lists" / "us_csl_sample.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    found = list(read_list(path, "us_csl_csv"))
    assert len(found) == len(rows) == 115
    keepers = {"Treasury": "OFAC", "Bureau of Industry": "BIS", "State": "STATE"}
    for row, entry in zip(rows, found, strict=True):
        (keeper,) = (authority for word, authority in keepers.items() if word in row["source"])
        assert (entry.authority, entry.source_url) == (keeper, row["source_list_url"].strip())
        assert entry.blocked == ("(SDN)" in row["source"])


def test_the_real_lists_bear_their_days(shared_data):
    lists = shared_data / "lists"
    assert published(lists / "ofac_sdn_advanced_2025-12-04.xml.bz2").isoformat() == "2025-11-19"
    assert published(lists / "un_consolidated_watchman.xml").isoformat() == "2026-02-27"
