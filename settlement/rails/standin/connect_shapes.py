"""The objects of Stripe Connect and of money leaving the platform."""

from typing import Any

from settlement.rails.standin.shapes import Body, empty_list, new_id, now

_PROFILE = (
    "annual_revenue", "estimated_worker_count", "mcc", "minority_owned_business_designation", "name",
    "product_description", "support_address", "support_email", "support_phone", "support_url", "url",
)  # fmt: skip
_DUE = ["external_account", "tos_acceptance.date", "tos_acceptance.ip"]


def requirements(due: list[str]) -> Body:
    """What a connected account must still hand in."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": "requirements.past_due" if due else None,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


def account(kind: str, country: str, email: str | None) -> Body:
    """A connected account that has not been through onboarding."""
    account_id = new_id("acct", 16)
    later = requirements([])
    del later["disabled_reason"]
    return {
        "id": account_id,
        "object": "account",
        "business_profile": dict.fromkeys(_PROFILE),
        "business_type": None,
        "capabilities": {"card_payments": "inactive", "transfers": "inactive"},
        "charges_enabled": False,
        "controller": {"type": "application"},
        "country": country,
        "created": now(),
        "default_currency": "usd",
        "details_submitted": False,
        "email": email,
        "external_accounts": empty_list(f"/v1/accounts/{account_id}/external_accounts"),
        "future_requirements": later | {"disabled_reason": None},
        "metadata": {},
        "payouts_enabled": False,
        "requirements": requirements(list(_DUE)),
        "settings": _settings(),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": kind,
    }


def _settings() -> Body:
    payments = ("statement_descriptor", "statement_descriptor_kana", "statement_descriptor_kanji",
                "statement_descriptor_prefix_kana", "statement_descriptor_prefix_kanji")  # fmt: skip
    prefixes = ("statement_descriptor_prefix", "statement_descriptor_prefix_kana", "statement_descriptor_prefix_kanji")
    schedule = {"delay_days": 2, "interval": "daily"}
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {"decline_on": {"avs_failure": True, "cvc_failure": True}} | dict.fromkeys(prefixes),
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": None},
        "payments": dict.fromkeys(payments),
        "payouts": {"debit_negative_balances": True, "schedule": schedule, "statement_descriptor": None},
        "sepa_debit_payments": {},
    }


def account_link(url: str) -> Body:
    """The address of the hosted onboarding, good for five minutes."""
    return {"object": "account_link", "created": now(), "expires_at": now() + 300, "url": url}


def transfer(amount: int, currency: str, destination: str, source: str | None, group: str | None) -> Body:
    """Money moved from the platform's balance to a connected account's."""
    transfer_id = new_id("tr")
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": now(),
        "currency": currency,
        "description": None,
        "destination": destination,
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": {},
        "reversals": empty_list(f"/v1/transfers/{transfer_id}/reversals"),
        "reversed": False,
        "source_transaction": source,
        "source_type": "card",
        "transfer_group": group,
    }


def transfer_reversal(of: Body, amount: int) -> Body:
    """Money taken back from a connected account."""
    return {
        "id": new_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": now(),
        "currency": of["currency"],
        "destination_payment_refund": None,
        "metadata": {},
        "source_refund": None,
        "transfer": of["id"],
    }


def payout(amount: int, currency: str) -> Body:
    """Money on its way from a balance to a bank."""
    empty = ("application_fee", "application_fee_amount", "description", "failure_balance_transaction", "failure_code",
             "failure_message", "original_payout", "payout_method", "reversed_by", "statement_descriptor")  # fmt: skip
    return dict.fromkeys(empty) | {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "arrival_date": now() + 2 * 86_400,
        "automatic": False,
        "balance_transaction": None,
        "created": now(),
        "currency": currency,
        "destination": new_id("ba"),
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "not_applicable",
        "source_type": "card",
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }


def balance(available: int, pending: int, currency: str) -> Body:
    """What a balance holds."""

    def line(amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": currency, "source_types": {"card": amount}}

    return {
        "object": "balance",
        "available": [line(available)],
        "connect_reserved": [{"amount": 0, "currency": currency}],
        "livemode": False,
        "pending": [line(pending)],
    }
