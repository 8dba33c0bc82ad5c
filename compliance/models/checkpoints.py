"""The Merkle tree over the audit log, and what the platform signed of it."""

from django.db import models

from compliance.base import clock
from compliance.base.walls import Immutable, NeverEmptied


class AuditNode(models.Model):
    """The hash of a complete subtree of 2**level links; kept for levels 8, 16 and 24, so that a proof reads little."""

    id = models.BigAutoField(primary_key=True)
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField(help_text="The subtree covers links index * 2**level + 1 and the 2**level - 1 after")
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="one_audit_node_per_place")]
        triggers = [Immutable(name="audit_node_immutable"), NeverEmptied(name="audit_node_never_emptied")]


class AuditCheckpoint(models.Model):
    """The platform signed that the first `size` links of the audit log have this Merkle root."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    signed_at = models.DateTimeField(default=clock.now)
    key_id = models.CharField(max_length=16)
    note = models.TextField(help_text="C2SP signed note over a tlog-checkpoint")

    class Meta:
        ordering = ["size"]
        triggers = [Immutable(name="audit_checkpoint_immutable"), NeverEmptied(name="audit_checkpoint_never_emptied")]

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"
