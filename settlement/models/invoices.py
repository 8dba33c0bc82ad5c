"""Invoices and what amends them: numbered without gaps, never changed, each receipt billed once.

Who the two sides are is personal data of the smallest of them, so both are sealed under their subjects' keys.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall, update_of
from settlement.models.documents import Receipt
from settlement.models.invoice_walls import (
    CREDIT_WITHIN_LINE,
    LINES_ADD_UP,
    NUMBER_FOLLOWS,
    NUMBER_IS_USED,
    SERIES_COUNTS,
)


class BillingProfile(Row):
    """How one party is named on documents, and whether the platform may issue its invoices for it.

    `details_sealed` holds a `settlement.tax.TaxParty`.
    """

    party = models.OneToOneField("compliance.Party", on_delete=models.PROTECT, related_name="billing_profile")
    details_sealed = models.BinaryField()
    changed_at = models.DateTimeField()
    self_billing_at = models.DateTimeField(null=True, blank=True, help_text="Since when the platform bills for it")
    self_billing_terms = models.CharField(max_length=40, blank=True, help_text="Version of the words agreed to")

    class Meta:
        triggers = [
            Immutable(name="billing_profile_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="billing_profile_never_emptied"),
        ]


class TaxRate(Row):
    """A country's rate for what is traded here, from a day on, as somebody said who is named."""

    country = models.CharField(max_length=2)
    rate_bps = models.PositiveIntegerField(help_text="1900 is 19 %")
    valid_from = models.DateField()
    source = models.CharField(max_length=200)
    read_on = models.DateField(help_text="When the source was read")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate_bps__lte=10_000), name="tax_rate_at_most_whole"),
            models.UniqueConstraint(fields=["country", "valid_from"], name="one_tax_rate_a_day"),
        ]
        triggers = [Immutable(name="tax_rate_immutable"), NeverEmptied(name="tax_rate_never_emptied")]


class ReferenceRate(Row):
    """So many units of a currency for one euro on one day, as somebody published it; taxes are named by it.

    Between two other currencies the way is by the euro: Directive 2006/112/EC, Art. 91(2).
    """

    currency = models.CharField(max_length=8)
    day = models.DateField(help_text="Of its publication")
    per_euro = models.DecimalField(max_digits=24, decimal_places=10)
    source = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="reference_rate_is_positive"),
            models.UniqueConstraint(fields=["currency", "day"], name="one_reference_rate_a_day"),
        ]
        triggers = [Immutable(name="reference_rate_immutable"), NeverEmptied(name="reference_rate_never_emptied")]


