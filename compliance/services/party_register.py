"""Parties as they say they are: registered, changed, and what ends when they change."""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import InvalidInput, NotFound
from compliance.base.sealing import SubjectErased
from compliance.engine.identifiers import is_lei
from compliance.engine.naming.text import readable
from compliance.models import Party
from compliance.selectors.ownership import party_ids_below
from compliance.services import clearances
from compliance.services.countries import ISO_COUNTRIES

_BIRTH_DATE = re.compile(r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")
_LONGEST = {"region": 80, "address": 400, "registration_number": 64, "entity_type": 20, "undisclosed": 60}


@dataclass(frozen=True, slots=True)
class PartyInput:
    """A person or an entity as declared. `country` is ISO 3166-1: incorporation or residence.

    What is None stays as it is known. `undisclosed` says why nobody tells who this is; such a party has a name that
    says so.
    """

    kind: str
    name: str
    country: str
    region: str = ""
    headquarters_country: str = ""
    address: str = ""
    registration_number: str = ""
    birth_date: str = ""
    aliases: tuple[str, ...] | None = None
    lei: str | None = None
    entity_type: str | None = None
    publicly_traded: bool | None = None
    undisclosed: str | None = None


def register_party(details: PartyInput, *, actor: Actor, partial: bool = False) -> Party:
    """The party stands as declared, unverified. Raises InvalidInput.

    `partial`: a source named it without a country; it stays unknown, and the gate asks for it.
    """
    values = checked(details, partial=partial)
    with transaction.atomic():
        party = Party.objects.create(**values)
        audit.record(
            "party.registered", actor=actor, subject=party, data={"kind": party.kind, "country": party.country}
        )
    return party


def update_party(party_id: UUID, details: PartyInput, *, actor: Actor) -> Party:
    """The party's facts are the given ones.

    Verifications, findings and clearances rest on the facts as they were: a material change leaves the party
    unverified until it submits anew (the digest of its facts no longer fits), and ends every live clearance that
    rests on it. Raises InvalidInput, NotFound.
    """
    values = checked(details)
    with transaction.atomic():
        party = locked_party(party_id)
        before = party.subject_hash
        changed = sorted(name for name, value in values.items() if getattr(party, name) != value)
        if not changed:
            return party
        for name in changed:
            setattr(party, name, values[name])
        party.save(update_fields=changed)
        audit.record(
            "party.updated",
            actor=actor,
            subject=party,
            data={"fields": changed, "material": party.subject_hash != before},
        )
        if party.subject_hash != before:
            end_what_rested_on([party.pk], actor)
    return party


def clean_name(text: str) -> str:
    """The name as `readable` has it: what the engine refuses in facts is never stored either."""
    return readable(text)


def end_what_rested_on(party_ids: Collection[UUID], actor: Actor) -> None:
    """No clearance given on the old facts is live: neither the parties' nor those of whom they stand above."""
    below = party_ids_below(party_ids)
    # Every answer that the gate was about to give has been given once these rows are held.
    list(Party.objects.select_for_update().filter(pk__in=below).order_by("pk").values_list("pk"))
    clearances.revoke(clearances.live_clearances(below), "facts_changed", actor=actor)


def checked(details: PartyInput, *, partial: bool = False) -> dict[str, Any]:
    """The values for a row. Raises InvalidInput; a country may be empty only when `partial`."""
    if details.kind not in Party.Kind.values:
        raise InvalidInput("A party is a person or an entity. Nothing was changed.")
    name = clean_name(details.name)
    if not name or len(name) > 300:
        raise InvalidInput("A name of 1 to 300 letters, digits and signs is needed. Nothing was changed.")
    country, headquarters = details.country.upper(), details.headquarters_country.upper()
    if (country not in ISO_COUNTRIES and (country or not partial)) or (
        headquarters and headquarters not in ISO_COUNTRIES
    ):
        raise InvalidInput("Countries are two-letter ISO 3166-1 codes, such as SG. Nothing was changed.")
    if details.birth_date and not _is_birth_date(details.birth_date):
        raise InvalidInput("A birth date is a past day: YYYY, YYYY-MM or YYYY-MM-DD. Nothing was changed.")
    values = {key: value for key, value in asdict(details).items() if value is not None}
    if details.aliases is not None:
        values["aliases"] = _aliases(details.aliases)
    values |= {"name": name, "country": country, "headquarters_country": headquarters}
    if details.lei and not is_lei(details.lei):
        raise InvalidInput("This is no LEI: 20 letters and digits, of which the last two check. Nothing was changed.")
    for column, limit in _LONGEST.items():
        if len(values.get(column, "")) > limit:
            raise InvalidInput(f"The {column.replace('_', ' ')} is too long. Nothing was changed.")
    return values


def _aliases(told: tuple[str, ...]) -> list[str]:
    aliases = [clean_name(alias) for alias in told if alias.strip()]
    if len(aliases) > 50 or any(not 0 < len(alias) <= 300 for alias in aliases):
        raise InvalidInput("At most 50 further names of 300 characters are kept. Nothing was changed.")
    return aliases


def _is_birth_date(text: str) -> bool:
    """Whether it is a year, a month or a day that the calendar has and that has come."""
    if not _BIRTH_DATE.match(text):
        return False
    try:
        return date.fromisoformat(f"{text}-01-01"[:10]) <= clock.now().date()
    except ValueError:
        return False


def locked_party(party_id: UUID) -> Party:
    """The party, held until the transaction ends. Raises NotFound, SubjectErased."""
    party = Party.objects.select_for_update().filter(pk=party_id).first()
    if party is None:
        raise NotFound("There is no such party. Nothing was changed.")
    if party.erased_at is not None:
        raise SubjectErased
    return party
