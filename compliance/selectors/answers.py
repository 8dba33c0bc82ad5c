"""What officers have answered about a party before, and whether each answer still holds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from compliance.base import clock
from compliance.models import Case, Finding, ListedParty, Match, Party, WatchlistVersion

PARTY_CHANGED, ENTRY_CHANGED, LAPSED = "The party changed", "The entry changed or went", "It lapsed"
STATE_CHANGED = "What it rested on changed"


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """Two officers' answer: that an entry is another party, or to one reason of the gate.

    `ended_by` is empty while it holds. An answer about an entry lasts until party or entry changes, one to a reason at
    most until `expires_at`; whether the reason still rests on the same state, the gate's own facts tell
    (`past_answers`), which look `finding_id` up.
    """

    about: str
    entry: str
    case_id: UUID
    case_number: int | None
    at: datetime
    expires_at: datetime | None
    ended_by: str
    finding_id: UUID | None = None


def answers_about(party: Party) -> list[PastAnswer]:
    """The answers about the party, newest first; in four queries, however many they are."""
    return sorted([*_findings(party), *_other_parties(party)], key=lambda each: each.at, reverse=True)


def _findings(party: Party) -> list[PastAnswer]:
    now = clock.now()
    rows = Finding.objects.filter(party=party).select_related("case").order_by("-created_at")[:100]
    return [
        PastAnswer(
            about=row.reason_code,
            entry="",
            case_id=row.case_id,
            case_number=row.case.number,
            at=row.created_at,
            expires_at=row.expires_at,
            ended_by=PARTY_CHANGED
            if row.subject_hash != party.subject_hash
            else LAPSED
            if row.expires_at <= now
            else "",
            finding_id=row.pk,
        )
        for row in rows
    ]


def _other_parties(party: Party) -> list[PastAnswer]:
    """Each entry that was found to be another party, once for each wording of the entry and each form of the party."""
    rows = (
        Match.objects.filter(party=party, state=Match.State.FALSE_POSITIVE, screening__cases__state=Case.State.CLOSED)
        .select_related("screening")
        .order_by("-state_changed_at")[:200]
    )
    first = {(row.list_code, row.external_id, row.entry_hash, row.screening.subject_hash): row for row in rows}
    found = {row.screening_id: row for row in first.values()}
    cases = Case.objects.filter(screening__in=found, state=Case.State.CLOSED).order_by("number")
    by_screening = {case.screening_id: case for case in cases}
    present = set(
        ListedParty.objects.filter(
            version__state=WatchlistVersion.State.CURRENT, external_id__in={row.external_id for row in rows}
        ).values_list("version__watchlist_id", "external_id", "entry_hash")
    )
    return [
        PastAnswer(
            about=row.listed_name,
            entry=f"{row.list_code} {row.external_id}",
            case_id=by_screening[row.screening_id].pk,
            case_number=by_screening[row.screening_id].number,
            at=row.state_changed_at,
            expires_at=None,
            ended_by=PARTY_CHANGED
            if row.screening.subject_hash != party.subject_hash
            else ENTRY_CHANGED
            if (row.list_code, row.external_id, row.entry_hash) not in present
            else "",
        )
        for row in first.values()
    ]
