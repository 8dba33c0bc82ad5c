"""What a level asks of a party, and how far it is met."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.base import clock
from compliance.engine.levels import Level, Need, Way
from compliance.models import Document, IdentityCheck, OwnershipEdge, Party
from compliance.selectors.documents import documents_of
from compliance.selectors.domain_proofs import has_proven_domain
from compliance.selectors.policies import levels_for

_Check = IdentityCheck.State


@dataclass(frozen=True, slots=True)
class NeedState:
    """One need of one party. `pending` says that a vendor's answer may meet it yet; `documents` are what meets it."""

    need: Need
    met: bool
    pending: bool
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """All that ways look at, read once."""

    party: Party
    as_of: datetime
    documents: tuple[Document, ...]
    checks: tuple[IdentityCheck, ...]
    owned: bool
    domain: bool


def level_of(party: Party, code: str) -> Level | None:
    """What the level asks of this kind of party now; None when there is no such level for it."""
    return levels_for(clock.now()).level(code, party.kind)


def levels_open_to(party: Party) -> tuple[Level, ...]:
    """The levels for this kind of party, the plainest first."""
    return tuple(each for each in levels_for(clock.now()).levels if each.party_kind == party.kind)


def need_states(party: Party, level: Level, as_of: datetime) -> list[NeedState]:
    """Each need of the level, in order. Ages are measured at `as_of`; four queries whatever is asked."""
    known = _Known(
        party=party,
        as_of=as_of,
        documents=tuple(documents_of(party.pk)),
        checks=tuple(IdentityCheck.objects.filter(party=party, proves=True).order_by("-created_at")),
        domain=has_proven_domain(party.pk),
        owned=party.ownership_complete or OwnershipEdge.objects.filter(owned=party, ended_on=None).exists(),
    )
    return [_state(need, known) for need in level.needs]


def open_needs(states: Iterable[NeedState], *, pending_too: bool = True) -> list[NeedState]:
    """The needs that are not met; without `pending_too` only those that nothing under way can meet."""
    return [each for each in states if not each.met and (pending_too or not each.pending)]


def proving_checks(party: Party, level: Level, as_of: datetime) -> list[IdentityCheck]:
    """The vendors' checks that meet a need of the level, newest first."""
    ages = [need.max_age for need in level.needs if Way("vendor") in need.by]
    rows = IdentityCheck.objects.filter(party=party, proves=True, state=_Check.VERIFIED).order_by("-verified_at")
    return [row for row in rows if any(_fresh(row.verified_at, age, as_of) for age in ages)]


def _state(need: Need, known: _Known) -> NeedState:
    documents = tuple(row for row in known.documents if _is_way(row, need, known.as_of))
    ways = {way.kind for way in need.by}
    checks = known.checks if "vendor" in ways else ()
    met = (
        bool(documents)
        or ("owners" in ways and known.owned)
        or ("domain" in ways and known.domain)
        or any(way.kind == "fact" and getattr(known.party, way.name) for way in need.by)
        or any(row.state == _Check.VERIFIED and _fresh(row.verified_at, need.max_age, known.as_of) for row in checks)
    )
    pending = not met and any(row.state in (_Check.PENDING, _Check.PROCESSING) for row in checks)
    return NeedState(need, bool(met), pending, documents)


def _is_way(row: Document, need: Need, as_of: datetime) -> bool:
    return Way("document", row.kind) in need.by and _fresh(row.created_at, need.max_age, as_of)


def _fresh(at: datetime | None, max_age: timedelta | None, as_of: datetime) -> bool:
    return at is not None and (max_age is None or at > as_of - max_age)
