"""Finding an offer, opening a lease, watching it run and seeing it settled: what every honest scene does."""

from dataclasses import dataclass
from typing import Any

import httpx

from marketplace.development.doors import Answer, Api, DoorError, wait_for
from marketplace.development.image import IMAGE
from marketplace.development.story.people import Renter
from marketplace.development.story.stage import Stage
from marketplace.templatetags.ui import money

LEASE_SECONDS = 600
START_SECONDS = 120.0
SETTLE_SECONDS = 120.0
METERED_SECONDS = 3
OVER = ("ended", "settled", "failed")
REFUSALS = {"clearance_denied": "refused by the gate", "clearance_in_review": "sent to a person by the gate"}


@dataclass(frozen=True)
class Wish:
    """What the renter looks for and what it computes."""

    gpu_model: str
    country: str
    gpus: int
    end_use: str
    kind: str


def find_offer(api: Api, wish: Wish) -> dict[str, Any]:
    """The cheapest offer that fits and is free; raises DoorError when there is none."""
    found = api.get("/offers", gpu_model=wish.gpu_model, country=wish.country, gpu_count=wish.gpus, sort="price")
    fitting = [
        offer for offer in found["results"] if offer["min_seconds"] <= LEASE_SECONDS and offer["free_gpus"] >= wish.gpus
    ]
    if not fitting:
        raise DoorError(f"no offer of {wish.gpus} x {wish.gpu_model} in {wish.country} is free")
    return dict(fitting[0])


def lease_body(offer: dict[str, Any], wish: Wish, **terms: Any) -> dict[str, Any]:
    """The request for a lease on the offer; `terms` say how it is paid and for whom it computes."""
    return {
        "offer_id": offer["id"],
        "gpu_count": wish.gpus,
        "seconds": LEASE_SECONDS,
        "image": IMAGE,
        "environment": {"GRIDCLEAR_DEMO_TOKEN": wish.end_use},
        "end_use": wish.end_use,
        "end_use_kind": wish.kind,
        "end_user": {"kind": "self"},
        **terms,
    }


def watch_it_run(stage: Stage, api: Api, lease_id: str, wish: Wish) -> dict[str, Any]:
    """The lease is running and its log line has come back; returns the lease."""
    lease = wait_for(lambda: in_state(api, lease_id, "running"), "the lease runs", seconds=START_SECONDS)
    runtime = "a Docker container" if lease["runtime"] == "docker" else "a confined process (development only)"
    stage.step(f"the workload runs in {runtime}, its GPUs are labelled simulated: {lease['simulated']}")
    needle = f"token {wish.end_use}"
    line = wait_for(lambda: log_line(api, lease_id, needle), f"the log shows “{needle}”")
    stage.step(f"its log line came back: “{line}”")
    wait_for(lambda: api.get(f"/leases/{lease_id}")["billed_seconds"] >= METERED_SECONDS, "its seconds are metered")
    return lease


def stop_and_settle(stage: Stage, api: Api, lease_id: str) -> dict[str, Any]:
    """The renter stopped the lease and it is settled; returns its receipt as the renter reads it."""
    api.post(f"/leases/{lease_id}/stop")
    lease = wait_for(lambda: in_state(api, lease_id, "settled"), "the lease is settled", seconds=SETTLE_SECONDS)
    stage.expect(lease["end_reason"] == "renter_stopped", "stopped by the renter, and settled")
    receipt = api.get(f"/leases/{lease_id}/receipt")
    rate = lease["price_minor_per_gpu_hour"] * lease["gpu_count"]
    due = rate * receipt["billed_seconds"] // 3600
    stage.expect(
        receipt["total_minor"] == due,
        f"receipt {receipt['number']}: {receipt['billed_seconds']} s, {money(due, receipt['currency'])}",
    )
    return receipt


def open_lease(stage: Stage, person: Renter, wish: Wish, **terms: Any) -> str:
    """The lease was asked for and the gate let it pass; returns its id."""
    offer = find_offer(person.api, wish)
    price, node = money(offer["price_minor_per_gpu_hour"]), offer["node"]
    stage.step(f"found {wish.gpus} x {offer['gpu_model']['name']} in {node['city']} at {price} / GPU h")
    lease = person.api.post("/leases", lease_body(offer, wish, **terms))
    stage.step(f"the gate cleared lease {lease['id'][:8]} until {lease['clearance']['expires_at'][11:16]} UTC")
    return str(lease["id"])


def ask_in_vain(person: Renter, wish: Wish, **terms: Any) -> Answer:
    """The answer to a request that is to be refused."""
    return person.api.ask("POST", "/leases", lease_body(find_offer(person.api, wish), wish, **terms))


def tell_refusal(stage: Stage, answer: Answer, code: str) -> str:
    """The refusal is the expected one and its words are told; returns the decision's id."""
    stage.expect(
        answer.status == httpx.codes.FORBIDDEN and answer.body.get("code") == code,
        f"{REFUSALS.get(code, 'refused')} (HTTP {answer.status})",
    )
    for reason in answer.body["reasons"]:
        stage.refusal(f"{reason['message']} {reason['next_step']}")
    return str(answer.body["decision_id"])


def top_up(stage: Stage, api: Api, amount_minor: int) -> None:
    """The prepaid balance was filled from a card."""
    top_up_id = api.post("/top-ups", {"amount_minor": amount_minor, "payment_method": "pm_card_visa"})["id"]
    wait_for(lambda: api.get(f"/top-ups/{top_up_id}")["state"] == "succeeded", "the top-up succeeded")
    stage.step(f"topped the prepaid balance up by {money(amount_minor)} from a card")


def in_state(api: Api, lease_id: str, wanted: str) -> dict[str, Any] | None:
    """The lease, once it is in the wanted state; raises DoorError when it can no longer come to it."""
    lease = api.get(f"/leases/{lease_id}")
    if lease["state"] == wanted:
        return lease
    if lease["state"] in OVER and wanted not in OVER:
        raise DoorError(f"the lease is {lease['state']} ({lease['end_reason']}: {lease['workload_error']})")
    return None


def log_line(api: Api, lease_id: str, needle: str) -> str | None:
    """The workload's first line that holds the needle."""
    lines = api.get(f"/leases/{lease_id}/logs")["lines"]
    return next((str(line["line"]) for line in lines if needle in line["line"]), None)
