"""Rules about where the machine can be, by the time in which it answers vantage points.

Whoever holds the node's key can answer late, and never early: a round trip proves how far away the machine is at most.
"""

from datetime import timedelta

from compliance.engine.facts import NodePlace, RoundTrip
from compliance.engine.globe import FARTHEST_KM, FIBRE_KM_PER_MS, distance_km, reach_km
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


def node_place_asked(question: Question, rule: RulePolicy) -> Answer:
    """For controlled chips, vantage points measure the machine: nobody's word tells where it is."""
    place = question.facts.node_place
    if not question.controlled:
        return Answer(detail="The chips are not controlled.")
    if place is not None and place.asked > 0:
        return Answer(detail=f"{place.asked} vantage points measure it.")
    looked_at = (*seen.machine(question), f"place={place.label}") if place else seen.machine(question)
    sentence = "No vantage point measures the machine: nothing but its provider's word tells where it stands."
    return problems(Problem(sentence, (), _owner(question), "place:unasked", True, seen=looked_at))


def node_place_known(question: Question, rule: RulePolicy) -> Answer:
    """The declared place of the machine is in the tables, or no measured time could speak against it."""
    place = question.facts.node_place
    if place is None or place.latitude is not None:
        return Answer()
    sentence = (
        f"The declared place of the machine ({place.label or 'none'}) is in no table, so no time was held against it."
    )
    looked_at = (*seen.machine(question), f"place={place.label}")
    return problems(Problem(sentence, (), _owner(question), "place:unplaced", True, seen=looked_at))


def node_place_bounded(question: Question, rule: RulePolicy) -> Answer:
    """For controlled chips, the shortest time that was measured leaves the machine no more room than the rule's."""
    place = question.facts.node_place
    if not question.controlled or place is None:
        return Answer()
    fresh = _fresh(question, rule, place)
    if not fresh:
        return Answer(detail="No vantage point measured it, which another rule asks about.")
    soonest, speed = min(fresh, key=lambda trip: trip.microseconds), float(rule.params["km_per_ms"])
    reached = reach_km(soonest.microseconds, speed)
    if reached <= rule.params["most_km"]:
        return Answer(detail=f"It is at most {reached:,.0f} km from {soonest.vantage}.")
    where = f"up to {reached:,.0f} km from there" if reached < FARTHEST_KM else "anywhere on the globe"
    sentence = (
        f"The soonest of its answers took {_ms(soonest.microseconds)} to {soonest.vantage}: the machine may be {where}."
    )
    looked_at = seen.measured(question, place, (soonest,), speed)
    return problems(Problem(sentence, (_told(soonest),), _owner(question), "place:wide", True, seen=looked_at))


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
    """Those of the rule's last hours; with `past_only` none that claims to be later than the question."""
    oldest = question.now - timedelta(hours=int(rule.params["max_age_hours"]))
    latest = question.now if rule.params.get("past_only") else None
    return [
        trip
        for trip in place.round_trips
        if trip.measured_at >= oldest and (latest is None or trip.measured_at <= latest)
    ]


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
