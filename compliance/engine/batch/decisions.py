"""A lease's facts in, the decision out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from re import ASCII
from re import compile as pattern
from typing import Any

from compliance.engine.batch.ownership import refuse_above_hundred
from compliance.engine.batch.shapes import as_floats, past, require_name
from compliance.engine.codec import Malformed
from compliance.engine.country_codes import require_country
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.packs import NoPackInForce, PolicyPack

MAX_NAME = 500
_DAY = pattern(r"\d{4}-\d\d-\d\d", ASCII)


def decided(
    value: Mapping[str, Any], *, now: datetime, pack_at: Callable[[datetime], PolicyPack], as_of: datetime | None = None
) -> dict[str, Any]:
    """The decision about the facts, as it is stored, with `as_of` and the digests of both.

    `as_of` (else that of the facts, else `now`) picks the pack and is the day on which the rules are asked.
    Raises `Malformed` for what are no facts, and for days in the future.
    """
    moment = as_of.isoformat() if as_of else _told(value.get("as_of", now.isoformat()))
    facts = Facts.from_json({**as_floats(dict(value)), "as_of": moment})
    if facts.as_of > now:
        raise Malformed("as_of lies in the future")
    _check(facts, now)
    try:
        pack = pack_at(facts.as_of)
    except NoPackInForce as error:
        raise Malformed(str(error)) from error
    outcome = decide(facts, pack)
    return {
        **outcome.to_json(),
        "as_of": facts.as_of.astimezone(UTC).isoformat(),
        "digest": outcome.digest(),
        "facts_digest": facts.digest(),
    }


def _told(as_of: Any) -> Any:
    """A day in words means its first moment in UTC, as on the command line."""
    is_day = isinstance(as_of, str) and _DAY.fullmatch(as_of)
    return f"{as_of}T00:00:00+00:00" if is_day else as_of


def _check(facts: Facts, now: datetime) -> None:
    """What the stored facts can never hold, because the services refuse it, is refused here too."""
    for party in facts.everyone().values():
        for name in (party.name, *party.aliases):
            require_name(name, "a party's name", longest=MAX_NAME)
        if party.birth_date:
            past(party.birth_date, "birth_date", now.date())
    _check_times(facts, now)
    if any(chip.count < 1 for chip in facts.chips):
        raise Malformed("a count of chips must be at least 1")
    if facts.seconds < 0 or (facts.amount_minor is not None and facts.amount_minor < 0):
        raise Malformed("seconds and amounts must not be negative")
    if facts.end_user and facts.end_user.name:
        require_name(facts.end_user.name, "the end user's name", longest=MAX_NAME)
    _check_places(facts)
    refuse_above_hundred(facts.edges)


def _check_times(facts: Facts, now: datetime) -> None:
    """What is told as done was not done in the future."""
    trips = facts.node_place.round_trips if facts.node_place else ()
    for what, moments in (
        ("a list was fetched", [each.fetched_at for each in facts.lists]),
        ("a round trip was measured", [each.measured_at for each in trips]),
        ("a wallet was proven", [facts.wallet_proven_at]),
        ("something was told of a payment", [each.at for each in facts.payment_risks]),
    ):
        if any(moment and moment > now for moment in moments):
            raise Malformed(f"{what} in the future")


def _check_places(facts: Facts) -> None:
    """Signs from networks, cards and documents are stored as they came; from outside they must be codes."""
    if facts.end_user:
        require_country(facts.end_user.country, "end_user.country")
    for whose in ("locations", "provider_locations"):
        signs = getattr(facts, whose)
        for name in ("declared", "ip", "card", "document", "login"):
            require_country(getattr(signs, name), f"{whose}.{name}")
        for code in signs.older_cards:
            require_country(code, f"{whose}.older_cards")
