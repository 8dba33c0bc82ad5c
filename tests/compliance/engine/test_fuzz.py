"""The engine answers whatever valid facts it gets, by every pack, and the facts survive being stored."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.decide import decide
from compliance.engine.facts import (
    ChipFigures,
    ChipRequest,
    EndUser,
    Facts,
    FindingFacts,
    GroupUse,
    ListState,
    Locations,
    NodePlace,
    OwnershipEdgeFacts,
    PartyFacts,
    RoundTrip,
    ScreeningHit,
    Tops,
    WalletHit,
)
from compliance.engine.locations import NETWORKS
from compliance.engine.outcome import SEVERITY
from tests.compliance.engine.world import PACKS

# Every part may be anything that the facts' own checks let through; ids come from a few so that things meet.
TEXT = st.text(max_size=12)
IDS = st.sampled_from(["renter", "provider", "a", "b", "c", ""])
KNOWN_PLACES = st.sampled_from(["SG", "CN", "IR", "UA", "RU", "XK", ""])
PLACES = st.one_of(KNOWN_PLACES, st.sampled_from(["xx", "\u202e"]))
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
SHARES = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted)
LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
ADDRESSES = st.sampled_from(["", "Simferopol 95000", "Donetsk", "83001", "Yalta 01001", "обл. Луганськ 91000", "٣٣٣٣٣"])
FIGURES = st.decimals("0.0000001", "1e11", allow_nan=False, places=7).map(str)

PARTIES = st.builds(
    PartyFacts,
    id=IDS.filter(bool),
    kind=st.sampled_from(["person", "entity"]),
    name=TEXT,
    country=KNOWN_PLACES,
    region=st.one_of(TEXT, st.sampled_from(["UA-43", "Crimea", "Donetsk"])),
    headquarters_country=KNOWN_PLACES,
    kyc_level=st.sampled_from(["", "individual", "business", "enhanced", "grand"]),
    kyc_expires_at=st.none() | MOMENTS,
    restricted=st.booleans(),
    subject_hash=TEXT,
    ownership_complete=st.booleans(),
    address=ADDRESSES,
)
EDGES = st.builds(
    lambda owner, owned, share, interest: OwnershipEdgeFacts(owner, owned, str(share[0]), str(share[1]), interest),
    IDS,
    IDS,
    SHARES,
    st.sampled_from(["shareholding", "votingRights", "otherInfluenceOrControl", "seniorManagingOfficial", "?"]),
)
HITS = st.builds(
    ScreeningHit,
    party_id=IDS,
    list_code=TEXT,
    authority=st.sampled_from(["OFAC", "UN", "BIS", "STATE"]),
    external_id=TEXT,
    listed_name=TEXT,
    score=st.floats(0, 1),
    threshold=st.floats(0, 1),
    strength=st.sampled_from(["strong", "weak"]),
    listed_as_blocked=st.booleans(),
    programmes=st.lists(st.sampled_from(["EL", "MEU", "UVL"]), max_size=2).map(tuple),
    cleared=st.booleans(),
)
CHIPS = st.builds(
    ChipRequest,
    slug=TEXT,
    count=st.integers(0, 10**6),
    figures=st.none()
    | st.builds(
        ChipFigures,
        name=TEXT,
        dense_tops=st.lists(st.builds(Tops, st.integers(1, 1024), FIGURES), max_size=3).map(tuple),
        die_area_mm2=st.none() | FIGURES,
        datacenter=st.sampled_from([None, True, False]),
        dram_gbps=st.none() | FIGURES,
        is_informed=TEXT,
    ),
)
TRIPS = st.builds(
    RoundTrip,
    vantage=TEXT,
    latitude=LATITUDES,
    longitude=LONGITUDES,
    microseconds=st.integers(1, 10**7),
    rounds=st.integers(1, 50),
    measured_at=MOMENTS,
)
NODE_PLACES = st.builds(
    lambda point, **more: NodePlace(latitude=point and point[0], longitude=point and point[1], **more),
    st.none() | st.tuples(LATITUDES, LONGITUDES),
    label=TEXT,
    radius_km=st.floats(0, 5_000),
    asked=st.integers(0, 9),
    round_trips=st.lists(TRIPS, max_size=4).map(tuple),
)
USES = st.builds(
    GroupUse,
    window_days=st.sampled_from([90, 30]),
    parties=st.integers(0, 99),
    leases=st.integers(0, 10**6),
    controlled_gpu_seconds=st.integers(0, 10**12),
    unknown_gpu_seconds=st.integers(0, 10**12),
    tpp_seconds=st.integers(0, 10**20).map(str),
    operations=st.integers(0, 10**30).map(str),
)
NETWORK = st.sampled_from(NETWORKS)


def facts_of(*, parties, **more):
    """Facts in which one id names one party."""
    dealing = {party.id for party in (more["renter"], more["provider"]) if party}
    related = {party.id: party for party in parties if party.id not in dealing}
    return Facts(parties=tuple(related.values()), **more)


FACTS = st.builds(
    facts_of,
    purpose=st.sampled_from(["lease", "renewal", "deposit", "payout"]),
    as_of=st.datetimes(datetime(2023, 12, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    renter=st.none() | PARTIES,
    provider=st.none() | PARTIES,
    parties=st.lists(PARTIES, max_size=4),
    edges=st.lists(EDGES, max_size=6).map(tuple),
    screened=st.lists(IDS, max_size=4).map(tuple),
    hits=st.lists(HITS, max_size=4).map(tuple),
    lists=st.lists(
        st.builds(ListState, code=st.sampled_from(["ofac_sdn", "un_sc", "us_csl"]), version=TEXT, stale=st.booleans()),
        max_size=4,
    ).map(tuple),
    chips=st.lists(CHIPS, max_size=3).map(tuple),
    node_country=KNOWN_PLACES,
    node_region=TEXT,
    rail=st.sampled_from(["", "card", "escrow", "balance"]),
    wallet=TEXT,
    wallet_screened=st.booleans(),
    wallet_hits=st.lists(st.builds(WalletHit, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=1).map(tuple),
    seconds=st.integers(0, 10**9),
    end_use=st.one_of(TEXT, st.sampled_from(["train an llm", "missile", "MISSILE\x00"])),
    end_user=st.none()
    | st.builds(EndUser, st.sampled_from(["self", "other", "undisclosed", "?"]), name=TEXT, country=PLACES),
    training=st.sampled_from([None, True, False]),
    locations=st.builds(
        Locations,
        declared=PLACES,
        ip=PLACES,
        card=PLACES,
        document=PLACES,
        ip_region=ADDRESSES,
        ip_network=NETWORK,
        login=PLACES,
        login_network=NETWORK,
    ),
    findings=st.lists(st.builds(FindingFacts, IDS, TEXT, TEXT, TEXT, MOMENTS), max_size=2).map(tuple),
    node_city=ADDRESSES,
    node_place=st.none() | NODE_PLACES,
    group_use=st.lists(USES, max_size=2).map(tuple),
)


@settings(max_examples=300, deadline=timedelta(seconds=2))
@given(FACTS)
def test_every_pack_answers_whatever_valid_facts(facts):
    stored = json.loads(json.dumps(facts.to_json()))
    again = Facts.from_json(stored)
    assert again == facts
    for pack in PACKS:
        outcome = decide(facts, pack)
        assert outcome.outcome in SEVERITY
        assert decide(again, pack).digest() == outcome.digest()
        assert {check.state for check in outcome.checks} <= {"passed", "failed", "unknown"}
        assert all(reason.sentence and reason.citation for reason in outcome.reasons)
