"""Signs of where a party is: what its connections, cards and documents tell. Kept sparingly."""

from django.db import models

from compliance.base.models import Row
from compliance.models.parties import Party


class PlaceSign(Row):
    """One distinct sign of one party, with when it was first and last seen: no log of every visit.

    The address behind it is sealed under the party's key and forgotten after a while; country, region and kind of
    network stay as long as the decisions that rest on them.
    """

    class Kind(models.TextChoices):
        REQUEST = "request", "A request"
        LOGIN = "login", "A login"
        CARD = "card", "A card"
        DOCUMENT = "document", "A document"

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="place_signs")
    kind = models.CharField(max_length=8, choices=Kind)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1; empty: nothing tells")
    region = models.CharField(max_length=80, blank=True, help_text="ISO 3166-2 code, or a name")
    network = models.CharField(max_length=8, blank=True, help_text="isp, hosting, vpn, tor, or empty")
    asn = models.BigIntegerField(default=0, help_text="Autonomous system; 0: unknown")
    address_sealed = models.BinaryField(null=True, help_text="The last address, until it is forgotten")
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party", "kind", "country", "region", "network", "asn"], name="one_row_per_place_sign"
            )
        ]
        indexes = [models.Index(fields=["party", "kind", "-seen_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.country or 'unknown'}"
