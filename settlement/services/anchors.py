"""The audit log's Merkle root on chain: where neither the database's owner nor the platform itself can take it back."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from compliance.base import clock
from compliance.selectors.audit_tree import newest_checkpoint
from compliance.services.audit_verification import Witness
from compliance.services.chain_signer import ANCHORER, signer_for
from settlement.models import ChainTransaction
from settlement.rails.chain import anchors, connect
from settlement.rails.chain_contracts import ANCHOR
from settlement.services.chain_sender import ContractCall, submit

PURPOSE = "anchor"


def anchor_newest_checkpoint() -> ChainTransaction | None:
    """The newest checkpoint is on its way to the anchor contract, signed and stored first; None when nothing is due.

    Nothing is due without an anchor contract, without a checkpoint beyond the last anchor, and so soon after it. Call
    outside any transaction. Raises ChainUnavailable, ChainNotConfigured, CallRefused, NonceBusy.
    """
    checkpoint = newest_checkpoint()
    if not anchors() or checkpoint is None:
        return None
    standing = ChainTransaction.objects.filter(purpose=PURPOSE).exclude(state=ChainTransaction.State.REVERTED)
    last = standing.order_by("-created_at").first()
    soonest = clock.now() - timedelta(seconds=settings.CHAIN_ANCHOR_SECONDS)
    if last is not None and (last.created_at > soonest or _size_of(last) >= checkpoint.size):
        return None
    tries = ChainTransaction.objects.filter(purpose=PURPOSE).count()
    return submit(
        ContractCall(
            key=f"anchor:{checkpoint.size}:{tries}",
            purpose=PURPOSE,
            role=ANCHORER,
            function="anchor",
            arguments=(checkpoint.size, bytes.fromhex(checkpoint.root)),
            contract=ANCHOR,
        )
    )


def anchored_roots() -> list[Witness]:
    """Every root of ours that the chain keeps, read from the chain itself and from nothing that we stored.

    Call outside any transaction. Raises ChainUnavailable, ChainNotConfigured.
    """
    chain = connect()
    return [
        Witness(each.size, each.root, f"the anchor of {_moment(each.anchored_at)} on chain {chain.deployment.chain_id}")
        for each in chain.anchors_of(signer_for(ANCHORER).address)
    ]


def _size_of(row: ChainTransaction) -> int:
    return int(row.idempotency_key.split(":")[1])


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
