"""Geometry and words: charts, pictures of ownership, money, times."""

from datetime import timedelta
from itertools import combinations, pairwise

import pytest

from compliance.base.clock import ManualClock
from compliance.services.countries import ISO_COUNTRIES
from marketplace.forms.countries import NAMES
from marketplace.models import Lease, Node, Offer
from marketplace.templatetags import ui
from marketplace.views.charts import bar_chart, nice_ceiling, sparkline
from marketplace.views.ownership_layout import Holder, Holding, levels, ownership_graph
from marketplace.views.states import LOOKS


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (210, "USD", "$2.10"),
        (0, "USD", "$0.00"),
        (-5, "USD", "−$0.05"),
        (123456789, "USD", "$1,234,567.89"),
        (2_100_000, "USDC", "2.10 USDC"),
        (1, "USDC", "0.000001 USDC"),
        (None, "USD", "—"),
    ],
)
def test_money_is_exact(minor, currency, words):
    assert ui.money(minor, currency) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (754, "12 min 34 s"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (604800, "7 d"),
    ],
)
def test_durations_have_no_idle_zeros(seconds, words):
    assert ui.duration(seconds) == words


def test_times_are_relative_to_the_clock(clock: ManualClock):
    now = clock.now()
    assert ui.relative(now) == "just now"
    assert ui.relative(now - timedelta(minutes=1)) == "1 minute ago"
    assert ui.relative(now + timedelta(hours=3)) == "in 3 hours"


def test_ids_keep_head_and_tail():
    assert ui.short_id("0x5FbDB2315678afecb367f032d93F642f64180aa3") == "0x5FbD…0aa3"
    assert ui.short_id("7c8e3f4a-02f5-4d7a-9a55-1f2f6f1f0c11") == "7c8e3f4a"


def test_every_state_has_its_look():
    states = {*Lease.State.values, *Node.State.values, *Offer.State.values}
    assert states <= set(LOOKS)


def test_every_country_can_be_chosen():
    assert set(NAMES) == ISO_COUNTRIES


@pytest.mark.parametrize(("value", "ceiling"), [(0, 1), (1, 1), (3, 5), (7, 10), (11, 20), (4200, 5000), (0.3, 0.5)])
def test_scales_end_at_round_values(value, ceiling):
    assert nice_ceiling(value) == pytest.approx(ceiling)


def test_bars_stand_on_the_ground_and_stay_inside():
    chart = bar_chart([("1", 0), ("2", 50), ("3", 100)], words=str, width=300, height=100)
    ground = max(line.y for line in chart.gridlines)
    assert [round(bar.y + bar.height, 2) for bar in chart.bars] == [ground] * 3
    assert chart.bars[0].height == 0
    assert chart.bars[2].y == min(line.y for line in chart.gridlines)
    assert all(chart.left <= bar.x and bar.x + bar.width <= chart.width for bar in chart.bars)


def test_a_sparkline_of_nothing_is_a_flat_line():
    assert sparkline([]).path == sparkline([0, 0]).path


def test_owners_stand_above_what_they_own():
    holders = [Holder("s", "Subject"), Holder("h", "Holding", deciding=True), Holder("p", "Parent", deciding=True)]
    holdings = [Holding("h", "s", "100 %", deciding=True), Holding("p", "h", "100 %", deciding=True)]
    graph = ownership_graph("s", holders, holdings)
    height = {box.name: box.y for box in graph.boxes}
    assert height["Parent"] < height["Holding"] < height["Subject"]
    assert graph.has_deciding
    assert graph.description == "Holding holds 100 % of Subject. Parent holds 100 % of Holding"


def test_circles_of_owners_end():
    circle = [Holding("a", "s", "50 %"), Holding("b", "a", "50 %"), Holding("a", "b", "50 %")]
    assert levels("s", circle) == {"s": 0, "a": 1, "b": 2}
    holders = [Holder("s", "S"), Holder("a", "A"), Holder("b", "B"), Holder("x", "Not connected")]
    assert len(ownership_graph("s", holders, circle).boxes) == 3


