"""What the money of a hold does in the books: set aside, earned line by line, blocked, divided.

| moment | balance | card | escrow |
|---|---|---|---|
| confirmed | available -> held; held -> accrued is reserved | uncollected -> accrued is reserved | the chain posted \
contract -> held; held -> accrued is reserved |
| a usage line | a part is posted | a part is posted | a part is posted |
| charged while it runs | | | accrued -> payable, fees; while it is frozen, from blocked |
| frozen | what accrued goes back, all of it is blocked | what accrued goes back | as on the balance |
| let go | blocked -> held, what accrued accrues again | what accrued accrues again | as on the balance |
| settled | accrued -> payable, fees; held -> available | also clearing -> uncollected; what the card did not yield: \
uncollected -> claim | as on the balance |

What the escrow contract has charged (`charged_minor`) is the payee's for good: every other deed is about the rest.
Each deed names its accounts first (`lock`), because it may submit more than once in its transaction.
"""

from datetime import timedelta
from uuid import UUID

from compliance.base import clock
from settlement.models import Hold, PendingTransfer
from settlement.money import fee_minor
from settlement.services import claims, ledger
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party, of_platform
from settlement.services.ledger import Close, Line, Pend, Post, PostPart, Resume
from settlement.services.ledger_ops import Op

Rail = Hold.Rail
# What usage is posted from outlives the hold's own deadline a little: the sweep still settles from it.
RESERVED_BEYOND = timedelta(days=2)
USAGE = "usage"


def pot_of(rail: str) -> str:
    """Card-funded and crypto-funded money never mix."""
    return Pot.ESCROW.value if rail == Rail.ESCROW else Pot.CARD.value


def fee_of(hold: Hold, total_minor: int) -> int:
    """The platform's fee on the cumulative total, rounded down; the provider gets the rest."""
    return fee_minor(total_minor, hold.fee_bps)


def lock(hold: Hold) -> None:
    """Every account that the hold's money can touch is locked until the transaction ends, and `hold.pending` is fresh.

    The caller holds the lock of the hold's row.
    """
    ids = [hold.pending_id] if hold.pending_id else []
    rows = ledger.lock(accounts_of(hold), causes=[_id(hold, "hold.settled")], pending_ids=ids)
    for row in rows.values():
        hold.pending = row


def lock_to_open(hold: Hold) -> None:
    """As `lock`, for a transaction that only opens the hold: the platform's accounts stay free for others."""
    ledger.lock([_renters(hold, Kind.AVAILABLE), _source(hold), _payees(hold, Kind.ACCRUED)])


def accounts_of(hold: Hold) -> list[AccountKey]:
    """Every account that the hold's money can touch, from its opening to its end."""
    ends = [_payees(hold, Kind.ACCRUED), _payees(hold, Kind.PAYABLE), _platforms(hold, Kind.FEES)]
    if hold.rail == Rail.CARD:
        money = [clearing(pot_of(hold.rail), hold.currency), *claims.accounts_of(hold.party_id)]
    else:
        money = [_renters(hold, Kind.BLOCKED)]
    return [_source(hold), _renters(hold, Kind.AVAILABLE), *money, *ends]


def set_aside(hold: Hold) -> None:
    """Prepaid money is held for the lease. Raises InsufficientFunds."""
    _move(hold, "hold.set_aside", Kind.AVAILABLE, Kind.HELD, hold.amount_minor)


def reserve(hold: Hold) -> UUID:
    """What usage will be posted from is open; returns its id, for the hold's row."""
    pending_id = _id(hold, "hold.reserved")
    ledger.submit(
        [
            Pend(
                pending_id,
                USAGE,
                _source(hold),
                _payees(hold, Kind.ACCRUED),
                hold.amount_minor,
                subject_id=hold.subject_id,
                expires_at=hold.expires_at + RESERVED_BEYOND,
            )
        ]
    )
    return pending_id


def suspend(hold: Hold) -> None:
    """No usage is posted until `resume`; what had accrued is back where it came from, for this freeze of the hold."""
    if hold.pending is not None:
        suspended = Close(hold.pending.pk, PendingTransfer.State.SUSPENDED)
        _submit(suspended, _accrual(hold, "hold.suspended", -_accrued(hold), hold.freeze_count))


def resume(hold: Hold) -> None:
    """Usage is posted again, and what had accrued before this freeze accrues once more."""
    if hold.pending is not None:
        accrued = _accrual(hold, "hold.resumed", _accrued(hold), hold.freeze_count)
        _submit(accrued, Resume(hold.pending.pk, expires_at=hold.expires_at + RESERVED_BEYOND))