class DocumentSeries(Row):
    """The numbers of one supplier's documents of one form; the row is the lock, so nothing is skipped or doubled."""

    prefix = models.CharField(max_length=16, unique=True)
    form = models.CharField(max_length=12)
    supplier_party = models.ForeignKey(
        "compliance.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    last_number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["supplier_party", "form"], nulls_distinct=False, name="one_series_per_supplier"
            ),
        ]
        triggers = [
            Wall(name="series_counts", when=pgtrigger.Before, operation=pgtrigger.Update, func=SERIES_COUNTS),
            Wall(
                name="number_is_used",
                when=pgtrigger.After,
                operation=update_of("last_number"),
                timing=pgtrigger.Deferred,
                func=NUMBER_IS_USED,
            ),
            Immutable(name="series_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="series_never_emptied"),
        ]


class Invoice(Row):
    """An invoice, the credit note that takes part of one back, or the debit note that bills again what one took back.

    Amounts are positive in all three.
    """

    class Form(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        DEBIT_NOTE = "debit_note", "Debit note"

    class Kind(models.TextChoices):
        FEE = "fee", "Platform fee"
        COMPUTE = "compute", "GPU compute"

    form = models.CharField(max_length=12, choices=Form)
    kind = models.CharField(max_length=8, choices=Kind)
    series = models.ForeignKey(DocumentSeries, on_delete=models.PROTECT, related_name="documents")
    sequence = models.BigIntegerField()
    number = models.CharField(max_length=32, unique=True)
    cause = models.CharField(max_length=120, unique=True, help_text="The deed's name: it is done once")
    supplier_party = models.ForeignKey(
        "compliance.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="None: we"
    )
    customer_party = models.ForeignKey("compliance.Party", on_delete=models.PROTECT, related_name="+")
    amends = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="amendments")
    period_start = models.DateField()
    period_end = models.DateField(help_text="The last day of it")
    currency = models.CharField(max_length=8)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    treatment = models.CharField(max_length=20)
    place_of_supply = models.CharField(max_length=2, blank=True)
    tax_rate = models.ForeignKey(TaxRate, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    tax_rate_bps = models.PositiveIntegerField(default=0)
    tax_words = models.CharField(max_length=300, blank=True)
    national_currency = models.CharField(max_length=8, blank=True, help_text="Empty where it is the document's own")
    national_tax_minor = models.BigIntegerField(null=True, blank=True, help_text="The tax in that currency")
    rate_from = models.ForeignKey(
        ReferenceRate, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Null: the euro"
    )
    rate_to = models.ForeignKey(
        ReferenceRate, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Null: the euro"
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why a note was issued")
    supplier_sealed = models.BinaryField(help_text="Empty where we are the supplier")
    supplier_open = models.JSONField(default=dict, help_text="The platform's own identity, as it was")
    customer_sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "sequence"], name="one_document_per_number"),
            models.CheckConstraint(
                condition=Q(gross_minor=F("net_minor") + F("tax_minor")) & Q(net_minor__gte=0) & Q(tax_minor__gte=0),
                name="document_adds_up",
            ),
            models.CheckConstraint(condition=Q(gross_minor__gt=0), name="document_is_about_money"),
            models.CheckConstraint(
                condition=Q(form="invoice", amends__isnull=True)
                | Q(form__in=("credit_note", "debit_note"), amends__isnull=False),
                name="note_names_its_invoice",
            ),
            models.CheckConstraint(
                condition=Q(national_currency="", national_tax_minor__isnull=True)
                | (~Q(national_currency="") & Q(national_tax_minor__gte=0)),
                name="national_tax_has_its_currency",
            ),
            models.CheckConstraint(condition=Q(period_end__gte=F("period_start")), name="period_runs_forward"),
        ]
        indexes = [
            models.Index(fields=["customer_party", "-created_at"], name="invoice_by_customer"),
            models.Index(fields=["supplier_party", "-created_at"], name="invoice_by_supplier"),
        ]
        triggers = [
            Immutable(name="invoice_immutable"),
            NeverEmptied(name="invoice_never_emptied"),
            Wall(name="number_follows", when=pgtrigger.Before, operation=pgtrigger.Insert, func=NUMBER_FOLLOWS),
            Wall(
                name="invoice_lines_add_up",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=LINES_ADD_UP.format(invoice="id"),
            ),
        ]


class InvoiceLine(Row):
    """One lease on a document. A receipt is on one invoice of each kind, and never on a second."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=8)
    form = models.CharField(max_length=12)
    position = models.PositiveIntegerField()
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="invoice_lines")
    subject_id = models.UUIDField(help_text="The lease")
    description = models.CharField(max_length=300)
    seconds = models.BigIntegerField()
    gross_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_line_per_position"),
            models.UniqueConstraint(
                fields=["receipt", "kind"], condition=Q(form="invoice"), name="receipt_billed_once"
            ),
            models.CheckConstraint(condition=Q(gross_minor__gt=0), name="line_is_about_money"),
        ]
        triggers = [
            Immutable(name="invoice_line_immutable"),
            NeverEmptied(name="invoice_line_never_emptied"),
            Wall(
                name="line_adds_up",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=LINES_ADD_UP.format(invoice="invoice_id"),
            ),
            Wall(
                name="credit_within_line",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=CREDIT_WITHIN_LINE,
            ),
        ]
