"""What in stored facts and answers is personal data, and whose: taken out to be sealed, put back to be read. Pure.

What is not known to be harmless counts as personal: a fact added later is sealed until somebody names it here. Values
leave their places, which are noted as JSON pointers, and come back to the same places: the same bytes, the same digest.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

ERASED, WITHHELD = "[erased]", "[withheld]"
# Shorter than this a name is a syllable that stands in every other word.
SHORTEST_SECRET = 3

# Codes, dates, numbers and ids, which say nothing about a person once the person's name is gone.
OPEN_FACTS = frozenset(
    {
        "purpose", "as_of", "screened", "lists", "chips", "node_country", "node_region", "rail", "wallet_screened",
        "amount_minor", "currency", "seconds", "training", "node_city", "node_place", "group_use",
        "end_use_kind", "node_id",
    }
)  # fmt: skip
OPEN_PARTY = frozenset(
    {
        "id", "kind", "country", "headquarters_country", "kyc_level", "kyc_expires_at", "restricted",
        "ownership_complete", "restrictions",
    }
)  # fmt: skip
OPEN_EDGE = frozenset({"owner_id", "owned_id", "share_min", "share_max", "interest", "direct"})
OPEN_HIT = frozenset(
    {
        "party_id", "list_code", "authority", "score", "threshold", "strength", "listed_as_blocked", "programmes",
        "cleared",
    }
)  # fmt: skip
OPEN_WALLET_HIT = frozenset({"list_code", "authority", "currency"})
OPEN_END_USER = frozenset({"kind", "country"})
OPEN_LOCATIONS = frozenset(
    {"declared", "ip", "card", "older_cards", "document", "login", "ip_network", "login_network"}
)
OPEN_FINDING = frozenset({"party_id", "code", "expires_at"})
OPEN_CHECK = frozenset({"code", "label", "state"})
OPEN_REASON = frozenset(
    {
        "code", "kind", "outcome", "citation", "source_url", "effective_from", "effective_to", "renter_words",
        "next_step", "party_id", "about",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """A value without its personal leaves, and the leaves: subject -> pointer -> value, in order of the pointers."""

    open: Any
    personal: dict[str, dict[str, Any]] = field(default_factory=dict)


def split_facts(facts: Mapping[str, Any]) -> Split:
    """The facts' personal leaves, by the party whose they are. Facts that name no party are left as they are."""
    split = Split(deepcopy(dict(facts)))
    dealing = [party for name in ("renter", "provider") if (party := split.open.get(name))]
    if not dealing:
        return split
    asking = str(dealing[0]["id"])  # who asks: what it says of others is its to answer for
    for pointer, holder, allowed, subject in _holders(split.open, asking):
        _take(split, pointer, holder, allowed, subject)
    return split


def split_answer(checks: Iterable[Mapping[str, Any]], reasons: Iterable[Mapping[str, Any]]) -> Split:
    """The sentences of an answer, which may name anybody among the facts: one subject, "", stands for all of them."""
    split = Split({"checks": deepcopy(list(checks)), "reasons": deepcopy(list(reasons))})
    for name, allowed in (("checks", OPEN_CHECK), ("reasons", OPEN_REASON)):
        for index, row in enumerate(split.open[name]):
            _take(split, f"/{name}/{index}", row, allowed, "")
    return split


def join(opened: Any, personal: Iterable[Mapping[str, Any]], marked: Mapping[str, str] | None = None) -> Any:
    """The whole value again; at the `marked` pointers stands a mark, which is for people and not for rules."""
    whole = deepcopy(opened)
    for leaves in [*personal, marked or {}]:
        for pointer, value in leaves.items():
            _put(whole, pointer, value)
    return whole


def strangers_in(facts: Mapping[str, Any], own: Iterable[str]) -> set[str]:
    """The natural persons among the facts who are neither of `own` nor stand above one of them."""
    near = set(own)
    edges = list(facts.get("edges") or ())
    while above := {row["owner_id"] for row in edges if row["owned_id"] in near} - near:
        near |= above
    people = [facts[name] for name in ("renter", "provider") if facts.get(name)] + list(facts.get("parties") or ())
    return {str(row["id"]) for row in people if row.get("kind") == "person"} - near


def withhold(facts: Mapping[str, Any], answer: Mapping[str, Any], strangers: set[str]) -> tuple[Any, Any]:
    """Facts and answer (checks, reasons) in which “[withheld]” stands for whatever is personal to the strangers."""
    split = split_facts(facts)
    theirs = {key: leaves for key, leaves in split.personal.items() if key in strangers}
    shown = join(
        split.open,
        (leaves for key, leaves in split.personal.items() if key not in strangers),
        marked={pointer: WITHHELD for leaves in theirs.values() for pointer in leaves},
    )
    secrets = {text for leaves in theirs.values() for text in _texts(leaves) if len(text) >= SHORTEST_SECRET}
    said = split_answer(answer["checks"], answer["reasons"])
    # A sentence that names a stranger, or is about one, is withheld whole: words around a name tell the name.
    about = {f"/reasons/{i}" for i, row in enumerate(answer["reasons"]) if row.get("party_id") in strangers}
    hidden = {
        pointer: WITHHELD
        for pointer, value in said.personal.get("", {}).items()
        if pointer.rpartition("/")[0] in about or any(secret in text for text in _texts(value) for secret in secrets)
    }
    return shown, join(said.open, said.personal.values(), marked=hidden)


def _texts(value: Any) -> Iterator[str]:
    """Every string in the value, without letter case."""
    if isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _holders(facts: dict[str, Any], asking: str) -> Iterator[tuple[str, dict[str, Any], frozenset[str], str]]:
    """(pointer, object, its open members, whose it is) for every object that may hold personal leaves."""
    structured = {"renter", "provider", "parties", "edges", "hits", "wallet_hits", "findings"}
    structured |= {"end_user", "locations", "provider_locations"}
    yield "", facts, OPEN_FACTS | structured, asking
    for name in ("renter", "provider"):
        if facts.get(name):
            yield f"/{name}", facts[name], OPEN_PARTY, str(facts[name]["id"])
    for name, allowed, owner in (
        ("parties", OPEN_PARTY, "id"),
        ("edges", OPEN_EDGE, "owner_id"),
        ("hits", OPEN_HIT, "party_id"),
        ("wallet_hits", OPEN_WALLET_HIT, ""),
        ("findings", OPEN_FINDING, "party_id"),
    ):
        for index, row in enumerate(facts.get(name) or ()):
            yield f"/{name}/{index}", row, allowed, str(row[owner]) if owner else asking
    paid = str((facts.get("provider") or {}).get("id", asking))
    for name, allowed, subject in (
        ("end_user", OPEN_END_USER, asking),
        ("locations", OPEN_LOCATIONS, asking),
        ("provider_locations", OPEN_LOCATIONS, paid),
    ):
        if facts.get(name):
            yield f"/{name}", facts[name], allowed, subject


def _take(split: Split, pointer: str, holder: dict[str, Any], allowed: frozenset[str], subject: str) -> None:
    for name in sorted(set(holder) - allowed):
        value = holder[name]
        # What is empty tells nothing, and a reader of the open part sees that it is empty.
        if value not in (None, "", [], {}, ()):
            split.personal.setdefault(subject, {})[f"{pointer}/{name}"] = holder.pop(name)


def _put(whole: Any, pointer: str, value: Any) -> None:
    *path, name = pointer.split("/")[1:]
    holder = whole
    for step in path:
        holder = holder[int(step)] if isinstance(holder, list) else holder[step]
    holder[name] = value
