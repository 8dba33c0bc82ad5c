"""Files that are made to burst, to mislead or to confuse: one clear error each, and no memory filled on the way."""

import bz2
import gzip
import io
import json
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.sources import unpack
from compliance.sources.base import ListedName, ListEntry, NotAList, sound
from compliance.sources.catalogue import SAMPLES, published, read_list
from compliance.sources.files import MAX_LINE_BYTES
from compliance.sources.xml import MAX_DEPTH, MAX_PIECE_BYTES
from tests.compliance.sources.test_lists import FORMATS

UN = SAMPLES / "un_consolidated.xml"
DPL = SAMPLES / "bis_dpl.txt"


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def refused(path, format="un_xml"):
    with pytest.raises(NotAList) as error:
        list(read_list(path, format))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda content: zipped(list=content)])
def test_every_format_is_read_packed(tmp_path, format, pack):
    path = tmp_path / FORMATS[format].name
    path.write_bytes(pack(FORMATS[format].read_bytes()))
    alone = tmp_path / "plain" / FORMATS[format].name
    alone.parent.mkdir()
    alone.write_bytes(FORMATS[format].read_bytes())
    assert list(read_list(path, format)) == list(read_list(alone, format))
    assert published(path) == published(alone)


ZEROS = b"<CONSOLIDATED_LIST>" + b" " * (64 * 1024 * 1024)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda content: zipped(list=content)])
def test_an_archive_that_grows_without_end_is_refused_in_little_memory(tmp_path, pack):
    path = tmp_path / "list"
    path.write_bytes(pack(ZEROS))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    told = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "unlike any list" in told
    assert peak < 8 * 1024 * 1024


def test_a_file_that_is_too_large_is_refused_whether_it_packs_well_or_not(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "MAX_UNPACKED_BYTES", 1000)
    assert "more than 1,000 bytes" in refused(UN)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped(), "0 files"),
        (zipped(a=b"x", b=b"y"), "2 files"),
        (zipped(list=gzip.compress(UN.read_bytes())), "no whole XML"),
        (b"PK\x03\x04" + b"\0" * 60, "cannot be read"),
        (zipped(list=UN.read_bytes())[:-30], "cannot be read"),
        (gzip.compress(UN.read_bytes())[:-20], "broken"),
        (bz2.compress(UN.read_bytes())[:-20], "broken"),
        (bz2.compress(UN.read_bytes())[:60] + b"\xff" * 60, "broken"),
    ],
)
def test_broken_and_strange_archives_are_refused(tmp_path, content, why):
    path = tmp_path / "list"
    path.write_bytes(content)
    assert why in refused(path)


