"""Where declared places are: a centre and a radius for countries, parts of some, and cities where machines stand."""

import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

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
        countries = {code: Centre(name, *map(float, circle)) for code, name, *circle in rows["countries"]}
        parts: dict[tuple[str, str], Centre] = {}
        for code, name, *circle in rows["parts"]:
            country = code.partition("-")[0]
            centre = Centre(f"{name}, {countries[country].label}", *map(float, circle))
            parts[country, _key(code)] = parts[country, _key(name)] = centre
        cities = {
            (country, _key(name)): Centre(f"{name}, {countries[country].label}", *map(float, circle))
            for country, name, *circle in rows["cities"]
        }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CentresInvalid(f"{path.name} holds no centres: {error}") from error
    return Centres(countries, parts, cities)


def newest_centres(root: Path) -> Centres:
    """The centres of the newest date that the manifest names below the folder. Raises `CentresInvalid`."""
    try:
        found = Manifest.read(root.parent).folders(root)
    except Altered as error:
        raise CentresInvalid(str(error)) from error
    if not found:
        raise CentresInvalid("there is no table of centres")
    return load_centres(found[-1] / "places.toml")


def _key(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in parted if not unicodedata.combining(each)).split())
