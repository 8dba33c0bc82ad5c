"""Restricted parties' wallets are frozen in the contract, and those that we froze and no restriction asks for are not.

What is believed of a wallet is what the contract last told, and what of ours is on its way. Never what was once sent: a
freeze that somebody undid, that a reorganisation took, or that a release overtook is made again; a release that came
too early, or was refused, is too. Two who decide at once are in the order of their transactions' nonces: each is asked
once more whether its deed is wanted in the transaction that stores it, where the nonce is its own.

A freeze by hand, under a reference that is none of our restrictions', is left to whoever made it.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

from compliance.base import clock, faults
from compliance.base.errors import Conflict
from compliance.selectors.restrictions import lifted_since
from settlement.models import ChainTransaction
from settlement.rails.chain import connect
from settlement.selectors.wallet_freezes import (
    FREEZE,
    LET_GO,
    Told,
    as_told,
    case_ref_of,
    must_be_frozen,
    restricted_wallets,
    under_way,
)
from settlement.services import chain_escrow
from settlement.services.chain_escrow import FREEZE_FOR, RENEW_FREEZE_BEFORE
from settlement.services.chain_sender import only_if

logger = logging.getLogger(__name__)


class Overtaken(Conflict):
    """What asked for it fell, or what forbids it came, while it was being made."""

    code = "freeze_overtaken"
    default_message = "The restriction changed meanwhile. Nothing was sent."


def freeze_wallets() -> int:
    """Each restricted wallet is frozen for a week at least, or its freeze is on the way. Returns how many were sent.

    A round that finds nothing to do asks no network. What cannot be sent waits for the next round.
    """
    # The oldest restriction names the freeze; those after it change nothing while it stands.
    wanted = {each.wallet: each.restriction_id for each in reversed(restricted_wallets())}
    if not wanted:
        return 0
    # In this order: whoever sees less than another takes the other's number, and sends nothing.
    numbers, sent, told = _numbers(wanted.values()), under_way(), as_told()
    fallen = {_reference(restriction_id) for restriction_id in _fallen()}
    done = 0
    for wallet, restriction_id in wanted.items():
        if not _will_be_frozen(told.get(wallet, Told()), sent.get(wallet, []), fallen):
            key = f"guard:{restriction_id.hex}:{wallet}"
            with faults.alone("the freeze of a wallet", logger):
                guard = only_if(partial(must_be_frozen, wallet), Overtaken)
                chain_escrow.freeze_account(wallet, restriction_id, f"{key}:{numbers[key]}", guard=guard)
                done += 1
    return done


def let_go_wallets() -> int:
    """Wallets that we froze and that no restriction asks for can withdraw, or will. Returns how many were sent."""
    ours = {_reference(restriction_id): restriction_id for restriction_id in _fallen()}
    numbers, sent = _numbers(ours.values()), under_way()
    frozen = _frozen_by_us(ours, sent)
    wanted = {each.wallet for each in restricted_wallets()} if frozen else set()
    done = 0
    for wallet, restriction_id in frozen.items():
        is_being_let_go = any(row.purpose != FREEZE for row in sent.get(wallet, []))
        if wallet not in wanted and not is_being_let_go:
            key = f"unguard:{wallet}:{restriction_id.hex}"
            done += _let_go(wallet, restriction_id, f"{key}:{numbers[key]}")
    return done


def _frozen_by_us(ours: Mapping[str, UUID], sent: Mapping[str, Collection[ChainTransaction]]) -> dict[str, UUID]:
    """Wallets that are frozen under one of the restrictions, or will be once what is on its way has arrived."""
    now = clock.now().timestamp()
    told = {wallet: each.case_ref for wallet, each in as_told().items() if each.until > now}
    arriving = {
        wallet: row.subject_id
        for wallet, rows in sent.items()
        for row in rows
        if row.purpose == FREEZE and row.subject_id and wallet not in told
    }
    return arriving | {wallet: ours[reference] for wallet, reference in told.items() if reference in ours}


def _will_be_frozen(told: Told, rows: Collection[ChainTransaction], fallen: Collection[str]) -> bool:
    """Whether the wallet is frozen, and for a while, once everything of ours that is on its way has arrived.

    `fallen` are the references of restrictions that stand no more: what is frozen under one is frozen anew, so that the
    chain names the case that holds it.
    """
    recent = clock.now() - (FREEZE_FOR - RENEW_FREEZE_BEFORE)
    freezes = [row for row in rows if row.purpose == FREEZE and row.created_at > recent]
    releases = [row for row in rows if row.purpose != FREEZE]
    if any(all(_lands_after(freeze, release) for release in releases) for freeze in freezes):
        return True
    lasting = told.until > (clock.now() + RENEW_FREEZE_BEFORE).timestamp()
    return lasting and not releases and told.case_ref not in fallen


def _lands_after(later: ChainTransaction, earlier: ChainTransaction) -> bool:
    """Whether the chain takes the one only after the other: they have one key, and neither is to be signed anew."""
    displaced = ChainTransaction.State.DISPLACED in (later.state, earlier.state)
    return not displaced and later.sender == earlier.sender and later.nonce > earlier.nonce


def _let_go(wallet: str, restriction_id: UUID, key: str) -> int:
    with faults.alone("the release of a wallet", logger):
        if connect().account_frozen_until(wallet) > clock.now().timestamp():
            guard = only_if(lambda: not must_be_frozen(wallet), Overtaken)
            chain_escrow.unfreeze_account(wallet, restriction_id, key, guard=guard)
            return 1
    return 0


def _fallen() -> list[UUID]:
    """The restrictions that fell so lately that a freeze under one of them may last."""
    return lifted_since(clock.now() - FREEZE_FOR - timedelta(days=1))


def _numbers(restriction_ids: Iterable[UUID]) -> Counter[str]:
    """How often each wallet was frozen, or let go, for each restriction, by the beginning of the deeds' keys."""
    sent = ChainTransaction.objects.filter(subject_id__in=set(restriction_ids), purpose__in=(FREEZE, LET_GO))
    return Counter(":".join(key.split(":")[:3]) for key in sent.values_list("idempotency_key", flat=True))


def _reference(restriction_id: UUID) -> str:
    """As the chain tells it."""
    return "0x" + case_ref_of(restriction_id).hex()
