"""The shapes of money in the API: minor units, with the currency beside them."""

from rest_framework import serializers

from marketplace.api.money_fields import MinorField
from settlement.services.refunds import REASONS, Giver, Reason, State


class BalanceShape(serializers.Serializer[object]):
    """One pot of money."""

    pot = serializers.CharField()
    currency = serializers.CharField()
    available_minor = serializers.IntegerField()
    held_minor = serializers.IntegerField()
    uncollected_minor = serializers.IntegerField(help_text="Used under a card's authorization, below zero")
    accrued_minor = serializers.IntegerField(help_text="Earned by leases that are not settled")
    blocked_minor = serializers.IntegerField()
    payable_minor = serializers.IntegerField()
    paying_minor = serializers.IntegerField()
    refunding_minor = serializers.IntegerField(help_text="On its way back to a card of yours")
    claim_minor = serializers.IntegerField(help_text="Owed to the platform, below zero")
    written_off_minor = serializers.IntegerField(help_text="Owed as well, but written off; below zero")


class TopUpWanted(serializers.Serializer[object]):
    """A charge of a card for the prepaid balance."""

    amount_minor = MinorField(help_text="USD cents")
    payment_method = serializers.CharField(max_length=120)


class TopUpShape(serializers.Serializer[object]):
    """A top-up as it stands."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    amount_minor = serializers.IntegerField()
    failure_code = serializers.CharField()


class AutoTopUpWanted(serializers.Serializer[object]):
    """When a saved card fills the prepaid balance by itself; USD cents."""

    threshold_minor = MinorField(help_text="Below this much free money the card is charged")
    amount_minor = MinorField()
    monthly_limit_minor = MinorField(help_text="Of automatic top-ups in a calendar month, by UTC")
    payment_method = serializers.CharField(max_length=120, help_text="A saved card")


class AutoTopUpShape(AutoTopUpWanted):
    """The rule as it stands."""

    state = serializers.ChoiceField(choices=["on", "stopped", "off"])
    stopped_code = serializers.CharField(help_text="Why the bank refused; empty unless it stopped")
    hindrance = serializers.CharField(help_text="on_its_way, waiting, limit, contested, or empty")
    charged_minor = serializers.IntegerField(help_text="In this calendar month")
    wait_until_at = serializers.DateTimeField(allow_null=True)


class PayoutWanted(serializers.Serializer[object]):
    """Which money is to be paid out: all of it."""

    pot = serializers.ChoiceField(choices=["card", "escrow"])


class PayoutShape(serializers.Serializer[object]):
    """A payout as it stands."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    pot = serializers.CharField()
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField()
    external_id = serializers.CharField()
    failure_code = serializers.CharField()


class RefundWanted(serializers.Serializer[object]):
    """How much of a settled lease goes back to its renter, and why."""

    amount_minor = MinorField(help_text="Minor units of the lease's currency")
    reason = serializers.ChoiceField(choices=REASONS)


class RefundShape(serializers.Serializer[object]):
    """A refund as it stands."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    lease_id = serializers.UUIDField(allow_null=True, help_text="None for prepaid money that no lease used")
    state = serializers.ChoiceField(choices=State.choices)
    reason = serializers.ChoiceField(choices=Reason.choices)
    given_by = serializers.ChoiceField(choices=Giver.choices)
    rail = serializers.CharField(help_text="Where it goes: the prepaid balance, or the card that paid")
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField()
    failure_code = serializers.CharField()


class UnusedMoneyWanted(serializers.Serializer[object]):
    """How much unused prepaid money goes back to the cards that brought it."""

    amount_minor = MinorField(help_text="USD cents")


class UnusedMoneyShape(serializers.Serializer[object]):
    """What can go back at once, and what went back or did not, the newest first."""

    currency = serializers.CharField()
    returnable_minor = serializers.IntegerField()
    refunds = RefundShape(many=True)
