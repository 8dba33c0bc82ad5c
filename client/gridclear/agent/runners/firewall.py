"""Rules on the host that keep workloads away from it, from its neighbours and from the metadata address."""

import logging
import shutil
import subprocess

log = logging.getLogger("gridclear.agent")

# Link-local (RFC 3927) holds the cloud's metadata address 169.254.169.254; the private nets (RFC 1918, RFC 6598)
# are the provider's own; 224/4 is multicast.
FORBIDDEN = ("169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "224.0.0.0/4")


class Firewall:
    """iptables rules for every bridge whose name begins with `prefix`; `raise_up` says whether they stand."""

    def __init__(self, prefix: str) -> None:
        self._bridges = f"{prefix}+"
        self._program = shutil.which("iptables", path="/usr/sbin:/sbin:/usr/bin:/bin")

    def raise_up(self) -> bool:
        """Whether all rules stand. Existing ones are left, so that two agents on one machine agree."""
        if self._program is None:
            return False
        return all(self._has(rule) or self._insert(rule) for rule in self.rules())

    def rules(self) -> list[list[str]]:
        """Chain first. DOCKER-USER is Docker's hook for traffic that it forwards; INPUT is the host itself."""
        new = ["-m", "conntrack", "--ctstate", "NEW", "-j", "REJECT"]
        forwarded = [["DOCKER-USER", "-i", self._bridges, "-d", net, *new] for net in FORBIDDEN]
        # The resolver is often a private address, and Docker asks it from inside the workload's network. Each
        # rule is put before those that stand, so these come to be first.
        names = [
            ["DOCKER-USER", "-i", self._bridges, "-p", protocol, "--dport", "53", "-j", "RETURN"]
            for protocol in ("udp", "tcp")
        ]
        return [*forwarded, *names, ["INPUT", "-i", self._bridges, *new]]

    def _has(self, rule: list[str]) -> bool:
        return self._run("-C", rule) == 0

    def _insert(self, rule: list[str]) -> bool:
        return self._run("-I", rule) == 0

    def _run(self, action: str, rule: list[str]) -> int:
        assert self._program is not None
        command = [self._program, "-w", "5", action, *rule]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode
