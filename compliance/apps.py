from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Who may deal, in what, and why."""

    name = "compliance"
    label = "compliance"
    default_auto_field = "django.db.models.BigAutoField"
