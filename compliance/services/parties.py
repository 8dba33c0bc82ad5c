"""Parties: who they say they are, who owns them, which wallets are theirs."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from eth_utils.address import is_checksum_address

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.engine.names import plain
from compliance.models import OwnershipEdge, Party, PartyWallet
from compliance.selectors.ownership import party_ids_below
from compliance.services import clearances
from compliance.services.countries import ISO_COUNTRIES

MAX_OWNERS = 200
_JOINERS = "\u200c\u200d"
_BIRTH_DATE = re.compile(r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")
# Interests that are shares of a whole; an officer's post or mere influence is none.
_SHARES = (OwnershipEdge.Interest.SHAREHOLDING, OwnershipEdge.Interest.VOTING_RIGHTS)


class MalformedWallet(InvalidInput):
    """The address is no EIP-55 checksummed address."""

    code = "malformed_wallet"
    default_message = (
        "This is no valid wallet address: its checksum (the capital letters, EIP-55) does not fit. Nothing was "
        "changed; copy the address again from your wallet."
    )


class WalletTaken(Conflict):
    """The address is linked to another party."""

    code = "wallet_taken"
    default_message = "This wallet address is linked to another account. Nothing was changed."


class OwnershipAboveHundred(InvalidInput):
    """The declared shares add up to more than the whole."""

    code = "ownership_above_100"
    default_message = "The declared shares add up to more than 100 %. Nothing was changed; check the numbers."


@dataclass(frozen=True, slots=True)
class PartyInput:
    """A person or an entity as declared. `country` is ISO 3166-1: incorporation or residence."""

    kind: str
    name: str
    country: str
    region: str = ""
    headquarters_country: str = ""
    address: str = ""
    registration_number: str = ""
    birth_date: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerInput:
    """One holder: a party that is known by id, or a new one. Shares in percent, an interval when not known exactly."""

    party: PartyInput | UUID
    share_min: Decimal = field(default=Decimal(0))
    share_max: Decimal = field(default=Decimal(0))
    interest: str = OwnershipEdge.Interest.SHAREHOLDING.value


def register_party(details: PartyInput, *, actor: Actor) -> Party:
    """The party stands as declared, unverified. Raises InvalidInput."""
    values = _checked(details)
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
    values = _checked(details)
    with transaction.atomic():
        party = _locked(party_id)
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
            _end_what_rested_on(party.pk, actor)
    return party


def declare_ownership(
    owned_party_id: UUID, owners: Sequence[OwnerInput], complete: bool, *, actor: Actor
) -> list[OwnershipEdge]:
    """The given owners are the party's open edges, and no others; edges that went are ended, not deleted.

    `complete` says that there are no further owners. Circles are facts like any other. A `PartyInput` that equals a
    present owner is that owner. A change ends every live clearance that rests on it.
    Raises InvalidInput, OwnershipAboveHundred, NotFound.
    """
    _check_shares(owners)
    with transaction.atomic():
        owned = _locked(owned_party_id)
        open_edges = list(OwnershipEdge.objects.filter(owned=owned, ended_on=None).select_related("owner"))
        wanted = _resolve_owners(owned, owners, [edge.owner for edge in open_edges], actor)
        kept = [edge for edge in open_edges if _edge_key(edge) in wanted]
        ended = [edge.pk for edge in open_edges if _edge_key(edge) not in wanted]
        OwnershipEdge.objects.filter(pk__in=ended).update(ended_on=clock.now().date())
        present = {_edge_key(edge) for edge in kept}
        made = [_edge(owned, key) for key in wanted if key not in present]
        OwnershipEdge.objects.bulk_create(made)
        if ended or made or owned.ownership_complete != complete:
            owned.ownership_complete = complete
            owned.save(update_fields=["ownership_complete"])
            audit.record(
                "party.ownership_declared",
                actor=actor,
                subject=owned,
                data={"edges": len(wanted), "added": len(made), "ended": len(ended), "complete": complete},
            )
            _end_what_rested_on(owned.pk, actor)
    return kept + made


def link_wallet(party_id: UUID, address: str, *, actor: Actor) -> PartyWallet:
    """The address is the party's; linking it again changes nothing. Raises MalformedWallet, WalletTaken, NotFound.

    An address without its checksum is refused too: it cannot be told from a mistyped one, and money would follow it.
    """
    if not (address.startswith("0x") and is_checksum_address(address)):
        raise MalformedWallet
    if not Party.objects.filter(pk=party_id).exists():
        raise NotFound
    try:
        with transaction.atomic():
            wallet, made = PartyWallet.objects.get_or_create(address=address, defaults={"party_id": party_id})
            if made:
                audit.record("party.wallet_linked", actor=actor, subject=wallet, data={"party": str(party_id)})
    except IntegrityError as error:
        raise WalletTaken from error
    if wallet.party_id != party_id:
        raise WalletTaken
    return wallet


def clean_name(text: str) -> str:
    """The name with single spaces, in signs that can be seen and compared; empty when it is no such name.

    Characters that nobody sees (zero width, direction, control) let one name pass for another, before the lists and
    before an officer. The joiners stay: Persian and Indic scripts are written with them.
    """
    name = " ".join(text.split())
    unseen = any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co") and each not in _JOINERS for each in name)
    return "" if unseen or not plain(name) else name


_Key = tuple[UUID, str, Decimal, Decimal]


def _end_what_rested_on(party_id: UUID, actor: Actor) -> None:
    """No clearance given on the old facts is live: neither the party's nor those of whom it stands above."""
    below = party_ids_below([party_id])
    # Every answer that the gate was about to give has been given once these rows are held.
    list(Party.objects.select_for_update().filter(pk__in=below).order_by("pk").values_list("pk"))
    clearances.revoke(clearances.live_clearances(below), "facts_changed", actor=actor)


