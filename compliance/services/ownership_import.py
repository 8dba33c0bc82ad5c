"""Ownership from a file: matched with who is known in the party's tree, shown first, then stored as one declaration."""

import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.engine.codec import Malformed
from compliance.engine.naming.text import plain
from compliance.models import OwnershipDeclaration, OwnershipEdge, Party
from compliance.selectors.ownership import Upstream, ever_upstream, open_edges_into
from compliance.services.ownership import Settled, check_days, settle
from compliance.services.ownership_change import Change, Keeps, Wanted, closed_keys
from compliance.services.party_register import PartyInput, checked, end_what_rested_on
from compliance.sources.ownership.reading import read_ownership
from compliance.sources.ownership.told import HUNDRED, Told, ToldParty

_FILLED = (
    "country",
    "region",
    "headquarters_country",
    "registration_number",
    "birth_date",
    "lei",
    "entity_type",
    "publicly_traded",
)


class AnotherCompany(Conflict):
    """The file is about a company with another number than the party's."""

    code = "ownership_of_another"
    default_message = (
        "The file is about another company: its registration number or LEI is not the one on record. Nothing was "
        "changed; correct the number, or choose another file."
    )


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do. `added` and `ended` name holder and held; `notes` what to look at."""

    subject: str
    source: str
    known: tuple[str, ...]
    new: tuple[str, ...]
    added: tuple[tuple[str, str, OwnershipEdge], ...]
    ended: tuple[tuple[str, str, OwnershipEdge], ...]
    kept: int
    notes: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return bool(self.added or self.ended)


def read_upload(about: UUID, name: str, content: bytes) -> Told:
    """What an uploaded file says. Its name decides nothing. Raises NotFound, InvalidInput with what is wrong."""
    party = Party.objects.filter(pk=about).first()
    if party is None:
        raise NotFound("There is no such party. Nothing was changed.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "the file"
        path.write_bytes(content)
        try:
            return read_ownership([path], clock.now().date(), lei=party.lei)
        except Malformed as error:
            raise InvalidInput(f"{_capital(str(error))}. Nothing was imported.", name=name) from error


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def preview_import(about: UUID, told: Told) -> ImportPreview:
    """What `import_ownership` would do; nothing is stored. Raises NotFound, AnotherCompany, InvalidInput."""
    above = ever_upstream([about])
    ids = _matched(about, told, above)
    _check(told)
    fresh = {key: uuid5(NAMESPACE_OID, f"{about}:{key}") for key in told.parties if key not in ids}
    names = {pk: party.name for pk, party in above.parties.items()}
    names |= {pk: told.parties[key].name for key, pk in (ids | fresh).items() if pk not in names}
    owned_ids = sorted((ids | fresh)[key] for key in told.owned)
    present = open_edges_into(owned_ids)
    change = Change(present, closed_keys(owned_ids), clock.now().date(), _keeps(told))
    for wanted in _wanted(told, ids | fresh):
        change.want(wanted)
    change.end_the_rest()
    return ImportPreview(
        subject=told.parties[told.subject].name,
        source=told.source,
        known=tuple(names[pk] for pk in ids.values()),
        new=tuple(told.parties[key].name for key in fresh),
        added=tuple((names[edge.owner_id], names[edge.owned_id], edge) for edge in change.added),
        ended=tuple((names[edge.owner_id], names[edge.owned_id], edge) for edge in change.ended),
        kept=len(present) - len(change.ended),
        notes=(*_contradictions(about, told, above), *told.notes, *_gaps(told, set(fresh))),
    )


def import_ownership(about: UUID, told: Told, *, actor: Actor) -> Settled:
    """The holdings that the file tells of stand, as one declaration that can be taken back; its parties are those known
    in the tree, or new ones. What is known of a party is filled up, never overwritten.

    Raises NotFound, AnotherCompany, InvalidInput, OwnershipAboveHundred; then nothing was changed.
    """
    _check(told)
    with transaction.atomic():
        list(Party.objects.select_for_update().filter(pk=about))
        above = ever_upstream([about])
        ids = _matched(about, told, above)
        filled = _fill(((above.parties[pk], told.parties[key]) for key, pk in ids.items()), actor)
        new = {key: _row(each) for key, each in told.parties.items() if key not in ids}
        Party.objects.bulk_create(new.values())
        ids |= {key: row.pk for key, row in new.items()}
        owned_ids = sorted(ids[key] for key in told.owned)
        rows = {row.pk: row for row in Party.objects.select_for_update().filter(pk__in=owned_ids).order_by("pk")}
        declaration = OwnershipDeclaration(
            party_id=about, declared_by=actor.ref, kind=OwnershipDeclaration.Kind.IMPORT, source=told.source
        )
        complete = {ids[key]: _complete(key, told, rows[ids[key]]) for key in told.owned}
        settled = settle(
            declaration,
            complete,
            _wanted(told, ids),
            actor=actor,
            event="party.ownership_imported",
            registered=[row.pk for row in new.values()],
            keeps=_keeps(told),
        )
        end_what_rested_on(filled, actor)
    return settled


def _matched(about: UUID, told: Told, above: Upstream) -> dict[str, UUID]:
    """The parties of the file that are known in the tree, by LEI, by number, or as the same person or company."""
    subject = above.parties.get(about)
    if subject is None:
        raise NotFound("There is no such party. Nothing was changed.")
    if _contradicts(subject, told.parties[told.subject]):
        raise AnotherCompany
    found = {told.subject: about}
    left = {pk: row for pk, row in above.parties.items() if pk != about}
    for key, party in told.parties.items():
        if key == told.subject:
            continue
        match = next((pk for pk, row in left.items() if _same(row, party, _held_by(key, told, found, above, pk))), None)
        if match is not None:
            found[key] = match
            del left[match]
    return found


def _held_by(key: str, told: Told, found: dict[str, UUID], above: Upstream, pk: UUID) -> bool:
    """Whether the known party holds of the very entity of which the file's undisclosed one does."""
    owned = {found.get(each.owned) for each in told.holdings if each.owner == key}
    return any(edge.owner_id == pk and edge.owned_id in owned for edge in above.edges)


