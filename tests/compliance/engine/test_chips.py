"""ECCN 3A090 from figures, and the catalogue."""

import json
from dataclasses import replace

import pytest

from compliance.engine.chips import CatalogueInvalid, case_by_case, classify, load_catalogue, newest_catalogue
from compliance.engine.facts import ChipFigures, Tops
from compliance.engine.packs import POLICIES
from tests.compliance.engine.world import H100, RTX_3090

CATALOGUE = newest_catalogue(POLICIES / "accelerators")


def chip(tpp: object, density: object, datacenter: bool | None = True) -> ChipFigures:
    """A chip of that TPP, on a die that gives it that density."""
    area = None if density is None else str(float(tpp) / float(density))
    return ChipFigures("sample", (Tops(1, str(tpp)),), area, datacenter)


@pytest.mark.parametrize(
    ("tpp", "density", "expected"),
    [
        (4800, 0.1, "3A090.a.1"),
        ("4799.99", 0.1, "none"),
        (1600, "5.93", "3A090.a.2"),
        ("1599.99", "5.93", "none"),
        (2400, "1.61", "3A090.b.1"),
        ("2399.99", "1.61", "none"),
        (2400, "1.59", "none"),
        (1600, "3.21", "3A090.b.2"),
        (1600, "3.19", "none"),
        (4800, None, "3A090.a.1"),
        (1600, None, "unknown"),
        (1599, None, "none"),
    ],
)
def test_the_thresholds_for_data_centre_chips(tpp, density, expected):
    assert classify(chip(tpp, density)).eccn == expected


def test_other_chips_are_out_below_4800():
    assert classify(chip(4799, 20, datacenter=False)).eccn == "none"
    assert classify(chip(4800, 20, datacenter=False)).eccn == "3A090.a.1"
    unknown = classify(chip(4799, 20, datacenter=None))
    assert (unknown.eccn, unknown.controlled) == ("unknown", True)
    assert classify(chip(4799, 1, datacenter=None)).eccn == "none"


def test_the_largest_bit_length_counts_and_the_working_is_shown():
    found = classify(ChipFigures("x", (Tops(16, "1000"), Tops(4, "5000"), Tops(8, "2000")), "800", True))
    assert found.tpp == 20000
    assert found.working[0] == "TPP = 5000 dense TOPS x 4 bit = 20000"
    assert found.working[1] == "Performance density = 20000 / 800 mm2 = 25.00"


def test_what_is_unknown_or_under_a_letter_is_controlled():
    assert classify(None).controlled
    assert classify(ChipFigures("x")).eccn == "unknown"
    h20 = CATALOGUE.get("h20").classification
    assert (h20.eccn, h20.controlled) == ("none", True)


def test_case_by_case_review_stops_at_its_thresholds():
    assert case_by_case(classify(H100).tpp, H100.dram_gbps)
    assert not case_by_case(classify(replace(H100, dense_tops=(Tops(8, "2625"),))).tpp, "3350")
    assert not case_by_case(classify(H100).tpp, "6500")
    assert not case_by_case(classify(H100).tpp, None)


def test_the_catalogue_knows_what_drivers_report():
    assert len(CATALOGUE.accelerators) >= 50
    assert CATALOGUE.match_device_name("NVIDIA H100 80GB HBM3") == "h100-sxm"
    assert CATALOGUE.match_device_name(" nvidia  geforce RTX 3090") == "rtx-3090"
    assert CATALOGUE.match_device_name("NVIDIA GeForce RTX 3090 Ti") is None
    assert CATALOGUE.match_device_name("NVIDIA H100") is None
    assert CATALOGUE.figures("nobody-knows") is None
    assert not CATALOGUE.get("rtx-3090").classification.controlled
    assert classify(RTX_3090).eccn == "none"


def test_the_classes_agree_with_the_reference(shared_data):
    reference = {
        each["tpp"]: each["class_computed"]
        for each in json.loads((shared_data / "gpu_facts.json").read_text())["chips"]
        if each["tpp"]
    }
    for each in CATALOGUE.accelerators:
        found = each.classification
        if found.tpp is None or each.slug == "rtx-a6000":  # taken as a data centre part, see the catalogue
            continue
        expected = reference[round(found.tpp)]
        if expected.startswith("not 3A090"):
            assert found.eccn == "none", each.slug
        else:
            assert found.eccn.startswith(expected.split(" ")[0]), each.slug


def test_a_broken_catalogue_is_refused(tmp_path):
    row = """[[accelerators]]
slug = "a"
name = "A"
vendor = "V"
memory_gib = 1
device_names = ["Same"]
source = "s"
verified = false
"""
    path = tmp_path / "accelerators.toml"
    path.write_text(row)
    assert len(load_catalogue(path).accelerators) == 1
    for content in (row + row, row.replace('slug = "a"\n', ""), "nothing = [", ""):
        path.write_text(content)
        with pytest.raises(CatalogueInvalid):
            load_catalogue(path)
    with pytest.raises(CatalogueInvalid):
        newest_catalogue(tmp_path / "empty")
    (tmp_path / "MANIFEST.toml").write_text("[released]")
    with pytest.raises(CatalogueInvalid):
        newest_catalogue(tmp_path / "empty")
