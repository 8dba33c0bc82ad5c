"""A REST API in memory, as small as the SDK's tests allow: offers, leases, logs, keys, pages, problems."""

import json
from uuid import uuid4

import httpx

from tests.client.marketplace import problem

KEY = "gck_test"
OFFER = {
    "id": "0a000000-0000-4000-8000-000000000001",
    "gpu_model": {"slug": "nvidia-h100-sxm", "name": "NVIDIA H100 SXM", "memory_gib": 80},
    "gpu_count": 2,
    "free_gpus": 1,
    "price_minor_per_gpu_hour": 210,
    "provider": {"id": "p", "name": "Brisbane Compute"},
    "node": {"country": "AU", "region": "Queensland", "simulated": True, "cpu_count": 64, "ram_mib": 500_000},
    "min_seconds": 60,
    "max_seconds": 86_400,
    "state": "active",
    "something_new": [1, 2, 3],
}


RECEIPT = {
    "number": 7,
    "issued_at": "2026-11-24T05:00:00Z",
    "lease_id": "0b000000-0000-4000-8000-000000000001",
    "currency": "USD",
    "billed_seconds": 3600,
    "total_minor": 498,
    "credit_minor": 0,
    "returned_minor": 996,
    "refunded_minor": 100,
    "owed_minor": 0,
    "fee_minor": None,
    "payee_minor": None,
}
REFUND = {
    "id": "0c000000-0000-4000-8000-000000000001",
    "at": "2026-11-25T05:00:00Z",
    "lease_id": RECEIPT["lease_id"],
    "state": "done",
    "reason": "broke_off",
    "given_by": "provider",
    "rail": "balance",
    "currency": "USD",
    "amount_minor": 100,
    "failure_code": "",
}


class Api:
    """Remembers what it was asked; `fail_next` holds what the next requests meet."""

    def __init__(self):
        self.requests, self.answers, self.fail_next = [], {}, []
        self.leases, self.lines = {}, []
        self.offers = [OFFER]
        self.receipt, self.refunds = None, []
        self.returned = []
        self.transport = httpx.MockTransport(self.handle)

    def handle(self, request):
        self.requests.append(request)
        if self.fail_next:
            failure = self.fail_next.pop(0)
            if isinstance(failure, Exception):
                raise failure
            if failure is not None:
                return failure
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return problem(401, "invalid_api_key", "The API key is unknown, expired or revoked")
        key = request.headers.get("Idempotency-Key")
        if key and key in self.answers:
            return self.answers[key]
        answer = self.answer(request)
        if key:
            self.answers[key] = answer
        return answer

    def answer(self, request):
        parts = request.url.path.removeprefix("/api/v1/").split("/")
        if parts == ["me"]:
            return httpx.Response(200, json={"organization": {"id": "o", "name": "Lion City Labs"}, "scopes": ["read"]})
        if parts == ["offers"]:
            return self.page(request, self.offers)
        if parts[0] == "offers":
            return httpx.Response(200, json=OFFER)
        if parts == ["leases"] and request.method == "POST":
            return self.open(json.loads(request.content))
        if parts == ["leases"]:
            return self.page(request, list(self.leases.values()))
        if parts == ["unused-money"] and request.method == "POST":
            amount = json.loads(request.content)["amount_minor"]
            self.returned.insert(0, REFUND | {"lease_id": None, "reason": "unused", "amount_minor": amount})
            return httpx.Response(201, json=self.returned[:1])
        if parts == ["unused-money"]:
            found = {"currency": "USD", "returnable_minor": 5_000, "refunds": self.returned}
            return httpx.Response(200, json=found)
        if (lease := self.leases.get(parts[1])) is None:
            return problem(404, "not_found", "There is no such thing")
        if parts[2:] == ["resume"]:
            made = {**lease, "id": str(uuid4()), "resumes_id": lease["id"]}
            self.leases[made["id"]] = made
            return httpx.Response(201, json=made)
        if parts[2:] == ["stop"]:
            lease["state"] = "stopping"
            return httpx.Response(202, json=lease)
        if parts[2:] == ["receipt"]:
            return (
                httpx.Response(200, json=self.receipt) if self.receipt else problem(404, "not_found", "No receipt yet")
            )
        if parts[2:] == ["refunds"]:
            return httpx.Response(200, json=self.refunds)
        if parts[2:] == ["logs"]:
            after = int(request.url.params["after"])
            lines = [line for line in self.lines if line["sequence"] > after][:2]
            return httpx.Response(200, json={"lines": lines, "after": after})
        return httpx.Response(200, json=lease)

    def page(self, request, items):
        start = int(request.url.params.get("cursor", 0))
        following = f"{request.url.copy_with(query=None)}?cursor={start + 2}" if start + 2 < len(items) else None
        return httpx.Response(200, json={"results": items[start : start + 2], "next": following, "previous": None})

    def open(self, body):
        if body["gpu_count"] > 2:
            errors = {"gpu_count": ["This offer lets between 1 and 2 GPUs."]}
            full = {"code": "invalid", "title": "Some fields are not valid", "status": 422, "errors": errors}
            return httpx.Response(422, json=full, headers={"Content-Type": "application/problem+json"})
        lease = {
            "id": str(uuid4()),
            "state": "pending_funds",
            "offer_id": body["offer_id"],
            "gpu_model": "nvidia-h100-sxm",
            "gpu_count": body["gpu_count"],
            "price_minor_per_gpu_hour": 210,
            "cost_so_far_minor": 0,
            "max_spend_minor": 420,
            "currency": "USD",
            "rail": body["rail"],
            "workload": {"image": body["image"], "command": body.get("command", [])},
            "simulated": True,
            "billed_seconds": 0,
            "created_at": "2026-11-24T04:00:00Z",
            "end_reason": "",
        }
        self.leases[lease["id"]] = lease
        return httpx.Response(201, json=lease)
