"""The contract against the books: what the chain says we hold and owe, and what the ledger says."""

from django.conf import settings

from compliance.base import actor, clock
from settlement.models import ChainCursor, ChainEvent, Hold, ReconciliationRun
from settlement.rails.chain import Chain, EscrowState, connect
from settlement.services import ledger
from settlement.services.accounts import Kind, Pot, clearing, of_platform
from settlement.services.differences import Comparison, Difference, record

CURRENCY = "USDC"
ESCROW = Hold.Rail.ESCROW.value
RECONCILER = actor.system("chain_reconciliation")
BATCH = 500


def reconcile_chain() -> ReconciliationRun | None:
    """The contract was compared with the ledger, and each difference is on record and a case for officers.

    None while the books are on their way to the chain's head: events that are not final yet are no difference, nor is
    what may lie in a block that was not read yet. Call outside any transaction. Raises ChainUnavailable,
    ChainNotConfigured.
    """
    chain = connect()
    accounted, fees = chain.accounted(), chain.fees_accrued()
    tokens = chain.token_balance(chain.deployment.escrow)
    leases, states = _open_leases(chain)
    behind = _blocks_behind(chain)
    if behind is None or behind > settings.CHAIN_FINALITY_BLOCKS:
        return None
    books = -ledger.balance_of(clearing(Pot.ESCROW, CURRENCY))
    earned = ledger.balance_of(of_platform(Kind.FEES, Pot.ESCROW, CURRENCY))
    unexplained = ledger.balance_of(of_platform(Kind.SUSPENSE, Pot.ESCROW, CURRENCY))
    differences = [
        *_unequal("accounted", books, accounted, "what the contract owes"),
        *_unequal("fees", earned, fees, "fees in the contract"),
        *_unequal("suspense", unexplained, 0, "unexplained"),
        *_leases(leases, states),
    ]
    if tokens < accounted:
        differences.append(Difference("tokens", accounted, tokens, "the contract holds less than it owes", True))
    if differences and behind > 0:
        return None
    found = Comparison(ESCROW, CURRENCY, books, accounted, len(leases) + 4, clock.now(), differences)
    return record(found, actor=RECONCILER)


def _blocks_behind(chain: Chain) -> int | None:
    """How many of the chain's blocks were not read yet; None while an event that was read has not taken effect."""
    deployment = chain.deployment
    cursor = ChainCursor.objects.filter(chain_id=deployment.chain_id, contract=deployment.escrow).first()
    waiting = ChainEvent.objects.filter(contract=deployment.escrow, applied_at=None, rolled_back_at=None)
    if cursor is None or waiting.exists():
        return None
    return max(0, chain.head().number - cursor.block_number)


def _open_leases(chain: Chain) -> tuple[list[Hold], list[EscrowState]]:
    """Leases whose deposit the books have and whose end they have not, and how each stands in the contract."""
    funded = (
        Hold.objects.filter(rail=Hold.Rail.ESCROW, escrow_deposit__deposited_minor__gt=0)
        .exclude(state__in=[Hold.State.SETTLED, Hold.State.FAILED])
        .select_related("escrow_deposit")
        .order_by("created_at")
    )
    leases = list(funded[:BATCH])
    return leases, [chain.escrow(hold.escrow_deposit.lease_key) for hold in leases]


def _leases(leases: list[Hold], states: list[EscrowState]) -> list[Difference]:
    found = []
    for hold, state in zip(leases, states, strict=True):
        deposit = hold.escrow_deposit
        # The lease's key is the hash of its terms: where it is open, exactly this much was deposited.
        rail = deposit.typed_data["message"]["terms"]["cap"] if state.status == EscrowState.OPEN else 0
        if rail != hold.amount_minor:
            found.append(Difference(deposit.lease_key, hold.amount_minor, rail, "a lease's deposit"))
        if state.status == EscrowState.OPEN and state.settled != hold.charged_minor:
            found.append(Difference(deposit.lease_key, hold.charged_minor, state.settled, "a lease's charges"))
    return found


def _unequal(external_id: str, books: int, rail: int, explanation: str) -> list[Difference]:
    return [] if books == rail else [Difference(external_id, books, rail, explanation, is_total=True)]
