"""Geometry and words: charts, pictures of ownership, money, times."""

from datetime import timedelta
from itertools import pairwise

import pytest

from compliance.base.clock import ManualClock
from compliance.services.countries import ISO_COUNTRIES
from marketplace.forms.countries import NAMES
from marketplace.models import Lease, Node, Offer
from marketplace.templatetags import ui
from marketplace.views.charts import bar_chart, nice_ceiling, sparkline
from marketplace.views.ownership import Holder, Holding, levels, ownership_graph
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
