"""A real EVM node for tests: anvil on a port that it chooses itself."""

import contextlib
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from web3 import HTTPProvider, Web3

from settlement.contracts.toolchain import ToolMissing, anvil_binary
from tests.environment import cannot_check

CHAIN_ID = 31337
START_SECONDS = 20


@dataclass(frozen=True)
class Anvil:
    """A running node. Blocks are mined per transaction and lie one second apart, whatever the machine's clock says."""

    url: str
    web3: Web3

    def rpc(self, method: str, *params: Any) -> Any:
        """The result of a raw call. Raises AssertionError when the node answers with an error."""
        answer = self.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        """So many empty blocks were added."""
        self.rpc("anvil_mine", hex(blocks))

    def now(self) -> int:
        """The time of the latest block."""
        return self.web3.eth.get_block("latest")["timestamp"]

    def pass_time(self, seconds: int) -> None:
        """A block stands that is so many seconds later than the last."""
        self.rpc("evm_setNextBlockTimestamp", self.now() + seconds)
        self.mine()

    def next_block_in(self, seconds: int) -> None:
        """The next transaction's block will be so many seconds later than the last."""
        self.rpc("evm_setNextBlockTimestamp", self.now() + seconds)

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """What happens in the block is undone at its end."""
        snapshot = self.rpc("evm_snapshot")
        try:
            yield
        finally:
            assert self.rpc("evm_revert", snapshot) is True


@contextlib.contextmanager
def running_anvil(*arguments: str) -> Iterator[Anvil]:
    """A node runs within the block. Where anvil is not installed the test is skipped, and fails in CI."""
    try:
        binary = anvil_binary()
    except ToolMissing as missing:
        cannot_check(f"No EVM node: {missing}")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "anvil.log"
        command = [str(binary), "--port", "0", "--chain-id", str(CHAIN_ID), "--hardfork", "prague", *arguments]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield _connected(process, log)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _connected(process: "subprocess.Popen[bytes]", log: Path) -> Anvil:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"Listening on (\S+)", log.read_text(errors="replace")):
            url = f"http://{found[1]}"
            provider = HTTPProvider(url, request_kwargs={"timeout": 30}, cache_allowed_requests=True)
            node = Anvil(url, Web3(provider))
            node.rpc("anvil_setBlockTimestampInterval", 1)
            return node
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(f"anvil did not start: {log.read_text(errors='replace')[-500:]}")


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """One node for the session; tests undo what they did to it."""
    with running_anvil() as node:
        yield node
