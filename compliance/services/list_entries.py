"""The entries of one load are stored, and with them what they changed: in batches and by set-based SQL."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from django.db import connection

from compliance.base import clock
from compliance.models import ListedName, ListedParty, ListedWallet, WatchlistVersion
from compliance.services.listing import name_rows, party_row, wallet_rows
from compliance.sources.base import ListEntry

_BATCH = 1000
_DELTA = """
INSERT INTO compliance_listchange
    (id, created_at, version_id, kind, external_id, old_hash, new_hash, old_entry_id, new_entry_id)
SELECT gen_random_uuid(), %(now)s, %(new)s,
       CASE WHEN o.id IS NULL THEN 'added' WHEN n.id IS NULL THEN 'removed' ELSE 'changed' END,
       coalesce(n.external_id, o.external_id), coalesce(o.entry_hash, ''), coalesce(n.entry_hash, ''), o.id, n.id
FROM (SELECT id, external_id, entry_hash FROM compliance_listedparty WHERE version_id = %(old)s) o
FULL JOIN (SELECT id, external_id, entry_hash FROM compliance_listedparty WHERE version_id = %(new)s) n
    ON o.external_id = n.external_id
WHERE o.id IS NULL OR n.id IS NULL OR o.entry_hash <> n.entry_hash
"""
_COUNTS = "SELECT kind, count(*) FROM compliance_listchange WHERE version_id = %s GROUP BY kind"


def store_entries(version: WatchlistVersion, entries: Iterator[ListEntry]) -> Counter[str]:
    """The entries, their names and wallets are the version's; returns how many of each there are."""
    counts: Counter[str] = Counter(parties=0, names=0, wallets=0)
    while batch := list(islice(entries, _BATCH)):
        parties = [party_row(version, entry) for entry in batch]
        ListedParty.objects.bulk_create(parties)
        pairs = list(zip(parties, batch, strict=True))
        names = ListedName.objects.bulk_create([row for party, entry in pairs for row in name_rows(party, entry)])
        wallets = ListedWallet.objects.bulk_create([row for party, entry in pairs for row in wallet_rows(party, entry)])
        counts.update(parties=len(parties), names=len(names), wallets=len(wallets))
    return counts


def store_delta(old: WatchlistVersion | None, new: WatchlistVersion) -> dict[str, int]:
    """What the new version changed against the old one is kept; returns how many were added, changed and removed.

    A first version adds all that it has, which its entries say by themselves: nothing further is kept.
    """
    found = {"added": 0, "changed": 0, "removed": 0}
    if old is None:
        return found | {"added": new.entries.count()}
    with connection.cursor() as cursor:
        cursor.execute(_DELTA, {"old": old.pk, "new": new.pk, "now": clock.now()})
        cursor.execute(_COUNTS, [new.pk])
        return found | dict(cursor.fetchall())
