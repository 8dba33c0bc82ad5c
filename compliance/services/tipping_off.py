"""What a question to a party must not say: that a list, a match or a suspicion is behind it."""

import re
import unicodedata
from collections.abc import Iterable

from compliance.base.errors import InvalidInput
from compliance.models import Case, Match, Watchlist
from compliance.selectors.decisions import opened

# In any case; a stem ends in `\w*`.
_WORDS = (
    r"sanction\w*",
    r"watch ?lists?",
    r"black ?list\w*",
    r"embargo\w*",
    r"ofac",
    r"ofsi",
    r"fincen",
    r"bureau of industry and security",
    r"(denied|blocked|designated|listed|debarred) (person|part|entit|individual)\w*",
    r"(entity|unverified|military end[ -]user|consolidated) list",
    r"politically exposed",
    r"suspicio\w*",
    r"suspect\w*",
    r"launder\w*",
    r"terroris\w*",
    r"(possible|potential|strong|weak|false|name) match\w*",
    r"false positive\w*",
    r"red flag\w*",
    r"screen(ed|ing)",
    r"investigat\w*",
)
# Only as written: in small letters these are words of other languages.
_ABBREVIATIONS = ("BIS", "SDN", "PEP", "UFLPA")
_FORBIDDEN = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")
_SHORT = re.compile(rf"\b(?:{'|'.join(_ABBREVIATIONS)})s?\b")


class TippingOff(InvalidInput):
    """A question to a party names what it must not learn."""

    code = "tipping_off"
    default_message = (
        "The question names a list, a listed party or a suspicion, which the party must not learn. Nothing was sent; "
        "ask for the facts alone."
    )


def refuse_tipping_off(case: Case, question: str) -> None:
    """Nothing happens where the question asks for facts alone. Raises TippingOff, which says what gave it away.

    Names of listed parties are those that the case's party or its decision was ever compared with; a name that the
    party bears itself says nothing.
    """
    written = _plain(question)
    said = written.casefold()
    found = _FORBIDDEN.search(said) or _SHORT.search(written)
    given_away = found.group() if found else next((name for name in _secret_names(case) if _stands_in(name, said)), "")
    if given_away:
        raise TippingOff(
            f"The question says “{given_away}”, which tells what the party must not learn: that a list or a suspicion "
            "is behind it. Nothing was sent; ask for the facts alone."
        )


def _secret_names(case: Case) -> Iterable[str]:
    """Names of lists, and of the listed parties that the case's party resembles, in plain small letters."""
    party = case.party
    names = set(Watchlist.objects.values_list("title", flat=True))
    if party is not None:
        names |= set(Match.objects.filter(party=party).values_list("listed_name", flat=True))
    if case.screening_id is not None:
        names |= set(Match.objects.filter(screening_id=case.screening_id).values_list("listed_name", flat=True))
    if case.decision is not None:
        opened([case.decision])
        hits = [*case.decision.facts.get("hits", ()), *case.decision.facts.get("wallet_hits", ())]
        names |= {hit["listed_name"] for hit in hits}
    own = {_plain(name).casefold() for name in ([party.name, *party.aliases] if party else ())}
    return sorted({_plain(name).casefold() for name in names if len(name) > 3} - own)


def _stands_in(name: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def _plain(text: str) -> str:
    """One form of each letter, nothing invisible, and single blanks."""
    shown = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join(shown.split())
