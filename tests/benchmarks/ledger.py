"""The ledger: usage lines posted as a set, single transfers, django-hordak's transfers, balances and the proof."""

import gc
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count, islice
from random import Random
from uuid import uuid4

from django.db import connection

from compliance.base import clock
from compliance.models import Party
from settlement.selectors.holds import HoldRef
from settlement.services import holds, ledger, usage
from settlement.services.accounts import AccountKey, Kind, Pot, clearing, of_party
from settlement.services.books import verify_books
from settlement.services.hold_terms import HoldTerms
from settlement.services.ledger import Line
from settlement.services.usage import UsageLine
from tests.benchmarks.hordak_run import HordakRate, measure_hordak
from tests.benchmarks.measure import Meter, Spent, Timing, time_each
from tests.settlement.scene import TESTER, clear

RENTERS, PROVIDERS, LEASES = 40, 20, 1_000
AMOUNT = 10_000_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Small sizes are told several times, and the middle counts.
ROUNDS = {1_000: 15, 10_000: 5, 100_000: 1, 1_000_000: 1}
# Reports of one lease that a batch brings, whatever its size: so the sizes differ in nothing else.
TOGETHER = 10
# Transfers of one round; rounds of the ledger's and of django-hordak's take turns, and the middle of each counts.
TRANSFERS, TURNS = 500, 3
LINES_A_SECOND, TIMES_HORDAK, FLAT_WITHIN, BALANCE_MS = 15_000, 20, 1.5, 1.0


@dataclass(frozen=True)
class LedgerTimes:
    """What a line spends by how many were told; what else was measured on the same server in the same run."""

    line: dict[int, Spent]
    lonely: Spent
    first: Spent
    hordak: HordakRate
    single: Timing
    transfer: Spent
    balance: Timing
    lines: int
    entries: int
    verify_seconds: float

    @property
    def lines_a_second(self) -> float:
        return 1 / self.line[SIZES[-1]].processor

    @property
    def flat(self) -> float:
        spent = [each.processor for each in self.line.values()]
        return max(spent) / min(spent)


def measure_ledger() -> LedgerTimes:
    """A million and more usage lines of a thousand leases are in the books, and the books verify."""
    refs = _open_leases()
    reports = _reports(refs)
    meter = _meter()
    first, hordak = _take_turns(refs[0], meter)
    # What was imported stays out of the collector's way, as `timeit` does: else each round pays for it at random.
    gc.collect()
    gc.freeze()
    line = {}
    for size in SIZES:
        line[size] = _middle([_post(reports, size, meter) for _ in range(ROUNDS[size])])
        print(f"{size:,} lines: {line[size]}", file=sys.stderr, flush=True)
    lonely = _middle([_post(islice(reports, 0, None, TOGETHER), len(refs), meter) for _ in range(5)])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    key = of_party(Kind.HELD, refs[0].party_id, Pot.CARD, "USD")
    balance = time_each(lambda _: ledger.balance_of(key), 2_000, warm=50)
    transfer, single = _singles(refs[0], meter)
    print(first, hordak, transfer, f"balance p50 {balance.p50_ms:.2f} ms", file=sys.stderr, flush=True)
    began = time.perf_counter()
    report = verify_books()
    took = time.perf_counter() - began
    assert report.verified, report.faults[:3]
    lines = sum(size * rounds for size, rounds in ROUNDS.items()) + 5 * len(refs)
    assert sum(total.balance_minor for total in report.totals) == 0
    return LedgerTimes(line, lonely, first, hordak, single, transfer, balance, lines, report.entries, took)


def _take_turns(ref: HoldRef, meter: Meter) -> tuple[Spent, HordakRate]:
    """A transfer of the ledger and one of django-hordak, both in books that begin, measured in turns."""
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(_singles(ref, meter)[0])
        theirs.append(measure_hordak(TRANSFERS))
        print(ours[-1], theirs[-1], file=sys.stderr, flush=True)
    failed = next((each for each in theirs if each.each is None), None)
    return _middle(ours), failed or HordakRate(_middle([each.each for each in theirs if each.each is not None]))


