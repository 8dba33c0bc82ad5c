"""Extracts what Stripe publishes of the requests and objects that we use: `python scripts/extract_stripe_shapes.py`.

Source: the types in Stripe's own Python library (MIT), which Stripe generates from its OpenAPI specification for
exactly the API version that the library pins, and that we pin. Written anew when the library is raised; a test
compares. The library's source is read and nothing of it is run.
"""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import stripe

HOME = Path(stripe.__file__).parent
TARGET = Path(__file__).parent.parent / "settlement" / "rails" / "standin" / "published.json"
PLAIN = {"int": "integer", "str": "string", "bool": "boolean", "float": "number", "Decimal": "string", "Any": "any"}

# Our requests, and the library's class of their parameters.
REQUESTS = {
    "POST /v1/account_links": "_account_link_create_params",
    "POST /v1/accounts": "_account_create_params",
    "GET /v1/accounts/{}": "_account_retrieve_params",
    "GET /v1/balance": "_balance_retrieve_params",
    "GET /v1/balance_transactions": "_balance_transaction_list_params",
    "GET /v1/balance_transactions/{}": "_balance_transaction_retrieve_params",
    "GET /v1/charges/{}": "_charge_retrieve_params",
    "POST /v1/checkout/sessions": "checkout/_session_create_params",
    "GET /v1/checkout/sessions/{}": "checkout/_session_retrieve_params",
    "POST /v1/customers": "_customer_create_params",
    "GET /v1/customers/{}": "_customer_retrieve_params",
    "POST /v1/customers/{}": "_customer_update_params",
    "GET /v1/disputes": "_dispute_list_params",
    "GET /v1/disputes/{}": "_dispute_retrieve_params",
    "POST /v1/disputes/{}": "_dispute_update_params",
    "POST /v1/disputes/{}/close": "_dispute_close_params",
    "GET /v1/events": "_event_list_params",
    "GET /v1/events/{}": "_event_retrieve_params",
    "GET /v1/identity/verification_reports/{}": "identity/_verification_report_retrieve_params",
    "POST /v1/identity/verification_sessions": "identity/_verification_session_create_params",
    "GET /v1/identity/verification_sessions/{}": "identity/_verification_session_retrieve_params",
    "POST /v1/identity/verification_sessions/{}/cancel": "identity/_verification_session_cancel_params",
    "POST /v1/identity/verification_sessions/{}/redact": "identity/_verification_session_redact_params",
    "GET /v1/payment_intents": "_payment_intent_list_params",
    "POST /v1/payment_intents": "_payment_intent_create_params",
    "GET /v1/payment_intents/{}": "_payment_intent_retrieve_params",
    "POST /v1/payment_intents/{}/cancel": "_payment_intent_cancel_params",
    "POST /v1/payment_intents/{}/capture": "_payment_intent_capture_params",
    "POST /v1/payment_intents/{}/confirm": "_payment_intent_confirm_params",
    "GET /v1/payment_methods": "_payment_method_list_params",
    "GET /v1/payment_methods/{}": "_payment_method_retrieve_params",
    "POST /v1/payment_methods/{}/attach": "_payment_method_attach_params",
    "POST /v1/payment_methods/{}/detach": "_payment_method_detach_params",
    "POST /v1/payouts": "_payout_create_params",
    "GET /v1/payouts/{}": "_payout_retrieve_params",
    "GET /v1/refunds": "_refund_list_params",
    "POST /v1/refunds": "_refund_create_params",
    "GET /v1/refunds/{}": "_refund_retrieve_params",
    "GET /v1/setup_intents/{}": "_setup_intent_retrieve_params",
    "GET /v1/transfers": "_transfer_list_params",
    "POST /v1/transfers": "_transfer_create_params",
    "GET /v1/transfers/{}": "_transfer_retrieve_params",
    "POST /v1/transfers/{}/reversals": "_transfer_create_reversal_params",
}
OBJECTS = {
    "account": "_account:Account",
    "account_link": "_account_link:AccountLink",
    "balance": "_balance:Balance",
    "balance_transaction": "_balance_transaction:BalanceTransaction",
    "charge": "_charge:Charge",
    "checkout.session": "checkout/_session:Session",
    "customer": "_customer:Customer",
    "dispute": "_dispute:Dispute",
    "event": "_event:Event",
    "identity.verification_report": "identity/_verification_report:VerificationReport",
    "identity.verification_session": "identity/_verification_session:VerificationSession",
    "payment_intent": "_payment_intent:PaymentIntent",
    "payment_method": "_payment_method:PaymentMethod",
    "payout": "_payout:Payout",
    "radar.early_fraud_warning": "radar/_early_fraud_warning:EarlyFraudWarning",
    "refund": "_refund:Refund",
    "review": "_review:Review",
    "setup_intent": "_setup_intent:SetupIntent",
    "transfer": "_transfer:Transfer",
    "transfer_reversal": "_transfer_reversal:TransferReversal",
}
# What of an object's or a request's inside we use; the rest is told as an object whose inside was left out.
INSIDE = {
    "card", "capabilities", "transfers", "evidence", "evidence_details", "outcome", "last_payment_error", "options",
    "document", "created", "arrival_date", "checks", "data", "request", "available", "pending", "last_error",
    "verified_outputs", "ip_address_location", "last_setup_error", "billing_details", "address",
    "payment_method_details",
}  # fmt: skip


