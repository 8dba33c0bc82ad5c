"""Where money in suspense belongs, as two officers say."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall
from settlement.models.ledger import Account, Transfer

EXPLANATION_IS_ITSELF = """
IF (NEW.transfer_id, NEW.case_id, NEW.kind, NEW.party_id, NEW.currency, NEW.amount_minor, NEW.proposed_by)
    IS DISTINCT FROM
   (OLD.transfer_id, OLD.case_id, OLD.kind, OLD.party_id, OLD.currency, OLD.amount_minor, OLD.proposed_by) THEN
    RAISE EXCEPTION 'an explanation keeps what was proposed' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Explanation(StatefulRow):
    """So much of what a transfer left in suspense belongs to another account; signed as it lies there, minor units.

    It follows its case: booked when a second officer releases that, withdrawn when it ends or goes on otherwise. Why
    is said in the case.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        BOOKED = "booked", "Booked"
        WITHDRAWN = "withdrawn", "Withdrawn"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PROPOSED: frozenset({State.BOOKED, State.WITHDRAWN}),
    }

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="explanations")
    case_id = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=20, choices=Account.Kind)
    party = models.ForeignKey("compliance.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField()
    proposed_by = models.CharField(max_length=120)
    approved_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="explanation_moves_something"),
            models.CheckConstraint(
                condition=~Q(state="booked") | (~Q(approved_by="") & ~Q(approved_by=F("proposed_by"))),
                name="explanation_by_four_eyes",
            ),
            models.UniqueConstraint(
                fields=["transfer"], condition=Q(state="proposed"), name="one_explanation_proposed_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["case_id"], condition=Q(state="proposed"), name="one_explanation_a_case_at_a_time"
            ),
        ]
        triggers = [
            Wall(
                name="explanation_is_itself",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=EXPLANATION_IS_ITSELF,
            ),
            Immutable(name="explanation_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="explanation_never_emptied"),
        ]
