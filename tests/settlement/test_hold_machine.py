"""Whole lives of holds: short ones in any order that Hypothesis draws, long ones in an order drawn by a seed."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.settlement.hold_deeds import HoldMachine
from tests.settlement.hold_model import FEE_BPS, POTS, PROVIDER, RENTER
from tests.settlement.scene import RATE

LONG = settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.django_db
def test_no_life_of_holds_makes_or_loses_a_unit(db, settings):
    assert settings.GRIDCLEAR_FEE_BPS == FEE_BPS
    assert RATE
    HoldMachine.reached.clear()
    run_state_machine_as_test(HoldMachine, settings=LONG)
    assert {("balance", "settled"), ("card", "settled"), ("escrow", "settled")} <= HoldMachine.reached


def _deeds(machine: HoldMachine, choose: random.Random) -> list[Callable[[], None]]:
    """Every deed, about anything, the more telling ones more often."""
    number, yes = choose.randint, lambda: choose.random() < 0.5
    pick, who = lambda: number(0, 99), lambda: choose.choice([RENTER, PROVIDER])
    pot, share = lambda: choose.choice(POTS), lambda: number(0, 100)
    rails = ["balance", "card", "card", "escrow", "escrow"]
    often = [
        lambda: machine.open(choose.choice(rails), number(50, 900)),
        lambda: machine.fund(pick()),
        lambda: machine.use(pick(), number(1, 6), number(0, 1_200)),
        lambda: machine.settle(pick(), number(0, 1_200), choose.choice([0, 0, 7])),
        lambda: machine.collect(pick(), choose.choice([0, 0, 1, 300])),
        lambda: machine.request_payout(pot()),
        lambda: machine.payouts_go_on(pick(), yes()),
        lambda: machine.lift(who()),
        lambda: machine.dispute(pick(), number(1, 900), choose.choice([None, True, False])),
    ]
    return [
        *often,
        *often,
        lambda: machine.top_up(number(1, 900)),
        lambda: machine.freeze(pick()),
        lambda: machine.unfreeze(pick(), yes()),
        lambda: machine.cancel(pick()),
        lambda: machine.wait(choose.choice([1, 30, 30, 200])),
        machine.sweep,
        lambda: machine.end_on_chain(pick(), yes(), share()),
        lambda: machine.seize(pick(), share()),
        lambda: machine.restrict(who()),
        lambda: machine.lift(who()),
        machine.sweep_property,
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [8, 9])
def test_a_long_life_meets_every_deed(db, seed: int):
    """What a short run seldom comes to: payouts stopped and resumed, disputes after payouts, seizures."""
    machine, choose = HoldMachine(), random.Random(seed)
    try:
        machine.begin((400, 500, 600, 700))
        deeds = _deeds(machine, choose)
        for _ in range(200):
            choose.choice(deeds)()
            machine.the_books_say_what_the_model_says()
            machine.the_states_are_those_of_the_model()
        assert {each.state for each in machine.pencil.payouts} == {"sent", "failed", "frozen"}
        assert any(hold.disputed for hold in machine.pencil.holds)
        assert any(hold.seized for hold in machine.pencil.holds)
    finally:
        machine.teardown()
