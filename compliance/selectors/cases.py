"""The officers' queue, one case in full, and what a party may see of its own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from compliance.base import clock
from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.models import (
    Case,
    CaseNote,
    Decision,
    Document,
    IdentityCheck,
    IdentityVerification,
    Match,
    Party,
    PartyWallet,
    PaymentSign,
    Restriction,
)
from compliance.selectors.answers import PastAnswer, answers_about
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.decisions import opened
from compliance.selectors.documents import documents_for_case
from compliance.selectors.identity_checks import checks_of
from compliance.selectors.identity_needs import NeedState, level_of, need_states
from compliance.selectors.matches import MatchView, match_views
from compliance.selectors.paging import Page, page_of
from compliance.selectors.parties import OwnershipGraph, ownership_graph
from compliance.selectors.payment_signs import newest_payment_signs

KINDS: tuple[tuple[str, str], ...] = tuple(Case.Kind.choices)


@dataclass(frozen=True, slots=True)
class CaseFilters:
    """What to look for; an empty field does not narrow. `state` empty means every state but closed."""

    state: str = ""
    kind: str = ""
    priority: int | None = None
    assignee: str = ""
    nobodys: bool = False
    overdue: bool = False
    party_id: UUID | None = None
    number: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class CaseInFull:
    """All that an officer needs to decide one case."""

    case: Case
    party: Party | None
    decision: Decision | None
    reasons: tuple[dict[str, Any], ...]
    checks: tuple[dict[str, Any], ...]
    matches: tuple[MatchView, ...]
    graph: OwnershipGraph | None
    wallets: tuple[str, ...]
    verification: IdentityVerification | None
    needs: tuple[NeedState, ...]
    identity_checks: tuple[IdentityCheck, ...]
    documents: tuple[Document, ...]
    restrictions: tuple[Restriction, ...]
    notes: tuple[CaseNote, ...]
    other_cases: tuple[Case, ...]
    answers: tuple[PastAnswer, ...]
    payment_signs: tuple[PaymentSign, ...]
    history: tuple[AuditEvent, ...]


def open_cases(filters: CaseFilters | None = None) -> QuerySet[Case]:
    """The cases that fit: the most urgent first, then those whose deadline comes first."""
    wanted = filters or CaseFilters()
    found = Case.objects.select_related("party").order_by("-priority", "state_deadline_at", "number")
    found = found.filter(state=wanted.state) if wanted.state else found.exclude(state=Case.State.CLOSED)
    for column in ("kind", "assignee", "party_id", "number", "priority"):
        if value := getattr(wanted, column):
            found = found.filter(**{column: value})
    if wanted.nobodys:
        found = found.filter(assignee="")
    if wanted.overdue:
        found = found.filter(state_deadline_at__lte=clock.now())
    if wanted.text:
        found = found.filter(_mentions(wanted.text))
    return found


def _mentions(text: str) -> Q:
    """The text stands in the summary, in the party's name or in the name of whom it may be on a list."""
    matches = Match.objects.filter(screening=OuterRef("screening"), listed_name__icontains=text)
    return Q(summary__icontains=text) | Q(party__name__icontains=text) | Q(Exists(matches))


def has_open_case(party_id: UUID) -> bool:
    """Whether officers look into anything about the party."""
    return open_cases(CaseFilters(party_id=party_id)).exists()


def case_page(filters: CaseFilters | None = None, *, page: int = 1, per_page: int = 25) -> Page[Case]:
    """One page of `open_cases`."""
    return page_of(open_cases(filters), page=page, per_page=per_page)


def case_named(case_id: UUID) -> Case:
    """The case. Raises NotFound."""
    found = Case.objects.select_related("party").filter(pk=case_id).first()
    if found is None:
        raise NotFound
    return found


