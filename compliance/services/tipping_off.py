"""What a question to a party must not say: that a list, a match or a suspicion is behind it."""

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.base.errors import InvalidInput
from compliance.engine.written import readings, seen
from compliance.models import Case, ListedName, ListedParty, Match, Watchlist
from compliance.selectors.decisions import opened
from compliance.selectors.hits import hits_told

_LIST = (
    r"(entity|unverified|military end user|consolidated|treasury|government|export control|restrict\w*|un|uk|us|eu)"
    r" lists?"
)
_MONEY = r"(accounts?|assets?|money|funds?|property|balance|wallets?)"
# In any case, in either reading of what is written; a stem ends in `\w*`.
_WORDS = (
    r"sancti?on\w*",
    r"sank[ct]ion\w*",
    r"sancion\w*",
    r"sanzion\w*",
    r"watch ?lists?",
    r"black ?list\w*",
    r"(schwarze|sanktions) ?liste\w*",
    r"liste noire",
    r"embargo\w*",
    r"ofac",
    r"ofsi",
    r"fincen",
    r"bureau of industry and security",
    r"specially designated",
    r"(denied|blocked|designated|listed|debarred|restricted) (person|part|entit|individual|national)\w*",
    r"debar\w*",
    _LIST,
    r"listed by",
    r"(are|were|is|was|been) (you|they|it|he|she|the company)?( ever)? ?(put )?(on|listed on) (a|an|any|our) list",
    r"politically exposed",
    r"suspicio\w*",
    r"suspect\w*",
    r"verdacht\w*",
    r"launder\w*",
    r"geldwasche\w*",
    r"blanchiment",
    r"blanqueo",
    r"terroris\w*",
    r"(possible|potential|strong|weak|false|name) match\w*",
    r"you (have |were |was )?match(ed|es)?",
    r"(match\w*|hits?) (on|against|for|with|of) (you|your|the) ?(names?|company|organi[sz]ation|director|owner)?",
    r"your name (came up|match\w*|appears|appeared|resembles)",
    r"false positive\w*",
    r"red flag\w*",
    r"screen(ed|ing)",
    r"investigat\w*",
    rf"(freez\w*|froze\w*|block\w*|seiz\w*) (of )?(your|the|their|its|his|her|all)? ?{_MONEY}",
    rf"{_MONEY} (freez\w*|seizures?|(is|are|was|were|been|being|stays?|remains?) (frozen|blocked|seized))",
    r"eingefroren\w*",
    r"gel des avoirs",
    r"congela\w* (de )?(sus |los |las )?(fondos|cuentas?|activos)",
    r"report(ed|ing)? (you|your company|about you) to",
    r"(filed|file|filing) (a|an|the) (sar|str|report (on|about) you)s?",
)
# Of other scripts, wherever they stand.
_STEMS = (
    *("санкци", "эмбарго", "подозр", "заморож", "заморозк", "отмыва", "чёрный список", "черный список"),
    *("制裁", "禁运", "禁運", "冻结", "凍結", "可疑", "洗钱", "洗錢", "黑名单", "黑名單", "資産凍結", "疑わしい"),
    *("제재", "동결", "의심", "자금세탁"),
    *("عقوبات", "تجميد", "مشبوه", "تحریم", "مسدود", "مشکوک", "پولشویی"),
)
# Only as written: in small letters these are words of other languages.
_ABBREVIATIONS = ("BIS", "SDN", "PEP", "UFLPA", r"SARs? (?:about|on|against|was|is)")
_FORBIDDEN = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b|{'|'.join(_STEMS)}")
_SHORT = re.compile(rf"\b(?:{'|'.join(_ABBREVIATIONS)})s?\b")


# What officers ask most, in words that ask for facts alone: shown beside the field.
PLAIN_QUESTIONS = (
    "For whom do you compute, and where do they sit?",
    "What does the workload compute, and what are its results used for?",
    "Who owns the company, with which shares, and where do the owners live or sit?",
    "What are your full name, your date and your place of birth, as your passport shows them?",
    "From which country do you work, and why does your connection come from another?",
    "Who pays, from which country, and what has the payer to do with you?",
)


class TippingOff(InvalidInput):
    """A question to a party names what it must not learn."""

    code = "tipping_off"
    default_message = (
        "The question names a list, a listed party or a suspicion, which the party must not learn. Nothing was sent; "
        "ask for the facts alone."
    )


def refuse_tipping_off(case: Case, question: str) -> None:
    """Nothing happens where the question asks for facts alone. Raises TippingOff, which says what gave it away.

    Names of listed parties are all those of the entries that the case's party or its decision was ever compared with;
    a name that the party bears or told us itself says nothing.
    """
    both = said, _ = readings(question)
    found = next(filter(None, map(_FORBIDDEN.search, both)), None) or _SHORT.search(seen(question))
    given_away = found.group() if found else next((name for name in _secret_names(case) if _stands_in(name, said)), "")
    if given_away:
        raise TippingOff(
            f"The question says “{given_away}”, which tells what the party must not learn: that a list or a suspicion "
            "is behind it. Nothing was sent; ask for the facts alone."
        )


def _secret_names(case: Case) -> Iterable[str]:
    """Names of lists, and every name of the listed parties that the case's party or end user resembles, in plain small
    letters; not those that the party bears or told us itself."""
    party, facts = case.party, {}
    names = set(Watchlist.objects.values_list("title", flat=True))
    if case.decision is not None:
        opened([case.decision])
        facts = case.decision.facts
    matches = Match.objects.filter(_of(party_id=case.party_id) | _of(screening_id=case.screening_id))
    names |= set(matches.values_list("listed_name", flat=True)) | {hit["listed_name"] for hit in hits_told(facts)}
    # An alias that the list itself calls weak may be any word.
    entries = Q(listed_party__matches__in=matches) | Q(listed_party__in=_entries_of(case, facts))
    names |= set(ListedName.objects.filter(entries, weak=False).values_list("name", flat=True))
    told = str((facts.get("end_user") or {}).get("name") or "")
    own = {seen(name).casefold() for name in (told, *([party.name, *party.aliases] if party else ()))}
    return sorted({seen(name).casefold() for name in names if len(name) > 3} - own)


def _of(**told: UUID | None) -> Q:
    """Those of what is told; none where it is nothing."""
    return Q(**told) if all(told.values()) else Q(pk__in=[])


def _entries_of(case: Case, facts: Mapping[str, Any]) -> QuerySet[ListedParty]:
    """The entries that the hits of the case's decision name, as they stood then."""
    hits = hits_told(facts)
    if case.decision is None or not hits:
        return ListedParty.objects.none()
    versions = case.decision.list_versions
    one = [
        Q(version_id=versions[hit["list_code"]], external_id=hit["external_id"])
        for hit in hits
        if versions.get(hit["list_code"]) and hit.get("external_id")
    ]
    return ListedParty.objects.filter(reduce(or_, one, Q(pk__in=[])))


def _stands_in(name: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None
