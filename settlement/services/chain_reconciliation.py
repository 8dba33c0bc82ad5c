"""The contract against the books: what the chain says we hold and owe, and what the ledger says."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from compliance.base import actor, audit, clock
from settlement.models import ChainCursor, ChainEvent, Hold, ReconciliationDifference, ReconciliationRun
from settlement.rails.chain import Chain, EscrowState, connect
from settlement.services import ledger
from settlement.services.accounts import Kind, Pot, clearing, of_platform
from settlement.services.notices import send_on_commit
from settlement.signals import reconciliation_failed

CURRENCY = "USDC"
RECONCILER = actor.system("chain_reconciliation")
BATCH = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which chain and books do not agree; amounts in token units."""

    external_id: str
    ledger_minor: int | None
    rail_minor: int | None
    explanation: str


def reconcile_chain() -> ReconciliationRun | None:
    """The contract was compared with the ledger, and each difference is on record; `reconciliation_failed` on any.

    None while the books are on their way to the chain's head: events that are not final yet are no difference. Call
    outside any transaction. Raises ChainUnavailable, ChainNotConfigured.
    """
    chain = connect()
    accounted, fees = chain.accounted(), chain.fees_accrued()
    tokens = chain.token_balance(chain.deployment.escrow)
    leases, states = _open_leases(chain)
    if not _caught_up(chain):
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
        differences.append(Difference("tokens", accounted, tokens, "the contract holds less than it owes"))
    return _record(books, accounted, len(leases) + 4, differences)


def _caught_up(chain: Chain) -> bool:
    """Whether every event up to the head has taken effect."""
    deployment = chain.deployment
    cursor = ChainCursor.objects.filter(chain_id=deployment.chain_id, contract=deployment.escrow).first()
    waiting = ChainEvent.objects.filter(contract=deployment.escrow, applied_at=None, rolled_back_at=None)
    return (
        cursor is not None
        and cursor.block_number >= chain.head().number - settings.CHAIN_FINALITY_BLOCKS
        and not waiting.exists()
    )


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
    return found


def _unequal(external_id: str, books: int, rail: int, explanation: str) -> list[Difference]:
    return [] if books == rail else [Difference(external_id, books, rail, explanation)]


def _record(books: int, rail: int, compared: int, differences: list[Difference]) -> ReconciliationRun:
    with transaction.atomic():
        run = ReconciliationRun.objects.create(
            rail=Hold.Rail.ESCROW,
            ledger_minor=books,
            rail_minor=rail,
            currency=CURRENCY,
            items_compared=compared,
            balanced=not differences,
            through_at=clock.now(),
        )
        ReconciliationDifference.objects.bulk_create(
            ReconciliationDifference(
                run=run,
                external_id=item.external_id,
                ledger_minor=item.ledger_minor,
                rail_minor=item.rail_minor,
                explanation=item.explanation,
            )
            for item in differences
        )
        if differences:
            audit.record("chain.unreconciled", actor=RECONCILER, subject=run, data={"differences": len(differences)})
            send_on_commit(reconciliation_failed, run_id=run.pk, rail=run.rail)
    return run
