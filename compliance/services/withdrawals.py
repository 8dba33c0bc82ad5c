"""An answer that two officers gave is taken back by one: what it let through is asked anew, at once."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.models import Case, CaseNote, Finding, Match
from compliance.services import list_hits, screening
from compliance.services.case_notes import keep_note
from compliance.services.notices import send_on_commit
from compliance.services.officers import require_officer
from compliance.signals import facts_moved


def withdraw_answers(case_id: UUID, reason: str, *, actor: Actor) -> int:
    """No answer of the case's release holds any more, and whom it was about is screened again. How many were withdrawn.

    It takes one officer: asking again harms nobody who is in order. A strong match freezes at once, with a case of its
    own; leases that rest on the answer are put to the gate. Call outside any transaction. Raises Forbidden, NotFound,
    InvalidInput, Conflict when nothing holds.
    """
    require_officer(actor)
    if not reason.strip() or len(reason) > 4_000:
        raise InvalidInput("Say in at most 4,000 characters why it is withdrawn. Nothing was changed.")
    with transaction.atomic():
        case = Case.objects.select_for_update().filter(pk=case_id, state=Case.State.CLOSED).first()
        if case is None or case.disposition != Case.Disposition.RELEASE:
            raise NotFound("Only a case that ended in a release has answers to withdraw. Nothing was changed.")
        findings, matches = _still_good(case), _other_parties(case)
        if not findings and not matches:
            raise Conflict("No answer of this case holds any more. Nothing was changed.")
        _end(findings, matches, actor)
        keep_note(
            CaseNote(
                case=case,
                kind=CaseNote.Kind.NOTE,
                author=actor.ref,
                author_label=actor.label[:200],
                body=f"The answers of this case are withdrawn: {reason.strip()}",
            )
        )
        parties = {row.party_id for row in findings} | {row.party_id for row in matches}
        audit.record("case.answers_withdrawn", actor=actor, subject=case, data={"parties": sorted(map(str, parties))})
        send_on_commit(facts_moved, party_ids=sorted(parties), what="answer")
    _ask_again(sorted(parties), actor)
    return len(findings) + len(matches)


def _still_good(case: Case) -> list[Finding]:
    return list(Finding.objects.select_for_update().filter(case=case, expires_at__gt=clock.now()).order_by("pk"))


def _other_parties(case: Case) -> list[Match]:
    """Every match that this case said to be another party, in later screenings too: they carry its answer on."""
    if case.screening_id is None:
        return []
    said = Match.objects.filter(screening_id=case.screening_id, state=Match.State.FALSE_POSITIVE)
    entries = set(said.values_list("party_id", "list_code", "external_id", "entry_hash"))
    rows = Match.objects.select_for_update().filter(
        party_id__in={each[0] for each in entries}, state=Match.State.FALSE_POSITIVE
    )
    found = rows.order_by("pk")
    return [row for row in found if (row.party_id, row.list_code, row.external_id, row.entry_hash) in entries]


def _end(findings: Iterable[Finding], matches: Iterable[Match], actor: Actor) -> None:
    for finding in findings:
        finding.expires_at = clock.now()
        finding.save(update_fields=["expires_at"])
        data = {"party": str(finding.party_id), "reason": finding.reason_code}
        audit.record("finding.withdrawn", actor=actor, subject=finding, data=data)
    for match in matches:
        transition(match, Match.State.OPEN, actor=actor, event="match.reopened")


def _ask_again(party_ids: Iterable[UUID], actor: Actor) -> None:
    """A worker that dies here leaves open matches, on which the gate gives no clearance, and finds them again."""
    for party_id in party_ids:
        list_hits.handle_screening(screening.screen_party(party_id, trigger="withdrawn"), actor=actor)
