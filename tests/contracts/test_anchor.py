"""The anchor contract: roots that stand for good, each account's own, each covering more than the last."""

from collections.abc import Iterator

import pytest
from eth_utils import keccak
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from tests.contracts.anvil import Anvil
from tests.contracts.world import World, artifact, deploy

pytestmark = pytest.mark.chain

ROOT, OTHER = keccak(text="a root"), keccak(text="another root")


@pytest.fixture
def anchor(anvil: Anvil, world: World) -> Iterator[Contract]:
    return deploy(anvil, artifact("GridclearAnchor"))


def refusal(name: str) -> str:
    (entry,) = [each for each in artifact("GridclearAnchor")["abi"] if each.get("name") == name]
    return "0x" + keccak(text=f"{name}({','.join(item['type'] for item in entry['inputs'])})")[:4].hex()


def test_a_root_stands_with_the_time_of_its_block(world: World, anchor: Contract):
    receipt = world.send(world.settler, anchor.functions.anchor(5, ROOT))
    at = world.node.web3.eth.get_block(receipt["blockNumber"])["timestamp"]
    assert anchor.functions.anchorsOf(world.settler.address, 0, 10).call() == [(ROOT, 5, at)]
    (log,) = anchor.events.Anchored().process_receipt(receipt)
    assert dict(log["args"]) == {"author": world.settler.address, "size": 5, "root": ROOT}


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_log_only_grows(world: World, anchor: Contract, size: int):
    world.send(world.settler, anchor.functions.anchor(5, ROOT))
    with pytest.raises(ContractCustomError) as caught:
        world.send(world.settler, anchor.functions.anchor(size, OTHER))
    assert str(caught.value.data).startswith(refusal("NotLonger"))
    assert anchor.functions.count(world.settler.address).call() == 1
    world.send(world.settler, anchor.functions.anchor(6, OTHER))
    assert [each[:2] for each in anchor.functions.anchorsOf(world.settler.address, 0, 9).call()] == [
        (ROOT, 5),
        (OTHER, 6),
    ]


def test_a_root_of_nothing_and_a_log_of_nothing_are_refused(world: World, anchor: Contract):
    for size, root, why in ((1, bytes(32), "NoRoot"), (0, ROOT, "NotLonger")):
        with pytest.raises(ContractCustomError) as caught:
            world.send(world.settler, anchor.functions.anchor(size, root))
        assert str(caught.value.data).startswith(refusal(why))


def test_nobody_writes_into_anothers_log(world: World, anchor: Contract):
    world.send(world.settler, anchor.functions.anchor(5, ROOT))
    world.send(world.stranger, anchor.functions.anchor(2**64 - 1, OTHER))
    assert [each[:2] for each in anchor.functions.anchorsOf(world.settler.address, 0, 9).call()] == [(ROOT, 5)]
    world.send(world.settler, anchor.functions.anchor(6, OTHER))


def test_long_logs_are_read_in_pages(world: World, anchor: Contract):
    for size in range(1, 6):
        world.send(world.settler, anchor.functions.anchor(size, ROOT))
    read = anchor.functions.anchorsOf
    assert [each[1] for each in read(world.settler.address, 0, 2).call()] == [1, 2]
    assert [each[1] for each in read(world.settler.address, 4, 2).call()] == [5]
    assert read(world.settler.address, 5, 2).call() == []
    assert read(world.settler.address, 2**256 - 1, 2**256 - 1).call() == []
