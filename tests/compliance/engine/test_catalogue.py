"""The catalogue: figures with sources, names that drivers report, letters of BIS by date."""

import json
from dataclasses import replace
from datetime import date

import pytest

from compliance.engine.catalogue import CatalogueInvalid, load_catalogue, newest_catalogue
from compliance.engine.chips import classify
from compliance.engine.packs import POLICIES
from compliance.engine.releases import Manifest

CATALOGUE = newest_catalogue(POLICIES / "accelerators")


def test_the_catalogue_knows_what_drivers_report():
    assert len(CATALOGUE.accelerators) >= 70
    assert CATALOGUE.match_device("NVIDIA H100 80GB HBM3") == "h100-sxm"
    assert CATALOGUE.match_device(" nvidia  geforce RTX 3090") == "rtx-3090"
    assert CATALOGUE.match_device("NVIDIA GeForce RTX 3090 Laptop GPU") is None
    assert CATALOGUE.match_device("NVIDIA H100") is None
    assert CATALOGUE.figures("nobody-knows") is None
    assert not CATALOGUE.get("rtx-3090").classification.controlled


def test_a_name_that_its_own_bus_contradicts_is_unknown():
    """A driver can be made to call an H100 a GeForce; the PCI id 10de:2330 is the H100's."""
    assert CATALOGUE.match_device("NVIDIA GeForce RTX 3090", "10de:2204") == "rtx-3090"
    assert CATALOGUE.match_device("NVIDIA GeForce RTX 3090", "10DE:2330") is None
    assert CATALOGUE.match_device("NVIDIA GeForce RTX 3090", "10de:ffff") == "rtx-3090"  # says nothing
    assert CATALOGUE.match_device("Anything", "10de:2330") is None


def test_pci_ids_agree_with_the_reference(shared_data):
    vendors = json.loads((shared_data / "gpu_pci_ids.json").read_text())
    seen = 0
    for each in CATALOGUE.accelerators:
        for pci in each.pci_ids:
            vendor, device = pci.split(":")
            name = vendors[vendor]["devices"][device]["name"]
            assert each.slug.replace("-", "").startswith(name), (each.slug, name)
            seen += 1
    assert seen >= 15


def test_every_class_of_the_reference_is_here(shared_data):
    """TPP, density and class of each accelerator of the reference, but one that the catalogue takes more strictly."""
    chips = json.loads((shared_data / "gpu_facts.json").read_text())["chips"]
    ours = {
        (round(found.tpp), each.figures.datacenter and found.density and round(float(found.density), 1)): found.eccn
        for each in CATALOGUE.accelerators
        if (found := each.classification).tpp is not None
    }
    for known in (each for each in chips if each["tpp"] and each["name"] != "NVIDIA RTX A6000"):
        density = known["datacenter"] and known["perf_density"] and round(known["perf_density"], 1)
        expected = "none" if known["class_computed"].startswith("not 3A090") else known["class_computed"].split(" ")[0]
        assert ours[known["tpp"], density].startswith(expected), known["name"]


def test_the_figures_of_at_least_fifty_stand_in_documents():
    """Each figure that the class rests on, at an address, read on a day."""
    cited = [each for each in CATALOGUE.accelerators if each.cited]
    assert len(cited) >= 50
    assert {"a10", "a30", "a40", "l20", "h20", "rtx-4090-d", "rtx-5090-d", "a100-80gb"} <= {each.slug for each in cited}
    for each in cited:
        assert each.verified, each.slug
        for figure, documents in each.cites:
            assert documents, (each.slug, figure)
            assert all(
                doc.url.startswith("https://") and doc.title and doc.read <= date(2026, 11, 26) for doc in documents
            )


def test_an_area_that_no_document_shows_decides_no_class_or_leaves_the_chip_controlled():
    """As docs/guides/operators.md says: of L2 and MI325X none is needed, since the TPP alone settles the class."""
    estimated = [
        each
        for each in CATALOGUE.accelerators
        if each.figures.die_area_mm2 and not dict(each.cites).get("die_area_mm2")
    ]
    settled = {each.slug for each in estimated if len(set(_classes_by_area(each))) == 1}
    assert {"l2", "mi325x"} <= settled
    rest = [each for each in estimated if each.slug not in settled]
    assert {each.slug for each in rest} == {"tpu-v4", "tpu-v5e", "ascend-910"}
    assert all(each.classification.controlled and _classes_by_area(each)[0] == "unknown" for each in rest)


def _classes_by_area(chip):
    """The chip's class if its area were not known, tiny, as told, or huge."""
    areas = (None, "1", chip.figures.die_area_mm2, "100000")
    return [classify(replace(chip.figures, die_area_mm2=area)).eccn for area in areas]


