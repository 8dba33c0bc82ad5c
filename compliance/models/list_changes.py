"""What each version of a list changed, and every attempt to fetch one."""

from django.db import models

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied
from compliance.models.watchlists import ListedParty, Watchlist, WatchlistVersion


class ListChange(Row):
    """One entry that a version added, changed or removed against the version before; written with the version."""

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        CHANGED = "changed", "Changed"
        REMOVED = "removed", "Removed"

    version = models.ForeignKey(WatchlistVersion, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind)
    external_id = models.CharField(max_length=80)
    old_hash = models.CharField(max_length=64, blank=True)
    new_hash = models.CharField(max_length=64, blank=True)
    old_entry = models.ForeignKey(ListedParty, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    new_entry = models.ForeignKey(ListedParty, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "external_id"], name="one_change_per_entry_and_version")
        ]
        triggers = [Immutable(name="list_change_kept"), NeverEmptied(name="list_change_never_emptied")]


class ListFetch(Row):
    """One attempt to fetch a list and what came of it: the memory of conditional requests and of waiting longer."""

    class Outcome(models.TextChoices):
        LOADED = "loaded", "A new version"
        CONFIRMED = "confirmed", "The same content"
        NOT_MODIFIED = "not_modified", "Not modified (304)"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Not reached"

    watchlist = models.ForeignKey(Watchlist, on_delete=models.PROTECT, related_name="fetches")
    version = models.ForeignKey(
        WatchlistVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="fetches"
    )
    source = models.CharField(max_length=500)
    outcome = models.CharField(max_length=12, choices=Outcome)
    detail = models.CharField(max_length=400, blank=True)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    fetched_by = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name_plural = "list fetches"
        indexes = [models.Index(fields=["watchlist", "-created_at"])]
        triggers = [Immutable(name="list_fetch_kept"), NeverEmptied(name="list_fetch_never_emptied")]
