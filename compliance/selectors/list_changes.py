"""What versions of a list changed: as stored with each, and gathered over several."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from compliance.base.errors import NotFound
from compliance.models import ListChange, ListedParty, WatchlistVersion
from compliance.selectors.watchlists import list_named

_Kind = ListChange.Kind
_BETWEEN = """
SELECT CASE WHEN o.id IS NULL THEN 'added' WHEN n.id IS NULL THEN 'removed' ELSE 'changed' END,
       coalesce(n.external_id, o.external_id), coalesce(n.id, o.id)
FROM (SELECT id, external_id, entry_hash FROM compliance_listedparty WHERE version_id = %(old)s) o
FULL JOIN (SELECT id, external_id, entry_hash FROM compliance_listedparty WHERE version_id = %(new)s) n
    ON o.external_id = n.external_id
WHERE o.id IS NULL OR n.id IS NULL OR o.entry_hash <> n.entry_hash
"""


@dataclass(frozen=True, slots=True)
class Delta:
    """What one version of a list changed against another: external id -> row id (of the older one for `removed`)."""

    added: dict[str, UUID] = field(default_factory=dict)
    changed: dict[str, UUID] = field(default_factory=dict)
    removed: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unscreened:
    """What parties have not been held against yet.

    `fresh` are the rows of entries that came or changed, `touched` the ids of all that came, changed or went, `gone`
    those that changed or went. `whole` says that the list was never gone through before: all of its entries are
    fresh, and none is named.
    """

    version: WatchlistVersion
    fresh: tuple[UUID, ...] = ()
    touched: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One fact of an entry before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One entry that a version added, changed or removed, as a page shows it."""

    kind: str
    external_id: str
    name: str
    old_hash: str
    new_hash: str
    fields: tuple[FieldChange, ...]


def delta(old_version_id: UUID | None, new_version_id: UUID) -> Delta:
    """What the new version changed against any other of its list, in one query; against none, everything is added."""
    found: dict[str, dict[str, UUID]] = {"added": {}, "changed": {}, "removed": {}}
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN, {"old": old_version_id, "new": new_version_id})
        for kind, external_id, row_id in cursor.fetchall():
            found[kind][external_id] = row_id
    return Delta(**found)


def unscreened(version: WatchlistVersion) -> Unscreened:
    """What has changed since parties were last held against the list, from the deltas kept with its versions.

    Versions that were skipped count in. What was added and taken away again is in neither.
    """
    versions = WatchlistVersion.objects.filter(watchlist_id=version.watchlist_id, created_at__lte=version.created_at)
    last = versions.exclude(pk=version.pk).exclude(rescreened_at=None).order_by("-created_at").first()
    if last is None:
        return Unscreened(version, whole=True)
    newer = versions.filter(created_at__gt=last.created_at).exclude(state=WatchlistVersion.State.REFUSED)
    rows = ListChange.objects.filter(version__in=newer)
    touched = frozenset(rows.values_list("external_id", flat=True))
    gone = frozenset(rows.exclude(old_entry=None).values_list("external_id", flat=True))
    fresh = ListedParty.objects.filter(version=version, external_id__in=touched).values_list("pk", flat=True)
    return Unscreened(version, tuple(fresh), touched, gone)


def list_versions(code: str) -> QuerySet[WatchlistVersion]:
    """The versions of the list, newest first, refused ones too. Raises NotFound."""
    return WatchlistVersion.objects.filter(watchlist=list_named(code)).order_by("-created_at")


def version_of(code: str, version_id: UUID) -> WatchlistVersion:
    """One version of the list. Raises NotFound."""
    found = list_versions(code).filter(pk=version_id).select_related("watchlist", "previous", "let_in_by").first()
    if found is None:
        raise NotFound
    return found


def changes_of(version: WatchlistVersion, kind: str = "") -> QuerySet[ListChange]:
    """What the version changed, as stored with it: added, then changed, then removed, each by id."""
    rows = ListChange.objects.filter(version=version).select_related("old_entry", "new_entry")
    return (rows.filter(kind=kind) if kind in _Kind.values else rows).order_by("kind", "external_id")


def change_views(changes: Iterable[ListChange]) -> list[ChangeView]:
    """The changes as a page shows them, with each fact that differs; three queries however many there are."""
    rows = list(changes)
    entries = ListedParty.objects.prefetch_related("names", "wallets").in_bulk(
        {pk for row in rows for pk in (row.old_entry_id, row.new_entry_id) if pk}
    )
    return [_change_view(row, _entry(entries, row.old_entry_id), _entry(entries, row.new_entry_id)) for row in rows]


def _entry(entries: dict[UUID, ListedParty], pk: UUID | None) -> ListedParty | None:
    return entries.get(pk) if pk else None


def _change_view(row: ListChange, old: ListedParty | None, new: ListedParty | None) -> ChangeView:
    before, after = _facts(old), _facts(new)
    differs = tuple(
        FieldChange(label, before[label], after[label]) for label in before if before[label] != after[label]
    )
    name = (new or old).primary_name if new or old else ""  # type: ignore[union-attr] # one of them is there
    return ChangeView(str(row.kind), row.external_id, name, row.old_hash, row.new_hash, differs)


def _facts(entry: ListedParty | None) -> dict[str, str]:
    if entry is None:
        return dict.fromkeys(_FACTS, "")
    told = {
        "Names": "; ".join(sorted(f"{each.name}{' (weak)' if each.weak else ''}" for each in entry.names.all())),
        "Kind": entry.kind,
        "Blocked": "yes" if entry.blocked else "no",
        "Programmes": ", ".join(sorted(entry.programmes)),
        "Countries": ", ".join(sorted(entry.countries)),
        "Dates of birth": ", ".join(sorted(each.replace("/", " to ") for each in entry.birth_dates)),
        "Identifiers": "; ".join(sorted(entry.identifiers)),
        "Wallets": ", ".join(sorted(f"{each.currency} {each.address}" for each in entry.wallets.all())),
        "Remarks": entry.remarks,
    }
    return {label: told[label] for label in _FACTS}


_FACTS = (
    "Names",
    "Kind",
    "Blocked",
    "Programmes",
    "Countries",
    "Dates of birth",
    "Identifiers",
    "Wallets",
    "Remarks",
)