def _singles(ref: HoldRef, meter: Meter) -> tuple[Spent, Timing]:
    """What a transfer spends that is alone in its transaction, after a few that are not counted."""
    for _ in range(20):
        _post_one_cent(ref)
    spent, timing = meter.spend(lambda: time_each(lambda _: _post_one_cent(ref), TRANSFERS, warm=0))
    return spent.each(TRANSFERS), timing


def _meter() -> Meter:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return Meter(cursor.fetchone()[0])


def _open_leases() -> list[HoldRef]:
    """Holds of a thousand leases, each opened by the service under its own clearance, on prepaid money."""
    parties = [Party.objects.create(kind="entity", name=f"Party {n}", country="SG") for n in range(RENTERS + PROVIDERS)]
    renters, providers = parties[:RENTERS], parties[RENTERS:]
    each = AMOUNT * LEASES // RENTERS + 1_000_000
    for renter in renters:
        lines = [Line(clearing(Pot.CARD, "USD"), -each), Line(_available(renter.pk), each)]
        ledger.post(uuid4(), "top_up", lines)
    return [_open(renters[n % RENTERS], providers[n % PROVIDERS]) for n in range(LEASES)]


def _open(renter: Party, provider: Party) -> HoldRef:
    subject_id = uuid4()
    return holds.open_hold(
        clearance=clear("lease", subject_id, renter=renter, provider=provider),
        rail="balance",
        renter_party_id=renter.pk,
        payee_party_id=provider.pk,
        subject_id=subject_id,
        amount_minor=AMOUNT,
        currency="USD",
        terms=HoldTerms(rate_minor_per_hour=36_000, expires_at=clock.now() + timedelta(hours=2)),
        idempotency_key=f"bench:{subject_id}",
        actor=TESTER,
    )


def _reports(refs: list[HoldRef]) -> Iterator[UsageLine]:
    """Report after report of every lease, TOGETHER of one after another, each some seconds and cents further."""
    chance, totals = Random(1), dict.fromkeys(range(len(refs)), 0)
    for first in count(1, TOGETHER):
        for number, ref in enumerate(refs):
            for sequence in range(first, first + TOGETHER):
                totals[number] += chance.randint(1, 5)
                yield UsageLine(ref.id, ref.subject_id, sequence, totals[number], sequence * 5)


def _post(reports: Iterator[UsageLine], size: int, meter: Meter) -> Spent:
    """What a line spends: hashing, judging and posting; making the lines is not counted."""
    total, left = Spent(0, 0), size
    while left:
        batch = [next(reports) for _ in range(min(left, usage.BATCH))]
        spent, idle = meter.spend(partial(usage.post_usage, batch))
        assert idle == [], idle[:3]
        total, left = total + spent, left - len(batch)
    return total.each(size)


