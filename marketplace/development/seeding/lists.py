"""The watchlists of the seeded world: the repository's hand-written ones, in the formats of the real."""

import csv
import shutil
from pathlib import Path

from django.conf import settings

from compliance.services import watchlists
from compliance.sources.catalogue import KNOWN_LISTS, KnownList
from marketplace.development.seeding.people import SEED
from marketplace.development.seeding.vantages import seed_vantages
from marketplace.services.catalogue import sync_catalogue

GROWING_LIST = "us_csl"
SDN = "Specially Designated Nationals (SDN) - Treasury Department"


def seed_lists() -> None:
    """Every known list is loaded or confirmed, the catalogue of GPU models is in step, and vantage points stand."""
    watchlists.register_lists()
    for known in KNOWN_LISTS:
        watchlists.load_watchlist(known.code, str(local_copy(known)), actor=SEED)
    sync_catalogue()
    seed_vantages(SEED)


def local_copy(known: KnownList) -> Path:
    """The list as this world has it: the repository's, and with what the story added in earlier plays."""
    grown = Path(settings.STATE_DIR) / "lists" / known.sample.name
    return grown if grown.exists() else known.sample


def write_list_with(name: str, country: str, address: str) -> Path:
    """A file of the growing list in which one more party stands; nothing is loaded yet."""
    known = next(known for known in KNOWN_LISTS if known.code == GROWING_LIST)
    grown = Path(settings.STATE_DIR) / "lists" / known.sample.name
    if not grown.exists():
        grown.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(known.sample, grown)
    with grown.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or []), list(reader)
    numbers = [int(row["entity_number"]) for row in rows if row["entity_number"].isdecimal()]
    entry = dict.fromkeys(columns, "") | {
        "source": SDN,
        "entity_number": str(max(numbers, default=0) + 1),
        "type": "Entity",
        "programs": "SDGT",
        "name": name.upper(),
        "addresses": f"{address}, {country}",
        "remarks": "Invented for a demonstration.",
    }
    with grown.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows([*rows, entry])
    return grown
