"""A proposal to seize ends with the freeze that it was made under: let go, lapsed, or followed by another case's."""

from dataclasses import dataclass

import pytest
from eth_utils import keccak
from web3.types import TxReceipt

from tests.contracts.world import CASE, DAY, DOLLAR, HOUR, World, as_tuple, target_of

pytestmark = pytest.mark.chain

DELAY = 7 * DAY
OTHER_CASE = keccak(text="another case")


@pytest.fixture(params=["lease", "account"])
def seizable(request: pytest.FixtureRequest, world: World) -> "Seizable":
    """Something that can be frozen and seized, of either kind."""
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    if request.param == "lease":
        return Seizable(world, world.lease_id(terms), "", as_tuple(terms))
    world.close(terms, 4 * DOLLAR)
    return Seizable(world, target_of(world.payee.address), "Account", world.payee.address)


@dataclass(frozen=True)
class Seizable:
    """The same deeds for a lease and for an account."""

    world: World
    target: bytes
    kind: str
    named: object

    def freeze(self, seconds: int, case: bytes = CASE) -> TxReceipt:
        """Frozen for so long from the block in which that stands."""
        until = self.world.node.now() + 1 + seconds
        return self._send("guardian", f"freeze{self.kind}", self._key, case, until)

    def propose(self) -> None:
        self._send("guardian", f"propose{self.kind}Seizure", self._key, CASE)

    def execute(self) -> TxReceipt:
        return self._send("treasurer", f"execute{self.kind}Seizure", self.named)

    @property
    def is_proposed(self) -> bool:
        return self.world.escrow.functions.seizureOf(self.target).call()[1] != 0

    @property
    def case(self) -> bytes:
        return self.world.escrow.functions.freezeCaseOf(self.target).call()

    @property
    def _key(self) -> object:
        return self.named if self.kind else self.target

    def _send(self, who: str, function: str, *arguments: object) -> TxReceipt:
        return self.world.send(getattr(self.world, who), self.world.escrow.functions[function](*arguments))


def test_a_freeze_renewed_in_time_by_its_case_keeps_the_proposal(seizable: Seizable):
    seizable.freeze(5 * DAY)
    seizable.propose()
    # The renewal's block is the last second of the freeze.
    seizable.world.node.pass_time(5 * DAY - 3)
    receipt = seizable.freeze(30 * DAY)
    assert seizable.world.events(receipt, "SeizureCancelled") == []
    seizable.world.node.pass_time(DELAY)
    seizable.execute()
    assert seizable.world.entitlement(seizable.world.blocked) > 0


def test_a_freeze_that_lapsed_ends_the_proposal_though_the_same_case_freezes_again(seizable: Seizable):
    seizable.freeze(5 * DAY)
    seizable.propose()
    # The second in which it ends is not in it any more.
    seizable.world.node.pass_time(5 * DAY - 2)
    receipt = seizable.freeze(30 * DAY)
    assert seizable.world.events(receipt, "SeizureCancelled") == [{"target": seizable.target, "caseRef": CASE}]
    seizable.world.node.pass_time(DELAY)
    with seizable.world.refused("NoSeizure"):
        seizable.execute()
    seizable.propose()
    with seizable.world.refused("TooEarly"):
        seizable.execute()
    seizable.world.node.pass_time(DELAY)
    seizable.execute()


def test_a_freeze_by_another_case_ends_the_proposal_though_there_was_no_gap(seizable: Seizable):
    assert seizable.case == bytes(32)
    seizable.freeze(60 * DAY)
    assert seizable.case == CASE
    seizable.propose()
    receipt = seizable.freeze(60 * DAY, OTHER_CASE)
    assert (seizable.case, seizable.is_proposed) == (OTHER_CASE, False)
    assert seizable.world.events(receipt, "SeizureCancelled") == [{"target": seizable.target, "caseRef": CASE}]
    # Nor does it come back with its case.
    seizable.freeze(60 * DAY)
    seizable.world.node.pass_time(DELAY)
    with seizable.world.refused("NoSeizure"):
        seizable.execute()


def test_a_freeze_that_is_refused_ends_nothing(seizable: Seizable):
    seizable.freeze(60 * DAY)
    seizable.propose()
    for seconds, case, error in ((91 * DAY, OTHER_CASE, "InvalidFreeze"), (DAY, bytes(32), "CaseMissing")):
        with seizable.world.refused(error):
            seizable.freeze(seconds, case)
    assert (seizable.case, seizable.is_proposed) == (CASE, True)
