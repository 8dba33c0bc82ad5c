"""Who the organization is, who owns it, who signs for it, which wallets are its own."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import formset_factory

from marketplace.forms.base import CountryField
from marketplace.forms.uploads import UploadField

KINDS = (("entity", "A company, institution or other legal entity"), ("person", "A natural person"))
INTERESTS = (
    ("shareholding", "Shares"),
    ("votingRights", "Voting rights"),
    ("otherInfluenceOrControl", "Other influence or control"),
    ("seniorManagingOfficial", "Signs for it"),
)


def conditional(field: forms.Field) -> forms.Field:
    """The field, which another answer makes necessary: the page does not call it optional."""
    field.conditional = True  # type: ignore[attr-defined]
    return field


class PartyForm(forms.Form):
    """The party itself."""

    kind = forms.ChoiceField(label="You are", choices=KINDS)
    name = forms.CharField(label="Legal name", max_length=300)
    country = CountryField(label="Country of incorporation or residence")
    region = forms.CharField(label="Region", required=False, max_length=80, help_text="State or province.")
    headquarters_country = conditional(
        CountryField(
            label="Country of the headquarters", required=False, help_text="Where the organization is directed from."
        )
    )
    address = forms.CharField(label="Registered address", required=False, max_length=400)
    registration_number = forms.CharField(label="Registration number", required=False, max_length=64)
    birth_date = forms.CharField(
        label="Date of birth", required=False, max_length=10, help_text="Natural persons only: YYYY-MM-DD."
    )

    def clean(self) -> dict[str, Any]:
        """An entity says where it is directed from."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == "entity" and not cleaned.get("headquarters_country"):
            self.add_error("headquarters_country", "Say where the organization is directed from.")
        return cleaned


class OwnerForm(forms.Form):
    """One holder of an interest; an empty row is none."""

    party_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    name = conditional(forms.CharField(label="Name", required=False, max_length=300))
    kind = forms.ChoiceField(label="Is", choices=(("person", "A person"), ("entity", "A legal entity")))
    country = conditional(CountryField(label="Country", required=False))
    headquarters_country = conditional(
        CountryField(label="Headquarters", required=False, help_text="Legal entities only.")
    )
    birth_date = forms.CharField(
        label="Date of birth", required=False, max_length=10, help_text="Persons only: YYYY-MM-DD."
    )
    interest = forms.ChoiceField(label="Holds", choices=INTERESTS)
    share = conditional(
        forms.DecimalField(
            label="Percent",
            required=False,
            min_value=Decimal(0),
            max_value=Decimal(100),
            decimal_places=4,
            max_digits=7,
        )
    )
    share_max = forms.DecimalField(
        label="Up to percent",
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=4,
        max_digits=7,
        help_text="Where you know only a range.",
    )

    def clean(self) -> dict[str, Any]:
        """A named holder has a country and, where it holds a share, the share."""
        cleaned = super().clean() or {}
        if not cleaned.get("name"):
            return cleaned
        if not cleaned.get("country"):
            self.add_error("country", "Choose the country.")
        if cleaned.get("interest") in {"shareholding", "votingRights"} and cleaned.get("share") is None:
            self.add_error("share", "Give the share in percent.")
        low, high = cleaned.get("share"), cleaned.get("share_max")
        if low is not None and high is not None and high < low:
            self.add_error("share_max", "The upper end is below the lower one.")
        return cleaned


OwnersForm = formset_factory(OwnerForm, extra=2, max_num=50, validate_max=True)


class CompleteForm(forms.Form):
    """Whether these are all."""

    complete = forms.BooleanField(
        label="These are all the owners there are",
        required=False,
        help_text="If some are unknown, leave this open; a person then looks at it.",
    )


class WalletForm(forms.Form):
    """A blockchain address of the organization."""

    address = forms.CharField(
        label="Wallet address",
        max_length=64,
        help_text="With its checksum: the capital letters matter.",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )


DOCUMENTS = (
    ("passport", "Passport"),
    ("identity_card", "Identity card"),
    ("liveness", "Photo with the code in hand"),
    ("registry_extract", "Extract of the company register"),
    ("proof_of_address", "Proof of address"),
    ("ownership", "Proof of ownership"),
)


class DocumentForm(forms.Form):
    """A document of the organization or of the person who signs for it."""

    kind = forms.ChoiceField(label="What it is", choices=DOCUMENTS)
    file = UploadField(label="File", help_text="PDF, JPEG or PNG, up to 10 MB. Only its picture is kept, encrypted.")


class SubmitForm(forms.Form):
    """The declaration that goes with a verification. `levels` are those open to the party, as (code, title)."""

    level = forms.ChoiceField(label="Level", widget=forms.RadioSelect)
    end_use = forms.CharField(
        label="What you compute, or what you provide",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In your own words: the field, the kind of work, for whom.",
    )
    signatory = forms.CharField(label="Your name", max_length=200)
    declared = forms.BooleanField(label="What I gave here is true and complete, and I may sign for the organization")

    def __init__(self, *args: Any, levels: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["level"]
        if isinstance(choices, forms.ChoiceField):
            choices.choices = levels
