"""What every rule gets and gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from compliance.engine.chips import Classification, classify
from compliance.engine.countries import CountryTables
from compliance.engine.facts import ChipRequest, Facts, PartyFacts
from compliance.engine.ownership import Graph
from compliance.engine.packs import RulePolicy


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that stands against ALLOW; `unknown` when a fact is missing and not bad.

    `state` is what it rests on besides the party's own facts: holdings with their shares, entries, an address; `seen`
    is what was looked at: the machine, the sign, the text. Where the pack binds findings to them, an answer holds for
    exactly that.
    """

    sentence: str
    evidence: tuple[str, ...] = ()
    party_id: str = ""
    scope: str = ""
    unknown: bool = False
    state: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule's problems; `detail` explains a pass in more than the pack's words."""

    problems: tuple[Problem, ...] = ()
    detail: str = ""


RuleFunction = Callable[["Question", RulePolicy], Answer]


@dataclass(frozen=True, slots=True)
class Question:
    """The facts with what several rules derive from them."""

    facts: Facts
    countries: CountryTables
    people: dict[str, PartyFacts] = field(init=False)
    chips: tuple[tuple[ChipRequest, Classification], ...] = field(init=False)
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", self.facts.everyone())
        object.__setattr__(self, "chips", tuple((chip, classify(chip.figures)) for chip in self.facts.chips))
        object.__setattr__(self, "graph", Graph(self.facts.edges))

    @property
    def now(self) -> datetime:
        """The moment of the decision, in UTC."""
        return self.facts.as_of.astimezone(UTC)

    @property
    def day(self) -> date:
        """The day of the decision, in UTC."""
        return self.now.date()

    @property
    def principals(self) -> tuple[PartyFacts, ...]:
        """The parties who deal: the renter and the provider, as far as the purpose has them."""
        return tuple(party for party in (self.facts.renter, self.facts.provider) if party)

    @property
    def controlled(self) -> tuple[tuple[ChipRequest, Classification], ...]:
        """The chips that the headquarters test is about; an unknown chip is one of them."""
        return tuple(pair for pair in self.chips if pair[1].controlled)

    def name(self, party_id: str) -> str:
        """The party's name, or its id when it is not among the facts."""
        party = self.people.get(party_id)
        return party.name if party else party_id

    def country(self, code: str) -> str:
        """The country's name in English."""
        return self.countries.name(code)

    def members(self, *groups: str) -> frozenset[str]:
        """The countries of the groups on the day of the decision."""
        return frozenset().union(*(self.countries.members(group, self.day) for group in groups))


def problems(*found: Problem) -> Answer:
    """An answer with these problems."""
    return Answer(tuple(found))
