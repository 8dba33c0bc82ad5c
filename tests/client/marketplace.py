"""A marketplace in memory that checks every proof for real, and says what it wants run."""

import base64
import hashlib
import json
from uuid import uuid4

import httpx
import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TOKEN = "gce_once"
KID = "k1"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def problem(status, code, title):
    body = {"type": f"/problems/{code}", "code": code, "title": title, "status": status, "detail": "Nothing changed."}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"})


class Marketplace:
    """Speaks the agent protocol through `transport`; `want` and `unwant` set what a sync answers."""

    def __init__(self, clock, heartbeat_timeout=30):
        self.clock = clock
        self.key = Ed25519PrivateKey.generate()
        self.node_id = str(uuid4())
        self.node_key = None
        self.last_sequence = 0
        self.token_used = False
        self.heartbeat_timeout = heartbeat_timeout
        self.desired = {}
        self.inventories, self.syncs, self.paths = [], [], []
        self.log_lines = {}
        self.down = False
        self.refuse_logs = False
        self.transport = httpx.MockTransport(self.handle)

    # -- what a test says ----------------------------------------------------------------------------------

    def clearance(self, lease_id, *, key=None, headers=None, lifetime=3600, **changed):
        at = int(self.clock.unix())
        claims = {
            "iss": "gridclear", "jti": str(uuid4()), "sub": lease_id, "purpose": "lease", "renter": str(uuid4()),
            "provider": str(uuid4()), "node": self.node_id, "gpu": "nvidia-h100-sxm", "count": 2, "wallet": None,
            "iat": at, "exp": at + lifetime, "pack": "us@2026-11-10", "decision": str(uuid4()),
        }  # fmt: skip
        claims.update(changed)
        claims = {name: value for name, value in claims.items() if value is not ...}
        return jwt.encode(claims, key or self.key, algorithm="EdDSA", headers={"kid": KID, **(headers or {})})

    def want(self, lease_id, gpu_uuids, *, clearance=None, **ticket):
        base = {
            "image": "gridclear/demo:1", "command": [], "environment": {"GRIDCLEAR_DEMO_TOKEN": "t0ken"}, "ports": [],
            "ssh_public_key": None, "gpu_uuids": list(gpu_uuids), "cpu_count": 1, "ram_mib": 512,
            "expires_at": None, "max_seconds": 3600,
        }  # fmt: skip
        self.desired[lease_id] = {
            "lease_id": lease_id,
            "action": "run",
            "reason": None,
            "clearance": clearance or self.clearance(lease_id, count=len(gpu_uuids)),
            "ticket": {**base, **ticket},
        }

    def stop(self, lease_id, reason="renter_stopped"):
        self.desired[lease_id] = {"lease_id": lease_id, "action": "stop", "reason": reason, "clearance": ""}

    def unwant(self, lease_id):
        self.desired.pop(lease_id, None)

    def report(self, lease_id):
        """The newest report about the lease."""
        for message in reversed(self.syncs):
            for workload in message["workloads"]:
                if workload["lease_id"] == lease_id:
                    return workload
        return None

    def lines(self, lease_id):
        return [line for _, line in sorted(self.log_lines.get(lease_id, {}).items())]

    # -- the wire ------------------------------------------------------------------------------------------

    def handle(self, request):
        if self.down:
            raise httpx.ConnectError("no route", request=request)
        self.paths.append(request.url.path)
        if request.url.path == "/api/agent/v1/enrol":
            return self.enrol(json.loads(request.content))
        if (refused := self.check(request)) is not None:
            return refused
        body = json.loads(request.content)
        if request.url.path.endswith("/inventory"):
            self.inventories.append(body)
            gpus = [{"uuid": gpu["uuid"], "slug": "nvidia-h100-sxm"} for gpu in body["gpus"]]
            return httpx.Response(200, json={"accepted": True, "gpus": gpus})
        if request.url.path.endswith("/sync"):
            self.syncs.append(body)
            return httpx.Response(200, json={"desired": list(self.desired.values()), "server_time": "now"})
        return self.logs(body)

    def enrol(self, body):
        if body["token"] != TOKEN or self.token_used:
            return problem(401, "bad_token", "The token is unknown or was used")
        key = Ed25519PublicKey.from_public_bytes(unb64(body["public_key"]))
        key.verify(unb64(body["proof"]), f"gridclear-enrol:{TOKEN}".encode())
        self.token_used, self.node_key = True, key
        answer = {
            "node_id": self.node_id,
            "clearance_keys": [{"kid": KID, "public_key": b64(self.key.public_key().public_bytes_raw())}],
            "poll_seconds": 1,
            "heartbeat_timeout_seconds": self.heartbeat_timeout,
        }
        return httpx.Response(201, json=answer)

    def check(self, request):
        """None when the request is proven to be this node's, for this path and body, and new."""
        scheme, _, token = request.headers["Authorization"].partition(" ")
        assert scheme == "GridclearAgent"
        header, payload, signature = token.split(".")
        try:
            self.node_key.verify(unb64(signature), f"{header}.{payload}".encode())
        except InvalidSignature:
            return problem(401, "bad_signature", "The signature is wrong")
        assert json.loads(unb64(header)) == {"alg": "EdDSA", "typ": "gridclear-agent+jwt"}
        claims = json.loads(unb64(payload))
        assert claims["iss"] == self.node_id
        assert claims["htm"] == request.method
        assert claims["htu"] == request.url.path
        assert abs(claims["iat"] - self.clock.unix()) <= 60
        assert claims["bsh"] == b64(hashlib.sha256(request.content).digest())
        if claims["seq"] <= self.last_sequence:
            return problem(401, "replayed_request", "This request was seen before")
        assert claims["seq"] < 2**63
        self.last_sequence = claims["seq"]
        return None

    def logs(self, body):
        if self.refuse_logs:
            return problem(404, "not_found", "No such lease")
        kept = self.log_lines.setdefault(body["lease_id"], {})
        for chunk in body["chunks"]:
            kept.setdefault(chunk["sequence"], chunk["line"])
        return httpx.Response(200, json={"next_sequence": max(kept) + 1})
