"""Batches: the same false positive in many cases, proposed once, approved once, undone whole until it is sealed.

Each case is still proposed and approved by itself, with its own notes, findings and audit events: a batch saves the
officers' typing and none of the rules. The work is done case by case, each in a transaction of its own, by a task that
may run twice or die half-way.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from compliance.base import audit, clock
from compliance.base.actor import Actor, Role
from compliance.base.enqueue import enqueue
from compliance.base.errors import InvalidInput, NotFound, Refusal
from compliance.base.transition import transition
from compliance.models import Case, CaseBatch, CaseBatchItem, Match
from compliance.selectors.case_batches import MOST, Candidate, Entry, preview
from compliance.services import cases
from compliance.services.cases import APPROVE_WITHIN, ReleaseReason
from compliance.services.officers import require_officer, require_second

SEAL_AFTER = timedelta(minutes=15)
WORK_WITHIN = timedelta(minutes=10)
_NUMBER_LOCK = 0x6772_6964_6261_7463  # "gridbatc"
_State, _Outcome = CaseBatch.State, CaseBatchItem.Outcome


class NotOneFalsePositive(InvalidInput):
    """A chosen case cannot be answered together with the others."""

    code = "not_one_false_positive"


def propose_batch(entry: Entry, case_ids: Sequence[UUID], why: str, *, actor: Actor) -> CaseBatch:
    """The entry is being proposed as another party in all these cases. `why` is about the entry and names no party.

    Raises Forbidden, NotFound, InvalidInput, NotOneFalsePositive; whichever it is, nothing was changed.
    """
    require_officer(actor)
    if not case_ids:
        raise InvalidInput("No case is chosen. Nothing was changed.")
    if len(set(case_ids)) > MOST:
        raise InvalidInput(f"A batch holds at most {MOST} cases. Nothing was changed.")
    with transaction.atomic():
        list(Case.objects.select_for_update().filter(pk__in=case_ids).order_by("pk").values_list("pk"))
        chosen = _fitting(entry, set(case_ids))
        text = _about_the_entry(why, chosen)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBER_LOCK])
        now = clock.now()
        batch = CaseBatch.objects.create(
            state=_State.PREPARING,
            state_changed_at=now,
            state_deadline_at=now + WORK_WITHIN,
            number=(CaseBatch.objects.aggregate(top=Max("number"))["top"] or 0) + 1,
            listed_party=chosen[0].view.match.listed_party,
            list_code=entry.list_code,
            external_id=entry.external_id,
            entry_hash=entry.entry_hash,
            why=text,
            proposed_by=actor.ref,
        )
        CaseBatchItem.objects.bulk_create(CaseBatchItem(batch=batch, case=each.case) for each in chosen)
        data = {"entry": f"{entry.list_code}:{entry.external_id}", "cases": len(chosen)}
        audit.record("case_batch.proposed", actor=actor, subject=batch, data=data)
        enqueue("compliance.work_case_batch", str(batch.pk))
    return batch


def approve_batch(batch_id: UUID, why: str, *, actor: Actor) -> CaseBatch:
    """The batch is sealed in a quarter of an hour, unless an officer undoes it before.

    Raises Forbidden, FourEyesRequired, NotFound, InvalidInput, IllegalTransition.
    """
    require_officer(actor)
    with transaction.atomic():
        batch = _locked(batch_id)
        require_second(batch.proposed_by, actor)
        transition(
            batch,
            _State.APPROVED,
            actor=actor,
            event="case_batch.approved",
            deadline_at=clock.now() + SEAL_AFTER,
            approval=_text(why),
            approved_by=actor.ref,
        )
    return batch


def undo_batch(batch_id: UUID, *, actor: Actor) -> CaseBatch:
    """Every case of the batch is being opened again; nothing was released. Any officer may, until it is being sealed.

    Raises Forbidden, NotFound, IllegalTransition when it is too late.
    """
    require_officer(actor)
    with transaction.atomic():
        batch = _locked(batch_id)
        _move(batch, _State.UNDOING, "case_batch.undone", actor, undone_by=actor.ref)
    return batch


def work_batch(batch_id: UUID, *, actor: Actor) -> None:
    """What the batch's state asks for is done in each of its cases, and the batch stands in the state that follows.

    Does nothing while the batch waits for somebody. Runs at once take turns, case by case.
    """
    state = CaseBatch.objects.filter(pk=batch_id).values_list("state", flat=True).first()
    if state not in _DEEDS:
        return
    wanted, deed = _DEEDS[state]
    todo = CaseBatchItem.objects.filter(batch=batch_id, outcome__in=wanted).order_by("case__number")
    for item_id in todo.values_list("pk", flat=True):
        with transaction.atomic():
            batch = CaseBatch.objects.select_for_update().get(pk=batch_id)
            if batch.state != state:
                return
            item = CaseBatchItem.objects.filter(pk=item_id, outcome__in=wanted).first()
            if item is not None:
                deed(batch, item, _held(item))
                item.save(update_fields=["outcome", "why_skipped", "proposed_at"])
    with transaction.atomic():
        batch = CaseBatch.objects.select_for_update().get(pk=batch_id)
        if batch.state == state and not todo.exists():
            _go_on(batch, actor)


def sweep_batches(*, actor: Actor) -> None:
    """No batch lies about: work that a task left is done, an approved one is sealed, one that nobody approves ends."""
    due = CaseBatch.objects.filter(state_deadline_at__lte=clock.now(), state__in=[_State.APPROVED, _State.PROPOSED])
    for batch_id in due.values_list("pk", flat=True):
        with transaction.atomic():
            batch = due.select_for_update(skip_locked=True).filter(pk=batch_id).first()
            if batch is not None and batch.state == _State.APPROVED:
                _move(batch, _State.SEALING, "case_batch.sealing", actor)
            elif batch is not None:
                _move(batch, _State.UNDOING, "case_batch.lapsed", actor)
    for batch_id in CaseBatch.objects.filter(state__in=_DEEDS).order_by("number").values_list("pk", flat=True):
        work_batch(batch_id, actor=actor)


def _go_on(batch: CaseBatch, actor: Actor) -> None:
    """The batch, whose cases are all done, stands in the state that follows; without a case left it is undone."""
    if batch.state == _State.SEALING:
        transition(batch, _State.SEALED, actor=actor, event="case_batch.sealed")
    elif batch.state == _State.UNDOING:
        transition(batch, _State.UNDONE, actor=actor, event="case_batch.all_returned")
    elif batch.items.filter(outcome=_Outcome.PROPOSED).exists():
        deadline = clock.now() + APPROVE_WITHIN
        transition(batch, _State.PROPOSED, actor=actor, event="case_batch.all_proposed", deadline_at=deadline)
    else:
        _move(batch, _State.UNDOING, "case_batch.nothing_left", actor)


def _move(batch: CaseBatch, to: str, event: str, actor: Actor, **changes: Any) -> None:
    """The batch is being worked on in its new state."""
    transition(batch, to, actor=actor, event=event, deadline_at=clock.now() + WORK_WITHIN, **changes)
    enqueue("compliance.work_case_batch", str(batch.pk))


def _propose(batch: CaseBatch, item: CaseBatchItem, case: Case) -> None:
    if case.state != Case.State.OPEN or not _is_about(batch, case):
        _skip(item, "changed_since")
        return
    try:
        cases.propose_disposition(
            case.pk,
            Case.Disposition.RELEASE,
            ReleaseReason.DIFFERENT_PARTY,
            _signed(batch, batch.why),
            actor=_officer(batch.proposed_by),
        )
    except Refusal as refusal:
        _skip(item, refusal.code)
        return
    item.outcome, item.proposed_at = _Outcome.PROPOSED, _held(item).state_changed_at


def _release(batch: CaseBatch, item: CaseBatchItem, case: Case) -> None:
    """The case is closed as the two officers said, unless it is about something else by now."""
    if not _is_as_proposed(item, case):
        _skip(item, "decided_otherwise")
        return
    approver = _officer(batch.approved_by)
    try:
        if not _is_about(batch, case):
            raise cases.PartyChanged
        cases.approve_disposition(case.pk, _signed(batch, batch.approval), actor=approver)
    except Refusal as refusal:
        cases.withdraw_proposal(case, actor=approver, event="case.batch_left")
        _skip(item, refusal.code)
        return
    item.outcome = _Outcome.RELEASED


def _return(batch: CaseBatch, item: CaseBatchItem, case: Case) -> None:
    if _is_as_proposed(item, case):
        cases.withdraw_proposal(case, actor=_officer(batch.undone_by or batch.proposed_by), event="case.batch_left")
    item.outcome = _Outcome.RETURNED


_Deed = Callable[[CaseBatch, CaseBatchItem, Case], None]
# What each state in which there is work does, to the items of which outcomes.
_DEEDS: dict[str, tuple[tuple[str, ...], _Deed]] = {
    _State.PREPARING: ((_Outcome.WAITING,), _propose),
    _State.SEALING: ((_Outcome.PROPOSED,), _release),
    _State.UNDOING: ((_Outcome.WAITING, _Outcome.PROPOSED), _return),
}


def _held(item: CaseBatchItem) -> Case:
    """The item's case, locked and as it stands."""
    rows = Case.objects.select_for_update(of=("self",)).select_related("party", "screening")
    return rows.get(pk=item.case_id)


