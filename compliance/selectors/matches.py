"""Matches with listed parties, side by side with the party's own facts."""

from dataclasses import dataclass

from django.db.models import QuerySet

from compliance.models import Case, Match


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
    """The matches, best first, each beside the listed party's facts; in four queries, however many they are."""
    rows = (
        matches.select_related("party", "listed_party__version__watchlist")
        .prefetch_related("listed_party__names", "party__wallets")
        .order_by("-score", "list_code", "external_id")
    )
    return tuple(_match_view(row) for row in rows)


def _match_view(row: Match) -> MatchView:
    listed, party = row.listed_party, row.party
    wallets = sorted(wallet.address for wallet in party.wallets.all())
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
            _compared("Date of birth", [party.birth_date], listed.birth_dates),
            _compared("Registration", [party.registration_number], listed.identifiers),
            Comparison("Wallets", ", ".join(wallets), "", None),
        ),
    )


def _compared(label: str, mine: list[str], theirs: list[str]) -> Comparison:
    ours = [each for each in dict.fromkeys(mine) if each]
    agrees = None
    if ours and theirs:
        # A year agrees with a full date in it, a number with an identifier that contains it.
        agrees = any(a in b or b in a for a in ours for b in theirs)
    return Comparison(label, ", ".join(ours), ", ".join(theirs), agrees)
