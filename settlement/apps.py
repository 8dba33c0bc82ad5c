from django.apps import AppConfig


class SettlementConfig(AppConfig):
    """Money: ledger, holds, rails, payouts."""

    name = "settlement"
    label = "settlement"
    default_auto_field = "django.db.models.BigAutoField"
