"""A body of brackets alone: one clear error, and the process that read it lives on."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.test import Client

from marketplace.config.settings.environment import ROOT
from settlement.rails.standin.webhooks import signature

DEEP = ["[" * 100_000, '{"a":' * 100_000, "[" * 990 + "]" * 990, "[" * 5_000 + "]" * 5_000]


@pytest.mark.parametrize("body", DEEP)
def test_the_api_refuses_what_is_nested_without_end(cast, body):
    client = Client()
    client.force_login(cast.alice)
    answer = client.post("/api/v1/leases", body, "application/json", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("body", DEEP)
def test_the_inbox_refuses_what_is_nested_without_end(db, body):
    headers = {"Stripe-Signature": signature(settings.STRIPE_WEBHOOK_SECRET, int(time.time()), body)}
    answer = Client().post("/webhooks/stripe", body, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_notice")


def test_no_library_lifts_the_bound_on_recursion():
    script = "import django, sys; django.setup(); import web3, settlement.rails.chain; print(sys.getrecursionlimit())"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "marketplace.config.settings.test"}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split()[-1] == "1000"
