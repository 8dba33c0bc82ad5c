"""What the card network thinks of a party's payments: its assessment of fraud, and what banks told it since."""

from django.db import models

from compliance.base.models import Row
from compliance.models.parties import Party


class PaymentSign(Row):
    """One assessment, warning or review of one payment, as it was last told; no cardholder, address or card number.

    `standing` falls and never rises again: a review that is closed stays closed, in whatever order the news came.
    """

    class Kind(models.TextChoices):
        OUTCOME = "outcome", "Assessment"
        WARNING = "warning", "Early fraud warning"
        REVIEW = "review", "Review"

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="payment_signs")
    kind = models.CharField(max_length=8, choices=Kind)
    external_id = models.CharField(max_length=64, help_text="The charge, the warning or the review at the network")
    payment_id = models.UUIDField(help_text="The payment in settlement")
    level = models.CharField(max_length=32, blank=True, help_text="Risk level, kind of fraud, or why it was opened")
    score = models.SmallIntegerField(null=True, blank=True, help_text="0 to 100, where the network tells one")
    outcome_type = models.CharField(max_length=32, blank=True, help_text="authorized, issuer_declined, blocked, ...")
    network_status = models.CharField(max_length=32, blank=True)
    message = models.CharField(max_length=200, blank=True, help_text="The network's own words to the seller")
    standing = models.BooleanField(default=True, help_text="A review is open; a warning can still be acted on")
    happened_at = models.DateTimeField(help_text="By the network's clock")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "external_id"], name="one_payment_sign_each")]
        indexes = [models.Index(fields=["party", "-happened_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.level or 'nothing told'}"
