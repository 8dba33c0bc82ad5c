"""One round of everything that the chain asks of us, with alarms for what goes wrong with the chain itself."""

from contextlib import ExitStack

from settlement.rails.chain import ChainDisagrees, connect
from settlement.services import chain_alarms, chain_delivery, chain_guard, chain_indexer
from settlement.services.chain_indexer import ReorganisationTooDeep


def follow_and_guard() -> None:
    """Our transactions were looked after, events taken in up to the head, wallets and deposits guarded.

    What nodes did wrong is an alarm. Call outside any transaction. Raises ChainUnavailable, ChainNotConfigured,
    ReorganisationTooDeep, EffectFailed; each round begins where the last one got to.
    """
    try:
        chain = connect()
        with ExitStack() as whatever_happens:
            # Afterwards, the last named first: what stops the indexer stops neither our transactions nor a freeze.
            whatever_happens.callback(chain_guard.guard)
            whatever_happens.callback(chain_delivery.deliver, chain)
            chain_indexer.catch_up(chain)
    except ChainDisagrees as refusal:
        chain_alarms.note_disagreement(refusal)
        raise
    except ReorganisationTooDeep as refusal:
        chain_alarms.sound(chain_alarms.REORGANISED_TOO_DEEP, str(refusal))
        raise
    chain_alarms.note_disagreement(None)
    chain_alarms.end(chain_alarms.REORGANISED_TOO_DEEP)
    chain_alarms.end(chain_alarms.EFFECT_FAILED)
    chain_alarms.note_faults(chain.take_faults())
