"""Who holds what: declared by form or from a file, ended and never deleted, taken back while it is the newest."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.engine.facts import OwnershipEdgeFacts
from compliance.engine.ownership import Graph
from compliance.models import OwnershipDeclaration, OwnershipEdge, Party
from compliance.selectors.ownership import edge_facts, open_edges_into
from compliance.services import blocking
from compliance.services.ownership_change import BY_FORM, Change, Keeps, Wanted, closed_keys, none_kept
from compliance.services.party_register import (
    PartyInput,
    checked,
    end_what_rested_on,
    locked_party,
    register_party,
)

MAX_OWNERS = 200
_HUNDRED = Decimal(100)


class OwnershipAboveHundred(InvalidInput):
    """The declared shares add up to more than the whole."""

    code = "ownership_above_100"
    default_message = "The declared shares add up to more than 100 %. Nothing was changed; check the numbers."


class NothingToUndo(NotFound):
    """Nothing was declared, or all of it was taken back."""

    code = "nothing_to_undo"
    default_message = "There is no change of owners that could be taken back."


class ChangedSince(Conflict):
    """The newest declaration is no longer what stands."""

    code = "ownership_changed_since"
    default_message = (
        "The owners were changed again since then, in another place. Nothing was taken back; look at what stands now "
        "and correct it by hand."
    )


@dataclass(frozen=True, slots=True)
class OwnerInput:
    """One holder: a party that is known by id, or a new one. Shares in percent, an interval when not known exactly.

    With `ended_on` the holding is over from that day on. Without `started_on` a new holding has held since an unknown
    day, and a changed share from today on.
    """

    party: PartyInput | UUID
    share_min: Decimal = field(default=Decimal(0))
    share_max: Decimal = field(default=Decimal(0))
    interest: str = OwnershipEdge.Interest.SHAREHOLDING.value
    started_on: date | None = None
    ended_on: date | None = None
    source: str = ""
    direct: bool = True


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands open afterwards, and how many holdings came and went."""

    standing: list[OwnershipEdge]
    added: int
    ended: int


def declare_ownership(
    owned_party_id: UUID, owners: Sequence[OwnerInput], complete: bool, *, actor: Actor, about: UUID | None = None
) -> list[OwnershipEdge]:
    """The given owners are the party's open edges, and no others; edges that went are ended, not deleted.

    `complete` says that there are no further owners; `about` is the party in whose tree this one stands. Circles are
    facts like any other. A `PartyInput` that equals a present owner is that owner. A change ends every live clearance
    that rests on it. Raises InvalidInput, OwnershipAboveHundred, NotFound.
    """
    _check_inputs(owners)
    with transaction.atomic():
        held = {pk: locked_party(pk) for pk in sorted({owned_party_id, about or owned_party_id})}
        owned = held[owned_party_id]
        declaration = OwnershipDeclaration(
            party_id=about or owned.pk, declared_by=actor.ref, kind=OwnershipDeclaration.Kind.FORM, source=BY_FORM
        )
        present = [edge.owner for edge in open_edges_into([owned.pk])]
        wanted = _resolved(owned, owners, present, actor)
        settled = settle(declaration, {owned.pk: complete}, wanted, actor=actor, event="party.ownership_declared")
    return settled.standing


def undo_ownership(about: UUID, *, actor: Actor) -> OwnershipDeclaration:
    """The newest declaration about the party is taken back: what it added is withdrawn, what it ended goes on.

    Ends every live clearance that rests on it. Raises NothingToUndo, ChangedSince.
    """
    with transaction.atomic():
        locked_party(about)
        newest = OwnershipDeclaration.objects.select_for_update().filter(party_id=about, undone_at=None)
        declaration = newest.order_by("-number").first()
        if declaration is None:
            raise NothingToUndo
        added, ended = list(declaration.added.all()), list(declaration.ended.all())
        owned_ids = sorted({edge.owned_id for edge in (*added, *ended)} | set(map(UUID, declaration.completeness)))
        list(Party.objects.select_for_update().filter(pk__in=owned_ids).order_by("pk"))
        _check_unchanged(declaration, added, ended)
        now = clock.now()
        OwnershipEdge.objects.filter(pk__in=[edge.pk for edge in added]).update(withdrawn_at=now, ended_in=declaration)
        # Back to what it was before: ended or withdrawn by this declaration, so open until then.
        OwnershipEdge.objects.filter(pk__in=[edge.pk for edge in ended]).update(
            ended_on=None, withdrawn_at=None, ended_in=None
        )
        for party_id, complete in declaration.completeness.items():
            Party.objects.filter(pk=party_id).update(ownership_complete=complete)
        declaration.undone_at, declaration.undone_by = now, actor.ref
        declaration.save(update_fields=["undone_at", "undone_by"])
        audit.record(
            "party.ownership_undone",
            actor=actor,
            subject=declaration,
            data={"party": str(about), "withdrawn": len(added), "restored": len(ended)},
        )
        _changed(owned_ids, actor)
    return declaration


