"""Watchlists: each load is an immutable, hashed version; one version per list is current."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row, StatefulRow
from compliance.base.walls import Immutable, NeverEmptied, Wall

# Past its limit a list makes the gate refuse. Nobody sets a limit above this: two weeks without news are no news.
SHORTEST_STALENESS_SECONDS = 3600
LONGEST_STALENESS_SECONDS = 14 * 24 * 3600

# What a load fills in while it lasts, and what happens to a version afterwards; nothing else of it ever changes.
VERSION_KEPT = """
IF OLD.state = 'loading' THEN
    IF (to_jsonb(OLD) - ARRAY['state', 'state_changed_at', 'state_deadline_at', 'refusal', 'row_count', 'counts',
                              'previous_id', 'added', 'changed', 'removed'])
       <> (to_jsonb(NEW) - ARRAY['state', 'state_changed_at', 'state_deadline_at', 'refusal', 'row_count', 'counts',
                                 'previous_id', 'added', 'changed', 'removed'])
    THEN
        RAISE EXCEPTION 'what a version of a list came from is kept as written' USING ERRCODE = 'check_violation';
    END IF;
ELSIF (to_jsonb(OLD) - ARRAY['state', 'state_changed_at', 'state_deadline_at', 'confirmed_at', 'rescreened_at'])
      <> (to_jsonb(NEW) - ARRAY['state', 'state_changed_at', 'state_deadline_at', 'confirmed_at', 'rescreened_at'])
THEN
    RAISE EXCEPTION 'a version of a list is kept as it was loaded' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

# Once for each statement, so that a load of sixty thousand rows pays for sixty looks.
ONLY_WHILE_LOADING = """
IF EXISTS (
    SELECT 1 FROM fresh {joins}
    JOIN compliance_watchlistversion v ON v.id = {version} WHERE v.state <> 'loading'
) THEN
    RAISE EXCEPTION 'entries come into a version of a list only while it is loading' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
_JOIN_ENTRY = "JOIN compliance_listedparty e ON e.id = fresh.listed_party_id"


def _only_while_loading(name: str, *, joins: str = "", version: str = "fresh.version_id") -> Wall:
    return Wall(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),  # type: ignore[no-untyped-call]
        func=ONLY_WHILE_LOADING.format(joins=joins, version=version),
    )


class Watchlist(models.Model):
    """A list that parties are screened against, such as `ofac_sdn`."""

    code = models.SlugField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)
    authority = models.CharField(max_length=40, help_text="OFAC, UN, BIS ...")
    source_url = models.URLField(max_length=500, blank=True)
    format = models.CharField(max_length=32, help_text="ofac_advanced_xml, ofac_csv, un_xml, us_csl_csv")
    required = models.BooleanField(default=True, help_text="The gate fails closed while it is missing or stale")
    staleness_limit_seconds = models.PositiveIntegerField(default=7 * 24 * 3600)
    fetch_url = models.URLField(max_length=500, blank=True, help_text="Where the beat fetches it; empty: it does not")
    fetch_every_seconds = models.PositiveIntegerField(default=6 * 3600)
    fetching_until = models.DateTimeField(
        null=True, blank=True, help_text="A fetch is under way; when it dies, its claim ends here"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(staleness_limit_seconds__gte=SHORTEST_STALENESS_SECONDS)
                & Q(staleness_limit_seconds__lte=LONGEST_STALENESS_SECONDS),
                name="staleness_limit_is_bounded",
            )
        ]

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
    format = models.CharField(max_length=32, blank=True)
    read_by = models.CharField(max_length=64, blank=True, help_text="Names the code that read the file")
    published_on = models.DateField(null=True, blank=True, help_text="The day that the list itself bears")
    previous = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="What the delta is against"
    )
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    refusal = models.CharField(max_length=400, blank=True)
    loaded_by = models.CharField(max_length=120, blank=True)
    let_in_by = models.ForeignKey(
        "compliance.Case",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="By whose release content came in that had been refused",
    )
    rescreened_at = models.DateTimeField(
        null=True, blank=True, help_text="When every party had been compared with what this version changed"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["watchlist"], condition=Q(state="current"), name="one_current_version_per_list"
            )
        ]
        triggers = [
            Wall(name="list_version_kept", when=pgtrigger.Before, operation=pgtrigger.Update, func=VERSION_KEPT),
            Immutable(name="list_version_never_deleted", operation=pgtrigger.Delete),
            NeverEmptied(name="list_version_never_emptied"),
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
    source_url = models.URLField(max_length=500, blank=True, help_text="Of the entry's own list, in a gathered one")
    entry_hash = models.CharField(max_length=64, help_text="Digest of the entry: equal across versions if unchanged")

    class Meta:
        verbose_name_plural = "listed parties"
        constraints = [models.UniqueConstraint(fields=["version", "external_id"], name="one_entry_per_id_and_version")]
        triggers = [
            Immutable(name="list_entry_kept"),
            NeverEmptied(name="list_entry_never_emptied"),
            _only_while_loading("list_entry_comes_with_load"),
        ]

    def __str__(self) -> str:
        return self.primary_name


class ListedName(models.Model):
    """A name under which a listed party is known."""

    listed_party = models.ForeignKey(ListedParty, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(max_length=500)
    weak = models.BooleanField(default=False, help_text="A weak alias in the sense of the list")

    class Meta:
        triggers = [
            Immutable(name="list_name_kept"),
            NeverEmptied(name="list_name_never_emptied"),
            _only_while_loading("list_name_comes_with_load", joins=_JOIN_ENTRY, version="e.version_id"),
        ]


class ListedWallet(models.Model):
    """A blockchain address of a listed party, letter case kept; `address_key` is what look-ups compare."""

    listed_party = models.ForeignKey(ListedParty, on_delete=models.PROTECT, related_name="wallets")
    currency = models.CharField(max_length=12)
    address = models.CharField(max_length=128)
    address_key = models.CharField(max_length=128, db_index=True)

    class Meta:
        triggers = [
            Immutable(name="list_wallet_kept"),
            NeverEmptied(name="list_wallet_never_emptied"),
            _only_while_loading("list_wallet_comes_with_load", joins=_JOIN_ENTRY, version="e.version_id"),
        ]
