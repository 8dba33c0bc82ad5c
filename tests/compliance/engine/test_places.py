"""How far apart, how far at most, and where declared places are."""

from datetime import date
from itertools import pairwise

import pytest

from compliance.engine.centres import CentresInvalid, centres_on, load_centres
from compliance.engine.country_codes import ISO_COUNTRIES
from compliance.engine.globe import circle, distance_km, reach_km
from compliance.engine.locations import WIDEST_KM
from compliance.engine.packs import POLICIES

CENTRES = centres_on(POLICIES / "places", date.max)
BRISBANE, SINGAPORE, SYDNEY = (-27.47, 153.03), (1.35, 103.82), (-33.87, 151.21)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (BRISBANE, SINGAPORE, 6150),
        (BRISBANE, SYDNEY, 731),
        ((0, 0), (0, 180), 20_015),
        ((90, 0), (-90, 0), 20_015),
        ((10, 179), (10, -179), 219),
        (SYDNEY, SYDNEY, 0),
    ],
)
def test_distances(one, other, km):
    assert distance_km(one, other) == pytest.approx(km, rel=0.01, abs=1)
    assert distance_km(other, one) == distance_km(one, other)


def test_light_in_fibre_covers_a_hundred_km_there_and_back_in_a_millisecond():
    assert reach_km(9_000) == 900
    assert reach_km(61_500) == pytest.approx(6150)


def test_a_circle_lies_at_its_radius_also_at_the_pole_and_the_date_line():
    for centre in (BRISBANE, (89.0, 10.0), (0.0, 179.9)):
        for point in circle(centre, 1500):
            assert distance_km(centre, point) == pytest.approx(1500, rel=1e-6)
            assert -180 <= point[1] <= 180


def test_the_narrowest_place_that_is_known():
    city = CENTRES.find("AU", "AU-QLD", "brisbane")
    part = CENTRES.find("AU", "AU-QLD", "Goondiwindi")
    country = CENTRES.find("AU", "somewhere", "")
    assert (city.label, part.label, country.label) == ("Brisbane, Australia", "Queensland, Australia", "Australia")
    assert city.radius_km < part.radius_km < country.radius_km
    assert CENTRES.find("AU", "queensland") == part
    assert CENTRES.find("BR", "", "Sao Paulo") == CENTRES.find("BR", "", "São Paulo")
    assert CENTRES.find("XX") is None
    assert CENTRES.find("SG", "AU-QLD", "Brisbane").label == "Singapore"  # of another country


def test_a_city_lies_in_its_part_and_a_part_in_its_country():
    for country, part, city in (
        ("AU", "AU-QLD", "Brisbane"), ("AU", "AU-NSW", "Sydney"), ("AU", "AU-WA", "Perth"), ("US", "US-VA", "Ashburn"),
        ("US", "US-CA", "San Jose"), ("US", "US-WA", "Seattle"), ("US", "US-TX", "Dallas"), ("CN", "", "Shenzhen"),
        ("FR", "", "Marseille"), ("CL", "", "Santiago"), ("RU", "", "Moscow"), ("NZ", "", "Auckland"),
    ):  # fmt: skip
        chain = [CENTRES.find(country, part, city), CENTRES.find(country, part), CENTRES.find(country)]
        for inner, outer in pairwise(chain):
            apart = distance_km((inner.latitude, inner.longitude), (outer.latitude, outer.longitude))
            assert apart <= outer.radius_km + 1, (city, outer.label)


def test_every_country_has_a_place_on_the_globe():
    assert {code for code in ISO_COUNTRIES if CENTRES.find(code) is None} == set()
    assert all(0 < CENTRES.find(code).radius_km <= WIDEST_KM for code in ISO_COUNTRIES)


def test_the_day_picks_the_table():
    places = POLICIES / "places"
    assert centres_on(places, date(2026, 11, 26)).find("AQ") is None
    assert centres_on(places, date(2026, 11, 27)).find("AQ").label == "Antarctica"
    assert centres_on(places, date(1999, 1, 1)).find("AU")  # places do not age: the first table


BROKEN = (
    "",
    "countries = [['ZZ', 'Everywhere', 0, 0, 20000]]\nparts = []\ncities = []",
    "countries = 3",
    "countries = []\nparts = [['AU-X', 'X', 1, 2, 3]]\ncities = []",
)


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_table_is_refused(tmp_path, content):
    path = tmp_path / "places.toml"
    path.write_text(content)
    with pytest.raises(CentresInvalid):
        load_centres(path)
    with pytest.raises(CentresInvalid):
        centres_on(tmp_path / "nowhere", date.max)
