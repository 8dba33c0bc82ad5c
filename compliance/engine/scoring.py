"""How alike two names are, from 0 to 1, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from compliance.engine.names import PreparedName, generic, skeleton

_GENERIC_WEIGHT = 0.35
_SAME_SOUND = 0.88
_INITIAL = 0.72
_MIN_TOKEN = 0.72
_ONE_ERROR = 0.85  # the whole name but for one typing error: to be looked at, unless a fact speaks against it
_MIN_WHOLE = 5  # letters

Weigh = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which token of one name stands for which of the other, and how well both are covered."""

    pairs: tuple[tuple[str, str, float], ...]
    covered_query: float
    covered_listed: float
    in_order: bool


def weigh_token(token: str) -> float:
    """A token's say, without an index: little for generic words and initials."""
    if generic(token):
        return _GENERIC_WEIGHT
    return 0.4 if len(token) == 1 else 1.0


@lru_cache(maxsize=65536)
def token_likeness(first: str, second: str) -> float:
    """1 for equal tokens, 0 for strangers; between for misspelt or differently transliterated ones."""
    if first == second:
        return 1.0
    short, long = sorted((first, second), key=len)
    if len(short) == 1:
        return _INITIAL if long.startswith(short) else 0.0
    if any(each.isdigit() for each in first + second):
        return 0.0  # numbers are names of their own: Plant 15 is not Plant 16
    likeness: float = OSA.normalized_similarity(first, second)
    if len(short) >= 4 and long.startswith(short) and len(short) / len(long) >= 0.6:
        likeness = max(likeness, 0.8)
    if len(short) >= 4 and likeness >= 0.5 and skeleton(first) == skeleton(second):
        likeness = max(likeness, _SAME_SOUND)
    if len(short) <= 3:
        return likeness if likeness >= 0.67 and first[0] == second[0] else 0.0
    return likeness if likeness >= _MIN_TOKEN else 0.0


def align(query: PreparedName, listed: PreparedName, weigh: Weigh = weigh_token) -> Alignment:
    """The best pairs first, each token used once."""
    scored = sorted(
        (
            (-likeness, abs(i - j), i, j)
            for i, mine in enumerate(query.core)
            for j, theirs in enumerate(listed.core)
            if (likeness := token_likeness(mine, theirs)) > 0
        ),
    )
    used_query: dict[int, tuple[int, float]] = {}
    used_listed: set[int] = set()
    for negative, _, i, j in scored:
        if i not in used_query and j not in used_listed:
            used_query[i] = (j, -negative)
            used_listed.add(j)
    pairs = tuple((query.core[i], listed.core[j], likeness) for i, (j, likeness) in sorted(used_query.items()))
    order = [j for _, (j, _) in sorted(used_query.items())]
    return Alignment(
        pairs,
        sum(weigh(mine) * likeness for mine, _, likeness in pairs) / (sum(map(weigh, query.core)) or 1.0),
        sum(weigh(theirs) * likeness for _, theirs, likeness in pairs) / (sum(map(weigh, listed.core)) or 1.0),
        order == sorted(order),
    )


def likeness(
    query: PreparedName, listed: PreparedName, kind: str, weigh: Weigh = weigh_token
) -> tuple[float, list[str]]:
    """The score of the pair and the sentences that explain it."""
    if not query.core or not listed.core:
        return 0.0, []
    if query.ideographs and listed.ideographs and query.ideographs != listed.ideographs:
        alike: float = OSA.normalized_similarity(query.ideographs, listed.ideographs)
        return min(alike, 0.95), [f"The characters are alike ({alike:.2f})."]
    if query.text == listed.text:
        return 1.0, ["The names are the same."]
    found = align(query, listed, weigh)
    whole = _whole(query, listed, kind)
    score = _person(found, query, listed) if kind == "person" else _entity(found)
    features = [_pair_sentence(*pair) for pair in found.pairs]
    if whole > score:
        score = whole
        features = ["Written together, the names are nearly the same."]
    if kind != "person" and query.core == listed.core:
        features = ["The names are the same but for the company form."]
        score = max(score, 0.97)
    return min(score, 0.99), features


def _person(found: Alignment, query: PreparedName, listed: PreparedName) -> float:
    """Both names covered; a middle name too many on one side costs little, a family name too many much."""
    low, high = sorted((found.covered_query, found.covered_listed))
    full = sum(1 for _, _, each in found.pairs if each >= _MIN_TOKEN and each != _INITIAL)
    score = 0.5 * (low + high)
    if full >= 2 and high >= 0.9:
        score = max(score, 0.55 * high + 0.45 * min(low + 0.35, high))
    if full >= 3 and high >= 0.95:
        score = max(score, 0.95 * high)
    if _left_over(found, query, 0) and _left_over(found, listed, 1):
        score -= 0.05  # each has a name of its own that the other lacks
    weakest = min((each for _, _, each in found.pairs), default=0.0)
    if len(found.pairs) == 2 and weakest < 0.8 and min(len(query.core), len(listed.core)) == 2:
        score -= 0.06  # of two tokens, one is only so-so: another person more often than a misspelling
    return score if found.in_order else score * 0.985


def _left_over(found: Alignment, name: PreparedName, side: int) -> bool:
    """Whether a telling token of the name has no counterpart."""
    matched = [pair[side] for pair in found.pairs]
    return any(weigh_token(token) >= 1.0 and token not in matched for token in name.core)


def _entity(found: Alignment) -> float:
    low, high = sorted((found.covered_query, found.covered_listed))
    score = 0.65 * low + 0.35 * high
    return score if found.in_order else score * 0.98


def _whole(query: PreparedName, listed: PreparedName, kind: str) -> float:
    """The names without spaces: Al Qaida and Alqaida; a person's also with one typing error, wherever it lies."""
    if min(len(query.squeezed), len(listed.squeezed)) < _MIN_WHOLE:
        return 0.0
    if kind == "person" and OSA.distance(query.whole, listed.whole, score_cutoff=1) <= 1:
        return 0.97 if query.whole == listed.whole else _ONE_ERROR
    if len(query.core) == len(listed.core):
        return 0.0
    alike: float = OSA.normalized_similarity(query.squeezed, listed.squeezed, score_cutoff=0.88)
    return alike * 0.97


def _pair_sentence(mine: str, theirs: str, alike: float) -> str:
    if mine == theirs:
        return f"'{mine}' stands in both."
    return f"'{mine}' is like '{theirs}' ({alike:.2f})."
