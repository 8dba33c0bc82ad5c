"""List entries as rows, and what makes two of them equal."""

from compliance.base.canonical import digest
from compliance.engine.wallet_keys import wallet_key
from compliance.models import ListedName, ListedParty, ListedWallet, WatchlistVersion
from compliance.sources.base import ListEntry


def entry_hash(entry: ListEntry) -> str:
    """Equal for entries that say the same, in whatever order a list gives it."""
    return digest(
        {
            "external_id": entry.external_id,
            "kind": entry.kind,
            "names": sorted([each.name, each.strength, each.primary] for each in entry.names),
            "authority": entry.authority,
            "blocked": entry.blocked,
            "countries": sorted(entry.countries),
            "birth_dates": sorted(entry.birth_dates),
            "programmes": sorted(entry.programmes),
            "identifiers": sorted(entry.identifiers),
            "wallets": sorted([currency, address] for currency, address in entry.wallets),
            "remarks": entry.remarks,
        }
    )


def party_row(version: WatchlistVersion, entry: ListEntry) -> ListedParty:
    """The entry's own row, unsaved."""
    return ListedParty(
        version=version,
        external_id=entry.external_id[:80],
        kind=entry.kind,
        primary_name=entry.primary_name[:500],
        authority=entry.authority,
        blocked=entry.blocked,
        programmes=list(entry.programmes),
        countries=list(entry.countries),
        birth_dates=list(entry.birth_dates),
        identifiers=list(entry.identifiers),
        remarks=entry.remarks,
        source_url=entry.source_url,
        entry_hash=entry_hash(entry),
    )


def name_rows(party: ListedParty, entry: ListEntry) -> list[ListedName]:
    """The entry's names as rows, unsaved, each once."""
    names = {each.name[:500]: each.strength == "weak" for each in reversed(entry.names)}
    return [ListedName(listed_party=party, name=name, weak=weak) for name, weak in names.items()]


def wallet_rows(party: ListedParty, entry: ListEntry) -> list[ListedWallet]:
    """The entry's wallets as rows, unsaved."""
    return [
        ListedWallet(
            listed_party=party, currency=currency[:12], address=address[:128], address_key=wallet_key(address)[:128]
        )
        for currency, address in entry.wallets
    ]
