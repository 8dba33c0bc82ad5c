"""What the treasurer takes out of the contract: fees to the platform's own wallet, strays to quarantine.

Each asks for one transaction at a time, signed and stored before it is sent; the books follow the contract's own event.
Call outside any transaction.
"""

from django.db import transaction
from eth_utils.address import is_checksum_address

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, Refusal
from compliance.services.chain_signer import TREASURER
from settlement.models import ChainTransaction
from settlement.rails.chain import Chain, connect
from settlement.services.chain_sender import ContractCall, submit

NOBODY = "0x" + 40 * "0"


class BadAddress(Refusal):
    """That is no address that can be paid."""

    code = "bad_address"
    http_status = 400
    default_message = "This is no address with a valid checksum that can be paid. Nothing was sent."


class NothingToTake(Conflict):
    """There is nothing of that kind in the contract."""

    code = "nothing_to_take"
    default_message = "The contract holds nothing of that kind. Nothing was sent."


def withdraw_fees(to: str, *, actor: Actor) -> ChainTransaction:
    """All fees that the contract holds are on their way to the address; while they are, the same is returned.

    Raises BadAddress, NothingToTake, CallRefused, ChainUnavailable, ChainNotConfigured, FeeTooHigh.
    """
    chain = connect()
    if not is_checksum_address(to) or to in (NOBODY, chain.deployment.escrow):
        raise BadAddress
    return _take("withdraw_fees", "withdrawFees", to, chain.fees_accrued(), chain, actor)


def sweep(token: str = "", *, actor: Actor) -> ChainTransaction:
    """Tokens that were sent to the contract directly are on their way to quarantine; by default of its own token.

    Raises BadAddress, NothingToTake, CallRefused, ChainUnavailable, ChainNotConfigured, FeeTooHigh.
    """
    chain = connect()
    token = token or chain.deployment.token
    if not is_checksum_address(token) or token == NOBODY:
        raise BadAddress
    held = chain.token_balance(chain.deployment.escrow, token)
    strays = held - (chain.accounted() if token == chain.deployment.token else 0)
    return _take("sweep", "sweep", token, strays, chain, actor)


def _take(purpose: str, function: str, address: str, amount: int, chain: Chain, actor: Actor) -> ChainTransaction:
    earlier = ChainTransaction.objects.filter(purpose=purpose, chain_id=chain.deployment.chain_id)
    present = earlier.filter(state__in=ChainTransaction.UNDER_WAY).first()
    if present is not None:
        return present
    if amount <= 0:
        raise NothingToTake
    # Two who ask at once have the same key, and make one transaction.
    key = f"{purpose}:{chain.deployment.chain_id}:{earlier.count()}"
    sent = submit(ContractCall(key, purpose, TREASURER, function, (address,)), chain)
    with transaction.atomic():
        data = {"address": address, "amount_minor": str(amount), "hash": sent.hash}
        audit.record(f"escrow.{purpose}_asked", actor=actor, subject=sent, data=data)
    return sent
