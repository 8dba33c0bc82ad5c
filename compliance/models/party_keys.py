"""The keys of parties' names, kept so that a small change of a list need not read the names of everybody."""

from django.db import models

from compliance.models.parties import Party


class PartyKeys(models.Model):
    """By which keys a search for the party, as it is, finds entries of lists.

    A trigger of `Party` takes them away when a fact changes that they were made of, whoever changes it; a party
    without them is compared with whatever comes.
    """

    party = models.OneToOneField(Party, primary_key=True, on_delete=models.CASCADE, related_name="keys")
    reader = models.CharField(max_length=200, help_text="Names the code that read the names")
    packed = models.BinaryField(help_text="The digests of the keys, 64 bits each")

    class Meta:
        verbose_name_plural = "party keys"