def case_in_full(case_id: UUID) -> CaseInFull:
    """The case with everything around it. Raises NotFound."""
    case = Case.objects.select_related("party", "decision", "screening").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if case.decision:
        opened([case.decision])
    party = case.party
    wallets = PartyWallet.objects.filter(party=party).order_by("address") if party else PartyWallet.objects.none()
    verifications = IdentityVerification.objects.filter(party=party) if party else IdentityVerification.objects.none()
    verification = verifications.order_by("-created_at").first()
    others = Case.objects.filter(party=party).exclude(pk=case.pk) if party else Case.objects.none()
    history = AuditEvent.objects.filter(subject_kind=Case._meta.label_lower, subject_id=str(case.pk))
    return CaseInFull(
        case=case,
        party=party,
        decision=case.decision,
        reasons=tuple(case.decision.reasons) if case.decision else (),
        checks=tuple(case.decision.checks) if case.decision else (),
        matches=match_views(case),
        graph=ownership_graph(party.pk) if party else None,
        wallets=tuple(wallets.values_list("address", flat=True)),
        verification=verification,
        needs=_needs(case, verification),
        identity_checks=tuple(checks_of(party.pk).filter(proves=True)) if party else (),
        documents=tuple(documents_for_case(case)),
        restrictions=tuple(case.restrictions.select_related("party").order_by("created_at")),
        notes=tuple(opened_notes(case.notes.order_by("created_at"))),
        other_cases=tuple(others.order_by("-created_at")[:20]),
        answers=tuple(answers_about(party)) if party else (),
        payment_signs=tuple(newest_payment_signs(party.pk)) if party else (),
        history=tuple(history.order_by("id")),
    )


def _needs(case: Case, verification: IdentityVerification | None) -> tuple[NeedState, ...]:
    """What the level of an identity review asks for, as of its submission."""
    if verification is None or case.party is None or case.kind != Case.Kind.IDENTITY_REVIEW:
        return ()
    level = level_of(case.party, verification.level)
    return tuple(need_states(case.party, level, verification.created_at)) if level else ()


def open_requests_to(party_id: UUID, case_id: UUID | None = None) -> list[CaseNote]:
    """The questions that the party has yet to answer, newest first: their words alone, never why they are asked."""
    found = CaseNote.objects.filter(
        case__party_id=party_id, case__state=Case.State.AWAITING_PARTY, kind=CaseNote.Kind.REQUEST
    )
    found = found if case_id is None else found.filter(case_id=case_id)
    return opened_notes(found.select_related("case").order_by("-created_at"))


def asks_party(party_id: UUID) -> UUID | None:
    """The case in which the party has a question to answer, the newest; nothing of it is opened."""
    asked = Case.objects.filter(party_id=party_id, state=Case.State.AWAITING_PARTY).order_by("-state_changed_at")
    return asked.values_list("pk", flat=True).first()


def correspondence_with(party_id: UUID, case_id: UUID | None = None) -> list[CaseNote]:
    """All questions to the party and its answers, oldest first; of one case, or of all."""
    kinds = [CaseNote.Kind.REQUEST, CaseNote.Kind.ANSWER]
    found = CaseNote.objects.filter(case__party_id=party_id, kind__in=kinds)
    found = found if case_id is None else found.filter(case_id=case_id)
    return opened_notes(found.prefetch_related("documents").order_by("created_at"))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case stands towards what was proposed in it; who proposed and approved, as `Actor.ref`."""

    closed: bool
    explained: bool
    proposed_by: str
    approved_by: str


def ending_of(case_id: UUID) -> Ending:
    """Whether the case is closed, and whether as a difference that was explained. Raises NotFound."""
    case = case_named(case_id)
    explained = (case.disposition, case.proposal_reason) == (Case.Disposition.RELEASE, "difference_explained")
    return Ending(case.state == Case.State.CLOSED, explained, case.proposed_by, case.approved_by)


def case_numbered(number: int) -> Case:
    """The case with that number. Raises NotFound."""
    found = Case.objects.filter(number=number).first()
    if found is None:
        raise NotFound("There is no case with that number. Nothing was changed.")
    return found