def test_a_zip_whose_content_is_not_what_its_sum_says_is_refused(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("list", UN.read_bytes())
    path = tmp_path / "list"
    path.write_bytes(packed.getvalue().replace(b"Borant Kelmir", b"Borant Kelmer", 1))
    assert "broken" in refused(path)


def test_a_document_that_is_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "list.xml"
    path.write_bytes(b"<CONSOLIDATED_LIST><INDIVIDUAL>" + b"<a>" * 1_000_000)
    assert "nested deeper" in refused(path)
    # As deep as it may be, it is refused for another reason: nothing of a list is in it.
    depth = MAX_DEPTH - 1
    path.write_bytes(b"<CONSOLIDATED_LIST>" + b"<a>" * depth + b"</a>" * depth + b"</CONSOLIDATED_LIST>")
    assert "no entries" in refused(path)


@pytest.mark.parametrize(
    "head",
    [b"<CONSOLIDATED_LIST><INDIVIDUAL><FIRST_NAME>", b"<CONSOLIDATED_LIST x='", b"<CONSOLIDATED_LIST><!--"],
)
def test_one_piece_that_never_ends_is_refused_before_it_fills_the_memory(tmp_path, head):
    path = tmp_path / "list.xml"
    path.write_bytes(head + b"x" * (MAX_PIECE_BYTES * 4))
    tracemalloc.start()
    told = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "one piece" in told
    assert peak < MAX_PIECE_BYTES * 3.5


@pytest.mark.parametrize("format", [each for each in FORMATS if not each.endswith("xml")])
def test_nul_bytes_are_refused_wherever_they_stand(tmp_path, format):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_bytes()
    path.write_bytes(content[:-20] + b"\0" + content[-20:])
    assert "NUL" in refused(path, format)


@pytest.mark.parametrize("format", [each for each in FORMATS if each.endswith("xml")])
def test_nul_bytes_in_a_document_are_refused(tmp_path, format):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_bytes()
    path.write_bytes(content[:-40] + b"\0" + content[-40:])
    assert "no whole XML" in refused(path, format)


@pytest.mark.parametrize(
    ("format", "name", "encoding", "why"),
    [
        ("us_csl_json", "us_csl.json", "utf-16", "NUL|no JSON|UTF-8"),
        ("ftm_json", "opensanctions_nested.jsonl", "cp1251", "no UTF-8"),
        ("bis_dpl_txt", "bis_dpl.txt", "utf-16", "UTF-16"),
        ("us_csl_csv", "us_csl.csv", "utf-16-le", "NUL"),
    ],
)
def test_text_in_another_encoding_is_refused(tmp_path, format, name, encoding, why):
    path = tmp_path / name
    path.write_text((SAMPLES / name).read_text(encoding="utf-8"), encoding=encoding)
    with pytest.raises(NotAList, match=why):
        list(read_list(path, format))


def test_bytes_that_are_text_in_no_encoding_are_refused_and_windows_1252_is_not(tmp_path):
    path = tmp_path / "dpl.txt"
    path.write_bytes(DPL.read_bytes().replace(b"ORVANE", b"ORV\xc4NE"))
    assert any("ORVÄNE" in each.primary_name for each in read_list(path, "bis_dpl_txt"))
    path.write_bytes(DPL.read_bytes().replace(b"ORVANE", b"ORV\x81NE"))
    assert "neither in UTF-8 nor in Windows-1252" in refused(path, "bis_dpl_txt")


def test_a_document_that_lies_about_its_encoding_is_refused(tmp_path):
    path = tmp_path / "list.xml"
    path.write_bytes(UN.read_bytes().replace(b'encoding="UTF-8"', b'encoding="no-such-thing"'))
    assert "no whole XML" in refused(path)
    path.write_bytes(UN.read_bytes().replace(b"Borant Kelmir", b"Borant \xff\xfeKelmir"))
    assert "no whole XML" in refused(path)


@pytest.mark.parametrize(
    ("format", "before", "after"),
    [
        ("un_xml", b"<DATE>1959-07-08</DATE>", b"<DATE>2959-07-08</DATE>"),
        ("eu_fsf_xml", b'birthdate="1957-03-21"', b'birthdate="2957-03-21"'),
        ("us_csl_json", b"1972-10-03", b"2072-10-03"),
        ("ftm_json", b"1980-02-11", b"2080"),
    ],
)
def test_a_birth_in_the_future_is_refused(tmp_path, format, before, after):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_bytes()
    assert before in content
    path.write_bytes(content.replace(before, after))
    assert "born in the future" in refused(path, format)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("un_consolidated.xml", 'dateGenerated="2026', 'dateGenerated="2926'),
        ("ofac_sdn_advanced.xml", "<Year>2026</Year>", "<Year>2926</Year>"),
        ("uk_sanctions_list.csv", "20-Nov-2026", "20-Nov-2926"),
    ],
)
def test_a_list_from_the_future_is_refused(tmp_path, name, before, after):
    path = tmp_path / name
    path.write_text((SAMPLES / name).read_text().replace(before, after, 1))
    with pytest.raises(NotAList, match="has not come"):
        published(path)


def test_a_day_that_no_calendar_has_is_refused(tmp_path):
    path = tmp_path / "list.xml"
    path.write_text(UN.read_text().replace("2026-11-20T", "2026-11-31T"))
    with pytest.raises(NotAList, match="a date that is none"):
        published(path)


@pytest.mark.parametrize(
    "content",
    [
        '{"results": [' + "[" * 100_000,
        '{"results": [{"name": "' + "x" * 5_000_000,
        '{"results": [1, 2]}',
        '{"results": [{"source": "Entity List (EL)", "name": "A"}',
        '{"results": [{"source": "Entity List (EL)", "name": "A"}]',
        '{"other": []}',
        '{"results": [{"name": "A"}]}',
        '[{"source": "Entity List (EL)", "name": "A"}]',
        '{"results": [{"source": {"a": 1}, "name": "A"}]}',
    ],
)
def test_broken_json_is_refused(tmp_path, content):
    path = tmp_path / "list.json"
    path.write_text(content)
    refused(path, "us_csl_json")


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000 + "\n",
        '"' + "x" * (MAX_LINE_BYTES + 1) + '"\n',
        "[1]\n",
        '{"id": "a"}\n',
        '{"id": "a", "schema": "Person", "properties": []}\n',
        '{"id": 7, "schema": "Person", "properties": {}}\n',
        '{"id": "a", "schema": "Person", "properties": {"topics": ["sanction"]}}\n',
        '{"id": "a", "schema": "Person", "properties": {"topics": ["role.pep"], "name": ["A B"]}}\n',
        '{"id": "a", "schema": "Person", "properties": {"topics": ["sanction"], "name": ["\u200b\u202e"]}}\n',
        '{"id": "a", "schema": "Person", "properties": {"topics": ["sanction"], "name": ["A B"]}}',
    ],
)
def test_broken_lines_are_refused(tmp_path, content):
    path = tmp_path / "list.jsonl"
    path.write_text(content)
    refused(path, "ftm_json")


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800", "\\udfff x"])
@pytest.mark.parametrize(
    ("format", "before"),
    [
        ("us_csl_json", "QUILLAMORE"),
        ("us_csl_json", "PB6610394"),
        ("ftm_json", "Ferelith Moncastor"),
        ("ftm_json", "FM1029384"),
        ("ftm_json", "NK-sample-1"),
    ],
)
def test_signs_that_only_json_can_write_are_refused_wherever_they_stand(tmp_path, format, before, sign):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, before + sign), encoding="utf-8")
    assert "no text" in refused(path, format)


