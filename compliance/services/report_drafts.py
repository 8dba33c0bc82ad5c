"""Reports to authorities, drafted the moment their cause arises; an officer finishes them.

Each cause has one report, whatever is run how often. No audit event of a report names its party or its kind: that there
is a report on suspicious activity is a secret (31 U.S.C. 5318(g)(2)), from operators too.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.canonical import digest
from compliance.base.sealed_leaves import seal_leaves
from compliance.base.sealing import Subject, SubjectErased
from compliance.engine.report_forms import FORMS, due_on
from compliance.models import Case, Decision, Party, Report, Restriction
from compliance.selectors.reports import blocked_on, context_of
from compliance.services import report_words as words
from compliance.services.subject_keys import ciphers_for

# The working day of the authorities ends; in winter it is an hour later by this clock.
DAY_ENDS = time(21, 0, tzinfo=UTC)
# A reason with another scope rests on a match, or on what matched owners hold: nobody has settled it yet.
SURE_SCOPES = ("", "country", "region")
SUSPICIOUS_CASES = (Case.Kind.SCREENING_HIT, Case.Kind.GATE_REVIEW)


def after_confirmation(case: Case, *, actor: Actor) -> list[Report]:
    """What follows from a confirmed case is drafted: the property of everybody whom it blocks, and the suspicion."""
    opened = [after_blocking(row, actor=actor) for row in blocked_by(case)]
    if case.party is not None and case.kind in SUSPICIOUS_CASES:
        today = clock.now().date()
        draft = _open(
            Report.Kind.SUSPICIOUS,
            today,
            ["case", str(case.pk)],
            words.suspicion(case, today),
            actor,
            party=case.party,
            case=case,
        )
        opened.append(draft)
    return opened


def after_blocking(restriction: Restriction, *, actor: Actor) -> Report:
    """The report of the party's blocked property is drafted; its time runs from the day when the party was frozen."""
    frozen = Restriction.objects.filter(party_id=restriction.party_id, lifted_at=None).order_by("created_at").first()
    since = (frozen or restriction).created_at.date()
    return _open(
        Report.Kind.BLOCKED,
        since,
        ["restriction", str(restriction.pk)],
        words.blocking(restriction, since),
        actor,
        party=restriction.party,
        case=restriction.case,
        restriction=restriction,
    )


def after_more_property(party_ids: Iterable[UUID], *, actor: Actor) -> list[Report]:
    """Property of blocked parties that came after their report was filled in has a report of its own, one a day.

    Each property is reported within ten business days from the date on which it becomes blocked (31 CFR
    501.603(b)(1)). Called from above, where the books are.
    """
    blocked = Restriction.objects.filter(
        party_id__in=list(party_ids), kind=Restriction.Kind.BLOCKED, lifted_at=None, reports__property_at__isnull=False
    )
    today = clock.now().date()
    waiting = Report.objects.filter(kind=Report.Kind.BLOCKED, state=Report.State.DRAFT, property_at=None)
    rows = blocked.exclude(party_id__in=waiting.values("party_id")).select_related("party", "case").distinct()
    return [_more_property(row, today, actor) for row in rows.order_by("created_at")]


def _more_property(restriction: Restriction, today: date, actor: Actor) -> Report:
    return _open(
        Report.Kind.BLOCKED,
        today,
        ["restriction", str(restriction.pk), today.isoformat()],
        words.blocking(restriction, today),
        actor,
        party=restriction.party,
        case=restriction.case,
        restriction=restriction,
    )


def after_unblocking(restriction: Restriction, *, actor: Actor) -> Report | None:
    """What was reported as blocked and is so no more is reported too; None when nothing was filed before."""
    first = Report.objects.filter(party_id=restriction.party_id, kind=Report.Kind.BLOCKED, state=Report.State.FILED)
    found = first.order_by("-created_at").first()
    if restriction.kind != Restriction.Kind.BLOCKED or found is None:
        return None
    today = clock.now().date()
    answers = words.unblocking(restriction, found, today)
    cause = ["unblocked", str(restriction.pk)]
    return _open(Report.Kind.UNBLOCKED, today, cause, answers, actor, party=restriction.party, restriction=restriction)


