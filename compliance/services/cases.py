"""Cases: a question for officers, from its opening to an end that two of them agree on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.canonical import digest
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.models import Case, CaseNote, Decision, Document, Match, Party, Screening
from compliance.services import blocking, findings
from compliance.services.case_notes import keep_note
from compliance.services.findings import Question
from compliance.services.notices import send_on_commit
from compliance.services.officers import require_officer, require_second
from compliance.services.tipping_off import refuse_tipping_off
from compliance.signals import case_closed

_NUMBER_LOCK = 0x6772_6964_6361_7365  # "gridcase"
ANSWER_WITHIN = timedelta(days=14)
APPROVE_WITHIN = timedelta(hours=24)
_WITHIN = {
    Case.Priority.LOW: timedelta(days=14),
    Case.Priority.NORMAL: timedelta(days=3),
    Case.Priority.HIGH: timedelta(hours=24),
    Case.Priority.URGENT: timedelta(hours=4),
}
_State = Case.State


class ReleaseReason(StrEnum):
    """Why a case is released."""

    DIFFERENT_PARTY = "different_party"
    END_USER_KNOWN = "end_user_known"
    OWNERSHIP_EXPLAINED = "ownership_explained"
    DOCUMENTS_VERIFIED = "documents_verified"
    LICENCE_HELD = "licence_held"
    LISTING_REMOVED = "listing_removed"
    LIST_IS_SOUND = "list_is_sound"
    DIFFERENCE_EXPLAINED = "difference_explained"
    LAW_IS_SUSPENDED = "law_is_suspended"


class ConfirmReason(StrEnum):
    """Why a case is confirmed."""

    SAME_PARTY = "same_party"
    NO_ANSWER = "no_answer"
    NOT_PLAUSIBLE = "not_plausible"
    NOT_ALLOWED = "not_allowed"
    LAW_IS_IN_FORCE = "law_is_in_force"
    LIST_IS_BROKEN = "list_is_broken"
    MONEY_IS_MISSING = "money_is_missing"


class PartyChanged(Conflict):
    """The party is no longer as it was when the disposition was proposed."""

    code = "party_changed"
    default_message = (
        "The party's details changed after this was proposed. Nothing was changed; return the case and look again."
    )


def open_case(
    *,
    kind: str,
    summary: str,
    reason_codes: Sequence[str],
    actor: Actor,
    priority: int = Case.Priority.NORMAL.value,
    party: Party | None = None,
    decision: Decision | None = None,
    screening: Screening | None = None,
    subject_id: UUID | None = None,
    scope: str = "",
    questions: Sequence[Question] = (),
) -> Case:
    """An open case asks this; when one already does (kind, party, reasons, scope), it is that one.

    `questions` are what a release will answer.
    """
    reasons = sorted(set(reason_codes))
    key = scope_key(kind, party, reasons, scope)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Numbers without gaps, and one open case per question: openers wait for each other.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBER_LOCK])
        present = Case.objects.filter(scope_key=key).exclude(state=_State.CLOSED).first()
        if present is not None:
            return present
        now = clock.now()
        case = Case.objects.create(
            state=_State.OPEN,
            state_changed_at=now,
            state_deadline_at=now + _WITHIN[Case.Priority(priority)],
            number=(Case.objects.aggregate(top=Max("number"))["top"] or 0) + 1,
            kind=kind,
            priority=priority,
            party=party,
            decision=decision,
            screening=screening,
            subject_id=subject_id,
            reason_codes=reasons,
            findings_wanted=[question.as_json() for question in questions],
            scope_key=key,
            summary=summary[:400],
        )
        audit.record("case.opened", actor=actor, subject=case, data={"kind": kind, "reasons": reasons})
    return case


def scope_key(kind: str, party: Party | None, reason_codes: Sequence[str], scope: str) -> str:
    """What makes two cases one question: the kind, the party, the reasons and what they are narrowed to."""
    return digest([kind, party and str(party.pk), sorted(set(reason_codes)), scope])


def assign_case(case_id: UUID, *, actor: Actor, to: Actor | None = None) -> Case:
    """The case is the officer's, or that of the officer to whom the actor gives it.

    Raises Forbidden when either is no officer, NotFound, Conflict when it is closed.
    """
    require_officer(actor)
    officer = to or actor
    require_officer(officer)
    with transaction.atomic():
        case = _locked(case_id)
        _have(case, officer.ref)
        audit.record("case.assigned", actor=actor, subject=case, data={"to": officer.ref})
    return case


def give_back_case(case_id: UUID, *, actor: Actor) -> Case:
    """The case is nobody's. Raises Forbidden, NotFound, Conflict when it is closed."""
    require_officer(actor)
    with transaction.atomic():
        case = _locked(case_id)
        _have(case, "")
        audit.record("case.given_back", actor=actor, subject=case)
    return case


