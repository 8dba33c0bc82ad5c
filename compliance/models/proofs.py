"""Proofs that something is a party's own: a wallet by a signature, a domain by its DNS or by a letter."""

from typing import ClassVar

from django.db import models

from compliance.base.models import Row, StatefulRow
from compliance.models.parties import Party


class WalletChallenge(Row):
    """A message that a wallet is asked to sign, once, until it expires."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="wallet_challenges")
    address = models.CharField(max_length=64, help_text="EIP-55 checksummed")
    chain_id = models.BigIntegerField()
    nonce = models.CharField(max_length=64, unique=True)
    message = models.TextField(help_text="ERC-4361, byte for byte as it is signed")
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    signature = models.TextField(blank=True, help_text="Hex, kept as evidence once it verified")
    method = models.CharField(max_length=8, blank=True, help_text="eoa, or eip1271 for a contract wallet")


class DomainProof(StatefulRow):
    """A domain that a party says is its own. PROVEN lasts until its deadline and is then looked at again."""

    class Method(models.TextChoices):
        DNS = "dns", "TXT record"
        EMAIL = "email", "Letter to an address at the domain"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for the proof"
        PROVEN = "proven", "Proven"
        LAPSED = "lapsed", "Not proven in time"
        ENDED = "ended", "No longer proven"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PENDING: frozenset({State.PROVEN, State.LAPSED}),
        State.PROVEN: frozenset({State.ENDED}),
    }

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="domain_proofs")
    domain = models.CharField(max_length=253, help_text="Registrable domain, as DNS writes it")
    method = models.CharField(max_length=8, choices=Method)
    token = models.CharField(max_length=64, blank=True, help_text="What the TXT record says")
    code_digest = models.CharField(max_length=64, blank=True, help_text="Keyed digest of the letter's code")
    attempts = models.PositiveSmallIntegerField(default=0)
    proven_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["party", "state"])]
        constraints = [
            models.UniqueConstraint(
                fields=["party", "domain", "method"],
                condition=models.Q(state="pending"),
                name="one_open_proof_per_domain_and_method",
            )
        ]