def reopen(hold: Hold) -> UUID:
    """Usage is posted, from the money that came meanwhile or that was there before; returns the reservation's id."""
    if hold.pending is None:
        return reserve(hold)
    resume(hold)
    return hold.pending.pk


def release(hold: Hold) -> None:
    """Nothing is reserved any more: the hold came to nothing."""
    if hold.pending_id is not None:
        ledger.submit([Close(hold.pending_id)])


def block(hold: Hold) -> None:
    """Held money lies in the renter's blocked account, for this freeze of the hold."""
    _move(hold, "hold.blocked", Kind.HELD, Kind.BLOCKED, hold.uncharged_minor, hold.freeze_count)


def unblock(hold: Hold) -> None:
    """Blocked money is held for the lease again."""
    _move(hold, "hold.unblocked", Kind.BLOCKED, Kind.HELD, hold.uncharged_minor, hold.freeze_count)


def earn_at_least(hold: Hold, total_minor: int) -> None:
    """No less than the total has accrued, where usage can be posted still: the contract has charged it."""
    missing = total_minor - hold.captured_minor
    if missing > 0 and hold.pending is not None and hold.pending.is_live(clock.now()):
        memo = f"charged on chain: {total_minor} in all"
        _submit(PostPart(_id(hold, "hold.charged", total_minor), hold.pending.pk, missing, memo=memo))
        hold.pending.refresh_from_db()


def charge(hold: Hold, amount_minor: int) -> list[Line]:
    """The contract has charged so much more (below zero: so much less), says the hold.

    Returns the lines that take it from where the hold's money lies, for the caller to post with those of who earns it.
    """
    before = _accrued_of(hold)
    hold.charged_minor += amount_minor
    accrued = _accrued_of(hold) - before
    stopped = hold.state == Hold.State.FROZEN or hold.blocked_minor > 0
    if stopped:
        hold.blocked_minor -= amount_minor
    hold.save(update_fields=["charged_minor", "blocked_minor"])
    rest = Line(_renters(hold, Kind.BLOCKED if stopped else Kind.HELD), -amount_minor - accrued)
    return [Line(_payees(hold, Kind.ACCRUED), accrued), rest]


def conclude_usage(hold: Hold, total_minor: int, billed_seconds: int) -> None:
    """What accrued is the final total exactly, and nothing is reserved any more.

    The last seconds are posted as a line of their own; what was earned beyond the total goes back.
    """
    if hold.pending is None:
        return
    missing = total_minor - max(hold.captured_minor, hold.charged_minor)
    if hold.pending.is_live(clock.now()):
        memo = f"final: {billed_seconds} s, {total_minor} in all"
        part = PostPart(
            _id(hold, "hold.final"), hold.pending.pk, max(0, missing), quantity=billed_seconds, memo=memo, close=True
        )
        _submit(part, _accrual(hold, "hold.unearned", min(0, missing)))
    else:
        # It ran out while nobody settled: the money is in the source account still, and unreserved.
        expired = Close(hold.pending.pk, PendingTransfer.State.EXPIRED)
        _submit(expired, _accrual(hold, "hold.final", missing))


def give_credit(hold: Hold, credit_minor: int, reason: str) -> None:
    """So much of what accrued is back on the renter's side, before anything is divided: the payee earns less by it."""
    if credit_minor and hold.pending_id is not None:
        lines = [Line(_payees(hold, Kind.ACCRUED), -credit_minor), Line(_source(hold), credit_minor)]
        _submit(Post(_id(hold, "sla.credit"), "sla.credit", lines, hold.subject_id, reason))


def divide(hold: Hold, *, collected_minor: int, total_minor: int) -> None:
    """What the lease cost goes to provider and platform, and the rest back to where it came from.

    What a card did not yield of it the renter owes.
    """
    accrued, short = _accrued_of(hold), short_of(hold, collected_minor)
    if short:
        lock(hold)
    lines = [
        Line(_payees(hold, Kind.ACCRUED), -accrued),
        *_sources(hold, accrued, collected_minor),
        *earnings(hold, total_minor),
    ]
    if hold.rail != Rail.CARD:
        lines.append(Line(_renters(hold, Kind.AVAILABLE), hold.amount_minor - total_minor))
    if any(line.amount_minor for line in lines):
        ledger.post(_id(hold, "hold.settled"), "hold.settled", lines, subject_id=hold.subject_id, memo=hold.description)
    if short:
        _owe(hold, short)


