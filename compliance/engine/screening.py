"""Finding, among many listed names, those that may mean the party; every candidate says why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compliance.engine.candidates import CandidateIndex
from compliance.engine.names import PreparedName, prepare, prepare_uncached, short_asian_name
from compliance.engine.scoring import likeness, weigh_token

WEAK, STRONG = "weak", "strong"
THRESHOLD = 0.8  # from here on it is a match to look at
STRONG_THRESHOLD = 0.94  # from here on, with nothing that speaks against it, it is taken for the same party
_OTHER_BIRTH = 0.2
_OTHER_COUNTRY = 0.03
_OTHER_KIND = 0.1
_UNASKED_KINDS = {"vessel", "aircraft"}


@dataclass(frozen=True, slots=True)
class IndexedName:
    """A name of a listed entry. `weak` marks what the list itself calls a low-quality alias."""

    entry_key: str
    name: str
    kind: str = ""
    weak: bool = False


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What else is known about an entry: it tells bearers of one name apart."""

    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameQuery:
    """Whom to look for. `kind` is person or entity; dates are YYYY, YYYY-MM or YYYY-MM-DD."""

    name: str
    kind: str = ""
    birth_date: str = ""
    countries: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be the one looked for: score from 0 to 1, weak or strong, and the reasons in sentences."""

    entry_key: str
    name: str
    score: float
    threshold: float
    strength: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Indexed:
    name: IndexedName
    prepared: PreparedName


class NameIndex:
    """Listed names ready to be searched, with what else is known of their entries. Only read once built."""

    def __init__(self, names: Sequence[_Indexed], facts: Mapping[str, EntryFacts]) -> None:
        self._names = names
        self._facts = facts
        self._candidates = CandidateIndex([each.prepared for each in names])

    @classmethod
    def build(cls, names: Iterable[IndexedName], facts: Mapping[str, EntryFacts] | None = None) -> "NameIndex":
        """An index over the names. Names of vessels and aircraft are left out: parties are neither."""
        kept = [
            _Indexed(name, prepare_uncached(name.name, name.kind)) for name in names if name.kind not in _UNASKED_KINDS
        ]
        return cls([each for each in kept if each.prepared.core], facts or {})

    def __len__(self) -> int:
        return len(self._names)

    def search(self, query: NameQuery, *, threshold: float = THRESHOLD) -> list[Candidate]:
        """The entries that may be the one looked for, the best name of each, best first."""
        best: dict[str, Candidate] = {}
        wanted = _readings(query.name)
        for number in self._candidates.shortlist(list(wanted.values())):
            each = self._names[number]
            candidate = self._judge(query, wanted[_as_kind(query.kind, each.name.kind)], each, threshold)
            known = best.get(each.name.entry_key)
            if candidate and (known is None or _rank(candidate) < _rank(known)):
                best[each.name.entry_key] = candidate
        return sorted(best.values(), key=_rank)

    def shortlist(self, name: str) -> list[IndexedName]:
        """The listed names that are compared closely with this one, likeliest first."""
        return [self._names[number].name for number in self._candidates.shortlist(list(_readings(name).values()))]

    def _judge(self, query: NameQuery, wanted: PreparedName, each: _Indexed, threshold: float) -> Candidate | None:
        kind = _as_kind(query.kind, each.name.kind)
        score, features = likeness(wanted, each.prepared, kind, weigh_token)
        if score < threshold - 0.1:
            return None
        if {query.kind, each.name.kind} == {"person", "entity"} and wanted.whole != each.prepared.whole:
            score -= _OTHER_KIND
        facts = self._facts.get(each.name.entry_key, EntryFacts())
        found = _weighed(query, wanted, each, facts, score, features, threshold)
        return found if found.score >= threshold else None


def judge(query: NameQuery, listed: IndexedName, facts: EntryFacts | None = None) -> Candidate:
    """How like the one pair is, by the steps of a search, whatever its score."""
    kind = _as_kind(query.kind, listed.kind)
    wanted, each = prepare(query.name, kind), _Indexed(listed, prepare(listed.name, listed.kind))
    score, features = likeness(wanted, each.prepared, kind, weigh_token)
    return _weighed(query, wanted, each, facts or EntryFacts(), score, features, THRESHOLD)


def _weighed(
    query: NameQuery,
    wanted: PreparedName,
    each: _Indexed,
    facts: EntryFacts,
    score: float,
    features: list[str],
    threshold: float,
) -> Candidate:
    score, second_fact, conflict = _with_facts(query, facts, score, features)
    doubt = _doubt(query, wanted, each, second_fact=second_fact) if score >= threshold else ""
    if doubt:
        features.append(doubt)
    strong = score >= STRONG_THRESHOLD and not doubt and not conflict
    score = max(round(score, 4), 0.0) if score >= threshold else max(min(round(score, 4), threshold - 0.0001), 0.0)
    return Candidate(each.name.entry_key, each.name.name, score, threshold, STRONG if strong else WEAK, tuple(features))


def compare(first: str, second: str, kind: str) -> float:
    """How alike two names are, from 0 to 1, with nothing else known."""
    return likeness(prepare(first, kind), prepare(second, kind), kind)[0]


def _as_kind(asked: str, listed: str) -> str:
    return "person" if (listed or asked) == "person" or (listed == "unknown" and asked == "person") else "entity"


def _readings(name: str) -> dict[str, PreparedName]:
    """The name as a person's and as an entity's: nobody says of which kind the listed one is."""
    return {kind: prepare(name, kind) for kind in ("person", "entity")}


def _rank(candidate: Candidate) -> tuple[bool, float, str]:
    return candidate.strength != STRONG, -candidate.score, candidate.entry_key


def _with_facts(query: NameQuery, facts: EntryFacts, score: float, features: list[str]) -> tuple[float, bool, bool]:
    """The score with what else is known: agreement lifts it a little, contradiction lowers it more."""
    second = conflict = False
    shared = {_bare(each) for each in query.identifiers} & {_bare(each) for each in facts.identifiers} - {""}
    if shared:
        features.append("An identifier is the same.")
        return 1.0, True, False
    if query.birth_date and facts.birth_dates:
        if any(_same_date(query.birth_date, each) for each in facts.birth_dates):
            second, score = True, min(1.0, score + 0.04)
            features.append("The date of birth agrees.")
        else:
            conflict, score = True, score - _OTHER_BIRTH
            features.append("The date of birth is another.")
    if query.countries and facts.countries:
        if set(query.countries) & set(facts.countries):
            features.append("A country agrees.")
        else:
            score -= _OTHER_COUNTRY
            features.append("No country agrees.")
    return score, second, conflict


def _doubt(query: NameQuery, wanted: PreparedName, each: _Indexed, *, second_fact: bool) -> str:
    """Why even a high score is only a possible match; "" when there is no such reason."""
    if not wanted.distinctive or not each.prepared.distinctive:
        return "The name is made of generic words only."
    if each.name.weak and not second_fact:
        return "The list itself calls this alias weak."
    if {query.kind, each.name.kind} == {"person", "entity"}:
        return "One is a person, the other an entity."
    if query.kind == "person" and not second_fact:
        if short_asian_name(wanted):
            return "Very many people bear so short a name, and no second fact agrees."
        if len(wanted.core) < 2:
            return "A single name, and no second fact agrees."
    same = sorted(wanted.core) == sorted(each.prepared.core) or wanted.squeezed == each.prepared.squeezed
    if not same and not second_fact:
        return "The names are not quite the same, and no second fact agrees."
    return ""


def _same_date(first: str, second: str) -> bool:
    shared = min(len(first), len(second))
    return shared >= 4 and first[:shared] == second[:shared]


def _bare(identifier: str) -> str:
    """The number in an identifier, without its words: "Passport A 123-45 (IR)" -> "A12345". Short ones do not count."""
    words = identifier.partition("(")[0].replace("-", "").split()
    number = "".join(word for word in words if any(each.isdigit() for each in word)).upper()
    return number if len(number) >= 6 else ""
