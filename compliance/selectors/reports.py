"""Reports to authorities as officers see them, and nobody else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from django.db.models import QuerySet

from compliance.base.errors import NotFound
from compliance.base.sealed_leaves import open_leaves, subjects_of_all
from compliance.base.sealing import Context
from compliance.engine.personal import ERASED
from compliance.engine.report_forms import FORMS, Field, ReportForm
from compliance.models import Report, Restriction
from compliance.selectors.sealed import ciphers_that_stand


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report with its answers; `missing` are those without which it cannot be filed."""

    report: Report
    form: ReportForm
    values: dict[str, str]

    @property
    def missing(self) -> list[Field]:
        """The needed fields without an answer."""
        return self.form.missing(self.values)


def reports(state: str = "") -> QuerySet[Report]:
    """The reports, what is due first before the rest; those still open unless a state is named."""
    found = Report.objects.select_related("party", "case").order_by("due_on", "created_at")
    return found.filter(state=state) if state else found.filter(state__in=Report.OPEN)


def report(report_id: UUID) -> OpenedReport:
    """One report, opened. Raises NotFound."""
    found = Report.objects.select_related("party", "case", "decision").filter(pk=report_id).first()
    if found is None:
        raise NotFound("There is no such report.")
    return opened_reports([found])[0]


def opened_reports(rows: Iterable[Report]) -> list[OpenedReport]:
    """The reports with their answers, “[erased]” where a key was destroyed; one query for the keys of all."""
    found = list(rows)
    ciphers = ciphers_that_stand(subjects_of_all(row.sealed for row in found if row.sealed))
    opened = []
    for row in found:
        leaves = open_leaves(row.sealed, ciphers, context_of(row)) if row.sealed else {}
        values = dict.fromkeys(row.sealed["at"], ERASED) if leaves is None else leaves
        form = FORMS[row.kind]
        opened.append(OpenedReport(row, form, {each.key: str(values.get(each.key, "")) for each in form.fields}))
    return opened


def context_of(row: Report) -> Context:
    """Where the sealed answers of the report belong."""
    return Context(f"compliance.report:{row.pk}", "answers")


def reports_without_property() -> QuerySet[Report]:
    """The open reports about property whose amounts nobody has taken from the books yet."""
    kinds = [Report.Kind.BLOCKED, Report.Kind.UNBLOCKED, Report.Kind.ANNUAL]
    return Report.objects.filter(kind__in=kinds, state=Report.State.DRAFT, property_at=None).order_by("created_at")


def blocked_on(as_of: date) -> QuerySet[Restriction]:
    """The restrictions that said on the evening of that day that property is blocked, oldest first."""
    end = datetime.combine(as_of, time.max, tzinfo=UTC)
    stood = Restriction.objects.filter(kind=Restriction.Kind.BLOCKED, created_at__lte=end).exclude(lifted_at__lte=end)
    return stood.select_related("party").order_by("created_at", "id")


def parties_of_annual(as_of: date) -> list[UUID]:
    """The parties whose property was blocked on that day, each once."""
    return list(dict.fromkeys(blocked_on(as_of).values_list("party_id", flat=True)))