def _have(case: Case, assignee: str) -> None:
    case.assignee = assignee
    case.save(update_fields=["assignee"])


def add_note(case_id: UUID, body: str, *, actor: Actor) -> CaseNote:
    """An internal note stands in the case; the party never sees it. Raises Forbidden, NotFound, InvalidInput."""
    require_officer(actor)
    with transaction.atomic():
        return _note(_locked(case_id), CaseNote.Kind.NOTE, body, actor)


def request_information(case_id: UUID, question: str, *, actor: Actor) -> CaseNote:
    """The party is asked, and the case waits fourteen days for its answer.

    Raises Forbidden, NotFound, InvalidInput, TippingOff, IllegalTransition.
    """
    require_officer(actor)
    with transaction.atomic():
        case = _locked(case_id)
        refuse_tipping_off(case, question)
        note = _note(case, CaseNote.Kind.REQUEST, question, actor)
        transition(
            case,
            _State.AWAITING_PARTY,
            actor=actor,
            event="case.information_requested",
            deadline_at=clock.now() + ANSWER_WITHIN,
        )
    return note


def answer_request(case_id: UUID, answer: str, *, actor: Actor, documents: Sequence[Document] = ()) -> CaseNote:
    """The party's answer stands in the case, which is open again. The caller has checked who answers for the party.

    `documents` lie in the case already. Raises NotFound when nothing was asked, InvalidInput.
    """
    with transaction.atomic():
        case = _locked(case_id)
        if case.state != _State.AWAITING_PARTY:
            raise NotFound("There is no open question to answer. Nothing was changed.")
        note = _note(case, CaseNote.Kind.ANSWER, answer, actor)
        Document.objects.filter(pk__in=[row.pk for row in documents], case=case).update(note=note)
        transition(case, _State.OPEN, actor=actor, event="case.answered", deadline_at=_deadline(case))
    return note


def propose_disposition(case_id: UUID, disposition: str, reason_code: str, body: str, *, actor: Actor) -> Case:
    """The case awaits a second officer. `reason_code` is one of ReleaseReason or ConfirmReason.

    Raises Forbidden, NotFound, InvalidInput, IllegalTransition; Conflict for an identity review, which is decided by
    `identity.approve_verification` or `reject_verification`.
    """
    require_officer(actor)
    if disposition not in Case.Disposition.values:
        raise InvalidInput("A disposition is release or confirm. Nothing was changed.")
    allowed = ReleaseReason if disposition == Case.Disposition.RELEASE else ConfirmReason
    if reason_code not in set(allowed):
        raise InvalidInput(f"The reason is one of: {', '.join(allowed)}. Nothing was changed.")
    with transaction.atomic():
        case = _locked(case_id)
        if case.kind == Case.Kind.IDENTITY_REVIEW:
            raise Conflict("An identity review ends by approving or rejecting the verification. Nothing was changed.")
        _refuse_other_release_of_match(case, reason_code)
        _note(case, CaseNote.Kind.PROPOSAL, body, actor)
        transition(
            case,
            _State.AWAITING_APPROVAL,
            actor=actor,
            event="case.disposition_proposed",
            data={"disposition": disposition, "reason": reason_code},
            deadline_at=clock.now() + APPROVE_WITHIN,
            proposed_disposition=disposition,
            proposed_by=actor.ref,
            proposal_reason=reason_code,
            findings_wanted=findings.bound_now([Question.from_json(value) for value in case.findings_wanted]),
        )
    return case