def test_a_figure_is_cited_only_when_it_is_there():
    for each in CATALOGUE.accelerators:
        bits = {f"tops_{tops.bits}" for tops in each.figures.dense_tops}
        shown = {figure for figure, _ in each.cites}
        assert shown <= bits | {"die_area_mm2", "process", "dram_gbps", "datacenter"}, each.slug
        assert each.figures.die_area_mm2 or "die_area_mm2" not in shown, each.slug
        assert bool(each.process) == ("process" in shown), each.slug


def test_one_figure_less_and_it_is_not_cited():
    a10 = CATALOGUE.get("a10")
    assert a10.cited
    for figure in ("die_area_mm2", "process", "dram_gbps", "datacenter"):
        assert not replace(a10, cites=tuple(each for each in a10.cites if each[0] != figure)).cited
    assert not replace(a10, cites=tuple(each for each in a10.cites if not each[0].startswith("tops"))).cited


def test_what_is_verified_names_what_was_read():
    verified = [each for each in CATALOGUE.accelerators if each.verified]
    assert len(verified) > 20
    assert all("/" in each.source or each.cited for each in verified)
    assert all(each.source for each in CATALOGUE.accelerators)
    assert all(letter.source and letter.came for letter in CATALOGUE.letters)


@pytest.mark.parametrize(
    ("slug", "day", "under"),
    [
        ("a100-80gb", date(2022, 8, 25), ""),
        ("a100-80gb", date(2022, 8, 26), "letter to NVIDIA of 2022-08-26"),
        ("a100-80gb", date(2022, 10, 20), "letter to NVIDIA of 2022-08-26"),
        ("a100-80gb", date(2022, 10, 21), ""),  # ECCN 3A090 took its place
        ("h20", date(2025, 4, 8), ""),
        ("h20", date(2025, 4, 9), "letter to NVIDIA of 2025-04-09"),
        ("h20", date(2026, 11, 25), "letter to NVIDIA of 2025-04-09"),
        ("mi308x", date(2026, 11, 25), "letter to AMD of 2025-04-15"),
        ("rtx-3090", date(2026, 11, 25), ""),
    ],
)
def test_a_letter_binds_by_its_dates(slug, day, under):
    assert CATALOGUE.figures(slug, day).is_informed.startswith(under)
    assert bool(CATALOGUE.figures(slug, day).is_informed) == bool(under)


def test_a_chip_under_a_letter_counts_as_controlled_outside_3a090():
    h20 = CATALOGUE.get("h20").classification
    assert (h20.eccn, h20.controlled) == ("none", True)
    assert [letter.id for letter in CATALOGUE.get("h20").letters] == ["nvidia-2025-04-09"]


def test_released_catalogues_still_load():
    for name in Manifest.read(POLICIES).released:
        if name.startswith("accelerators/"):
            assert len(load_catalogue(POLICIES / name / "accelerators.toml").accelerators) > 50


ROW = """[[accelerators]]
slug = "a"
name = "A"
vendor = "V"
memory_gib = 1
device_names = ["Same"]
source = "s"
verified = false
"""
LETTER = """[[letters]]
id = "l"
to = "V"
dated = 2025-01-01
chips = ["a"]
asks = "a licence"
came = "nothing"
source = "s"
verified = false
"""


def test_a_broken_catalogue_is_refused(tmp_path):
    path = tmp_path / "accelerators.toml"
    path.write_text(ROW)
    assert len(load_catalogue(path).accelerators) == 1
    twice = ROW.replace('"a"', '"b"').replace("Same", "Other") + 'pci_ids = ["10de:1", "10de:1"]'
    for content in (
        ROW + ROW,
        ROW + 'cites = { tops_8 = ["nobody"] }',
        ROW.replace('slug = "a"\n', ""),
        twice,
        "nothing = [",
        "",
    ):
        path.write_text(content)
        with pytest.raises(CatalogueInvalid):
            load_catalogue(path)
    with pytest.raises(CatalogueInvalid):
        newest_catalogue(tmp_path / "empty")
    (tmp_path / "MANIFEST.toml").write_text("[released]")
    with pytest.raises(CatalogueInvalid):
        newest_catalogue(tmp_path / "empty")


def test_a_letter_names_chips_of_the_catalogue(tmp_path):
    path = tmp_path / "accelerators.toml"
    path.write_text(ROW)
    (tmp_path / "letters.toml").write_text(LETTER)
    assert load_catalogue(path).figures("a").is_informed.startswith("letter to V of 2025-01-01")
    (tmp_path / "letters.toml").write_text(LETTER.replace('["a"]', '["b"]'))
    with pytest.raises(CatalogueInvalid, match="does not"):
        load_catalogue(path)
