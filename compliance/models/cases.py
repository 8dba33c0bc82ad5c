"""Cases: what officers look into, and the findings that they reach with four eyes."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from compliance.base.models import Row, StatefulRow
from compliance.models.decisions import Decision
from compliance.models.parties import Party
from compliance.models.screening import Screening


class Case(StatefulRow):
    """A question for an officer. The state's deadline is the case's deadline; the sweep escalates it."""

    class Kind(models.TextChoices):
        SCREENING_HIT = "screening_hit", "Screening hit"
        GATE_REVIEW = "gate_review", "Lease sent to review"
        IDENTITY_REVIEW = "identity_review", "Identity review"
        DELISTING = "delisting", "Entry left its list"
        LIST_ALARM = "list_alarm", "Watchlist alarm"
        AUDIT_ALARM = "audit_alarm", "Audit log alarm"
        MONEY_ALARM = "money_alarm", "Money alarm"
        REPORT_DUE = "report_due", "Report due"
        RESTRICTION_DUE = "restriction_due", "Restriction to confirm"
        LAW_SUSPENSION = "law_suspension", "Suspension of a law"

    class Priority(models.IntegerChoices):
        LOW = 10, "Low"
        NORMAL = 20, "Normal"
        HIGH = 30, "High"
        URGENT = 40, "Urgent"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        AWAITING_PARTY = "awaiting_party", "Waiting for the party"
        AWAITING_APPROVAL = "awaiting_approval", "Waiting for a second officer"
        CLOSED = "closed", "Closed"

    class Disposition(models.TextChoices):
        RELEASE = "release", "Release: another party, or resolved"
        CONFIRM = "confirm", "Confirm: refuse and keep frozen"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.OPEN: frozenset({State.AWAITING_PARTY, State.AWAITING_APPROVAL, State.CLOSED}),
        State.AWAITING_PARTY: frozenset({State.OPEN, State.AWAITING_APPROVAL, State.CLOSED}),
        State.AWAITING_APPROVAL: frozenset({State.OPEN, State.CLOSED}),
    }

    number = models.BigIntegerField(unique=True, null=True)
    kind = models.CharField(max_length=20, choices=Kind)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    screening = models.ForeignKey(Screening, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    subject_id = models.UUIDField(null=True, blank=True, db_index=True)
    reason_codes = models.JSONField(default=list)
    findings_wanted = models.JSONField(
        default=list, help_text="What a release answers: party, reason code, scope and subject hash of each"
    )
    scope_key = models.CharField(
        max_length=64, blank=True, help_text="Digest of what the case asks; one open case each"
    )
    summary = models.CharField(max_length=400)
    assignee = models.CharField(max_length=120, blank=True)
    proposed_disposition = models.CharField(max_length=12, choices=Disposition, blank=True)
    proposed_by = models.CharField(max_length=120, blank=True)
    proposal_reason = models.CharField(max_length=64, blank=True)
    disposition = models.CharField(max_length=12, choices=Disposition, blank=True)
    approved_by = models.CharField(max_length=120, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-priority", "state_deadline_at"])]
        constraints = [
            # The identity of a party is approved by one officer; every other end of a case takes two.
            models.CheckConstraint(
                condition=Q(disposition="")
                | Q(kind="identity_review")
                | (~Q(proposed_by="") & ~Q(approved_by="") & ~Q(approved_by=models.F("proposed_by"))),
                name="disposition_needs_four_eyes",
            ),
            models.UniqueConstraint(
                fields=["scope_key"],
                condition=~Q(state="closed") & ~Q(scope_key=""),
                name="one_open_case_per_question",
            ),
        ]

    def __str__(self) -> str:
        return f"Case {self.number}"


class CaseNote(Row):
    """Something said in a case; only requests and answers are shown to the party.

    Of a case about a party, body and author's name lie in `sealed`, under the party's key, and the columns are empty:
    `selectors.case_notes.opened_notes` puts them back in memory.
    """

    class Kind(models.TextChoices):
        NOTE = "note", "Internal note"
        REQUEST = "request", "Request for information"
        ANSWER = "answer", "Answer of the party"
        PROPOSAL = "proposal", "Proposed disposition"
        APPROVAL = "approval", "Second officer"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=12, choices=Kind)
    author = models.CharField(max_length=120)
    author_label = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    sealed = models.JSONField(default=dict)
    notice_claimed_at = models.DateTimeField(null=True, blank=True, help_text="Somebody is writing to the party")
    noticed_at = models.DateTimeField(null=True, blank=True, help_text="The party has a letter about the question")

    class Meta:
        ordering = ["created_at"]


class Finding(Row):
    """Two officers answered one reason about one party; the gate takes it as a fact until it lapses.

    Bound to the party's subject hash: a changed party needs a new finding. `scope` narrows it, for instance to one
    end user or to one entry of a list at one entry hash.
    """

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="findings")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="findings")
    reason_code = models.CharField(max_length=64)
    scope = models.CharField(max_length=200, blank=True)
    subject_hash = models.CharField(max_length=64)
    proposed_by = models.CharField(max_length=120)
    approved_by = models.CharField(max_length=120)
    expires_at = models.DateTimeField()