@pytest.mark.parametrize(
    ("format", "before", "after"),
    [
        ("un_xml", "Borant", "Borant" * 90),
        ("ofac_advanced_xml", "Osterlanov", "Osterlanov" * 60),
        ("us_csl_csv", "QUILLAMORE", "QUILLAMORE" * 1_000),
    ],
)
def test_a_name_that_would_be_kept_cut_is_refused(tmp_path, format, before, after):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, after, 1), encoding="utf-8")
    assert "more than 500" in refused(path, format)


def test_long_ids_that_begin_alike_stay_two_entries():
    told = ListEntry("wallet-" * 20, "entity", (ListedName("Nightjar"),), "OTHER", blocked=True)
    one, other, third = sound(
        iter([told, replace(told, external_id=told.external_id + "2"), replace(told, external_id="short")]),
        date(2026, 11, 26),
    )
    assert one.external_id != other.external_id
    assert {len(one.external_id), len(other.external_id)} == {80}
    assert third.external_id == "short"


@pytest.mark.parametrize(
    ("format", "before", "after"),
    [
        ("ofac_advanced_xml", "<Year>1961</Year>", "<Year>nineteen</Year>"),
        ("eu_fsf_xml", 'month="6"', 'month="June"'),
        ("ftm_json", '"schema": "Person"', '"schema": ["Person"]'),
        ("ftm_json", '"datasets": [', '"datasets": 7, "others": ['),
    ],
)
def test_what_an_importer_trips_over_is_a_refusal(tmp_path, format, before, after):
    path = tmp_path / FORMATS[format].name
    content = FORMATS[format].read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, after), encoding="utf-8")
    assert "no such list has" in refused(path, format)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.sampled_from(["us_csl_json", "ftm_json"]))
def test_whatever_json_says_an_entry_is_sound_or_the_list_is_refused(tmp_path, draw, format):
    """One value of a list, at any depth, is something else: nothing but a refusal stops the reading."""
    path = tmp_path / FORMATS[format].name
    text = FORMATS[format].read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if format == "ftm_json" else [json.loads(text)]
    holder, key = draw.choice(list(places_in(rows)))
    holder[key] = draw.choice(
        [None, 7, -1.5, True, "", "\0", "\ud800", [], {}, [[]], [None], {"a": {}}, "x" * 600, "2959-01-01"]
    )
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    try:
        found = list(read_list(path, format))
    except NotAList:
        return
    assert all(len(each.external_id) <= 80 and each.names for each in found)


def places_in(value):
    """(holder, key) of every value inside, but for the rows themselves."""
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, each in items:
        if isinstance(value, dict):
            yield value, key
        yield from places_in(each)


@pytest.mark.parametrize("format", ["us_csl_csv", "uk_sl_csv", "bis_dpl_txt", "ofac_cons_csv", "ftm_json"])
def test_a_list_whose_last_line_has_no_end_is_refused(tmp_path, format):
    for companion in FORMATS[format].parent.glob("ofac_cons_*.csv"):
        (tmp_path / companion.name).write_bytes(companion.read_bytes())
    path = tmp_path / FORMATS[format].name
    path.write_bytes(FORMATS[format].read_bytes().rstrip() + b" x")
    refused(path, format)
    path.write_bytes(FORMATS[format].read_bytes())
    assert list(read_list(path, format))


@pytest.mark.parametrize("tail", ['{"source": "x"}]}', "]}", "}", ', "more": [', ', "total": 1}}'])
def test_a_json_list_ends_where_its_object_does(tmp_path, tail):
    path = tmp_path / "list.json"
    whole = (SAMPLES / "us_csl.json").read_text().rstrip()
    path.write_text(whole + tail)
    assert "does not end" in refused(path, "us_csl_json")
    path.write_text(whole[:-1] + ', "total": 7}\n')
    assert list(read_list(path, "us_csl_json"))


# What each format's entries lie between; rows of the other formats are gathered, so that one twice is the same entry.
DOUBLED = {
    "ofac_advanced_xml": ("<DistinctParties>", "</DistinctParties>"),
    "un_xml": ("<INDIVIDUALS>", "</INDIVIDUALS>"),
    "eu_fsf_xml": ('globalFileId="990001">', "</export>"),
    "uk_sl_xml": ("</DateGenerated>", "</Designations>"),
    "ofac_cons_csv": ("", ""),
    "ftm_json": ("", ""),
}


@pytest.mark.parametrize("format", DOUBLED)
def test_an_entry_that_stands_twice_refuses_the_list(tmp_path, format):
    begin, end = DOUBLED[format]
    content = FORMATS[format].read_text(encoding="utf-8")
    entries = content.partition(begin)[2].partition(end)[0] if begin else content
    path = tmp_path / FORMATS[format].name
    path.write_text(content.replace(end, entries + end, 1) if end else content * 2)
    assert "stands twice" in refused(path, format)
