"""The collector of cycles is told once, for every process of the house."""

import gc

from marketplace.apps import COLLECT_AFTER


def test_it_looks_seldom_and_never_at_the_code() -> None:
    assert gc.get_threshold() == COLLECT_AFTER
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000
