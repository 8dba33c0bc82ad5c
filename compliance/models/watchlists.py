"""Watchlists: each load is an immutable, hashed version; one version per list is current."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from compliance.base.models import Row, StatefulRow


class Watchlist(models.Model):
    """A list that parties are screened against, such as `ofac_sdn`."""

    code = models.SlugField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)
    authority = models.CharField(max_length=40, help_text="OFAC, UN, BIS ...")
    source_url = models.URLField(max_length=500, blank=True)
    format = models.CharField(max_length=32, help_text="ofac_advanced_xml, ofac_csv, un_xml, us_csl_csv")
    required = models.BooleanField(default=True, help_text="The gate fails closed while it is missing or stale")
    staleness_limit_seconds = models.PositiveIntegerField(default=7 * 24 * 3600)

    def __str__(self) -> str:
        return self.code


class WatchlistVersion(StatefulRow):
    """The content of a list at one fetch. CURRENT has no deadline: the staleness limit of its list is its sweeper."""

    class State(models.TextChoices):
        LOADING = "loading", "Loading"
        CURRENT = "current", "Current"
        SUPERSEDED = "superseded", "Superseded"
        REFUSED = "refused", "Refused"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.LOADING: frozenset({State.CURRENT, State.REFUSED}),
        State.CURRENT: frozenset({State.SUPERSEDED}),
    }

    watchlist = models.ForeignKey(Watchlist, on_delete=models.PROTECT, related_name="versions")
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=500)
    fetched_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(help_text="Last time a fetch found this to be the newest content")
    row_count = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    refusal = models.CharField(max_length=400, blank=True)
    loaded_by = models.CharField(max_length=120, blank=True)
    rescreened_at = models.DateTimeField(
        null=True, blank=True, help_text="When every party had been compared with what this version changed"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["watchlist"], condition=Q(state="current"), name="one_current_version_per_list"
            )
        ]


class ListedParty(Row):
    """One entry of one version of a list."""

    version = models.ForeignKey(WatchlistVersion, on_delete=models.PROTECT, related_name="entries")
    external_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, help_text="person, entity, vessel, aircraft")
    primary_name = models.CharField(max_length=500)
    authority = models.CharField(max_length=40, blank=True, help_text="Of the entry: a list may gather several")
    blocked = models.BooleanField(default=True, help_text="Property is blocked, as against an export restriction only")
    programmes = models.JSONField(default=list)
    countries = models.JSONField(default=list)
    birth_dates = models.JSONField(default=list)
    identifiers = models.JSONField(default=list)
    remarks = models.TextField(blank=True)
    entry_hash = models.CharField(max_length=64, help_text="Digest of the entry: equal across versions if unchanged")

    class Meta:
        verbose_name_plural = "listed parties"
        constraints = [models.UniqueConstraint(fields=["version", "external_id"], name="one_entry_per_id_and_version")]

    def __str__(self) -> str:
        return self.primary_name


class ListedName(models.Model):
    """A name under which a listed party is known."""

    listed_party = models.ForeignKey(ListedParty, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(max_length=500)
    weak = models.BooleanField(default=False, help_text="A weak alias in the sense of the list")


class ListedWallet(models.Model):
    """A blockchain address of a listed party, letter case kept; `address_key` is what look-ups compare."""

    listed_party = models.ForeignKey(ListedParty, on_delete=models.PROTECT, related_name="wallets")
    currency = models.CharField(max_length=12)
    address = models.CharField(max_length=128)
    address_key = models.CharField(max_length=128, db_index=True)
