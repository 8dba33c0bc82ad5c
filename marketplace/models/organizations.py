"""Organizations rent, provide, or both; people belong to them with a role."""

from typing import Self

from django.conf import settings
from django.db import models

from compliance.base.models import Row
from marketplace.models.viewer import Viewer


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Organizations, by who looks."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of which the viewer is a member; all for platform staff."""
        return self if viewer.is_platform_staff else self.filter(id__in=viewer.organization_ids())


class Organization(Row):
    """An account of the marketplace; `party` is what compliance knows of it."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    party = models.OneToOneField("compliance.Party", on_delete=models.PROTECT, related_name="organization")
    is_renter = models.BooleanField(default=True)
    is_provider = models.BooleanField(default=False)

    objects = OrganizationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Membership(Row):
    """A person's role in an organization. Owners do everything, members deal, finance pays and reads."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MEMBER = "member", "Member"
        FINANCE = "finance", "Finance"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organization"], name="one_membership_each")]