def _is_about(batch: CaseBatch, case: Case) -> bool:
    """Whether the case asks of its party, as compared, about this entry as it stood, and about nothing else."""
    if case.party is None or case.screening is None or case.party.subject_hash != case.screening.subject_hash:
        return False
    rows = Match.objects.filter(screening=case.screening, state=Match.State.OPEN)
    found = set(rows.values_list("list_code", "external_id", "entry_hash"))
    return found == {(batch.list_code, batch.external_id, batch.entry_hash)}


def _is_as_proposed(item: CaseBatchItem, case: Case) -> bool:
    """Whether the case still waits with what this batch proposed, and not with what somebody proposed since."""
    proposed = (case.state, case.proposed_disposition, case.proposal_reason, case.state_changed_at)
    ours = (Case.State.AWAITING_APPROVAL, Case.Disposition.RELEASE, ReleaseReason.DIFFERENT_PARTY, item.proposed_at)
    return proposed == ours


def _skip(item: CaseBatchItem, why: str) -> None:
    item.outcome, item.why_skipped = _Outcome.SKIPPED, why


def _fitting(entry: Entry, case_ids: set[UUID]) -> list[Candidate]:
    """The chosen cases, each of which fits. Raises NotOneFalsePositive."""
    chosen = [each for each in preview(entry).candidates if each.case.pk in case_ids]
    if len(chosen) < len(case_ids):
        raise NotOneFalsePositive("A chosen case is not about this entry any more. Nothing was changed; look again.")
    for each in chosen:
        if each.why_not:
            raise NotOneFalsePositive(
                f"Case {each.case.number} wants a look of its own: {each.why_not} Nothing was changed."
            )
    return chosen


def _about_the_entry(why: str, chosen: Sequence[Candidate]) -> str:
    """The text, which will stand in every case. Raises InvalidInput when it names one of the parties."""
    text = _text(why)
    said = text.casefold()
    if any(each.case.party and each.case.party.name.casefold() in said for each in chosen):
        raise InvalidInput(
            "The text names one of the parties, and it will stand in every case. Nothing was changed; write about the "
            "listed party alone."
        )
    return text


def _text(words: str) -> str:
    text = words.strip()
    if not text or len(text) > 2_000:
        raise InvalidInput("A text of 1 to 2,000 characters is needed. Nothing was changed.")
    return text


def _signed(batch: CaseBatch, words: str) -> str:
    return f"{words}\n\n(Batch {batch.number})"


def _officer(ref: str) -> Actor:
    """The officer whose word is on record in the batch: the role was asked for when it was given."""
    kind, _, key = ref.partition(":")
    return Actor(kind, key, roles=frozenset({Role.OFFICER}))


def _locked(batch_id: UUID) -> CaseBatch:
    batch = CaseBatch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("There is no such batch. Nothing was changed.")
    return batch
