"""Letters about money that a party is owed: written down with what they tell of, and sent afterwards."""

from django.db import models

from compliance.base.models import Row


class MoneyLetter(Row):
    """One letter of one piece of news, made in the transaction of what it tells; nothing of its words is kept.

    `sent_at` stands once the mail server has it, or once the news was overtaken by newer.
    """

    class News(models.TextChoices):
        REFUND_MADE = "refund_made", "A refund is on its way"
        REFUND_ARRIVED = "refund_arrived", "A refund was given back"
        REFUND_FAILED = "refund_failed", "A refund came to nothing"
        OWED = "owed", "A card did not pay for a lease"

    party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="money_letters")
    news = models.CharField(max_length=16, choices=News)
    subject_id = models.UUIDField(help_text="The refund, or the lease that a card did not pay")
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_id", "news"], name="one_letter_a_piece_of_news")]
        indexes = [models.Index(fields=["created_at"], condition=models.Q(sent_at=None), name="money_letters_to_send")]
