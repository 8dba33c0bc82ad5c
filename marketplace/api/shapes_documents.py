"""The shapes of invoices, receipts and earnings in the API."""

from rest_framework import serializers

from marketplace.api.money_fields import CurrencyField
from settlement.tax import SCHEMES


class TaxPartyShape(serializers.Serializer[object]):
    """A side of a document, as it stood when it was issued."""

    name = serializers.CharField()
    address = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1")
    vat_number = serializers.CharField()
    registration = serializers.CharField()


class InvoiceLineShape(serializers.Serializer[object]):
    """One lease on a document."""

    position = serializers.IntegerField()
    lease_id = serializers.UUIDField()
    receipt_number = serializers.IntegerField()
    description = serializers.CharField()
    seconds = serializers.IntegerField()
    gross_minor = serializers.IntegerField()


class InvoiceSummaryShape(serializers.Serializer[object]):
    """An invoice or a note to one, without its lines; minor units of its currency, positive in all."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    form = serializers.CharField(help_text="invoice, credit_note, or debit_note: billed again")
    kind = serializers.CharField(help_text="fee or compute")
    issued_at = serializers.DateTimeField()
    period_start = serializers.DateField()
    period_end = serializers.DateField(help_text="The last day")
    currency = serializers.CharField()
    net_minor = serializers.IntegerField()
    tax_minor = serializers.IntegerField()
    gross_minor = serializers.IntegerField()
    tax_rate_bps = serializers.IntegerField(help_text="1900 is 19 %")
    tax_words = serializers.CharField()
    tax_source = serializers.CharField()
    national_currency = serializers.CharField(
        help_text="In which the law wants the tax named, if in another; else empty"
    )
    national_tax_minor = serializers.IntegerField(allow_null=True)
    exchange_words = serializers.CharField(help_text="The rates by which it was reckoned, with their source and day")
    treatment = serializers.CharField()
    reason = serializers.CharField()
    amends_number = serializers.CharField(help_text="The invoice that a note is to")
    supplier = TaxPartyShape(allow_null=True, help_text="null once erased")
    customer = TaxPartyShape(allow_null=True, help_text="null once erased")


class InvoiceShape(InvoiceSummaryShape):
    """An invoice or a note to one, with its lines."""

    lines = InvoiceLineShape(many=True)


class PaperShape(serializers.Serializer[object]):
    """A long document's PDF, which is being drawn."""

    state = serializers.CharField(help_text="requested, building or failed")
    progress = serializers.IntegerField(help_text="Percent")


class InvoicePageShape(serializers.Serializer[object]):
    """One page of documents."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = InvoiceSummaryShape(many=True)


class BillingShape(serializers.Serializer[object]):
    """How the organization is named on invoices; a provider says besides how it is taxed."""

    name = serializers.CharField(max_length=200)
    address = serializers.CharField(max_length=400, allow_blank=True, default="")
    country = serializers.CharField(max_length=2)
    vat_number = serializers.CharField(max_length=20, allow_blank=True, default="")
    registration = serializers.CharField(max_length=64, allow_blank=True, default="")
    scheme = serializers.ChoiceField(choices=["", *SCHEMES], default="", allow_blank=True)
    note = serializers.CharField(max_length=300, allow_blank=True, default="")
    self_billing = serializers.BooleanField(default=False, help_text="We issue your invoices to your renters")


class EarningsShape(serializers.Serializer[object]):
    """A month's earnings: from the opening to the closing the figures add up, and the closing is the ledger's."""

    pot = serializers.CharField()
    currency = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="Not included")
    opening_minor = serializers.IntegerField()
    closing_minor = serializers.IntegerField()
    leases = serializers.IntegerField()
    seconds = serializers.IntegerField()
    gross_minor = serializers.IntegerField()
    credits_minor = serializers.IntegerField()
    fees_minor = serializers.IntegerField()
    earned_minor = serializers.IntegerField()
    payouts_minor = serializers.IntegerField()
    chargebacks_minor = serializers.IntegerField()
    refunds_minor = serializers.IntegerField(help_text="Your part of what went back to renters, less what came back")
    other_minor = serializers.IntegerField()
    under_way_minor = serializers.IntegerField()


class MonthWanted(serializers.Serializer[object]):
    """Which month, and whose money."""

    month = serializers.CharField(required=False, help_text="YYYY-MM; the present one when left out")
    pot = serializers.ChoiceField(choices=["card", "escrow"], default="card")


class ExportWanted(serializers.Serializer[object]):
    """What narrows a statement or the earnings; the other tables are whole."""

    month = serializers.CharField(required=False, help_text="YYYY-MM")
    account = serializers.CharField(required=False)
    pot = serializers.ChoiceField(choices=["card", "escrow"], required=False)
    currency = CurrencyField(required=False)