def _middle(found: list[Spent]) -> Spent:
    """The round in the middle by its processor time, and the least disturbed by the wall."""
    spent = sorted(each.processor for each in found)
    return Spent(min(each.wall for each in found), spent[len(spent) // 2])


def _available(party_id: object) -> AccountKey:
    return of_party(Kind.AVAILABLE, party_id, Pot.CARD, "USD")  # type: ignore[arg-type]


def _post_one_cent(ref: HoldRef) -> None:
    payable = of_party(Kind.PAYABLE, ref.party_id, Pot.CARD, "USD")
    ledger.post(uuid4(), "benchmark", [Line(_available(ref.party_id), -1), Line(payable, 1)])


def render_ledger(found: LedgerTimes, at: str, machine: str, server: str) -> str:
    """The section about the ledger, with what it had to reach."""
    rows = [(f"{size:,}, {TOGETHER} of a lease", spent) for size, spent in found.line.items()]
    rows.append((f"{LEASES:,}, each of another lease", found.lonely))
    costs = "\n".join(
        f"| {name} | {spent.processor * 1e6:.1f} µs | {1 / spent.processor:,.0f} / s | {1 / spent.wall:,.0f} / s |"
        for name, spent in rows
    )
    hordak = found.hordak
    return PAGE.format(
        at=at,
        machine=machine,
        server=server,
        leases=LEASES,
        batch=usage.BATCH,
        together=TOGETHER,
        costs=costs,
        verdicts="\n".join(f"- {words}" for words in _verdicts(found)),
        single=_rates(found.transfer),
        first=_rates(found.first),
        p50=found.single.p50_ms,
        p95=found.single.p95_ms,
        hordak=_rates(hordak.each) if hordak.each else "not measured | not measured",
        balance=found.balance,
        lines=found.lines,
        entries=found.entries,
        verify=found.verify_seconds,
    )


def _rates(each: Spent) -> str:
    return f"{1 / each.processor:,.0f} / s | {1 / each.wall:,.0f} / s"


def _verdicts(found: LedgerTimes) -> list[str]:
    rate, hordak = found.lines_a_second, found.hordak
    times = rate * hordak.each.processor if hordak.each else 0.0
    return [
        f"At least {LINES_A_SECOND:,} usage lines a second, over {SIZES[-1]:,} lines: {rate:,.0f}, "
        f"{_met(rate >= LINES_A_SECOND)}.",
        f"At least {TIMES_HORDAK} times django-hordak's transfers a second: {hordak.failure or f'{times:,.0f} times'}, "
        f"{_met(times >= TIMES_HORDAK)}.",
        f"Cost a line flat within {FLAT_WITHIN} times from {SIZES[0]:,} to {SIZES[-1]:,} lines: {found.flat:.2f}, "
        f"{_met(found.flat <= FLAT_WITHIN)}.",
        f"A warm balance read below {BALANCE_MS:.0f} ms: p50 {found.balance.p50_ms:.2f} ms by the wall, "
        f"{_met(found.balance.p50_ms < BALANCE_MS)}.",
    ]


def _met(reached: bool) -> str:
    return "**MET**" if reached else "**MISSED**"


PAGE = """## The ledger

Measured by `make bench ARGS=ledger` on {at}.
Machine: {machine}.
Server: {server}. One client, one process, one run.

{verdicts}

A usage line is one cumulative charge of one of {leases:,} leases by one usage report, told as metering does, through
`usage.post_usage`: its id hashed from both, judged against what stands, posted as a balanced transfer of two entries
with its digest, its reservation and both accounts moved, all triggers, constraints and foreign keys on. Lines come in
transactions of {batch:,}; making them is not counted. Every size brings the same mix, {together} reports of a lease, so
that only the size differs; what a line costs that shares its lease with no other stands below. The book grows from
nothing to all of them while it is measured.

Others worked on the machine meanwhile, so what counts is **processor time**: of this process and its PostgreSQL backend
together, as the kernel counts both. The two take turns, so alone on a core the wall's clock shows about the same; what
PostgreSQL's writers do besides is in neither. The rates by the wall stand beside: the least disturbed of the rounds.

| Lines told | Processor time each | Rate | By the wall |
|---|---|---|---|
{costs}

| What | Rate by processor time | By the wall | |
|---|---|---|---|
| A single transfer of two entries, its own transaction | {first} | a book that begins |
| django-hordak 2.0, `transfer_to`, its own transaction | {hordak} | a book that begins on this server, in turns |
| A single transfer, after all lines | {single} | {entries:,} entries; p50 {p50:.2f} ms, p95 {p95:.2f} ms |
| A warm balance | | {balance.per_second:,.0f} / s | p50 {balance.p50_ms:.2f} ms, p95 {balance.p95_ms:.2f} ms |
| `ledger verify`: {lines:,} usage lines, {entries:,} entries | | {verify:.1f} s | every balance, running balance, \
pending sum and digest |
"""
