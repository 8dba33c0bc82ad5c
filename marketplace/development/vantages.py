"""Vantage points of the seeded world: the development server plays three of them, and simulated nodes their distance.

None stands near a seeded node: on a busy laptop answers are late, and late beside one's own place is a sign. One stands
near enough to each to say where it can be: a controlled chip is not leased before a time rules half of the globe out.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from compliance.base import clock
from compliance.engine.centres import centres_on
from compliance.engine.packs import POLICIES
from marketplace.development.world import Supply
from marketplace.vantage.keys import make_key

STATIONS: Mapping[str, tuple[str, float, float]] = {
    "noumea": ("Nouméa", -22.27, 166.46),
    "manila": ("Manila", 14.60, 120.98),
    "tunis": ("Tunis", 36.81, 10.18),
}


def stations(state: Path) -> str:
    """The setting that lets the web server be them; their keys lie in the state folder."""
    rows = []
    for code, (_, latitude, longitude) in STATIONS.items():
        path = state / "vantages" / f"{code}.pem"
        if not path.exists():
            make_key(path)
        rows.append({"code": code, "latitude": latitude, "longitude": longitude, "key": str(path)})
    return json.dumps(rows)


def pretended_place(supply: Supply) -> str:
    """Where the simulated node stands, as its agent takes it; "" when no table knows it."""
    centre = centres_on(POLICIES / "places", clock.now().date()).find(supply.country, supply.region, supply.city)
    return f"{centre.latitude},{centre.longitude}" if centre else ""
