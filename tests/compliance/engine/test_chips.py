"""ECCN 3A090 from figures, and 4A090 from what is inside."""

from dataclasses import replace

import pytest

from compliance.engine.chips import case_by_case, classify, licence_exceptions, operations_per_second
from compliance.engine.facts import ChipFigures, ChipRequest, Tops
from compliance.engine.systems import classify_system
from tests.compliance.engine.world import H100, RTX_3090


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
    under_a_letter = classify(replace(RTX_3090, is_informed="letter"))
    assert (under_a_letter.eccn, under_a_letter.controlled) == ("none", True)


def test_case_by_case_review_stops_at_its_thresholds():
    assert case_by_case(classify(H100).tpp, H100.dram_gbps)
    assert not case_by_case(classify(replace(H100, dense_tops=(Tops(8, "2625"),))).tpp, "3350")
    assert not case_by_case(classify(H100).tpp, "6500")
    assert not case_by_case(classify(H100).tpp, None)


def test_a_licence_exception_needs_paragraph_b_or_another_market():
    def exception(figures):
        return licence_exceptions(classify(figures), datacenter=figures.datacenter)

    assert exception(H100) == ""
    assert exception(RTX_3090) == ""
    assert "not designed or marketed for data centres" in exception(replace(H100, datacenter=False))
    assert "3A090.b" in exception(chip(2400, 2))
    assert exception(chip(1600, 6)) == ""  # a.2 for data centres
    assert exception(chip(2400, 2, datacenter=None)) == ""  # unknown


def test_of_two_bit_lengths_with_one_tpp_the_shorter_gives_the_operations():
    assert operations_per_second(H100) == 1979 * 10**12
    assert operations_per_second(replace(H100, dense_tops=H100.dense_tops[::-1])) == 1979 * 10**12
    assert operations_per_second(ChipFigures("x")) == operations_per_second(None) == 0


def system(*chips):
    return classify_system([(ChipRequest("x", count, figures), classify(figures)) for figures, count in chips])


A30 = ChipFigures("A30", (Tops(4, "661"),), "826", True)


@pytest.mark.parametrize(
    ("chips", "eccn", "gpus", "tpp"),
    [
        ([(H100, 8)], "4A090.a", 8, 126_656),
        ([(A30, 2)], "4A090.b", 2, 5288),
        ([(A30, 2), (H100, 1)], "4A090.a", 3, 21_120),
        ([(RTX_3090, 10_000)], "none", 10_000, 22_720_000),  # no sum of small ones makes a controlled system
        ([(RTX_3090, 4), (A30, 1)], "4A090.b", 5, 11_732),
        ([(None, 1), (A30, 1)], "unknown", 2, None),
        ([(None, 1), (H100, 1)], "4A090.a", 2, None),
        ([], "none", 0, 0),
    ],
)
def test_a_system_is_what_its_strictest_circuit_is(chips, eccn, gpus, tpp):
    found = system(*chips)
    assert (found.eccn, found.gpus, found.tpp) == (eccn, gpus, tpp)
    assert len(found.working) == 2
