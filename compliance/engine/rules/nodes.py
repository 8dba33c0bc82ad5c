"""Rules about where the machine can be, by the time in which it answers vantage points.

Whoever holds the node's key can answer late, and never early: a round trip proves how far away the machine is at most.
"""

from datetime import timedelta

from compliance.engine.facts import NodePlace, RoundTrip
from compliance.engine.globe import FIBRE_KM_PER_MS, distance_km, reach_km
from compliance.engine.packs import RulePolicy
from compliance.engine.place_check import Held, held_against
from compliance.engine.rules import seen
from compliance.engine.rules.base import Answer, Problem, Question, problems


def node_place_possible(question: Question, rule: RulePolicy) -> Answer:
    """No vantage point got an answer sooner than light in fibre could bring it from the declared place."""
    place = question.facts.node_place
    if place is None or place.latitude is None or place.longitude is None:
        return Answer(detail="The declared place is in no table, so nothing was compared.")
    speed = float(rule.params["km_per_ms"])
    fresh = _fresh(question, rule, place)
    held = held_against(place, fresh, speed)
    found = [_impossible(question, place, each, speed) for each in held if not each.possible]
    told = f"{len(fresh)} vantage points measured {place.label}; each of their times allows it." if fresh else ""
    return problems(*found) if found else Answer(detail=told)


def node_place_measured(question: Question, rule: RulePolicy) -> Answer:
    """For controlled chips, the machine answers the vantage points that the house runs."""
    place = question.facts.node_place
    if not question.controlled or place is None or place.asked == 0:
        return Answer(
            detail="No vantage points are set up." if question.controlled else "The chips are not controlled."
        )
    fresh = _fresh(question, rule, place)
    if fresh:
        return Answer(detail=f"{len(fresh)} of {place.asked} vantage points measured it.")
    sentence = f"None of {place.asked} vantage points measured the machine lately."
    looked_at = seen.measured(question, place, (), FIBRE_KM_PER_MS)
    return problems(Problem(sentence, (), _owner(question), "place:unmeasured", True, seen=looked_at))


def node_place_near(question: Question, rule: RulePolicy) -> Answer:
    """For controlled chips: a vantage point near the declared place gets its answers in the time that this takes.

    A machine that delays its answers looks farther from everywhere, from its declared place too.
    """
    place = question.facts.node_place
    if not question.controlled or place is None or place.latitude is None or place.longitude is None:
        return Answer()
    centre, speed = (place.latitude, place.longitude), float(rule.params["km_per_ms"])
    near = [
        trip
        for trip in _fresh(question, rule, place)
        if distance_km(centre, (trip.latitude, trip.longitude)) <= rule.params["near_km"]
    ]
    reached = [reach_km(trip.microseconds, speed) for trip in near]
    if not near or min(reached) <= rule.params["far_km"] + place.radius_km:
        return Answer()
    names = ", ".join(sorted(trip.vantage for trip in near))
    sentence = (
        f"Vantage points near {place.label} ({names}) had no answer within {_ms(min(t.microseconds for t in near))}: "
        f"the machine may be up to {min(reached):,.0f} km away."
    )
    told, looked_at = tuple(_told(trip) for trip in near), seen.measured(question, place, near, speed)
    return problems(Problem(sentence, told, _owner(question), "place:far", seen=looked_at))


def _fresh(question: Question, rule: RulePolicy, place: NodePlace) -> list[RoundTrip]:
    oldest = question.now - timedelta(hours=int(rule.params["max_age_hours"]))
    return [trip for trip in place.round_trips if trip.measured_at >= oldest]


def _impossible(question: Question, place: NodePlace, held: Held, speed: float) -> Problem:
    trip, nearest = held.trip, held.nearest_km
    sentence = (
        f"A machine in {place.label} cannot answer {trip.vantage} within {_ms(trip.microseconds)}: it is "
        f"{nearest:,.0f} km away, and light in fibre takes {2 * nearest / speed:.1f} ms there and back. It is at most "
        f"{held.reach_km:,.0f} km from {trip.vantage}."
    )
    looked_at = seen.measured(question, place, (trip,), speed)
    return Problem(sentence, (_told(trip),), _owner(question), f"place:{trip.vantage}", seen=looked_at)


def _told(trip: RoundTrip) -> str:
    return f"{trip.vantage}: {_ms(trip.microseconds)}, the least of {trip.rounds}, at {trip.measured_at.isoformat()}"


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:.1f} ms"


def _owner(question: Question) -> str:
    return question.facts.provider.id if question.facts.provider else ""
