"""Entries of lists that many cases are about, what a batch of them would hold, and how far one is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from compliance.base.errors import NotFound
from compliance.models import Case, CaseBatch, CaseBatchItem, Match
from compliance.selectors.matches import MatchView, views_of

MOST = 500
_DECISIVE = frozenset({"Date of birth", "Registration"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list at one wording."""

    list_code: str
    external_id: str
    entry_hash: str


@dataclass(frozen=True, slots=True)
class RepeatedEntry:
    """An entry that several open cases are about."""

    entry: Entry
    listed_name: str
    cases: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that is about the entry. `why_not` says why a batch cannot hold it; `chosen` is the suggestion."""

    case: Case
    view: MatchView
    agrees: tuple[str, ...]
    why_not: str

    @property
    def chosen(self) -> bool:
        """A weak match in which nothing but the name agrees is suggested; all else is the officer's own tick."""
        return not self.why_not and not self.agrees and self.view.match.strength != "strong"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch about the entry could hold, oldest case first; `view` tells of the listed party."""

    entry: Entry
    candidates: tuple[Candidate, ...]

    @property
    def view(self) -> MatchView:
        """The match of the first case: its listed side is the same in all."""
        return self.candidates[0].view


def _asked() -> QuerySet[Match]:
    """The open matches of the cases that officers have not ended."""
    cases = Case.objects.filter(kind=Case.Kind.SCREENING_HIT).exclude(state=Case.State.CLOSED)
    return Match.objects.filter(state=Match.State.OPEN, screening__cases__in=cases)


def repeated_entries(at_most: int = 50) -> list[RepeatedEntry]:
    """The entries that two or more open cases are about, those with most cases first."""
    rows = (
        _asked()
        .values("list_code", "external_id", "entry_hash")
        .annotate(found=Count("screening__cases", distinct=True), name=Max("listed_name"))
        .filter(found__gte=2)
        .order_by("-found", "list_code", "external_id")
    )
    return [
        RepeatedEntry(Entry(row["list_code"], row["external_id"], row["entry_hash"]), row["name"], row["found"])
        for row in rows[:at_most]
    ]


def cases_about(matches: Iterable[Match]) -> Counter[Entry]:
    """How many open cases are about the entry of each of the matches, as it stands there."""
    ids = {match.external_id for match in matches}
    rows = _asked().filter(external_id__in=ids).values_list("list_code", "external_id", "entry_hash")
    counted = rows.annotate(found=Count("screening__cases", distinct=True)) if ids else ()
    return Counter({Entry(code, external_id, entry_hash): found for code, external_id, entry_hash, found in counted})


def entry_of(match: Match) -> Entry:
    """The entry that was matched."""
    return Entry(match.list_code, match.external_id, match.entry_hash)


def live_batches_of(case_id: UUID) -> QuerySet[CaseBatch]:
    """The batches that are not at their end and hold the case."""
    over = (CaseBatch.State.SEALED, CaseBatch.State.UNDONE)
    held = (CaseBatchItem.Outcome.WAITING, CaseBatchItem.Outcome.PROPOSED)
    return CaseBatch.objects.filter(items__case=case_id, items__outcome__in=held).exclude(state__in=over)


def preview(entry: Entry) -> Preview:
    """The cases about the entry as it stands there, at most 500. Raises NotFound when no open case is about it."""
    matches = _asked().filter(list_code=entry.list_code, external_id=entry.external_id, entry_hash=entry.entry_hash)
    views = views_of(Match.objects.filter(pk__in=matches.values("pk")))
    by_screening = {view.match.screening_id: view for view in views}
    rows = (
        Case.objects.filter(kind=Case.Kind.SCREENING_HIT, screening__in=by_screening)
        .exclude(state=Case.State.CLOSED)
        .select_related("party", "screening")
        .order_by("number")[:MOST]
    )
    cases = list(rows)
    if not cases:
        raise NotFound("No open case is about this entry as it stood. It may have changed; look at the queue.")
    others = _open_matches_per_screening(cases)
    return Preview(entry, tuple(_candidate(case, by_screening[_screening(case)], others) for case in cases))


def _open_matches_per_screening(cases: Iterable[Case]) -> Counter[UUID]:
    rows = Match.objects.filter(screening__in={case.screening_id for case in cases}, state=Match.State.OPEN)
    return Counter(rows.values_list("screening_id", flat=True))


def _screening(case: Case) -> UUID:
    assert case.screening_id is not None, "the cases were found by their screening"
    return case.screening_id


def _candidate(case: Case, view: MatchView, others: Counter[UUID]) -> Candidate:
    agrees = tuple(row.label for row in view.comparisons if row.agrees and row.label not in ("Name", "Kind"))
    return Candidate(case, view, agrees, _why_not(case, agrees, others[_screening(case)]))


def _why_not(case: Case, agrees: tuple[str, ...], open_matches: int) -> str:
    """Why the case wants a look of its own; empty where nothing speaks against a batch."""
    if case.state == Case.State.AWAITING_APPROVAL:
        return "A disposition is proposed already."
    if case.state == Case.State.AWAITING_PARTY:
        return "It waits for the party's answer."
    if case.party and case.screening and case.party.subject_hash != case.screening.subject_hash:
        return "The party changed since it was compared."
    if open_matches > 1:
        return "The party resembles another entry too."
    if decisive := _DECISIVE & set(agrees):
        return f"{', '.join(sorted(decisive))} agrees."
    return ""


def batches() -> QuerySet[CaseBatch]:
    """Every batch, newest first, with how many cases it holds."""
    return CaseBatch.objects.select_related("listed_party").annotate(size=Count("items")).order_by("-number")


def batch_named(batch_id: UUID) -> CaseBatch:
    """The batch. Raises NotFound."""
    found = CaseBatch.objects.select_related("listed_party__version__watchlist").filter(pk=batch_id).first()
    if found is None:
        raise NotFound
    return found


def progress_of(batch: CaseBatch) -> Counter[str]:
    """How many cases of the batch have each outcome."""
    counted = batch.items.values("outcome").annotate(found=Count("id")).values_list("outcome", "found")
    return Counter(dict(counted))


def items_of(batch: CaseBatch) -> QuerySet[CaseBatchItem]:
    """The batch's cases with their parties, in the order of their numbers."""
    return batch.items.select_related("case__party").order_by("case__number")
