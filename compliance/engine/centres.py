"""Where declared places are: a centre and a radius for countries, parts of some, and cities where machines stand."""

import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from compliance.engine.locations import WIDEST_KM
from compliance.engine.releases import Altered, Manifest


class CentresInvalid(ValueError):
    """The file of centres cannot be read."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A circle on the globe that holds the whole place; degrees and km."""

    label: str
    latitude: float
    longitude: float
    radius_km: float


class Centres:
    """Centres by country, by part (ISO 3166-2 code or name) and by city."""

    def __init__(
        self, countries: dict[str, Centre], parts: dict[tuple[str, str], Centre], cities: dict[tuple[str, str], Centre]
    ) -> None:
        self._countries, self._parts, self._cities = countries, parts, cities

    def find(self, country: str, region: str = "", city: str = "") -> Centre | None:
        """The narrowest circle that is known for what is declared; None when not even the country is."""
        return (
            self._cities.get((country, _key(city)))
            or self._parts.get((country, _key(region)))
            or self._countries.get(country)
        )


def load_centres(path: Path) -> Centres:
    """The centres in the file. Raises `CentresInvalid`."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        countries = {code: _centre(name, circle) for code, name, *circle in rows["countries"]}
        parts: dict[tuple[str, str], Centre] = {}
        for code, name, *circle in rows["parts"]:
            country = code.partition("-")[0]
            centre = _centre(f"{name}, {countries[country].label}", circle)
            parts[country, _key(code)] = parts[country, _key(name)] = centre
        cities = {
            (country, _key(name)): _centre(f"{name}, {countries[country].label}", circle)
            for country, name, *circle in rows["cities"]
        }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CentresInvalid(f"{path.name} holds no centres: {error}") from error
    return Centres(countries, parts, cities)


def centres_on(root: Path, day: date) -> Centres:
    """The centres of the folder's newest table of that day or before. Raises `CentresInvalid`."""
    try:
        folder = Manifest.read(root.parent).folder_on(root, day)
    except Altered as error:
        raise CentresInvalid(str(error)) from error
    if folder is None:
        raise CentresInvalid("there is no table of centres")
    return load_centres(folder / "places.toml")


def _centre(label: str, circle: list[float]) -> Centre:
    """The circle, which facts take too. Raises ValueError for one that is no place on the globe."""
    latitude, longitude, radius_km = map(float, circle)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and 0 < radius_km <= WIDEST_KM):
        raise ValueError(f"the circle of {label} is no place")
    return Centre(label, latitude, longitude, radius_km)


def _key(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in parted if not unicodedata.combining(each)).split())
