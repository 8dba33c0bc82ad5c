"""Matches with listed parties, side by side with the party's own facts."""

from dataclasses import dataclass

from django.db.models import QuerySet

from compliance.engine.second_facts import births_agree
from compliance.engine.wallet_keys import wallet_key
from compliance.models import Case, ListedParty, Match, Party

MOST_WALLETS = 5  # of a listed party; those that agree are among them


@dataclass(frozen=True, slots=True)
class Comparison:
    """One fact of the party beside the listed one's; `agrees` is None where one of them is silent."""

    label: str
    party: str
    listed: str
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class MatchView:
    """A match with the listed facts side by side."""

    match: Match
    list_title: str
    authority: str
    other_names: tuple[str, ...]
    programmes: tuple[str, ...]
    identifiers: tuple[str, ...]
    remarks: str
    comparisons: tuple[Comparison, ...]


def match_views(case: Case) -> tuple[MatchView, ...]:
    """The matches of the case's screening, best first, each beside the listed party's facts."""
    if case.screening_id is None:
        return ()
    return views_of(Match.objects.filter(screening_id=case.screening_id))


def views_of(matches: QuerySet[Match]) -> tuple[MatchView, ...]:
    """The matches, best first, each beside the listed party's facts; in five queries, however many they are."""
    rows = (
        matches.select_related("party", "listed_party__version__watchlist")
        .prefetch_related("listed_party__names", "listed_party__wallets", "party__wallets")
        .order_by("-score", "list_code", "external_id")
    )
    return tuple(_match_view(row) for row in rows)


def _match_view(row: Match) -> MatchView:
    listed, party = row.listed_party, row.party
    return MatchView(
        match=row,
        list_title=listed.version.watchlist.title,
        authority=listed.authority or listed.version.watchlist.authority,
        other_names=tuple(each.name for each in listed.names.all() if each.name != listed.primary_name),
        programmes=tuple(listed.programmes),
        identifiers=tuple(listed.identifiers),
        remarks=listed.remarks,
        comparisons=(
            Comparison("Name", party.name, row.listed_name, party.name.casefold() == row.listed_name.casefold()),
            _compared("Kind", [party.kind], [listed.kind] if listed.kind != "unknown" else []),
            _compared("Country", [party.country, party.headquarters_country], listed.countries),
            _births(party, listed),
            _numbers(party, listed),
            _wallets(party, listed),
        ),
    )


def _compared(label: str, mine: list[str], theirs: list[str]) -> Comparison:
    ours = _told(mine)
    same = bool(set(ours) & set(theirs)) if ours and theirs else None
    return Comparison(label, ", ".join(ours), ", ".join(theirs), same)


def _births(party: Party, listed: ListedParty) -> Comparison:
    """As the screening weighs them: a year agrees with a day in it, and a span of years settles nothing."""
    ours = _told([party.birth_date])
    spans = ", ".join(each.replace("/", " to ") for each in listed.birth_dates)
    return Comparison("Date of birth", ", ".join(ours), spans, births_agree(ours, listed.birth_dates))


def _numbers(party: Party, listed: ListedParty) -> Comparison:
    """By letters and digits alone: a number agrees with what contains it, such as “Passport A123-45 (IR)”."""
    ours = _told([party.registration_number, party.lei])
    mine, theirs = ({_plain(each) for each in side} - {""} for side in (ours, listed.identifiers))
    same = any(one in other or other in one for one in mine for other in theirs) if mine and theirs else None
    return Comparison("Registration", ", ".join(ours), ", ".join(listed.identifiers), same)


def _wallets(party: Party, listed: ListedParty) -> Comparison:
    """One that both have agrees, and stands first; another one settles nothing, since whoever is listed has many."""
    ours = sorted(each.address for each in party.wallets.all())
    mine = {wallet_key(each) for each in ours}
    theirs = sorted(listed.wallets.all(), key=lambda each: (each.address_key not in mine, each.address))
    same = any(each.address_key in mine for each in theirs)
    told = ", ".join(each.address for each in theirs[:MOST_WALLETS])
    more = f" and {len(theirs) - MOST_WALLETS} more" if len(theirs) > MOST_WALLETS else ""
    return Comparison("Wallets", ", ".join(ours), told + more, True if same else None)


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _told(values: list[str]) -> list[str]:
    return [each for each in dict.fromkeys(values) if each]
