"""API keys, and the memory of requests that must not act twice."""

from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.base.actor import Actor
from compliance.base.models import Row
from marketplace.models.organizations import Organization
from marketplace.models.viewer import Viewer


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """API keys, by who looks."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of the viewer's organizations."""
        return self.filter(organization_id__in=viewer.organization_ids())


class ApiKey(Row):
    """A secret by which a program acts for one organization; only its hash is kept."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        LEASES = "leases", "Open and stop leases"
        OFFERS = "offers", "Manage nodes and offers"
        PAYMENTS = "payments", "Top up and pay out"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_keys")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True, help_text="The part of the key that may be shown")
    secret_hash = models.CharField(max_length=64, help_text="SHA-256 of the key, which has 256 bits of entropy")
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_platform_staff(self) -> bool:
        """A key never sees beyond its organization, whoever made it."""
        return False

    def organization_ids(self) -> list[UUID]:
        """The one organization that the key acts for."""
        return [self.organization_id]

    def as_actor(self) -> Actor:
        """The key as audit events name it."""
        return Actor("api_key", str(self.pk), self.name)


class IdempotencyRecord(Row):
    """The answer that a request with an `Idempotency-Key` got; the same request again gets it again."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.JSONField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_answer_per_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], condition=Q(completed_at=None), name="unfinished_request")]
