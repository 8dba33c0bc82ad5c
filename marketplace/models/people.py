"""People: they log in with an e-mail address and act through memberships."""

import uuid
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from compliance.base import clock
from compliance.base.actor import Actor, Role


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user exists with the address in lower case."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator exists. No role passes by a compliance wall."""
        return self.create_user(email, password, platform_role=Role.OPERATOR.value, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with a login."""

    class PlatformRole(models.TextChoices):
        NONE = "", "None"
        OFFICER = Role.OFFICER.value, "Compliance officer"
        OPERATOR = Role.OPERATOR.value, "Operator"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    platform_role = models.CharField(max_length=12, choices=PlatformRole, blank=True, default="")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.email

    @property
    def is_officer(self) -> bool:
        """Whether the person decides cases."""
        return self.platform_role == Role.OFFICER

    @property
    def is_operator(self) -> bool:
        """Whether the person runs the platform."""
        return self.platform_role == Role.OPERATOR

    @property
    def is_platform_staff(self) -> bool:
        """Whether the person sees every organization's objects."""
        return bool(self.platform_role)

    def organization_ids(self) -> list[UUID]:
        """The organizations of which the person is a member."""
        return list(self.memberships.values_list("organization_id", flat=True))

    def as_actor(self) -> Actor:
        """The person as audit events name it."""
        roles = frozenset({self.platform_role}) if self.platform_role else frozenset()
        return Actor("user", str(self.pk), self.name or self.email, roles)
