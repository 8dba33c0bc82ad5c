"""API keys: `gck_<prefix>_<secret>`, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import NotFound, Refusal
from marketplace.errors import FieldsInvalid
from marketplace.models import ApiKey, Membership, Organization, User
from marketplace.permissions import ANY, OWN, SCOPES_OF_ROLE, require_role

# A key's last use is noted at most this often: a busy key must not make a write of every read.
LAST_USE_EVERY = timedelta(minutes=1)


class InvalidApiKey(Refusal):
    """No key that works: unknown, expired, revoked, or its maker has left."""

    code = "invalid_api_key"
    http_status = 401
    default_message = "This API key is not valid: it is unknown, expired or revoked. Nothing was changed."


class ScopeNotYours(Refusal):
    """A key cannot do more than the person who makes it."""

    code = "scope_not_yours"
    http_status = 403
    default_message = "A key cannot be given a scope that your own role does not have. Nothing was changed."


def create_api_key(
    organization: Organization,
    name: str,
    scopes: Sequence[str],
    *,
    user: User,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The key stands; the second value is its secret, which cannot be shown again.

    Raises FieldsInvalid, ScopeNotYours, NotFound for a stranger.
    """
    role = require_role(user, organization, *ANY)
    wanted = _checked(name, scopes, expires_at)
    if not wanted <= SCOPES_OF_ROLE[role]:
        raise ScopeNotYours
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    full = f"gck_{prefix}_{secret}"
    with transaction.atomic():
        key = ApiKey.objects.create(
            organization=organization,
            created_by=user,
            name=name.strip(),
            prefix=prefix,
            secret_hash=_hash(full),
            scopes=sorted(wanted),
            expires_at=expires_at,
        )
        audit.record("api_key.created", actor=user.as_actor(), subject=key, data={"scopes": sorted(wanted)})
    return key, full


def revoke_api_key(key_id: UUID, *, user: User, actor: Actor) -> ApiKey:
    """The key works no more; revoking twice changes nothing. Its maker and owners may. Raises NotFound, Forbidden."""
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("organization")
        found = key.filter(pk=key_id, organization_id__in=user.organization_ids()).first()
        if found is None:
            raise NotFound
        if found.created_by_id != user.pk:
            require_role(user, found.organization, *OWN)
        if found.revoked_at is None:
            found.revoked_at = clock.now()
            found.save(update_fields=["revoked_at"])
            audit.record("api_key.revoked", actor=actor, subject=found)
    return found


def authenticate(presented: str) -> tuple[ApiKey, frozenset[str]]:
    """The key that was presented, and what it may do now. Raises InvalidApiKey.

    The look-up is by the public prefix; the secret is compared in constant time. What a key may do is what it was
    given and its maker's present role still allows.
    """
    parts = presented.split("_", 2)
    if len(parts) != 3 or parts[0] != "gck":
        raise InvalidApiKey
    key = ApiKey.objects.select_related("organization", "created_by").filter(prefix=parts[1]).first()
    # An unknown prefix costs the same comparison as a known one.
    if not hmac.compare_digest(key.secret_hash if key else _hash(""), _hash(presented)) or key is None:
        raise InvalidApiKey
    now = clock.now()
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise InvalidApiKey
    role = Membership.objects.filter(
        user_id=key.created_by_id, user__is_active=True, organization_id=key.organization_id
    ).values_list("role", flat=True)
    scopes = frozenset(key.scopes) & SCOPES_OF_ROLE.get(next(iter(role), ""), frozenset())
    if not scopes:
        raise InvalidApiKey
    if key.last_used_at is None or key.last_used_at < now - LAST_USE_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key, scopes


def _checked(name: str, scopes: Sequence[str], expires_at: datetime | None) -> frozenset[str]:
    wanted = frozenset(scopes)
    errors = {}
    if not name.strip() or len(name.strip()) > 80:
        errors["name"] = "A name of 1 to 80 characters is needed."
    if not wanted or not wanted <= set(ApiKey.Scope.values):
        errors["scopes"] = f"One or more of {', '.join(ApiKey.Scope.values)}."
    if expires_at is not None and expires_at <= clock.now():
        errors["expires_at"] = "This lies in the past."
    if errors:
        raise FieldsInvalid(errors)
    return wanted


def _hash(secret: str) -> str:
    """SHA-256 is enough: the secret has 256 bits of entropy, so there is nothing to guess (unlike a password)."""
    return hashlib.sha256(secret.encode()).hexdigest()
