"""What speaks against a question, one thing at a time: laid over one that is allowed, it stops it."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from compliance.engine.facts import EndUser, Facts, RoundTrip, ScreeningHit
from tests.compliance.engine.world import BRISBANE, LISTS, NOW, hit, person, wallet_hit

HITS = st.builds(
    lambda party, strength, blocked, authority, programme: hit(
        party, strength=strength, blocked=blocked, authority=authority, programmes=(programme,)
    ),
    st.sampled_from(["renter", "provider", "owner", "holding"]),
    st.sampled_from(["strong", "weak"]),
    st.booleans(),
    st.sampled_from(["OFAC", "UN", "BIS", "STATE", "EU", "UK", "CH"]),
    st.sampled_from(["EL", "MEU", "UVL", "SSI", "UKRAINE-EO13662", "CMIC", "RUSSIA-EO14024", "X"]),
)
SINGAPORE = RoundTrip("Singapore", 1.35, 103.82, 9_000, 12, NOW)


def with_hit(facts: Facts, more: ScreeningHit) -> Facts:
    """The same with one more match."""
    return replace(facts, hits=(*facts.hits, more))


def of_the_renter(facts: Facts, **changes: object) -> Facts:
    """The same with another renter, if there is one."""
    return replace(facts, renter=replace(facts.renter, **changes)) if facts.renter else facts


def seen(facts: Facts, **signs: str) -> Facts:
    """The same with other signs of the renter's place."""
    return replace(facts, locations=replace(facts.locations, **signs))


# By name: the least that follows for a lease of controlled chips, and the question with it.
TROUBLES: dict[str, tuple[str, Callable[[Facts], Facts]]] = {
    "nothing": ("ALLOW", lambda facts: facts),
    "a strong match of the provider": ("DENY", lambda facts: with_hit(facts, hit("provider"))),
    "a possible match of the owner": ("REVIEW", lambda facts: with_hit(facts, hit("owner", strength="weak"))),
    "a renter of China": ("DENY", lambda facts: of_the_renter(facts, country="CN", headquarters_country="CN")),
    "a renter that is verified no more": ("DENY", lambda facts: of_the_renter(facts, kyc_expires_at=NOW)),
    "an owner in Iran": ("REVIEW", lambda facts: replace(facts, parties=(person("owner", "IR"), *facts.parties[1:]))),
    "an end user whom nobody names": ("REVIEW", lambda facts: replace(facts, end_user=EndUser("undisclosed"))),
    "a list out of date": (
        "REVIEW",
        lambda facts: replace(facts, lists=(replace(LISTS[0], stale=True), *facts.lists[1:])),
    ),
    "a machine in Iran": ("DENY", lambda facts: replace(facts, node_country="IR")),
    "a machine that is elsewhere": (
        "REVIEW",
        lambda facts: replace(facts, node_place=replace(BRISBANE, round_trips=(*BRISBANE.round_trips, SINGAPORE))),
    ),
    "a connection from Crimea": ("DENY", lambda facts: seen(facts, ip="UA", ip_region="UA-43")),
    "a login by Tor": ("REVIEW", lambda facts: seen(facts, login_network="tor")),
    "a listed wallet": ("DENY", lambda facts: replace(facts, wallet_hits=(wallet_hit(),))),
    "a frozen provider": (
        "DENY",
        lambda facts: replace(facts, provider=facts.provider and replace(facts.provider, restricted=True)),
    ),
}
