"""The load: renters who lease, compute for a few seconds and stop, on every rail, whatever happens to the house.

Run in the house's environment as `python -m tests.chaos.load STATE SEED`, until its standard input is closed. Each
renter asks again with the same idempotency key until there is an answer, as a client library should. What the house
has acknowledged is written down: none of it may be missing afterwards.
"""

import json
import logging
import os
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
import httpx

django.setup()

from eth_account.signers.local import LocalAccount  # noqa: E402
from web3 import HTTPProvider, Web3  # noqa: E402

from marketplace.development.doors import Api, DoorError  # noqa: E402
from marketplace.development.image import IMAGE  # noqa: E402
from marketplace.development.story.people import Renter, prove_wallet, renter  # noqa: E402
from marketplace.development.wallets import DevelopmentChain, wallet_key  # noqa: E402
from marketplace.development.world import RENTERS  # noqa: E402

SECONDS = 300
RUN_SECONDS = 60
LAST_LEASE_SECONDS = 300
OVER = {"ended", "settled", "failed"}
TOP_UP_MINOR = 50_000
MODELS = ("h100-sxm", "rtx-4090", "rtx-3090")


@dataclass
class Acknowledged:
    """The leases that the house said it has made, as renters wrote them down."""

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, **details: Any) -> None:
        """One more of these; leases are written down."""
        with self.lock:
            self.counts[what] += 1
            if details:
                with self.path.open("a") as book:
                    book.write(json.dumps({"what": what, **details}) + "\n")


class Patient:
    """An API client that asks until it is answered."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> tuple[int, Any]:
        """Status and body of the first answer that is no fault of the server; the key stays the same throughout."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for attempt in range(240):
            try:
                reply = self.api.http.request(method, path, json=body, params=query, headers=headers, timeout=30)
                found = reply.json() if reply.content else {}
                too_often = reply.status_code == 429 and found.get("code") == "too_often"
                if too_often or (reply.status_code < 500 and reply.status_code != 429):
                    return reply.status_code, found
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(min(0.25 * (attempt + 1), 1.0))
        raise DoorError(f"{method} {path} was never answered")


class RenterLoad(threading.Thread):
    """One renter's program on one rail."""

    def __init__(self, person: Renter, rail: str, book: Acknowledged, over: threading.Event, dice: random.Random):
        super().__init__(name=f"{person.company.key}-{rail}", daemon=True)
        self.person, self.rail, self.book, self.over, self.dice = person, rail, book, over, dice
        self.patient = Patient(person.api)
        self.pay: Callable[[str], None] = lambda _lease_id: None
        self.terms: dict[str, Any] = {"rail": rail}

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self._one_lease()
            except DoorError as error:
                self.book.note(f"gave up: {str(error)[:60]}")
            time.sleep(self.dice.uniform(0, 0.5))

    def _one_lease(self) -> None:
        if self.rail == "balance":
            self._fill_balance()
        lease = self._open()
        if lease is None:
            time.sleep(1)
            return
        lease_id = str(lease["id"])
        self.book.note("lease", id=lease_id, rail=self.rail)
        self.pay(lease_id)
        self._wait(lease_id)
        time.sleep(self.dice.uniform(0, 6))
        status, _ = self.patient.ask("POST", f"/leases/{lease_id}/stop", {})
        self.book.note(f"stop answered {status}")

    def _open(self) -> dict[str, Any] | None:
        _, found = self.patient.ask("GET", "/offers", gpu_model=self.dice.choice(MODELS))
        offers = [each for each in found.get("results", ()) if each["free_gpus"] and each["min_seconds"] <= SECONDS]
        if not offers:
            return None
        offer = self.dice.choice(offers)
        body = {
            "offer_id": offer["id"],
            "gpu_count": self.dice.randint(1, min(2, offer["free_gpus"])),
            "seconds": SECONDS,
            "image": IMAGE,
            "end_use": "Rendering",
            "end_user": {"kind": "self"},
            **self.terms,
        }
        status, answer = self.patient.ask("POST", "/leases", body)
        if status != httpx.codes.CREATED:
            self.book.note(f"lease refused: {status} {answer.get('code', '')}")
            return None
        return dict(answer)

    def _wait(self, lease_id: str) -> None:
        until = time.monotonic() + RUN_SECONDS
        while time.monotonic() < until:
            _, lease = self.patient.ask("GET", f"/leases/{lease_id}")
            if lease.get("state") in OVER | {"running"}:
                self.book.note(f"came to {lease['state']}")
                return
            time.sleep(0.5)
        self.book.note("stopped before it ran")

    def _fill_balance(self) -> None:
        _, pots = self.patient.ask("GET", "/balance")
        rows = pots["results"] if isinstance(pots, dict) else pots
        if sum(int(pot.get("available_minor", 0)) for pot in rows if pot["pot"] == "card") < TOP_UP_MINOR // 2:
            body = {"amount_minor": TOP_UP_MINOR, "payment_method": "pm_card_visa"}
            status, _ = self.patient.ask("POST", "/top-ups", body)
            self.book.note(f"top-up answered {status}")
            time.sleep(3)


def loads_of(state: Path, book: Acknowledged, over: threading.Event, seed: str) -> list[RenterLoad]:
    """A renter's program for each rail, ready to start."""
    first, second = (renter(os.environ["GRIDCLEAR_BASE_URL"], company) for company in RENTERS)
    loads = [
        RenterLoad(person, rail, book, over, random.Random(f"{seed}{rail}{person.company.key}"))
        for person, rail in ((first, "balance"), (first, "card"), (second, "balance"), (second, "escrow"))
    ]
    for load in loads:
        if load.rail == "card":
            load.terms["payment_method"] = "pm_card_visa"
        if load.rail == "escrow":
            _pay_on_chain(state, load)
    return loads


def _pay_on_chain(state: Path, load: RenterLoad) -> None:
    key: LocalAccount = wallet_key(state, load.person.company.key)
    prove_wallet(load.person, key)
    load.terms["wallet"] = key.address
    contracts = json.loads((state / "chain.json").read_text())
    web3 = Web3(HTTPProvider(os.environ["CHAIN_RPC_URL"], request_kwargs={"timeout": 30}))
    to = Web3.to_checksum_address
    chain = DevelopmentChain(web3, to(contracts["escrow"]), to(contracts["token"]))

    def pay(lease_id: str) -> None:
        status, deposit = load.patient.ask("GET", f"/leases/{lease_id}/deposit")
        if status != httpx.codes.OK:
            load.book.note(f"no deposit asked: {status}")
            return
        try:
            chain.fill(key.address, usdc=deposit["amount_minor"])
            for transaction in deposit["transactions"]:
                chain.send(key, to(transaction["to"]), transaction["data"])
        except (OSError, ValueError, RuntimeError) as error:
            load.book.note(f"deposit failed: {type(error).__name__}")

    load.pay = pay


def main() -> None:
    """Renters lease until standard input ends; then what happened to them is counted."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    state, over = Path(sys.argv[1]), threading.Event()
    book = Acknowledged(state / "acknowledged.jsonl")
    loads = loads_of(state, book, over, sys.argv[2])
    for load in loads:
        load.start()
    print("under load", flush=True)
    sys.stdin.read()
    over.set()
    for load in loads:
        load.join(timeout=LAST_LEASE_SECONDS)
    for what, times in sorted(book.counts.items()):
        print(f"{times:6} x {what}", flush=True)


if __name__ == "__main__":
    main()