def test_boxes_of_a_row_do_not_touch():
    holders = [Holder("s", "S"), *(Holder(str(i), f"Owner {i}") for i in range(5))]
    graph = ownership_graph("s", holders, [Holding(str(i), "s", "20 %") for i in range(5)])
    row = sorted((box.x, box.x + box.width) for box in graph.boxes if not box.subject)
    assert all(before[1] < after[0] for before, after in pairwise(row))
    assert row[-1][1] <= graph.width


def crowd(count: int) -> tuple[list[Holder], list[Holding]]:
    """A company with so many owners, each of them owned by another one."""
    holders = [Holder("s", "Subject"), *(Holder(f"{row}{i}", f"{row}{i}") for i in range(count) for row in "ab")]
    holdings = [Holding(f"a{i}", "s", f"{i} to {i + 1} %") for i in range(count)]
    return holders, holdings + [Holding(f"b{i}", f"a{i}", "60 %", deciding=i == 3) for i in range(count)]


@pytest.mark.parametrize("count", [1, 5, 6, 20, 60])
def test_however_many_owners_no_box_covers_another_and_all_lie_inside(count):
    graph = ownership_graph("s", *crowd(count))
    assert len(graph.boxes) == 2 * count + 1
    for one, other in combinations(graph.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert all(box.x >= 0 and box.x + box.width <= graph.width for box in graph.boxes)
    assert all(box.y >= 0 and box.y + box.height <= graph.height for box in graph.boxes)
    assert all(0 <= edge.label_x <= graph.width and 0 <= edge.label_y <= graph.height for edge in graph.edges)
    assert [edge.label for edge in graph.edges if edge.deciding] == (["60 %"] if count > 3 else [])


def test_an_owner_stands_above_everything_that_it_owns():
    holdings = [Holding("a", "s", "50 %"), Holding("b", "s", "50 %"), Holding("a", "b", "10 %")]
    assert levels("s", holdings) == {"s": 0, "b": 1, "a": 2}
    graph = ownership_graph("s", [Holder(key, key) for key in "sab"], holdings)
    far = next(edge for edge in graph.edges if edge.label == "50 %")
    assert far.path.count("C") == 3  # between the boxes of the row that it passes


def test_a_holding_that_closes_a_circle_goes_round():
    holdings = [Holding("a", "s", "60 %"), Holding("b", "a", "60 %"), Holding("a", "b", "25 to 50 %")]
    graph = ownership_graph("s", [Holder(key, key) for key in "sab"], holdings)
    assert [edge.label for edge in graph.edges if edge.loops and edge.dashed] == ["25 to 50 %"]
    assert graph.has_dashed
    assert not ownership_graph("s", [Holder("s", "S"), Holder("a", "A")], holdings[:1]).has_dashed


def test_the_picture_is_told_in_rows_under_what_is_held():
    graph = ownership_graph("s", *crowd(2))
    assert [(owned, [row.owner for row in rows]) for owned, rows in graph.by_owned] == [
        ("Subject", ["a0", "a1"]),
        ("a0", ["b0"]),
        ("a1", ["b1"]),
    ]
    alone = ownership_graph("s", [Holder("s", "Subject")], [])
    assert (alone.rows, len(alone.boxes)) == ((), 1)


def test_a_hundred_companies_in_one_circle_and_a_long_chain_are_drawn():
    ring = [Holding(str((n + 1) % 100), str(n), "51 %") for n in range(100)]
    graph = ownership_graph("0", [Holder(str(n), str(n)) for n in range(100)], ring)
    assert sum(edge.loops for edge in graph.edges) == 1
    chain = [Holding(str(n + 1), str(n), "51 %") for n in range(2000)]
    assert levels("0", chain)["2000"] == 2000
