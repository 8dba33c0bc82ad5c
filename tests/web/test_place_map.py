"""The map of a node's declared place against what was measured."""

import re
from datetime import UTC, datetime

import pytest

from compliance.engine.facts import NodePlace, RoundTrip
from compliance.models import PlaceMeasurement, VantagePoint
from marketplace.views.place_map import TOP, WIDTH, picture
from tests.cast import Cast
from tests.factories import marketplace as make

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BRISBANE = ("Brisbane, Australia", -27.47, 153.03, 60.0, 1)


def trip(name, latitude, longitude, ms):
    return RoundTrip(name, latitude, longitude, int(ms * 1000), 12, NOW)


SINGAPORE = trip("Singapore", 1.35, 103.82, 9)


def test_what_is_near_singapore_is_not_in_brisbane():
    found = picture(NodePlace(*BRISBANE, (SINGAPORE,)))
    (row,) = found.rows
    assert (found.verdict, row.possible, row.reach_km) == ("impossible", False, 900)
    assert row.nearest_km == pytest.approx(6094, abs=30)
    assert [ring.kind for ring in found.rings] == ["declared", "impossible"]
    assert found.description == "Declared place: Brisbane, Australia. Measured: at most 900 km from Singapore."


def test_the_declared_place_stands_in_the_middle_and_the_nearest_comes_first():
    sydney = trip("Sydney", -33.87, 151.21, 13)
    found = picture(NodePlace(*BRISBANE, (trip("Tokyo", 35.68, 139.69, 104), sydney)))
    assert found.verdict == "possible"
    assert [row.vantage for row in found.rows] == ["Sydney", "Tokyo"]
    assert (found.marks[0].x, found.marks[0].y) == (WIDTH / 2, round(TOP + 27.47, 1))


@pytest.mark.parametrize("longitude", [-179.9, -90.0, 0.0, 103.8, 179.9])
@pytest.mark.parametrize("ms", [0.5, 20, 95, 120, 175])
def test_every_circle_is_drawn_wherever_it_is(longitude, ms):
    place = NodePlace("Somewhere", 1.0, longitude, 50.0, 1, (trip("V", 60.0, -longitude, ms),))
    for ring in picture(place).rings:
        numbers = [float(each) for each in re.findall(r"-?\d+\.\d", ring.area)]
        xs = numbers[::2]
        assert len(numbers) % 2 == 0
        assert min(xs) < WIDTH
        assert max(xs) > 0


def test_nothing_measured_and_nowhere_known():
    assert picture(NodePlace(*BRISBANE)).verdict == "unmeasured"
    assert "No vantage point" in picture(NodePlace(*BRISBANE)).description
    nowhere = picture(NodePlace("Atlantis", round_trips=(SINGAPORE,)))
    assert (nowhere.known, nowhere.rings) == (False, ())


@pytest.mark.django_db
def test_the_node_page_shows_it_to_those_who_see_the_node(cast: Cast, browse, clock):
    node = make.online_agent(cast.brisbane, cast.pia).node
    point = VantagePoint.objects.create(
        code="singapore", name="Singapore", latitude=1.35, longitude=103.82, url="https://s.example", public_key="k"
    )
    PlaceMeasurement.objects.create(
        node_id=node.pk, vantage=point, expires_at=clock.now(), measured_at=clock.now(), rounds=12, least_us=9_000,
        median_us=9_500,
    )  # fmt: skip
    address = f"/provider/nodes/{node.pk}"
    page = browse(cast.pia).get(address).content.decode()
    assert "Declared and measured place" in page
    assert "9.0 ms" in page
    assert "900 km away" in page
    assert browse(cast.charlie).get(address).status_code == 404
    assert browse(None).get(address).status_code == 302
