"""What `make bench` measures, in one run on one server, and how it is told."""

from argparse import Namespace
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from compliance.base.actor import system
from compliance.services import gate
from settlement.services import ledger
from settlement.services.accounts import Kind, Pot, of_party
from tests.benchmarks.audit import measure_audit, render_audit
from tests.benchmarks.gas import measure_contract, render_gas
from tests.benchmarks.leases import LeaseRate, measure_leases
from tests.benchmarks.ledger import measure_ledger, render_ledger
from tests.benchmarks.measure import Timing, machine, time_each
from tests.benchmarks.names.report import measure_screening, render_screening
from tests.benchmarks.ownership import measure_ownership, render_ownership
from tests.benchmarks.watchlists import measure_watchlists, render_watchlists
from tests.benchmarks.world import World, build_world

GATE_ROUNDS = 200
LEDGER_ROUNDS = 500
SPARE_GPUS = 16


@dataclass(frozen=True)
class Results:
    """All figures of one run."""

    leases: LeaseRate
    gate: Timing
    ledger: Timing


def measure_section(name: str, given: Namespace, server: str, at: datetime) -> str:
    """The section has been measured; its text for the page."""
    if name == "ownership":
        return render_ownership(measure_ownership(), f"{at:%Y-%m-%d %H:%M} UTC", MACHINE)
    if name == "ledger":
        return render_ledger(measure_ledger(), f"{at:%Y-%m-%d %H:%M} UTC", MACHINE, server)
    if name == "screening":
        return render_screening(measure_screening(), f"{at:%Y-%m-%d %H:%M} UTC", MACHINE)
    if name == "audit":
        return render_audit(measure_audit(given.events), f"{at:%Y-%m-%d %H:%M} UTC", MACHINE, server)
    if name == "watchlists":
        return render_watchlists(measure_watchlists(), f"{at:%Y-%m-%d %H:%M} UTC", MACHINE, server)
    if name == "gas":
        return render_gas(measure_contract(), f"{at:%Y-%m-%d %H:%M} UTC")
    return render(measure_all(given.leases), server, at)


# Asked before anything is measured, which makes the machine busy by itself.
MACHINE = machine()


def measure_all(lease_count: int) -> Results:
    """Everything has been measured, one after another and alone on the server."""
    world = build_world(lease_count + SPARE_GPUS)
    return Results(
        leases=measure_leases(world, lease_count),
        gate=time_each(lambda _: ask_gate(world), GATE_ROUNDS),
        ledger=time_each(lambda _: post_transfer(world), LEDGER_ROUNDS),
    )


def ask_gate(world: World) -> None:
    """One question about a lease: facts gathered, decided, decision and clearance kept."""
    request = gate.GateRequest(
        purpose="lease",
        subject_id=uuid4(),
        renter_party_id=world.renter.party_id,
        provider_party_id=world.offer.organization.party_id,
        gpu_slug=world.offer.gpu_model_id,
        gpu_count=1,
        node_id=world.offer.node_id,
        node_country=world.offer.node.country,
        node_region=world.offer.node.region,
        rail="balance",
        amount_minor=22,
        currency="USD",
        end_use="Measuring the gate",
        end_user={"kind": "self"},
        seconds=3600,
    )
    gate.require(request, actor=system("benchmark"))


def post_transfer(world: World) -> None:
    """One cent moves from the renter's available to its held account."""
    party = world.renter.party_id
    lines = [
        ledger.Line(of_party(Kind.AVAILABLE, party, Pot.CARD, "USD"), -1),
        ledger.Line(of_party(Kind.HELD, party, Pot.CARD, "USD"), 1),
    ]
    ledger.post(uuid4(), "benchmark", lines)


def render(results: Results, server: str, at: datetime) -> str:
    """The section about leases, gate and ledger."""
    leases = results.leases
    rows = [
        ("Leases opened end to end", f"{leases.end_to_end.per_second:.1f} / s", _times(leases.end_to_end)),
        (
            f"The same {leases.rows_per_lease:.0f} rows a lease, inserted bare",
            f"{leases.bare_per_second:.1f} / s",
            f"a lease takes {leases.ratio:.1f} times as long",
        ),
        ("Gate: one ALLOW, kept and signed", f"{results.gate.per_second:.1f} / s", _times(results.gate)),
        ("Ledger: one transfer of two entries", f"{results.ledger.per_second:.1f} / s", _times(results.ledger)),
    ]
    table = "\n".join(f"| {what} | {rate} | {times} |" for what, rate, times in rows)
    return PAGE.format(at=f"{at:%Y-%m-%d %H:%M} UTC", machine=MACHINE, server=server, table=table)


def _times(timing: Timing) -> str:
    return f"p50 {timing.p50_ms:.2f} ms, p95 {timing.p95_ms:.2f} ms"


PAGE = """## Leases, gate, ledger

Measured by `make bench` on {at}.
Machine: {machine}.
Server: {server}. One client, one process; ratios are of this very run, so they say more than the rates.

| What | Rate | Each |
|---|---|---|
{table}

A lease end to end is `request_lease`: the gate gathers facts, screens, decides, keeps the decision and signs the
clearance; then GPUs are locked and lease, allocation, hold, ledger transfer and audit events are written, with all
triggers. The floor is the same rows inserted into copies of their tables with the same indexes, without triggers and
foreign keys, one transaction a lease.
"""
