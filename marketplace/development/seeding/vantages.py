"""The platform of the seeded world knows its vantage points."""

from pathlib import Path

from django.conf import settings

from compliance.base.actor import Actor
from compliance.selectors.vantages import vantages as in_use
from compliance.services import vantages
from marketplace.development.vantages import STATIONS
from marketplace.vantage.keys import public_text, read_key


def seed_vantages(actor: Actor) -> None:
    """The platform knows those that this server is, at the address of this start, and no others."""
    known = {row.code: row for row in in_use()}
    for code in known.keys() - {row["code"] for row in settings.GRIDCLEAR_VANTAGES}:
        vantages.retire_vantage(code, actor=actor)
    for row in settings.GRIDCLEAR_VANTAGES:
        code, url = row["code"], f"{settings.GRIDCLEAR_BASE_URL}/vantage/{row['code']}"
        if code not in known:
            name, latitude, longitude = STATIONS[code]
            key = public_text(read_key(Path(row["key"])))
            vantages.register_vantage(code, name, latitude, longitude, url, key, actor=actor)
        elif known[code].url != url:
            vantages.move_vantage(code, url, actor=actor)
