"""The whole life of holds on one balance, in any order of deeds: nothing is made, lost or paid twice."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.base import clock
from compliance.base.errors import Refusal
from compliance.models import Party
from settlement.models import Hold, Receipt
from settlement.services import hold_sweep, holds
from settlement.services.books import verify_books
from tests.settlement.scene import TESTER, Doorbell, Scene

DEEDS = ("open", "capture", "settle", "freeze", "let go", "reopen", "cancel", "sweep", "wait")
LIVES = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 3), st.integers(0, 900)), min_size=3, max_size=30)
MONEY = 1_500


def _do(money: Scene, deed: str, ids: list, which: int, amount: int, manual: clock.ManualClock) -> None:
    if deed == "open":
        ids.append(money.open_hold(max(amount, 1)).id)
        return
    if deed == "wait":
        manual.advance(minutes=amount)
        return
    if deed == "sweep":
        hold_sweep.sweep_holds()
        return
    hold_id = ids[which % len(ids)]
    subject_id = Hold.objects.get(pk=hold_id).subject_id
    deeds = {
        "capture": lambda: holds.capture(hold_id, amount, f"usage:{amount}"),
        "settle": lambda: holds.settle_hold(hold_id, amount, TESTER),
        "freeze": lambda: holds.freeze_hold(hold_id, "listed", actor=TESTER),
        "let go": lambda: holds.unfreeze_hold(hold_id, actor=TESTER),
        "reopen": lambda: holds.unfreeze_hold(hold_id, actor=TESTER, clearance=money.lease_clearance(subject_id)),
        "cancel": lambda: holds.cancel_hold(hold_id, actor=TESTER),
    }
    deeds[deed]()


def _check(money: Scene) -> None:
    """What must be true at every moment, derived from the rows alone."""
    books = money.books()
    rows = list(Hold.objects.all())
    held = sum(row.amount_minor for row in rows if row.state in ("open", "released"))
    blocked = sum(row.amount_minor for row in rows if row.state == "frozen")
    settled = [row for row in rows if row.state == "settled"]
    total = sum(row.final_minor for row in settled)
    fees = sum(row.final_minor * row.fee_bps // 10_000 for row in settled)
    assert books.get("held", 0) == held
    assert books.get("blocked", 0) == blocked
    assert books.get("fees", 0) == fees
    assert books.get("payable", 0) == total - fees
    assert books.get("available", 0) == MONEY - held - blocked - total
    assert Receipt.objects.count() == len(settled)
    assert all(row.captured_minor <= row.amount_minor for row in rows)


@pytest.mark.django_db
@given(life=LIVES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_order_of_deeds_makes_or_loses_a_cent(db, life):
    manual = clock.ManualClock(clock.now() + timedelta(seconds=1))
    with transaction.atomic(), clock.use_clock(manual):
        parties = [Party.objects.create(kind="entity", name=f"Party {uuid4()}", country="SG") for _ in range(2)]
        money = Scene(parties[0], parties[1], Doorbell())
        money.credit(MONEY)
        ids: list = []
        for deed, which, amount in life:
            if deed not in ("open", "wait", "sweep") and not ids:
                continue
            try:
                with transaction.atomic():
                    _do(money, deed, ids, which, amount, manual)
            except Refusal:
                pass
            _check(money)
        assert verify_books().verified
        transaction.set_rollback(True)
