"""What goes wrong, at a random moment, and how it is made good again."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from redis import Redis

from tests.chaos.house import POSTGRES, House

# Parts of requests' paths and of events' types of the card network, at which it misbehaves.
CARD_PATHS = ("payment_intents", "capture", "transfers", "balance_transactions")


@dataclass(frozen=True)
class Fault:
    """One thing that happens to the house, to parts that are up; whatever it killed is started again."""

    name: str
    happen: Callable[[House, random.Random], None]
    weight: int = 1


def killed(name: str, weight: int = 2) -> Fault:
    """The part dies as if its power had gone, and is started again by whoever watches over it."""

    def happen(house: House, dice: random.Random) -> None:
        house.wait_for(name)
        house.kill(name)
        time.sleep(dice.uniform(0, 1.5))
        house.revive(name)

    return Fault(f"kill -9 {name}", happen, weight)


def _kill_agent(house: House, dice: random.Random) -> None:
    name = dice.choice([name for name in house.names if name.startswith("agent-")])
    killed(name).happen(house, dice)


def _kill_two(house: House, dice: random.Random) -> None:
    first, second = dice.sample(["web", "worker", POSTGRES], 2)
    house.wait_for(first, second)
    house.kill(first)
    time.sleep(dice.uniform(0, 0.5))
    house.kill(second)
    for name in (POSTGRES, "web", "worker"):
        if name in (first, second):
            house.revive(name)


def _flush_redis(house: House, _dice: random.Random) -> None:
    """Every queued task, cached thing and session of a browser is gone."""
    house.wait_for("redis")
    Redis.from_url(house.environment["REDIS_URL"]).flushall()


def paused(name: str) -> Fault:
    """The part stands still for some seconds and goes on with what it thought was true."""

    def happen(house: House, dice: random.Random) -> None:
        house.wait_for(name)
        house.pause(name)
        time.sleep(dice.uniform(1, 6))
        house.go_on(name)

    return Fault(f"{name} stands still", happen)


def _misbehave(mode: str) -> Callable[[House, random.Random], None]:
    def happen(house: House, dice: random.Random) -> None:
        house.wait_for("card")
        order = {"mode": mode, "path": dice.choice(CARD_PATHS), "times": dice.randint(1, 3)}
        url = f"{house.environment['STRIPE_API_BASE']}/_control/fail"
        httpx.post(url, content=json.dumps(order), timeout=10).raise_for_status()

    return happen


def _freeze_someone(house: House, dice: random.Random) -> None:
    """Officers freeze a party of a lease under way, and let it go again while other faults happen."""
    house.do_beside("tests.chaos.freeze", str(dice.random()))


FAULTS = (
    killed("web", 4),
    killed("worker", 5),
    killed("beat", 1),
    killed(POSTGRES, 4),
    killed("redis", 2),
    killed("card", 2),
    Fault("kill -9 an agent", _kill_agent, 2),
    Fault("kill -9 two at once", _kill_two, 2),
    Fault("Redis flushed", _flush_redis, 2),
    paused("worker"),
    paused("chain"),
    paused("web"),
    Fault("a party is frozen and released", _freeze_someone, 2),
    Fault("the card network answers 500", _misbehave("500"), 2),
    Fault("the card network works and does not answer", _misbehave("timeout_after_work"), 2),
)


def draw(dice: random.Random) -> Fault:
    """One of the faults, by weight."""
    return dice.choices(FAULTS, [fault.weight for fault in FAULTS])[0]
