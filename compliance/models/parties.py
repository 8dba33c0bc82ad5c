"""Parties: natural persons and legal entities, who owns them, and what is frozen."""

from django.db import models
from django.db.models import Q

from compliance.base.canonical import digest
from compliance.base.models import Row


class Party(Row):
    """A natural person or a legal entity, as declared and verified."""

    class Kind(models.TextChoices):
        PERSON = "person", "Natural person"
        ENTITY = "entity", "Legal entity"

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=300)
    aliases = models.JSONField(default=list, blank=True)
    country = models.CharField(max_length=2, help_text="ISO 3166-1: incorporation or residence")
    region = models.CharField(max_length=80, blank=True, help_text="ISO 3166-2 code or name, where embargoes need it")
    headquarters_country = models.CharField(max_length=2, blank=True)
    address = models.CharField(max_length=400, blank=True)
    registration_number = models.CharField(max_length=64, blank=True)
    lei = models.CharField(max_length=20, blank=True)
    birth_date = models.CharField(max_length=10, blank=True, help_text="YYYY, YYYY-MM or YYYY-MM-DD")
    ownership_complete = models.BooleanField(
        default=False, help_text="The party declared that the owners given are all there are"
    )

    class Meta:
        verbose_name_plural = "parties"
        indexes = [models.Index(fields=["country"])]

    def __str__(self) -> str:
        return self.name

    @property
    def subject_hash(self) -> str:
        """Changes whenever a fact changes on which a finding about this party could rest."""
        return digest(
            {
                "kind": self.kind,
                "name": self.name,
                "aliases": self.aliases,
                "country": self.country,
                "region": self.region,
                "headquarters_country": self.headquarters_country,
                "registration_number": self.registration_number,
                "lei": self.lei,
                "birth_date": self.birth_date,
            }
        )


class PartyWallet(Row):
    """A blockchain address that a party says is its own."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="wallets")
    address = models.CharField(max_length=64, help_text="EIP-55 checksummed")
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address"], name="wallet_belongs_to_one_party")]


class OwnershipEdge(Row):
    """`owner` holds an interest in `owned`; shares in percent, as an interval when not known exactly."""

    class Interest(models.TextChoices):
        SHAREHOLDING = "shareholding", "Shareholding"
        VOTING_RIGHTS = "votingRights", "Voting rights"
        CONTROL = "otherInfluenceOrControl", "Other influence or control"
        OFFICER = "seniorManagingOfficial", "Senior managing official or signatory"

    owner = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="holdings")
    owned = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="owners")
    interest = models.CharField(max_length=32, choices=Interest, default=Interest.SHAREHOLDING)
    share_min = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    share_max = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    source = models.CharField(max_length=200, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share_min__gte=0) & Q(share_max__lte=100) & Q(share_min__lte=models.F("share_max")),
                name="share_is_a_percentage_interval",
            ),
            models.CheckConstraint(condition=~Q(owner=models.F("owned")), name="nobody_owns_itself"),
            models.UniqueConstraint(
                fields=["owner", "owned", "interest"],
                condition=Q(ended_on=None),
                name="one_open_edge_per_interest",
            ),
        ]


class Restriction(Row):
    """While not lifted, the party may neither open, run, fund nor be paid for anything."""

    class Kind(models.TextChoices):
        FREEZE = "freeze", "Frozen pending review"
        BLOCKED = "blocked", "Blocked property"

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="restrictions")
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.FREEZE)
    reason_code = models.CharField(max_length=64)
    case = models.ForeignKey(
        "compliance.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="restrictions"
    )
    imposed_by = models.CharField(max_length=120)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["party"], condition=Q(lifted_at=None), name="open_restriction")]