def short_of(hold: Hold, collected_minor: int) -> int:
    """What the card did not yield of the final total; 0 on the other rails, where nothing is owed beyond the hold."""
    return max(0, (hold.final_minor or 0) - collected_minor) if hold.rail == Rail.CARD else 0


def _owe(hold: Hold, short_minor: int) -> None:
    """The renter owes so much for what ran, and has paid of it what its other money here covers."""
    lines = [Line(_source(hold), short_minor), Line(_renters(hold, Kind.CLAIM), -short_minor)]
    ledger.post(_id(hold, "hold.fell_short"), "hold.fell_short", lines, subject_id=hold.subject_id)
    claims.pay_off(hold.party_id)


def collect_late(hold: Hold, collected_minor: int) -> None:
    """The card yielded so much after the hold had ended without it: it is the renter's, and pays what it owes first."""
    cause, transfer_id = "hold.collected_late", _id(hold, "hold.collected_late")
    brought = collected_minor, hold.currency
    claims.credit(hold.party_id, *brought, transfer_id=transfer_id, cause=cause, subject_id=hold.subject_id)


def earnings(hold: Hold, total_minor: int) -> list[Line]:
    """What provider and platform earn from what was charged before up to the total."""
    fee = fee_of(hold, total_minor) - fee_of(hold, hold.charged_minor)
    growth = total_minor - hold.charged_minor
    return [Line(_payees(hold, Kind.PAYABLE), growth - fee), Line(_platforms(hold, Kind.FEES), fee)]


def _sources(hold: Hold, accrued: int, collected_minor: int) -> list[Line]:
    """Where the money was: under the card's authorization, or held."""
    if hold.rail != Rail.CARD:
        return [Line(_renters(hold, Kind.HELD), accrued - hold.uncharged_minor)]
    return [
        Line(clearing(pot_of(hold.rail), hold.currency), -collected_minor),
        # Collected for more than was proven here, as before a restore: it is the renter's, prepaid.
        Line(_renters(hold, Kind.AVAILABLE), max(0, collected_minor - (hold.final_minor or 0))),
        Line(_renters(hold, Kind.UNCOLLECTED), accrued - short_of(hold, collected_minor)),
    ]


def _accrued(hold: Hold) -> int:
    """What usage has earned and the contract has not charged."""
    return max(0, hold.captured_minor - hold.charged_minor)


def _accrued_of(hold: Hold) -> int:
    """What of the hold lies in the payee's accrued account: nothing while it is frozen, or came to nothing."""
    if hold.pending_id is None or hold.state in (Hold.State.FROZEN, Hold.State.FAILED):
        return 0
    return _accrued(hold) if hold.final_minor is None else max(0, hold.final_minor - hold.charged_minor)


def _accrual(hold: Hold, cause: str, amount: int, *parts: int) -> Post | None:
    """Outside the reservation, `amount` accrues to the payee; below zero it goes back."""
    if not amount:
        return None
    lines = [Line(_source(hold), -amount), Line(_payees(hold, Kind.ACCRUED), amount)]
    return Post(_id(hold, cause, *parts), cause, lines, hold.subject_id)


def _submit(*ops: Op | None) -> None:
    ledger.submit([op for op in ops if op is not None])


def _move(hold: Hold, cause: str, source: Kind, destination: Kind, amount_minor: int, *parts: int) -> None:
    if amount_minor:
        lines = [Line(_renters(hold, source), -amount_minor), Line(_renters(hold, destination), amount_minor)]
        ledger.post(_id(hold, cause, *parts), cause, lines, subject_id=hold.subject_id)


def _source(hold: Hold) -> AccountKey:
    """What usage is posted from: money in our hands, or what a card stands for."""
    return _renters(hold, Kind.UNCOLLECTED if hold.rail == Rail.CARD else Kind.HELD)


def _id(hold: Hold, cause: str, *parts: int) -> UUID:
    return ledger.transfer_id_for(cause, hold.pk, *parts)


def _renters(hold: Hold, kind: Kind) -> AccountKey:
    return of_party(kind, hold.party_id, pot_of(hold.rail), hold.currency)


def _payees(hold: Hold, kind: Kind) -> AccountKey:
    return of_party(kind, hold.payee_party_id, pot_of(hold.rail), hold.currency)


def _platforms(hold: Hold, kind: Kind) -> AccountKey:
    return of_platform(kind, pot_of(hold.rail), hold.currency)
