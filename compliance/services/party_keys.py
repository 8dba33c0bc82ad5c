"""Who can be touched by a few entries of lists, known by keys that are kept with each party.

A search finds an entry only where one of its own keys meets one under which the entry stands (`query_keys`). A party's
keys are written once and taken away by the database when its names change, so that a change of a list is held against
those alone that share a key with it. Whoever has none kept, or some of other code, is touched by everything.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from compliance.engine.index.block import packed_keys, share_a_key
from compliance.engine.screening import query_keys
from compliance.models import Party, PartyKeys
from compliance.models.parties import KEYED
from compliance.services import screening_index
from compliance.services.index_files import reader

_BATCH = 200


def keys_of(party: Party) -> bytes:
    """The keys of the party as it is, packed."""
    return packed_keys(key for query in screening_index.queries_for(party) for key in query_keys(query))


def touched_by(keys: frozenset[int]) -> list[UUID]:
    """The parties that a search may lead to an entry under one of the keys; all others it surely does not."""
    rows = Party.objects.filter(erased_at=None).values_list("pk", "keys__reader", "keys__packed")
    now = reader()
    return [
        party_id
        for party_id, read_by, packed in rows.iterator(chunk_size=5000)
        if read_by != now or share_a_key(packed, keys)
    ]


def write_missing_keys(limit: int = 20_000) -> int:
    """Of so many parties that have no keys, or keys of other code, they are kept. Returns of how many."""
    ids = list(_lacking().order_by("pk").values_list("pk", flat=True)[:limit])
    return sum(_write(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH))


def _lacking() -> QuerySet[Party]:
    return Party.objects.filter(~Q(keys__reader=reader()) | Q(keys=None), erased_at=None)


def _write(party_ids: Sequence[UUID]) -> int:
    """Made before the parties are held, which is then for a moment; whose facts changed meanwhile has to wait."""
    made = {party.pk: (_asked(party), keys_of(party)) for party in _asked_about(party_ids)}
    with transaction.atomic():
        held = _asked_about(party_ids).select_for_update(skip_locked=True, no_key=True)
        rows = list(_rows(held, made))
        PartyKeys.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["party"], update_fields=["reader", "packed"]
        )
    return len(rows)


def _rows(held: QuerySet[Party], made: dict[UUID, tuple[tuple[object, ...], bytes]]) -> Iterator[PartyKeys]:
    for party in held:
        asked, packed = made.get(party.pk, ((), b""))
        if asked == _asked(party):
            yield PartyKeys(party=party, reader=reader(), packed=packed)


def _asked(party: Party) -> tuple[object, ...]:
    return tuple(getattr(party, name) for name in KEYED)


def _asked_about(party_ids: Sequence[UUID]) -> QuerySet[Party]:
    return Party.objects.filter(pk__in=party_ids, erased_at=None).only(*screening_index.ASKED)
