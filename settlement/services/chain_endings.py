"""Ends of leases that vanished with their blocks past finality: the contract is told again, and the books follow it.

The lease stands open in the contract then, and its hold is settled here: nobody else would end it.
"""

from compliance.services import money_alarms
from compliance.services.money_alarms import MoneyDifference
from settlement.models import ChainEvent, Hold, Receipt
from settlement.services import chain_jobs, hold_money
from settlement.services.accounts import Kind, Pot, of_party, of_platform
from settlement.services.chain_postings import CURRENCY, INDEXER
from settlement.services.ledger import Line

ENDS = ("Closed", "Reclaimed", "Seized")


def post_lost_ends() -> int:
    """Each settled hold whose lease is open in the contract again is a job: it is closed there. Returns how many."""
    ends = ChainEvent.objects.filter(name__in=ENDS)
    lost = set(
        ends.filter(applied_at__isnull=False, rolled_back_at__isnull=False).values_list("args__leaseId", flat=True)
    )
    lost -= set(ends.filter(args__leaseId__in=lost, rolled_back_at=None).values_list("args__leaseId", flat=True))
    open_again = Hold.objects.filter(
        state=Hold.State.SETTLED, escrow_deposit__lease_key__in=lost, escrow_deposit__deposited_minor__gt=0
    )
    for hold_id in open_again.order_by("pk").values_list("pk", flat=True):
        chain_jobs.post_missing(chain_jobs.Kind.SETTLE, hold_id)
    return len(open_again)


def otherwise(event: ChainEvent, hold: Hold, settled: int) -> list[Line]:
    """What a closing that stands in another block charges beyond the receipt, or less: a deposit that came later may
    have been charged for a shorter time. Officers have a case about it. Inside the indexer's transaction.
    """
    receipt = Receipt.objects.filter(hold=hold).first()
    growth = settled - receipt.total_minor if receipt else 0
    if receipt is None or not growth:
        return []
    words = "a closing came back in another block and charged another total than the receipt says"
    told = MoneyDifference("escrow", str(event.args["leaseId"]), f"{growth} millionths", words)
    money_alarms.open_cases_for([told], event.pk, actor=INDEXER)
    fee = hold_money.fee_of(hold, settled) - hold_money.fee_of(hold, receipt.total_minor)
    return [
        Line(of_party(Kind.PAYABLE, hold.payee_party_id, Pot.ESCROW, CURRENCY), growth - fee),
        Line(of_platform(Kind.FEES, Pot.ESCROW, CURRENCY), fee),
        Line(of_party(Kind.AVAILABLE, hold.party_id, Pot.ESCROW, CURRENCY), -growth),
    ]
