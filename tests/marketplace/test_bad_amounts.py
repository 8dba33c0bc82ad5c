"""No money field takes what is no amount: all of them, found in the forms and in the API's own document."""

import importlib
import json
import pkgutil

import pytest
from django import forms as django_forms
from django.test import Client
from rest_framework import serializers

import marketplace.api
import marketplace.forms
from marketplace.api.money_fields import CurrencyField, MinorField
from marketplace.forms.base import DollarsField
from marketplace.models import Lease, Offer
from settlement.models import AutoTopUp, CardPayment, Refund
from settlement.money import MOST_MINOR, AmountInvalid, UnknownCurrency
from tests.marketplace.test_api_errors import body_of

for package in (marketplace.api, marketplace.forms):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

# What a person may type, and a program may send, that is no amount of dollars.
TYPED = ["NaN", "nan", "Infinity", "-Infinity", "-1", "-0.01", "0", "0.00", "0.001", "1.001", "1e30", "9" * 400]
TYPED += ["10000000000.01", "ten", "1,50", "1 000", "$5", "0x10", "\u0000", "1.00.0", "--1", "²"]
SENT = ["NaN", float("nan"), float("inf"), float("-inf"), "Infinity", -1, 0, 1.5, "1.5", "1e3", MOST_MINOR + 1, 2**63]
SENT += [10**400, "9" * 2000, True, False, "", "ten", [], {}, [1], "0x10", "²", "\u0000"]


def subclasses(kind: type) -> set[type]:
    """Every class below, of the product's own modules."""
    found = {each for child in kind.__subclasses__() for each in {child, *subclasses(child)}}
    return {each for each in found if each.__module__.startswith("marketplace.")}


FORM_FIELDS = sorted(
    (f"{form.__name__}.{name}", field)
    for form in subclasses(django_forms.BaseForm)
    for name, field in form.base_fields.items()
    if isinstance(field, DollarsField)
)
API_FIELDS = sorted(
    (
        (f"{shape.__name__}.{name}", field)
        for shape in subclasses(serializers.Serializer)
        for name, field in shape._declared_fields.items()
        if isinstance(field, MinorField) and not shape.__name__.endswith("Shape")
    ),
    key=lambda pair: pair[0],
)


@pytest.mark.parametrize(("name", "field"), FORM_FIELDS, ids=[name for name, _ in FORM_FIELDS])
def test_a_form_refuses_it_with_one_code(name, field):
    for value in TYPED:
        with pytest.raises(django_forms.ValidationError) as refusal:
            field.clean(value)
        assert refusal.value.code == "amount_invalid", value
    assert (field.clean("0.01"), field.clean("12.5"), field.clean("10000000000")) == (1, 1_250, MOST_MINOR)


@pytest.mark.parametrize(("name", "field"), API_FIELDS, ids=[name for name, _ in API_FIELDS])
def test_the_api_refuses_it_with_one_code(name, field):
    for value in SENT:
        with pytest.raises(AmountInvalid):
            field.run_validation(value)
    assert (field.run_validation(1), field.run_validation(MOST_MINOR)) == (1, MOST_MINOR)


def test_no_money_field_of_a_form_is_of_another_kind():
    words = ("minor", "price", "amount", "spend", "threshold", "monthly_limit")
    others = [
        f"{form.__name__}.{name}"
        for form in subclasses(django_forms.BaseForm)
        for name, field in form.base_fields.items()
        if any(word in name for word in words) and not isinstance(field, DollarsField)
    ]
    assert others == []
    assert len(FORM_FIELDS) >= 8


def test_no_money_field_that_the_api_takes_is_of_another_kind(db):
    """Found in the document that clients read: every amount in a body or an address has the bounds of MinorField."""
    document = Client().get("/api/v1/schema").json()
    shapes = document["components"]["schemas"]
    taken = {}
    for path in document["paths"].values():
        for operation in (each for each in path.values() if isinstance(each, dict)):
            for parameter in operation.get("parameters", []):
                taken[f"{operation['operationId']}?{parameter['name']}"] = parameter["schema"]
            for body in operation.get("requestBody", {}).get("content", {}).values():
                shape = shapes[body["schema"]["$ref"].rpartition("/")[2]]
                taken |= {f"{operation['operationId']}.{name}": each for name, each in shape["properties"].items()}
    amounts = {name: each for name, each in taken.items() if "minor" in name.rpartition(".")[2]}
    assert len(amounts) >= len(API_FIELDS)
    bounds = {name: (each.get("minimum"), each.get("maximum")) for name, each in amounts.items()}
    assert set(bounds.values()) == {(1, MOST_MINOR)}, bounds


@pytest.mark.parametrize("currency", ["ZZZ", "usd", "", "JPY", "GBP", "USD ", "\u0000", "x" * 500, 5, None, "<b>"])
def test_an_unknown_currency_is_refused_by_name(currency):
    with pytest.raises(UnknownCurrency) as refusal:
        CurrencyField().to_internal_value(currency)
    assert "<b>" not in refusal.value.message
    fields = [
        field
        for shape in subclasses(serializers.Serializer)
        for name, field in shape._declared_fields.items()
        if name == "currency" and shape.__name__.endswith(("Wanted", "Query", "Change"))
    ]
    assert len(fields) >= 2
    assert all(isinstance(field, CurrencyField) for field in fields)


def test_through_the_door_it_is_one_problem_that_names_the_field_and_changes_nothing(cast, client):
    _, offer = cast.supply()
    count = Offer.objects.count()
    deeds = [
        ("post", "/api/v1/top-ups", {"payment_method": "pm"}, "amount_minor"),
        ("post", "/api/v1/leases", body_of(offer), "max_spend_minor"),
        ("post", "/api/v1/unused-money", {}, "amount_minor"),
        ("post", f"/api/v1/leases/{cast.lion.pk}/refunds", {"reason": "goodwill"}, "amount_minor"),
        ("patch", f"/api/v1/offers/{offer.pk}", {}, "price_minor_per_gpu_hour"),
        ("put", "/api/v1/auto-top-up", {"amount_minor": 500, "monthly_limit_minor": 500}, "threshold_minor"),
    ]
    for number, (method, url, body, field) in enumerate(deeds):
        client.force_login(cast.pia if "offers" in url else cast.alice)
        for value in (-1, 0, 1.5, "NaN", 10**30):
            key = {"Idempotency-Key": f"{number}:{value}"}
            answer = getattr(client, method)(url, json.dumps(body | {field: value}), "application/json", headers=key)
            told = answer.json()
            assert (answer.status_code, told["code"], list(told["errors"])) == (422, "amount_invalid", [field]), url
        # JSON knows neither of them; Python's would.
        for word in ("NaN", "Infinity", "-Infinity"):
            raw = json.dumps(body | {field: 0}).replace(f'"{field}": 0', f'"{field}": {word}')
            answer = getattr(client, method)(
                url, raw, "application/json", headers={"Idempotency-Key": f"{number}{word}"}
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    answer = client.get("/api/v1/statement?currency=ZZZ")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_currency")
    assert client.get("/api/v1/exports/statement.json?currency=ZZZ").json()["code"] == "unknown_currency"
    assert not any(kind.objects.exists() for kind in (CardPayment, Lease, Refund, AutoTopUp))
    assert Offer.objects.count() == count