class Scope:
    """The classes that a name can mean: the innermost first, as they are nested in the library's source."""

    def __init__(self, body: list[ast.stmt], outer: "Scope | None" = None) -> None:
        self.classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
        self.outer = outer

    def find(self, name: str) -> "tuple[ast.ClassDef, Scope] | None":
        """The class of that name, with the scope inside of it."""
        if node := self.classes.get(name):
            return node, Scope(node.body, self)
        return self.outer.find(name) if self.outer else None


def shape_of(path: Path, name: str) -> dict[str, Any]:
    """`properties` and `required` of a class of the module, much as JSON Schema has them."""
    found = Scope(ast.parse(path.read_text()).body).find(name)
    if found is None:
        raise LookupError(f"{path} has no {name}")
    return _fields(*found)


def _fields(node: ast.ClassDef, scope: Scope) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for line in node.body:
        if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)):
            continue
        field, annotation = line.target.id.rstrip("_"), _read(line.annotation)
        if _is(annotation, "ClassVar"):
            continue
        given = _is(annotation, "NotRequired") or _is(annotation, "Optional")
        inner = annotation.slice if given else annotation  # type: ignore[attr-defined]
        properties[field] = _type(inner, field, scope) | ({"nullable": True} if _is(annotation, "Optional") else {})
        if not given:
            required.append(field)
    return {"type": "object", "properties": properties, "required": required}


def _type(node: ast.expr, field: str, scope: Scope) -> dict[str, Any]:
    node = _read(node)
    if isinstance(node, ast.BinOp) or _is(node, "Union"):
        return _joined([_type(part, field, scope) for part in _parts(node)])
    if _is(node, "Optional"):
        return _type(node.slice, field, scope) | {"nullable": True}  # type: ignore[attr-defined]
    if _is(node, "Literal"):
        return {"type": "string", "enum": _literals(node)}
    if _is(node, "List"):
        return {"type": "array", "items": _type(node.slice, field, scope)}  # type: ignore[attr-defined]
    if _is(node, "ExpandableField"):
        return {"any_of": [{"type": "string"}, {"type": "object"}]}
    if isinstance(node, ast.Name):
        if node.id in PLAIN:
            return {"type": PLAIN[node.id]}
        found = scope.find(node.id)
        if found is not None and field in INSIDE:
            return _fields(*found)
    return {"type": "object"}


def _read(node: ast.expr) -> ast.expr:
    """An annotation that is written as a string is read too."""
    while isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    return node


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name


def _parts(node: ast.expr) -> list[ast.expr]:
    node = _read(node)
    if isinstance(node, ast.BinOp):
        return [*_parts(node.left), *_parts(node.right)]
    if isinstance(node, ast.Subscript) and _is(node, "Union"):
        several = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [part for each in several for part in _parts(each)]
    return [node]


def _literals(node: ast.expr) -> list[str]:
    several = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]  # type: ignore[attr-defined]
    return sorted(str(each.value) for each in several if isinstance(each, ast.Constant))


def _joined(kinds: list[dict[str, Any]]) -> dict[str, Any]:
    """One type out of several. A string beside known words only says that Stripe may add words: today's count."""
    words = sorted({word for kind in kinds for word in kind.get("enum", ())})
    if any(words):
        kinds = [kind for kind in kinds if kind != {"type": "string"} and "enum" not in kind]
        kinds.append({"type": "string", "enum": words})
    elif words:
        kinds = [kind for kind in kinds if "enum" not in kind] + [{"type": "string", "enum": [""]}]
    unique = [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]]
    return unique[0] if len(unique) == 1 else {"any_of": unique}


def extracted() -> dict[str, Any]:
    """What the installed library says, with where it comes from."""
    return {
        "source": f"https://github.com/stripe/stripe-python v{stripe.VERSION} (MIT), generated from Stripe's OpenAPI",
        "api_version": stripe.api_version,
        "requests": {
            route: shape_of(HOME / "params" / f"{module}.py", _class_of(module)) for route, module in REQUESTS.items()
        },
        "objects": {
            kind: shape_of(HOME / f"{module}.py", name)
            for kind, (module, name) in ((kind, where.split(":")) for kind, where in OBJECTS.items())
        },
    }


def _class_of(module: str) -> str:
    return "".join(word.capitalize() for word in module.rsplit("/", 1)[-1].split("_"))


def written(shapes: dict[str, Any]) -> str:
    """One line for each request and object: what changes with the library is read in a diff."""
    lines = [f' "{name}": {json.dumps(shapes[name])},' for name in ("source", "api_version")]
    for part in ("requests", "objects"):
        rows = [f"  {json.dumps(name)}: {json.dumps(shape, sort_keys=True)}" for name, shape in shapes[part].items()]
        lines.append(f' "{part}": {{\n' + ",\n".join(rows) + "\n }" + ("," if part == "requests" else ""))
    return "{\n" + "\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(written(extracted()))
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes, API {stripe.api_version}\n")
