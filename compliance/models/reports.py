"""Reports to authorities: drafted when their cause arises, finished by an officer, marked as filed by another."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall
from compliance.engine import report_forms as forms
from compliance.models.cases import Case
from compliance.models.decisions import Decision
from compliance.models.parties import Party, Restriction

# What was filed stays as it was filed. Once its party is erased, the words about it may go, and nothing else.
ENDED_STAYS = """
IF OLD.state IN ('filed', 'not_required') AND to_jsonb(OLD) <> to_jsonb(NEW)
   AND NOT (
       NEW.reason = '[erased]' AND to_jsonb(OLD) - 'reason' = to_jsonb(NEW) - 'reason'
       AND EXISTS (SELECT 1 FROM compliance_party p WHERE p.id = OLD.party_id AND p.erased_at IS NOT NULL)
   )
THEN
    RAISE EXCEPTION 'a report that has ended is kept as it ended' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Report(StatefulRow):
    """One report. The state's deadline is the end of the day on which it is due; the sweep raises an alarm before.

    Its answers are personal data and lie in `sealed`, under the keys of all whom it is about; see
    `selectors.reports`. Nobody but officers ever learns that there is one.
    """

    class Kind(models.TextChoices):
        BLOCKED = forms.BLOCKED, "Blocked property"
        UNBLOCKED = forms.UNBLOCKED, "Unblocked property"
        REJECTED = forms.REJECTED, "Rejected transaction"
        ANNUAL = forms.ANNUAL, "Annual report of blocked property"
        SUSPICIOUS = forms.SUSPICIOUS, "Suspicious activity"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        AWAITING_APPROVAL = "awaiting_approval", "Waiting for a second officer"
        FILED = "filed", "Filed"
        NOT_REQUIRED = "not_required", "Not required"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.DRAFT: frozenset({State.AWAITING_APPROVAL}),
        State.AWAITING_APPROVAL: frozenset({State.DRAFT, State.FILED, State.NOT_REQUIRED}),
    }
    OPEN: ClassVar[tuple[str, ...]] = (State.DRAFT, State.AWAITING_APPROVAL)

    kind = models.CharField(max_length=24, choices=Kind)
    party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    restriction = models.ForeignKey(
        Restriction, null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    event_on = models.DateField(help_text="When it was blocked, unblocked, rejected, detected; June 30 of a year")
    due_on = models.DateField(db_index=True)
    sealed = models.JSONField(default=dict, help_text="The answers, by field of engine.report_forms")
    property_at = models.DateTimeField(null=True, blank=True, help_text="When the amounts were taken from the books")
    proposed_outcome = models.CharField(max_length=20, blank=True)
    proposed_by = models.CharField(max_length=120, blank=True)
    approved_by = models.CharField(max_length=120, blank=True)
    filed_on = models.DateField(null=True, blank=True)
    filing_reference = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=400, blank=True, help_text="Why it is not required; names nobody")
    alarmed_at = models.DateTimeField(null=True, blank=True)
    scope_key = models.CharField(max_length=64, unique=True, help_text="Digest of its cause: one report each")

    class Meta:
        indexes = [models.Index(fields=["state", "due_on"])]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["filed", "not_required"])
                | (~Q(proposed_by="") & ~Q(approved_by="") & ~Q(approved_by=F("proposed_by"))),
                name="report_ends_by_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state="filed") | (~Q(filing_reference="") & Q(filed_on__isnull=False)),
                name="filed_report_has_its_reference",
            ),
        ]
        triggers = [
            Wall(name="report_ended_stays", when=pgtrigger.Before, operation=pgtrigger.Update, func=ENDED_STAYS),
            Immutable(name="report_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="report_never_emptied"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, due {self.due_on}"
