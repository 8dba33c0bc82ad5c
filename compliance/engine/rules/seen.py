"""What a rule looked at, in lines: a finding that is bound to it answers no question about anything else (ADR 0117)."""

import unicodedata
from collections.abc import Iterable

from compliance.engine.facts import NodePlace, RoundTrip
from compliance.engine.globe import reach_km
from compliance.engine.rules.base import Question

# Times of one machine differ a little from day to day: within a step they are one answer of it.
REACH_STEP_KM = 500


def machine(question: Question) -> tuple[str, ...]:
    """The machine, and where it is declared to be."""
    facts = question.facts
    return (f"node={facts.node_id}", f"country={facts.node_country}", f"region={words(facts.node_region)}")


def request(question: Question) -> tuple[str, ...]:
    """What is asked for: so many of which GPUs, whatever machine has them."""
    return ("request", *(f"gpus={chip.count} {chip.slug}" for chip in question.facts.chips))


def measured(question: Question, place: NodePlace, trips: Iterable[RoundTrip], km_per_ms: float) -> tuple[str, ...]:
    """The machine, its declared place, and how far from each vantage point its answers let it be, in steps."""
    return (
        *machine(question),
        f"place={place.label} {place.latitude} {place.longitude} {place.radius_km}",
        *(f"{trip.vantage}<{_step(trip, km_per_ms)}" for trip in trips),
    )


def end_use(question: Question) -> str:
    """The whole text of the end use, so that a word in another text is another question."""
    return f"end_use={words(question.facts.end_use)}"


def place(question: Question, what: str, country: str, *details: str) -> tuple[str, ...]:
    """One place of the deal: what it is the place of, and all that is said of it."""
    facts = question.facts
    more: tuple[str, ...] = ()
    if what == "The machine":
        more = machine(question)
    elif what == "The end user" and facts.end_user:
        more = (facts.end_user.kind, words(facts.end_user.name))
    elif what == "The address of the connection":
        more = (facts.locations.ip_network,)
    elif what == "The last login":
        more = (facts.locations.login_network,)
    return (f"what={what}", f"in={country}", *(f"said={words(each)}" for each in (*details, *more)))


def words(text: str) -> str:
    """The text in one form, however it is typed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _step(trip: RoundTrip, km_per_ms: float) -> int:
    return (int(reach_km(trip.microseconds, km_per_ms)) // REACH_STEP_KM + 1) * REACH_STEP_KM