def propose_alarm_release(case_id: UUID, body: str, *, actor: Actor) -> Case:
    """The case about a difference of money awaits a second officer, as explained.

    Raises as `propose_disposition`, and Conflict for a case about anything else.
    """
    with transaction.atomic():
        if _locked(case_id).kind != Case.Kind.MONEY_ALARM:
            raise Conflict("This case is about no difference of money. Nothing was changed.")
        reason = ReleaseReason.DIFFERENCE_EXPLAINED
        return propose_disposition(case_id, Case.Disposition.RELEASE, reason, body, actor=actor)


def return_case(case_id: UUID, body: str, *, actor: Actor) -> Case:
    """The proposal is withdrawn and the case is open again. Any officer may. Raises Forbidden, NotFound."""
    require_officer(actor)
    with transaction.atomic():
        case = _locked(case_id)
        _note(case, CaseNote.Kind.APPROVAL, body, actor)
        withdraw_proposal(case, actor=actor)
    return case


def withdraw_proposal(case: Case, *, actor: Actor, event: str = "case.returned") -> None:
    """The case, which the caller holds locked, is open again: what was proposed rested on something else."""
    transition(
        case,
        _State.OPEN,
        actor=actor,
        event=event,
        deadline_at=_deadline(case),
        proposed_disposition="",
        proposed_by="",
        proposal_reason="",
    )


def approve_disposition(case_id: UUID, body: str, *, actor: Actor) -> Case:
    """The case is closed as proposed, by four eyes.

    A release writes findings, lifts the case's restrictions and marks its matches as another party; a confirmation
    marks them as the same party and leaves the restrictions. `case_closed` goes out on commit.
    Raises Forbidden, FourEyesRequired, NotFound, PartyChanged, IllegalTransition.
    """
    require_officer(actor)
    with transaction.atomic():
        case = _locked(case_id)
        if case.state == _State.AWAITING_APPROVAL:
            require_second(case.proposed_by, actor)
        if findings.bound_now([Question.from_json(value) for value in case.findings_wanted]) != case.findings_wanted:
            raise PartyChanged
        _note(case, CaseNote.Kind.APPROVAL, body, actor)
        _close(case, case.proposed_disposition, actor=actor, event="case.closed", approved_by=actor.ref)
        _take_effect(case, actor)
    return case


def close_identity_case(verification_id: UUID, disposition: str, *, actor: Actor) -> None:
    """The open case of the verification, if any, is closed. Called by services/identity.py alone."""
    case = Case.objects.filter(kind=Case.Kind.IDENTITY_REVIEW, subject_id=verification_id).exclude(state=_State.CLOSED)
    for row in case:
        _close(row, disposition, actor=actor, event="case.closed", approved_by=actor.ref if disposition else "")


def close_alarm(kind: Case.Kind, subject_id: UUID, *, actor: Actor) -> None:
    """The case that said that something of the subject is due, if any, is closed. By the service that did it alone."""
    for row in Case.objects.filter(kind=kind, subject_id=subject_id).exclude(state=_State.CLOSED):
        _close(row, "", actor=actor, event="case.closed", approved_by="")


def make_urgent(case: Case, *, actor: Actor) -> None:
    """The case is urgent, and officers have no longer than that to act where they are the ones awaited. On record."""
    with transaction.atomic():
        row = Case.objects.select_for_update().get(pk=case.pk)
        if row.is_terminal or row.priority >= Case.Priority.URGENT:
            return
        row.priority = Case.Priority.URGENT
        if row.state == _State.OPEN and row.state_deadline_at is not None:
            row.state_deadline_at = min(row.state_deadline_at, _deadline(row))
        row.save(update_fields=["priority", "state_deadline_at"])
        audit.record("case.made_urgent", actor=actor, subject=row)


