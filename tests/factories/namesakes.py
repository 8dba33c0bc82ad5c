"""Companies that bear a listed party's name, each with a case of its own, and batches of these."""

from collections.abc import Iterable

from compliance.base.actor import SYSTEM, Actor
from compliance.models import Case, CaseBatch, Party
from compliance.selectors.case_batches import Entry, repeated_entries
from compliance.services import case_batches, list_hits, parties, screening
from compliance.services.parties import PartyInput

NAME = "Lanternfish Optics Trading FZCO"
WHY = "The listed company was struck off in 2019; these were founded later."


def hit(country: str, name: str, *, actor: Actor = SYSTEM, **more: object) -> Party:
    """A company of that name, screened; what it resembles has a case."""
    party = parties.register_party(PartyInput("entity", name, country, **more), actor=actor)  # type: ignore[arg-type]
    list_hits.handle_screening(screening.screen_party(party.pk, trigger="gate"), actor=SYSTEM)
    return party


def of_a_listed_party(countries: Iterable[str]) -> list[Party]:
    """A company in each country that bears the name of an entry of the sample lists, and resembles no other."""
    return [hit(country, NAME) for country in countries]


def case_of(party: Party) -> Case:
    """The case about whom the party resembles."""
    return Case.objects.get(party=party, kind="screening_hit")


def entry() -> Entry:
    """The entry that most open cases are about."""
    return repeated_entries()[0].entry


def proposed(actor: Actor, countries: Iterable[str] = ("NL", "BE")) -> CaseBatch:
    """A batch about such companies, proposed in each of their cases."""
    chosen = of_a_listed_party(countries)
    batch = case_batches.propose_batch(entry(), [case_of(party).pk for party in chosen], WHY, actor=actor)
    case_batches.work_batch(batch.pk, actor=SYSTEM)
    batch.refresh_from_db()
    return batch
