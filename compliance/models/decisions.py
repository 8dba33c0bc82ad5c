"""Decisions, kept for ever as they were made, and the Clearances that only an ALLOW brings forth."""

import pgtrigger
from django.db import models

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall
from compliance.models.parties import Party


class Decision(Row):
    """What the gate answered, with all it knew; immutable, replays to the same bytes.

    Names, dates of birth and sentences do not stand in `facts`, `checks` and `reasons` as they are stored: they are in
    `sealed`, under the keys of those whom they are about. `selectors.decisions.opened` puts them back in memory.
    """

    class Outcome(models.TextChoices):
        ALLOW = "ALLOW", "Allowed"
        REVIEW = "REVIEW", "In review"
        DENY = "DENY", "Refused"

    purpose = models.CharField(max_length=16)
    subject_id = models.UUIDField(db_index=True, help_text="What it was about: a lease, a payout")
    renter_party = models.ForeignKey(
        Party, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions_as_renter"
    )
    provider_party = models.ForeignKey(
        Party, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions_as_provider"
    )
    outcome = models.CharField(max_length=8, choices=Outcome, db_index=True)
    facts = models.JSONField(help_text="Without what is personal")
    sealed = models.JSONField(default=dict, help_text="What is personal, sealed; see engine.personal")
    checks = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    pack = models.CharField(max_length=80, help_text="pack id@version")
    pack_hash = models.CharField(max_length=64)
    list_versions = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical outcome")
    facts_digest = models.CharField(max_length=64)
    actor = models.CharField(max_length=120)

    # In memory, of an opened row: the pointers at which “[erased]” stands, since a key was destroyed.
    erased: tuple[str, ...] = ()

    class Meta:
        indexes = [models.Index(fields=["renter_party", "-created_at"])]
        triggers = [
            Immutable(name="decision_immutable"),
            NeverEmptied(name="decision_never_emptied"),
        ]


CLEARANCE_FROM_ALLOW = """
IF NOT EXISTS (
    SELECT 1 FROM compliance_decision d
    WHERE d.id = NEW.decision_id AND d.outcome = 'ALLOW' AND d.purpose = NEW.purpose
      AND d.subject_id = NEW.subject_id
      AND d.renter_party_id IS NOT DISTINCT FROM NEW.renter_party_id
      AND d.provider_party_id IS NOT DISTINCT FROM NEW.provider_party_id
) THEN
    RAISE EXCEPTION 'a clearance needs an ALLOW decision about the same subject and parties'
        USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

CLEARANCE_ONLY_REVOKED = """
IF OLD.revoked_at IS NOT NULL
   OR NEW.revoked_at IS NULL
   OR (to_jsonb(OLD) - 'revoked_at' - 'revoked_reason') <> (to_jsonb(NEW) - 'revoked_at' - 'revoked_reason')
THEN
    RAISE EXCEPTION 'a clearance can only be revoked, once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Clearance(Row):
    """The signed, expiring proof of an ALLOW; the one key that opens holds, leases and payouts."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="clearance")
    purpose = models.CharField(max_length=16)
    subject_id = models.UUIDField(db_index=True)
    renter_party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    provider_party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    node_id = models.UUIDField(null=True, blank=True)
    gpu_slug = models.CharField(max_length=64, blank=True)
    gpu_count = models.PositiveSmallIntegerField(default=0)
    wallet_address = models.CharField(max_length=64, blank=True)
    max_amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=8, blank=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=64, blank=True)
    token = models.TextField(help_text="Compact JWS, EdDSA")
    key_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("issued_at")), name="clearance_expires_after_issue"
            )
        ]
        triggers = [
            Wall(
                name="clearance_from_allow",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=CLEARANCE_FROM_ALLOW,
            ),
            Wall(
                name="clearance_only_revoked",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=CLEARANCE_ONLY_REVOKED,
            ),
            Immutable(name="clearance_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="clearance_never_emptied"),
        ]