def escalate_overdue(*, actor: Actor) -> int:
    """Every case past its deadline is urgent with a new deadline; an answer that never came reopens it. How many."""
    overdue = Case.objects.exclude(state=_State.CLOSED).filter(state_deadline_at__lte=clock.now())
    count = 0
    for case_id in overdue.values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            case = Case.objects.select_for_update(skip_locked=True).filter(pk=case_id).first()
            if case is None or case.is_terminal or (case.state_deadline_at or clock.now()) > clock.now():
                continue
            if case.state == _State.AWAITING_PARTY:
                transition(case, _State.OPEN, actor=actor, event="case.answer_overdue")
            case.priority = Case.Priority.URGENT
            case.escalated_at = clock.now()
            case.state_deadline_at = _deadline(case)
            case.save(update_fields=["priority", "escalated_at", "state_deadline_at"])
            audit.record("case.escalated", actor=actor, subject=case)
            count += 1
    return count


def _take_effect(case: Case, actor: Actor) -> None:
    released = case.disposition == Case.Disposition.RELEASE
    if released:
        findings.write_findings(case, approved_by=actor)
        # What an entry that is gone had frozen was frozen by the case that once confirmed it.
        blocking.after_release(_confirmed_before(case) or case, proposed_by=case.proposed_by, actor=actor)
    to = Match.State.FALSE_POSITIVE if released else Match.State.CONFIRMED
    if case.screening_id is not None:
        for match in Match.objects.filter(screening_id=case.screening_id, state=Match.State.OPEN):
            transition(match, to, actor=actor, event=f"match.{to}", data={"case": str(case.pk)})
    if not released:
        blocking.after_confirmation(case, actor=actor)


def _confirmed_before(case: Case) -> Case | None:
    delisting = case.kind == Case.Kind.DELISTING and case.subject_id is not None
    return Case.objects.filter(pk=case.subject_id).first() if delisting and case.subject_id else None


def _close(case: Case, disposition: str, *, actor: Actor, event: str, approved_by: str) -> None:
    transition(
        case,
        _State.CLOSED,
        actor=actor,
        event=event,
        data={"disposition": disposition},
        disposition=disposition,
        approved_by=approved_by,
    )
    send_on_commit(case_closed, case_id=case.pk, subject_id=case.subject_id, disposition=disposition)


def _refuse_other_release_of_match(case: Case, reason_code: str) -> None:
    """A release clears the case's matches, so with any open its one reason is that the listed party is another."""
    is_release = reason_code in set(ReleaseReason)
    if not is_release or reason_code == ReleaseReason.DIFFERENT_PARTY or case.screening_id is None:
        return
    if Match.objects.filter(screening_id=case.screening_id, state=Match.State.OPEN).exists():
        raise InvalidInput(
            "This case has an open match: it can be released only because the listed party is another "
            f"({ReleaseReason.DIFFERENT_PARTY}). Nothing was changed."
        )


def _note(case: Case, kind: CaseNote.Kind, body: str, actor: Actor) -> CaseNote:
    text = body.strip()
    if not text or len(text) > 10_000:
        raise InvalidInput("A text of 1 to 10,000 characters is needed. Nothing was changed.")
    note = keep_note(CaseNote(case=case, kind=kind, author=actor.ref, author_label=actor.label[:200], body=text))
    audit.record("case.note_added", actor=actor, subject=case, data={"note": str(note.pk), "kind": kind.value})
    return note


def _deadline(case: Case) -> datetime:
    return clock.now() + _WITHIN[Case.Priority(case.priority)]


def _locked(case_id: UUID) -> Case:
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise NotFound("There is no such case. Nothing was changed.")
    if case.state == _State.CLOSED:
        raise Conflict("The case is closed. Nothing was changed; a new question opens a new case.")
    return case
