"""When an entry of a list changes or goes, what rested on it is looked at again; nothing is lifted without four eyes.

Open matches with the entry are OUTDATED. Their open case goes on with the comparison as it stands now, or says that
the entry is gone, so that officers can release at once. Where officers had confirmed the match and closed the case, a
new case asks whether the freeze shall end.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.sealing import SubjectErased
from compliance.base.transition import transition
from compliance.models import Case, CaseNote, ListedParty, Match, Restriction, Screening
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.decisions import opened
from compliance.selectors.hits import hits_told
from compliance.selectors.list_changes import Unscreened
from compliance.services import cases, gate_cases
from compliance.services.case_notes import keep_note
from compliance.services.list_hits import REASON, pending_matches

_State = Match.State


def outdated_matches(changes: Iterable[Unscreened]) -> dict[UUID, list[Match]]:
    """By party, the matches (open or confirmed) with entries that no current list has any more as they were."""
    found: dict[UUID, list[Match]] = {}
    for change in changes:
        if not change.gone:
            continue
        code = change.version.watchlist_id
        present = set(
            ListedParty.objects.filter(version=change.version, external_id__in=change.gone).values_list(
                "external_id", "entry_hash"
            )
        )
        rows = Match.objects.filter(
            list_code=code, external_id__in=change.gone, state__in=(_State.OPEN, _State.CONFIRMED)
        ).select_related("listed_party")
        for row in rows.order_by("created_at", "id"):
            if (row.external_id, row.entry_hash) not in present:
                found.setdefault(row.party_id, []).append(row)
    return found


def look_again(row: Screening, outdated: list[Match], *, actor: Actor) -> int:
    """What rested on the party's outdated matches stands as its newest screening has it. Returns the cases touched.

    Run again, it finds nothing left to do.
    """
    screenings = {match.screening_id for match in outdated}
    with transaction.atomic():
        open_cases = list(
            Case.objects.select_for_update()
            .filter(screening__in=screenings)
            .exclude(state=Case.State.CLOSED)
            .order_by("number")
        )
        still = pending_matches(row)
        for number, case in enumerate(open_cases):
            mine = [match for match in outdated if match.screening_id == case.screening_id]
            _go_on(case, mine, still if number == 0 else [], row, actor)
        for match in outdated:
            if match.state == _State.OPEN:
                data = {"entry": f"{match.list_code}:{match.external_id}"}
                transition(match, _State.OUTDATED, actor=actor, event="match.outdated", data=data)
        asked = _ask_about_freezes(row, outdated, actor)
    return len(open_cases) + asked


def note_in_cases_about_wallets_and_owners(changes: Mapping[str, Unscreened], *, actor: Actor) -> int:
    """Open cases whose decision rested on an entry that changed or went say so. Returns how many.

    These have no matches of their own: a listed wallet, or an owner, led to the answer of the gate.
    """
    gone = {code: change.gone for code, change in changes.items() if change.gone}
    if not gone:
        return 0
    kinds = (Case.Kind.SCREENING_HIT, Case.Kind.GATE_REVIEW)
    rows = Case.objects.filter(kind__in=kinds, screening=None).exclude(decision=None).exclude(state=Case.State.CLOSED)
    count = 0
    found = [(case, case.decision) for case in rows.select_related("decision").order_by("number") if case.decision]
    opened(decision for _, decision in found)
    for case, decision in found:
        entries = {(hit["list_code"], hit["external_id"]) for hit in hits_told(decision.facts)}
        for code, external_id in sorted(each for each in entries if each[1] in gone.get(each[0], ())):
            told = f"{code} {external_id}, on which the answer of the gate rested, changed or left its list."
            count += _say(case, f"{told} Ask the gate again before you decide.", changes[code], actor)
    return count


def _go_on(case: Case, outdated: list[Match], still: list[Match], row: Screening, actor: Actor) -> None:
    """The case is about the newest screening if there is something open in it; else it says that the entry is gone."""
    if case.state == Case.State.AWAITING_APPROVAL:
        cases.withdraw_proposal(case, actor=actor)
    names = ", ".join(
        dict.fromkeys(f"{match.listed_name} ({match.list_code} {match.external_id})" for match in outdated)
    )
    key = cases.scope_key(case.kind, case.party, case.reason_codes, gate_cases.matches_scope(still))
    # The gate may have been asked since the list changed, and have opened the case that asks the same already.
    elsewhere = Case.objects.filter(scope_key=key).exclude(pk=case.pk).exclude(state=Case.State.CLOSED).first()
    if still and elsewhere is None:
        case.screening, case.scope_key = row, key
        told = f"{names} changed on its list. What is compared here is the entry as it stands now."
    elif still and elsewhere is not None:
        case.summary = f"Changed on {_lists(outdated)}. See case {elsewhere.number}."
        told = f"{names} changed on its list; case {elsewhere.number} is about the entry as it stands now."
    else:
        case.summary = f"No longer on {_lists(outdated)}: the entry changed or left its list."
        told = (
            f"{names} left its list, or no longer resembles the party, and nothing else is matched. What was frozen "
            "stays frozen until two officers release this case (listing_removed)."
        )
    case.save(update_fields=["screening", "scope_key", "summary"])
    if _note(case, told, actor):
        data = {"before": str(outdated[0].screening_id), "after": str(row.pk), "gone": not still}
        audit.record("case.entry_changed", actor=actor, subject=case, data=data)


def _ask_about_freezes(row: Screening, outdated: list[Match], actor: Actor) -> int:
    """A case for each closed one that confirmed a match which is gone and whose freeze stands."""
    confirmed = {match.screening_id: match for match in outdated if match.state == _State.CONFIRMED}
    stands = (_State.OPEN, _State.CONFIRMED)
    if not confirmed or Match.objects.filter(screening=row, state__in=stands).exists():
        return 0
    frozen = Restriction.objects.filter(lifted_at=None, reason_code=REASON, case__screening__in=confirmed)
    asked = 0
    for case in Case.objects.filter(pk__in=frozen.values("case"), state=Case.State.CLOSED).order_by("number"):
        match = confirmed[case.screening_id]  # type: ignore[index] # the filter above names its screening
        cases.open_case(
            kind=Case.Kind.DELISTING,
            priority=Case.Priority.HIGH,
            summary=f"An entry of {match.list_code} changed or left; case {case.number} froze the party for it.",
            reason_codes=["LISTING_REMOVED"],
            party=case.party,
            screening=row,
            subject_id=case.pk,
            scope=f"{case.number}:{match.scope}",
            actor=actor,
        )
        asked += 1
    return asked


def _lists(matches: list[Match]) -> str:
    """The lists without the entries, which would tell who the party is: summaries are not sealed."""
    return ", ".join(sorted({match.list_code for match in matches}))


def _say(case: Case, words: str, change: Unscreened, actor: Actor) -> int:
    """The note stands in the case once for each version of the list."""
    with transaction.atomic():
        return _note(case, f"{words} (Version of {change.version.fetched_at:%Y-%m-%d %H:%M} UTC.)", actor)


def _note(case: Case, words: str, actor: Actor) -> int:
    """The words stand in the case, once; says whether that is new.

    Nothing is written any more of a party whose data was erased.
    """
    if any(note.body == words for note in opened_notes(case.notes.all())):
        return 0
    made = CaseNote(case=case, kind=CaseNote.Kind.NOTE, author=actor.ref, author_label="Gridclear", body=words)
    try:
        note = keep_note(made)
    except SubjectErased:
        return 0
    audit.record("case.note_added", actor=actor, subject=case, data={"note": str(note.pk), "kind": "note"})
    return 1
