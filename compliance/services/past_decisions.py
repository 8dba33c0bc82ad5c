"""A decision made again as of another day, by the rules, figures and lists of that day; nothing of it is stored.

What the house knew of the parties, their owners and their group stays as the decision has it: those are its facts. The
pack, the catalogue, the lists and recorded suspensions are those of the day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from compliance.base import clock
from compliance.base.errors import InvalidInput, NotFound
from compliance.engine.decide import decide
from compliance.engine.facts import (
    ChipRequest,
    EndUser,
    Facts,
    ListState,
    PartyFacts,
    ScreeningHit,
    SuspensionFacts,
    WalletHit,
)
from compliance.engine.outcome import Outcome
from compliance.engine.packs import PolicyPack
from compliance.models import Decision, ListedParty, Party, WatchlistVersion
from compliance.selectors import decisions
from compliance.selectors.policies import catalogue_as_of, pack_as_of
from compliance.selectors.suspensions import recorded_suspensions
from compliance.selectors.watchlists import first_loaded_at, stale_at, versions_as_of
from compliance.services import screening_index
from compliance.services.end_users import end_user_hits
from compliance.services.gate import facts_of
from compliance.services.gate_facts import wallet_hit_facts
from compliance.services.screening_index import Index


class NoListThen(NotFound):
    """No list had been loaded on the day: whoever was listed then is not known here."""

    code = "no_list_then"


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """What was decided, and what the day's rules, figures and lists answer to the same question.

    `reached_back`: the pack was not in force yet; it is the first one, whose rules say themselves since when they hold.
    """

    decision: Decision
    as_of: datetime
    facts: Facts
    outcome: Outcome
    pack: PolicyPack
    reached_back: bool
    catalogue: str
    versions: tuple[WatchlistVersion, ...]


def decided_as_of(decision_id: UUID, as_of: datetime) -> PastAnswer:
    """The decision's question, answered by what stood at the moment. Nothing is stored.

    Raises NotFound, DecisionErased, InvalidInput for a moment to come, NoPackInForce before most rules hold, NoListThen
    before the first list.
    """
    if as_of > clock.now():
        raise InvalidInput("That moment has not come yet. Nothing was decided.")
    decision = decisions.decision(decision_id)
    known = facts_of(decision)
    pack, reached_back = pack_as_of(as_of)
    versions = tuple(versions_as_of(as_of))
    if not versions:
        first = first_loaded_at()
        since = f"the first was loaded on {first:%Y-%m-%d}" if first else "none was ever loaded"
        raise NoListThen(f"No list was here on {as_of:%Y-%m-%d}: {since}. Nothing was decided.")
    catalogue, figures = catalogue_as_of(as_of)
    day = as_of.astimezone(UTC).date()
    index = screening_index.build(version.pk for version in versions)
    facts = replace(
        known,
        as_of=as_of,
        chips=tuple(ChipRequest(chip.slug, chip.count, figures.figures(chip.slug, day)) for chip in known.chips),
        lists=tuple(_state(version, as_of) for version in versions),
        hits=tuple(_hits(known, index)),
        wallet_hits=tuple(_wallet_hits(known, index)),
        end_user=_end_user(known.end_user, index),
        suspensions=tuple(
            SuspensionFacts(row.law, row.starts_on.isoformat(), row.ends_on.isoformat(), row.citation)
            for row in recorded_suspensions(day)
        ),
    )
    return PastAnswer(decision, as_of, facts, decide(facts, pack), pack, reached_back, catalogue, versions)


def _state(version: WatchlistVersion, as_of: datetime) -> ListState:
    """The list as it stood. Of later confirmations only the last is known: until then it counts as confirmed."""
    heard = min(version.confirmed_at, as_of)
    return ListState(version.watchlist_id, version.sha256, heard, stale_at(version, heard) <= as_of)


def _hits(known: Facts, index: Index) -> Iterable[ScreeningHit]:
    """Whom of the screened the day's lists may mean. What officers cleared stays so for the same entry."""
    everyone = known.everyone()
    people = [everyone[key] for key in known.screened if key in everyone]
    rows = Party.objects.in_bulk([UUID(each.id) for each in people])
    cleared = {(hit.party_id, hit.list_code, hit.external_id, hit.entry_hash) for hit in known.hits if hit.cleared}
    wallets = [known.wallet] if known.wallet else []
    principal = known.provider if known.purpose == "payout" else known.renter
    found = [
        (party, candidate)
        for party in people
        for candidate in index.candidates(
            _asked(party, rows.get(UUID(party.id))), wallets if principal and party.id == principal.id else []
        )
    ]
    entries = ListedParty.objects.in_bulk([candidate.listed_party_id for _, candidate in found])
    for party, candidate in found:
        key = (party.id, candidate.list_code, candidate.external_id, candidate.entry_hash)
        yield candidate.as_fact(entries[candidate.listed_party_id], party.id, cleared=key in cleared)


def _end_user(known: EndUser | None, index: Index) -> EndUser | None:
    return replace(known, hits=end_user_hits(known, index)) if known and known.kind == "other" else known


def _asked(party: PartyFacts, row: Party | None) -> Party:
    """The party to look for: with its numbers too, while it is what it was."""
    if row is not None and row.subject_hash == party.subject_hash:
        return row
    return Party(
        kind=party.kind,
        name=party.name,
        aliases=list(party.aliases),
        country=party.country,
        headquarters_country=party.headquarters_country,
        birth_date=party.birth_date,
    )


def _wallet_hits(known: Facts, index: Index) -> Iterable[WalletHit]:
    addresses = sorted({known.wallet, *(hit.address for hit in known.wallet_hits)} - {""})
    return (wallet_hit_facts(hit) for address in addresses for hit in index.wallet_hits(address))
