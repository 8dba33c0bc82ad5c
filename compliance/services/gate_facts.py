"""Gathers all that a decision may rest on, in a fixed number of queries however many owners there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from compliance.base.errors import InvalidInput, NotFound
from compliance.base.sealing import SubjectErased
from compliance.engine import end_uses
from compliance.engine.countries import CountryTables
from compliance.engine.facts import (
    ChipRequest,
    EndUser,
    Facts,
    FindingFacts,
    GroupUse,
    ListState,
    Locations,
    NodePlace,
    PartyFacts,
    SuspensionFacts,
    WalletHit,
)
from compliance.engine.packs import PolicyPack
from compliance.models import Finding, Match, Party, PartyWallet, Restriction, Screening, WatchlistVersion
from compliance.selectors.groups import group_use
from compliance.selectors.hits import hit_facts
from compliance.selectors.identity import KycStatus, kyc_statuses
from compliance.selectors.ownership import Upstream, edge_facts, upstream
from compliance.selectors.parties import wallet_proven_at
from compliance.selectors.payment_signs import payment_risks_of
from compliance.selectors.place_signs import locations_of
from compliance.selectors.policies import catalogue, pack_for
from compliance.selectors.suspensions import recorded_suspensions
from compliance.selectors.vantages import node_place
from compliance.selectors.watchlists import stale_at
from compliance.services import screening, wallet_answers
from compliance.services.end_users import end_user_hits
from compliance.sources.catalogue import KNOWN_LISTS

PURPOSES = ("lease", "renewal", "deposit", "payout")


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What is asked of the gate.

    `subject_id` is the lease or the payout; `amount_minor` is in minor units of `currency`; `end_user` has `kind`
    (self, other, undisclosed), `name` and `country`; countries are ISO 3166-1 alpha-2. `end_use_kind` is one of
    `end_uses.KINDS`, "" while the renter does not tell it.
    """

    purpose: str
    subject_id: UUID
    renter_party_id: UUID | None
    provider_party_id: UUID | None
    gpu_slug: str = ""
    gpu_count: int = 0
    node_id: UUID | None = None
    node_country: str = ""
    node_region: str = ""
    rail: str = ""
    wallet: str = ""
    amount_minor: int | None = None
    currency: str = ""
    end_use: str = ""
    end_user: dict[str, Any] = field(default_factory=dict)
    seconds: int = 0
    node_city: str = ""
    end_use_kind: str = ""

    @classmethod
    def payment_out(
        cls, subject_id: UUID, payee_id: UUID, *, rail: str, amount_minor: int, currency: str, wallet: str = ""
    ) -> "GateRequest":
        """May this payout or refund be paid to this party: whoever is paid stands where a provider does."""
        return cls(
            "payout",
            subject_id,
            renter_party_id=None,
            provider_party_id=payee_id,
            rail=rail,
            wallet=wallet,
            amount_minor=amount_minor,
            currency=currency,
        )


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts, with the rows behind them."""

    facts: Facts
    screenings: dict[UUID, Screening]
    matches: tuple[Match, ...]
    list_versions: dict[str, str]


def gather(request: GateRequest, *, as_of: datetime, store: bool) -> Gathered:
    """All that is known at the moment about what is asked. Screenings that are not yet stored are, if `store`.

    Raises NotFound when a party does not exist, SubjectErased when its data is gone, InvalidInput for an unknown
    purpose, NoPackInForce.
    """
    if request.purpose not in PURPOSES:
        raise InvalidInput(f"The purpose is one of {', '.join(PURPOSES)}. Nothing was changed.")
    asked = [each for each in (request.renter_party_id, request.provider_party_id) if each is not None]
    above = upstream(asked)
    if not asked or any(party_id not in above.parties for party_id in asked):
        raise NotFound("There is no such party. Nothing was changed.")
    if any(above.parties[party_id].erased_at is not None for party_id in asked):
        raise SubjectErased
    screened = screening.screen_parties(list(above.parties.values()), trigger="gate", store=store)
    wallets = wallets_of(request)
    oracle = wallet_answers.heard(wallets, as_of)
    pack = pack_for(as_of)
    people = _people(above, asked, as_of, pack.countries)
    renter_id, provider_id = request.renter_party_id, request.provider_party_id
    facts = Facts(
        purpose=request.purpose,
        as_of=as_of,
        renter=people[renter_id] if renter_id else None,
        provider=people[provider_id] if provider_id else None,
        parties=tuple(people[key] for key in sorted(people, key=str) if key not in asked),
        edges=tuple(edge_facts(edge) for edge in above.edges),
        screened=tuple(sorted(str(key) for key in screened.screenings)),
        hits=tuple(hit_facts(match) for match in screened.matches),
        lists=(*_lists(screened.versions, as_of), *([oracle.state] if oracle.state else ())),
        chips=_chips(request, as_of),
        node_country=request.node_country.upper(),
        node_region=request.node_region,
        rail=request.rail,
        wallet=request.wallet,
        wallet_screened=bool(screened.versions),
        wallet_hits=(
            *(wallet_hit_facts(hit) for hit in screening.wallet_hits(wallets, screened.versions)),
            *oracle.hits,
        ),
        amount_minor=request.amount_minor,
        currency=request.currency,
        seconds=request.seconds,
        end_use=request.end_use,
        end_user=_end_user(request.end_user, screened.versions),
        training=end_uses.trains(request.end_use_kind),
        locations=locations_of(renter_id, people[renter_id].country, as_of) if renter_id else Locations(),
        findings=_findings(above.parties, as_of),
        suspensions=_suspensions(as_of),
        node_city=request.node_city if pack.countries.told_by_address(request.node_country.upper()) else "",
        node_place=_node_place(request, as_of, pack),
        group_use=_group_use(request, as_of, pack),
        wallet_proven_at=_wallet_proven_at(request),
        payment_risks=payment_risks_of(renter_id, as_of, pack) if renter_id else (),
        end_use_kind=request.end_use_kind,
        node_id=str(request.node_id) if request.node_id else "",
        provider_locations=_provider_locations(request, people, as_of),
    )
    versions = {version.watchlist_id: str(version.pk) for version in screened.versions}
    return Gathered(facts, screened.screenings, screened.matches, versions)


def _people(above: Upstream, asked: list[UUID], as_of: datetime, countries: CountryTables) -> dict[UUID, PartyFacts]:
    statuses = kyc_statuses(asked, above)
    restricted: dict[UUID, set[str]] = {key: set() for key in above.parties}
    rows = Restriction.objects.filter(party_id__in=above.parties, lifted_at=None)
    for party_id, restriction_id in rows.values_list("party_id", "id"):
        restricted[party_id].add(str(restriction_id))
    for party_id, found in _of_twins(above.parties.values()).items():
        restricted[party_id] |= found
    return {
        key: _party(party, statuses.get(key), countries, restrictions=tuple(sorted(restricted[key])))
        for key, party in above.parties.items()
    }


def _of_twins(parties: Iterable[Party]) -> dict[UUID, set[str]]:
    """The restrictions of those who are our parties under another account: one register knows both by one number."""
    ours = {party.pk: _registered(party.country, party.registration_number) for party in parties}
    wanted = {country for country, number in ours.values() if number}
    if not wanted:
        return {}
    rows = Restriction.objects.filter(lifted_at=None, party__country__in=wanted).exclude(party__registration_number="")
    frozen: dict[tuple[str, str], set[str]] = {}
    for country, number, restriction_id in rows.values_list("party__country", "party__registration_number", "id"):
        frozen.setdefault(_registered(country, number), set()).add(str(restriction_id))
    return {party_id: frozen[known] for party_id, known in ours.items() if known[1] and known in frozen}


def _registered(country: str, number: str) -> tuple[str, str]:
    return country, "".join(each for each in number.casefold() if each.isalnum())


def _party(
    party: Party, kyc: KycStatus | None, countries: CountryTables, *, restrictions: tuple[str, ...]
) -> PartyFacts:
    return PartyFacts(
        id=str(party.pk),
        kind=party.kind,
        name=party.name,
        country=party.country,
        region=party.region,
        headquarters_country=party.headquarters_country,
        kyc_level=kyc.verified_level if kyc else "",
        kyc_expires_at=kyc.expires_at if kyc and kyc.verified_level else None,
        restricted=bool(restrictions),
        restrictions=restrictions,
        subject_hash=party.subject_hash,
        birth_date=party.birth_date,
        ownership_complete=party.ownership_complete,
        aliases=tuple(party.aliases),
        undisclosed=party.undisclosed,
        # A personal datum that few questions need: the facts carry it only where a country's name says too little.
        address=party.address if countries.told_by_address(party.country) else "",
    )


def wallets_of(request: GateRequest) -> list[str]:
    """The wallet presented and those that the parties say are theirs: a listed one is a fact whatever pays today."""
    asked = [each for each in (request.renter_party_id, request.provider_party_id) if each is not None]
    linked = PartyWallet.objects.filter(party_id__in=asked).values_list("address", flat=True)
    return sorted({*linked, request.wallet} - {""})


def _wallet_proven_at(request: GateRequest) -> datetime | None:
    """When the party that pays, or for a payout the one that is paid, proved the wallet to be its own."""
    owner = request.provider_party_id if request.purpose == "payout" else request.renter_party_id
    return wallet_proven_at(owner, request.wallet) if request.wallet and owner else None


def wallet_hit_facts(hit: screening.ListedWalletHit) -> WalletHit:
    """The listed address as a fact."""
    return WalletHit(
        address=hit.address,
        list_code=hit.list_code,
        authority=hit.authority,
        external_id=hit.external_id,
        listed_name=hit.listed_name,
        currency=hit.currency,
    )


def _lists(versions: Iterable[WatchlistVersion], as_of: datetime) -> tuple[ListState, ...]:
    """The state of every list; a list that was never loaded is there too, without a version."""
    current = {version.watchlist_id: version for version in versions}
    states = []
    for code in sorted({known.code for known in KNOWN_LISTS} | set(current)):
        version = current.get(code)
        if version is None:
            states.append(ListState(code, ""))
            continue
        states.append(ListState(code, version.sha256, version.confirmed_at, stale_at(version) <= as_of))
    return tuple(states)


def _end_user(told: dict[str, Any], versions: Iterable[WatchlistVersion]) -> EndUser | None:
    """For whom is computed, as told; another than the renter is compared with the lists, though no party of ours."""
    if not told:
        return None
    user = EndUser(
        kind=str(told.get("kind") or "undisclosed"),
        name=str(told.get("name") or ""),
        country=str(told.get("country") or "").upper(),
    )
    return replace(user, hits=end_user_hits(user, screening.index_over(versions))) if user.kind == "other" else user


def _node_place(request: GateRequest, as_of: datetime, pack: PolicyPack) -> NodePlace | None:
    """What was measured of the machine, as far back as the pack's rules look."""
    hours = [int(rule.params["max_age_hours"]) for rule in pack.rules if "max_age_hours" in rule.params]
    if request.node_id is None or not hours:
        return None
    place = (request.node_country, request.node_region, request.node_city)
    return node_place(request.node_id, *place, as_of, timedelta(hours=max(hours)))


