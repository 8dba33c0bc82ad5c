"""classify on each threshold of ECCN 3A090, on the chips that stand beside them, and on what is not known."""

import json

import pytest

from tests.compliance.commands.lines import run


def chip(tops, die, *, datacenter=True, **more):
    return {"dense_tops": tops, "die_mm2": die, "datacenter": datacenter, **more}


REAL = {
    "A10": (chip({"4": 500, "8": 250}, 628.4), "none"),  # density 3.18
    "A30": (chip({"4": 661, "8": 330}, 826), "3A090.b.1"),
    "A40": (chip({"4": 598.7, "8": 299.3}, 628.4), "3A090.b.2"),  # TPP just under 2400
    "L2": (chip({"8": 193}, 294.5), "none"),  # TPP 1544
    "L20": (chip({"8": 239}, 608.5), "none"),  # density 3.14
    "L4": (chip({"8": 242.5}, 294.5), "3A090.a.2"),
    "H20": (chip({"8": 296}, 814), "none"),  # under a letter all the same
    "4090": (chip({"8": 660.6}, 608.5, datacenter=False), "3A090.a.1"),
    "4090D": (chip({"8": 588.5}, 608.5, datacenter=False), "none"),
    "5090D": (chip({"4": 1187.5, "8": 593.7}, 750, datacenter=False), "none"),
    "A100": (chip({"8": 624, "16": 312}, 826), "3A090.a.1"),
    "MI325X": (chip({"8": 2614.9, "16": 1307.4}, 2400), "3A090.a.1"),
}
# One bit wide, so the TOPS are the TPP.
INVENTED = [
    (4800, 100_000, True, "3A090.a.1"), (4800, 100_000, False, "3A090.a.1"),
    (4799.99, 100_000, True, "none"), (4799.99, 500, False, "none"),
    (2960, 500, True, "3A090.a.2"), (2959.99, 500, True, "3A090.b.1"),  # density 5.92
    (1600, 270, True, "3A090.a.2"), (1599.99, 270, True, "none"),
    (2400, 1500, True, "3A090.b.1"), (2400, 1500.01, True, "none"), (2399.99, 1400, True, "none"),  # density 1.6
    (1600, 500, True, "3A090.b.2"), (1600, 500.01, True, "none"), (1599.99, 400, True, "none"),  # density 3.2
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_chips_beside_the_thresholds(name, tmp_path):
    figures, expected = REAL[name]
    (answer,), fine = run("classify", tmp_path, [figures])
    assert fine
    assert answer["eccn"] == expected
    assert set(answer) == {"tpp", "performance_density", "eccn", "why"}


def test_invented_chips_on_each_threshold_and_just_below(tmp_path):
    lines = [chip({"1": tpp}, die, datacenter=datacenter) for tpp, die, datacenter, _ in INVENTED]
    answers, fine = run("classify", tmp_path, lines)
    assert fine
    assert [each["eccn"] for each in answers] == [expected for *_, expected in INVENTED]
    assert answers[4]["performance_density"] == 5.92


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, "unknown"),
        (chip(None, 500), "unknown"),
        (chip({}, 500, datacenter=False), "unknown"),
        (chip({"8": None}, 500), "unknown"),
        (chip({"8": 600}, None, datacenter=None), "3A090.a.1"),  # 4800 settles it
        (chip({"8": 600, "4": None}, 814), "3A090.a.1"),
        (chip({"32": 40}, 814), "unknown"),  # no figure at 16 bit or less
        (chip({"32": 40, "64": 20}, 814, datacenter=False), "unknown"),
        (chip({"32": 40, "16": 90}, 814), "none"),
        (chip({"32": 150}, 814), "3A090.a.1"),
        (chip({"8": 100, "4": None}, 814), "unknown"),  # the other length may reach 4800
        (chip({"8": 100, "4": None}, 814, datacenter=False), "unknown"),
        (chip({"8": 199}, None, datacenter=None), "none"),  # below 1600 nothing is controlled
        (chip({"8": 250}, None), "unknown"),
        (chip({"8": 250}, None, datacenter=False), "none"),
        (chip({"8": 250}, None, datacenter=None), "unknown"),
        (chip({"8": 250}, 100, datacenter=None), "unknown"),  # controlled only when made for data centres
        (chip({"8": 250}, 10_000, datacenter=None), "none"),
        (chip({"8": 250}, 100, dram_gbps=None), "3A090.a.2"),
    ],
)
def test_what_is_unknown_stays_unknown_unless_the_rest_settles_it(figures, expected, tmp_path):
    (answer,), fine = run("classify", tmp_path, [figures])
    assert fine
    assert answer["eccn"] == expected
    if not figures.get("dense_tops"):
        assert answer["tpp"] is None


def test_every_chip_of_the_reference(shared_data, tmp_path):
    chips = [
        each for each in json.loads((shared_data / "gpu_facts.json").read_text())["chips"] if "class_computed" in each
    ]
    answers, fine = run("classify", tmp_path, chips)
    assert fine
    for known, answer in zip(chips, answers, strict=True):
        expected = "none" if known["class_computed"].startswith("not 3A090") else known["class_computed"].split(" ")[0]
        assert answer["eccn"].startswith(expected), known["name"]
        if known["tpp"]:
            assert answer["tpp"] == pytest.approx(known["tpp"], abs=1)
        if known["perf_density"]:
            assert answer["performance_density"] == pytest.approx(known["perf_density"], abs=0.011)


def test_a_count_asks_about_the_machine_too(tmp_path):
    answers, fine = run(
        "classify", tmp_path, [{**REAL["A30"][0], "count": 8}, {**REAL["A10"][0], "count": 8}, {"count": 2}]
    )
    assert fine
    assert [each["system"]["eccn"] for each in answers] == ["4A090.b", "none", "unknown"]
    assert [each["system"]["tpp"] for each in answers] == [21_152, 16_000, None]
    assert {each["system"]["gpus"] for each in answers[:2]} == {8}
    for count in (0, -1, 1.5, True, "8", 10**9):
        (answer,), fine = run("classify", tmp_path, [{"dense_tops": {"8": 1}, "count": count}])
        assert (set(answer), fine) == ({"error", "line"}, False)


def test_the_licence_exceptions_of_740_8_are_told(tmp_path):
    lines = [REAL["4090"][0], REAL["A40"][0], REAL["A100"][0], REAL["L2"][0]]
    answers, _ = run("classify", tmp_path, lines)
    assert [any("740.8" in line for line in each["why"]) for each in answers] == [True, True, False, False]
