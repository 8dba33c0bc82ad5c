"""Wallets in use are screened between deposit and payout too: lists and, where there is one, the second source."""

import logging
from collections.abc import Mapping
from uuid import UUID

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.models import Case, Party
from compliance.selectors.watchlists import current_versions
from compliance.services import cases, list_hits, restrictions, screening, wallet_answers

logger = logging.getLogger(__name__)
REASON = "WALLET_LISTED"
AT_ONCE = 500


def watch(holders: Mapping[str, UUID], *, actor: Actor) -> int:
    """Whoever holds a wallet that is listed now is frozen, with a case. Returns how many parties were.

    Each source is asked about each wallet anew. Not inside a transaction: the second source is a node. A wallet about
    which two officers have released a case is left to the gate. Run twice, it changes nothing.
    """
    all_of_them, found = sorted(holders), set[str]()
    for start in range(0, len(all_of_them), AT_ONCE):
        found |= _listed(all_of_them[start : start + AT_ONCE])
    by_party = {holders[address]: address for address in sorted(found, reverse=True)}
    people = Party.objects.in_bulk(by_party)
    return sum(_freeze(people[party_id], address, actor) for party_id, address in sorted(by_party.items(), key=str))


def _listed(addresses: list[str]) -> set[str]:
    wallet_answers.ask(addresses)
    heard = wallet_answers.heard(addresses, clock.now())
    if heard.state is not None and heard.state.stale:
        logger.warning("the wallet oracle did not answer about every wallet in use; the next round asks again")
    hits = screening.wallet_hits(addresses, tuple(current_versions()))
    return ({hit.address for hit in hits} | {hit.address for hit in heard.hits}) & set(addresses)


def _freeze(party: Party, address: str, actor: Actor) -> int:
    key = cases.scope_key(Case.Kind.SCREENING_HIT, party, [REASON], address)
    known = Case.objects.filter(scope_key=key)
    if known.filter(disposition=Case.Disposition.RELEASE).exists():
        return 0
    if known.exists() and party.restrictions.filter(lifted_at=None, case__in=known).exists():
        return 0
    case = cases.open_case(
        kind=Case.Kind.SCREENING_HIT,
        priority=Case.Priority.URGENT,
        summary="A wallet that this party uses is listed.",
        reason_codes=[REASON],
        party=party,
        scope=address,
        actor=actor,
    )
    restrictions.impose(party.pk, list_hits.REASON, case=case, actor=actor)
    return 1 + list_hits.freeze_what_falls(party.pk, case, strong=True, actor=actor)
