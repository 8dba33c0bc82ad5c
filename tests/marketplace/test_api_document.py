"""The OpenAPI document describes what is there, and its pages live under the strict Content-Security-Policy."""

import re

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from marketplace.api.urls import urlpatterns
from tests.permissions import covered_names

METHODS = {"get", "post", "patch", "delete"}
# Every POST that moves money or capacity, and only those.
ONCE = {"/api/v1/leases", "/api/v1/offers", "/api/v1/top-ups", "/api/v1/unused-money", "/api/v1/payouts"}
ONCE |= {"/api/v1/leases/{id}/stop", "/api/v1/leases/{id}/resume", "/api/v1/leases/{id}/refunds"}


@pytest.fixture
def document(db) -> dict:
    """As a client gets it."""
    answer = Client().get("/api/v1/schema")
    assert answer.status_code == 200
    return answer.json()


def test_it_is_openapi_3_1_and_names_every_address(document):
    assert document["openapi"].startswith("3.1")
    routes = {
        "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(url.pattern)).replace("{pk}", "{id}") for url in urlpatterns
    }
    undescribed = {"/api/v1/schema", "/api/v1/docs"}
    assert set(document["paths"]) >= routes - undescribed
    assert not any(path.startswith("/api/agent") for path in document["paths"])


def test_every_operation_has_a_name_and_says_what_it_does(document):
    operations = [item[method] for item in document["paths"].values() for method in METHODS & set(item)]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation.get("description") for operation in operations)


def test_money_and_capacity_take_an_idempotency_key(document):
    posts = {path: item["post"].get("parameters", ()) for path, item in document["paths"].items() if "post" in item}
    asking = {
        path
        for path, parameters in posts.items()
        if any(given["name"] == "Idempotency-Key" and given["required"] for given in parameters)
    }
    assert asking == ONCE


def test_the_docs_need_no_inline_script_and_no_foreign_host(db):
    client = Client()
    answer = client.get(reverse("api:docs"))
    policy, page = answer["Content-Security-Policy"], answer.content.decode()
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert all(url.startswith("/") for url in re.findall(r"(?:src|href)=\"([^\"]+)\"", page))
    script = client.get(f"{reverse('api:docs')}?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content


def test_every_address_of_api_and_agent_has_its_permission_matrix():
    resolver = get_resolver()
    names = {
        f"{namespace}:{name}"
        for namespace in ("api", "agent")
        for name in resolver.namespace_dict[namespace][1].reverse_dict
        if isinstance(name, str)
    }
    assert names <= covered_names(), names - covered_names()
