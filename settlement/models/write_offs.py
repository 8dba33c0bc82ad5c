"""Debts of parties that two officers gave up as lost."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall

WRITE_OFF_IS_ITSELF = """
IF (NEW.party_id, NEW.currency, NEW.amount_minor, NEW.why, NEW.proposed_by)
    IS DISTINCT FROM
   (OLD.party_id, OLD.currency, OLD.amount_minor, OLD.why, OLD.proposed_by) THEN
    RAISE EXCEPTION 'a write-off keeps what was proposed' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class WriteOff(StatefulRow):
    """So much of a party's claim is given up as lost: proposed by one officer, booked by another's word; minor units.

    `booked_minor` is what was left of it at that moment, at most what was proposed. A claim that is written off stays
    so: what comes in for it later is recovered, and told by the ledger.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        WRITTEN_OFF = "written_off", "Written off"
        WITHDRAWN = "withdrawn", "Withdrawn"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PROPOSED: frozenset({State.WRITTEN_OFF, State.WITHDRAWN}),
    }

    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    booked_minor = models.BigIntegerField(default=0)
    why = models.CharField(max_length=400, help_text="Names nobody")
    proposed_by = models.CharField(max_length=120)
    approved_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, booked_minor__gte=0, booked_minor__lte=F("amount_minor")),
                name="write_off_within_proposed",
            ),
            models.CheckConstraint(
                condition=Q(state="written_off", booked_minor__gt=0) | (~Q(state="written_off") & Q(booked_minor=0)),
                name="write_off_books_when_done",
            ),
            models.CheckConstraint(
                condition=~Q(state="written_off") | (~Q(approved_by="") & ~Q(approved_by=F("proposed_by"))),
                name="write_off_by_four_eyes",
            ),
            models.UniqueConstraint(
                fields=["party"], condition=Q(state="proposed"), name="one_write_off_proposed_at_a_time"
            ),
        ]
        triggers = [
            Wall(
                name="write_off_is_itself",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=WRITE_OFF_IS_ITSELF,
            ),
            Immutable(name="write_off_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="write_off_never_emptied"),
        ]
