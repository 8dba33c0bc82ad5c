"""Exchange rates and the conversions that were made by them."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall
from settlement.models.ledger import Transfer

# A conversion says what its rate makes of what was sold, rounded down, and whether a residue was left.
CONVERSION_FITS_RATE = """
IF NOT EXISTS (
    SELECT 1 FROM settlement_exchangerate r CROSS JOIN LATERAL (
        SELECT CASE WHEN NEW.inverse THEN r.minor_denominator ELSE r.minor_numerator END AS up,
               CASE WHEN NEW.inverse THEN r.minor_numerator ELSE r.minor_denominator END AS down
    ) f WHERE r.id = NEW.rate_id
      AND NEW.bought_minor = div(NEW.sold_minor * f.up, f.down)
      AND NEW.residue_minor = CASE WHEN mod(NEW.sold_minor * f.up, f.down) = 0 THEN 0 ELSE 1 END
) THEN
    RAISE EXCEPTION 'a conversion fits its rate' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class ExchangeRate(Row):
    """`minor_numerator / minor_denominator` minor units of `quote` for one of `base`, as `source` said at `quoted_at`.

    A fraction of whole numbers, so that nothing is lost in it; both currencies' decimals are in it already.
    """

    base = models.CharField(max_length=8)
    quote = models.CharField(max_length=8)
    minor_numerator = models.DecimalField(max_digits=40, decimal_places=0)
    minor_denominator = models.DecimalField(max_digits=40, decimal_places=0)
    source = models.CharField(max_length=120)
    quoted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(minor_numerator__gt=0) & Q(minor_denominator__gt=0), name="rate_is_positive"
            ),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="rate_between_two_currencies"),
            models.UniqueConstraint(fields=["base", "quote", "source", "quoted_at"], name="one_rate_per_quote"),
        ]
        triggers = [Immutable(name="rate_immutable"), NeverEmptied(name="rate_never_emptied")]


class Conversion(models.Model):
    """A transfer that changed money of one currency into another; it names its rate and what was left over."""

    transfer = models.OneToOneField(Transfer, primary_key=True, on_delete=models.PROTECT, related_name="conversion")
    rate = models.ForeignKey(ExchangeRate, on_delete=models.PROTECT, related_name="conversions")
    inverse = models.BooleanField(help_text="Sold in the rate's quote currency, bought in its base")
    sold_minor = models.DecimalField(max_digits=40, decimal_places=0)
    bought_minor = models.DecimalField(max_digits=40, decimal_places=0)
    residue_minor = models.PositiveSmallIntegerField(help_text="0 or 1 of the currency that was bought")

    class Meta:
        triggers = [
            Immutable(name="conversion_immutable"),
            NeverEmptied(name="conversion_never_emptied"),
            Wall(
                name="conversion_fits_rate",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=CONVERSION_FITS_RATE,
            ),
        ]