def settle(
    declaration: OwnershipDeclaration,
    complete: dict[UUID, bool],
    wanted: Iterable[Wanted],
    *,
    actor: Actor,
    event: str,
    registered: Sequence[UUID] = (),
    keeps: Keeps = none_kept,
) -> Settled:
    """The wanted holdings stand in the entities that `complete` names; it says of each whether these are all owners.

    What is open, not wanted and not kept is ended today. Nothing is stored when nothing changes.

    The caller holds the entities and the party that the declaration is about.

    Raises InvalidInput, OwnershipAboveHundred.
    """
    today, owned_ids = clock.now().date(), sorted(complete)
    change = Change(open_edges_into(owned_ids), closed_keys(owned_ids), today, keeps)
    for each in wanted:
        change.want(each)
    change.end_the_rest()
    _check_sums([edge_facts(edge) for edge in change.standing])
    before = dict(Party.objects.filter(pk__in=owned_ids).values_list("pk", "ownership_complete"))
    turned = {key: was for key, was in before.items() if was != complete[key]}
    if change.added or change.ended or turned:
        declaration.completeness = {str(key): was for key, was in turned.items()}
        declaration.number = OwnershipDeclaration.objects.filter(party=declaration.party).count() + 1
        declaration.save()
        change.store(declaration)
        for key in turned:
            Party.objects.filter(pk=key).update(ownership_complete=complete[key])
        _record(declaration, change, complete, registered, actor, event)
        _changed(change.turned() | set(turned), actor)
    return Settled(change.standing, len(change.added), len(change.ended))


def _changed(owned_ids: Collection[UUID], actor: Actor) -> None:
    """No clearance rests on the owners as they were, and who is owned by held parties is held now."""
    end_what_rested_on(owned_ids, actor)
    blocking.pass_down(owned_ids, actor=actor)


def _record(
    declaration: OwnershipDeclaration,
    change: Change,
    complete: dict[UUID, bool],
    registered: Sequence[UUID],
    actor: Actor,
    event: str,
) -> None:
    audit.record(
        event,
        actor=actor,
        subject=declaration.party,
        data={
            "declaration": str(declaration.pk),
            "edges": len(change.standing),
            "added": len(change.added),
            "ended": len(change.ended),
            "complete": all(complete.values()),
            "registered": [str(each) for each in registered],
        },
    )


def _check_unchanged(
    declaration: OwnershipDeclaration, added: Sequence[OwnershipEdge], ended: Sequence[OwnershipEdge]
) -> None:
    """Raises ChangedSince when what the declaration added was changed by another, or what it ended stands anew."""
    others = {edge.ended_in_id for edge in added} - {None, declaration.pk}
    mine = {edge.pk for edge in added}
    open_now = open_edges_into({edge.owned_id for edge in ended})
    taken = {(e.owner_id, e.owned_id, e.interest, e.direct) for e in open_now if e.pk not in mine}
    again = any((e.owner_id, e.owned_id, e.interest, e.direct) in taken for e in ended)
    if others or again:
        raise ChangedSince


def _check_inputs(owners: Sequence[OwnerInput]) -> None:
    if len(owners) > MAX_OWNERS:
        raise InvalidInput(f"At most {MAX_OWNERS} owners can be declared at once. Nothing was changed.")
    for owner in owners:
        if owner.interest not in OwnershipEdge.Interest.values:
            raise InvalidInput(f"“{owner.interest}” is no kind of interest. Nothing was changed.")
        if not Decimal(0) <= Decimal(owner.share_min) <= Decimal(owner.share_max) <= _HUNDRED:
            raise InvalidInput("A share lies between 0 and 100 %, and its minimum is not above its maximum.")
        if len(owner.source) > 200:
            raise InvalidInput("A source has at most 200 characters. Nothing was changed.")
        check_days(owner.started_on, owner.ended_on)


def check_days(started_on: date | None, ended_on: date | None) -> None:
    """Raises InvalidInput for days that have not come, and for an end before the start."""
    today = clock.now().date()
    if any(day is not None and day > today for day in (started_on, ended_on)):
        raise InvalidInput("A holding starts and ends on days that have come. Nothing was changed.")
    if started_on is not None and ended_on is not None and ended_on < started_on:
        raise InvalidInput("A holding ends after it starts. Nothing was changed.")


def _check_sums(edges: Iterable[OwnershipEdgeFacts]) -> None:
    if Graph(edges).above_hundred() is not None:
        raise OwnershipAboveHundred


def _resolved(owned: Party, owners: Sequence[OwnerInput], present: Sequence[Party], actor: Actor) -> list[Wanted]:
    """The wanted holdings, in order; new parties are registered."""
    by_hash = {party.subject_hash: party.pk for party in present}
    known = set(
        Party.objects.filter(pk__in=[o.party for o in owners if isinstance(o.party, UUID)]).values_list("pk", flat=True)
    )
    wanted: dict[tuple[object, ...], Wanted] = {}
    for owner in owners:
        if isinstance(owner.party, UUID):
            if owner.party not in known:
                raise NotFound("One of the owners does not exist. Nothing was changed.")
            owner_id = owner.party
        else:
            sketch = Party(**checked(owner.party))
            owner_id = by_hash.get(sketch.subject_hash) or register_party(owner.party, actor=actor).pk
            by_hash[sketch.subject_hash] = owner_id
        if owner_id == owned.pk:
            raise InvalidInput("A party cannot own itself. Nothing was changed.")
        each = _wanted(owned.pk, owner_id, owner)
        if wanted.setdefault((*each.key, each.ended_on), each) != each:
            raise InvalidInput("An owner is named twice with the same kind of interest. Nothing was changed.")
    return list(wanted.values())


def _wanted(owned_id: UUID, owner_id: UUID, owner: OwnerInput) -> Wanted:
    return Wanted(
        owner_id,
        owned_id,
        str(owner.interest),
        owner.direct,
        percent(owner.share_min),
        percent(owner.share_max),
        owner.started_on,
        owner.ended_on,
        owner.source or BY_FORM,
    )


def percent(share: Decimal) -> Decimal:
    """The share as rows keep it."""
    return Decimal(share).quantize(Decimal("0.0001"))
