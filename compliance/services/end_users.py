"""End users other than the renter: no parties of ours, and compared with the lists all the same."""

from compliance.engine.facts import EndUser, ScreeningHit
from compliance.engine.screening import NameQuery
from compliance.models import ListedParty
from compliance.services.screening_index import Index

MOST = 5  # entries; who resembles more has a common name, and an officer sees enough


def end_user_hits(user: EndUser, index: Index | None) -> tuple[ScreeningHit, ...]:
    """The entries of lists that the end user may be, by name and country alone, best first; at most five."""
    if index is None or not user.name.strip():
        return ()
    # Whether it is a person or a company is not told: it is read as both.
    query = NameQuery(user.name, countries=(user.country,) if user.country else ())
    found = index.candidates_of([query], ())[:MOST]
    rows = ListedParty.objects.in_bulk([each.listed_party_id for each in found]) if found else {}
    return tuple(each.as_fact(rows[each.listed_party_id]) for each in found)