def _provider_locations(request: GateRequest, people: dict[UUID, PartyFacts], as_of: datetime) -> Locations:
    """Where the one who is paid seems to be; nothing else is asked about a provider's own whereabouts."""
    provider_id = request.provider_party_id
    if request.purpose != "payout" or provider_id is None:
        return Locations()
    return locations_of(provider_id, people[provider_id].country, as_of)


def _group_use(request: GateRequest, as_of: datetime, pack: PolicyPack) -> tuple[GroupUse, ...]:
    """Only a lease computes."""
    if request.renter_party_id is None or request.purpose not in ("lease", "renewal"):
        return ()
    return group_use(request.renter_party_id, as_of, pack, catalogue(), but=request.subject_id)


def _chips(request: GateRequest, as_of: datetime) -> tuple[ChipRequest, ...]:
    if not request.gpu_slug:
        return ()
    figures = catalogue().figures(request.gpu_slug, as_of.astimezone(UTC).date())
    return (ChipRequest(request.gpu_slug, request.gpu_count, figures),)


def _suspensions(as_of: datetime) -> tuple[SuspensionFacts, ...]:
    return tuple(
        SuspensionFacts(row.law, row.starts_on.isoformat(), row.ends_on.isoformat(), row.citation)
        for row in recorded_suspensions(as_of.astimezone(UTC).date())
    )


def _findings(party_ids: Iterable[UUID], as_of: datetime) -> tuple[FindingFacts, ...]:
    rows = Finding.objects.filter(party_id__in=list(party_ids), expires_at__gt=as_of).order_by("created_at", "id")
    return tuple(
        FindingFacts(
            party_id=str(row.party_id),
            code=row.reason_code,
            scope=row.scope,
            subject_hash=row.subject_hash,
            expires_at=row.expires_at,
        )
        for row in rows
    )
