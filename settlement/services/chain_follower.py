"""One round of everything that the chain asks of us, with alarms for what goes wrong with the chain itself."""

from settlement.rails.chain import ChainDisagrees, connect
from settlement.services import chain_alarms, chain_delivery, chain_guard, chain_indexer
from settlement.services.chain_indexer import ReorganisationTooDeep


def follow_and_guard() -> None:
    """Our transactions were looked after, events taken in up to the head, wallets and deposits guarded.

    What nodes did wrong is an alarm. Call outside any transaction. Raises ChainUnavailable, ChainNotConfigured,
    ReorganisationTooDeep; each round begins where the last one got to.
    """
    try:
        chain = connect()
        chain_delivery.deliver(chain)
        chain_indexer.catch_up(chain)
        chain_guard.guard()
    except ChainDisagrees as refusal:
        chain_alarms.note_disagreement(refusal)
        raise
    except ReorganisationTooDeep as refusal:
        chain_alarms.sound(chain_alarms.REORGANISED_TOO_DEEP, str(refusal))
        raise
    chain_alarms.note_disagreement(None)
    chain_alarms.end(chain_alarms.REORGANISED_TOO_DEEP)
    chain_alarms.note_faults(chain.take_faults())
