"""From what stands open to what shall stand: which holdings are added, ended, or withdrawn as told by mistake."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from compliance.base import clock
from compliance.models import OwnershipDeclaration, OwnershipEdge

BY_FORM = "declared by the party"


Keeps = Callable[[OwnershipEdge], bool]


def none_kept(edge: OwnershipEdge) -> bool:
    """A declaration that names all holders keeps nothing beside them."""
    return False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One holding as it shall stand, between parties that exist."""

    owner_id: UUID
    owned_id: UUID
    interest: str
    direct: bool
    low: Decimal
    high: Decimal
    started_on: date | None
    ended_on: date | None
    source: str

    @property
    def key(self) -> tuple[UUID, UUID, str, bool]:
        """What can be open only once."""
        return (self.owner_id, self.owned_id, self.interest, self.direct)


class Change:
    """What a declaration adds and ends, found in memory. What it `keeps` it neither changes nor ends."""

    def __init__(
        self, present: list[OwnershipEdge], closed: set[tuple[object, ...]], today: date, keeps: Keeps = none_kept
    ) -> None:
        self.today, self._closed, self._keeps = today, closed, keeps
        self._before = {_facts(edge) for edge in present}
        self._open = {(edge.owner_id, edge.owned_id, edge.interest, edge.direct): edge for edge in present}
        self._met: set[UUID] = set()
        self.added: list[OwnershipEdge] = []
        self.ended: list[OwnershipEdge] = []

    @property
    def standing(self) -> list[OwnershipEdge]:
        """The edges that are open afterwards, those that were first."""
        gone = {edge.pk for edge in self.ended}
        kept = [edge for edge in self._open.values() if edge.pk not in gone]
        return kept + [edge for edge in self.added if edge.ended_on is None]

    def want(self, wanted: Wanted) -> None:
        """The holding stands: as it does already, changed, ended, or new."""
        present = self._open.get(wanted.key)
        if present is None:
            self._add(wanted)
            return
        self._met.add(present.pk)
        if self._keeps(present):
            return
        same_share = (present.share_min, present.share_max) == (wanted.low, wanted.high)
        if wanted.ended_on is not None:
            self._end_or_add(present, wanted, wanted.ended_on, same_share=same_share)
        elif not same_share:
            self._change_share(present, wanted)
        elif _differs(present, wanted):  # the same holding, told better
            self._withdraw(present)
            self._add(wanted)

    def end_the_rest(self) -> None:
        """What nobody wanted is over today."""
        for edge in self._open.values():
            if edge.pk not in self._met and not self._keeps(edge):
                self._end(edge, self.today)

    def turned(self) -> set[UUID]:
        """The entities of which something else is held now than before; a better source changes nothing."""
        return {facts[1] for facts in self._before ^ {_facts(edge) for edge in self.standing}}

    def store(self, declaration: OwnershipDeclaration) -> None:
        """The rows say so."""
        for edge in self.ended:
            edge.ended_in = declaration
        OwnershipEdge.objects.bulk_update(self.ended, ["ended_on", "withdrawn_at", "ended_in"])
        for edge in self.added:
            edge.declared_in = declaration
        OwnershipEdge.objects.bulk_create(self.added)

    def _end_or_add(self, present: OwnershipEdge, wanted: Wanted, day: date, *, same_share: bool) -> None:
        """A holding that is over: the present one, or an older one."""
        if wanted.started_on not in (None, present.started_on):
            self._met.discard(present.pk)
            self._add(wanted)
        elif same_share:
            self._end(present, day)
        else:
            self._withdraw(present)
            self._add(wanted, started_on=present.started_on)

    def _change_share(self, present: OwnershipEdge, wanted: Wanted) -> None:
        told = wanted.started_on not in (None, present.started_on)
        day = wanted.started_on if told and wanted.started_on else self.today
        if present.started_on is not None and day < present.started_on:
            self._withdraw(present)
        else:
            self._end(present, day)
        self._add(wanted, started_on=day)

    def _add(self, wanted: Wanted, *, started_on: date | None = None) -> None:
        start = started_on or wanted.started_on
        if (
            wanted.ended_on is not None
            and (*wanted.key, wanted.low, wanted.high, start, wanted.ended_on) in self._closed
        ):
            return  # known already
        self.added.append(
            OwnershipEdge(
                owner_id=wanted.owner_id,
                owned_id=wanted.owned_id,
                interest=wanted.interest,
                direct=wanted.direct,
                share_min=wanted.low,
                share_max=wanted.high,
                source=wanted.source,
                started_on=start,
                ended_on=wanted.ended_on,
            )
        )

    def _end(self, edge: OwnershipEdge, day: date) -> None:
        edge.ended_on = max(day, edge.started_on or day)
        self.ended.append(edge)

    def _withdraw(self, edge: OwnershipEdge) -> None:
        edge.withdrawn_at = clock.now()
        self.ended.append(edge)


def _facts(edge: OwnershipEdge) -> tuple[UUID, UUID, str, bool, Decimal, Decimal]:
    """What questions of ownership are about."""
    return (edge.owner_id, edge.owned_id, edge.interest, edge.direct, edge.share_min, edge.share_max)


def _differs(present: OwnershipEdge, wanted: Wanted) -> bool:
    """Whether the day or the source is told otherwise than before."""
    start = wanted.started_on is not None and wanted.started_on != present.started_on
    return start or bool(wanted.source and wanted.source not in (present.source, BY_FORM))


def closed_keys(owned_ids: Collection[UUID]) -> set[tuple[object, ...]]:
    """What is known of the entities' holdings that are over, as `Change` compares it."""
    rows = OwnershipEdge.objects.filter(owned_id__in=owned_ids, withdrawn_at=None).exclude(ended_on=None)
    return set(
        rows.values_list(
            "owner_id", "owned_id", "interest", "direct", "share_min", "share_max", "started_on", "ended_on"
        )
    )
