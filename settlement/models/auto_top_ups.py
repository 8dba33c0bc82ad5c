"""Automatic top-ups: what a party has told about when its card fills its prepaid balance."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import StatefulRow
from compliance.base.walls import Immutable, NeverEmptied


class AutoTopUp(StatefulRow):
    """When free prepaid money falls below `threshold_minor`, the card brings `amount_minor`; USD cents.

    None of its states has a deadline: it is a wish that waits for its party, and each charge has a deadline of its own.
    `sequence` counts the charges that were begun; it is part of the idempotency key of the next one.
    """

    class State(models.TextChoices):
        ON = "on", "On"
        STOPPED = "stopped", "Stopped"
        OFF = "off", "Off"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.ON: frozenset({State.STOPPED, State.OFF}),
        State.STOPPED: frozenset({State.ON, State.OFF}),
        State.OFF: frozenset({State.ON}),
    }

    party = models.OneToOneField("compliance.Party", on_delete=models.PROTECT, related_name="auto_top_up")
    threshold_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    monthly_limit_minor = models.BigIntegerField()
    payment_method = models.CharField(max_length=120)
    card_words = models.CharField(max_length=60, blank=True, help_text="The card as its owner knows it")
    sequence = models.PositiveIntegerField(default=0)
    stopped_code = models.CharField(max_length=64, blank=True)
    wait_until_at = models.DateTimeField(null=True, blank=True, help_text="Nothing is begun before")
    notice_claimed_at = models.DateTimeField(null=True, blank=True, help_text="Somebody is writing to the owners")
    noticed_at = models.DateTimeField(null=True, blank=True, help_text="The owners know that it stopped")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold_minor__gt=0) & Q(amount_minor__gt=0), name="auto_top_up_amounts_are_positive"
            ),
            models.CheckConstraint(
                condition=Q(monthly_limit_minor__gte=F("amount_minor")), name="auto_top_up_limit_allows_one"
            ),
        ]
        triggers = [
            Immutable(name="auto_top_up_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="auto_top_up_never_emptied"),
        ]
