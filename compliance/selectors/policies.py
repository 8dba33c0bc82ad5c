"""What the policies' folder holds - packs, catalogue, levels, tables, schedules - read once per process."""

import logging
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from compliance.engine import packs as engine_packs
from compliance.engine.catalogue import Catalogue, catalogue_on, newest_catalogue
from compliance.engine.centres import Centres, centres_on
from compliance.engine.levels import Levels, levels_in_force, load_levels
from compliance.engine.packs import PolicyPack, load_packs, pack_in_force, pack_labelled
from compliance.engine.releases import Altered, Manifest
from compliance.engine.retention import Schedule, schedule_in_force
from compliance.engine.travel import TravelRules, rules_in_force

logger = logging.getLogger(__name__)


def pack_for(as_of: datetime) -> PolicyPack:
    """The pack in force at the moment. Raises NoPackInForce."""
    return pack_in_force(as_of, _packs(Path(settings.GRIDCLEAR_POLICY_DIR)))


def pack_as_of(as_of: datetime) -> tuple[PolicyPack, bool]:
    """The pack that speaks of a moment, and whether it does so only by its rules' own days. Raises NoPackInForce."""
    pack = engine_packs.pack_as_of(as_of, packs())
    return pack, as_of.astimezone(UTC).date() < pack.in_force_from


def catalogue_as_of(as_of: datetime) -> tuple[str, Catalogue]:
    """The catalogue of the moment's day with its name, such as `accelerators@2026-11-25`."""
    return catalogue_on(Path(settings.GRIDCLEAR_POLICY_DIR) / "accelerators", as_of.astimezone(UTC).date())


def pack_named(label: str) -> PolicyPack:
    """The pack `id@version`, for a replay. Raises NoPackInForce."""
    return pack_labelled(label, _packs(Path(settings.GRIDCLEAR_POLICY_DIR)))


def packs() -> tuple[PolicyPack, ...]:
    """Every pack that is here, oldest first."""
    return _packs(Path(settings.GRIDCLEAR_POLICY_DIR))


def catalogue() -> Catalogue:
    """The newest catalogue of accelerators."""
    return _catalogue(Path(settings.GRIDCLEAR_POLICY_DIR))


def centres_for(as_of: datetime) -> Centres:
    """Where declared places are, by the table of the moment's day."""
    return _centres(Path(settings.GRIDCLEAR_POLICY_DIR), as_of.astimezone(UTC).date())


def known_networks_for(as_of: datetime) -> Path | None:
    """The file of known networks of the moment's day, if there is one.

    A sign of place is told by it once, when it is seen, and kept as it was told: no replay reads it again.
    """
    return _known_networks(Path(settings.GRIDCLEAR_POLICY_DIR), as_of.astimezone(UTC).date())


def levels_for(as_of: datetime) -> Levels:
    """What the levels of identity verification ask for at the moment. Raises LevelsInvalid."""
    return levels_in_force(as_of, _levels(Path(settings.GRIDCLEAR_POLICY_DIR)))


def retention_for(as_of: datetime) -> Schedule:
    """How long records are kept, as in force at the moment. Raises RetentionInvalid."""
    return _retention(Path(settings.GRIDCLEAR_POLICY_DIR), as_of.astimezone(UTC).date())


def travel_rules_for(as_of: datetime) -> TravelRules:
    """What must travel with transfers, as in force at the moment. Raises TravelRulesInvalid."""
    return _travel_rules(Path(settings.GRIDCLEAR_POLICY_DIR), as_of.astimezone(UTC).date())


# Releases come into force by the day, in UTC.
@lru_cache(maxsize=4)
def _retention(root: Path, day: date) -> Schedule:
    return schedule_in_force(datetime.combine(day, time(), UTC), root)


@lru_cache(maxsize=4)
def _travel_rules(root: Path, day: date) -> TravelRules:
    return rules_in_force(datetime.combine(day, time(), UTC), root)


@lru_cache(maxsize=4)
def _levels(root: Path) -> tuple[Levels, ...]:
    return load_levels(root / "identity")


@lru_cache(maxsize=4)
def _packs(root: Path) -> tuple[PolicyPack, ...]:
    return load_packs(root / "gridclear")


@lru_cache(maxsize=4)
def _catalogue(root: Path) -> Catalogue:
    return newest_catalogue(root / "accelerators")


@lru_cache(maxsize=4)
def _centres(root: Path, day: date) -> Centres:
    return centres_on(root / "places", day)


@lru_cache(maxsize=4)
def _known_networks(root: Path, day: date) -> Path | None:
    try:
        folder = Manifest.read(root).folder_on(root / "networks", day)
    except Altered as error:
        # As with the operator's files: what cannot be read leaves its question open, and nobody's login fails by it.
        logger.error("places: no file of known networks can be used: %s", error)
        return None
    return folder / "networks.toml" if folder else None
