"""Connected accounts, transfers to them, payouts, the balance and its lines, and the list of events."""

from settlement.rails.standin import connect_shapes as shapes
from settlement.rails.standin.errors import CardNetworkError, invalid
from settlement.rails.standin.forms import integer, required
from settlement.rails.standin.network import Call, page, take_metadata
from settlement.rails.standin.shapes import Body, now


def create_account(call: Call) -> Body:
    """A connected account stands; it can receive nothing before its onboarding."""
    kind = call.params.get("type", "standard")
    if kind not in ("standard", "express", "custom"):
        raise invalid("Invalid type: must be one of standard, express or custom", param="type")
    body = shapes.account(kind, call.params.get("country", "US"), call.params.get("email"))
    take_metadata(body, call.params)
    return call.save(body)


def retrieve_account(call: Call, account_id: str) -> Body:
    """The connected account."""
    return call.find("account", account_id)


def create_account_link(call: Call) -> Body:
    """The address of the hosted onboarding."""
    account = call.find("account", required(call.params, "account"))
    required(call.params, "refresh_url")
    back = required(call.params, "return_url")
    if call.params.get("type") not in ("account_onboarding", "account_update"):
        raise invalid("Invalid type", param="type")
    call.save(account | {"metadata": account["metadata"] | {"standin_return_url": back}})
    return shapes.account_link(f"{call.terms.base_url}/setup/e/{account['id']}")


def onboard(call: Call, account_id: str) -> Body:
    """The connected account has handed in what was due and can receive transfers."""
    body = call.find("account", account_id)
    body |= {
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "details_submitted": True,
        "payouts_enabled": True,
        "requirements": shapes.requirements([]),
    }
    call.save(body)
    call.announce("account.updated", body)
    return body


def restrict(call: Call, account_id: str) -> Body:
    """The connected account receives nothing until it has handed in something more."""
    body = call.find("account", account_id)
    body |= {
        "capabilities": {"card_payments": "inactive", "transfers": "inactive"},
        "charges_enabled": False,
        "payouts_enabled": False,
        "requirements": shapes.requirements(["individual.verification.document"]),
    }
    call.save(body)
    call.announce("account.updated", body)
    return body


def totals(call: Call, account: str) -> tuple[int, int]:
    """Available and pending money of an account, in cents."""
    lines = [line for line in call.store.every("balance_transaction", account) if line["currency"] == "usd"]
    ready = sum(line["net"] for line in lines if line["available_on"] <= now() or line["net"] < 0)
    return ready, sum(line["net"] for line in lines) - ready


def create_transfer(call: Call) -> Body:
    """The connected account holds the money. Without `source_transaction` only available money can be moved."""
    amount = integer(call.params, "amount")
    currency = required(call.params, "currency").lower()
    account = call.find("account", required(call.params, "destination"))
    if account["capabilities"]["transfers"] != "active":
        text = "Your destination account needs to have at least one of the following capabilities enabled: transfers"
        raise invalid(text, code="insufficient_capabilities_for_transfer")
    source = call.params.get("source_transaction")
    if source:
        _check_source(call, call.find("charge", source), amount)
    elif amount > totals(call, "")[0]:
        raise _insufficient("Insufficient available funds in your account.")
    body = shapes.transfer(amount, currency, account["id"], source, call.params.get("transfer_group"))
    body["description"] = call.params.get("description")
    take_metadata(body, call.params)
    body["balance_transaction"] = call.book("transfer", body["id"], -amount, currency)
    call.book("payment", body["destination_payment"], amount, currency, account=account["id"])
    call.save(body)
    call.announce("transfer.created", body)
    return body


def _check_source(call: Call, charge: Body, amount: int) -> None:
    moved = sum(
        row["amount"] - row["amount_reversed"]
        for row in call.store.every("transfer", call.account)
        if row["source_transaction"] == charge["id"]
    )
    if not charge["captured"] or amount > charge["amount_captured"] - moved:
        raise invalid("The transfer amount is larger than what is left of the source charge.", param="amount")


def _insufficient(text: str) -> CardNetworkError:
    return CardNetworkError(400, "invalid_request_error", text, code="balance_insufficient", saved=True)


def retrieve_transfer(call: Call, transfer_id: str) -> Body:
    """The transfer."""
    return call.find("transfer", transfer_id)


def list_transfers(call: Call) -> Body:
    """The transfers, to one destination or of one group when named."""
    destination, group = call.params.get("destination"), call.params.get("transfer_group")
    rows = call.store.every("transfer", call.account)
    wanted = lambda row: destination in (None, row["destination"]) and group in (None, row["transfer_group"])  # noqa: E731
    return page(call, "/v1/transfers", rows, wanted)


def reverse_transfer(call: Call, transfer_id: str) -> Body:
    """The money is back in the platform's balance."""
    transfer = call.find("transfer", transfer_id)
    left = transfer["amount"] - transfer["amount_reversed"]
    if left <= 0:
        raise invalid("This transfer is already fully reversed.")
    amount = integer(call.params, "amount", left)
    if amount > left:
        raise invalid("The reversal amount is larger than the unreversed amount of the transfer.", param="amount")
    body = shapes.transfer_reversal(transfer, amount)
    take_metadata(body, call.params)
    body["balance_transaction"] = call.book("transfer_refund", body["id"], amount, transfer["currency"])
    call.book("payment_refund", body["id"], -amount, transfer["currency"], account=transfer["destination"])
    back = transfer["amount_reversed"] + amount
    call.save(transfer | {"amount_reversed": back, "reversed": back == transfer["amount"]})
    call.announce("transfer.reversed", transfer)
    return call.save(body)


def create_payout(call: Call) -> Body:
    """Money is on its way to the bank of the platform, or of the connected account that the request acts for."""
    amount = integer(call.params, "amount")
    currency = required(call.params, "currency").lower()
    if amount > totals(call, call.account)[0]:
        raise _insufficient("You have insufficient funds in your Stripe account for this transfer.")
    body = shapes.payout(amount, currency)
    take_metadata(body, call.params)
    body["balance_transaction"] = call.book("payout", body["id"], -amount, currency)
    call.announce("payout.created", body)
    return call.save(body)


def retrieve_payout(call: Call, payout_id: str) -> Body:
    """The payout."""
    return call.find("payout", payout_id)


def retrieve_balance(call: Call) -> Body:
    """What the account holds."""
    return shapes.balance(*totals(call, call.account), "usd")


def list_lines(call: Call) -> Body:
    """The balance transactions, of one source or type when named."""
    source, kind = call.params.get("source"), call.params.get("type")
    rows = call.store.every("balance_transaction", call.account)
    wanted = lambda row: source in (None, row["source"]) and kind in (None, row["type"])  # noqa: E731
    return page(call, "/v1/balance_transactions", rows, wanted)


def retrieve_line(call: Call, line_id: str) -> Body:
    """The balance transaction."""
    return call.find("balance_transaction", line_id)


def list_events(call: Call) -> Body:
    """The events, of the named types when given."""
    kinds = call.params.get("types") or ([call.params["type"]] if call.params.get("type") else [])
    rows = call.store.every("event", call.account)
    return page(call, "/v1/events", rows, lambda row: not kinds or row["type"] in kinds)


def retrieve_event(call: Call, event_id: str) -> Body:
    """The event."""
    return call.find("event", event_id)
