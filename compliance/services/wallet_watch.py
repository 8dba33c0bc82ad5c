"""Wallets in use are screened between deposit and payout too: lists and, where there is one, the second source."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.models import Case, Party, Restriction
from compliance.selectors.watchlists import current_versions
from compliance.services import cases, list_hits, screening, wallet_answers

logger = logging.getLogger(__name__)
REASON = "WALLET_LISTED"
AT_ONCE = 500

Listings = dict[str, set[str]]  # by wallet: what lists it, and in which wording


def watch(holders: Mapping[str, UUID], *, actor: Actor) -> int:
    """Whoever holds a wallet that is listed now is frozen, with a case for each listing. Returns how many parties were.

    Each source is asked about each wallet anew. Not inside a transaction: the second source is a node. A listing about
    which two officers have released a case is left to the gate, as long as it stays as it was: another list, entry or
    wording, or a listing that had ended and is back, is a new question. Run twice, it changes nothing.
    """
    all_of_them, found = sorted(holders), Listings()
    for start in range(0, len(all_of_them), AT_ONCE):
        found |= _listed(all_of_them[start : start + AT_ONCE])
    people = Party.objects.in_bulk({holders[address] for address in found})
    scopes = {
        (holders[address], f"{address}:{listing}"): _key(people[holders[address]], f"{address}:{listing}")
        for address in sorted(found)
        for listing in sorted(found[address])
    }
    settled = _settled(scopes.values())
    asked = defaultdict(list)
    for (party_id, scope), key in scopes.items():
        if key not in settled:
            asked[party_id].append(scope)
    return sum(_freeze(people[party_id], asked[party_id], actor) for party_id in sorted(asked, key=str))


def _listed(addresses: list[str]) -> Listings:
    wallet_answers.ask(addresses)
    heard = wallet_answers.heard(addresses, clock.now())
    if heard.state is not None and heard.state.stale:
        logger.warning("the wallet oracle did not answer about every wallet in use; the next round asks again")
    found: Listings = defaultdict(set)
    for listed in screening.wallet_hits(addresses, tuple(current_versions())):
        found[listed.address].add(f"{listed.list_code}:{listed.external_id}:{listed.entry_hash}")
    for address, listing in wallet_answers.listings(heard.hits).items():
        found[address].add(listing)
    return {address: found[address] for address in addresses if address in found}


def _settled(keys: Collection[str]) -> set[str]:
    """The questions that officers released, or under which the party is frozen already."""
    asked = Case.objects.filter(scope_key__in=keys)
    released = asked.filter(disposition=Case.Disposition.RELEASE)
    frozen = asked.filter(pk__in=Restriction.objects.filter(lifted_at=None, case__in=asked).values("case"))
    return {*released.values_list("scope_key", flat=True), *frozen.values_list("scope_key", flat=True)}


def _freeze(party: Party, scopes: Iterable[str], actor: Actor) -> int:
    below = 0
    for scope in scopes:
        case = cases.open_case(
            kind=Case.Kind.SCREENING_HIT,
            priority=Case.Priority.URGENT,
            summary="A wallet that this party uses is listed.",
            reason_codes=[REASON],
            party=party,
            scope=scope,
            actor=actor,
        )
        below += list_hits.freeze(party.pk, case, actor=actor) - 1
    return 1 + below


def _key(party: Party, scope: str) -> str:
    return cases.scope_key(Case.Kind.SCREENING_HIT, party, [REASON], scope)
