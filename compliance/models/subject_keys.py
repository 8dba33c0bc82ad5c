"""Subjects' keys: what seals the personal data of one subject. Destroying the key erases the data."""

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall

DESTROYED_STAYS_DESTROYED = """
IF OLD.destroyed_at IS NOT NULL
   OR (to_jsonb(OLD) - 'wrapped' - 'master_key_id' - 'destroyed_at' - 'destroyed_by' - 'destroyed_reason')
   <> (to_jsonb(NEW) - 'wrapped' - 'master_key_id' - 'destroyed_at' - 'destroyed_by' - 'destroyed_reason')
THEN
    RAISE EXCEPTION 'a subject key is wrapped anew or destroyed, once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

# Wall 2 for records: whatever writes the row (raw SQL too), a held party's key is not destroyed.
NOT_WHILE_HELD = """
IF NEW.destroyed_at IS NOT NULL AND OLD.destroyed_at IS NULL AND NEW.subject_kind = 'party' AND EXISTS (
    SELECT 1 FROM compliance_legalhold h WHERE h.state <> 'lifted' AND h.party_id::text = NEW.subject_id
) THEN
    RAISE EXCEPTION 'a legal hold keeps this subject' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class SubjectKey(Row):
    """The one key of one subject, wrapped by a master key that the database never holds."""

    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    wrapped = models.BinaryField(null=True, help_text="Empty once destroyed")
    master_key_id = models.CharField(max_length=64, db_index=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)
    destroyed_by = models.CharField(max_length=120, blank=True)
    destroyed_reason = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_kind", "subject_id"], name="one_key_per_subject"),
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="subject_key_is_held_or_destroyed",
            ),
        ]
        triggers = [
            Wall(
                name="subject_key_stays_destroyed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=DESTROYED_STAYS_DESTROYED,
            ),
            Wall(
                name="subject_key_not_while_held",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=NOT_WHILE_HELD,
            ),
            Immutable(name="subject_key_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="subject_key_never_emptied"),
        ]

    def __str__(self) -> str:
        return f"key of {self.subject_kind}:{self.subject_id}"