def after_refusal(decision: Decision, *, actor: Actor) -> Report | None:
    """A refusal that sanctions law demands by itself is drafted as a rejected transaction: one per party and day.

    A match that nobody has settled demands nothing yet; if it is confirmed, its case brings the reports.
    """
    party = decision.renter_party or decision.provider_party
    if party is None or not _demanded_by_sanctions(decision):
        return None
    day = decision.created_at.date()
    answers = words.rejection(decision, party)
    cause = ["rejected", str(party.pk), day.isoformat()]
    return _open(Report.Kind.REJECTED, day, cause, answers, actor, party=party, decision=decision)


def open_missing(*, actor: Actor) -> int:
    """No blocked party is without its report, and no year without its annual one. Returns how many were opened."""
    before = Report.objects.count()
    blocked = Restriction.objects.filter(kind=Restriction.Kind.BLOCKED, lifted_at=None, reports=None)
    for row in blocked.select_related("party", "case").order_by("created_at")[:500]:
        after_blocking(row, actor=actor)
    _open_annual(actor)
    return Report.objects.count() - before


def blocked_by(case: Case) -> list[Restriction]:
    """The restrictions that say that property is blocked because of this case."""
    found = Restriction.objects.filter(case=case, kind=Restriction.Kind.BLOCKED, lifted_at=None)
    return list(found.select_related("party", "case").order_by("created_at", "id"))


def sealed_answers(report: Report, answers: Mapping[str, str], subjects: Iterable[Subject]) -> dict[str, object]:
    """The answers as the report keeps them. Raises SubjectErased when none of the subjects has a key any more."""
    wanted = list(dict.fromkeys(subjects))
    ciphers = ciphers_for(wanted)
    standing = [subject for subject in wanted if subject in ciphers]
    if not standing:
        raise SubjectErased
    return seal_leaves(dict(answers), standing, ciphers, context_of(report))


def subjects_of(report: Report, party_ids: Iterable[UUID] = ()) -> list[Subject]:
    """Whose personal data the report holds: its party's, others', and the report as such when it is about nobody."""
    ids = [*([report.party_id] if report.party_id else []), *party_ids]
    return [Subject.party(each) for each in ids] or [Subject("report", str(report.pk))]


def _open_annual(actor: Actor) -> None:
    today = clock.now().date()
    year = today.year if (today.month, today.day) > (6, 30) else today.year - 1
    as_of = date(year, 6, 30)
    if due_on(Report.Kind.ANNUAL, as_of) < today:
        return
    people = list({row.party_id: row.party for row in blocked_on(as_of)}.values())
    if people:
        answers = words.annual(people, as_of)
        _open(Report.Kind.ANNUAL, as_of, ["annual", str(year)], answers, actor, others=[each.pk for each in people])


def _open(
    kind: str,
    event_on: date,
    cause: list[str],
    answers: Mapping[str, str],
    actor: Actor,
    *,
    party: Party | None = None,
    case: Case | None = None,
    decision: Decision | None = None,
    restriction: Restriction | None = None,
    others: Iterable[UUID] = (),
) -> Report:
    key = digest([kind, *cause])
    present = Report.objects.filter(scope_key=key).first()
    if present is not None:
        return present
    due = due_on(kind, event_on)
    report = Report(
        id=uuid4(),
        kind=kind,
        party=party,
        case=case,
        decision=decision,
        restriction=restriction,
        event_on=event_on,
        due_on=due,
        scope_key=key,
        state=Report.State.DRAFT,
        state_changed_at=clock.now(),
        state_deadline_at=datetime.combine(due, DAY_ENDS),
    )
    known = {field.key for field in FORMS[kind].fields}
    whole = {name: text for name, text in {**_filer(), **answers}.items() if name in known and text}
    report.sealed = sealed_answers(report, whole, subjects_of(report, others))
    try:
        with transaction.atomic():
            report.save(force_insert=True)
            audit.record("report.opened", actor=actor, subject=report, data={"due": due.isoformat()})
    except IntegrityError:
        # Another opened it a moment ago.
        return Report.objects.get(scope_key=key)
    return report


def _demanded_by_sanctions(decision: Decision) -> bool:
    return decision.outcome == Decision.Outcome.DENY and any(
        reason["outcome"] == Decision.Outcome.DENY
        and reason["kind"] == "LAW"
        and "31 CFR" in reason["citation"]
        and reason.get("scope", "").partition(":")[0] in SURE_SCOPES
        for reason in decision.reasons
    )


def _filer() -> dict[str, str]:
    return {name: str(value) for name, value in settings.GRIDCLEAR_FILER.items()}
