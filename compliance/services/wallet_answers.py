"""A second source about wallets, where the operator has configured one: asked before the gate decides.

Off without `WALLET_ORACLE_RPC_URL`. Once it is configured, a wallet of which it did not answer just now sends the
decision to REVIEW: it fails closed.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from compliance.base import clock
from compliance.base.outside import require_no_transaction
from compliance.engine.facts import ListState, WalletHit
from compliance.models import OracleAnswer, OracleScan
from compliance.sources.wallet_oracle import Head, OracleSilent, WalletOracle, evm_addresses

logger = logging.getLogger(__name__)

CODE = "wallet_oracle"
AUTHORITY = "CHAINALYSIS"
# An answer is good for the decision that it was asked for and those of the same minute.
FRESH_FOR = timedelta(seconds=60)
# Events of the newest blocks are left for the next round: such a block may yet be replaced.
SETTLED_AFTER = 3
# The chains on which the oracle lies have a new block every few seconds: a node without one hears of no new listing.
STANDS_STILL_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the gate takes from the oracle: its state as that of a list (None: not configured), and its hits."""

    state: ListState | None = None
    hits: tuple[WalletHit, ...] = ()


def oracle() -> WalletOracle | None:
    """The oracle that the operator configured, if any."""
    url = settings.WALLET_ORACLE_RPC_URL
    return WalletOracle(url, settings.WALLET_ORACLE_ADDRESS) if url else None


def ask(wallets: Iterable[str]) -> None:
    """The oracle was asked about each of the wallets of which it has not spoken within the minute.

    Not to be called inside a transaction. One that does not answer leaves nothing, and `heard` tells so.
    """
    source = oracle()
    if source is None:
        return
    require_no_transaction()
    wanted = [each for each in evm_addresses(wallets) if each not in _fresh([each], clock.now())]
    if not wanted:
        return
    try:
        head = newest_block(source)
        for address in wanted:
            OracleAnswer.objects.create(
                address=address,
                sanctioned=source.is_sanctioned(address, head.number),
                chain_id=head.chain_id,
                block=head.number,
            )
    except OracleSilent as silence:
        logger.warning("the wallet oracle is silent: %s", silence)


def newest_block(source: WalletOracle) -> Head:
    """The newest block that the node knows. Raises OracleSilent, also when it has known no newer one for minutes."""
    head = source.head()
    read = OracleScan.objects.filter(chain_id=head.chain_id, last_block__gte=head.number - SETTLED_AFTER)
    if read.filter(created_at__lte=clock.now() - STANDS_STILL_AFTER).exists():
        raise OracleSilent("the node has had no new block for minutes")
    return head


def heard(wallets: Iterable[str], as_of: datetime) -> Heard:
    """What the oracle said of the wallets, from the answers kept; stale if one of them lacks."""
    addresses = evm_addresses(wallets)
    if oracle() is None or not addresses:
        return Heard()
    answers = _fresh(addresses, as_of)
    if len(answers) < len(addresses):
        return Heard(ListState(CODE, "silent", None, stale=True), tuple(_hits(answers)))
    oldest = min(answers.values(), key=lambda row: row.created_at)
    version = f"eip155:{oldest.chain_id}:{settings.WALLET_ORACLE_ADDRESS}@{oldest.block}"
    return Heard(ListState(CODE, version, oldest.created_at, stale=False), tuple(_hits(answers)))


def listings(hits: Iterable[WalletHit]) -> dict[str, str]:
    """By wallet, which listing of which oracle a hit is: one that had ended in between, as far as heard, is another."""
    chains = {hit.address: hit.currency for hit in hits}
    rows = OracleAnswer.objects.filter(address__in=chains, sanctioned=False)
    free_at = dict(rows.values_list("address").annotate(Max("block")))
    contract = settings.WALLET_ORACLE_ADDRESS
    return {each: f"{CODE}:{chain}:{contract}@{free_at.get(each, '')}" for each, chain in chains.items()}


def _fresh(addresses: Iterable[str], as_of: datetime) -> dict[str, OracleAnswer]:
    rows = OracleAnswer.objects.filter(
        address__in=list(addresses), created_at__gt=as_of - FRESH_FOR, created_at__lte=as_of
    )
    return {row.address: row for row in rows.order_by("created_at")}


def _hits(answers: dict[str, OracleAnswer]) -> Iterable[WalletHit]:
    for address, row in sorted(answers.items()):
        if row.sanctioned:
            yield WalletHit(
                address=address,
                list_code=CODE,
                authority=AUTHORITY,
                external_id=address,
                listed_name="a designated party that it does not name",
                currency=f"eip155:{row.chain_id}",
            )
