"""Parties: natural persons and legal entities, their wallets, and what is frozen."""

import pgtrigger
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower

from compliance.base.canonical import digest
from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied, Wall

# What the keys of a party are made of, see `PartyKeys`: its names as they are read, and its numbers.
KEYED = ("kind", "name", "aliases", "registration_number", "lei")


class Party(Row):
    """A natural person or a legal entity, as declared and verified."""

    class Kind(models.TextChoices):
        PERSON = "person", "Natural person"
        ENTITY = "entity", "Legal entity"

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=300)
    aliases = models.JSONField(default=list, blank=True)
    country = models.CharField(
        max_length=2, blank=True, help_text="ISO 3166-1: incorporation or residence; empty while no source tells it"
    )
    region = models.CharField(max_length=80, blank=True, help_text="ISO 3166-2 code or name, where embargoes need it")
    headquarters_country = models.CharField(max_length=2, blank=True)
    address = models.CharField(max_length=400, blank=True)
    registration_number = models.CharField(max_length=64, blank=True)
    lei = models.CharField(max_length=20, blank=True)
    birth_date = models.CharField(max_length=10, blank=True, help_text="YYYY, YYYY-MM or YYYY-MM-DD")
    ownership_complete = models.BooleanField(
        default=False, help_text="The party declared that the owners given are all there are"
    )

    entity_type = models.CharField(max_length=20, blank=True, help_text="Of BODS 0.4, such as arrangement or stateBody")
    publicly_traded = models.BooleanField(default=False, help_text="Shares are traded on an exchange")
    undisclosed = models.CharField(
        max_length=60, blank=True, help_text="Why nobody says who this is; empty for a party that is named"
    )

    erased_at = models.DateTimeField(
        null=True,
        blank=True,
        db_index=True,
        help_text="When its personal data was erased; the row stays",
    )

    class Meta:
        verbose_name_plural = "parties"
        indexes = [
            models.Index(fields=["country"]),
            # Who two customers named, each for itself, is found again: by the number in a register, or by the LEI.
            models.Index(
                F("country"),
                Func(
                    Lower("registration_number"),
                    Value("[^[:alnum:]]"),
                    Value(""),
                    Value("g"),
                    function="regexp_replace",
                    output_field=models.TextField(),
                ),
                name="party_in_a_register",
                condition=~Q(registration_number=""),
            ),
            models.Index(fields=["lei"], name="party_by_lei", condition=~Q(lei="")),
        ]
        triggers = [
            Wall(
                name="party_keys_end",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(*KEYED),
                func="DELETE FROM compliance_partykeys WHERE party_id = OLD.id; RETURN NULL;",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject_hash(self) -> str:
        """Changes whenever a fact changes on which a finding about this party could rest."""
        later = {"undisclosed": self.undisclosed} if self.undisclosed else {}
        return digest(
            {
                **later,
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


class Restriction(Row):
    """While not lifted, the party may neither open, run, fund nor be paid for anything.

    It stands for the whole party, whatever was named. One that belongs to no case was ordered by an officer, or by the
    platform, and another officer confirms it; with an end, it falls then, as both agreed.
    """

    class Kind(models.TextChoices):
        FREEZE = "freeze", "Frozen pending review"
        BLOCKED = "blocked", "Blocked property"

    class Basis(models.TextChoices):
        LAW = "LAW", "Law"
        RED_FLAG = "RED_FLAG", "Red flag"
        POLICY = "POLICY", "Our policy"

    class Target(models.TextChoices):
        PARTY = "party", "A party"
        RENTER = "renter", "The renter of a lease"
        PROVIDER = "provider", "The provider of a lease"
        WALLET = "wallet", "Whose wallet this is"
        ACCOUNT = "account", "Whose account in the books this is"

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="restrictions")
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.FREEZE)
    reason_code = models.CharField(max_length=64)
    case = models.ForeignKey(
        "compliance.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="restrictions"
    )
    imposed_by = models.CharField(max_length=120)
    basis = models.CharField(max_length=8, choices=Basis, blank=True)
    reason = models.CharField(max_length=400, blank=True, help_text="Why it was ordered; names nobody")
    citation = models.CharField(max_length=200, blank=True, help_text="The law, order or rule, with its date or number")
    target_kind = models.CharField(max_length=8, choices=Target, blank=True, help_text="What was named")
    target_ref = models.CharField(max_length=64, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When it falls, once confirmed; never for none")
    confirmed_by = models.CharField(max_length=120, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    expired = models.BooleanField(default=False, db_default=False, help_text="It fell because its end had come")
    lift_proposed_by = models.CharField(max_length=120, blank=True)
    lift_reason = models.CharField(max_length=400, blank=True, help_text="Why it may fall; names nobody")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["party"], condition=Q(lifted_at=None), name="open_restriction")]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at=None)
                | (~Q(lift_proposed_by="") & ~Q(lifted_by="") & ~Q(lifted_by=F("lift_proposed_by"))),
                name="restriction_falls_by_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by="") | ~Q(confirmed_by=F("imposed_by")),
                name="restriction_is_confirmed_by_another",
            ),
            # Both officers agreed beforehand on the day on which it falls.
            models.CheckConstraint(
                condition=Q(expired=False)
                | (
                    Q(ends_at__isnull=False)
                    & Q(lifted_at__gte=F("ends_at"))
                    & ~Q(confirmed_by="")
                    & Q(lifted_by=F("confirmed_by"))
                ),
                name="restriction_expires_as_agreed",
            ),
        ]
        triggers = [
            Immutable(name="restriction_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="restriction_never_emptied"),
        ]