def _checked(details: PartyInput) -> dict[str, Any]:
    if details.kind not in Party.Kind.values:
        raise InvalidInput("A party is a person or an entity. Nothing was changed.")
    name = clean_name(details.name)
    if not name or len(name) > 300:
        raise InvalidInput("A name of 1 to 300 letters, digits and signs is needed. Nothing was changed.")
    country, headquarters = details.country.upper(), details.headquarters_country.upper()
    if country not in ISO_COUNTRIES or (headquarters and headquarters not in ISO_COUNTRIES):
        raise InvalidInput("Countries are two-letter ISO 3166-1 codes, such as SG. Nothing was changed.")
    if details.birth_date and not _is_birth_date(details.birth_date):
        raise InvalidInput("A birth date is a past day: YYYY, YYYY-MM or YYYY-MM-DD. Nothing was changed.")
    aliases = [clean_name(alias) for alias in details.aliases if alias.strip()]
    if len(aliases) > 50 or any(not 0 < len(alias) <= 300 for alias in aliases):
        raise InvalidInput("At most 50 further names of 300 characters are kept. Nothing was changed.")
    values = asdict(details) | {
        "name": name,
        "country": country,
        "headquarters_country": headquarters,
        "aliases": aliases,
    }
    for column, limit in (("region", 80), ("address", 400), ("registration_number", 64)):
        if len(values[column]) > limit:
            raise InvalidInput(f"The {column.replace('_', ' ')} is too long. Nothing was changed.")
    return values


def _is_birth_date(text: str) -> bool:
    """Whether it is a year, a month or a day that the calendar has and that has come."""
    if not _BIRTH_DATE.match(text):
        return False
    try:
        return date.fromisoformat(f"{text}-01-01"[:10]) <= clock.now().date()
    except ValueError:
        return False


def _check_shares(owners: Sequence[OwnerInput]) -> None:
    if len(owners) > MAX_OWNERS:
        raise InvalidInput(f"At most {MAX_OWNERS} owners can be declared at once. Nothing was changed.")
    for owner in owners:
        if owner.interest not in OwnershipEdge.Interest.values:
            raise InvalidInput(f"“{owner.interest}” is no kind of interest. Nothing was changed.")
        if not Decimal(0) <= Decimal(owner.share_min) <= Decimal(owner.share_max) <= Decimal(100):
            raise InvalidInput("A share lies between 0 and 100 %, and its minimum is not above its maximum.")
    for interest in _SHARES:
        if sum(Decimal(owner.share_min) for owner in owners if owner.interest == interest) > 100:
            raise OwnershipAboveHundred


def _resolve_owners(
    owned: Party, owners: Sequence[OwnerInput], present: Sequence[Party], actor: Actor
) -> dict[_Key, None]:
    """The wanted edges as keys, in order; new parties are registered."""
    by_hash = {party.subject_hash: party.pk for party in present}
    known = set(
        Party.objects.filter(pk__in=[o.party for o in owners if isinstance(o.party, UUID)]).values_list("pk", flat=True)
    )
    wanted: dict[_Key, None] = {}
    for owner in owners:
        if isinstance(owner.party, UUID):
            if owner.party not in known:
                raise NotFound("One of the owners does not exist. Nothing was changed.")
            owner_id = owner.party
        else:
            sketch = Party(**_checked(owner.party))
            owner_id = by_hash.get(sketch.subject_hash) or register_party(owner.party, actor=actor).pk
            by_hash[sketch.subject_hash] = owner_id
        if owner_id == owned.pk:
            raise InvalidInput("A party cannot own itself. Nothing was changed.")
        key = (owner_id, str(owner.interest), _percent(owner.share_min), _percent(owner.share_max))
        if any(other[:2] == key[:2] and other != key for other in wanted):
            raise InvalidInput("An owner is named twice with the same kind of interest. Nothing was changed.")
        wanted[key] = None
    return wanted


def _percent(share: Decimal) -> Decimal:
    return Decimal(share).quantize(Decimal("0.0001"))


def _edge_key(edge: OwnershipEdge) -> _Key:
    return (edge.owner_id, str(edge.interest), _percent(edge.share_min), _percent(edge.share_max))


def _edge(owned: Party, key: _Key) -> OwnershipEdge:
    owner_id, interest, share_min, share_max = key
    return OwnershipEdge(
        owner_id=owner_id,
        owned=owned,
        interest=interest,
        share_min=share_min,
        share_max=share_max,
        source="declared by the party",
        started_on=clock.now().date(),
    )


def _locked(party_id: UUID) -> Party:
    party = Party.objects.select_for_update().filter(pk=party_id).first()
    if party is None:
        raise NotFound("There is no such party. Nothing was changed.")
    return party
