"""What agents report: cumulative usage and log lines."""

from django.db import models

from compliance.base.walls import Immutable, NeverEmptied
from marketplace.models.leases import Lease


class UsageRecord(models.Model):
    """A signed cumulative total: by itself, and with the agent's request. Smaller totals change nothing."""

    id = models.BigAutoField(primary_key=True)
    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="usage")
    sequence = models.BigIntegerField()
    reported_seconds = models.BigIntegerField()
    accepted_seconds = models.BigIntegerField(help_text="Bounded by what the server saw itself")
    at = models.DateTimeField()
    proof = models.TextField(help_text="Compact JWS over the request body")
    body_hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=88, blank=True, help_text="The node's, over lease, sequence and seconds")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lease", "sequence"], name="one_usage_record_per_sequence")]
        triggers = [Immutable(name="usage_immutable"), NeverEmptied(name="usage_never_emptied")]


class WorkloadLog(models.Model):
    """One line that a workload wrote; kept apart from the platform's own logs."""

    id = models.BigAutoField(primary_key=True)
    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="logs")
    sequence = models.BigIntegerField()
    stream = models.CharField(max_length=6)
    at = models.DateTimeField()
    line = models.CharField(max_length=4000)

    class Meta:
        ordering = ["sequence"]
        constraints = [models.UniqueConstraint(fields=["lease", "sequence"], name="one_log_line_per_sequence")]
