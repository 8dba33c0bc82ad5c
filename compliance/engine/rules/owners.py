"""Rules about the owners themselves: that it is known who they are, and where."""

from compliance.engine.facts import PartyFacts
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import states
from compliance.engine.rules.base import Answer, Problem, Question, problems


def owners_disclosed(question: Question, rule: RulePolicy) -> Answer:
    """Nobody stands above a dealing party of whom a source does not tell who it is.

    A source that gives a reason for its silence says that there is somebody: that is unknown, never none.
    """
    return problems(
        *(
            Problem(
                f"Who stands above {party.name} as “{owner.name}” is not told ({owner.undisclosed}).",
                (owner.undisclosed,),
                party.id,
                f"undisclosed:{owner.id}",
                True,
                _state(question, party, owner),
            )
            for party, owner in _owners(question)
            if owner.undisclosed
        )
    )


def owners_placed(question: Question, rule: RulePolicy) -> Answer:
    """Of the dealing parties and everybody who stands above them it is known where they live or are registered."""
    return problems(
        *(
            Problem(
                f"Where {party.name} lives or is registered is not known.",
                (),
                party.id,
                f"place:{party.id}",
                True,
                seen=states.as_known(party),
            )
            for party in question.principals
            if not party.country
        ),
        *(
            Problem(
                f"Where {owner.name}, who stands above {party.name}, lives or is registered is not known.",
                (),
                party.id,
                f"place:{owner.id}",
                True,
                _state(question, party, owner),
            )
            for party, owner in _owners(question)
            if not owner.country and not owner.undisclosed
        ),
    )


def _state(question: Question, party: PartyFacts, owner: PartyFacts) -> tuple[str, ...]:
    return (*states.as_known(owner), *states.ways_down(question.graph, owner.id, party.id))


def _owners(question: Question) -> list[tuple[PartyFacts, PartyFacts]]:
    """Each dealing party with each one above it."""
    return [
        (party, question.people[owner])
        for party in question.principals
        for owner in sorted(question.graph.above(party.id) - {party.id})
        if owner in question.people
    ]