def _same(row: Party, party: ToldParty, holds_the_same: bool) -> bool:
    if row.kind != party.kind or row.undisclosed != party.undisclosed:
        return False
    if party.undisclosed:
        return holds_the_same
    if row.lei and party.lei:
        return row.lei == party.lei
    if row.registration_number and party.registration_number and row.country == party.country:
        return _number(row.registration_number) == _number(party.registration_number)
    same_name = plain(row.name) == plain(party.name)
    countries = {row.country, party.country} - {""}
    births = {row.birth_date, party.birth_date} - {""}
    return same_name and len(countries) <= 1 and len(births) <= 1


def _contradicts(row: Party, party: ToldParty) -> bool:
    other_lei = bool(row.lei and party.lei and row.lei != party.lei)
    numbers = _number(row.registration_number), _number(party.registration_number)
    same_country = not (row.country and party.country) or row.country == party.country
    return other_lei or bool(all(numbers) and numbers[0] != numbers[1] and same_country)


def _number(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())


def _contradictions(about: UUID, told: Told, above: Upstream) -> Iterable[str]:
    ours, theirs = above.parties[about].name, told.parties[told.subject].name
    if plain(ours) != plain(theirs):
        yield f"The file calls it {theirs}; here it is {ours}."


def _gaps(told: Told, new: set[str]) -> Iterable[str]:
    """What the file leaves open about new parties, and somebody has to fill in."""
    placeless = [told.parties[key].name for key in sorted(new) if not told.parties[key].country]
    if placeless:
        yield f"The file tells no country of {', '.join(placeless[:10])}: fill it in afterwards."


def _check(told: Told) -> None:
    for party in told.parties.values():
        _row(party)
    for holding in told.holdings:
        check_days(holding.started_on, holding.ended_on)


def _row(party: ToldParty) -> Party:
    return Party(**checked(_details(party), partial=True))


def _details(party: ToldParty) -> PartyInput:
    values = asdict(party)
    del values["key"]
    return PartyInput(**{**values, "aliases": party.aliases[:50]})


def _fill(pairs: Iterable[tuple[Party, ToldParty]], actor: Actor) -> list[UUID]:
    """What was empty of known parties is filled, on record; of which, is returned."""
    filled: dict[Party, list[str]] = {}
    for row, party in pairs:
        before = row.subject_hash
        columns = [column for column in _FILLED if getattr(party, column) and not getattr(row, column)]
        for column in columns:
            setattr(row, column, getattr(party, column))
        if columns:
            filled[row] = [*columns, *(["material"] if row.subject_hash != before else [])]
    Party.objects.bulk_update(filled, _FILLED)
    audit.record_many(
        "party.updated",
        actor=actor,
        subject_kind=Party._meta.label_lower,
        about=[
            (str(row.pk), {"fields": [each for each in told if each != "material"], "material": "material" in told})
            for row, told in filled.items()
        ],
    )
    return [row.pk for row in filled]


def _wanted(told: Told, ids: dict[str, UUID]) -> Iterable[Wanted]:
    """The holdings, those that are over first: what is open now is compared with what stands."""
    for each in sorted(told.holdings, key=lambda each: each.ended_on is None):
        yield Wanted(
            ids[each.owner],
            ids[each.owned],
            each.interest,
            each.direct,
            each.low,
            each.high,
            each.started_on,
            each.ended_on,
            told.source,
        )


def _keeps(told: Told) -> Keeps:
    """A file that does not name all holders changes and ends only what came from its own like."""

    def keeps(edge: OwnershipEdge) -> bool:
        return not told.whole and edge.source != told.source

    return keeps


def _complete(key: str, told: Told, row: Party) -> bool:
    """Whether the file accounts for all the shares; one that names no shares leaves it as it was, or open."""
    held = [each for each in told.holdings if each.owned == key and each.ended_on is None]
    if any(told.parties[each.owner].undisclosed for each in held):
        return False
    if not told.whole:
        return row.ownership_complete
    shares = sum((each.low for each in held if each.interest == "shareholding" and each.direct), HUNDRED * 0)
    return shares == HUNDRED
